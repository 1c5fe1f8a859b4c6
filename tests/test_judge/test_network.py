"""Ratios from a network of pairs: exact where the answer is known, and by simulation where an interval claims a coverage."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.judge.network import Network, contrast, levels, tied
from harness.judge.statistics import verdict
from harness.model.declared import Verdict
from harness.model.judged import Estimate
from harness.model.measured import Process, Sample

Floats: TypeAlias = NDArray[np.float64]
BLOCKS = 6000
LEAST = 0.93
"""Of 95 % asked: simulations of 500 runs or more are that far off by accident in one case of fifty."""
TRUE = np.log([50.0, 4.0, 1.3, 1.0, 1.0])
"""Times of five variants: the first is so slow that a block holds one call of it."""
SLOW, STEADY, QUICK, TWIN = 0, 2, 3, 4


def process(block: int, seconds: list[float], rounds: list[int] | None = None) -> Process:
    """A process whose slices took these times."""
    numbers = range(len(seconds)) if rounds is None else rounds
    samples = tuple(
        Sample(ns=max(1, round(value * 1e9)), loops=1, cpu_ns=0, round=number)
        for number, value in zip(numbers, seconds, strict=True)
    )
    return Process(block, 0, 0, 0, samples)


def ratio(one: list[Process], other: list[Process]) -> Estimate | None:
    """Of two variants."""
    return Network({"one": one, "other": other}).ratio("one", "other")


# --------------------------------------------------------------------------- exact


def test_one_block_claims_nothing() -> None:
    """Without a second process there is no interval, and so no estimate; nor of what is not there."""
    assert ratio([process(0, [1.0])], [process(0, [2.0])]) is None
    assert Network({"one": [process(0, [1.0]), process(1, [1.0])]}).ratio("one", "none") is None
    assert ratio([process(0, [1.0]), process(1, [1.0])], []) is None


def test_the_interval_of_pairs_is_students() -> None:
    """Blocks whose ratios are e^-d, 1, e^d: the half-width is t(2) * d / sqrt(3), as in any textbook (t = 4.303)."""
    d = 0.1
    ones = [process(block, [math.exp(shift)] * 3) for block, shift in enumerate((-d, 0.0, d))]
    found = ratio(ones, [process(block, [1.0] * 3) for block in range(3)])

    assert found is not None
    assert found.value == pytest.approx(1.0, rel=1e-6)
    assert math.log(found.high) == pytest.approx(4.3027 * d / math.sqrt(3), rel=1e-4)


def test_blocks_that_lack_one_of_the_two_count_through_a_third() -> None:
    """No block has both.  By hand: means 1.1 and 0.9, each of variance 0.02 / 2, Student's quantile of two values 12.706."""
    third = [process(block, [1.0]) for block in range(4)]
    ones = [process(block, [math.exp(value)]) for block, value in enumerate((1.0, 1.2))]
    others = [process(block + 2, [math.exp(value)]) for block, value in enumerate((0.8, 1.0))]
    found = Network({"one": ones, "other": others, "third": third}).ratio("one", "other")

    assert found is not None
    assert math.log(found.value) == pytest.approx(0.2, abs=1e-6)
    assert math.log(found.high / found.value) == pytest.approx(12.706 * math.sqrt(0.02), rel=1e-3)


def test_a_slow_mode_that_hits_a_round_cancels() -> None:
    """The machine's slow rounds are in numerator and denominator alike."""
    mode = [1.0, 1.7, 1.7, 1.0, 1.7]
    ones = [process(block, [2e-3 * factor for factor in mode]) for block in range(3)]
    others = [process(block, [1e-3 * factor for factor in mode]) for block in range(3)]
    found = ratio(ones, others)

    assert found is not None
    assert (found.low, found.high) == pytest.approx((2.0, 2.0))


def test_variants_without_a_common_round_are_tied_by_a_third() -> None:
    """Slow and quick never meet; both meet the third, in rounds in which the machine was another: 8 = 2 x 4."""
    slow = [process(block, [8.0 * 1.6], [0]) for block in range(3)]
    third = [process(block, [2.0 * 1.6, 2.0, 2.0 * 1.3], [0, 1, 2]) for block in range(3)]
    quick = [process(block, [1.0, 1.3], [1, 2]) for block in range(3)]
    network = Network({"slow": slow, "third": third, "quick": quick})
    found = network.ratio("slow", "quick")

    assert found is not None
    assert (found.low, found.value, found.high) == pytest.approx((8.0, 8.0, 8.0), rel=1e-6)


