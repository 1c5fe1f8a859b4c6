"""What would be imported from the working tree comes from the revision, however this Python came to know of it."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import pytest

from harness.lab import finder, trees
from harness.lab.trees import Tree

NAME = "oddly_placed"


class Editable:
    """A finder as an editable install puts it: it knows a package by the folder that holds it."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def find_spec(self, fullname: str, path: Any = None, target: object = None) -> Any:
        """Find the one package."""
        del target
        return PathFinder.find_spec(fullname, [self.folder]) if fullname == NAME else None


def lay(top: Path, state: str, inside: str = "odd/place") -> None:
    """Write the package as one tree has it."""
    package = top / inside / NAME
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f"STATE = {state!r}\n")
    (package / "part.py").write_text(f"from {NAME} import STATE as PART\n")


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Tree]]:
    """A working tree with an editable install, and two revisions whose trees know nothing of the odd place."""
    monkeypatch.setattr(finder.FINDER, "names", set(finder.FINDER.names))
    lay(tmp_path / "origin", "working tree")
    monkeypatch.setattr(
        sys, "meta_path", [*sys.meta_path, Editable(tmp_path / "origin" / "odd" / "place")]
    )
    made = {}
    for state in ("base", "head"):
        lay(tmp_path / state, state)
        root = str(tmp_path / state)
        made[state] = Tree(root, (root,), (), str(tmp_path / "origin"))
    yield made
    for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[name]


def state_in(tree: Tree) -> str:
    """Import the package among a tree's modules, and a part of it."""
    with trees.entered(tree):
        part = importlib.import_module(f"{NAME}.part")
        return str(part.PART)


def test_an_editable_install_is_each_revision_s_own(known: dict[str, Tree]) -> None:
    """GIVEN a package that only an import hook knows THEN base and head have theirs, side by side, and again."""
    said = [state_in(known[side]) for side in ("base", "head", "base")]

    assert said == ["base", "head", "base"]
    assert NAME not in sys.modules


def test_what_a_revision_lacks_is_not_taken_from_the_working_tree(known: dict[str, Tree]) -> None:
    """A package that is new in the head is missing in the base."""
    for file in Path(known["base"].root, "odd", "place", NAME).iterdir():
        file.unlink()
    with pytest.raises(ModuleNotFoundError, match="in this revision"):
        state_in(known["base"])

    assert state_in(known["head"]) == "head"


def test_an_environment_inside_the_working_tree_is_no_part_of_it(
    known: dict[str, Tree], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both sides use what is installed, also where that lies in the repository's folder."""
    lay(tmp_path / "origin", "installed", inside="env/lib/site-packages")
    installed = tmp_path / "origin" / "env" / "lib" / "site-packages"
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path[:-1], Editable(installed)])

    assert state_in(known["base"]) == "installed"


def test_a_link_to_the_working_tree_is_the_working_tree(
    known: dict[str, Tree], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path entry may name it otherwise."""
    (tmp_path / "link").symlink_to(tmp_path / "origin")
    monkeypatch.setattr(
        sys, "meta_path", [*sys.meta_path[:-1], Editable(tmp_path / "link" / "odd" / "place")]
    )

    assert state_in(known["head"]) == "head"


def test_a_side_survives_the_way_to_another_process() -> None:
    """What is written for children is what they read."""
    tree = Tree("/r o", ("/r o/src", "/r o"), ("a", "b"), "/o:x")
    read = finder.read(finder.written(tree))

    assert (read.root, read.paths, read.names, read.origin) == (
        tree.root,
        tree.paths,
        tree.names,
        tree.origin,
    )
    assert finder.read(finder.written(Tree("/r", ("/r",), ()))).names == ()


@pytest.mark.parametrize("isolated", [False, True])
def test_another_customisation_of_the_site_still_runs(tmp_path: Path, *, isolated: bool) -> None:
    """Ours stands before it and calls it; where Python is told to ignore the environment, neither is looked for."""
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.customised = __file__\n")
    (tmp_path / "mine.py").write_text("STATE = 'mine'\n")
    tree = Tree(str(tmp_path), (str(tmp_path),), ("mine",))
    script = "import sys, mine; print(getattr(sys, 'customised', '-'), mine.STATE)"
    environment = {
        **os.environ,
        finder.SIDE: finder.written(tree),
        "PYTHONPATH": os.pathsep.join([finder.STARTUP, str(tmp_path)]),
    }
    ended = subprocess.run(
        [sys.executable, *(["-I"] if isolated else []), "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=finder.STARTUP,
    )

    if isolated:
        assert "No module named 'mine'" in ended.stderr
    else:
        assert ended.stdout == f"{tmp_path / 'sitecustomize.py'} mine\n", ended.stderr
