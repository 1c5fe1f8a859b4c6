"""Inputs that lie on disk: whole or not at all, and tidied only where nobody uses them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from cases import kept


def aged(path: Path, seconds: float) -> Path:
    os.utime(path, (time.time() - seconds,) * 2)
    return path


def test_what_is_half_written_is_never_there(tmp_path: Path) -> None:
    """Neither under its name nor under another."""
    with pytest.raises(ZeroDivisionError), kept.whole(tmp_path / "file") as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError

    assert [] == list(tmp_path.iterdir())


def test_a_file_is_replaced_and_a_folder_that_is_there_already_is_kept(tmp_path: Path) -> None:
    """Two who write the same at once end with one of the two, and no remains."""
    with kept.whole(tmp_path / "file") as temporary:
        (tmp_path / "file").write_text("sooner")
        temporary.write_text("later")
    with kept.whole(tmp_path / "folder") as temporary:
        for one, text in ((tmp_path / "folder", "sooner"), (temporary, "later")):
            one.mkdir()
            (one / "inside").write_text(text)

    assert (tmp_path / "file").read_text() == "later"
    assert (tmp_path / "folder" / "inside").read_text() == "sooner"
    assert {"file", "folder"} == {one.name for one in tmp_path.iterdir()}


def test_a_folder_where_a_file_should_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()

    with pytest.raises(IsADirectoryError), kept.whole(tmp_path / "taken") as temporary:
        temporary.write_text("a file")


def test_old_ones_go_once_there_are_many_and_no_others(tmp_path: Path) -> None:
    """Least recently used first; what vanishes while we look is no error."""
    for name, age in (("old", 9000), ("older", 9999), ("new", 10), ("oldest", 99_999)):
        (tmp_path / name).mkdir()
        aged(tmp_path / name, age)
    (tmp_path / "vanished").symlink_to(tmp_path / "nowhere")

    kept.tidy(tmp_path.iterdir(), 3)

    assert {"old", "new", "vanished"} == {one.name for one in tmp_path.iterdir()}


def test_files_are_weighed(tmp_path: Path) -> None:
    for name, size in (("a", 10), ("b", 20), ("c", 30)):
        (tmp_path / name).write_bytes(b"x" * size)
    aged(tmp_path / "a", 9999)
    aged(tmp_path / "b", 5000)

    kept.tidy(tmp_path.iterdir(), 50, lambda one: one.stat().st_size)

    assert {"b", "c"} == {one.name for one in tmp_path.iterdir()}


def test_a_folder_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who can write there could change what we measure."""
    monkeypatch.setattr(kept.tempfile, "tempdir", str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"perflab-inputs-{os.getuid()}").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(PermissionError, match="set TMPDIR"):
        kept.folder("brc")
