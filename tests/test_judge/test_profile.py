"""From stacks to answers: shares and differences of made-up profiles, to the last digit."""

from __future__ import annotations

import pytest

from harness.judge.profile import diff, merged, spots
from harness.model.measured import Key
from harness.model.profiled import Frame, Profile, Stack, Tool

MAIN, HOT, LEAF = Frame("main", "m.py", 1), Frame("hot", "m.py", 7), Frame("leaf", "lib.so")


def profile(
    *stacks: Stack, seconds: float = 1.0, tool: Tool = Tool.PY_SPY, calls: int = 10
) -> Profile:
    """A profile of these stacks."""
    return Profile(Key("tiny", "naive", "10"), tool, seconds, calls, stacks)


def test_own_and_total_shares() -> None:
    """Own is what ends in a function, total what passes through it; the hottest line carries what ran under it."""
    found = {
        spot.function: spot
        for spot in spots(
            profile(Stack((MAIN, HOT), 6), Stack((MAIN, HOT, LEAF), 3), Stack((MAIN,), 1))
        )
    }

    assert (0.6, 0.9) == (found["hot"].own, found["hot"].total)
    assert (0.1, 1.0) == (found["main"].own, found["main"].total)
    assert (0.3, 0.3) == (found["leaf"].own, found["leaf"].total)
    assert ((7, 0.9),) == found["hot"].lines
    assert ["hot", "leaf", "main"] == [
        spot.function
        for spot in spots(profile(Stack((MAIN, HOT), 6), Stack((HOT, LEAF), 3), Stack((MAIN,), 1)))
    ]


def test_recursion_counts_once() -> None:
    """A function that calls itself is on a stack once, however deep."""
    (spot,) = spots(profile(Stack((HOT, HOT, HOT), 5)))

    assert (1.0, 1.0, ((7, 1.0),)) == (spot.own, spot.total, spot.lines)


def test_an_empty_profile_has_no_spots() -> None:
    """Nothing seen is nothing said, not a division by nought."""
    assert spots(profile()) == []


def test_the_difference_is_in_seconds_a_call() -> None:
    """Twice the time, all of it in one function: that function gained a whole call's worth, the other nothing."""
    before = profile(Stack((MAIN,), 50), Stack((MAIN, HOT), 50), seconds=1.0)
    after = profile(Stack((MAIN,), 25), Stack((MAIN, HOT), 75), seconds=2.0)
    found = diff(before, after)

    assert [("hot", 0.5, 1.5), ("main", 0.5, 0.5)] == [
        (one.function, one.before, one.after) for one in found.changes
    ]
    assert found.changes[0].by == pytest.approx(1.0)


def test_a_function_is_the_same_in_another_folder() -> None:
    """Revisions lie in different folders, and Cython calls one file .c or .pyx: name and stem decide."""
    before = profile(Stack((Frame("pairs", "myers_c.c"),), 1))
    after = profile(Stack((Frame("pairs", "extensions/dedupe/myers_c.pyx"),), 1))

    assert [0.0] == [change.by for change in diff(before, after).changes]


def test_counts_are_compared_by_the_call() -> None:
    """Instructions and bytes are divided by the calls that were looked at."""
    before = profile(Stack((HOT,), 300), tool=Tool.CALLGRIND, calls=3)
    after = profile(Stack((HOT,), 660), tool=Tool.CALLGRIND, calls=6)

    assert [(100.0, 110.0)] == [(one.before, one.after) for one in diff(before, after).changes]


def test_same_stacks_are_added_up() -> None:
    """Two lines of a recording about one stack are one stack."""
    assert merged([Stack((MAIN,), 1), Stack((HOT,), 2), Stack((MAIN,), 3)]) == (
        Stack((HOT,), 2),
        Stack((MAIN,), 4),
    )
