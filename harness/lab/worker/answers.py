"""The answer sheet: inputs with the reference's answers, computed once in a process of their own.

The reference never shares a process with a variant, so no variant can spoil what it is judged by.
The sheet goes from one worker to the next through a private file; the harness itself never unpickles.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.errors import PerflabError, words_of
from harness.judge.comparison.words import NotComparable, of_type, show
from harness.judge.equality import difference, exact
from harness.lab.catalogue import workload_named
from harness.lab.worker.copies import Originals, answer_pickled, answer_unpickled, copyable
from harness.lab.worker.detectors import REPRODUCED, aliases, changed, lazy, used_up
from harness.lab.worker.instruments import monotonic, seconds_now
from harness.model.declared import Answer, Arguments, Difference, keywords_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.lab.worker.subject import Subject
    from harness.model.declared import Case, Relation, Workload

Compute: TypeAlias = Callable[[Arguments], Any]
"""What computes the expected outcome."""

SEEDS = 4
"""Of each workload in the proof; the last one comes from the operating system."""
EXAMPLES = 100
REFERENCE_SECONDS = 2.0
"""How long the reference may compute for the workloads when the case sets no cap."""
_ONE_CALL_SECONDS = 1.0


class Raised(Exception):
    """The code under test raised; the message names the input it raised on."""


@dataclass(frozen=True, slots=True)
class Raise:
    """An exception as an outcome: where the reference raises, a variant must raise the same."""

    kind: type
    args: tuple[Any, ...]

    def __str__(self) -> str:
        return f"raise {self.kind.__name__}({', '.join(map(show, self.args))})"


_NO_ANSWER = (MemoryError, ImportError, NameError, SyntaxError, RecursionError, PerflabError)
"""What no function means to raise: it could not do its work."""


def outcome_of(work: Callable[[], Answer]) -> Answer | Raise:
    """Return the answer, or the exception that is one."""
    try:
        return work()
    except _NO_ANSWER:
        raise
    except Exception as error:
        return Raise(type(error), error.args)


def outcomes_differ(
    relation: Relation, arguments: Arguments, expected: Answer | Raise, actual: Answer | Raise
) -> Difference | None:
    """Return the first difference of two outcomes; exceptions are equal by type and arguments."""
    raised = isinstance(expected, Raise), isinstance(actual, Raise)
    if raised == (False, False):
        return difference(relation, arguments, expected, actual)
    if raised == (True, True):
        found = exact.compare(expected, actual)
        detail = "" if found is None else found.detail
        return found and Difference("raised", "", str(expected), str(actual), detail)
    said = [
        str(one) if yes else f"to return {of_type(one)}"
        for one, yes in zip((expected, actual), raised, strict=True)
    ]
    return Difference("raised", "", *said)


@dataclass(frozen=True, slots=True)
class Entry:
    """One input and its answer."""

    label: str
    """For messages: ``workload 250, seed 1`` or ``adversarial input 7``."""
    kind: str
    """``workload``, ``adversarial`` or ``example``."""
    n: int
    """Of a workload its size, of the others their place."""
    seed: int
    data: bytes | None
    """The pickled input; None: no pickle gives an equal one, and it is made anew each time."""
    expected: bytes
    make_seconds: float
    reference_seconds: float
    raises: bool = False
    """The reference raises on it."""
    used_up: bool = False
    """The reference moves on a file, an iterator or a random generator among the arguments."""
    shares: frozenset[str] = frozenset()
    """What the reference's answer shares with its input."""
    make: Callable[[], Arguments] | None = None
    """Makes the input anew; known in the process that reads the sheet."""

    def fresh_arguments(self) -> Arguments:
        """Return the input, sharing nothing."""
        if self.data is None:
            assert self.make is not None
            return self.make()
        loaded: Arguments = pickle.loads(self.data)  # noqa: S301  written by our own process
        return loaded

    def originals(self) -> Originals:
        """Return what fresh copies of the input are made from."""
        return Originals(self.data, self.make)

    @property
    def workload(self) -> str:
        """The name of the workload it is an input of; empty for the others."""
        return (
            self.label.removeprefix("workload ").rpartition(", seed ")[0]
            if self.kind == "workload"
            else ""
        )

    def answer(self) -> Answer | Raise:
        """Return the reference's answer, sharing nothing.

        Raises:
            NotComparable: no other process can read it.
        """
        return answer_unpickled(self.expected)


