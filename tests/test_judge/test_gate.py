"""The gate's policy: two lines, looks at set points, agreement of the units, and how often it errs."""

from __future__ import annotations

import math
import random
import statistics

import pytest

from harness.errors import ExitCode
from harness.judge import gate
from harness.judge.gate import LOOKS, Unit
from harness.model.declared import Verdict
from harness.model.gated import Gap, GateVerdict, KeyVerdict, Metric
from harness.model.measured import Key


def units(*percent: float) -> list[Unit]:
    """Units that read these slowdowns, in per cent."""
    return [Unit(math.log1p(value / 100), math.log1p(value / 100), 100, 1e-4) for value in percent]


def key(verdict: Verdict, metric: Metric = Metric.TIME) -> KeyVerdict:
    """A key of which only the verdict matters."""
    return KeyVerdict(Key("c", "v", "1"), metric, None, verdict, None, 0, "", None, False, 0.0)


def test_a_unit_is_the_median_of_its_pairs() -> None:
    """Pairs of 10 % faster, level and 10 % slower: level; one wild pair changes nothing."""
    unit = gate.unit_of(
        [(100, 90), (100, 100), (100, 110), (100, 100), (100, 9000)], [(10, 10)], loops=4
    )

    assert unit == Unit(0.0, 0.0, 5, 25e-9)


@pytest.mark.parametrize(
    ("percent", "verdict"),
    [
        ((2.0, 2.1, 1.9, 2.0, 2.1, 1.9), Verdict.SLOWER),
        ((0.0, 0.1, -0.1, 0.0, 0.1, -0.1), Verdict.SAME),
        ((-2.0, -2.1, -1.9, -2.0, -2.1, -1.9), Verdict.FASTER),
        (
            (0.4, 0.4, 0.41, 0.4, 0.4, 0.41),
            Verdict.SAME,
        ),  # below half the tolerance: never red, however certain
        ((5.0, -3.0, 4.0, -2.0, 1.0, 0.0), None),  # undecided: more processes
        ((5.0, -3.0, 4.0, -2.0, 1.0, 0.0) * 3, Verdict.UNCLEAR),  # the last look is past
    ],
)
def test_two_lines(percent: tuple[float, ...], verdict: Verdict | None) -> None:
    """Red above T / 2 with the whole interval, green below T with the whole interval, anything else undecided."""
    assert gate.judge(units(*percent), tolerance=0.01).verdict == verdict


def test_a_far_off_process_does_not_decide_alone() -> None:
    """Fifteen units at nothing and one at +40 %: the same."""
    assert gate.judge(units(*[0.0, 0.05, -0.05] * 5, 40.0), tolerance=0.01).verdict is Verdict.SAME


def test_units_must_agree_before_anything_is_red() -> None:
    """A mean beyond the line that fewer than two thirds of the units share is not red."""
    verdict = gate.judge(units(*[0.45] * 6, *[2.0] * 10), tolerance=0.01).verdict

    assert verdict is not Verdict.SLOWER


def test_the_trimmed_interval_is_the_book_s() -> None:
    """Tukey and McLaughlin by hand: 0..9 with one cut at either end: mean 4.5, winsorised deviation, 7 degrees of freedom."""
    center, error, freedom = gate.trimmed([float(value) for value in range(10)])
    winsorised = [1, 1, 2, 3, 4, 5, 6, 7, 8, 8]
    spread = math.sqrt(sum((value - 4.5) ** 2 for value in winsorised) / 9)

    assert (center, freedom) == (4.5, 7)
    assert error == pytest.approx(spread / (0.8 * math.sqrt(10)))


def decide(source: random.Random, slowdown: float, spread: float, wild: float = 0.0) -> Verdict:
    """Play one gate on simulated units, confirmation and all."""

    def draw() -> Unit:
        value = source.gauss(math.log1p(slowdown), spread)
        return Unit(
            value + source.choice((-0.04, 0.04)) if source.random() < wild else value,
            None,
            100,
            1e-4,
        )

    found: list[Unit] = []
    for look in LOOKS:
        found += [draw() for _ in range(look - len(found))]
        verdict = gate.judge(found, tolerance=0.01).verdict
        if verdict is not None:
            break
    assert verdict is not None
    if verdict is Verdict.SLOWER and not gate.confirms(
        [draw() for _ in range(gate.CONFIRMING)], tolerance=0.01
    ):
        return Verdict.UNCLEAR
    return verdict


@pytest.mark.parametrize("wild", [0.0, 0.03])
@pytest.mark.parametrize("spread", [0.001, 0.003, 0.006])
def test_identical_code_is_never_called_slower(spread: float, wild: float) -> None:
    """A thousand gates of identical code at three levels of noise, with wild processes and without: no false alarm."""
    source = random.Random(7)

    assert sum(decide(source, 0.0, spread, wild) is Verdict.SLOWER for _ in range(1000)) == 0


def test_half_the_tolerance_is_rarely_called_slower() -> None:
    """At the red line itself the chance is what was promised: 2.5 % over all looks, with confirmation less."""
    source = random.Random(8)

    assert sum(decide(source, 0.005, 0.003) is Verdict.SLOWER for _ in range(1000)) < 25


@pytest.mark.parametrize(("slowdown", "least"), [(0.01, 0.95), (0.02, 0.99)])
def test_a_slowdown_of_the_tolerance_is_found(slowdown: float, least: float) -> None:
    """At the spread that units have on shared machines (0.3 %), with three wild processes in a hundred."""
    source = random.Random(9)

    assert (
        sum(decide(source, slowdown, 0.003, 0.03) is Verdict.SLOWER for _ in range(1000))
        >= 1000 * least
    )


