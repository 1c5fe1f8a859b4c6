"""The gate through the real command line, on real commits of small repositories: exit codes, names, what is left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.errors import EnvironmentLacks
from harness.lab.gate import counting
from harness.show.gate_document import read_report
from tests.repositories import commit, git

HOME = Path(__file__).parents[2]
pytestmark = pytest.mark.usefixtures("known_limits")
QUICK = ("--metric", "time", "--budget", "1", "--no-profile", "--quiet")
"""Why a variant is slower is asked in test_profile_command.py."""

HONEST = """'''Sorted, with some work.'''
def smallest(xs):
    total = 0
    for _ in range(200):
        total += 1
    return sorted(xs)
"""
TWICE = HONEST.replace("range(200)", "range(500)")


def countable() -> str:
    """Why instructions cannot be counted here; empty: they can."""
    try:
        counting.require_callgrind()
    except EnvironmentLacks as error:
        return error.problem
    return ""


needs_callgrind = pytest.mark.skipif(
    bool(countable()), reason=countable() or "instructions can be counted here"
)


def gate(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the gate on the case in ``folder``, from its repository."""
    command = [sys.executable, "-m", "harness", "gate", f"./{folder.name}", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(HOME), "COLUMNS": "160"}
    environment.pop("GITHUB_STEP_SUMMARY", None)
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder.parent, env=environment
    )