def test_what_nothing_ties_has_no_ratio() -> None:
    """Alone in its rounds it says nothing about any other."""
    alone = [process(block, [8.0], [9]) for block in range(3)]
    others = [process(block, [1.0] * 3) for block in range(3)]
    network = Network({"alone": alone, "one": others, "other": others})

    assert network.ratio("alone", "one") is None
    assert network.ratio("one", "other") is not None


def test_before_and_after_a_long_call_are_averaged() -> None:
    """The machine became 1.44 times slower in the middle of the call: its mean speed is that of two slices of one round."""
    slow = [process(block, [10.0 * 2 / (1 + 1 / 1.44)], [0]) for block in range(3)]
    quick = [process(block, [1.0, 1.44, 1.0, 1.44], [0, 0, 1, 2]) for block in range(3)]
    found = ratio(slow, quick)

    assert found is not None
    assert found.value == pytest.approx(10.0, rel=1e-6)


def test_single_outliers_are_outvoted() -> None:
    """Every seventh slice is ten times too long, in one of the two only: the ratio moves by less than two hundredths."""
    generator = np.random.default_rng(2)
    ones = [
        process(
            block, [2.0 * (10 if at % 7 == 0 else generator.lognormal(0, 0.02)) for at in range(42)]
        )
        for block in range(4)
    ]
    others = [process(block, generator.lognormal(0, 0.02, 42).tolist()) for block in range(4)]
    found = ratio(ones, others)

    assert found is not None
    assert found.value == pytest.approx(2.0, rel=0.02)


def test_ratios_agree_with_each_other() -> None:
    """a/b times b/c is a/c, and b/a is its inverse, whatever the noise."""
    generator = np.random.default_rng(3)
    network = Network(
        {
            name: [process(block, generator.lognormal(0, 0.3, 9).tolist()) for block in range(4)]
            for name in "abc"
        }
    )
    ab, bc, ac, ba = (network.ratio(*pair) for pair in ("ab", "bc", "ac", "ba"))

    assert ab is not None
    assert bc is not None
    assert ac is not None
    assert ba is not None
    assert ab.value * bc.value == pytest.approx(ac.value, rel=1e-6)
    assert (1 / ba.high, 1 / ba.value, 1 / ba.low) == pytest.approx((ab.low, ab.value, ab.high))


def test_what_was_fitted_is_not_fitted_again_and_says_the_same() -> None:
    """Block by block or at once; a variant more, and all is fitted anew."""
    generator = np.random.default_rng(4)
    processes = {
        name: [process(block, generator.lognormal(0, 0.3, 9).tolist()) for block in range(6)]
        for name in "abc"
    }
    grown: Network | None = None
    for blocks in (2, 3, 6):
        some = {name: each[:blocks] for name, each in processes.items()}
        grown = Network(some, earlier=grown)
    other = Network({name: processes[name] for name in "ab"}, earlier=grown)

    assert grown is not None
    found, at_once = grown.ratio("a", "b"), Network(processes).ratio("a", "b")
    assert found is not None
    assert at_once is not None
    assert (found.low, found.high) == pytest.approx((at_once.low, at_once.high), rel=1e-12)
    assert other.ratio("a", "c") is None
    assert other.ratio("a", "b") is not None


def test_the_last_bits_of_a_time_do_not_move_the_interval() -> None:
    """Another processor's logarithm may differ in its last bit: the interval differs as little, since nothing is drawn."""
    one = [process(block, [0.001 + 1e-5 * block] * 3) for block in range(5)]
    same = [process(block, [(0.001 + 1e-5 * block) * (1 + 1e-6)] * 3) for block in range(5)]
    other = [process(block, [0.001] * 3) for block in range(5)]
    first, second = ratio(one, other), ratio(same, other)

    assert first is not None
    assert second is not None
    assert (first.low, first.high) == pytest.approx((second.low, second.high), rel=1e-5)


# --------------------------------------------------------------------------- coverage


def simulated(
    generator: np.random.Generator,
    count: int,
    *,
    slow_mode_ticks: float = 0.0,
    bimodal: bool = False,
) -> Floats:
    """Log times of so many blocks as the bench takes them, by ticks of 5 ms; shape (blocks, rounds, variants).

    Four rounds of the quick ones, one of the slow call (60 ticks) between quick slices, four more.  The machine is 1.6
    times slower for a while, on average ``slow_mode_ticks``, a third of the time.  Processes differ by 3 %; bimodal, every
    third is 6 % slower on top.
    """
    machine = np.log(_machine(generator, count, 18 + 60, slow_mode_ticks))
    logs = np.full((count, 9, len(TRUE)), np.nan)
    logs[:, :4, 1:] = machine[:, 0:8:2, None]
    logs[:, 5:, 1:] = machine[:, -8::2, None]
    logs[:, 4, SLOW] = np.log(np.exp(machine[:, 9:69]).mean(axis=1))
    logs[:, 4, 1:] = (machine[:, [8]] + machine[:, [69]]) / 2
    own = generator.normal(0, 0.03, (count, 1, len(TRUE)))
    if bimodal:
        own += np.where(generator.random(own.shape) < 1 / 3, 0.04, -0.02)
    noise = generator.normal(0, 0.03, logs.shape)
    hit = np.where(generator.random(logs.shape) < 0.03, generator.exponential(0.5, logs.shape), 0.0)
    return logs + TRUE + own + noise + hit


