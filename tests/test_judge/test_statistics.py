"""Estimates: exact where the answer is known, and by simulation where a book states a coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.judge.statistics import (
    payback_calls,
    ratio_estimate,
    tie_groups,
    time_estimate,
    verdict,
)
from harness.model.declared import Verdict
from harness.model.judged import Estimate
from harness.model.measured import Process, Sample


def process(block: int, seconds: list[float]) -> Process:
    """A process whose rounds took these times."""
    samples = tuple(
        Sample(ns=max(1, round(value * 1e9)), loops=1, cpu_ns=0, round=round_)
        for round_, value in enumerate(seconds)
    )
    return Process(block, 0, 0, 0, samples)


def simulated(
    generator: np.random.Generator, blocks: int, *, ratio: float, slow_mode: bool
) -> tuple[list[Process], list[Process]]:
    """Two variants: processes differ more than rounds do, and the machine is slow for a while in between."""
    reference, candidate = [], []
    for block in range(blocks):
        machine = (
            np.repeat(np.where(generator.random(10) < 0.3, 1.7, 1.0), 4)
            if slow_mode
            else np.ones(40)
        )
        for processes, factor in ((reference, ratio), (candidate, 1.0)):
            own = math.exp(generator.normal(0, 0.04))
            times = 1e-3 * factor * own * machine * np.exp(generator.normal(0, 0.02, 40))
            processes.append(process(block, times.tolist()))
    return reference, candidate


def test_one_process_claims_nothing() -> None:
    """Without a second process there is no interval, and so no estimate."""
    assert time_estimate([process(0, [1.0, 1.0])]) is None
    assert ratio_estimate([process(0, [1.0])], [process(0, [2.0])]) is None


def test_constant_times_give_a_point() -> None:
    """No variation, no width."""
    estimate = time_estimate([process(block, [0.25] * 5) for block in range(4)])

    assert estimate is not None
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((0.25, 0.25, 0.25))


def test_the_interval_is_students() -> None:
    """Processes at e^-d, 1, e^d: the half-width is t(2) * d / sqrt(3), as in any textbook (t = 4.303)."""
    d = 0.1
    estimate = time_estimate(
        [process(block, [math.exp(shift)] * 3) for block, shift in enumerate((-d, 0.0, d))]
    )

    assert estimate is not None
    assert estimate.value == pytest.approx(1.0, rel=1e-6)
    assert math.log(estimate.high) == pytest.approx(4.3027 * d / math.sqrt(3), rel=1e-4)


def test_the_last_bits_of_a_time_do_not_move_the_interval() -> None:
    """Another processor's logarithm may differ in its last bit: the interval differs as little, since nothing is drawn."""
    times = [[0.001 + 1e-5 * block] * 3 for block in range(5)]
    one = time_estimate([process(block, seconds) for block, seconds in enumerate(times)])
    other = time_estimate(
        [
            process(block, [value * (1 + 1e-6) for value in seconds])
            for block, seconds in enumerate(times)
        ]
    )

    assert one is not None
    assert other is not None
    assert (one.low, one.high) == pytest.approx((other.low, other.high), rel=1e-5)


def test_only_common_rounds_are_paired() -> None:
    """A slow variant that left the rounds early is compared over the rounds it took part in."""
    reference = [process(block, [4.0, 4.0]) for block in range(3)]
    candidate = [process(block, [1.0, 1.0, 100.0, 100.0, 100.0]) for block in range(3)]
    estimate = ratio_estimate(reference, candidate)

    assert estimate is not None
    assert estimate.value == pytest.approx(4.0)


def test_a_slow_mode_that_hits_both_cancels() -> None:
    """The machine's slow rounds are in numerator and denominator alike."""
    mode = [1.0, 1.7, 1.7, 1.0, 1.7]
    reference = [process(block, [2e-3 * factor for factor in mode]) for block in range(3)]
    candidate = [process(block, [1e-3 * factor for factor in mode]) for block in range(3)]
    estimate = ratio_estimate(reference, candidate)

    assert estimate is not None
    assert (estimate.low, estimate.high) == pytest.approx((2.0, 2.0))


@pytest.mark.parametrize("blocks", [3, 5, 10])
@pytest.mark.parametrize("slow_mode", [False, True])
def test_coverage(blocks: int, slow_mode: bool) -> None:
    """The 95 % interval contains the true ratio in at least 93 % of 400 simulated runs (binomial slack included)."""
    generator = np.random.default_rng([blocks, slow_mode])
    hits = 0
    for _ in range(400):
        estimate = ratio_estimate(*simulated(generator, blocks, ratio=1.3, slow_mode=slow_mode))
        assert estimate is not None
        hits += estimate.low <= 1.3 <= estimate.high

    assert hits / 400 >= 0.93


def test_identical_variants_are_rarely_called_different() -> None:
    """A false verdict in at most 5 % of runs, plus three standard errors of 400 runs."""
    generator = np.random.default_rng(11)
    wrong = 0
    for _ in range(400):
        estimate = ratio_estimate(*simulated(generator, 5, ratio=1.0, slow_mode=True))
        assert estimate is not None
        wrong += verdict(estimate) is not Verdict.UNCLEAR

    assert wrong / 400 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)


@pytest.mark.parametrize(
    ("low", "high", "tolerance", "expected"),
    [
        (1.02, 1.10, 0.0, Verdict.FASTER),
        (0.90, 0.98, 0.0, Verdict.SLOWER),
        (0.98, 1.02, 0.0, Verdict.UNCLEAR),
        (0.995, 1.005, 0.01, Verdict.SAME),
        (1.005, 1.02, 0.01, Verdict.UNCLEAR),
        (1.011, 1.02, 0.01, Verdict.FASTER),
    ],
)
def test_verdicts(low: float, high: float, tolerance: float, expected: Verdict) -> None:
    """An interval decides, never a point."""
    assert verdict(Estimate((low + high) / 2, low, high), tolerance) is expected


@pytest.mark.parametrize(
    ("reference", "candidate", "calls"),
    [
        ((0.0, 1.0), (0.0, 0.5), 1),
        ((0.0, 1.0), (10.0, 0.5), 21),
        ((0.0, 1.0), (10.0, 1.0), None),
        ((0.0, 1.0), (10.0, 2.0), None),
        ((0.5, 1.0), (1.0, 0.75), 3),
    ],
)
def test_payback(
    reference: tuple[float, float], candidate: tuple[float, float], calls: int | None
) -> None:
    """By hand: start + (calls - 1) * call of the candidate falls below the reference's."""
    assert payback_calls(reference, candidate) == calls


def test_ties_are_measured_from_the_fastest_of_the_group() -> None:
    """a ~ b, a !~ c, b ~ c: c is not tied, although its neighbour is."""
    tied = {("a", "b"), ("b", "c"), ("d", "e")}

    def ratio(one: str, other: str) -> Estimate:
        return Estimate(1.0, 0.9, 1.1) if (one, other) in tied else Estimate(2.0, 1.9, 2.1)

    assert tie_groups(["a", "b", "c", "d", "e"], ratio) == [0, 0, None, 1, 1]
