"""What a variant should leave as it found it, looked at around its own calls only.

Between two calls the worker itself unpickles inputs (which imports what they are made of), opens an
event loop, and compares; and a neighbour works on the same machine.  None of it is the variant's.
"""

from __future__ import annotations

import importlib
import locale
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.lab.worker.cpu import descendants

if TYPE_CHECKING:
    from harness.lab.worker.subject import Subject

_SHARED = "/dev/shm"  # noqa: S108  looked at only
_SIGNALS = tuple(signal.valid_signals())
_GONE = "working directory, which is gone"
_BY_IMPORTS = frozenset({"filters of warnings", "sys.path", "handlers of logging"})
"""What an import may change: of a call that imports something, nobody can say whose change it is."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """How it looks around the variant at one moment."""

    threads: frozenset[int | None]
    files: frozenset[tuple[int, str]]
    """Descriptors of files and sockets that are open."""
    shared: frozenset[str]
    """Names of shared memory, whoever made it."""
    settings: tuple[tuple[str, object], ...]
    modules: int

    @classmethod
    def look(cls) -> Surroundings:
        """Look about, now."""
        return cls(
            threads=frozenset(thread.ident for thread in threading.enumerate()),
            files=frozenset(_open_files()),
            shared=frozenset(_names_in(_SHARED)),
            settings=tuple(_settings()),
            modules=len(sys.modules),
        )


class Ledger:
    """What the calls of one variant have left and changed so far."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self.threads: set[int | None] = set()
        """Of all threads that its calls have started, those that were there when the call returned."""
        self._files: set[tuple[int, str]] = set()
        self._shared: set[str] = set()
        self._changed: dict[str, None] = {}
        _note_shared_memory()

    @contextmanager
    def call(self) -> Iterator[None]:
        """Inside, what happens is the variant's: its function is called, and nothing else."""
        before = Surroundings.look()
        try:
            yield
        finally:
            self._enter(before, Surroundings.look())

    def _enter(self, before: Surroundings, after: Surroundings) -> None:
        self.threads |= after.threads - before.threads - self._lent()
        self._files |= after.files - before.files
        self._shared |= {name for name in after.shared - before.shared if _is_ours(name)}
        were = dict(before.settings)
        imported = after.modules != before.modules
        for what, value in after.settings:
            if what not in were or were[what] == value or (imported and what in _BY_IMPORTS):
                continue
            self._changed[_GONE if what == "working directory" and not value else what] = None

    def _lent(self) -> set[int | None]:
        """Threads that the lab's own event loop keeps for `to_thread`: in a program they end with it."""
        pool = getattr(self._subject.loop(), "_default_executor", None)
        return {thread.ident for thread in getattr(pool, "_threads", ())}

    def warnings(self) -> tuple[str, ...]:
        """Say what is left and changed: no refusals, since every process is fresh."""
        now = Surroundings.look()
        left = {
            "thread(s)": len(self.threads & now.threads),
            "file descriptor(s)": len(self._files & now.files),
            "piece(s) of shared memory": len(self._shared & now.shared),
        }
        leaks = ", ".join(f"{count} {what}" for what, count in left.items() if count)
        changes = ", ".join(self._changed)
        return tuple(
            said
            for said in (
                f"leaks: {leaks}" if leaks else "",
                f"changes: {changes}" if changes else "",
            )
            if said
        )


def _settings() -> Iterator[tuple[str, object]]:
    """What the whole process shares; of libraries only where something has imported them."""
    try:
        yield "working directory", os.getcwd()
    except OSError:
        yield "working directory", ""
    yield "environment", tuple(sorted(os.environ.items()))
    yield "locale", locale.setlocale(locale.LC_ALL)
    yield "umask", _mask()
    yield "filters of warnings", tuple(map(id, warnings.filters))
    yield "signal handlers", tuple(id(signal.getsignal(one)) for one in _SIGNALS)
    yield "recursion limit", sys.getrecursionlimit()
    yield "sys.path", tuple(sys.path)
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None and sys.version_info < (3, 14):  # later only asking is deprecated
        yield "event loop policy", id(asyncio.get_event_loop_policy())
    if decimal := sys.modules.get("decimal"):
        yield "decimal context", str(decimal.getcontext()).partition(", flags=")[0]
    if logging := sys.modules.get("logging"):
        yield "handlers of logging", tuple(map(id, logging.root.handlers))
    if (numpy := sys.modules.get("numpy")) and hasattr(numpy, "geterr"):
        yield "numpy's error state", tuple(sorted(numpy.geterr().items()))


def _open_files() -> Iterator[tuple[int, str]]:
    for name in _names_in("/proc/self/fd"):
        with suppress(OSError):
            target = os.readlink(f"/proc/self/fd/{name}")
            if target.startswith(("/", "socket:")) and not target.startswith(
                ("/dev/", "/proc/", "/sys/")
            ):
                yield int(name), target


def _names_in(folder: str) -> list[str]:
    with suppress(OSError):
        return os.listdir(folder)
    return []


def _mask() -> str:
    """Read, since asking the usual way would set it."""
    with suppress(OSError), open("/proc/self/status", encoding="ascii", errors="replace") as status:
        return next((line for line in status if line.startswith("Umask:")), "")
    return ""


_MADE_HERE: set[str] = set()
"""Shared memory that this process has made."""


def _note_shared_memory() -> None:
    """From now on remember what this process makes: /dev/shm is the whole machine's, and says nothing of makers."""
    module: Any = None
    with suppress(ImportError):
        module = importlib.import_module("_posixshmem")
    opening = getattr(module, "shm_open", None)
    if opening is None or hasattr(opening, "noted"):
        return

    def shm_open(path: str, flags: int, mode: int = 0o777) -> object:
        if flags & os.O_CREAT:
            _MADE_HERE.add(path.lstrip("/"))
        return opening(path, flags, mode)

    shm_open.noted = True  # type: ignore[attr-defined]  # a mark on a function
    module.shm_open = shm_open


def _is_ours(name: str) -> bool:
    """Whether a piece of shared memory was made here, or is mapped or open in this process or its children."""
    if name in _MADE_HERE:
        return True
    path = f"{_SHARED}/{name}"
    return any(_holds(pid, path) for pid in (os.getpid(), *descendants()))


def _holds(pid: int, path: str) -> bool:
    with suppress(OSError), open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as maps:
        if any(line.rstrip("\n").endswith(path) for line in maps):
            return True
    folder = f"/proc/{pid}/fd"
    for number in _names_in(folder):
        with suppress(OSError):
            if os.readlink(f"{folder}/{number}") == path:
                return True
    return False
