"""The gate's policy: two lines, looks at set points, agreement of the units, and how often it errs."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.errors import ExitCode
from harness.judge import gate
from harness.judge.equality import exact
from harness.judge.gate import LOOKS, Counts, Slices, Unit
from harness.model.declared import Case, Gate, Technique, Verdict, sweep
from harness.model.gated import Gap, GateVerdict, KeyVerdict, Metric
from harness.model.judged import Estimate
from harness.model.measured import Key


def unit(log_ratio: float, log_average: float | None = None) -> Unit:
    """A unit that reads this of the typical call, and the same or something else of the average one."""
    average = log_ratio if log_average is None else log_average
    return Unit(log_ratio, average, log_ratio, 100, 1000, 1e-4)


def units(*percent: float) -> list[Unit]:
    """Units that read these slowdowns, in per cent."""
    return [unit(math.log1p(value / 100)) for value in percent]


def key(verdict: Verdict, metric: Metric = Metric.TIME) -> KeyVerdict:
    """A key of which only the verdict matters."""
    return KeyVerdict(Key("c", "v", "1"), metric, None, verdict, None, 0, "", None, False, 0.0)


def test_a_unit_is_the_median_of_its_pairs() -> None:
    """Pairs of 10 % faster, level and 10 % slower: level; one wild pair changes nothing."""
    pairs = [(100, 90), (100, 100), (100, 110), (100, 100), (100, 9000)]
    found = gate.unit_of(Slices(pairs, loops=4, control=[(10, 10)]))

    assert found == Unit(0.0, math.log(9400 / 500), 0.0, 5, 20, 25e-9)


def test_an_average_has_what_one_call_in_many_does() -> None:
    """Every 33rd slice twice as long: nothing for the typical call, +3 % for the average one."""
    pairs = [(100, 200 if number % 33 == 0 else 100) for number in range(330)]
    found = gate.unit_of(Slices(pairs, loops=1))

    assert found.log_ratio == 0.0
    assert math.expm1(found.log_average) == pytest.approx(1 / 33)


def test_pairs_in_which_the_processor_was_taken_away_are_no_part_of_the_average() -> None:
    """What the system says leaves a pair out, on whichever side it was; without a majority of others all count."""
    pairs = [(100, 100)] * 6 + [(100, 4000), (9000, 100)]
    half = [False] * 6 + [True] * 2
    most = [True] * 6 + [False] * 2

    assert gate.unit_of(Slices(pairs, 1, disturbed=half)).log_average == 0.0
    assert gate.unit_of(Slices(pairs, 1, disturbed=most)).log_average == pytest.approx(
        math.log(4700 / 9700)
    )


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


def play(draw: Callable[[], Unit], metric: Metric = Metric.TIME) -> Verdict:
    """Play one gate on simulated units, confirmation and all."""
    found: list[Unit] = []
    for look in LOOKS:
        found += [draw() for _ in range(look - len(found))]
        verdict = gate.judge(found, tolerance=0.01, metric=metric).verdict
        if verdict is not None:
            break
    assert verdict is not None
    if verdict is Verdict.SLOWER and not gate.confirms(
        [draw() for _ in range(gate.CONFIRMING)], tolerance=0.01, metric=metric
    ):
        return Verdict.UNCLEAR
    return verdict


def decide(source: random.Random, slowdown: float, spread: float, wild: float = 0.0) -> Verdict:
    """Play one gate on normal units, some of them wild."""

    def draw() -> Unit:
        value = source.gauss(math.log1p(slowdown), spread)
        return unit(value + source.choice((-0.04, 0.04)) if source.random() < wild else value)

    return play(draw)


def bimodal(source: random.Random, slowdown: float, apart: float) -> Unit:
    """A unit of a program that runs at two speeds, each side at either of them by chance."""
    return unit(math.log1p(slowdown) + source.choice((-apart, apart)) + source.gauss(0.0, 0.0005))


def test_a_whole_catalogue_of_identical_code_gives_no_false_alarm() -> None:
    """Ten gates of 240 keys, by the typical and by the average call; one key in ten runs at two speeds.

    GIVEN units that spread by 0.1 to 3 %, wild ones among them THEN of 4800 verdicts at most two are slower: an alarm
    in five gates, where a first look alone would give several in each.
    """
    source = random.Random(11)
    alarms = 0
    for number in range(4800):
        spread = source.choice((0.001, 0.003, 0.006, 0.015, 0.03))
        metric = (Metric.TIME, Metric.AVERAGE)[number % 2]
        verdict = (
            play(lambda: bimodal(source, 0.0, 0.015), metric)
            if number % 10 == 0
            else decide(source, 0.0, spread, 0.03)
        )
        alarms += verdict is Verdict.SLOWER

    assert alarms <= 2


@pytest.mark.parametrize("apart", [0.005, 0.015, 0.04])
def test_two_speeds_are_hardly_ever_called_a_slowdown(apart: float) -> None:
    """Every process at one of two speeds: at most one alarm in a thousand gates."""
    source = random.Random(12)

    assert (
        sum(play(lambda: bimodal(source, 0.0, apart)) is Verdict.SLOWER for _ in range(1000)) <= 1
    )


@pytest.mark.parametrize(("spread", "wild"), [(0.002, 0.0), (0.003, 0.03), (0.006, 0.0)])
def test_two_percent_are_found_95_times_in_100(spread: float, wild: float) -> None:
    """Detection after confirmation, on quiet and on busy machines."""
    source = random.Random(13)

    assert sum(decide(source, 0.02, spread, wild) is Verdict.SLOWER for _ in range(500)) >= 475


@pytest.mark.parametrize("every", [33, 500])
def test_rare_work_is_found_by_the_average_and_not_by_the_typical_call(every: int) -> None:
    """One call in ``every`` does more work, 3 % in all; each process sees it at another phase, under noise."""
    source = random.Random(every)
    more = round(0.03 * every)

    def draw() -> Unit:
        phase = source.randrange(every)
        pairs = []
        for number in range(400):
            calls = range(phase + number * 5, phase + number * 5 + 5)
            rare = sum(call % every == 0 for call in calls) * more
            noise = [max(1, round(source.gauss(1000, 30))) for _ in range(2)]
            pairs.append((5 * noise[0], 5 * noise[1] + 1000 * rare))
        return gate.unit_of(Slices(pairs, loops=5))

    found = [draw() for _ in range(LOOKS[-1])]
    average = gate.judge(found, tolerance=0.01, metric=Metric.AVERAGE)

    assert average.verdict is Verdict.SLOWER
    assert average.ratio.low < 1.03 < average.ratio.high
    assert gate.judge(found, tolerance=0.01).ratio.value < average.ratio.low
    assert gate.confirms(
        [draw() for _ in range(gate.CONFIRMING)], tolerance=0.01, metric=Metric.AVERAGE
    )


def test_an_undecided_average_is_worth_more_units_only_beyond_the_red_line() -> None:
    """One that reads nothing is left as it is, or a noisy machine would measure every key to the end."""
    noisy = (6.0, -4.0, 5.0, -3.0, 2.0, 0.0)
    level = gate.judge(units(*(value - 1 for value in noisy)), tolerance=0.01)
    beyond = gate.judge(units(*(value + 1 for value in noisy)), tolerance=0.01)

    assert (level.verdict, beyond.verdict) == (None, None)
    assert not gate.promising(level, tolerance=0.01)
    assert gate.promising(beyond, tolerance=0.01)


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
        return [unit(source.gauss(math.log1p(slowdown), 0.004)) for _ in range(LOOKS[-1])]

    effect = statistics.fmean(
        gate.judge(last_look(0.0), tolerance=0.01).smallest_effect for _ in range(300)
    )
    found = sum(
        gate.judge(last_look(effect), tolerance=0.01).verdict is Verdict.SLOWER for _ in range(1000)
    )

    assert found >= 930


def test_fresh_processes_must_repeat_a_slowdown() -> None:
    """Above the red line and hardly ever below nothing, or with a certain mean: confirmed; level ones: not."""
    assert gate.confirms(units(*[1.0, 1.1, 0.4, 0.9] * 3), tolerance=0.01)
    assert gate.confirms(units(*[9.0, 8.0, 10.0] * 3, -1.0, -1.0, 9.0), tolerance=0.01)
    assert not gate.confirms(units(*[0.1, -0.1, 0.0, 2.0] * 3), tolerance=0.01)
    assert not gate.confirms(units(*[0.4] * 12), tolerance=0.01)
    assert not gate.confirms(units(*[1.5] * 9, *[-1.5] * 3), tolerance=0.01)


def test_a_control_that_moves_spoils_the_run() -> None:
    """The control is judged by the red line, in both directions; a wide interval around nothing is no movement."""
    assert gate.control_moved(units(3.0, 3.1, 2.9, 3.0), tolerance=0.01)
    assert gate.control_moved(units(-3.0, -3.1, -2.9, -3.0), tolerance=0.01)
    assert not gate.control_moved(units(0.1, -0.1, 0.2, -0.2), tolerance=0.01)


def test_a_noisy_machine_is_told_from_a_quiet_one() -> None:
    """Identical code that spreads by 0.2 % is fine; by 8 %, nobody can judge 1 %."""
    assert not gate.too_noisy(units(0.2, -0.2, 0.1, -0.1, 0.0), tolerance=0.01)
    assert gate.too_noisy(units(8.0, -8.0, 4.0, -4.0, 0.0), tolerance=0.01)


def counted(*heads: tuple[float, float]) -> list[Counts]:
    """Counts under as many hash seeds: a base of a thousand instructions a call, on one call and on two more."""
    return [Counts((1000, 2000), (first, 2 * rest), (1, 2)) for first, rest in heads]


@pytest.mark.parametrize(
    ("heads", "verdict", "uneven"),
    [
        (((1000, 1000), (1001, 1001)), Verdict.SAME, False),
        (((1005, 1005), (1006, 1006)), Verdict.SLOWER, False),
        (((1005, 1005), (1001, 1001)), Verdict.UNCLEAR, False),  # the hash seeds disagree
        (((900, 900), (901, 901)), Verdict.SAME, False),  # fewer instructions are no speed-up
        (((1000, 1030), (1000, 1030)), Verdict.UNCLEAR, True),  # the numbers of calls disagree
        (
            ((1040, 1020), (1040, 1020)),
            Verdict.SLOWER,
            True,
        ),  # slower either way, by how much is open
    ],
)
def test_instructions_are_judged_by_every_hash_seed_and_number_of_calls(
    heads: tuple[tuple[float, float], ...], verdict: Verdict, uneven: bool
) -> None:
    """The line is a quarter of the tolerance, and all parts must be beyond it."""
    assert gate.judge_counts(counted(*heads), tolerance=0.01).verdict is verdict
    assert gate.uneven(counted(*heads), tolerance=0.01) is uneven


def test_counts_are_over_all_calls() -> None:
    """One call in three takes a thousand more: a third, whatever its place; the parts are the interval."""
    said = gate.judge_counts(counted((2000, 1000)), tolerance=0.01).ratio

    assert (said.value, said.low, said.high) == (pytest.approx(4 / 3), 1.0, 2.0)


def test_more_instructions_in_less_time_are_no_regression() -> None:
    """Vector code may execute more and take less; only a proven gain overrules."""
    counted = key(Verdict.SLOWER, Metric.INSTRUCTIONS)

    assert gate.overruled(counted, key(Verdict.FASTER))
    assert not gate.overruled(counted, key(Verdict.SAME))
    assert not gate.overruled(counted, None)


def average(verdict: Verdict, low: float) -> KeyVerdict:
    """An average whose interval begins there."""
    return replace(key(verdict, Metric.AVERAGE), ratio=Estimate(low + 0.02, low, low + 0.04))


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
        ({"keys": [average(Verdict.UNCLEAR, 0.99)]}, ExitCode.OK, GateVerdict.PASS),  # no finding
        (
            {"keys": [average(Verdict.UNCLEAR, 1.001)]},
            ExitCode.INCONCLUSIVE,
            GateVerdict.INCONCLUSIVE,
        ),  # more than nothing, how much is open
        (
            {"keys": [key(Verdict.SAME), average(Verdict.SLOWER, 1.02)]},
            ExitCode.REGRESSION,
            GateVerdict.REGRESSION,
        ),
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


def sized(variant: str, technique: Technique, *names: str, **on: str) -> str:
    """The workload of a case that declares these for the gate."""
    case = Case(
        function="f",
        variants=("naive", "mine"),
        workloads=sweep(lambda n, seed: (n, seed), n=(1, 2, 3, 4, 5, 6, 7, 8)),
        same=exact,
        gate=Gate(workloads=names, on=on),
    )
    return gate.choose_workload(case, variant, technique)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (("naive", Technique.PYTHON, "1", "2", "3"), "1"),
        (("mine", Technique.PYTHON, "1", "2", "3"), "1"),
        (("mine", Technique.PYTHON, "1", "2", "3", "4", "5"), "2"),
        (("mine", Technique.CYTHON, "1", "2", "3"), "2"),
        (("mine", Technique.NUMBA, "2"), "2"),
        (("mine", Technique.LIBRARY, *"12345678"), "2"),
        (("naive", Technique.PYTHON), "1"),  # S, M and L are 1, 5 and 8
        (("mine", Technique.CYTHON), "5"),
    ],
)
def test_the_workload_follows_from_the_declaration(
    said: tuple[str, Technique], expected: str
) -> None:
    """The reference on the first, compiled code on the middle one, everything else a quarter of the way up."""
    assert sized(*said) == expected


def test_a_case_may_name_the_workload_of_a_variant() -> None:
    """``Gate(on=...)`` comes before the rule."""
    assert sized("mine", Technique.CYTHON, "1", "2", "3", mine="8") == "8"
