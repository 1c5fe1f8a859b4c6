"""The roofline's picture: well-formed, the same bytes for the same nouns, and no name in it can do harm."""

from __future__ import annotations

import sys
from xml.etree import ElementTree

import pytest

from harness.errors import EnvironmentLacks, ExitCode
from harness.judge.roofline import roofs_of
from harness.model.limited import Point, Roofline, Standing
from harness.show.roofline import to_svg
from tests.fakes.limits import fake_limits

from .rows import HOSTILE

POINTS = (
    Point("tiny", "10", "naive", Standing.REFERENCE, 5000.0, 100.0, 1e-5),
    Point("tiny", "10", "quick", Standing.OURS, 5000.0, 100.0, 1e-6),
    Point("tiny", "10", "library", Standing.RIVAL, 5000.0, 100.0, 9e-7),
    Point("other", "L", "vector", Standing.OURS, 300.0, 1000.0, 1e-7),
)


def picture(*points: Point) -> Roofline:
    """The fake machine with these points."""
    measured = fake_limits()
    return Roofline(measured.machine, tuple(roofs_of(measured.figures)), points)


def texts(svg: bytes) -> list[str]:
    """What can be read on it."""
    return [
        "".join(element.itertext()).strip()
        for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    ]


def test_roofs_and_variants_are_named() -> None:
    """Text stays text: every roof with its rate, every variant by its name, what all cores do apart."""
    said = texts(to_svg(picture(*POINTS)))

    assert {"L1: 100 GB/s", "memory: 10 GB/s", "memory, 2 cores: 15 GB/s"} <= set(said)
    assert {
        "multiply-adds, one core: 40 G operations/s",
        "multiply-adds, 2 cores: 76 G operations/s",
    } <= set(said)
    assert {
        "naive",
        "quick",
        "library",
        "vector",
        "tiny, workload 10",
        "other, workload L",
        "best of ours",
        "best rival",
    } <= set(said)
    assert any("cleverer algorithm" in line for line in said)


def test_the_same_nouns_make_the_same_bytes() -> None:
    """No date, no random identifier: a picture in a repository changes only when its figures do."""
    assert to_svg(picture(*POINTS)) == to_svg(picture(*POINTS))


def test_hostile_names_are_text() -> None:
    """Neither markup nor mathematics nor control characters: the name is what is read."""
    strange = f"{HOSTILE}$\\frac{{1}}{{0}}$"
    svg = to_svg(picture(Point(strange, HOSTILE, strange, Standing.OURS, 5.0, 1.0, 1e-6)))

    assert any("$\\frac{1}{0}$" in line and "<script>" in line for line in texts(svg))
    assert b"<script" not in svg
    assert b"\x1b" not in svg


def test_a_machine_without_results_still_has_roofs() -> None:
    """The first thing a newcomer sees."""
    assert "memory: 10 GB/s" in texts(to_svg(picture()))


def test_without_matplotlib_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(EnvironmentLacks) as refused:
        to_svg(picture())

    assert (refused.value.exit_code, refused.value.remedy) == (
        ExitCode.ENVIRONMENT,
        "pip install 'perflab[pages]'",
    )
