"""Probes of the interpreter and of the system below it: calls, pickles, sockets, files, processes, threads."""

from __future__ import annotations

import mmap
import os
import pickle
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from harness.lab.limits.probe import Probe, Timed
from harness.lab.limits.through_numpy import timed
from harness.model.limited import Group, Through

_FILES = (256 << 10, 16 << 20)
"""Bytes: a file that sits in a core's own cache, and one that is read as a large one is."""
_BUFFER = 128 << 10
_PICKLED_BYTES = 256 << 10
_STRINGS, _LETTERS = 10_000, 20
_BLOCK = 4096
_CALLS = 16
"""Calls written out in one turn of a loop, so that the loop counts for little."""


def probes(stack: ExitStack, folder: Path, kernels: Any | None) -> list[Probe]:
    """All of them; what they hold open is given back with ``stack``, and ``folder`` is the one whose disk is asked."""
    return [
        *_calls(kernels), *_pickles(), *_files(stack, kernels),
        Probe("loopback_roundtrip_seconds", Group.SYSTEM, "s", {"": _Ping(stack)}, through=Through.PYTHON, where="TCP, one byte"),
        Probe("fsync_seconds", Group.SYSTEM, "s", {"": _Sync(stack, folder)}, through=Through.PYTHON, where=f"4 KiB in the cache folder ({_file_system(folder)})"),
        Probe("process_start_seconds", Group.STARTING, "s", {"": timed(_start_process)}, through=Through.PYTHON, where="python -c pass"),
        Probe("fork_seconds", Group.STARTING, "s", {"": timed(_fork)}, through=Through.PYTHON, where="fork, exit, wait"),
        Probe("thread_start_seconds", Group.STARTING, "s", {"": timed(_start_thread)}, through=Through.PYTHON, where="start and join"),
    ]  # fmt: skip


# ---------------------------------------------------------------------- calls


def _calls(kernels: Any | None) -> Iterator[Probe]:
    yield Probe(
        "call_seconds",
        Group.CALLS,
        "s",
        {"": _sixteen(_nothing)},
        _CALLS,
        Through.PYTHON,
        "of an empty function",
    )
    yield Probe(
        "c_call_seconds",
        Group.CALLS,
        "s",
        {"": _sixteen(callable)},
        _CALLS,
        Through.PYTHON,
        "of callable(x)",
    )
    if kernels is None:
        yield Probe(
            "system_call_seconds",
            Group.CALLS,
            "s",
            {"": timed(os.getppid)},
            1,
            Through.PYTHON,
            "os.getppid",
        )


def _nothing(argument: object) -> None:
    del argument


def _sixteen(function: Callable[[object], object]) -> Timed:
    def calls(loops: int) -> int:
        call, argument, numbers = function, None, range(loops)
        started = time.perf_counter_ns()
        for _ in numbers:
            call(argument)
            call(argument)
            call(argument)
            call(argument)
            call(argument)
            call(argument)
            call(argument)
            call(argument)
            call(argument)
            call(argument)
            call(argument)
            call(argument)
            call(argument)
            call(argument)
            call(argument)
            call(argument)
        return time.perf_counter_ns() - started  # fmt: skip

    return calls


# ---------------------------------------------------------------------- pickles


def _pickles() -> Iterator[Probe]:
    """There and back, the pickle's own bytes counted once."""
    strings = [f"{number:0{_LETTERS}d}" for number in range(_STRINGS)]
    for name, value, where in (
        ("pickle_bytes_per_second", bytes(_PICKLED_BYTES), "256 KiB of bytes"),
        ("pickle_strings_bytes_per_second", strings, "10 000 strings"),
    ):
        size = len(pickle.dumps(value, protocol=5))
        yield Probe(
            name,
            Group.SYSTEM,
            "bytes/s",
            {"": timed(partial(_there_and_back, value))},
            size,
            Through.PYTHON,
            where,
        )


def _there_and_back(value: object) -> object:
    return pickle.loads(pickle.dumps(value, protocol=5))  # noqa: S301  our own


# ---------------------------------------------------------------------- files


