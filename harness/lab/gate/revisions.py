"""Both revisions as folders: a git worktree of the base, a copy of the working tree; outside the tree, removed afterwards."""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from harness.errors import AskedWrongly, EnvironmentLacks
from harness.lab import places
from harness.lab.catalogue import did_you_mean

_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "protocol.ext.allow=never", "-c", "core.hooksPath=/dev/null")
_GIT_SECONDS = 120
_BORN = 1_000_000_000
"""Modification time of every file of a revision: Numba keeps compiled kernels by it, and the folder's name says the content."""
_NOT_COPIED = ("results/", "docs/", ".git")


@dataclass(frozen=True, slots=True)
class Repository:
    """A git repository on this machine."""

    top: Path

    def run(self, *arguments: str) -> str:
        """Run git and return what it printed.

        Raises:
            AskedWrongly: git refused; the message is its own.
        """
        try:
            done = subprocess.run(
                [*_GIT, "-C", str(self.top), *arguments], capture_output=True, timeout=_GIT_SECONDS, check=False, env=_environment()
            )
        except FileNotFoundError:
            raise EnvironmentLacks("git is not installed", "install git; the gate compares two revisions of a repository") from None
        if done.returncode:
            raise AskedWrongly(
                f"git {arguments[0]}: {done.stderr.decode(errors='replace').strip()}", "mend the repository, or name another revision"
            )
        return done.stdout.decode(errors="surrogateescape")

    def commit(self, revision: str) -> str:
        """Return the full commit of ``revision``.

        Raises:
            AskedWrongly: there is no such revision.
        """
        try:
            return self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()
        except AskedWrongly:
            names = self.run("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes", "refs/tags").split()
            shallow = self.run("rev-parse", "--is-shallow-repository").strip() == "true"
            remedy = "this clone is shallow: fetch more history (git fetch --unshallow; in a workflow, fetch-depth: 0)" if shallow else ""
            raise AskedWrongly(
                f"there is no revision {revision!r} in this repository",
                did_you_mean(revision, names) or remedy or "git log --oneline shows them",
            ) from None

    def dirty(self) -> bool:
        """Whether the working tree differs from the commit checked out."""
        return bool(self.run("status", "--porcelain", "--untracked-files=normal").strip())

    def files(self) -> list[str]:
        """Relative paths of the working tree's files that git knows or would add."""
        listed = self.run("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
        return sorted({name for name in listed if name and not name.startswith(_NOT_COPIED) and (self.top / name).is_file()})


def repository_of(folder: Path) -> Repository:
    """Return the repository that holds ``folder``.

    Raises:
        AskedWrongly: it is in none.
    """
    try:
        return Repository(Path(Repository(folder).run("rev-parse", "--show-toplevel").removesuffix("\n")).resolve())
    except AskedWrongly as error:
        raise AskedWrongly(
            f"{folder} is in no git repository: {error.problem}", "the gate compares two revisions of one repository"
        ) from None


@contextmanager
def base_folder(repository: Repository, commit: str) -> Iterator[Path]:
    """Check ``commit`` out into a worktree of its own; it is unregistered and removed afterwards."""
    folder = _folder(repository.top, f"base-{commit[:12]}")
    _forget(repository, folder)
    repository.run("worktree", "add", "--quiet", "--detach", "--force", str(folder), commit)
    try:
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
        digest.update(f"{name}\0{sha256((top / name).read_bytes()).hexdigest()}\0".encode(errors="surrogateescape"))
    folder = _folder(top, f"{label}-{digest.hexdigest()[:12]}")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        for name in files:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(top / name, target)
        _settle(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _folder(top: Path, name: str) -> Path:
    # both names are equally long: what a path's length moves in memory moves alike on both sides
    return places.cache_folder("revisions", sha256(str(top).encode(errors="surrogateescape")).hexdigest()[:12]) / name


def _forget(repository: Repository, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    repository.run("worktree", "prune")


def _settle(folder: Path) -> None:
    """Make both folders alike in everything but their sources: times of files, and bytecode that is there already."""
    for file in folder.rglob("*.py"):
        os.utime(file, (_BORN, _BORN), follow_symlinks=False)
    for name in ("cases", "extensions", "src"):
        if (folder / name).is_dir():
            compileall.compile_dir(folder / name, quiet=2)


def _environment() -> dict[str, str]:
    """Git without what a surrounding hook or a user's environment would point elsewhere, and never asking anything."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