def _machine(generator: np.random.Generator, count: int, ticks: int, mode: float) -> Floats:
    """How slow the machine is at each tick: 1 or 1.6."""
    if not mode:
        return np.ones((count, ticks))
    slow = generator.random(count) < 1 / 3
    states = np.empty((count, ticks))
    for tick in range(ticks):
        slow ^= generator.random(count) < np.where(slow, 1 / mode, 0.5 / mode)
        states[:, tick] = np.where(slow, 1.6, 1.0)
    return states


@dataclass(frozen=True, slots=True)
class Fitted:
    """Many blocks of one kind of machine, fitted once: any number of them is a run."""

    levels: Floats
    ties: NDArray[np.bool_]

    def share_covered(self, pair: tuple[int, int], of_one: int, of_other: int) -> float:
        """In how many runs the interval of a pair holds the true ratio; each takes part in so many of a run's blocks."""
        blocks = max(of_one, of_other)
        there, true = self.levels.copy(), math.exp(TRUE[pair[0]] - TRUE[pair[1]])
        number = np.arange(len(there)) % blocks
        there[number >= of_one, pair[0]] = np.nan
        there[number >= of_other, pair[1]] = np.nan
        runs = range(0, len(there) - blocks + 1, blocks)
        found = [
            contrast(there[at : at + blocks], self.ties[at : at + blocks], *pair) for at in runs
        ]
        return sum(one is not None and one.low <= true <= one.high for one in found) / len(runs)


MACHINES = {
    "quiet": {},
    "modes of 0.1 s": {"slow_mode_ticks": 20},
    "modes of 3 s": {"slow_mode_ticks": 600},
    "bimodal processes": {"slow_mode_ticks": 60, "bimodal": True},
}


@pytest.fixture(scope="module", params=MACHINES)
def fitted(request: pytest.FixtureRequest) -> Fitted:
    """The blocks of one machine."""
    generator = np.random.default_rng([18, len(request.param)])
    logs = simulated(generator, BLOCKS, **MACHINES[request.param])  # type: ignore[arg-type]
    return Fitted(levels(logs), tied(logs))


@pytest.mark.parametrize("blocks", [3, 5, 12])
@pytest.mark.parametrize("pair", [(QUICK, STEADY), (SLOW, QUICK)])
def test_coverage(fitted: Fitted, pair: tuple[int, int], blocks: int) -> None:
    """The 95 % interval holds the true ratio in at least 93 % of runs, few blocks or many."""
    assert fitted.share_covered(pair, blocks, blocks) >= LEAST


@pytest.mark.parametrize(("of_one", "of_other"), [(8, 3), (3, 8), (6, 4), (12, 4)])
def test_coverage_where_variants_sit_blocks_out(fitted: Fitted, of_one: int, of_other: int) -> None:
    """Each of the two may be missing in the last blocks; the others are always there."""
    assert fitted.share_covered((SLOW, QUICK), of_one, of_other) >= LEAST


@pytest.mark.parametrize("machine", MACHINES)
def test_coverage_of_pairs_that_never_meet(machine: str) -> None:
    """The slow one meets two companions only, and the pair is tied through them."""
    generator = np.random.default_rng([29, len(machine)])
    logs = simulated(generator, BLOCKS // 2, **MACHINES[machine])  # type: ignore[arg-type]
    logs[:, 4, [STEADY, QUICK, TWIN]] = np.nan

    assert Fitted(levels(logs), tied(logs)).share_covered((SLOW, QUICK), 5, 5) >= LEAST


def test_identical_variants_are_rarely_called_different() -> None:
    """A false verdict in at most 5 % of runs, plus three standard errors of 400 runs."""
    logs = simulated(np.random.default_rng(11), 2000, slow_mode_ticks=60)
    fits, ties = levels(logs), tied(logs)
    found = [
        contrast(fits[at : at + 5], ties[at : at + 5], QUICK, TWIN) for at in range(0, 2000, 5)
    ]
    wrong = sum(one is not None and verdict(one) is not Verdict.UNCLEAR for one in found)

    assert wrong / 400 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)
