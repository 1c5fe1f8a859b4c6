"""Submodules of a revision, laid out from the clones that are here: nothing is fetched."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from harness.errors import AskedWrongly, NotBuilt
from harness.lab.repository import Repository

_LINK = "160000"
"""Git's mode of a submodule."""


@dataclass(frozen=True, slots=True)
class Submodule:
    """A submodule as a revision has it."""

    path: str
    """Relative to the repository's top."""
    commit: str


def submodules_at(repository: Repository, commit: str) -> list[Submodule]:
    """Return the submodules that a commit names, those of submodules not included."""
    found = []
    for line in repository.run("ls-tree", "-r", "-z", "--full-tree", commit).split("\0"):
        facts, _, path = line.partition("\t")
        if facts.startswith(_LINK):
            found.append(Submodule(path, facts.split()[2]))
    return found


def lay_out(repository: Repository, commit: str, folder: Path) -> None:
    """Put the submodules of a commit into its checkout; one that is not in use here is left out.

    Raises:
        NotBuilt: a submodule that is in use here does not have the commit.
    """
    for one in submodules_at(repository, commit):
        clone = clone_of(repository, one.path)
        if clone is None:
            continue
        try:
            clone.commit(one.commit)
        except AskedWrongly:
            raise NotBuilt(
                f"the submodule {one.path} has no commit {one.commit[:12]} here, which {commit[:12]} needs",
                f"git -C {shlex.quote(str(repository.top / one.path))} fetch origin {one.commit}",
            ) from None
        _unpack(clone, one.commit, folder / one.path)
        lay_out(clone, one.commit, folder / one.path)


def files_of_submodules(repository: Repository) -> Iterator[str]:
    """Yield the files of the submodules' working trees as they are now, relative to the repository's top."""
    for line in repository.run("ls-files", "-z", "--stage").split("\0"):
        facts, _, path = line.partition("\t")
        clone = clone_of(repository, path) if facts.startswith(_LINK) else None
        if clone is not None:
            inside = [*clone.files(), *files_of_submodules(clone)]
            yield from (f"{path}/{name}" for name in inside)


def clone_of(repository: Repository, path: str) -> Repository | None:
    """The repository of a submodule in the working tree; None: it was never initialised here."""
    folder = repository.top / path
    return Repository(folder) if (folder / ".git").exists() else None


def _unpack(clone: Repository, commit: str, folder: Path) -> None:
    """Write a commit's files into a folder: checked out as git does it, then taken from a worktree that is gone at once."""
    scratch = folder.with_name(f".{sha256(commit.encode()).hexdigest()[:12]}")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        clone.run("worktree", "add", "--quiet", "--detach", "--force", str(scratch), commit)
        for entry in scratch.iterdir():
            if entry.name != ".git":
                entry.rename(folder / entry.name)
    finally:
        with suppress(AskedWrongly):  # it was never registered
            clone.run("worktree", "remove", "--force", "--force", str(scratch))
        shutil.rmtree(scratch, ignore_errors=True)
