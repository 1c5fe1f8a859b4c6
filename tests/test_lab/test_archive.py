"""The store on shelves: nothing left out silently, nothing kept that a page does not need."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import StoreError
from harness.lab import archive, store
from harness.lab.places import Stores
from tests.fakes.runs import MACHINE, fake_run


def run_of(place: int, **changes: object) -> object:
    """A run of its own moment."""
    return replace(fake_run(), id=f"2026010{place}T120000Z-0123abc{place}", **changes)  # type: ignore[arg-type]


def test_the_newest_of_each_machine_is_kept_whole(tmp_path: Path) -> None:
    """Sweeps and interrupted runs stand apart; every complete run is a moment, oldest first."""
    plan = replace(fake_run().plan, sweep=True)
    runs = [
        run_of(1), run_of(2, machine=replace(MACHINE, id="ffff0000")), run_of(3), run_of(4, complete=False), run_of(5, plan=plan), run_of(6, plan=plan),
    ]  # fmt: skip
    paths = [store.write(run, tmp_path) for run in runs]  # type: ignore[arg-type]
    shelf = archive.shelf("tiny", Stores(tmp_path))

    assert ["20260103T120000Z-0123abc3", "20260102T120000Z-0123abc2"] == [
        run.id for run in shelf.runs
    ]
    assert "20260106T120000Z-0123abc6" == (shelf.sweep and shelf.sweep.id)
    assert [
        "20260101T120000Z-0123abc1",
        "20260102T120000Z-0123abc2",
        "20260103T120000Z-0123abc3",
    ] == [one.run for one in shelf.moments]
    assert ("20260104T120000Z-0123abc4",) == shelf.incomplete
    assert {f"tiny/{path.name}" for path in paths} == set(shelf.files)
    assert ["tiny"] == Stores(tmp_path).cases()


def test_a_damaged_file_is_an_error_with_its_name(tmp_path: Path) -> None:
    """However many sound ones lie beside it."""
    store.write(fake_run(), tmp_path)
    (tmp_path / "tiny" / "20260102T120000Z-abcd1234-0123abcd.json").write_bytes(b"{")
    with pytest.raises(StoreError, match="20260102T120000Z"):
        archive.shelf("tiny", Stores(tmp_path))


def test_a_run_in_another_cases_folder_is_refused(tmp_path: Path) -> None:
    """It would be shown under a wrong name."""
    path = store.write(fake_run(), tmp_path)
    path.parent.rename(tmp_path / "other")
    with pytest.raises(StoreError, match="a run of 'tiny' in the folder of 'other'"):
        archive.shelf("other", Stores(tmp_path))


def test_the_newest_profile_of_each_variant_is_kept(tmp_path: Path) -> None:
    """One of another revision is half of a comparison, and stays out."""
    for name in (
        "a/10-quick.speedscope.json",
        "b/10-quick.speedscope.json",
        "b/10-quick-before.speedscope.json",
        "a/10-naive.speedscope.json",
    ):
        file = tmp_path / "tiny" / "profiles" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)

    assert {"tiny/profiles/a/10-naive.speedscope.json": b"a/10-naive.speedscope.json", "tiny/profiles/b/10-quick.speedscope.json": b"b/10-quick.speedscope.json"} == (
        archive.shelf("tiny", Stores(tmp_path)).profiles
    )  # fmt: skip
