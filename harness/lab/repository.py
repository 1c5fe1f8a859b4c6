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
COMMAND = ("git", *(word for name, value in CAREFUL.items() for word in ("-c", f"{name}={value}")))
"""How git is called here, whatever it is asked."""
_GIT_SECONDS = 120
OWN = ("results", ".asv", ".perflab")
"""Where results lie: what is new there is no change of the code."""
_BYTECODE = ":(exclude,top,glob)**/__pycache__/**"
"""Python writes it beside what we import: no change of the code either."""


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
                [*COMMAND, "-C", str(self.top), *arguments],
                capture_output=True,
                timeout=_GIT_SECONDS,
                check=False,
                env=environment(),
            )
        except FileNotFoundError:
            raise EnvironmentLacks("git is not installed", "install git") from None
        if done.returncode:
            raise _refused(arguments[0], done.stderr.decode(errors="replace").strip())
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
        listed = self.run(
            "status", "--porcelain", "--untracked-files=normal", "--", ":/", _BYTECODE
        )
        return bool(listed.strip())

    def changed_code(self) -> list[str]:
        """What differs from the commit checked out, results apart."""
        excluded = [f":(exclude,top){name}" for name in OWN]
        changed = self.run(
            "status", "--porcelain", "--untracked-files=normal", "--", ":/", *excluded, _BYTECODE
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
                if name
                and "__pycache__" not in name.split("/")
                and ((self.top / name).is_file() or (self.top / name).is_symlink())
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
    except Distrusted:
        raise
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


def _refused(what: str, said: str) -> AskedWrongly:
    """Git's own words; where it distrusts another user's repository, git's own remedy, too."""
    command = next(
        (line.strip() for line in said.splitlines() if line.strip().startswith(_TRUST)), ""
    )
    if command:
        problem = said.partition("\n")[0].removeprefix("fatal: ")
        return Distrusted(f"git {what}: {problem}", command)
    return AskedWrongly(f"git {what}: {said}", "mend the repository, or name another revision")


class Distrusted(AskedWrongly):
    """The repository belongs to another user, and git refuses to read it."""


_TRUST = "git config --global --add safe.directory"
_POINTING = frozenset(
    """
    GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_COMMON_DIR GIT_CONFIG GIT_DIR GIT_GRAFT_FILE
    GIT_IMPLICIT_WORK_TREE GIT_INDEX_FILE GIT_INTERNAL_SUPER_PREFIX GIT_NAMESPACE
    GIT_NO_REPLACE_OBJECTS GIT_OBJECT_DIRECTORY GIT_PREFIX GIT_QUARANTINE_PATH GIT_REPLACE_REF_BASE
    GIT_SHALLOW_FILE GIT_WORK_TREE
    GIT_GLOB_PATHSPECS GIT_ICASE_PATHSPECS GIT_LITERAL_PATHSPECS GIT_NOGLOB_PATHSPECS
    """.split()
)
"""Variables that point git at another repository, index or tree (`git rev-parse --local-env-vars`,
without those that hold settings), or that change what our own patterns mean."""


def environment() -> dict[str, str]:
    """Git as the user's own runs, and never asking anything.

    Settings by environment are kept (GIT_CONFIG_COUNT, GIT_LFS_SKIP_SMUDGE, GIT_SSH_COMMAND ...);
    what a surrounding hook points elsewhere is not.
    """
    kept = {name: value for name, value in os.environ.items() if name not in _POINTING}
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


def careful_environment() -> dict[str, str]:
    """The same for a program that calls git itself: what is in ``CAREFUL`` comes after the user's settings."""
    made = environment()
    count = made.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isdigit() else 0
    for number, (name, value) in enumerate(CAREFUL.items(), first):
        made |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return made | {"GIT_CONFIG_COUNT": str(first + len(CAREFUL))}
