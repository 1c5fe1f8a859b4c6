"""What sizes say together: crossovers where formulas cross, exponents that were planted, laws of parallel speed-up."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from harness.judge.scaling import parallel_curve, slope
from harness.judge.summary import summarise
from harness.model.declared import Status
from harness.model.judged import Crossover, Rivalry, Series
from harness.model.measured import Measured
from harness.show.curves import svg
from tests.fakes.sweeps import Seconds, fake_sweep, timed

LINE: Seconds = lambda n: 1e-6 * n  # noqa: E731
FLAT: Seconds = lambda n: 5e-5  # noqa: E731
NEVER: Seconds = lambda n: math.inf  # noqa: E731


def judged(curves: dict[str, Seconds], **more: object) -> Series:
    """The one series of a made-up sweep."""
    (series,) = summarise(fake_sweep(curves, **more)).series  # type: ignore[arg-type]
    return series


def of_kind(series: Series, kind: Rivalry) -> list[Crossover]:
    """The crossovers of one kind."""
    return [one for one in series.crossovers if one.kind is kind]


def test_two_straight_lines_cross_where_the_formulas_do() -> None:
    """1 µs a record and 50 µs flat meet at n = 50; interpolation on log-log paper is exact for powers."""
    (crossing,) = of_kind(judged({"line": LINE, "flat": FLAT}), Rivalry.BEST)

    assert crossing.n.value == pytest.approx(50, rel=1e-3)
    assert ("line", "flat", (10, 100)) == (crossing.below, crossing.above, crossing.between)
    assert crossing.n.low < 50 < crossing.n.high
    assert not crossing.open_low
    assert not crossing.open_high


def test_noise_widens_a_crossovers_interval() -> None:
    """Ten times the noise, about ten times the interval (on the log scale)."""
    calm, rough = (
        of_kind(judged({"line": LINE, "flat": FLAT}, wobble=wobble), Rivalry.BEST)[0].n
        for wobble in (0.002, 0.02)
    )

    assert math.log(rough.high / rough.low) == pytest.approx(
        10 * math.log(calm.high / calm.low), rel=0.1
    )


def test_the_choices_cover_the_sizes_with_as_few_changes_as_can_be() -> None:
    """A variant that is within 2 % of the best everywhere is chosen everywhere."""
    zigzag: Seconds = lambda n: 1e-6 * n * (0.99 if n in (10, 1000) else 1.05)  # noqa: E731
    series = judged({"steady": LINE, "zigzag": zigzag})

    assert [("steady", None, None)] == [(one.variant, one.start, one.end) for one in series.choices]
    assert [] == of_kind(series, Rivalry.BEST)


def test_choices_change_at_the_crossovers() -> None:
    """Three variants, each the best in its range: two crossovers, and the choices end and start there."""
    middle: Seconds = lambda n: 2e-5 * n**0.25  # noqa: E731
    series = judged({"line": LINE, "middle": middle, "flat": lambda n: 1.5e-4})
    first, second = of_kind(series, Rivalry.BEST)

    assert ["line", "middle", "flat"] == [one.variant for one in series.choices]
    assert [None, first.n.value, second.n.value] == [one.start for one in series.choices]
    assert [first.n.value, second.n.value, None] == [one.end for one in series.choices]
    assert first.n.value == pytest.approx(20 ** (4 / 3), rel=1e-3)
    assert second.n.value == pytest.approx(7.5**4, rel=1e-3)


def test_a_variant_that_was_cut_off_is_not_chosen_beyond() -> None:
    """What was not measured cannot be advised: the other one takes over between the two sizes."""
    series = judged({"quick": lambda n: 1e-7 * n if n <= 100 else math.inf, "slow": LINE})
    (crossing,) = of_kind(series, Rivalry.BEST)

    assert ["quick", "slow"] == [one.variant for one in series.choices]
    assert (100, 1000) == crossing.between == (crossing.n.low, crossing.n.high)


def test_a_variant_overtakes_the_reference_once() -> None:
    """Flat beats the line from n = 50 on: one crossover of that kind, whoever else is the best."""
    series = judged({"naive": LINE, "pool": FLAT, "best": lambda n: 1e-8 * n})
    (crossing,) = of_kind(series, Rivalry.REFERENCE)

    assert ("naive", "pool") == (crossing.below, crossing.above)
    assert crossing.n.value == pytest.approx(50, rel=1e-2)


def test_a_crossing_without_a_clear_winner_on_a_side_is_none() -> None:
    """Two variants that waver round each other within the noise have no crossover with the reference."""
    series = judged(
        {"naive": LINE, "alike": lambda n: 1e-6 * n * (1.001 if n > 100 else 0.999)}, wobble=0.02
    )

    assert [] == of_kind(series, Rivalry.REFERENCE)


def test_a_rival_crosses_the_best_of_ours() -> None:
    """A library that is dear to call and cheap by the record crosses our best; it is never chosen."""
    series = judged({"naive": LINE, "lib": lambda n: 1e-4 + 1e-8 * n}, rivals=("lib",))
    (crossing,) = of_kind(series, Rivalry.RIVAL)

    assert ("naive", "lib") == (crossing.below, crossing.above)
    assert ["naive"] == [one.variant for one in series.choices]


def test_a_planted_exponent_is_found() -> None:
    """Time that grows as n squared has the exponent 2, exactly; the expected one stands beside it."""
    series = judged({"naive": lambda n: 1e-9 * n * n}, growth={"naive": 2.0}, wobble=0.0)
    (growth,) = series.growths

    assert growth.exponent.value == pytest.approx(2, abs=1e-6)
    assert (2.0, (100, 10_000)) == (growth.expected, growth.sizes)


def test_a_size_of_nothing_stands_in_its_table_only() -> None:
    """There is no logarithm of it: the other sizes are judged, and drawn, as if it were not there."""
    curves: dict[str, Seconds] = {"line": lambda n: 1e-6 * (n or 1), "flat": FLAT}
    with_it = summarise(fake_sweep(curves, sizes=(0, 10, 100, 1000)))
    without = summarise(fake_sweep(curves, sizes=(10, 100, 1000)))

    assert [0, 10, 100, 1000] == sorted(one.n for one in with_it.workloads)
    assert with_it.series == without.series
    assert svg(with_it).startswith(b"<?xml")


def test_slope_and_interval_of_a_textbook_fit() -> None:
    """Points (1, 2), (2, 3), (3, 5): slope 1.5, residuals 1/6, -1/3, 1/6; s = sqrt(1/6 / 1); t(0.975, 1) = 12.706, Sxx = 2."""
    fit = slope(
        [(round(math.exp(0)), math.exp(2)), (math.exp(1), math.exp(3)), (math.exp(2), math.exp(5))]
    )  # type: ignore[list-item]

    assert fit.value == pytest.approx(1.5)
    assert fit.high - fit.value == pytest.approx(12.7062 * math.sqrt((1 / 6) / 1 / 2), rel=1e-4)


def crew(*times: tuple[int, float]) -> Measured:
    """One variant with so many processors, and the seconds it takes."""
    results = tuple(
        replace(timed(f"pool@{p}", "100", seconds, wobble=0.0), workers=p) for p, seconds in times
    )
    base = fake_sweep({"pool": LINE}).workloads[1]
    return replace(base, results=results)


def test_amdahls_serial_fraction_is_recovered() -> None:
    """Times made with a serial share of 0.25 give 0.25 back, with two numbers of workers and with four."""
    for workers in ((1, 2), (1, 2, 4, 8)):
        curve = parallel_curve(crew(*((p, 0.25 + 0.75 / p) for p in workers)))

        assert curve is not None
        assert curve.serial.value == pytest.approx(0.25, abs=1e-6)
        assert curve.points[-1].speedup.value == pytest.approx(
            1 / (0.25 + 0.75 / workers[-1]), rel=1e-6
        )


def test_the_universal_scalability_law_is_recovered() -> None:
    """p / S = 1 + 0.1 (p - 1) + 0.02 p (p - 1): both coefficients come back; two points are too few for them."""
    curve = parallel_curve(
        crew(*((p, (1 + 0.1 * (p - 1) + 0.02 * p * (p - 1)) / p) for p in (1, 2, 4, 8)))
    )
    short = parallel_curve(crew((1, 1.0), (2, 0.6)))

    assert curve is not None
    assert short is not None
    assert (curve.contention, curve.coherence) == (
        pytest.approx(0.1, abs=1e-5),
        pytest.approx(0.02, abs=1e-5),
    )
    assert (None, None) == (short.contention, short.coherence)


def test_a_crew_without_its_single_worker_says_nothing() -> None:
    """No speed-up without something to compare with."""
    base = crew((1, 1.0), (2, 0.6))
    failed = replace(
        base,
        results=(replace(base.results[0], status=Status.CRASHED, processes=()), base.results[1]),
    )

    assert parallel_curve(failed) is None


def test_one_size_is_no_series() -> None:
    """Nothing is said of growth or crossovers from a single size, nor of workloads that stand alone."""
    assert summarise(fake_sweep({"line": LINE, "flat": FLAT}, sizes=(10,))).series == ()
    alone = fake_sweep({"line": LINE, "flat": FLAT})
    assert (
        summarise(
            replace(alone, workloads=tuple(replace(one, series=None) for one in alone.workloads))
        ).series
        == ()
    )


def test_a_size_at_which_nothing_was_measured_is_left_out() -> None:
    """All cut off at the largest: the series ends before it."""
    series = judged(
        {
            "line": lambda n: LINE(n) if n < 5000 else math.inf,
            "flat": lambda n: FLAT(n) if n < 5000 else math.inf,
        }
    )

    assert (10, 100, 1000) == series.sizes
