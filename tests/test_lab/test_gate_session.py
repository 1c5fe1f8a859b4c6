"""A gate's steps through their seams: a machine that nobody can measure on, a control that moves, git's corners."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.errors import AskedWrongly
from harness.judge.gate import Unit
from harness.lab.catalogue import find_case
from harness.lab.gate import alike, revisions, session, timing
from harness.lab.gate.desk import Asked
from harness.lab.repository import repository_of
from harness.model.declared import Verdict
from harness.model.gated import AlikeTest, GateReport, GateVerdict, Metric
from tests.repositories import commit, git

pytestmark = pytest.mark.usefixtures("known_limits")
ASYNC = (
    "'''Sorted, in a loop.'''\nimport asyncio\n"
    "async def smallest(xs):\n    await asyncio.sleep(0)\n    return sorted(xs)\n"
)
LAZY = (
    "'''Sorted.'''\n"
    "def smallest(xs):\n    from {name} import helper\n    return helper.ordered(xs)\n"
)
WORK = "'''Sorted.'''\ndef smallest(xs):\n    for _ in range({turns}):\n        pass\n    return sorted(xs)\n"


def fake_units(*percent: float, control: float = 0.0, average: float | None = None) -> list[Unit]:
    """Units that read these slowdowns of the typical call, and one of the average call if it is another."""
    return [
        Unit(
            log_ratio=math.log1p(value / 100),
            log_average=math.log1p((value if average is None else average) / 100),
            control=math.log1p(control / 100) + number * 1e-5,
            pairs=100,
            calls=400,
            base_seconds=1e-4,
        )
        for number, value in enumerate(percent)
    ]


@pytest.fixture
def changed_case(write_case: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A case whose variant has changed since its commit."""
    folder = write_case(honest=WORK.format(turns=10))
    commit(folder.parent)
    (folder / "honest.py").write_text(WORK.format(turns=11))
    monkeypatch.chdir(folder.parent)
    return folder


def gate(folder: Path, *, metrics: tuple[Metric, ...] = (Metric.TIME,), **more: Any) -> GateReport:
    """Run a gate in this process."""
    return session.run(
        Asked("HEAD", (f"./{folder.name}",), metrics=metrics, **more), lambda _: None
    )


