"""The house: imports only go down, nothing prints below the commands, what must start quickly imports little."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import harness

HOME = Path(__file__).parents[2]
HARNESS = HOME / "harness"
FLOORS = {
    "model": 0,
    "errors": 0,
    "start": 0,
    "judge": 1,
    "lab": 2,
    "show": 2,
    "history": 3,
    "commands": 3,
    "cli": 4,
    "__main__": 5,
}
DOOR = HARNESS / "__init__.py"
PINNED = HARNESS / "pinned" / "harness" / "__init__.py"
"""Hands over to the door, in workers."""


def modules() -> list[Path]:
    """Every module of the harness but the door."""
    return [path for path in sorted(HARNESS.rglob("*.py")) if path not in {DOOR, PINNED}]


def imported(tree: ast.AST, *, top_level_only: bool = False) -> Iterator[str]:
    """Names of imported modules; imports for type checkers only do not count."""
    checking = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    nodes = ast.iter_child_nodes(tree) if top_level_only else ast.walk(tree)
    for node in nodes:
        if id(node) in checking:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(path: Path) -> str:
    """The room a module is in: the first part of its path in the harness."""
    return path.relative_to(HARNESS).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(HARNESS)))
def test_imports_only_go_down(path: Path) -> None:
    """A module imports its own room and rooms of lower floors; lab and show never meet."""
    here = room(path)
    for name in imported(ast.parse(path.read_text())):
        parts = name.split(".")
        if parts[0] == "harness" and len(parts) > 1 and parts[1] in FLOORS and parts[1] != here:
            assert FLOORS[parts[1]] < FLOORS[here], (
                f"{here} (floor {FLOORS[here]}) imports {name} (floor {FLOORS[parts[1]]})"
            )


def test_every_room_has_a_floor() -> None:
    """A new room must be given its floor here; there is no room for odds and ends."""
    rooms = {room(path) for path in modules()}

    assert rooms <= set(FLOORS)
    assert not [
        path
        for path in HARNESS.rglob("*.py")
        if path.stem in {"util", "utils", "helpers", "misc", "common"}
    ]


@pytest.mark.parametrize(
    "path",
    sorted((HOME / "cases").glob("*/*.py")),
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_cases_use_the_door(path: Path) -> None:
    """A case imports from harness what the door offers, its own files, and its own compiled bodies."""
    case = path.parent.name
    for name in imported(ast.parse(path.read_text())):
        parts = name.split(".")
        if name != "harness" and parts[0] == "harness":
            assert parts[1] in {*harness.__all__, "errors"}, f"{name} is not behind the door"
        if parts[0] in {"cases", "extensions"} and len(parts) > 1:
            assert (
                parts[1] == case or name == "cases.kept"
            )  # where inputs on disk live, whoever makes them


@pytest.mark.parametrize(
    "path",
    [path for path in modules() if FLOORS[room(path)] < 3],
    ids=lambda path: str(path.relative_to(HARNESS)),
)
def test_nothing_prints_or_exits_below_the_commands(path: Path) -> None:
    """Text is returned, problems are raised; only a worker ends its own process."""
    calls = [
        node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
    ]
    names = {ast.unparse(call) for call in calls}

    assert not names & {"print", "exit", "quit", "sys.exit"}


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["run", "--help"]])
def test_quick_commands_import_nothing_heavy(arguments: list[str]) -> None:
    """--help and list stay quick: what is slow to import is not imported."""
    script = f"""
import sys
sys.argv = ["perflab", *{arguments!r}]
from harness.cli import main
try:
    main()
finally:
    heavy = sorted({{"numpy", "scipy", "matplotlib", "numba", "rich", "msgspec", "hypothesis", "psutil", "pyperf"}} & set(sys.modules))
    sys.stderr.write("HEAVY:" + ",".join(heavy))
"""
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=HOME
    )

    assert ended.stderr == "HEAVY:"


@pytest.mark.parametrize(
    "path",
    [*modules(), *sorted((HOME / "cases").glob("*/*.py"))],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    """The first line of every module is a sentence."""
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""

    assert docstring.partition("\n")[0].rstrip("`").endswith((".", "?", ")", "...``.", "``.")), (
        docstring.partition("\n")[0]
    )
