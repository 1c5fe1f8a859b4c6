"""What a watched tree looks like: exact lines, OpenMetrics that a strict reader takes, a plot."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from harness.model.watched import Reading, Recording, Throughput
from harness.show import monitor

from .rows import HOSTILE

LOOK = Reading(
    1.0,
    (0.5, 1.0),
    0.01,
    0.7,
    3,
    5,
    2.5,
    1.5,
    40 << 20,
    20 << 20,
    10,
    20,
    7,
    100_000,
    0,
    0.001,
    Throughput(1, 2000, 30_000),
)
LATER = replace(
    LOOK, seconds=3.0, cpu_seconds=5.5, cpu=0.75, voluntary_switches=2010, involuntary_switches=None
)


def test_the_view_at_eighty_columns() -> None:
    """Bars, history, sums and rates; a rate that is not known is a question mark, not nought."""
    assert monitor.view("dedupe 10: block 2", [LOOK, LATER]) == [
        "dedupe 10: block 2   3 s   load 0.7   steal 1.0%",
        "core 0   ██████████            50%   core 1   ████████████████████ 100%",
        "cpu       0.75 cores  █▅  5.5 s in all",
        "memory   20.0 MiB (shared once)  ██",
        "switches 1 000/s waited, ?/s pushed aside",
        "tree     3 processes, 5 threads, 7 open files",
        "disk     read 97.7 KiB, written 0 B",
        "run      1 blocks, 2 000 samples, 30 000 calls",
        "(watching itself takes 0.1% of one core)",
    ]


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """Whatever its width and however many processors there are."""
    many = replace(LOOK, cores=(0.25,) * 64)

    assert all(len(line) <= width for line in monitor.view("x" * 300, [many], width=width))


def test_hostile_titles_are_text() -> None:
    """What is being run cannot steer the terminal."""
    assert "\x1b" not in "".join(monitor.view(HOSTILE, [LOOK]))
    assert "\x1b" not in "".join(monitor.view(HOSTILE, []))


def test_one_plain_line() -> None:
    """For logs: no bar, no colour."""
    assert (
        monitor.line(LOOK)
        == "    1.0 s  cpu 1.50  cores 50% 100%  memory 20.0 MiB (shared once)  3 processes  1 blocks 2000 samples"
    )


def families(text: str) -> dict[str, tuple[str, list[tuple[str, float]]]]:
    """Read OpenMetrics strictly: every sample under its family, metadata first, names and suffixes by type, # EOF at the end."""
    assert text.endswith("# EOF\n")
    found: dict[str, tuple[str, list[tuple[str, float]]]] = {}
    name = kind = ""
    for line in text.removesuffix("# EOF\n").splitlines():
        if match := re.fullmatch(r"# TYPE ([a-z_]+) (counter|gauge)", line):
            name, kind = match[1], match[2]
            assert name not in found
            found[name] = (kind, [])
        elif match := re.fullmatch(r"# UNIT ([a-z_]+) ([a-z]+)", line):
            assert match[1] == name
            assert name.endswith(f"_{match[2]}")
        elif match := re.fullmatch(r"# HELP ([a-z_]+) [^\n]+", line):
            assert match[1] == name
        else:
            sample = re.fullmatch(r"([a-z_]+)(\{core=\"\d+\"\})? ([-+0-9.e]+)", line)
            assert sample is not None, line
            assert sample[1] == (f"{name}_total" if kind == "counter" else name)
            found[name][1].append((sample[2] or "", float(sample[3])))
    return found


def test_openmetrics_is_read_by_a_strict_reader() -> None:
    """Counters end in _total, units end their names, cores are labels, what is not known is not there."""
    found = families(monitor.openmetrics(LATER))

    assert found["perflab_tree_cpu_seconds"] == ("counter", [("", 5.5)])
    assert found["perflab_machine_core_busy_ratio"] == (
        "gauge",
        [('{core="0"}', 0.5), ('{core="1"}', 1.0)],
    )
    assert found["perflab_run_samples"] == ("counter", [("", 2000.0)])
    assert "perflab_tree_involuntary_switches" not in found
    assert families(monitor.openmetrics(None)) == {}


def test_the_plot_is_valid_and_repeatable() -> None:
    """Three panels as one SVG, the same bytes again; a cut recording says so."""
    pytest.importorskip("matplotlib", reason="perflab[pages] is not installed")
    from harness.show.monitor_plot import svg

    recording = Recording("2026-01-01T12:00:00Z", 0.5, 2, (LOOK, LATER), cut=True)
    text = "".join(ET.fromstring(svg(recording)).itertext())

    assert svg(recording) == svg(recording)
    assert all(
        word in text
        for word in ("cores", "MiB", "switches so far", "the recording is cut", "shared once")
    )