def test_a_machine_too_noisy_to_judge_is_inconclusive_and_not_red(
    changed_case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN identical code that differs from itself by 9 % THEN exit 5, no time verdict, and the reason."""
    monkeypatch.setattr(
        session, "control_units", lambda *_, **__: iter(fake_units(9.0, -9.0, 5.0, -5.0, 1.0))
    )
    report = gate(changed_case)

    assert (report.exit_code, report.verdict) == (5, GateVerdict.INCONCLUSIVE)
    assert [(key.verdict, key.ratio) for key in report.keys] == [(Verdict.UNCLEAR, None)]
    assert "too noisy" in report.notes[0]


def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is quiet enough, whatever else runs on it."""
    monkeypatch.setattr(
        session, "control_units", lambda *_, **__: iter(fake_units(0.01, -0.01, 0.0, 0.01, 0.0))
    )


def quiet(monkeypatch: pytest.MonkeyPatch, units: Callable[[int], list[Unit]]) -> None:
    """A quiet machine on which every key reads what ``units`` says."""
    calm(monkeypatch)
    monkeypatch.setattr(timing.Timer, "units", lambda self, count: units(count))


@pytest.mark.parametrize(
    ("percent", "code", "verdict"),
    [(3.0, 1, Verdict.SLOWER), (0.0, 0, Verdict.SAME), (-3.0, 0, Verdict.FASTER)],
)
def test_units_become_a_verdict(
    changed_case: Path, monkeypatch: pytest.MonkeyPatch, percent: float, code: int, verdict: Verdict
) -> None:
    """What the units read is what the report says."""
    quiet(monkeypatch, lambda count: fake_units(*[percent] * count))
    report = gate(changed_case)

    assert (report.exit_code, [key.verdict for key in report.keys]) == (code, [verdict])


TIMED = (Metric.TIME, Metric.AVERAGE)


def test_every_key_can_be_compared_with_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two copies of one variant of the catalogue: both metrics, what is known kept after it, nothing left behind."""
    quiet(monkeypatch, lambda count: fake_units(*[0.01] * count))
    kept: list[AlikeTest] = []
    asked = Asked("", ("dedupe",), ("blocking",), metrics=TIMED, everything=True)
    report = alike.run(asked, lambda _: None, kept.append)

    assert [(key.metric, key.verdict) for key in report.keys] == [
        (Metric.TIME, Verdict.SAME),
        (Metric.AVERAGE, Verdict.SAME),
    ]
    assert (report.complete, [one.complete for one in kept]) == (True, [False])
    assert (report.gaps, kept[0].keys) == ((), report.keys)


def test_only_an_open_average_asks_for_long_units(
    changed_case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN a typical call that is the same and an average beyond the red line THEN more units, and longer ones."""
    stints: list[float] = []
    wild = iter(range(1000))

    def units(self: timing.Timer, count: int) -> list[Unit]:
        stints.append(self._stint()["least_seconds"])
        return [fake_units(0.0, average=(-4, 8)[next(wild) % 2])[0] for _ in range(count)]

    quiet(monkeypatch, lambda count: [])
    monkeypatch.setattr(timing.Timer, "units", units)
    gate(changed_case, metrics=TIMED)

    assert len(stints) == 3
    assert stints[1] > 2 * stints[0]


def test_a_slower_average_alone_is_red(changed_case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a typical call as before and an average of +3 % THEN exit 1; the report says which of the two."""
    quiet(monkeypatch, lambda count: fake_units(*[0.0] * count, average=3.0))
    report = gate(changed_case, metrics=TIMED)

    assert report.exit_code == 1
    assert [(key.metric, key.verdict, key.confirmed) for key in report.keys] == [
        (Metric.TIME, Verdict.SAME, False),
        (Metric.AVERAGE, Verdict.SLOWER, True),
    ]
    assert report.keys[1].calls == 400


def test_an_average_too_noisy_to_decide_is_no_finding(
    changed_case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN an average that spreads by 9 % about nothing THEN exit 0, and beside it what it could have seen."""
    wild = iter(range(1000))
    quiet(
        monkeypatch,
        lambda count: [fake_units(0.0, average=(-9, 9)[next(wild) % 2])[0] for _ in range(count)],
    )
    report = gate(changed_case, metrics=TIMED)

    assert report.exit_code == 0
    assert report.keys[1].verdict is Verdict.UNCLEAR
    assert report.keys[1].smallest_effect is not None
    assert report.keys[1].smallest_effect > 0.05


def test_each_workload_that_is_asked_for_is_compared(
    changed_case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``-w`` twice: a key each."""
    quiet(monkeypatch, lambda count: fake_units(*[0.0] * count))
    names = [one.name for one in find_case(f"./{changed_case.name}").load().workloads][:2]
    report = gate(changed_case, workloads=tuple(names))

    assert [key.key.workload for key in report.keys] == names


def test_the_same_gate_compares_the_same_keys(
    changed_case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten of ten, whatever the clock says: the workload follows from the declaration."""
    quiet(monkeypatch, lambda count: fake_units(*[0.0] * count))
    keys = {tuple(key.key for key in gate(changed_case, metrics=TIMED).keys) for _ in range(10)}

    assert len(keys) == 1


def test_event_loops_play_in_two_processes(
    write_case: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An async variant is measured in two processes, and the reason is said."""
    folder = write_case(awaiting=ASYNC)
    commit(folder.parent)
    (folder / "awaiting.py").write_text(ASYNC.replace("sorted(xs)", "list(sorted(xs))"))
    monkeypatch.chdir(folder.parent)
    calm(monkeypatch)

    assert gate(folder, budget_seconds=1.0).keys[0].how == "two processes: its technique is asyncio"


def test_imports_inside_calls_find_their_own_revision(
    write_case: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lazy import is made among the modules of the side that is called: one process will do."""
    folder = write_case(lazy=LAZY)
    (folder / "lazy.py").write_text(LAZY.format(name=folder.name))
    (folder / "helper.py").write_text("def ordered(xs):\n    return sorted(xs)\n")
    commit(folder.parent)
    (folder / "helper.py").write_text("def ordered(xs):\n    return list(sorted(xs))\n")
    monkeypatch.chdir(folder.parent)
    calm(monkeypatch)
    report = gate(folder, budget_seconds=1.0)

    assert [(key.key.variant, key.how) for key in report.keys] == [("lazy", "one process")]


def test_a_control_that_moves_discards_the_run(
    changed_case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN a slowdown, and the control just as slow THEN exit 5: the machine changed, not the code."""
    quiet(monkeypatch, lambda count: fake_units(*[3.0] * count, control=3.0))
    report = gate(changed_case)

    assert (report.exit_code, [key.verdict for key in report.keys]) == (5, [Verdict.UNCLEAR])
    assert any("control" in note for note in report.notes)


def test_a_slowdown_that_fresh_processes_do_not_repeat_is_not_red(
    changed_case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN eight slow units and four level ones THEN exit 5."""
    answers: Iterator[float] = iter([3.0, 0.0])
    quiet(monkeypatch, lambda count: fake_units(*[next(answers)] * count))
    report = gate(changed_case)

    assert report.exit_code == 5
    assert "fresh processes did not repeat it" in " ".join(report.keys[0].notes)


def test_the_case_may_ask_for_another_tolerance(
    write_case: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """3 % on a variant whose case tolerates 25 % is the same."""
    folder = write_case(
        more="gate=__import__('harness').Gate(tolerances={{'honest': 0.25}})",
        honest=WORK.format(turns=10),
    )
    file = folder / "__init__.py"
    file.write_text(file.read_text().replace("{{", "{").replace("}}", "}"))
    commit(folder.parent)
    (folder / "honest.py").write_text(WORK.format(turns=11))
    monkeypatch.chdir(folder.parent)
    quiet(monkeypatch, lambda count: fake_units(*[3.0] * count))
    report = gate(folder)

    assert (report.exit_code, report.keys[0].verdict) == (0, Verdict.SAME)


def test_a_changed_variant_without_a_number_is_missing(
    changed_case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN a gate by instructions of a variant that a case excludes from it THEN exit 4, never a pass."""
    monkeypatch.setattr(session.counting, "require_callgrind", lambda: "valgrind")
    monkeypatch.setattr(session.counting, "why_not", lambda *_: "because")
    report = session.run(
        Asked("HEAD", (f"./{changed_case.name}",), metrics=(Metric.INSTRUCTIONS,)), lambda _: None
    )

    assert (report.exit_code, [gap.variant for gap in report.missing]) == (4, ["honest"])
    assert "because" in report.missing[0].message


def test_a_worktree_is_removed_whatever_happens(tmp_path: Path) -> None:
    """Also when the work inside raises; and one that a killed gate left behind is cleared by the next."""
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "file.py").write_text("x = 1\n")
    made = commit(tmp_path / "repo")
    repository = repository_of(tmp_path / "repo")
    with pytest.raises(ZeroDivisionError), revisions.base_folder(repository, made) as folder:
        assert (folder / "file.py").read_text() == "x = 1\n"
        raise ZeroDivisionError
    git(tmp_path / "repo", "worktree", "add", "--quiet", "--detach", str(folder), made)
    with revisions.base_folder(repository, made) as again:
        assert again == folder

    assert git(tmp_path / "repo", "worktree", "list").count("\n") == 1
    assert not folder.exists()


def test_the_head_is_the_working_tree_as_it_is(tmp_path: Path) -> None:
    """Uncommitted edits and new files are in it, deleted and ignored ones are not."""
    (tmp_path / "repo").mkdir()
    for name in ("kept.py", "edited.py", "deleted.py"):
        (tmp_path / "repo" / name).write_text("x = 1\n")
    commit(tmp_path / "repo")
    (tmp_path / "repo" / "edited.py").write_text("x = 2\n")
    (tmp_path / "repo" / "new file.py").write_text("x = 3\n")
    (tmp_path / "repo" / "deleted.py").unlink()
    (tmp_path / "repo" / "__pycache__").mkdir()
    (tmp_path / "repo" / "__pycache__" / "x.pyc").write_bytes(b"")
    repository = repository_of(tmp_path / "repo")
    with revisions.head_folder(repository) as folder:
        found = {path.name: path.read_text() for path in folder.glob("*.py")}

        assert found == {"kept.py": "x = 1\n", "edited.py": "x = 2\n", "new file.py": "x = 3\n"}
        assert not (folder / "__pycache__" / "x.pyc").exists()


@pytest.mark.parametrize("revision", ["mian", "-rf", "--output=x", "", "HEAD:kept.py", "a b"])
def test_a_revision_is_a_commit_or_refused(tmp_path: Path, revision: str) -> None:
    """Nothing that looks like an option or a file ever reaches git as one."""
    (tmp_path / "kept.py").write_text("x = 1\n")
    commit(tmp_path)
    with pytest.raises(AskedWrongly, match="no revision"):
        repository_of(tmp_path).commit(revision)
