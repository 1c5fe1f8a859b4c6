"""Progress: on standard error only, short, and harmless whatever a variant is called."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pytest
from rich.console import Console

from harness.show.progress import Lines, Live, Silent, TimeLeft, reporter


def ticking(*times: float) -> Callable[[], float]:
    """A clock that shows these times, one after the other."""
    clock: Iterator[float] = iter(times)
    return lambda: next(clock)


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither stream gets a byte."""
    with reporter(quiet=True, workloads=2, budget_seconds=5.0) as shown:
        shown.step("tiny proving naive")
        shown.spent(0.5)

    assert ("", "") == tuple(capsys.readouterr())
    assert Silent is type(shown)


def test_a_pipe_gets_one_line_for_each_stage(capsys: pytest.CaptureFixture[str]) -> None:
    """Variants, blocks and rounds are not worth a line."""
    with reporter(quiet=False, workloads=2, budget_seconds=5.0) as shown:
        for step in (
            "tiny proving naive",
            "tiny proving quick",
            "tiny 10: block 1, round 2",
            "tiny 10: block 2, round 1",
            "tiny 33: block 1\x1b[2J",
        ):
            shown.step(step)

    assert ("", "tiny proving\ntiny 10\ntiny 33\n") == tuple(capsys.readouterr())
    assert Lines is type(shown)


def test_markup_in_a_name_is_only_text() -> None:
    """``[/x]`` and ESC reach a live line as visible characters."""
    stream = io.StringIO()
    with Live(
        1, 5.0, console=Console(file=stream, force_terminal=True, width=120, color_system=None)
    ) as shown:
        shown.step("tiny [/x]\x1b[2J")
        shown.spent(1.0)

    assert "tiny [/x]\ufffd[2J" in stream.getvalue()


def test_what_is_printed_aside_begins_on_a_line_of_its_own() -> None:
    """The bar is taken off the terminal before a table, and comes back after it."""
    stream = io.StringIO()
    with (
        Live(
            1, 5.0, console=Console(file=stream, force_terminal=True, width=80, color_system=None)
        ) as shown,
        shown.aside(),
    ):
        stream.write("TABLE\n")
    before, _, after = stream.getvalue().partition("TABLE")

    assert before.endswith("\x1b[1A\x1b[2K")
    assert "left" in after


def test_at_first_the_budget_is_all_there_is_to_go_by() -> None:
    """Three workloads of 20 s; after half of one, 50 s."""
    left = TimeLeft(3, 20.0, clock=ticking(0.0, 100.0))

    assert ["about  60 s left", "about  50 s left"] == [left.words(done) for done in (0.0, 0.5)]


def test_later_the_pace_counts() -> None:
    """Ten seconds for half a workload: 25 s for what is left of the second."""
    left = TimeLeft(2, 5.0, clock=ticking(100.0, 110.0, 135.0))

    assert ["about   9 s left", "about  25 s left", "about   0 s left"] == [
        left.words(done) for done in (0.25, 0.75, 2.0)
    ]


def test_nothing_is_promised_without_a_budget() -> None:
    """``verify`` has none."""

    assert "" == TimeLeft(1, 0.0, clock=ticking()).words(0.0)


def test_long_runs_are_told_in_minutes() -> None:
    """More than ten minutes need no seconds."""

    assert "about 20 min left" == TimeLeft(60, 20.0, clock=ticking(0.0)).words(0.0)
