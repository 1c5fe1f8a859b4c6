"""A git repository on this machine: asked with care, never told to change anything but what is ours."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.errors import AskedWrongly, EnvironmentLacks
from harness.lab.catalogue import did_you_mean
from harness.model.measured import Checkout

CAREFUL = {"core.fsmonitor": "false", "protocol.ext.allow": "never", "core.hooksPath": os.devnull}
"""Git's settings by which a repository could make it start a program of the repository's choice."""
_GIT = ("git", *(word for name, value in CAREFUL.items() for word in ("-c", f"{name}={value}")))
_GIT_SECONDS = 120
OWN = ("results", ".asv", ".perflab")
"""Where results lie: what is new there is no change of the code."""


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
                [*_GIT, "-C", str(self.top), *arguments],
                capture_output=True,
                timeout=_GIT_SECONDS,
                check=False,
                env=_environment(),
            )
        except FileNotFoundError:
            raise EnvironmentLacks("git is not installed", "install git") from None
        if done.returncode:
            raise AskedWrongly(
                f"git {arguments[0]}: {done.stderr.decode(errors='replace').strip()}",
                "mend the repository, or name another revision",
            )
        return done.stdout.decode(errors="surrogateescape")

    def commit(self, revision: str) -> str:
        """Return the full commit of ``revision``.

        Raises:
            AskedWrongly: there is no such revision.
        """
        try:
            return self.run(
                "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
            ).strip()
        except AskedWrongly:
            names = self.run(
                "for-each-ref",
                "--format=%(refname:short)",
                "refs/heads",
                "refs/remotes",
                "refs/tags",
            ).split()
            shallow = self.run("rev-parse", "--is-shallow-repository").strip() == "true"
            remedy = (
                "this clone is shallow: fetch more history (git fetch --unshallow; in a workflow, fetch-depth: 0)"
                if shallow
                else ""
            )
            raise AskedWrongly(
                f"there is no revision {revision!r} in this repository",
                did_you_mean(revision, names) or remedy or "git log --oneline shows them",
            ) from None

    def dirty(self) -> bool:
        """Whether the working tree differs from the commit checked out."""
        return bool(self.run("status", "--porcelain", "--untracked-files=normal").strip())

    def changed_code(self) -> list[str]:
        """What differs from the commit checked out, results apart."""
        excluded = [f":(exclude,top){name}" for name in OWN]
        changed = self.run(
            "status", "--porcelain", "--untracked-files=normal", "--", ":/", *excluded
        )
        return [line[3:] for line in changed.splitlines()]

    def files(self) -> list[str]:
        """Relative paths of the working tree's files that git knows or would add."""
        listed = self.run("ls-files", "-z", "--cached", "--others", "--exclude-standard").split(
            "\0"
        )
        return sorted(
            {
                name
                for name in listed
                if name and ((self.top / name).is_file() or (self.top / name).is_symlink())
            }
        )


def repository_of(folder: Path) -> Repository:
    """Return the repository that holds ``folder``.

    Raises:
        AskedWrongly: it is in none.
    """
    try:
        return Repository(
            Path(
                Repository(folder).run("rev-parse", "--show-toplevel").removesuffix("\n")
            ).resolve()
        )
    except AskedWrongly as error:
        raise AskedWrongly(
            f"{folder} is in no git repository: {error.problem}",
            "git init, or go to a folder of the repository",
        ) from None


def checkout_of(folder: Path) -> Checkout | None:
    """Say which commit a folder's files are; None: it is in no repository, or there is no git, or no commit yet."""
    with suppress(AskedWrongly, EnvironmentLacks):
        repository = repository_of(folder)
        return Checkout(repository.commit("HEAD"), changed=bool(repository.changed_code()))
    return None


def _environment() -> dict[str, str]:
    """Git without what a surrounding hook or a user's environment would point elsewhere, and never asking anything."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
