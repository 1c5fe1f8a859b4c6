"""The gate measures itself: slowdowns of known size, and none at all, planted into real variants again and again."""

from __future__ import annotations

import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean, median
from typing import TypeAlias

from harness.errors import AskedWrongly
from harness.judge import gate as policy
from harness.lab.catalogue import HOME, find_case
from harness.lab.gate import builds, changes, counting, revisions
from harness.lab.gate.alike import our_files
from harness.lab.gate.changes import Place, Revision, Sides
from harness.lab.gate.timing import Match, Timer
from harness.lab.machine import this_machine
from harness.lab.proof import Services
from harness.lab.supervisor import Confines
from harness.model.declared import Technique, Verdict
from harness.model.gated import Detection, Metric, SelfTest
from harness.model.measured import Key

Told: TypeAlias = Callable[[str], None]
SLOWDOWNS = (0.005, 0.01, 0.02, 0.05)
_TECHNIQUES = (Technique.PYTHON, Technique.CYTHON, Technique.NUMPY)
_PLANTED_SHARE = 6
"""One in so many trials of identical code is repeated with each slowdown planted."""
_COUNTED_SHARE = 40
"""Counts hardly vary, and counting is dear: one in so many."""
_CALIBRATING_SHARE = 0.2
"""Slowdown, roughly, at which the cost of a planted turn is measured."""
_CALIBRATING_TURNS = 2000
_CALIBRATING_UNITS = 8
_BUSY = """
import random, time
while True:
    end = time.perf_counter() + random.uniform(0.005, 0.2)
    while time.perf_counter() < end:
        sum(range(200))
    time.sleep(random.uniform(0.005, 0.2))
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What to try, and how often."""

    cases: tuple[str, ...] = ("dedupe", "heat2d")
    variants: tuple[str, ...] = ()
    """Empty: the first pure Python, Cython and NumPy variant of the cases."""
    trials: int = 200
    """Of identical code, by time."""
    metrics: tuple[Metric, ...] = tuple(Metric)
    tolerance: float = 0.01
    budget_seconds: float = 10.0
    load: int = 0
    timeout_seconds: float = 30.0
    memory_bytes: int = 4 << 30


@dataclass(frozen=True, slots=True)
class Outcome:
    """One trial."""

    slowdown: float
    metric: Metric
    verdict: Verdict
    read: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Subject:
    """One variant on two identical sides, and how many planted turns make it slower by how much."""

    match: Match
    turns_per_share: dict[Metric, float]

    def planted(self, slowdown: float, metric: Metric) -> Match:
        """The match with so much planted into its head."""
        return replace(self.match, spin=round(self.turns_per_share[metric] * slowdown))


def run(asked: Asked, tell: Told, keep: Callable[[SelfTest], None]) -> SelfTest:
    """Try identical and slowed code in random order; ``keep`` gets what is known after each trial."""
    order = random.Random(0)
    if Metric.INSTRUCTIONS in asked.metrics:
        counting.require_callgrind()
    started = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    with ExitStack() as stack:
        stack.enter_context(other_work(asked.load))
        subjects = [
            _calibrated(match, asked, order, tell) for match in _matches(asked, stack, tell)
        ]
        trials = _trials(asked, subjects, order)
        outcomes: list[Outcome] = []
        report = _summary(asked, subjects, outcomes, started)
        for number, (subject, slowdown, metric) in enumerate(trials, 1):
            name = subject.match.variant
            tell(f"trial {number} of {len(trials)}: {name}, {metric}, {slowdown:.1%} planted")
            outcomes += _trial(subject, slowdown, metric, asked, order)
            report = _summary(asked, subjects, outcomes, started)
            keep(report)
    return replace(report, complete=True)


@contextmanager
def other_work(processes: int) -> Iterator[None]:
    """Run this many processes that compute and rest in turn, for 5 to 200 ms each."""
    started = [
        subprocess.Popen([sys.executable, "-c", _BUSY], stdin=subprocess.DEVNULL)
        for _ in range(processes)
    ]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def _matches(asked: Asked, stack: ExitStack, tell: Told) -> list[Match]:
    """Two copies of the same sources for each variant to be tried."""
    confines = Confines(asked.timeout_seconds, asked.memory_bytes)
    files = our_files()
    base, head = (
        stack.enter_context(revisions.copied(HOME, files, label=label))
        for label in ("base", "head")
    )
    scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="perflab-selftest-")))
    matches: list[Match] = []
    for name in asked.cases:
        here = find_case(name)
        if here.origin != "catalogue":
            raise AskedWrongly(
                f"{name} is no case of the catalogue",
                "the self-test plants slowdowns into the catalogue's own variants",
            )
        place = Place(name, here.module, here.folder.relative_to(HOME), here.origin)
        sides = Sides(name, _revision(base, place), _revision(head, place))
        assert sides.base is not None
        assert sides.head is not None
        services = stack.enter_context(Services(sides.head.found, sides.head.case, confines))
        for variant, technique in _picked(
            sides.head, asked.variants, [match.technique for match in matches]
        ):
            for root, revision in ((base, sides.base), (head, sides.head)):
                for problem in builds.provide(
                    root, changes.bodies_of(revision, variant), tell=tell
                ).values():
                    raise problem
            workload = policy.choose_workload(sides.head.case, variant, technique)
            folder = scratch / f"{name}-{variant}"
            folder.mkdir()
            matches.append(
                Match(
                    sides.base, sides.head, variant, workload, technique, confines, services, folder
                )
            )
    if not matches:
        raise AskedWrongly(
            f"no variant called {' or '.join(asked.variants)} in {', '.join(asked.cases)}",
            "python -m harness list shows them",
        )
    return matches


