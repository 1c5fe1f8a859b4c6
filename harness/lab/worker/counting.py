"""Some calls of one variant between two requests to callgrind: everything else goes uncounted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.lab.worker.copies import Originals
from harness.lab.worker.instruments import collect, disable, freeze
from harness.model.declared import keywords_of, preceded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.lab.worker.subject import Subject
    from harness.model.declared import Arguments, Workload

WARM_CALLS = 30  # CPython specialises its bytecode within these
_FEWEST_CALLS, _MOST_CALLS = 3, 1500
_MOST_BATCH_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Plan:
    """What to count."""

    spin: int | None
    """Empty turns to plant before each call (self-test only)."""
    instructions: int
    """About how many, in all: this decides how many calls are counted, the same on both sides of identical code."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Instructions of some calls, and of twice as many calls after them."""

    calls: tuple[int, int]
    instructions: tuple[int, int]


@dataclass(slots=True)
class Dumps:
    """Counting on and off, and the files that callgrind writes when it goes off."""

    shim: Any
    """``extensions/gate/callgrind``."""
    stem: Path
    """Of the files' names: callgrind appends ``.1``, ``.2`` and so on."""
    _number: int = 0

    def of(self, call: Callable[..., Any], batch: list[Arguments]) -> int:
        """Call on each input with counting on; return the instructions.

        Raises:
            OSError: callgrind wrote nothing.
        """
        self.shim.start()
        for arguments in batch:
            call(*arguments, **keywords_of(arguments))
        self.shim.stop()
        self._number += 1
        text = self.stem.with_name(f"{self.stem.name}.{self._number}").read_text(errors="replace")
        found = re.search(r"^totals: (\d+)", text, re.MULTILINE)  # its 'summary:' is nought
        return 0 if found is None else int(found[1])


def count(subject: Subject, workload: Workload, plan: Plan, dumps: Dumps) -> Counted:
    """Warm up, count one call, then as many calls as the plan has room for, in two parts."""
    from harness.lab.worker.pairing import planted

    originals = Originals.of(workload.arguments, key=workload.make)
    plain = subject.caller() if plan.spin is None else planted(subject.caller(), plan.spin)
    call = plain if subject.consume is None else _consumed(plain, subject.consume)

    def batch(calls: int) -> list[Arguments]:
        return [preceded(subject.handle, arguments) for arguments in originals.batch(calls)]

    for arguments in batch(WARM_CALLS):
        call(*arguments, **keywords_of(arguments))
    collect()
    freeze()
    disable()
    room = min(_MOST_CALLS, _MOST_BATCH_BYTES // max(1, originals.n_bytes))
    calls = min(room, plan.instructions // max(1, dumps.of(call, batch(1))))
    few = max(_FEWEST_CALLS, calls) // 3
    counts = dumps.of(call, batch(few)), dumps.of(call, batch(2 * few))
    return Counted((few, 2 * few), counts)


def _consumed(call: Callable[..., Any], consume: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda *arguments, **keywords: consume(call(*arguments, **keywords))
