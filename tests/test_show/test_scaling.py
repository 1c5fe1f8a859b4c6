"""What a sweep says in plain words: exact sentences from made-up sweeps."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from xml.etree import ElementTree as ET

import msgspec
import pytest
from rich.console import Console

from harness.judge.summary import summarise
from harness.model.declared import Technique
from harness.model.judged import Summary
from harness.model.measured import ColdCall, Run
from harness.show import documents
from harness.show.scaling import advice, markdown, print_scaling
from tests.fakes.sweeps import Seconds, fake_sweep, timed

from .rows import HOSTILE

LINE: Seconds = lambda n: 1e-6 * n  # noqa: E731
FLAT: Seconds = lambda n: 5e-5  # noqa: E731


def with_results(run: Run, variant: str, **facts: object) -> Run:
    """The same run with facts of one variant changed at every size."""
    return replace(
        run,
        workloads=tuple(
            replace(
                one,
                results=tuple(
                    replace(r, **facts) if r.key.variant == variant else r for r in one.results
                ),
            )  # type: ignore[arg-type]
            for one in run.workloads
        ),
    )


def crowd() -> Summary:
    """All there is to say: a crossover, a rival, a pool that never pays, a build, a curve of two processors, an odd exponent."""
    run = fake_sweep(
        {
            "naive": LINE,
            "flat": FLAT,
            "pool": lambda n: 3e-4 + 1e-6 * n,
            "lib": lambda n: 2e-8 * n + 1e-5,
        },
        rivals=("lib",),
        growth={"naive": 2.0},
    )
    run = with_results(run, "pool", technique=Technique.MULTIPROCESSING)
    run = with_results(run, "flat", build_seconds=2.0, cold=ColdCall(50_000_000, 700_000_000))
    run = with_results(run, "naive", cold=ColdCall(50_000_000, 1_000))
    crew = replace(
        run.workloads[-1],
        results=tuple(
            replace(timed(f"pool@{p}", "10000", seconds, wobble=0.0), workers=p)
            for p, seconds in ((1, 1.0), (2, 0.625))
        ),
    )
    return summarise(replace(run, crews=(crew,)), "results/tiny/x.json")


def test_the_advice_in_plain_words() -> None:
    """What to take below and above, beside whom, what never pays, when start-up and build are earned back, what surprised."""
    assert advice(crowd()) == [
        "take naive below n = 50 (50..50); flat above, up to n = 10 000",
        "beside the rival lib, the best of ours is ahead at 2, behind at 2 (n = 100, 1 000) of 4 sizes",
        "pool never pays on this machine: at its best it takes 8.00x the time of the best of ours",
        "start and first call of flat: never earned back at n = 10, earned back after 72 calls at n = 10 000",
        "building flat (2.00 s): never earned back at n = 10, earned back after 203 calls at n = 10 000",
        "naive grows as n^1.00 (1.00..1.00), not as the expected n^2",
        "pool at 10000: 2 processors 1.60x (1.60..1.60, efficiency 80%); serial share 25% (25%..25%)",
    ]


def test_one_variant_for_all_sizes_is_said_so() -> None:
    """No crossover, no talk of one."""
    assert advice(summarise(fake_sweep({"naive": LINE, "quick": lambda n: 1e-8 * n})))[0] == (
        "take quick at every size measured (n = 10 to 10 000)"
    )


def test_an_open_interval_is_shown_as_open() -> None:
    """Where nothing clear was measured beyond, the interval says so instead of ending at the last size."""
    wide = summarise(fake_sweep({"line": LINE, "flat": lambda n: 6e-3}, wobble=0.45))

    assert "below n = 5 670 (2 995..beyond 10 000)" in advice(wide)[0]


def test_several_series_are_named() -> None:
    """With more than one series every sentence says which it is about."""
    one, other = (
        fake_sweep({"naive": LINE, "quick": FLAT}),
        fake_sweep({"naive": LINE, "quick": FLAT}, series="long"),
    )
    renamed = tuple(replace(w, workload=f"long-{w.n}") for w in other.workloads)
    said = advice(summarise(replace(one, workloads=(*one.workloads, *renamed))))

    assert {"n", "long"} == {line.partition(":")[0] for line in said}


def test_hostile_names_steer_nothing() -> None:
    """Control characters, markup and Markdown in a variant's name arrive as text."""
    summary = summarise(fake_sweep({"naive": LINE, HOSTILE: FLAT}))
    buffer = io.StringIO()
    print_scaling(Console(file=buffer, width=100, no_color=True), summary)

    for shown in (buffer.getvalue(), markdown(summary), *advice(summary)):
        assert "\x1b" not in shown
        assert "\u202e" not in shown
    assert "<script>" not in markdown(summary)
    assert "[/x]" in buffer.getvalue()