def test_the_smallest_effect_is_found_95_times_in_100() -> None:
    """What is printed beside a verdict keeps its word, at the last look."""
    source = random.Random(10)

    def last_look(slowdown: float) -> list[Unit]:
        return [
            Unit(source.gauss(math.log1p(slowdown), 0.004), None, 1, 1e-4) for _ in range(LOOKS[-1])
        ]

    effect = statistics.fmean(
        gate.judge(last_look(0.0), tolerance=0.01).smallest_effect for _ in range(300)
    )
    found = sum(
        gate.judge(last_look(effect), tolerance=0.01).verdict is Verdict.SLOWER for _ in range(1000)
    )

    assert found >= 930


def test_fresh_processes_must_repeat_a_slowdown() -> None:
    """Three of four above the red line and none below nothing: confirmed; level ones: not."""
    assert gate.confirms(units(1.0, 1.1, 0.4, 0.9), tolerance=0.01)
    assert not gate.confirms(units(0.1, -0.1, 0.0, 2.0), tolerance=0.01)


def test_a_control_that_moves_spoils_the_run() -> None:
    """The control is judged by the red line, in both directions; a wide interval around nothing is no movement."""
    assert gate.control_moved(units(3.0, 3.1, 2.9, 3.0), tolerance=0.01)
    assert gate.control_moved(units(-3.0, -3.1, -2.9, -3.0), tolerance=0.01)
    assert not gate.control_moved(units(0.1, -0.1, 0.2, -0.2), tolerance=0.01)


def test_a_noisy_machine_is_told_from_a_quiet_one() -> None:
    """Identical code that spreads by 0.2 % is fine; by 8 %, nobody can judge 1 %."""
    assert not gate.too_noisy(units(0.2, -0.2, 0.1, -0.1, 0.0), tolerance=0.01)
    assert gate.too_noisy(units(8.0, -8.0, 4.0, -4.0, 0.0), tolerance=0.01)


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        (((1000, 1000), (1001, 1001), (1002, 1002)), Verdict.SAME),
        (((1000, 1005), (1001, 1006), (1002, 1007)), Verdict.SLOWER),
        (((1000, 1005), (1001, 1001), (1002, 1002)), Verdict.UNCLEAR),  # the hash seeds disagree
        (
            ((1000, 900), (1001, 901), (1002, 902)),
            Verdict.SAME,
        ),  # fewer instructions are no speed-up
    ],
)
def test_instructions_are_judged_by_every_hash_seed(
    counts: tuple[tuple[int, int], ...], verdict: Verdict
) -> None:
    """The line is a quarter of the tolerance, and all seeds must be beyond it."""
    assert gate.judge_counts(counts, tolerance=0.01).verdict is verdict


def test_more_instructions_in_less_time_are_no_regression() -> None:
    """Vector code may execute more and take less; only a proven gain overrules."""
    counted = key(Verdict.SLOWER, Metric.INSTRUCTIONS)

    assert gate.overruled(counted, key(Verdict.FASTER))
    assert not gate.overruled(counted, key(Verdict.SAME))
    assert not gate.overruled(counted, None)


GAP = (Gap("c", "v", "raised", ""),)


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        ({"keys": [key(Verdict.SAME), key(Verdict.FASTER)]}, ExitCode.OK, GateVerdict.PASS),
        (
            {"keys": [key(Verdict.SLOWER), key(Verdict.UNCLEAR)]},
            ExitCode.REGRESSION,
            GateVerdict.REGRESSION,
        ),
        ({"keys": [key(Verdict.UNCLEAR)]}, ExitCode.INCONCLUSIVE, GateVerdict.INCONCLUSIVE),
        (
            {"keys": [key(Verdict.SLOWER)], "missing": GAP},
            ExitCode.NOT_MEASURED,
            GateVerdict.NOT_MEASURED,
        ),
        (
            {"keys": [key(Verdict.SLOWER)], "missing": GAP, "wrong": GAP},
            ExitCode.WRONG_ANSWER,
            GateVerdict.NOT_EQUIVALENT,
        ),
        (
            {"keys": [], "listed": 0},
            ExitCode.INCONCLUSIVE,
            GateVerdict.INCONCLUSIVE,
        ),  # measured nothing: never a pass
        (
            {"keys": [key(Verdict.SAME)], "noisy": True},
            ExitCode.INCONCLUSIVE,
            GateVerdict.INCONCLUSIVE,
        ),
        ({"keys": []}, ExitCode.OK, GateVerdict.PASS),  # everything is unchanged
    ],
)
def test_the_gravest_finding_speaks(
    arguments: dict[str, object], code: ExitCode, word: GateVerdict
) -> None:
    """3, 4, 1, 5, and 0 only if nothing is left to say."""
    given = {"missing": (), "wrong": (), "listed": 3, "noisy": False, **arguments}

    assert gate.exit_code(**given) is code  # type: ignore[arg-type]
    assert gate.gate_verdict(code) is word


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(0, 200, 0.0, 0.0183), (10, 10, 0.6915, 1.0), (3, 10, 0.0667, 0.6525)],
)
def test_rates_have_the_exact_interval(
    successes: int, trials: int, low: float, high: float
) -> None:
    """Clopper and Pearson, against published tables."""
    found = gate.rate(successes, trials)

    assert found.value == successes / trials
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))
