"""A revision's compiled bodies: built once for both sides, or taken from the working tree where that is provably the same."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from harness.lab.gate import builds

SETUP = f"""
import pathlib
for source in pathlib.Path("extensions").glob("*/*.pyx"):
    library = source.with_suffix({EXTENSION_SUFFIXES[0]!r})
    if not (library.exists() and source.with_suffix(".build.json").exists()):
        library.write_text("built now")
        source.with_suffix(".build.json").write_text("{{}}")
"""
BODY = ("case", "body")


@pytest.fixture
def trees(tmp_path: Path) -> dict[str, Path]:
    """Base, head and a working tree that is built; its setup.py counts as the one that keeps records."""
    made = {}
    for name in ("base", "head", "here"):
        folder = tmp_path / name / "extensions" / "case"
        folder.mkdir(parents=True)
        (folder / "body.pyx").write_text("def f():\n    return 1\n")
        (tmp_path / name / "setup.py").write_text(SETUP)
        made[name] = tmp_path / name
    source = made["here"] / "extensions" / "case" / "body.pyx"
    source.with_suffix(EXTENSION_SUFFIXES[0]).write_text("built before")
    inputs = {"extensions/case/body.pyx": sha256(source.read_bytes()).hexdigest()}
    source.with_suffix(".build.json").write_text(json.dumps({"inputs": inputs}))
    return made


def provided(root: Path, here: Path | None) -> tuple[str, list[str]]:
    """What lies beside the source afterwards, and what was told."""
    told: list[str] = []
    assert builds.provide(root, [BODY], tell=told.append, built=here) == {}
    return (root / "extensions/case/body").with_suffix(EXTENSION_SUFFIXES[0]).read_text(), told


def test_both_sides_of_one_source_are_built_once(trees: dict[str, Path]) -> None:
    """The second side takes what was kept of the first."""
    first, second = (provided(trees[side], None) for side in ("base", "head"))

    assert first == ("built now", ["building case/body"])
    assert second == ("built now", [])


def test_what_the_working_tree_has_built_is_not_built_again(trees: dict[str, Path]) -> None:
    """GIVEN the same sources and setup.py, and a record of them THEN the working tree's build serves."""
    assert provided(trees["base"], trees["here"])[0] == "built before"


@pytest.mark.parametrize("other", ["source", "header", "setup", "record", "no record", "edited"])
def test_a_build_of_anything_else_is_not_taken(trees: dict[str, Path], other: str) -> None:
    """Another source, header or recipe, or a record that does not vouch for it: built from the revision."""
    folder = trees["here"] / "extensions" / "case"
    if other == "source":
        (trees["base"] / "extensions/case/body.pyx").write_text("def f():\n    return 2\n")
    elif other == "header":
        (trees["base"] / "extensions/case/fast.h").write_text("#define FAST 1\n")
    elif other == "setup":
        (trees["base"] / "setup.py").write_text(SETUP + "# other flags\n")
    elif other == "record":
        (folder / "body.build.json").write_text("[1]")
    elif other == "no record":
        (folder / "body.build.json").unlink()
    else:
        for name in ("here", "base"):
            (trees[name] / "extensions/case/body.pyx").write_text("def f():\n    return 3\n")

    assert provided(trees["base"], trees["here"])[0] == "built now"
    shutil.rmtree(trees["here"])
