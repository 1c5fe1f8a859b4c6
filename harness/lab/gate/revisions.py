"""Both revisions as folders: a git worktree of the base, a copy of the working tree; outside the tree, removed afterwards."""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import AskedWrongly, EnvironmentLacks
from harness.lab import places
from harness.lab.catalogue import did_you_mean

if TYPE_CHECKING:
    from harness.lab.trees import Tree

_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "protocol.ext.allow=never", "-c", "core.hooksPath=/dev/null")
_GIT_SECONDS = 120
_BORN = 1_000_000_000
"""Modification time of every file of a revision: Numba keeps compiled kernels by it, and the folder's name says the content."""


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
        return sorted({name for name in listed if name and ((self.top / name).is_file() or (self.top / name).is_symlink())})


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
    folder = _folder(repository.top, commit)
    for left_behind in folder.parent.iterdir():  # by a gate that was killed; this one holds the machine
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
        content = os.readlink(top / name).encode(errors="surrogateescape") if (top / name).is_symlink() else (top / name).read_bytes()
        digest.update(f"{name}\0{sha256(content).hexdigest()}\0".encode(errors="surrogateescape"))
    folder = _folder(top, sha256(f"{label} {digest.hexdigest()}".encode()).hexdigest())
    shutil.rmtree(folder, ignore_errors=True)
    try:
        for name in files:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(top / name, target, follow_symlinks=False)  # links as links, and who may execute what
        _settle(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _folder(top: Path, digest: str) -> Path:
    # names equally long, since a path's length moves things in memory; and alike, since no side should know which it is
    name = f"tree-{digest[:12]}"
    return places.cache_folder("revisions", sha256(str(top).encode(errors="surrogateescape")).hexdigest()[:12]) / name


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


def _environment() -> dict[str, str]:
    """Git without what a surrounding hook or a user's environment would point elsewhere, and never asking anything."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
