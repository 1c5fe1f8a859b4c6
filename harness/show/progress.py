"""Progress on standard error, with an estimate of the time left."""

from __future__ import annotations

import sys
import time
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from harness.show.text import clean


class Reporter(Protocol):
    """What the commands tell about while they work."""

    def step(self, text: str) -> None:
        """Something is being done."""

    def spent(self, done: float) -> None:
        """So many workloads are done, with the fraction of the current one."""


class Silent:
    """Says nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def step(self, text: str) -> None:
        """Say nothing."""

    def spent(self, done: float) -> None:
        """Say nothing."""


class Lines(Silent):
    """One line per stage, for logs and pipes."""

    def __init__(self) -> None:
        self._stage = ""

    def step(self, text: str) -> None:
        """Print the stage when it changes; rounds and blocks are not worth a line."""
        stage = clean(text).partition(": ")[0]
        if stage.startswith("proving"):
            stage = "proving"
        if stage != self._stage:
            self._stage = stage
            sys.stderr.write(stage + "\n")
            sys.stderr.flush()


class Live(Silent):
    """A bar with the time left, on a terminal."""

    def __init__(self, workloads: int, budget_seconds: float) -> None:
        self._budget = budget_seconds
        self._workloads = workloads
        self._started = time.monotonic()
        columns = (TextColumn("{task.fields[left]}"), BarColumn(bar_width=24), TextColumn("{task.description}"))
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=2)
        self._task = self._progress.add_task("starting", total=workloads, left=self._left(0.0))

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def step(self, text: str) -> None:
        """Show what is being done."""
        self._progress.update(self._task, description=clean(text)[:70])

    def spent(self, done: float) -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=done, left=self._left(done))

    def _left(self, done: float) -> str:
        """At most the budget of what is still to come; less when ratios get precise early."""
        seconds = max(0.0, (self._workloads - done) * self._budget)
        return f"at most {seconds:3.0f} s left" if seconds < 600 else f"at most {seconds / 60:.0f} min left"


def reporter(*, quiet: bool, workloads: int, budget_seconds: float) -> Silent:
    """Choose: nothing, lines, or a live bar where standard error is a terminal."""
    if quiet:
        return Silent()
    console = Console(stderr=True)
    if console.is_terminal and not console.is_dumb_terminal:
        return Live(workloads, budget_seconds)
    return Lines()
