"""Examines one variant against the answer sheet, in a process of its own; the evidence of a certificate."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from harness.errors import words_of
from harness.judge.comparison.matching import text_of
from harness.judge.comparison.words import NotComparable, show
from harness.judge.equality import Strict, Unordered
from harness.lab.worker import detectors
from harness.lab.worker.answers import (
    Entry,
    Raise,
    Raised,
    answer_of,
    outcome_of,
    outcomes_differ,
    smallest_failing,
)
from harness.lab.worker.copies import Originals, pickled
from harness.lab.worker.detectors import Finding
from harness.lab.worker.instruments import monotonic, seconds_now
from harness.lab.worker.subject import Subject
from harness.lab.worker.surroundings import Ledger
from harness.model.declared import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.model.declared import (
        Answer,
        Arguments,
        Case,
        Difference,
        Limits,
        Relation,
        Workload,
    )

REPEATS = 32
_DRIFT_SECONDS = 0.5
_CACHED_SECONDS = 0.6
_SHRINK_SECONDS = 3.0
_PAIR_SECONDS = 0.15
"""A workload whose making and three calls take longer is too slow for the cached-result detector."""


@dataclass(slots=True)
class Examination:
    """One variant before the bench: goes through the sheet and stops at the first finding."""

    subject: Subject
    case: Case
    limits: Limits
    alive: Callable[..., None]
    """``alive(at)``: another step begins, on this input."""
    quick: bool = False
    """Answers only: for mechanical mutants, where speed and leftovers say nothing."""
    inputs: int = 0
    repeats: int = 0
    warnings: list[str] = field(default_factory=list)
    failed_entry: int | None = None
    _looked: int = 0
    """On how many inputs it was called again and again: one."""
    gaps: dict[str, str] = field(default_factory=dict)
    """Workloads on which it raised, and what it said."""
    _ledger: Ledger = field(init=False)

    def run(self, sheet: list[Entry]) -> Finding | None:
        """Return the first finding, or None."""
        self._ledger = Ledger(self.subject)
        order = sorted(range(len(sheet)), key=lambda index: sheet[index].kind != "workload")
        for position, index in enumerate(order):
            entry = sheet[index]
            if entry.workload in self.gaps:
                continue
            try:
                finding = self._one(sheet, index, order[:position]) or detectors.replaced_clock()
            except Raised as error:
                if not entry.workload or self.quick:
                    raise
                self.gaps[entry.workload] = str(error)  # costs it this workload only
                continue
            if finding is None and self._looked == 0 and not (self.quick or entry.raises):
                self._looked = 1
                finding = detectors.left_running(self.subject, self._ledger) or self._repeat(
                    sheet[index]
                )
            if finding is not None:
                self.failed_entry = index
                return finding
        if self.quick:
            return None
        if self.gaps and {entry.workload for entry in sheet if entry.workload} == set(self.gaps):
            raise Raised(next(iter(self.gaps.values())))
        finding = self._speed(sheet) or detectors.left_running(self.subject, self._ledger)
        if finding is None and not self.subject.has_executor:  # whose threads and pipes are ours
            self.warnings += self._ledger.warnings()
        return finding

    def _one(self, sheet: list[Entry], index: int, earlier: list[int]) -> Finding | None:
        entry = sheet[index]
        self.alive(entry.label)
        arguments = entry.fresh_arguments()
        self.subject.caller()  # makes an event loop or an executor the first time: ours
        with self._ledger.call():
            answer = call_or_say(self.subject, arguments, entry)
        self.inputs += 1
        if isinstance(answer, Raise):
            return self._wrong(entry, answer, earlier, sheet)
        if self.case.consume is None and (finding := detectors.lazy(answer)):
            return _at(finding, entry)
        if not self.case.mutates and (finding := self._left_as_it_was(entry, arguments, answer)):
            return _at(finding, entry)
        actual = (answer, arguments) if self.case.mutates and not entry.raises else answer
        return self._wrong(entry, actual, earlier, sheet) or (
            None if entry.raises else self._laws(entry, entry.fresh_arguments(), answer)
        )

    def _left_as_it_was(self, entry: Entry, arguments: Arguments, answer: Answer) -> Finding | None:
        """Whether the call left its input alone, and gave none of it away."""
        pristine = entry.fresh_arguments()
        return detectors.mutated(
            arguments, pristine, may_use_up=entry.used_up or self.case.oracle is not None
        ) or detectors.aliased(answer, arguments, allowed=entry.shares)

    def _wrong(
        self, entry: Entry, actual: Any, earlier: list[int], sheet: list[Entry]
    ) -> Finding | None:
        found = self._compare(entry, actual)
        if found is None:
            return None
        if self._is_an_earlier_answer(actual, [sheet[i] for i in earlier], entry):
            return Finding(
                Status.CACHED_RESULT,
                "cached",
                f"{entry.label}: gave the answer to an earlier input",
            )
        return Finding(
            Status.WRONG_ANSWER, found.kind, f"{entry.label}: {found}{self._smallest(entry)}"
        )

    def _compare(self, entry: Entry, actual: Answer) -> Difference | None:
        return compare(self.case, self.subject, entry, actual)

    def _laws(self, entry: Entry, arguments: Arguments, answer: Answer) -> Finding | None:
        for law in self.case.invariants:
            broken = law(arguments, answer)
            if broken:
                return Finding(
                    Status.WRONG_ANSWER,
                    "invariant",
                    f"{entry.label}: {getattr(law, '__name__', 'law')}: {broken}",
                )
        return None

    def _is_an_earlier_answer(self, actual: Answer, earlier: list[Entry], entry: Entry) -> bool:
        own = entry.expected
        others = [
            other
            for other in earlier
            if other.expected != own and len(other.expected) > _TRIVIAL_ANSWER_BYTES
        ]
        return any(self._compare(other, actual) is None for other in others[-50:])

    def _smallest(self, entry: Entry) -> str:
        if entry.kind == "workload" and self.case.strategy is None:
            return ""
        if self.subject.handle or self.case.mutates:
            return ""
        package = self.subject.module.__name__.rpartition(".")[0]
        reference = importlib.import_module(f"{package}.{self.case.reference}")
        expected = answer_of(
            self.case,
            Subject(self.case.reference, getattr(reference, self.case.function), self.case.consume),
        )

        def differs(arguments: Any) -> bool:
            self.alive()
            fresh = Originals(pickled(arguments), None).fresh
            wanted = expected(fresh())
            got = outcome_of(lambda: self.subject.call(fresh()))
            relation = self.case.relation(self.subject.name)
            return outcomes_differ(relation, arguments, wanted, got) is not None

        smallest = smallest_failing(self.case, differs, seconds=_SHRINK_SECONDS)
        return "" if smallest is None else f"; smallest failing input: {show(smallest)}"

    def _repeat(self, entry: Entry) -> Finding | None:
        originals = entry.originals()

        def agrees(answer: Answer) -> Difference | None:
            return None if self.case.mutates else self._compare(entry, answer)

        self.repeats, finding = detectors.drifting(
            self.subject,
            self.case,
            originals,
            agrees,
            repeats=REPEATS,
            seconds=_DRIFT_SECONDS,
            alive=self.alive,
        )
        return finding if finding is None else _at(finding, entry)

    def _speed(self, sheet: list[Entry]) -> Finding | None:
        """Cached or impossibly fast: looked at on the largest workload that is quick enough to repeat."""
        workload = self._for_speed(sheet)
        if workload is None:
            return None
        if not self.case.stateful:
            finding = detectors.cached(
                self.subject,
                workload,
                seconds=_CACHED_SECONDS,
                alive=self.alive,
                may_raise=any(entry.raises for entry in sheet),
            )
            if finding is not None:
                return finding
        originals = Originals.of(workload.arguments, key=workload.make)
        fastest = min(_timed_call(self.subject, originals) for _ in range(5))
        return detectors.impossible(fastest, originals.fresh(), self.case, self.limits)

    def _for_speed(self, sheet: list[Entry]) -> Workload | None:
        labels = {entry.label: entry for entry in sheet if entry.kind == "workload"}
        for workload in sorted(self.case.workloads, key=lambda one: -one.n):
            entry = labels.get(f"workload {workload.name}, seed {workload.seed}")
            if entry is None or entry.raises or entry.workload in self.gaps:
                continue
            self.alive()
            seconds = entry.make_seconds + 3 * _timed_call(self.subject, entry.originals())
            if seconds < _PAIR_SECONDS:
                return workload
        return None


_TRIVIAL_ANSWER_BYTES = 32
"""Pickles this short are answers like [] or 0, which many inputs share."""


def call_or_say(subject: Subject, arguments: Arguments, entry: Entry) -> Answer | Raise:
    """Call the variant; what it raises becomes a Raised that names the input, or an outcome where the reference raises."""
    try:
        if entry.raises:
            return outcome_of(lambda: subject.call(arguments))
        return subject.call(arguments)
    except MemoryError:
        raise
    except BaseException as error:
        unfit = subject.unfit(arguments) if isinstance(error, TypeError) else ""
        said = f"cannot be called: {unfit}" if unfit else f"raised {words_of(error)}"
        raise Raised(f"{entry.label}: {said}") from error


def compare(case: Case, subject: Subject, entry: Entry, actual: Any) -> Difference | None:
    """Compare an outcome with the reference's.

    Raises:
        NotComparable: the judge cannot, and the entry's name is said.
    """
    relation = case.relation(subject.name)
    try:
        return outcomes_differ(relation, entry.fresh_arguments(), entry.answer(), actual)
    except NotComparable as error:
        raise NotComparable(f"{entry.label}: {error.problem}", error.remedy) from error


def _timed_call(subject: Subject, originals: Originals) -> float:
    arguments = originals.fresh()
    started = seconds_now()
    subject.call(arguments)
    return seconds_now() - started


def _at(finding: Finding, entry: Entry) -> Finding:
    return Finding(finding.status, finding.word, f"{entry.label}: {finding.message}")


def answer_once(subject: Subject, case: Case, entry: Entry) -> dict[str, Any]:
    """Answer one entry in a process that has done nothing else: to tell wrong from drifting from random."""
    arguments = entry.fresh_arguments()
    answer = call_or_say(subject, arguments, entry)
    actual = (answer, arguments) if case.mutates and not entry.raises else answer
    found = compare(case, subject, entry, actual)
    return {
        "agrees": found is None,
        "difference": "" if found is None else str(found),
        "digest": _digest(answer, case.relation(subject.name)),
    }


def first_difference(
    case: Case,
    subject: Subject,
    expected: Callable[[Arguments], Answer],
    *,
    seconds: float,
    alive: Callable[[], None],
) -> str | None:
    """Compare on seeds and sizes that the proof does not use, until one differs or the time is up."""
    end = monotonic() + seconds
    for seed in range(_FIRST_UNUSED_SEED, _FIRST_UNUSED_SEED + 1000):
        for workload in case.workloads:
            if monotonic() > end:
                return None
            alive()
            if case.verify_up_to is not None and workload.n > case.verify_up_to:
                continue
            originals = Originals.of(partial(workload.arguments, seed), key=workload.make)
            wanted = expected(originals.fresh())
            arguments = originals.fresh()
            answer = outcome_of(lambda: subject.call(arguments))  # noqa: B023  called at once
            both = case.mutates and not isinstance(answer, Raise)
            actual = (answer, arguments) if both else answer
            found = outcomes_differ(case.same, originals.fresh(), wanted, actual)
            if found is not None:
                return f"workload {workload.name}, seed {seed}: {found}"
    return None


_FIRST_UNUSED_SEED = 1000


def _digest(answer: Answer, relation: Relation) -> str:
    """Tell answers of several processes apart, by their text: without addresses, and without order where order is free."""
    inner = relation.inner if isinstance(relation, Unordered) else relation
    text = text_of(
        answer, inner if isinstance(inner, Strict) else Strict(), ordered=inner is relation
    )
    return sha256(re.sub(r"0x[0-9a-f]+", "0x", text).encode(errors="replace")).hexdigest()


def evidence(examination: Examination, finding: Finding | None) -> dict[str, Any]:
    """Put the outcome into a frame."""
    return {
        "status": Status.OK if finding is None else finding.status,
        "finding": "" if finding is None else finding.word,
        "message": "" if finding is None else finding.message,
        "inputs": examination.inputs,
        "repeats": examination.repeats,
        "warnings": examination.warnings,
        "failed_entry": examination.failed_entry,
        "gaps": examination.gaps,
    }