def write_sheet(entries: Iterable[Entry], path: Path) -> int:
    """Write the sheet; only the owner may read it.  Returns the number of entries."""
    kept = [replace(entry, make=None) for entry in entries]
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        pickle.dump(kept, file, protocol=5)
    return len(kept)


def read_sheet(path: str, case: Case | None = None) -> list[Entry]:
    """Read a sheet that one of our processes wrote; with its case, inputs can be made anew."""
    entries: list[Entry] = pickle.loads(Path(path).read_bytes())  # noqa: S301  written by write_sheet above
    if case is None:
        return entries
    return [replace(entry, make=partial(_made_anew, case, entry)) for entry in entries]


def _made_anew(case: Case, entry: Entry) -> Arguments:
    """Make an input once more, as it was made when the sheet was written."""
    if entry.kind == "workload":
        return workload_named(case, entry.workload).arguments(entry.seed)
    if entry.kind == "adversarial":
        assert case.adversarial is not None
        return next(islice(iter(case.adversarial()), entry.n, None))
    made: Arguments = _examples(case)[entry.n]
    return made


def answer_of(case: Case, subject: Subject) -> Callable[[Arguments], Answer | Raise]:
    """Return what computes the expected answer: the oracle where there is one, else the reference.

    A case that is asked to mutate its arguments is judged by answer *and* arguments.
    """

    def compute(arguments: Arguments) -> Answer:
        if case.oracle is None:
            return subject.call(arguments)
        return case.oracle(*subject.handle, *arguments, **keywords_of(arguments))

    def both(arguments: Arguments) -> Answer | Raise:
        if case.oracle is None and (unfit := subject.unfit(arguments)):
            raise Raised(f"{case.function}() cannot be called: {unfit}")
        answer = outcome_of(lambda: compute(arguments))
        return (answer, arguments) if case.mutates and not isinstance(answer, Raise) else answer

    return both


def entries_for_proof(
    case: Case, compute: Compute, alive: Callable[[str], None]
) -> Iterator[Entry]:
    """Yield everything a variant is examined on: workloads by seeds, adversarial inputs, examples."""
    left = REFERENCE_SECONDS
    for workload in sorted(case.workloads, key=lambda one: one.n):
        if case.verify_up_to is not None and workload.n > case.verify_up_to:
            continue
        if case.verify_up_to is None and left <= 0:
            break
        # the last seed nobody could know beforehand: whoever has only learnt the others' answers is found out
        for seed in (
            *range(workload.seed, workload.seed + SEEDS - 1),
            int.from_bytes(os.urandom(4), "little"),
        ):
            alive(f"workload {workload.name}, seed {seed}")
            entry = make_entry(workload, seed, case, compute)
            yield entry
            left -= entry.reference_seconds
            if case.verify_up_to is None and (
                left <= 0 or entry.reference_seconds > _ONE_CALL_SECONDS
            ):
                left = 0 if entry.reference_seconds > _ONE_CALL_SECONDS else left
                break
    others = (
        ("adversarial", "adversarial input", case.adversarial() if case.adversarial else ()),
        ("example", "example", _examples(case)),
    )
    for kind, label, inputs in others:
        for index, arguments in enumerate(inputs):
            alive(f"{label} {index}")
            blank = Entry(f"{label} {index}", kind, index, 0, None, b"", 0.0, 0.0)
            yield _entry(blank, case, compute, arguments)


def make_entry(workload: Workload, seed: int, case: Case, compute: Compute) -> Entry:
    """Make one workload's input and its answer."""
    label = f"workload {workload.name}, seed {seed}"
    started = seconds_now()
    arguments = workload.arguments(seed)
    made = seconds_now() - started
    blank = Entry(label, "workload", workload.n, seed, None, b"", made, 0.0)
    return _entry(blank, case, compute, arguments)


