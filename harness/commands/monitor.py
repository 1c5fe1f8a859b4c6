"""``python -m harness monitor``."""

from __future__ import annotations

import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import click

from harness.commands import options
from harness.errors import AskedWrongly
from harness.show.progress import Silent

if TYPE_CHECKING:
    from harness.lab.monitor.watcher import Watcher
    from harness.model.measured import Run
    from harness.model.watched import Reading, Throughput

_KEPT = 600
_BESIDE_SECONDS = 1.0


@click.command("monitor", context_settings={"ignore_unknown_options": True})
@click.argument("program", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND ARGUMENTS...]")
@click.option(
    "--pid",
    type=click.IntRange(min=1),
    metavar="PID",
    help="Watch this process and all its descendants.",
)
@click.option(
    "--interval",
    type=options.Finite(0.1, 3600),
    default=0.5,
    show_default=True,
    metavar="SECONDS",
    help="Look this often.",
)
@click.option(
    "--seconds",
    type=options.Finite(min=0.1),
    metavar="SECONDS",
    help="Stop watching after this long.",
)
@click.option(
    "--record",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write every look to this file, as it comes.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Serve OpenMetrics on this port of 127.0.0.1; 0 takes a free one.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="A recording on standard output, and nothing else."
)
@options.quiet
def command(
    program: tuple[str, ...], pid: int | None, interval: float, seconds: float | None, record: Path | None, port: int | None, as_json: bool,
    quiet: bool,
) -> None:  # fmt: skip
    """Watch a process tree: processors, memory, switches, files.

    Ends when the process does, with a summary.  A command given behind -- is started and watched, and its exit
    code is this command's.

    \b
    python -m harness monitor --pid 4711
    python -m harness monitor --record run.jsonl -- python -m harness run dedupe --budget 5
    python -m harness report --monitor run.jsonl
    """
    if (pid is None) == (not program):
        raise AskedWrongly(
            "say what to watch: --pid PID, or a command behind --",
            "python -m harness monitor -- python script.py",
        )
    options.require_writable(str(record) if record else None)
    with ExitStack() as stack:
        process = stack.enter_context(_started(program)) if program else None
        code = _watch(
            stack,
            pid if process is None else process.pid,
            process,
            interval,
            seconds,
            record,
            port,
            as_json=as_json,
            quiet=quiet,
        )
    if code:
        raise click.exceptions.Exit(code)


@contextmanager
def _started(program: tuple[str, ...]) -> Iterator[subprocess.Popen[bytes]]:
    """Start the command; whatever ends the watching ends it, too."""
    try:
        process = subprocess.Popen(program)
    except OSError as error:
        raise AskedWrongly(
            f"{program[0]} cannot be started: {error.strerror}", "name a program that is on PATH"
        ) from None
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def _watch(
    stack: ExitStack, pid: int | None, process: subprocess.Popen[bytes] | None, interval: float, seconds: float | None, record: Path | None,
    port: int | None, *, as_json: bool, quiet: bool,
) -> int:  # fmt: skip
    from harness.lab.monitor.exposition import serving
    from harness.lab.monitor.recording import Recorder, header
    from harness.lab.monitor.watcher import Watcher, watch
    from harness.model.watched import watched
    from harness.show import monitor as shown

    assert pid is not None
    try:
        watcher = Watcher(pid)
    except AskedWrongly:
        if process is None:
            raise
        code = _exit_code(process.wait())
        click.echo(f"ended (exit {code}) before it could be looked at once", err=True)
        return code
    readings: deque[Reading] = deque(maxlen=_KEPT)
    everything: list[Reading] = []
    if port is not None:
        taken = stack.enter_context(
            serving(port, lambda: shown.openmetrics(readings[-1] if readings else None))
        )
        click.echo(f"metrics: http://127.0.0.1:{taken}/metrics", err=True)
    recorder = (
        stack.enter_context(Recorder(record, interval=interval, cores=_cores(watcher)))
        if record
        else None
    )
    if as_json:
        click.echo(header(interval, _cores(watcher)).decode())
    show = stack.enter_context(_shower(f"process {pid}", as_json=as_json, quiet=quiet))
    stop = _Ended(process, seconds)
    for reading in watch(watcher, interval, stop):
        readings.append(reading)
        everything.append(replace(reading, cores=()))  # hours of looks must not fill the memory
        if recorder is not None:
            recorder.add(reading)
        show(list(readings))
    found = watched(tuple(everything))
    if found is not None and not as_json:
        stack.pop_all().close()
        click.echo("\n".join(shown.summary(found)), err=process is not None)
    return 0 if process is None or process.poll() is None else _exit_code(process.wait())


