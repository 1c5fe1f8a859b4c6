"""Estimates: exact where the answer is known, and by simulation where a book states a coverage."""

from __future__ import annotations

import math

import pytest

from harness.judge.statistics import (
    payback_calls,
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


def test_one_process_claims_nothing() -> None:
    """Without a second process there is no interval, and so no estimate."""
    assert time_estimate([process(0, [1.0, 1.0])]) is None


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
