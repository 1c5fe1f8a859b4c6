"""Remedies work when typed: every command that a message of ours names, in the situation that names it."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from harness.cli import cli
from harness.commands import spelling

HOME = Path(__file__).parents[2]
HARNESS = HOME / "harness"
_COMMAND = re.compile(r"python -m harness(?: [^;,()`\"\n]*)?")
_SHOWN_AS = re.compile(r"  try: (.*)")
TRIED = {
    "doctor": "doctor",
    "doctor says more": "doctor",
    "gate --against REV": "gate --against HEAD",
    "gate --against REV --json gate.json": "gate --against HEAD --json gate.json",
    "gate --against REV does so": "gate --against HEAD",
    "gate --against HEAD": "gate --against HEAD",
    "gate --against {}": "gate --against 0123abc",
    "gate {} --against HEAD": "gate ./benchmarks/pcase --against HEAD",
    "gate --self-test --json FILE writes one": "gate --self-test --json FILE",
    "history add dedupe": "history add dedupe",
    "history run": "history run",
    "history run HEAD~5..HEAD": "history run HEAD~5..HEAD",
    "history run {}": "history run 0123abc",
    "list": "list",
    "list CASE    python -m harness run CASE": "list dedupe",
    "list shows them": "list",
    "list {}": "list dedupe",
    "monitor -- COMMAND": "monitor -- true",
    "monitor -- python script.py": "monitor -- python script.py",
    "new my_case": "new my_case",
    "new {}": "new sorting",
    "new {}_case": "new slow_case",
    "profile CASE --json FILE writes one": "profile dedupe --json FILE",
    "profile CASE writes one": "profile dedupe",
    "report": "report",
    "report -o {}": "report -o 'my site'",
    "run CASE -w S --memory 512MiB": "run dedupe -w S --memory 512MiB",
    "run dedupe is a good start": "run dedupe",
    "run dedupe{}": "run dedupe --store 'my store'",
    "run {} --resume {}{}": "run ./pcase --resume 20260101T000000Z-0123abcd --store 'my store'",
    "gate --self-test --all --json alike.json": "gate --self-test --all --json alike.json",
    "new {} --in {}": "new my_case --in ..",
    "run {}": "run ./benchmarks/pcase",
    "run {} -w {} --budget {}": "run ./benchmarks/pcase -w 10 --budget 20",
    "run {typed}": "run ./my_case",
    "verify {typed} --mutants": "verify ./my_case --mutants",
    "store publish {}": "store publish pcase",
    "store publish {name}": "store publish my_case",
    "compare {} {}": "compare 20260101T000000Z-0123abcd dedupe",
    "store publish dedupe": "store publish dedupe",
    "run {} --resume {}": "run ./benchmarks/pcase --resume 20260101T000000Z-0123abcd",
    "run {} --resume {} --budget {}": (
        "run ./benchmarks/pcase --resume 20260101T000000Z-0123abcd --budget 60"
    ),
    "run {}{}": "run ./benchmarks/pcase --sweep",
    "store fsck": "store fsck",
    "store fsck --fix{}": "store fsck --fix --store 'my store'",
    "store fsck --fix --store {}": "store fsck --fix --store 'other store'",
    "store merge {}": "store merge 'a file.json'",
    "verify {}": "verify ./benchmarks/pcase",
    "verify {} -V {}": "verify ./benchmarks/pcase -V ours",
    "{} --json {}": "profile CASE --json 'a file'",
}
"""Every command in a message, with what follows it in the sentence: how it is typed."""


def constants(tree: ast.AST) -> Iterator[str]:
    """All text of a module but its docstrings; what is filled in stands as {}."""
    passed_over = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            passed_over.add(id(getattr(node.body[0], "value", None)))
        if isinstance(node, ast.JoinedStr):
            passed_over |= {id(inner) for inner in ast.walk(node) if inner is not node}
    for node in ast.walk(tree):
        if id(node) in passed_over:
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def commands_in_messages() -> set[str]:
    """What follows the program's name, wherever a message names it."""
    return {
        found.group().removeprefix(spelling.CANONICAL).strip()
        for path in HARNESS.rglob("*.py")
        for text in constants(ast.parse(path.read_bytes()))
        for found in _COMMAND.finditer(text)
    } - {""}


def test_every_command_in_a_message_has_been_tried() -> None:
    """A new remedy needs an entry here: how it is typed."""
    assert commands_in_messages() == set(TRIED)


@pytest.mark.parametrize("typed", sorted(set(TRIED.values())))
def test_it_is_understood(typed: str) -> None:
    """The command is there, and so are its options; nothing is run."""
    words = shlex.split(typed)
    group: click.Command = cli
    parent = click.Context(cli, info_name="perflab")
    while isinstance(group, click.Group):
        name, found, words = group.resolve_command(parent, words)
        assert found is not None
        group = found
        if isinstance(group, click.Group):
            parent = click.Context(group, info_name=name, parent=parent)

    with group.make_context(typed, words, parent=parent) as context:
        assert context.params is not None