def document(ended: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The JSON that went to standard output, and nothing else."""
    found: dict[str, Any] = json.loads(ended.stdout)
    assert read_report(ended.stdout.encode()).exit_code == ended.returncode
    return found


def verdicts(found: dict[str, Any]) -> dict[str, str]:
    """Verdict by variant, of the typical call."""
    return {key["variant"]: key["verdict"] for key in found["keys"] if key["metric"] != "average"}


def gated(ended: subprocess.CompletedProcess[str], variant: str, *allowed: str) -> dict[str, Any]:
    """The document of a gate that measured this variant and no other, and called it one of these.

    The clock is the real one, and other work may be in the way: that it is unclear (exit 5) is always allowed, and
    which of the other verdicts follows from which units is tested where units are made (test_gate_session.py).
    """
    found = document(ended)
    (said,) = verdicts(found).items()

    assert said[0] == variant
    assert said[1] in {*allowed, "unclear"}
    assert ended.returncode in {1 if "slower" in allowed else 0, 5}
    return found


@pytest.fixture
def repository(write_case: Callable[..., Path]) -> Path:
    """A case with two honest variants, committed."""
    folder = write_case(honest=HONEST, steady=HONEST)
    commit(folder.parent)
    return folder


def test_a_comment_changes_nothing(repository: Path) -> None:
    """GIVEN a comment and a blank line WHEN gated THEN exit 0, everything unchanged, nothing measured."""
    (repository / "honest.py").write_text(
        HONEST.replace("    total = 0", "    # from nought\n\n    total = 0")
    )
    ended = gate(repository, "--against", "HEAD", *QUICK, "--json", "-")
    found = document(ended)

    assert (ended.returncode, found["schema"], found["verdict"], found["keys"]) == (
        0,
        "harness.gate/2",
        "pass",
        [],
    )
    assert {one["variant"] for one in found["unchanged"]} == {"naive", "honest", "steady"}


def test_a_slower_variant_is_named_and_nothing_else(repository: Path) -> None:
    """GIVEN one variant that does more than twice its work WHEN gated by time THEN it alone is named, and never passes."""
    (repository / "honest.py").write_text(TWICE)
    commit(repository.parent)
    ended = gate(
        repository,
        "--against",
        "HEAD~1",
        *QUICK,
        "-w",
        "10",
        "--json",
        "-",
        "--junit",
        "gate.xml",
        "--markdown",
        "gate.md",
    )
    gated(ended, "honest", "slower")

    assert "honest" in (repository.parent / "gate.md").read_text()
    assert "honest 10 time" in (repository.parent / "gate.xml").read_text()


def test_a_faster_variant_passes(repository: Path) -> None:
    """The same two commits the other way round: no regression."""
    (repository / "honest.py").write_text(TWICE)
    commit(repository.parent)
    (repository / "honest.py").write_text(HONEST)
    ended = gate(repository, "--against", "HEAD", *QUICK, "-w", "10", "--json", "-")

    gated(ended, "honest", "faster")


@needs_callgrind
def test_one_percent_more_instructions_are_found(repository: Path) -> None:
    """GIVEN six more turns of two hundred WHEN gated by instructions THEN exit 1; what is unchanged takes as many to the last digit."""
    (repository / "honest.py").write_text(HONEST.replace("range(200)", "range(206)"))
    counted = ("--metric", "instructions", "--no-profile", "-w", "10", "--quiet", "--json", "-")
    ended = gate(repository, "--against", "HEAD", *counted, "--all", "-V", "honest", "-V", "steady")
    found = {key["variant"]: key for key in document(ended)["keys"]}

    assert (1, "slower", "same") == (ended.returncode, *(one["verdict"] for one in found.values()))
    assert {"instructions"} == {one["metric"] for one in found.values()}
    assert 1.005 < found["honest"]["ratio"]["low"] < 1.04
    assert {"value": 1.0, "low": 1.0, "high": 1.0} == found["steady"]["ratio"]


def test_a_deleted_variant_is_red_unless_it_is_meant(repository: Path) -> None:
    """Exit 4 names it; --deleted says that it is meant."""
    declaration = repository / "__init__.py"
    declaration.write_text(declaration.read_text().replace(", 'steady'", ""))
    (repository / "steady.py").unlink()
    ended = gate(repository, "--against", "HEAD", *QUICK, "--json", "-")
    meant = gate(repository, "--against", "HEAD", *QUICK, "--deleted", f"{repository.name}/steady")

    assert (ended.returncode, [gap["variant"] for gap in document(ended)["missing"]]) == (
        4,
        ["steady"],
    )
    assert meant.returncode == 0


def test_a_wrong_variant_is_red_before_any_clock(repository: Path) -> None:
    """GIVEN a variant that drops an item WHEN gated THEN exit 3, the difference in words, no number."""
    (repository / "honest.py").write_text(HONEST.replace("sorted(xs)", "sorted(xs)[1:]"))
    ended = gate(repository, "--against", "HEAD", *QUICK, "--json", "-")
    found = document(ended)

    assert (ended.returncode, [gap["variant"] for gap in found["wrong"]], found["keys"]) == (
        3,
        ["honest"],
        [],
    )


def test_another_question_is_a_wrong_answer(repository: Path) -> None:
    """GIVEN all variants changed alike WHEN the reference answers otherwise than the base's THEN exit 3."""
    for name in ("naive", "honest", "steady"):
        file = repository / f"{name}.py"
        file.write_text(
            file.read_text()
            .replace("return ys", "return ys[::-1]")
            .replace("sorted(xs)", "sorted(xs)[::-1]")
        )
    ended = gate(repository, "--against", "HEAD", *QUICK)

    assert ended.returncode == 3
    assert "answers otherwise than the base's naive" in " ".join(ended.stdout.split())


def test_a_crash_is_no_pass(repository: Path) -> None:
    """GIVEN a variant that raises WHEN gated THEN exit 4."""
    (repository / "honest.py").write_text(
        "'''Sorted.'''\ndef smallest(xs):\n    raise RuntimeError('no')\n"
    )
    ended = gate(repository, "--against", "HEAD", *QUICK)

    assert ended.returncode == 4
    assert "honest: raised" in ended.stdout


def test_a_base_that_was_broken_is_no_baseline(repository: Path) -> None:
    """GIVEN a fix of a variant that raised WHEN gated THEN exit 5: there is nothing to compare with."""
    (repository / "honest.py").write_text(
        "'''Sorted.'''\ndef smallest(xs):\n    raise RuntimeError('no')\n"
    )
    commit(repository.parent)
    (repository / "honest.py").write_text(HONEST)
    ended = gate(repository, "--against", "HEAD", *QUICK, "-w", "10", "--json", "-")
    key = document(ended)["keys"][0]

    assert (ended.returncode, key["verdict"], key["how"]) == (5, "unclear", "no baseline")


def test_a_new_variant_is_proven_and_not_compared(repository: Path) -> None:
    """Exit 0, listed as added; the others are unchanged although the declaration has changed."""
    declaration = repository / "__init__.py"
    declaration.write_text(declaration.read_text().replace("'steady')", "'steady', 'fresh')"))
    (repository / "fresh.py").write_text(HONEST)
    ended = gate(repository, "--against", "HEAD", *QUICK, "--json", "-")
    found = document(ended)

    assert (ended.returncode, found["added"], len(found["unchanged"])) == (
        0,
        [{"case": repository.name, "variant": "fresh"}],
        3,
    )


def test_a_wrong_new_variant_is_red(repository: Path) -> None:
    """A new variant has nothing to be compared with, but it must be right: exit 3."""
    declaration = repository / "__init__.py"
    declaration.write_text(declaration.read_text().replace("'steady')", "'steady', 'fresh')"))
    (repository / "fresh.py").write_text(HONEST.replace("sorted(xs)", "sorted(xs)[:-1]"))

    assert gate(repository, "--against", "HEAD", *QUICK).returncode == 3


@pytest.mark.parametrize(
    ("revision", "said"),
    [("mian", "did you mean main?"), ("--upload-pack=x", "no revision"), ("", "no revision")],
)
def test_an_unknown_revision_is_asked_wrongly(repository: Path, revision: str, said: str) -> None:
    """Exit 2, the value and what was probably meant."""
    ended = gate(repository, f"--against={revision}", *QUICK)

    assert ended.returncode == 2
    assert said in ended.stderr


def test_a_folder_without_a_repository_is_asked_wrongly(write_case: Callable[..., Path]) -> None:
    """Exit 2: the gate compares revisions."""
    ended = gate(write_case(honest=HONEST), "--against", "HEAD", *QUICK)

    assert ended.returncode == 2
    assert "in no git repository" in ended.stderr


def test_nothing_is_left_behind_by_an_interruption(repository: Path) -> None:
    """GIVEN a gate in the middle of its work WHEN it is interrupted THEN exit 130, no worktree, no checkout, no process."""
    (repository / "honest.py").write_text(TWICE)
    command = [
        sys.executable,
        "-m",
        "harness",
        "gate",
        f"./{repository.name}",
        "--against",
        "HEAD",
        "--metric",
        "time",
        "--budget",
        "60",
    ]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=repository.parent
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("timing"):
                process.send_signal(signal.SIGINT)
                break
        process.communicate()
    revisions = Path(os.environ["PERFLAB_CACHE"], "revisions")

    assert process.returncode == 130
    assert git(repository.parent, "worktree", "list").count("\n") == 1
    assert [path for folder in revisions.iterdir() for path in folder.iterdir()] == []


def test_a_report_is_shown_again_without_measuring(repository: Path) -> None:
    """--from reads what --json wrote, and exits as that gate did; a page for the pull request comes out."""
    (repository / "honest.py").write_text(HONEST.replace("sorted(xs)", "sorted(xs)[1:]"))
    gate(repository, "--against", "HEAD", *QUICK, "--json", "gate.json")
    command = [sys.executable, "-m", "harness", "gate", "--from", "gate.json", "--markdown", "-"]
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=repository.parent
    )

    assert ended.returncode == 3
    assert "NOT EQUIVALENT" in ended.stdout