def _revision(root: Path, place: Place) -> Revision:
    found = changes.in_revision(root, place)
    assert found is not None
    assert found.tree is not None
    revisions.compile_modules(found.tree)
    return Revision(found, found.load())


def _picked(
    revision: Revision, wanted: Sequence[str], had: Sequence[Technique]
) -> list[tuple[str, Technique]]:
    variants = revision.found.variants(revision.case)
    if wanted:
        return [(one.name, one.technique) for one in variants if one.name in wanted]
    picked = []
    for technique in _TECHNIQUES:
        # a reference is slow on purpose; what people gate is what they made fast
        first = next(
            (
                one
                for one in variants
                if one.technique is technique and one.name != revision.case.reference
            ),
            None,
        )
        if first is not None and technique not in had:
            picked.append((first.name, technique))
    return picked


def _calibrated(match: Match, asked: Asked, order: random.Random, tell: Told) -> Subject:
    """Measure what a planted turn costs: in time, side by side with the call itself; in instructions, by counting."""
    turns: dict[Metric, float] = {}
    if Metric.TIME in asked.metrics:
        tell(f"{match.variant}: measuring what a planted turn costs in time")
        guess = _turns_for(match, _CALIBRATING_TURNS, asked, order, units=1)
        probing = max(1, round(guess * _CALIBRATING_SHARE))
        turns[Metric.TIME] = _turns_for(match, probing, asked, order, units=_CALIBRATING_UNITS)
    if Metric.INSTRUCTIONS in asked.metrics:
        tell(f"{match.variant}: counting what a planted turn costs in instructions")
        counted = counting.count(
            replace(match, spin=_CALIBRATING_TURNS),
            tolerance=asked.tolerance,
            tell=tell,
            hash_seeds=(0,),
        )
        turns[Metric.INSTRUCTIONS] = _CALIBRATING_TURNS / (counted.judgement.ratio.value - 1)
    return Subject(match, turns)


def _turns_for(match: Match, spin: int, asked: Asked, order: random.Random, *, units: int) -> float:
    """Turns that would make a call twice as long."""
    timer = Timer(
        replace(match, spin=spin), asked.tolerance, 2 * asked.budget_seconds, lambda _: None, order
    )
    read = median(unit.log_ratio for unit in timer.units(units))
    return spin / max(1e-4, math.expm1(read))


def _trials(
    asked: Asked, subjects: Sequence[Subject], order: random.Random
) -> list[tuple[Subject, float, Metric]]:
    """All trials in random order, each variant equally often."""
    plan: list[tuple[float, Metric]] = []
    for metric in asked.metrics:
        if metric is Metric.AVERAGE:  # what is timed gives both
            continue
        identical = (
            asked.trials if metric is Metric.TIME else max(1, asked.trials // _COUNTED_SHARE)
        )
        slowed = max(
            1, asked.trials // (_PLANTED_SHARE if metric is Metric.TIME else _COUNTED_SHARE)
        )
        plan += [(0.0, metric)] * identical + [
            (slowdown, metric) for slowdown in SLOWDOWNS for _ in range(slowed)
        ]
    counts: dict[tuple[float, Metric], int] = {}
    trials = []
    for slowdown, metric in plan:
        number = counts[slowdown, metric] = counts.get((slowdown, metric), -1) + 1
        trials.append((subjects[number % len(subjects)], slowdown, metric))
    order.shuffle(trials)
    return trials


def _trial(
    subject: Subject, slowdown: float, metric: Metric, asked: Asked, order: random.Random
) -> list[Outcome]:
    match, started = subject.planted(slowdown, metric), time.monotonic()
    if metric is Metric.INSTRUCTIONS:
        seeds = [order.randrange(1 << 32) for _ in counting.HASH_SEEDS]
        counted = counting.count(
            match, tolerance=asked.tolerance, tell=lambda _: None, hash_seeds=seeds
        )
        verdict = counted.judgement.verdict or Verdict.UNCLEAR
        read = counted.judgement.ratio.value - 1
        return [Outcome(slowdown, metric, verdict, read, time.monotonic() - started)]
    timed = Timer(match, asked.tolerance, asked.budget_seconds, lambda _: None, order).run()
    seconds = time.monotonic() - started
    return [
        Outcome(slowdown, metric, said.verdict, said.judgement.ratio.value - 1, seconds)
        for metric, said in ((Metric.TIME, timed.typical), (Metric.AVERAGE, timed.average))
    ]


def _summary(
    asked: Asked, subjects: Sequence[Subject], outcomes: Sequence[Outcome], started: str
) -> SelfTest:
    groups: dict[tuple[Metric, float], list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault((outcome.metric, outcome.slowdown), []).append(outcome)
    return SelfTest(
        machine=this_machine(),
        started=started,
        load=asked.load,
        load_average=round(os.getloadavg()[1], 2),
        variants=tuple(
            Key(one.match.head.found.name, one.match.variant, one.match.workload)
            for one in subjects
        ),
        tolerance=asked.tolerance,
        budget_seconds=asked.budget_seconds,
        detections=tuple(
            _detection(metric, slowdown, group)
            for (metric, slowdown), group in sorted(groups.items())
        ),
        complete=False,
    )


def _detection(metric: Metric, slowdown: float, group: Sequence[Outcome]) -> Detection:
    slower = sum(outcome.verdict is Verdict.SLOWER for outcome in group)
    return Detection(
        slowdown=slowdown,
        metric=metric,
        trials=len(group),
        slower=slower,
        unclear=sum(outcome.verdict is Verdict.UNCLEAR for outcome in group),
        rate=policy.rate(slower, len(group)),
        read=median(outcome.read for outcome in group),
        seconds=round(fmean(outcome.seconds for outcome in group), 2),
    )
