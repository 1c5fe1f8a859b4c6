"""Says which files of a case's folder are its data: whatever is neither code, nor prose, nor a tool's."""

from __future__ import annotations

from pathlib import Path

from harness.lab.ignored import case_files, is_ignored

_CODE_AND_PROSE = frozenset({".py", ".pyc", ".md"})


def data_in(folder: Path) -> list[Path]:
    """Return the data files of a case, sorted; a variant may read any of them unseen."""
    return sorted(
        file for file in case_files(folder) if file.suffix not in _CODE_AND_PROSE and file.is_file()
    )


def belongs(name: Path) -> bool:
    """Whether a file, named relative to its case's folder, is data of the case."""
    return name.suffix not in _CODE_AND_PROSE and not is_ignored(name)
