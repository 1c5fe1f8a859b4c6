"""Examines one variant against the answer sheet, in a process of its own; the evidence of a certificate."""

from __future__ import annotations

import importlib
import pickle
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from harness.errors import words_of
from harness.judge.equality import Unordered, difference, show
from harness.lab.worker import detectors
from harness.lab.worker.answers import Entry, Raised, answer_of, smallest_failing
from harness.lab.worker.detectors import Finding
from harness.lab.worker.instruments import monotonic, seconds_now
from harness.lab.worker.subject import Originals, Subject
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
            if finding is None and self.inputs == 1 and not self.quick:
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
        if self.case.consume is None and (finding := detectors.lazy(answer)):
            return _at(finding, entry)
        pristine = entry.fresh_arguments()
        if not self.case.mutates and (finding := detectors.mutated(arguments, pristine)):
            return _at(finding, entry)
        if not self.case.mutates and (
            finding := detectors.aliased(answer, arguments, allowed=self._reference_aliases(entry))
        ):
            return _at(finding, entry)
        actual = (answer, arguments) if self.case.mutates else answer
        found = self._compare(entry, actual)
        if found is None:
            return self._laws(entry, pristine, answer)
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
        return difference(
            self.case.relation(self.subject.name), entry.fresh_arguments(), entry.answer(), actual
        )

    def _reference_aliases(self, entry: Entry) -> frozenset[str]:
        """What the reference's answer shares with its input is the case's custom, not a variant's fault."""
        arguments, answer = pickle.loads(pickle.dumps((entry.fresh_arguments(), entry.answer())))  # noqa: S301  our own
        return detectors.aliases(answer, arguments)

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
            wanted = expected(pickle.loads(pickle.dumps(arguments)))  # noqa: S301  our own
            got = self.subject.call(pickle.loads(pickle.dumps(arguments)))  # noqa: S301  our own
            return (
                difference(self.case.relation(self.subject.name), arguments, wanted, got)
                is not None
            )

        smallest = smallest_failing(self.case, differs, seconds=_SHRINK_SECONDS)
        return "" if smallest is None else f"; smallest failing input: {show(smallest)}"

    def _repeat(self, entry: Entry) -> Finding | None:
        originals = Originals(entry.fresh_arguments())

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
                self.subject, workload, seconds=_CACHED_SECONDS, alive=self.alive
            )
            if finding is not None:
                return finding
        arguments = workload.arguments()
        fastest = min(_timed_call(self.subject, Originals(arguments)) for _ in range(5))
        return detectors.impossible(fastest, arguments, self.case, self.limits)

    def _for_speed(self, sheet: list[Entry]) -> Workload | None:
        labels = {entry.label: entry for entry in sheet if entry.kind == "workload"}
        for workload in sorted(self.case.workloads, key=lambda one: -one.n):
            entry = labels.get(f"workload {workload.name}, seed {workload.seed}")
            if entry is None or entry.workload in self.gaps:
                continue
            self.alive()
            seconds = entry.make_seconds + 3 * _timed_call(
                self.subject, Originals(entry.fresh_arguments())
            )
            if seconds < _PAIR_SECONDS:
                return workload
        return None


_TRIVIAL_ANSWER_BYTES = 32
"""Pickles this short are answers like [] or 0, which many inputs share."""


def call_or_say(subject: Subject, arguments: Arguments, entry: Entry) -> Answer:
    """Call the variant; what it raises becomes a Raised that names the input."""
    try:
        return subject.call(arguments)
    except MemoryError:
        raise
    except BaseException as error:
        message = f"{entry.label}: raised {words_of(error)}"
        raise Raised(message) from error


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
    actual = (answer, arguments) if case.mutates else answer
    found = difference(case.relation(subject.name), entry.fresh_arguments(), entry.answer(), actual)
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
            originals = Originals(workload.arguments(seed))
            wanted = expected(originals.fresh())
            arguments = originals.fresh()
            answer = subject.call(arguments)
            found = difference(
                case.same,
                originals.fresh(),
                wanted,
                (answer, arguments) if case.mutates else answer,
            )
            if found is not None:
                return f"workload {workload.name}, seed {seed}: {found}"
    return None


_FIRST_UNUSED_SEED = 1000


def _digest(answer: Answer, relation: Relation) -> str:
    """Tell answers of several processes apart, by their text: without addresses, and without order where order is free."""
    text = repr(
        sorted(map(repr, answer))
        if isinstance(relation, Unordered) and isinstance(answer, Iterable)
        else answer
    )
    return sha256(re.sub(r"0x[0-9a-f]+", "0x", text).encode()).hexdigest()


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
