"""Profiles as text, JSON and pictures: exact lines, hostile names made harmless, nothing from outside."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import msgspec
import pytest
from rich.console import Console

from harness.errors import StoreError
from harness.judge.profile import diff
from harness.model.measured import Key
from harness.model.profiled import Frame, LineCost, Profile, Stack, Tool
from harness.show import flamegraph
from harness.show import profile as shown

from .rows import HOSTILE

MAIN, HOT, LEAF = (
    Frame("pairs", "cases/tiny/naive.py", 3),
    Frame("distance", "cases/tiny/naive.py", 9),
    Frame("min", "libpython.so"),
)
NAIVE = Profile(
    Key("tiny", "naive", "100"),
    Tool.PY_SPY,
    0.25,
    40,
    (Stack((MAIN, HOT), 70), Stack((MAIN, HOT, LEAF), 20), Stack((MAIN,), 10)),
)
QUICK = replace(
    NAIVE,
    key=Key("tiny", "quick", "100"),
    seconds=0.001,
    stacks=(Stack((Frame("pairs", "quick.pyx"),), 4),),
)
SOURCES = {("cases/tiny/naive.py", 9): "    row[j] = min(a, b)"}


def printed(profile: Profile, why: str = "", width: int = 100) -> list[str]:
    """What the terminal shows."""
    buffer = io.StringIO()
    shown.print_profile(Console(file=buffer, width=width, no_color=True), profile, SOURCES, why)
    return [line.rstrip() for line in buffer.getvalue().splitlines()]


def test_ten_lines_say_where_the_time_goes() -> None:
    """The title, then each function with its share and the source of its hottest line."""
    assert printed(NAIVE, "the reference") == [
        "tiny/100/naive (the reference): 250 ms a call, 40 calls under py-spy",
        "   70%  distance  (cases/tiny/naive.py), 90% with what it calls",
        "         90% line 9: row[j] = min(a, b)",
        "   20%  min  (libpython.so)",
        "   10%  pairs  (cases/tiny/naive.py), 100% with what it calls",
    ]


def test_lines_do_not_wrap() -> None:
    """Ten lines stay ten lines on a narrow terminal; what does not fit ends in an ellipsis."""
    shown = printed(NAIVE, width=70)

    assert all(len(line) <= 70 for line in shown)
    assert len(shown) == 5
    assert printed(NAIVE, width=50)[-1].endswith("…")


def test_scalenes_lines_say_who_allocates_and_copies() -> None:
    """The lines that allocate most, with what they copy a second."""
    line = LineCost("distance", "cases/tiny/naive.py", 9, 0.5, 0.2, 0.0, 40_000_000, 1_048_576.0)

    assert "  allocates 38.1 MiB in distance (cases/tiny/naive.py:9), copies 1.0 MiB/s" in printed(
        replace(NAIVE, tool=Tool.SCALENE, lines=(line,))
    )


def test_nothing_seen_is_said() -> None:
    """An empty profile is no table of noughts."""
    assert "nothing was seen" in printed(replace(NAIVE, stacks=()))[1]


def test_the_sentence_about_what_is_left() -> None:
    """Where the reference spends its time, and where the best spends what is left."""
    assert (
        shown.left_over(NAIVE, QUICK)
        == "naive spends 70% of 250 ms in distance; quick needs 1.00 ms, 100% of it in pairs"
    )


def test_a_difference_names_the_functions_that_changed() -> None:
    """Signed seconds a call, the largest first; what changed by less than a hundredth of a call is left out."""
    slower = replace(
        NAIVE,
        seconds=0.5,
        revision="",
        stacks=(Stack((MAIN, HOT), 85), Stack((MAIN, HOT, LEAF), 10), Stack((MAIN,), 5)),
    )

    assert shown.diff_lines(diff(replace(NAIVE, revision="abc"), slower)) == [
        "naive at abc -> naive: 250 ms -> 500 ms a call",
        "  +250 ms  distance  (cases/tiny/naive.py): 175 ms -> 425 ms",
    ]


def test_hostile_names_arrive_as_text() -> None:
    """Escapes, markup and HTML in a function's name steer neither terminal nor page."""
    evil = replace(
        NAIVE, stacks=(Stack((Frame(HOSTILE, HOSTILE),), 1),), key=Key("tiny", HOSTILE, "100")
    )
    page = flamegraph.page(evil, [(1.0, 1.0, HOSTILE)], HOSTILE).decode()

    assert "\x1b" not in "".join(printed(evil)) + page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_the_flame_graph_is_valid_and_needs_nothing_else() -> None:
    """A box a function, as wide as its share; no script, no address of another host."""
    page = flamegraph.page(NAIVE, [(0.7, 0.9, "distance")], "forty calls").decode()
    drawn = ET.fromstring(flamegraph.svg(NAIVE.stacks, "samples"))
    boxes = {title.text: rect for group in drawn for title, rect, _ in [list(group)] if title.text}

    assert "http" not in page.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")
    assert "<script" not in page
    assert (
        float(boxes["distance (cases/tiny/naive.py): 90 samples, 90.0%"].get("width", "0"))
        == 1080 - 0.5
    )
    assert "min (libpython.so): 20 samples, 20.0%" in boxes


def test_speedscope_can_read_the_stacks() -> None:
    """Frames once each, samples as their numbers, weights that add up to the end."""
    document = json.loads(flamegraph.speedscope(NAIVE))
    (one,) = document["profiles"]

    assert ["pairs", "distance", "min"] == [frame["name"] for frame in document["shared"]["frames"]]
    assert ([[0, 1], [0, 1, 2], [0]], 100.0) == (one["samples"], one["endValue"])


def test_the_document_has_units_and_a_schema() -> None:
    """``harness.profile/1``: shares by function, the unit of the whole, and the difference where two were compared."""
    made = msgspec.json.decode(
        shown.document([NAIVE, QUICK], [["a.html"], []], diff(NAIVE, NAIVE)),
        type=shown.ProfilesDocument,
    )

    assert ("harness.profile/1", 0, "samples", 0.25) == (
        made.schema,
        made.exit_code,
        made.profiles[0].unit,
        made.profiles[0].call_seconds,
    )
    assert (["a.html"], 0.7) == (made.profiles[0].artefacts, made.profiles[0].spots[0].own_share)
    assert made.diff is not None
    assert ("seconds", 0.25, 0.25) == (made.diff.unit, made.diff.before, made.diff.after)


def test_a_document_as_markdown() -> None:
    """What profile --json wrote becomes a table, cleaned; what is no such document is refused."""
    evil = replace(QUICK, stacks=(Stack((Frame(HOSTILE, "x.py", 4),), 4),))
    made = shown.markdown(shown.read_profiles(shown.document([NAIVE, evil], [[], []], None)))

    assert "**naive at 100**: 250 ms a call, 40 calls under py-spy" in made
    assert "| 70% | 90% | distance | cases/tiny/naive.py:9 |" in made
    assert "<script>" not in made
    for data in (b"", b"{}", b'{"schema":"x","exit_code":0,"profiles":[],"diff":null}'):
        with pytest.raises(StoreError):
            shown.read_profiles(data)
