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
        _settle(folder)
        yield folder
    finally:
        _forget(repository, folder)


@contextmanager
def head_folder(repository: Repository) -> Iterator[Path]:
    """Copy the working tree as it is now: whoever edits it meanwhile changes nothing here."""
    with copied(repository.top, repository.files(), label="head") as folder:
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