def _cores(watcher: Watcher) -> int:
    return len(watcher.look().cores)


def _exit_code(code: int) -> int:
    """As a shell says it: 128 and the signal's number."""
    return code if code >= 0 else 128 - code


class _Ended(threading.Event):
    """Set when the command has ended, or the time is up: waiting for it is the pause between looks."""

    def __init__(self, process: subprocess.Popen[bytes] | None, seconds: float | None) -> None:
        super().__init__()
        self._process = process
        self._left = seconds

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the next look; True when there is none."""
        assert timeout is not None
        if self._left is not None:
            timeout = min(timeout, self._left)
            self._left -= timeout
        if self._process is None:
            return super().wait(timeout) or (self._left is not None and self._left <= 0)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return self._left is not None and self._left <= 0
        return True


@contextmanager
def _shower(title: str, *, as_json: bool, quiet: bool) -> Iterator[Callable[[list[Reading]], None]]:
    """Yield what shows the looks: JSON lines, nothing, a live view on a terminal, or plain lines."""
    from harness.show import monitor as shown

    if as_json:
        from harness.lab.monitor import recording

        yield lambda readings: click.echo(recording.encode(readings[-1]).decode())
    elif quiet:
        yield lambda _: None
    else:
        with _live() as live:
            if live is None:
                yield lambda readings: click.echo(shown.line(readings[-1]), err=True)
            else:
                yield lambda readings: live(shown.view(title, readings, width=_width()))


def _width() -> int:
    from rich.console import Console

    return Console(stderr=True).width


@contextmanager
def _live() -> Iterator[Callable[[list[str]], None] | None]:
    """A place on the terminal that is drawn over again; None where standard error is no such terminal."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(stderr=True)
    if not console.is_terminal or console.is_dumb_terminal:
        yield None
        return
    with Live(console=console, transient=True, auto_refresh=False) as live:

        def draw(lines: list[str]) -> None:
            live.update(Text("\n".join(lines), no_wrap=True), refresh=True)

        yield draw


class Beside(Silent):
    """Progress of a run, with what its whole tree does: ``run --monitor``."""

    def __init__(self) -> None:
        self._step = "starting"
        self._throughput: Throughput | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._quiet = threading.Lock()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def step(self, text: str) -> None:
        """Show what is being done, above the figures."""
        self._step = text

    def measured(self, run: Run) -> None:
        """Count what has been measured so far."""
        from harness.model.watched import Throughput

        processes = [
            process
            for table in run.workloads
            for result in table.results
            for process in result.processes
        ]
        samples = [sample for process in processes for sample in process.samples]
        blocks = sum(len(table.conditions) for table in run.workloads)
        self._throughput = Throughput(blocks, len(samples), sum(sample.loops for sample in samples))

    def aside(self) -> AbstractContextManager[None]:
        """Keep the view off the terminal while something is printed."""
        return _held(self._quiet)

    def _watch(self) -> None:
        import os

        from harness.lab.monitor.watcher import Watcher, watch
        from harness.show import monitor as shown

        readings: deque[Reading] = deque(maxlen=_KEPT)
        with _live() as live:
            for reading in watch(
                Watcher(os.getpid()), _BESIDE_SECONDS, self._stop, lambda: self._throughput
            ):
                readings.append(reading)
                with self._quiet:
                    if live is None:
                        click.echo(f"{shown.line(reading)}  {self._step}", err=True)
                    else:
                        live(shown.view(self._step, list(readings), width=_width()))


@contextmanager
def _held(lock: threading.Lock) -> Iterator[None]:
    with lock:
        yield
