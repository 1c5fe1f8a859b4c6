"""How many calls are counted: by what one call executes, in two parts, the same on both sides of identical code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.lab.worker.counting import Dumps, Plan, count
from harness.lab.worker.subject import Subject
from harness.model.declared import Workload


class FakeShim:
    """Counts a thousand instructions a call, and five thousand for each ``every``-th call."""

    def __init__(self, stem: Path, every: int) -> None:
        self.stem, self.every = stem, every
        self.calls = self.instructions = self.dumps = 0
        self.counting = False

    def call(self, *arguments: Any) -> None:
        """The variant."""
        del arguments
        self.calls += 1
        if self.counting:
            self.instructions += 5000 if self.calls % self.every == 0 else 1000

    def start(self) -> None:
        """Begin to count, from nought."""
        self.counting, self.instructions = True, 0

    def stop(self) -> None:
        """Write the counts down as callgrind does."""
        self.counting = False
        self.dumps += 1
        self.stem.with_name(f"{self.stem.name}.{self.dumps}").write_text(
            f"summary: 0\ntotals: {self.instructions}\n"
        )


def counted(tmp_path: Path, instructions: int, *, every: int = 10**9) -> tuple[Any, FakeShim]:
    """Count a variant that does nothing."""
    shim = FakeShim(tmp_path / "counts", every)
    workload = Workload(name="1", make=lambda n, seed: (n, seed), n=1, seed=0, series="n")
    subject = Subject("mine", shim.call, None)
    return count(subject, workload, Plan(None, instructions), Dumps(shim, shim.stem)), shim


@pytest.mark.parametrize(
    ("instructions", "calls"),
    [(300_000, (100, 200)), (2_000, (1, 2)), (10**9, (500, 1000))],
)
def test_as_many_calls_as_there_is_room_for(
    tmp_path: Path, instructions: int, calls: tuple[int, int]
) -> None:
    """Three at least and 1500 at most; the second part has twice as many as the first."""
    found, _ = counted(tmp_path, instructions)

    assert found.calls == calls
    assert found.instructions == (1000 * calls[0], 1000 * calls[1])


def test_work_that_recurs_is_counted_as_often_as_it_does(tmp_path: Path) -> None:
    """Every 33rd call five times the work: +12.1 %, read as that within a call's share, not as +133 %."""
    found, _ = counted(tmp_path, 900_000, every=33)
    per_call = sum(found.instructions) / sum(found.calls)

    assert per_call == pytest.approx(1000 * (1 + 4 / 33), rel=0.005)
