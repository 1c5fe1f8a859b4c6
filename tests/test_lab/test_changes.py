"""What a change touches: comments nothing, a helper those who import it, a header those who include it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.lab.gate import changes
from harness.lab.gate.changes import Place, Revision, Sides, State

PLACE = Place("tiny", "cases.tiny", Path("cases/tiny"), "catalogue")
FILES = {
    "cases/__init__.py": "",
    "extensions/__init__.py": "",
    "extensions/tiny/__init__.py": "",
    "setup.py": "FLAGS = ['-O3']\n",
    "cases/tiny/__init__.py": (
        "'''Which?'''\nfrom harness import Case, exact, sweep\ndef make(n, seed):\n    return (n,)\n"
        "case = Case(function='f', variants=('plain', 'helped', 'compiled', 'named_user'), workloads=sweep(make, n=(1, 2)), same=exact)\n"
    ),
    "cases/tiny/plain.py": "'''Plain.'''\ndef f(n):\n    return n\n",
    "cases/tiny/helped.py": "'''Helped.'''\nfrom cases.tiny.helper import g\nf = g\ndef f(n):\n    return g(n)\n",
    "cases/tiny/helper.py": "def g(n):\n    return n\n",
    "cases/tiny/compiled.py": "'''Compiled.'''\nfrom extensions.tiny.compiled import f\n",
    "extensions/tiny/compiled.pyx": "# cython: boundscheck=False\nfrom cases.tiny.under import u\ndef f(n):\n    return n  # as it is\n",
    "extensions/tiny/fast.h": '#include "../shared/deep.h"\n#define FAST 1\n',
    "extensions/shared/deep.h": "#define DEEP 1\n",
    "cases/tiny/under.py": "def u(n):\n    return n\n",
    "cases/tiny/named.py": "def g(n):\n    return n\n",
    "cases/tiny/named_user.py": "'''Named.'''\nfrom importlib import import_module\nf = import_module('cases.tiny.named').g\n",
}


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, Path]:
    """Two equal checkouts."""
    base, head = tmp_path / "base", tmp_path / "head"
    for name, text in FILES.items():
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_text(text)
    shutil.copytree(base, head)
    return base, head


def states(roots: tuple[Path, Path]) -> dict[str, State]:
    """State by variant."""
    revisions = []
    for root in roots:
        found = changes.in_revision(root, PLACE)
        assert found is not None
        revisions.append(Revision(found, found.load()))
    return {one.variant: one.state for one in changes.list_variants(Sides("tiny", *revisions), [])}


def changed(roots: tuple[Path, Path]) -> set[str]:
    """Names of the variants that are not unchanged."""
    return {name for name, state in states(roots).items() if state is not State.UNCHANGED}


@pytest.mark.parametrize(
    ("file", "before", "after", "touched"),
    [
        ("cases/tiny/plain.py", "    return n", "    # as it is\n\n    return  n", set()),
        ("cases/tiny/plain.py", "return n", "return n + 0", {"plain"}),
        ("cases/tiny/helper.py", "return n", "return n + 0", {"helped"}),
        ("extensions/tiny/compiled.pyx", "  # as it is", "  # just so", set()),
        ("extensions/tiny/compiled.pyx", "boundscheck=False", "boundscheck=True", {"compiled"}),
        ("extensions/tiny/compiled.pyx", "return n", "return n + 0", {"compiled"}),
        ("extensions/tiny/fast.h", "1", "2", {"compiled"}),
        ("extensions/shared/deep.h", "1", "2", {"compiled"}),
        ("cases/tiny/under.py", "return n", "return n + 0", {"compiled"}),
        ("cases/tiny/named.py", "return n", "return n + 0", {"named_user"}),
        ("setup.py", "-O3", "-O2", {"compiled"}),
        ("setup.py", "FLAGS", "# flags\nFLAGS", set()),
        ("cases/tiny/__init__.py", "'''Which?'''", "'''Which one?'''", set()),
    ],
)
def test_only_what_means_something_else_has_changed(
    roots: tuple[Path, Path], file: str, before: str, after: str, touched: set[str]
) -> None:
    """Exactly the variants that depend on the edited text are changed."""
    path = roots[1] / file
    path.write_text(path.read_text().replace(before, after))

    assert changed(roots) == touched


def test_data_beside_a_case_belongs_to_all_its_variants(roots: tuple[Path, Path]) -> None:
    """A data file that differs may be what anybody reads."""
    (roots[1] / "cases" / "tiny" / "table.csv").write_text("1,2\n")

    assert changed(roots) == {"plain", "helped", "compiled", "named_user"}


def test_a_story_is_no_data(roots: tuple[Path, Path]) -> None:
    """Markdown changes nothing."""
    (roots[1] / "cases" / "tiny" / "README.md").write_text("# Tiny\n")

    assert changed(roots) == set()


def test_added_and_deleted(roots: tuple[Path, Path]) -> None:
    """A variant that only one side declares."""
    file = roots[1] / "cases" / "tiny" / "__init__.py"
    file.write_text(file.read_text().replace("'helped', ", "'fresh', "))
    (roots[1] / "cases" / "tiny" / "fresh.py").write_text("'''Fresh.'''\ndef f(n):\n    return n\n")

    assert states(roots) == {
        "plain": State.UNCHANGED,
        "fresh": State.ADDED,
        "compiled": State.UNCHANGED,
        "named_user": State.UNCHANGED,
        "helped": State.DELETED,
    }