def _entry(blank: Entry, case: Case, compute: Compute, arguments: Arguments) -> Entry:
    """Fill an entry in: its input and the reference's answer."""
    make = partial(_made_anew, case, blank)
    key = workload_named(case, blank.workload).make if blank.kind == "workload" else None
    data = copyable(arguments, key)
    started = seconds_now()
    try:
        expected = compute(arguments)
    except (MemoryError, PerflabError):
        raise
    except Exception as error:
        said = (
            str(error) if isinstance(error, Raised) else f"the reference raised {words_of(error)}"
        )
        raise Raised(f"{blank.label}: {said}") from error
    seconds = seconds_now() - started
    entry = replace(
        blank, data=data, make=make, reference_seconds=seconds,
        raises=isinstance(expected, Raise),
    )  # fmt: skip
    return _judged(entry, case, arguments, expected)


def _judged(entry: Entry, case: Case, arguments: Arguments, expected: Answer | Raise) -> Entry:
    """Add the answer, in a form that other processes can read, and what is the reference's custom."""
    answer = expected
    if case.mutates and not isinstance(expected, Raise):
        answer, _ = expected
    if case.consume is None and case.oracle is None and (finding := lazy(answer)):
        raise Raised(f"{entry.label}: {finding.message.replace('answer', 'the answer', 1)}")
    judged = case.mutates or case.oracle is not None or entry.raises
    try:
        return replace(
            entry,
            expected=answer_pickled(expected),
            used_up=not judged and used_up(arguments, entry.fresh_arguments()),
            shares=frozenset() if judged else aliases(answer, arguments),
        )
    except NotComparable as error:
        raise NotComparable(f"{entry.label}: {error.problem}", error.remedy) from error


def unreproducible(case: Case, entries: list[Entry]) -> str:
    """The same seed must give equal arguments, or nothing that follows means anything."""
    first = entries[0]
    workload = workload_named(case, first.workload)
    made = [workload.arguments(first.seed) for _ in range(2)]
    found = changed(made[1], made[0], REPRODUCED)
    if not found:
        return ""
    return (
        f"workload {workload.name}: make(n, seed) is not reproducible: "
        f"{found.replace('changed', 'differs from call to call', 1)}; draw from "
        "random.Random(seed) or numpy.random.default_rng(seed) only, and never iterate over a set"
    )


def empty(entries: list[Entry]) -> str:
    """The reference must say something on some workload."""
    if all(entry.raises for entry in entries):
        return f"{entries[0].label}: the reference's outcome is to {entries[0].answer()}, as on every workload"
    if all(_says_nothing(entry.answer()) for entry in entries if not entry.raises):
        return "the reference's answer is empty on every workload: nothing could ever differ"
    return ""


def _says_nothing(answer: Answer) -> bool:
    """Asked of types of Python's own, and of arrays: others' may have no length, or an ambiguous one."""
    if answer is None or type(answer) in _CONTAINERS:
        return not answer
    numpy = sys.modules.get("numpy")
    return numpy is not None and issubclass(type(answer), numpy.ndarray) and answer.size == 0


_CONTAINERS = frozenset({list, tuple, dict, set, frozenset, str, bytes, bytearray})


def customs(entries: list[Entry]) -> list[str]:
    """Say on how many inputs the reference raises: a strategy may be wider than was meant."""
    raising = [entry for entry in entries if entry.raises]
    if not raising:
        return []
    first = raising[0]
    share = f"{len(raising)} of {len(entries)} inputs"
    said = f"{first.label}: {first.answer()}"
    return [f"the reference raises on {share}, and variants must raise the same: {said}"]


def _examples(case: Case) -> list[Any]:
    """Draw examples from the case's hypothesis strategy: the same ones each time."""
    if case.strategy is None:
        return []
    from hypothesis import HealthCheck, Phase, given, settings

    drawn: list[Any] = []

    @settings(  # type: ignore[untyped-decorator]  # hypothesis is not followed by mypy here
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case.strategy())  # type: ignore[untyped-decorator]  # as above
    def draw(arguments: Any) -> None:
        drawn.append(arguments)

    draw()
    return drawn


def smallest_failing(
    case: Case, differs: Callable[[Arguments], bool], *, seconds: float
) -> Any | None:
    """Shrink a failure to a minimal example, or None when that finds nothing in time."""
    if case.strategy is None:
        return None
    from hypothesis import HealthCheck, find, settings
    from hypothesis.errors import HypothesisException

    end = monotonic() + seconds
    try:
        return find(
            case.strategy(),
            lambda arguments: monotonic() < end and differs(arguments),
            settings=settings(
                max_examples=300,
                derandomize=True,
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    except (HypothesisException, Exception):
        return None
