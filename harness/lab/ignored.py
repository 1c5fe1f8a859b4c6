"""Says which files of a folder are tools' and not the case's: never read, never watched, never in a digest.

The fixed rule is a pure function of a name.  What a repository's ``.gitignore`` names is asked of
git, which knows how those files are read; a data file that git ignores (large inputs often are)
still counts when a variant was seen to open it.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePath

_TOOLS = re.compile(
    r"\..*|__pycache__|node_modules|.*\.egg-info|.*\.dist-info|site-packages|__pypackages__|CVS"
)
"""Folders that belong to tools; every hidden one does: .git, .venv, .ipynb_checkpoints, caches."""
_ENVIRONMENT = ("pyvenv.cfg", "conda-meta")
"""What the top of an environment holds, however it is called."""
_LEFT_BY_EDITORS = re.compile(r"\..*|.*~|#.*#|4913|.*\.sw[op]|Thumbs\.db")
_NOTEBOOK = ".ipynb"
_GIT_SECONDS = 10


def is_ignored(name: PurePath) -> bool:
    """Whether a file, named relative to the case's folder, is a tool's by its name alone.

    A notebook is: it saves itself, and no variant is imported from one.
    """
    return (
        any(_is_tools(part) for part in name.parts[:-1])
        or bool(_LEFT_BY_EDITORS.fullmatch(name.name))
        or name.suffix == _NOTEBOOK
    )


def _is_tools(folder: str) -> bool:
    return bool(_TOOLS.fullmatch(folder))


def case_files(folder: Path) -> Iterator[Path]:
    """Yield the files of a case's folder that are the case's; tools' folders are not even entered."""
    ignored = ignored_by_git(folder)
    for place, folders, files in os.walk(folder):
        here = Path(place)
        folders[:] = sorted(one for one in folders if not _is_left_out(here / one, ignored))
        for one in sorted(files):
            file = here / one
            if not is_ignored(PurePath(one)) and file not in ignored:
                yield file


def _is_left_out(inner: Path, ignored: frozenset[Path]) -> bool:
    return (
        inner in ignored
        or _is_tools(inner.name)
        or any((inner / mark).exists() for mark in _ENVIRONMENT)
    )


def ignored_by_git(folder: Path) -> frozenset[Path]:
    """What git ignores below a folder, whole folders as one; empty where there is no repository, or no git."""
    if not any((above / ".git").exists() for above in (folder, *folder.parents)):
        return frozenset()
    from harness.lab import repository

    command = [
        *repository.COMMAND, "-C", str(folder), "ls-files", "-z", "--others", "--ignored",
        "--exclude-standard", "--directory",
    ]  # fmt: skip
    with suppress(OSError, subprocess.SubprocessError):
        said = subprocess.run(
            command,
            capture_output=True,
            check=True,
            timeout=_GIT_SECONDS,
            env=repository.environment(),
        ).stdout
        return frozenset(folder / os.fsdecode(name) for name in said.split(b"\0") if name)
    return frozenset()
