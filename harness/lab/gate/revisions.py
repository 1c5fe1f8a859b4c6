"""Both revisions as folders: a git worktree of the base, a copy of the working tree; outside the tree, removed afterwards."""

from __future__ import annotations

import compileall
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import AskedWrongly
from harness.lab import places
from harness.lab.gate import submodules
from harness.lab.trees import CODE, holds_modules

if TYPE_CHECKING:
    from harness.lab.repository import Repository
    from harness.lab.trees import Tree

_BORN = 1_000_000_000
"""Modification time of every file of a revision: Numba keeps compiled kernels by it, and the folder's name says the content."""


@contextmanager
def base_folder(repository: Repository, commit: str) -> Iterator[Path]:
    """Check ``commit`` out into a worktree of its own; it is unregistered and removed afterwards."""
    folder = _folder(repository.top, commit)
    for (
        left_behind
    ) in folder.parent.iterdir():  # by a gate that was killed; this one holds the machine
        _forget(repository, left_behind)
    try:
        repository.run("worktree", "add", "--quiet", "--detach", "--force", str(folder), commit)
        submodules.lay_out(repository, commit, folder)
        _settle(folder)
        _link_ignored_data(repository, folder)
        yield folder
    finally:
        _forget(repository, folder)


@contextmanager
def head_folder(repository: Repository) -> Iterator[Path]:
    """Copy the working tree as it is now: whoever edits it meanwhile changes nothing here."""
    files = sorted({*repository.files(), *submodules.files_of_submodules(repository)})
    with copied(repository.top, files, label="head") as folder:
        _link_ignored_data(repository, folder)
        yield folder


@contextmanager
def copied(top: Path, files: Sequence[str], *, label: str) -> Iterator[Path]:
    """Copy these files to a folder named after their contents; it is removed afterwards."""
    digest = sha256()
    for name in files:
        content = (
            os.readlink(top / name).encode(errors="surrogateescape")
            if (top / name).is_symlink()
            else (top / name).read_bytes()
        )
        digest.update(f"{name}\0{sha256(content).hexdigest()}\0".encode(errors="surrogateescape"))
    folder = _folder(top, sha256(f"{label} {digest.hexdigest()}".encode()).hexdigest())
    shutil.rmtree(folder, ignore_errors=True)
    try:
        for name in files:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(
                top / name, target, follow_symlinks=False
            )  # links as links, and who may execute what
        _settle(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _link_ignored_data(repository: Repository, folder: Path) -> None:
    """Link what git ignores and is no code: data that belongs to no revision is the same for both sides."""
    listed = repository.run(
        "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"
    )
    for name in filter(None, listed.split("\0")):
        there, here = repository.top / name.rstrip("/"), folder / name.rstrip("/")
        if _is_data(there) and not os.path.lexists(here):
            here.parent.mkdir(parents=True, exist_ok=True)
            here.symlink_to(there)


def _is_data(path: Path) -> bool:
    """Neither hidden, nor code, nor the record of a build, nor a folder that holds code."""
    if path.name.startswith(".") or path.name in _MADE or not path.exists():
        return False
    return not holds_modules(path) if path.is_dir() else not path.name.endswith(_OF_CODE)


_OF_CODE = (*CODE, ".build.json", ".egg-info", ".log")
_MADE = frozenset({"__pycache__", "node_modules", "build", "dist", "results", "perflab-cache"})


def _folder(top: Path, digest: str) -> Path:
    # names equally long, since a path's length moves things in memory; and alike, since no side should know which it is
    name = f"tree-{digest[:12]}"
    return (
        places.cache_folder(
            "revisions", sha256(str(top).encode(errors="surrogateescape")).hexdigest()[:12]
        )
        / name
    )


def _forget(repository: Repository, folder: Path) -> None:
    """Remove one checkout of ours and what git knows of it, and nothing else: other worktrees are the user's."""
    with suppress(AskedWrongly):  # it was never registered
        repository.run("worktree", "remove", "--force", "--force", str(folder))
    shutil.rmtree(folder, ignore_errors=True)


def _settle(folder: Path) -> None:
    """Give every file the same time: neither Numba's kept kernels nor bytecode may tell the sides apart."""
    for file in folder.rglob("*.py"):
        if not file.is_symlink():
            os.utime(file, (_BORN, _BORN))


def compile_modules(tree: Tree) -> None:
    """Compile a revision's modules now: whoever imports one first would do it later, and move all that it allocates."""
    for path in tree.paths:
        for name in tree.names:
            if Path(path, name).is_dir():
                compileall.compile_dir(Path(path, name), quiet=2)
            elif Path(path, f"{name}.py").is_file():
                compileall.compile_file(Path(path, f"{name}.py"), quiet=2)
