"""Progress on standard error, with an estimate of the time left."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from harness.show.text import clean

if TYPE_CHECKING:
    from harness.model.measured import Run

_TRUSTED_SHARE = 0.5
"""Of a workload: before so much is done the pace says little."""


_STAGE = re.compile(r"(.*? (?:proving|mutating)\b|[^:]*).*")
"""What comes before the variant, the round or the block."""


class Reporter(Protocol):
    """What the commands tell about while they work."""

    def step(self, text: str) -> None:
        """Something is being done."""

    def spent(self, done: float) -> None:
        """So many workloads are done, with the fraction of the current one."""

    def aside(self) -> AbstractContextManager[None]:
        """Make room on the terminal for what is printed inside."""


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

    def measured(self, run: Run) -> None:
        """So much has been measured by now."""

    def aside(self) -> AbstractContextManager[None]:
        """Nothing is in the way of what is printed."""
        return nullcontext()


class Lines(Silent):
    """One line per stage, for logs and pipes."""

    def __init__(self, *, stages: bool = True) -> None:
        """With ``stages`` false, every step has its line."""
        self._stages = stages
        self._stage = ""

    def step(self, text: str) -> None:
        """Print the stage when it changes; rounds and blocks are not worth a line."""
        stage = _STAGE.sub(r"\1", clean(text)) if self._stages else clean(text)
        if stage != self._stage:
            self._stage = stage
            sys.stderr.write(stage + "\n")
            sys.stderr.flush()


class Live(Silent):
    """A bar with the time left, on a terminal."""

    def __init__(
        self, workloads: int, budget_seconds: float, *, console: Console | None = None
    ) -> None:
        self._left = TimeLeft(workloads, budget_seconds, clock=time.monotonic)
        # data is never markup: a variant may be called [/x]
        columns = (
            TextColumn("{task.fields[left]}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.description}", markup=False),
        )
        self._progress = Progress(
            *columns,
            console=console or Console(stderr=True),
            transient=True,
            refresh_per_second=2,
            redirect_stdout=False,
        )
        self._task = self._progress.add_task(
            "starting", total=workloads, left=self._left.words(0.0)
        )

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
        self._progress.update(self._task, completed=done, left=self._left.words(done))

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the bar off the terminal while something is printed on standard output."""
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()


class TimeLeft:
    """Estimates the time left: from the budget at first, then from the pace, which also knows proving and memory passes."""

    def __init__(
        self, workloads: int, budget_seconds: float, *, clock: Callable[[], float]
    ) -> None:
        self._workloads = workloads
        self._budget = budget_seconds
        self._clock = clock
        self._first: tuple[float, float] | None = None

    def words(self, done: float) -> str:
        """Say how long ``done`` workloads of all leave to do; nothing where there is no budget to go by."""
        if not self._budget:
            return ""
        seconds = max(0.0, (self._workloads - done) * self._pace(done))
        return (
            f"about {seconds:3.0f} s left"
            if seconds < 600
            else f"about {seconds / 60:.0f} min left"
        )

    def _pace(self, done: float) -> float:
        """Seconds a workload; proving comes before the first share is spent and does not count."""
        now = self._clock()
        if self._first is None and done > 0:
            self._first = (now, done)
        if self._first is None or done - self._first[1] < _TRUSTED_SHARE:
            return self._budget
        return (now - self._first[0]) / (done - self._first[1])


def reporter(*, quiet: bool, workloads: int, budget_seconds: float) -> Silent:
    """Choose: nothing, lines, or a live bar where standard error is a terminal."""
    if quiet:
        return Silent()
    console = Console(stderr=True)
    if console.is_terminal and not console.is_dumb_terminal:
        return Live(workloads, budget_seconds)
    return Lines()
