"""``store fsck`` and ``store merge`` through the real command line: nothing is changed unasked, nothing is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.lab import store
from tests.fakes.runs import fake_run

HOME = Path(__file__).parents[2]


def harness(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    environment = {**os.environ, "PYTHONPATH": str(HOME), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-m", "harness", *map(str, arguments)], capture_output=True, text=True, check=False, env=environment
    )


def runs(folder: Path, *numbers: int, complete: bool = True) -> list[Path]:
    """Write runs into a store."""
    return [store.write(replace(fake_run(), id=f"2026010{number}T120000Z-0123abcd", complete=complete), folder) for number in numbers]


def everything(folder: Path) -> dict[str, bytes]:
    """Every file and what it holds."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def damaged(folder: Path) -> Path:
    """A store of three runs, one of them cut in the middle, one incomplete."""
    sound, cut = runs(folder, 1, 2)
    runs(folder, 3, complete=False)
    cut.write_bytes(sound.read_bytes()[:700])
    return cut


def test_a_look_changes_nothing(tmp_path: Path) -> None:
    """Exit 6 with the damaged file's name; every byte is where it was."""
    cut = damaged(tmp_path)
    before = everything(tmp_path)
    ended = harness("store", "fsck", "--store", tmp_path)

    assert 6 == ended.returncode
    assert f"{cut}: damaged" in ended.stdout
    assert "2 sound (1 of them incomplete), 1 not\n" in ended.stdout
    assert before == everything(tmp_path)


def test_damaged_files_are_set_aside_when_told(tmp_path: Path) -> None:
    """Renamed, byte for byte; a second time a second name; then the store is sound, and the others can be used."""
    cut = damaged(tmp_path)
    content = cut.read_bytes()
    fixed = harness("store", "fsck", "--fix", "--store", tmp_path)
    cut.write_bytes(b"{")
    again = harness("store", "fsck", "--fix", "--store", tmp_path)

    assert (0, 0, 0) == (fixed.returncode, again.returncode, harness("store", "fsck", "--store", tmp_path).returncode)
    assert (content, b"{") == (Path(f"{cut}.bad").read_bytes(), Path(f"{cut}.bad2").read_bytes())
    assert 0 == harness("export", "tiny", "--store", tmp_path).returncode


def test_other_stores_are_taken_in_once(tmp_path: Path) -> None:
    """The second time nothing is new, and not a byte changes."""
    runs(tmp_path / "one", 1, 2)
    runs(tmp_path / "two", 2, 3)
    runs(tmp_path / "all", 4)
    first = harness("store", "merge", tmp_path / "one", tmp_path / "two", "--store", tmp_path / "all")
    before = everything(tmp_path / "all")
    second = harness("store", "merge", tmp_path / "one", tmp_path / "two", "--store", tmp_path / "all")

    assert ("3 runs taken in, 1 were here already\n", "0 runs taken in, 4 were here already\n") == (first.stdout, second.stdout)
    assert (4, before) == (len(before), everything(tmp_path / "all"))


@pytest.mark.parametrize("where", ["here", "there"])
def test_two_truths_of_one_run_are_refused(tmp_path: Path, where: str) -> None:
    """The same id with other content, in the store or in the other shard: exit 6, both named, nothing written."""
    (one,) = runs(tmp_path / "one", 1)
    (other,) = runs(tmp_path / ("all" if where == "here" else "two"), 1)
    other.write_bytes(store.seal(other.read_bytes().replace(b"A processor", b"B processor")))
    runs(tmp_path / "one", 2)
    runs(tmp_path / "two", 3)
    runs(tmp_path / "all", 4)
    before = everything(tmp_path / "all")
    ended = harness("store", "merge", tmp_path / "one", tmp_path / "two", "--store", tmp_path / "all")

    assert 6 == ended.returncode
    assert str(one) in ended.stderr
    assert str(other) in ended.stderr
    assert before == everything(tmp_path / "all")


def test_a_damaged_shard_is_not_half_taken(tmp_path: Path) -> None:
    """Exit 6 with its name; nothing of the sound ones was written either."""
    cut = damaged(tmp_path / "one")
    ended = harness("store", "merge", tmp_path / "one", "--store", tmp_path / "all")

    assert (6, True) == (ended.returncode, str(cut) in ended.stderr)
    assert not (tmp_path / "all").exists()


def test_no_store_is_asked_wrongly(tmp_path: Path) -> None:
    """Exit 2."""
    assert 2 == harness("store", "fsck", "--store", tmp_path / "none").returncode
    assert 2 == harness("store", "merge", tmp_path / "none", "--store", tmp_path).returncode