def test_the_terminal_shows_crossovers_growth_and_processors() -> None:
    """Every table has its title, and the advice comes last."""
    buffer = io.StringIO()
    print_scaling(Console(file=buffer, width=120, no_color=True), crowd())
    shown = buffer.getvalue()

    places = [
        shown.index(title)
        for title in (
            "Crossovers of tiny",
            "Time grows as n",
            "What more processors are worth",
            "What to do",
        )
    ]
    assert sorted(places) == places
    assert "not as expected" in shown


def test_markdown_has_every_size() -> None:
    """One row a size with the best, the reference and the rival; then crossovers and growth."""
    shown = markdown(crowd())

    assert "| 10 | naive 10.0 µs | naive 10.0 µs | lib 10.2 µs | 1 000 |" in shown
    assert "| 10 000 | flat 50.0 µs | naive 10.0 ms | lib 210 µs | 5.00 |" in shown
    assert shown.startswith("Sweep `20260101T120000Z-0123abcd` of 2026-01-01 on A processor")


def test_the_document_carries_all_of_it() -> None:
    """Crossovers, growth and speed-up by processors, with units in their names and estimates as objects."""
    document = msgspec.json.decode(documents.runs_bytes([crowd()]))

    assert {"series", "kind", "below", "above", "n", "between", "open_low", "open_high"} == set(
        document["crossovers"][0]
    )
    assert document["crossovers"][0]["n"]["value"] == pytest.approx(50, rel=1e-3)
    assert {"naive", "flat", "pool", "lib"} == {one["variant"] for one in document["growth"]}
    assert [(1, 1.0), (2, pytest.approx(1.6))] == [
        (one["processors"], one["speedup"]["value"]) for one in document["parallel"]
    ]


def test_the_plot_is_valid_offline_and_repeatable() -> None:
    """Two drawings of one sweep are the same bytes; it is XML, it names every variant, and refers to nothing outside."""
    pytest.importorskip("matplotlib", reason="perflab[pages] is not installed")
    from harness.show.curves import svg

    first, second = svg(crowd()), svg(crowd())
    text = "".join(ET.fromstring(first).itertext())

    assert first == second
    assert all(
        name in text
        for name in ("naive", "flat", "pool", "lib (rival)", "lower bound", "naive | flat")
    )
    assert b'href="http' not in first


def test_the_plot_takes_odd_names_and_missing_sizes() -> None:
    """A dollar sign is no formula, a hostile name no markup, a variant that was cut off ends early."""
    pytest.importorskip("matplotlib", reason="perflab[pages] is not installed")
    from harness.show.curves import svg

    curves: dict[str, Seconds] = {
        "naive": LINE,
        "a$b$_c": FLAT,
        HOSTILE: lambda n: FLAT(n) if n < 1000 else math.inf,
    }
    drawn = svg(summarise(fake_sweep(curves)))

    assert "a$b$_c" in "".join(ET.fromstring(drawn).itertext())
    assert b"<script>" not in drawn