def test_the_job_summary_is_written(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a CI server names a file for the summary of the job, the page is added to it."""
    summary = tmp_path / "summary.md"
    command = [
        sys.executable,
        "-m",
        "harness",
        "gate",
        f"./{repository.name}",
        "--against",
        "HEAD",
        *QUICK,
    ]
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=repository.parent
    )

    assert ended.returncode == 0
    assert "PASS" in summary.read_text()


@pytest.mark.timeout(600)  # it counts ten times under valgrind
@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_the_self_test_plants_and_finds(tmp_path: Path) -> None:
    """A short self-test of one variant: a document, no false alarm, each plant read as such by counting."""
    if countable():
        pytest.skip(countable())
    command = [
        sys.executable,
        "-m",
        "harness",
        "gate",
        "--self-test",
        "dedupe",
        "-V",
        "banded",
        "--trials",
        "1",
        "--metric",
        "instructions",
    ]
    ended = subprocess.run(
        [*command, "--quiet", "--json", "-"], capture_output=True, text=True, check=False, cwd=HOME
    )
    found = json.loads(ended.stdout)
    rates = {one["slowdown"]: one["rate"]["value"] for one in found["detection"]}

    assert (ended.returncode, found["schema"], found["complete"]) == (0, "harness.selftest/1", True)
    assert found["false_alarm_rate"]["value"] == 0.0
    assert rates == {0.005: 1.0, 0.01: 1.0, 0.02: 1.0, 0.05: 1.0}


# --------------------------------------------------------------------------- found by a reader who tried to break it


def test_worktrees_of_others_are_left_alone(repository: Path, tmp_path: Path) -> None:
    """GIVEN a worktree of the user's on a disk that is away WHEN gated THEN git still knows it."""
    git(
        repository.parent,
        "worktree",
        "add",
        "--quiet",
        "-b",
        "theirs",
        str(tmp_path.parent / f"{tmp_path.name}-theirs"),
    )
    (tmp_path.parent / f"{tmp_path.name}-theirs").rename(tmp_path.parent / f"{tmp_path.name}-away")
    gate(repository, "--against", "HEAD", *QUICK)

    assert f"{tmp_path.name}-theirs" in git(repository.parent, "worktree", "list")


def test_a_project_in_a_subfolder_is_compared_with_its_own_past(
    write_case: Callable[..., Path], tmp_path: Path
) -> None:
    """GIVEN a helper beside the case, in a subfolder of the repository, that became wrong THEN its user is, and its past was not."""
    sub = tmp_path / "sub"
    sub.mkdir()
    folder = write_case(
        helped="'''Sorted.'''\nfrom helping_hand import ordered\ndef smallest(xs):\n    return ordered(xs)\n"
    )
    folder = folder.rename(sub / folder.name)
    (sub / "helping_hand.py").write_text("def ordered(xs):\n    return sorted(xs)\n")
    commit(tmp_path)
    (sub / "helping_hand.py").write_text("def ordered(xs):\n    return sorted(xs)[1:]\n")
    ended = gate(folder, "--against", "HEAD", *QUICK, "-w", "10", "--json", "-")

    assert (3, ["helped"]) == (
        ended.returncode,
        [one["variant"] for one in document(ended)["wrong"]],
    )


def test_a_helper_from_pythonpath_is_the_revision_s_own(
    write_case: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of the working tree on PYTHONPATH stands for the same folder of each revision."""
    (tmp_path / "lib").mkdir()
    folder = write_case(
        helped="'''Sorted.'''\nfrom far_helper import ordered\ndef smallest(xs):\n    return ordered(xs)\n"
    )
    (tmp_path / "lib" / "far_helper.py").write_text("def ordered(xs):\n    return sorted(xs)\n")
    commit(tmp_path)
    (tmp_path / "lib" / "far_helper.py").write_text("def ordered(xs):\n    return sorted(xs)[1:]\n")
    command = [
        sys.executable,
        "-m",
        "harness",
        "gate",
        f"./{folder.name}",
        "--against",
        "HEAD",
        *QUICK,
        "-w",
        "10",
        "--json",
        "-",
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HOME), str(tmp_path / "lib")])}
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment
    )

    assert (3, ["helped"]) == (
        ended.returncode,
        [one["variant"] for one in document(ended)["wrong"]],
    )


@pytest.mark.parametrize("side", ["head", "base"])
@pytest.mark.parametrize(
    "text", ["x = = 1\n", "import sys\nsys.exit(0)\n", "import os\nos._exit(0)\n"]
)
def test_a_declaration_that_cannot_be_imported_is_no_pass(
    repository: Path, side: str, text: str
) -> None:
    """A head that ends the process, or is no Python, is not measured (4); such a base is no baseline (5)."""
    declaration = repository / "__init__.py"
    honest = declaration.read_text()
    declaration.write_text(text)
    if side == "base":
        commit(repository.parent)
        declaration.write_text(honest)
        ended = gate(repository, "--against", "HEAD", *QUICK, "--json", "-")
    else:
        ended = gate(repository, "--against", "HEAD", *QUICK, "--json", "-")

    assert ended.returncode == {"head": 4, "base": 5}[side], ended.stderr
    assert document(ended)["exit_code"] == ended.returncode


def test_a_variant_that_is_no_python_is_not_measured(repository: Path) -> None:
    """A syntax error in one variant: exit 4 names it, no traceback."""
    (repository / "honest.py").write_text("x = = 1\n")
    ended = gate(repository, "--against", "HEAD", *QUICK, "--json", "-")

    assert (ended.returncode, [gap["variant"] for gap in document(ended)["missing"]]) == (
        4,
        ["honest"],
    )
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "words",
    [("-V", "honset"), ("-w", "nosuch"), ("--deleted", "x/y"), ("--json", "no/such/folder/x.json")],
)
def test_slips_are_asked_wrongly(repository: Path, words: tuple[str, ...]) -> None:
    """A name that is nowhere never makes a gate of nothing that passes: exit 2."""
    ended = gate(repository, "--against", "HEAD", *QUICK, *words)

    assert ended.returncode == 2
    assert words[-1] in ended.stderr


def test_a_change_does_not_excuse_itself(repository: Path) -> None:
    """GIVEN a slowdown and a tolerance raised for it in the same change THEN it is judged by the old one: no pass."""
    (repository / "honest.py").write_text(TWICE)
    declaration = repository / "__init__.py"
    declaration.write_text(
        declaration.read_text()
        .replace("same=exact,", "same=exact, gate=Gate(tolerance=50.0),")
        .replace("import Case", "import Gate, Case")
    )
    ended = gate(repository, "--against", "HEAD", *QUICK, "-w", "10", "--json", "-")
    found = gated(ended, "honest", "slower")

    assert any("the tolerance is raised" in note for note in found["notes"])


def test_a_reference_that_became_wrong_is_found_though_only_others_were_asked_for(
    repository: Path,
) -> None:
    """GIVEN a changed reference THEN every variant asked for is proven anew by it: exit 3."""
    file = repository / "naive.py"
    file.write_text(file.read_text().replace("return ys", "return ys[::-1]"))

    assert gate(repository, "--against", "HEAD", *QUICK, "-V", "honest").returncode == 3


def test_a_helper_that_became_wrong_is_proven_anew(repository: Path) -> None:
    """A certificate covers all that a variant needs: one edit of a helper is harmless, the next is not."""
    (repository / "honest.py").write_text(
        HONEST.replace("def smallest", "from far_away import ordered\ndef smallest").replace(
            "sorted(xs)", "ordered(xs)"
        )
    )
    helper = repository.parent / "far_away.py"
    helper.write_text("def ordered(xs):\n    return sorted(xs)\n")
    commit(repository.parent)
    helper.write_text("def ordered(xs):\n    return list(sorted(xs))\n")
    first = gate(repository, "--against", "HEAD", *QUICK, "--tolerance", "0.5", "-w", "10")
    helper.write_text(
        "def ordered(xs):\n    return sorted(xs)[1:] if len(xs) == 33 else sorted(xs)\n"
    )
    second = gate(repository, "--against", "HEAD", *QUICK, "--tolerance", "0.5", "-w", "10")

    assert first.returncode in {0, 5}
    assert second.returncode == 3


def test_answers_of_the_case_s_own_types_can_be_gated(write_case: Callable[..., Path]) -> None:
    """Two revisions' classes are never equal: each answer is compared among the classes of one side."""
    mine = "'''Marks.'''\nfrom {name}.kinds import Mark\ndef smallest(xs):\n    return [Mark(x) for x in sorted(xs)]\n"
    folder = write_case(marked="")
    (folder / "kinds.py").write_text(
        "from dataclasses import dataclass\n@dataclass\nclass Mark:\n    value: float\n"
    )
    for name in ("naive", "marked"):
        (folder / f"{name}.py").write_text(mine.format(name=folder.name))
    commit(folder.parent)
    (folder / "marked.py").write_text(
        mine.format(name=folder.name).replace("sorted(xs)", "list(sorted(xs))")
    )
    ended = gate(
        folder, "--against", "HEAD", *QUICK, "--tolerance", "0.5", "-w", "10", "--json", "-"
    )

    gated(ended, "marked", "same", "faster")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_ends_it_with_its_own_code(repository: Path, number: signal.Signals) -> None:
    """128 + the signal, never 1."""
    (repository / "honest.py").write_text(TWICE)
    command = [
        sys.executable,
        "-m",
        "harness",
        "gate",
        f"./{repository.name}",
        "--against",
        "HEAD",
        "--metric",
        "time",
    ]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, cwd=repository.parent
    ) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(number)
        process.communicate()

    assert process.returncode == 128 + number


def test_a_reader_who_leaves_is_no_slowdown(repository: Path) -> None:
    """`gate ... | true` is 141, never 1."""
    words = " ".join(
        [
            sys.executable,
            "-m",
            "harness",
            "gate",
            f"./{repository.name}",
            "--against",
            "HEAD",
            *QUICK,
        ]
    )
    ended = subprocess.run(
        ["bash", "-c", f"{words} | true; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        check=False,
        cwd=repository.parent,
    )

    assert ended.returncode in {0, 141}


def test_what_a_killed_gate_left_is_cleared_by_the_next(repository: Path) -> None:
    """GIVEN a gate killed while timing, and another revision THEN the next leaves neither's checkouts."""
    (repository / "honest.py").write_text(TWICE)
    command = [
        sys.executable,
        "-m",
        "harness",
        "gate",
        f"./{repository.name}",
        "--against",
        "HEAD",
        "--metric",
        "time",
        "--budget",
        "60",
    ]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, cwd=repository.parent
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("timing"):
                process.kill()
                break
        process.communicate()
    commit(repository.parent)
    gate(repository, "--against", "HEAD", *QUICK)
    revisions = Path(os.environ["PERFLAB_CACHE"], "revisions")

    assert git(repository.parent, "worktree", "list").count("\n") == 1
    assert [path for folder in revisions.iterdir() for path in folder.iterdir()] == []
