"""Two revisions of one module in one process, each with code and state of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.lab import trees
from harness.lab.trees import LateImport, Tree, tree_at


@pytest.fixture
def two(tmp_path: Path) -> tuple[Tree, Tree]:
    """The same package in two states; its module counts its calls."""
    made = []
    for state in ("old", "new"):
        package = tmp_path / state / "twin"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "part.py").write_text(f"STATE = {state!r}\n")
        (package / "work.py").write_text(
            "from twin.part import STATE\ncalls = 0\ndef work():\n    global calls\n    calls += 1\n    return STATE, calls\n"
            "def lazy():\n    from twin.late import x\n    return x\n"
        )
        (package / "late.py").write_text(f"x = {state!r}\n")
        made.append(tree_at(tmp_path / state))
    return made[0], made[1]


def work(tree: Tree) -> object:
    """Import the tree's module."""
    with trees.entered(tree):
        return trees.import_module("twin.work")


def test_each_tree_has_its_own_modules(two: tuple[Tree, Tree]) -> None:
    """Same names, other code, other state; neither stays in sys.modules."""
    old, new = work(two[0]), work(two[1])

    assert (old.work(), old.work(), new.work()) == (("old", 1), ("old", 2), ("new", 1))
    assert not [name for name in sys.modules if name.startswith("twin")]
    assert work(two[0]) is old


def test_a_late_import_is_refused(two: tuple[Tree, Tree], monkeypatch: pytest.MonkeyPatch) -> None:
    """An import inside a call could only find the wrong tree; no `except Exception` hides that."""
    module = work(two[0])
    monkeypatch.setattr(trees.FINDER, "guarding", True)
    with pytest.raises(LateImport, match="twin is imported during a call"):
        module.lazy()

    assert not issubclass(LateImport, Exception)


def test_what_a_tree_lacks_is_not_found_elsewhere(
    two: tuple[Tree, Tree], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module that only the other tree (or sys.path) has is missing, not borrowed."""
    Path(two[0].root, "twin", "part.py").unlink()
    monkeypatch.syspath_prepend(two[1].root)
    with pytest.raises(ModuleNotFoundError):
        work(two[0])


def test_the_harness_never_belongs_to_a_tree(tmp_path: Path) -> None:
    """A checkout of perflab itself brings a harness folder: the one that runs stays the one that judges."""
    for name in ("harness", "cases"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")

    assert tree_at(tmp_path).names == ("cases",)


def test_a_process_may_know_one_tree_for_good(two: tuple[Tree, Tree]) -> None:
    """In a worker of its own, a late import finds the tree; shown in a process of its own."""
    import subprocess

    script = (
        "from harness.lab import trees\n"
        f"trees.enter_for_good(trees.Tree({two[1].root!r}, {two[1].paths!r}, {two[1].names!r}))\n"
        "import twin.work\nprint(twin.work.work(), twin.work.lazy())\n"
    )
    home = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=home
    )

    assert ended.stdout == "('new', 1) new\n"