# ------------------------------------------------------------------ in the situation that says so


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a case of its own, a store, and the console script."""
    folder = tmp_path_factory.mktemp("remedies") / "my project"
    case = folder / "benchmarks" / "pcase"
    case.mkdir(parents=True)
    (case / "__init__.py").write_text(
        "'''?'''\nfrom harness import Case, exact, sweep\n"
        "def make(n, seed):\n    return (list(range(n)),)\n"
        "case = Case(function='f', variants=('ref', 'bad'), workloads=sweep(make, n=(4,)), same=exact)\n"
    )
    (case / "ref.py").write_text("'''r'''\ndef f(x):\n    return sorted(x)\n")
    (case / "bad.py").write_text("'''b'''\nraise ValueError('never')\n")
    (case / "README.md").write_text("<!-- results:begin -->\n<!-- results:end -->\n")
    (folder / "slow.py").write_text("def f(x):\n    return x\n")
    (folder / "results" / "pcase").mkdir(parents=True)
    script = folder.parent / "bin" / "perflab"
    script.parent.mkdir()
    script.write_text(
        f"import sys\nsys.path.append({str(HOME)!r})\n"
        "from perflab.__main__ import command\ncommand()\n"
    )
    return folder


def run(project: Path, line: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Type a line: ``perflab ...`` is the console script, everything else is the shell's."""
    script = f"{shlex.quote(sys.executable)} {shlex.quote(str(project.parent / 'bin' / 'perflab'))}"
    environment = {
        **os.environ,
        "PYTHONPATH": "",
        "PERFLAB_STORE": str(project / "results"),
        "PERFLAB_CACHE": str(project.parent / "cache"),
        "HOME": str(project.parent),
        **more,
    }
    return subprocess.run(
        re.sub(r"^perflab\b", lambda _: script, line),
        shell=True,
        capture_output=True,
        text=True,
        check=False,
        cwd=project,
        env=environment,
    )


def remedy(ended: subprocess.CompletedProcess[str]) -> str:
    """What the message says to try."""
    found = _SHOWN_AS.search(ended.stderr)
    assert found, ended.stderr
    return found[1]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("profile ./benchmarks/pcase -V bad", "perflab verify ./benchmarks/pcase -V bad"),
        ("export pcase", "perflab run ./benchmarks/pcase"),
        ("compare pcase pcase", "measure one: perflab run ./benchmarks/pcase"),
        (
            "report --readme ./benchmarks/pcase",
            "measure one, then publish it: perflab run ./benchmarks/pcase",
        ),
        ("list ./benchmarks", "name a case in it: ./benchmarks/pcase"),
        ("list ./slow.py", "start one with: perflab new ./slow_case"),
        ("new slow", "perflab new ./slow_case"),
        ("new json", "perflab new ./json_case"),
        ("new My-Case", "perflab new ./my_case"),
        ("run", "perflab list shows them; perflab run dedupe is a good start"),
        ("serve 'no site'", "perflab report -o 'no site'"),
        (
            "history run --existing --case ./benchmarks/pcase",
            "compare two revisions of it: perflab gate ./benchmarks/pcase --against HEAD",
        ),
        ("list pcase", "a case of that name is here: ./benchmarks/pcase"),
    ],
)
def test_a_path_case_is_named_by_its_path(project: Path, line: str, expected: str) -> None:
    """As the console script, in a project of one's own: the hint is what can be typed there."""
    assert expected == remedy(run(project, f"perflab {line}"))


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("perflab list ./benchmarks/pcase", 0),
        ("perflab new slow_case", 0),
        ("perflab list ./slow_case", 0),
        ("perflab new json_case --in 'a place'", 0),
        ("perflab list './a place/json_case'", 0),
    ],
)
def test_what_they_name_can_be_typed(project: Path, line: str, code: int) -> None:
    """The cheap ones, to their end."""
    ended = run(project, line)

    assert code == ended.returncode, ended.stderr


@pytest.mark.parametrize("name", ["MyCase", "my-case", "json", "class", "1st"])
def test_one_rule_for_names_with_a_remedy_that_works(
    tmp_path: Path, project: Path, name: str
) -> None:
    """A folder that cannot be a case's is renamed by the command that the message shows."""
    folder = tmp_path / name
    folder.mkdir()
    for file in (project / "benchmarks" / "pcase").glob("*.py"):
        (folder / file.name).write_text(file.read_text())
    refused = run(project, f"perflab list {shlex.quote(str(folder))}")
    command = remedy(refused).removeprefix("rename the folder: ")
    done = run(project, command)
    renamed = shlex.split(command)[-1]

    assert (2, 0) == (refused.returncode, done.returncode)
    assert f"{name!r} cannot be the name of a case: small letters" in refused.stderr
    assert 0 == run(project, f"perflab list {shlex.quote(renamed)}").returncode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a repository away")
def test_a_repository_of_another_user_is_trusted_as_git_says(tmp_path: Path, project: Path) -> None:
    """Git's own remedy is ours, and after it git reads the repository."""
    folder = tmp_path / "theirs"
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    case = folder / "pcase"
    case.mkdir()
    for file in (project / "benchmarks" / "pcase").glob("*.py"):
        (case / file.name).write_text(file.read_text())
    os.chown(folder, 65534, 65534)
    os.chown(folder / ".git", 65534, 65534)
    line = f"perflab gate {shlex.quote(str(case))} --against HEAD"
    refused = run(project, line)
    command = remedy(refused)
    done = run(project, command)

    assert command.startswith("git config --global --add safe.directory ")
    assert (2, 0) == (refused.returncode, done.returncode)
    assert "there is no revision 'HEAD'" in run(project, line).stderr


def test_a_run_is_spelt_as_it_was_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """The console script, the package's own name, and the canonical form where nothing is known."""
    said = {}
    for called in (
        "/usr/bin/perflab",
        "/x/perflab/__main__.py",
        "/x/harness/__main__.py",
        "pytest",
    ):
        monkeypatch.setattr(sys, "argv", [called])
        said[called] = spelling.typable(
            "first: python -m harness list; then: python -m harness doctor"
        )

    assert [
        "first: perflab list; then: perflab doctor",
        "first: python -m perflab list; then: python -m perflab doctor",
        "first: python -m harness list; then: python -m harness doctor",
        "first: python -m harness list; then: python -m harness doctor",
    ] == list(said.values())