def _files(stack: ExitStack, kernels: Any | None) -> Iterator[Probe]:
    """Get at all bytes of a file in the page cache: by reads into a small buffer, or mapped and then read where it lies."""
    for size in _FILES:
        descriptor = stack.enter_context(_file(size))
        ways = {"read": timed(partial(_read_all, descriptor, bytearray(_BUFFER), size))}
        if kernels is not None and hasattr(mmap, "MAP_POPULATE"):
            ways["mapped"] = timed(partial(_map_all, descriptor, size, kernels))
        through = Through.PYTHON if kernels is None else Through.COMPILED
        yield Probe(
            "file_read_bytes_per_second",
            Group.SYSTEM,
            "bytes/s",
            ways,
            size,
            through,
            "in the page cache",
            working_set_bytes=size,
        )


@contextmanager
def _file(size: int) -> Iterator[int]:
    with tempfile.TemporaryFile() as file:
        file.write(b"x" * size)
        file.flush()
        yield file.fileno()


def _read_all(descriptor: int, buffer: bytearray, size: int) -> None:
    at = 0
    while at < size:
        at += os.preadv(descriptor, [buffer], at)


def _map_all(descriptor: int, size: int, kernels: Any) -> None:
    with mmap.mmap(
        descriptor, size, flags=mmap.MAP_PRIVATE | mmap.MAP_POPULATE, prot=mmap.PROT_READ
    ) as mapped:
        kernels.read_all(mapped)


class _Sync:
    """Writes a block of a small file and waits until the disk has it."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._folder = folder
        self._stack = stack
        self._descriptor: int | None = None

    def __call__(self, loops: int) -> int:
        """Time so many."""
        if self._descriptor is None:
            self._descriptor = self._stack.enter_context(
                tempfile.TemporaryFile(dir=self._folder)
            ).fileno()
        block = os.urandom(_BLOCK)
        started = time.perf_counter_ns()
        for _ in range(loops):
            os.pwrite(self._descriptor, block, 0)
            os.fsync(self._descriptor)
        return time.perf_counter_ns() - started


def _file_system(folder: Path) -> str:
    """The kind of file system a folder is on: ext4, overlay, tmpfs."""
    try:
        mounts = [
            line.split()
            for line in Path("/proc/self/mounts").read_text(errors="replace").splitlines()
        ]
    except OSError:
        return "file system unknown"
    here = str(folder.resolve())
    over = [
        (len(words[1]), words[2])
        for words in mounts
        if len(words) > 2 and (here + "/").startswith(words[1].rstrip("/") + "/")
    ]
    return max(over)[1] if over else "file system unknown"


# ---------------------------------------------------------------------- sockets


class _Ping:
    """Sends one byte to a process of this machine and waits for it to come back."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._client: socket.socket | None = None

    def __call__(self, loops: int) -> int:
        """Time so many round trips."""
        client = self._connected()
        started = time.perf_counter_ns()
        for _ in range(loops):
            client.sendall(b"x")
            client.recv(64)
        return time.perf_counter_ns() - started

    def _connected(self) -> socket.socket:
        if self._client is None:
            with socket.create_server(("127.0.0.1", 0)) as server:
                child = os.fork()
                if child == 0:
                    _echo(server)
                self._client = self._stack.enter_context(
                    socket.create_connection(server.getsockname())
                )
            self._stack.callback(os.waitpid, child, 0)
            self._stack.callback(
                self._client.close
            )  # before waiting: the echo ends when nobody speaks to it
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._client


def _echo(server: socket.socket) -> None:
    """Send back what comes, until nothing comes; then end this process."""
    try:
        connection, _ = server.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := connection.recv(64):
            connection.sendall(data)
    finally:
        os._exit(0)


# ---------------------------------------------------------------------- processes and threads


def _start_process() -> None:
    subprocess.run([sys.executable, "-c", "pass"], stdin=subprocess.DEVNULL, check=True)


def _fork() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _start_thread() -> None:
    thread = threading.Thread(target=_at_once)
    thread.start()
    thread.join()


def _at_once() -> None:
    pass
