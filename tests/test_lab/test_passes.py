"""Passes before the blocks are kept with the proofs: a second run reads them, unless something differs."""

from __future__ import annotations

from pathlib import Path

from harness.lab import session
from harness.model.measured import Plan, Run
from tests.fakes.sessions import Quiet, Script, pretended_session, pretending

PLAN = Plan(budget_seconds=5.0, precision=0.5)


def run(
    folder: Path, *, passes: Path, digest: str = "digest", sizes: tuple[int, ...] = (10,)
) -> tuple[Run, int]:
    """A pretended run, and how many passes it took."""
    script = Script(passes=passes)
    asked = pretended_session(folder, "quick", sizes=sizes, plan=PLAN)
    with pretending(script):
        prover = session.Prover
        certificates = prover.certificates

        def proven(self: object, variants: object, **more: object) -> object:
            made = certificates(self, variants, **more)  # type: ignore[arg-type]
            return {name: session.replace(one, digest=digest) for name, one in made.items()}

        prover.certificates = proven  # type: ignore[method-assign, assignment]
        return asked.run(Quiet()), script.looks


def test_a_second_run_reads_what_the_first_has_found(tmp_path: Path) -> None:
    """One pass a variant, then none; memory and first call are the same."""
    (first, taken), (second, again) = (run(tmp_path / name, passes=tmp_path) for name in "ab")
    found = [
        [(one.memory, one.cold) for one in each.workloads[0].results] for each in (first, second)
    ]

    assert (2, 0) == (taken, again)
    assert found[0] == found[1]
    assert None not in [cold for _, cold in found[0]]


def test_other_sources_or_inputs_are_looked_at_anew(tmp_path: Path) -> None:
    """By the proof's digest and by the workload."""
    run(tmp_path / "a", passes=tmp_path)

    assert 2 == run(tmp_path / "b", passes=tmp_path, digest="another")[1]
    assert 2 == run(tmp_path / "c", passes=tmp_path, sizes=(11,))[1]


def test_a_damaged_file_is_made_again(tmp_path: Path) -> None:
    """What is cut or foreign is not read."""
    run(tmp_path / "a", passes=tmp_path)
    for path in tmp_path.glob("*.json"):
        path.write_bytes(path.read_bytes()[:-5])

    assert 2 == run(tmp_path / "b", passes=tmp_path)[1]
    assert 0 == run(tmp_path / "c", passes=tmp_path)[1]
