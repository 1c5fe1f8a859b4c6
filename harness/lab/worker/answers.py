"""The answer sheet: inputs with the reference's answers, computed once in a process of their own.

The reference never shares a process with a variant, so no variant can spoil what it is judged by.
The sheet goes from one worker to the next through a private file; the harness itself never unpickles.
"""

from __future__ import annotations

import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import words_of
from harness.lab.worker.instruments import monotonic, seconds_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from harness.lab.worker.subject import Subject
    from harness.model.declared import Answer, Arguments, Case, Workload

SEEDS = 4
"""Of each workload in the proof; the last one comes from the operating system."""
EXAMPLES = 100
REFERENCE_SECONDS = 2.0
"""How long the reference may compute for the workloads when the case sets no cap."""
_ONE_CALL_SECONDS = 1.0


class Raised(Exception):
    """The code under test raised; the message names the input it raised on."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One input and its answer."""

    label: str
    """For messages: ``workload 250, seed 1`` or ``adversarial 7``."""
    kind: str
    """``workload``, ``adversarial`` or ``example``."""
    n: int
    arguments: bytes
    """Pickled: every reader makes fresh copies."""
    expected: bytes
    make_seconds: float
    reference_seconds: float

    def fresh_arguments(self) -> Arguments:
        """Return the input, sharing nothing."""
        loaded: Arguments = pickle.loads(self.arguments)  # noqa: S301  written by our own process
        return loaded

    @property
    def workload(self) -> str:
        """The name of the workload it is an input of; empty for the others."""
        return (
            self.label.removeprefix("workload ").rpartition(", seed ")[0]
            if self.kind == "workload"
            else ""
        )

    def answer(self) -> Answer:
        """Return the reference's answer, sharing nothing."""
        return pickle.loads(self.expected)  # noqa: S301  written by our own process


def write_sheet(entries: Iterable[Entry], path: Path) -> int:
    """Write the sheet; only the owner may read it.  Returns the number of entries."""
    kept = list(entries)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        pickle.dump(kept, file, protocol=5)
    return len(kept)


def read_sheet(path: str) -> list[Entry]:
    """Read a sheet that one of our processes wrote."""
    entries: list[Entry] = pickle.loads(Path(path).read_bytes())  # noqa: S301  written by write_sheet above
    return entries


def answer_of(case: Case, subject: Subject) -> Callable[[Arguments], Answer]:
    """Return what computes the expected answer: the oracle where there is one, else the reference.

    A case that is asked to mutate its arguments is judged by answer *and* arguments.
    """
    compute = (
        subject.call
        if case.oracle is None
        else lambda arguments: case.oracle(*subject.handle, *arguments)
    )  # type: ignore[misc]

    def both(arguments: Arguments) -> Answer:
        answer = compute(arguments)
        return (answer, arguments) if case.mutates else answer

    return both


def entries_for_proof(
    case: Case, compute: Callable[[Arguments], Answer], alive: Callable[[str], None]
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
            entry = make_entry(workload, seed, compute)
            yield entry
            left -= entry.reference_seconds
            if case.verify_up_to is None and (
                left <= 0 or entry.reference_seconds > _ONE_CALL_SECONDS
            ):
                left = 0 if entry.reference_seconds > _ONE_CALL_SECONDS else left
                break
    for index, arguments in enumerate(case.adversarial() if case.adversarial else ()):
        alive(f"adversarial input {index}")
        yield _entry(f"adversarial input {index}", "adversarial", index, arguments, compute)
    for index, arguments in enumerate(_examples(case)):
        alive(f"example {index}")
        yield _entry(f"example {index}", "example", index, arguments, compute)


def make_entry(workload: Workload, seed: int, compute: Callable[[Arguments], Answer]) -> Entry:
    """Make one workload's input and its answer."""
    started = seconds_now()
    arguments = workload.arguments(seed)
    made = seconds_now() - started
    return _entry(
        f"workload {workload.name}, seed {seed}",
        "workload",
        workload.n,
        arguments,
        compute,
        made=made,
    )


def _entry(
    label: str,
    kind: str,
    n: int,
    arguments: Arguments,
    compute: Callable[[Arguments], Answer],
    *,
    made: float = 0.0,
) -> Entry:
    pickled = pickle.dumps(arguments, protocol=5)
    started = seconds_now()
    try:
        expected = compute(arguments)
    except MemoryError:
        raise
    except Exception as error:
        message = f"{label}: the reference raised {words_of(error)}"
        raise Raised(message) from error
    seconds = seconds_now() - started
    return Entry(label, kind, n, pickled, pickle.dumps(expected, protocol=5), made, seconds)


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
