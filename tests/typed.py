"""Types lines as a person would, in a project of one's own: in this process where that is honest, else in a shell."""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from harness.lab import catalogue, store
from harness.model.measured import Run
from tests.fakes.runs import fake_run
from tests.repositories import commit, git

HOME = Path(__file__).parents[1]
DECLARATION = (
    "'''?'''\nfrom harness import Case, exact, sweep\n"
    "def make(n, seed):\n    return (list(range(n)),)\n"
    "case = Case(function='f', variants=('ref', 'bad', 'ours'), workloads=sweep(make, n=(4, 8)), same=exact)\n"
)
_PLAIN = re.compile(r"perflab(?: [^;&|<>$`~*?()]*)?")
"""A line without anything that only a shell knows."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a line ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Everything, each run of blanks as one: tables break lines anywhere."""
        return " ".join(f"{self.out} {self.err}".split())

    @property
    def problem(self) -> str:
        """What the message says is wrong; empty: nothing."""
        return next((line for line in self.err.splitlines() if line.startswith("error: ")), "")


class Scene:
    """A project with a case of its own, a store beside it, and a shell that stands in the project."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder / "my project"
        self.store = folder / "my store"
        self.home = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            "PERFLAB_STORE": str(self.store),
            "PERFLAB_CACHE": str(cache),
            "PERFLAB_NO_BUILD": "1",
            "HOME": str(folder),
            "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": "",
            "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b",
            "COLUMNS": "200",
        }  # fmt: skip

    def build(self) -> Scene:
        """Write it all."""
        case = self.folder / "benchmarks" / "pcase"
        case.mkdir(parents=True)
        (case / "__init__.py").write_text(DECLARATION)
        (case / "ref.py").write_text("'''r'''\ndef f(x):\n    return sorted(x)\n")
        (case / "ours.py").write_text("'''o'''\ndef f(x):\n    return sorted(list(x))\n")
        (case / "bad.py").write_text("'''b'''\nraise ValueError('never')\n")
        (case / "README.md").write_text("<!-- results:begin -->\n<!-- results:end -->\n")
        (self.folder / "slow.py").write_text("def f(x):\n    return x\n")
        (self.folder / "script.py").write_text("print('ran')\n")
        self.programs()
        commit(self.folder)
        return self

    def programs(self) -> None:
        """``perflab`` and ``python``, as a person's PATH has them."""
        folder = self.home / "bin"
        folder.mkdir(exist_ok=True)
        script = folder / "perflab"
        script.write_text(
            f"#!{sys.executable}\nimport sys\nsys.path.append({str(HOME)!r})\n"
            "from perflab.__main__ import command\ncommand()\n"
        )
        script.chmod(0o755)
        python = folder / "python"
        if not python.exists():
            python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
            python.chmod(0o755)

    def copied(self, folder: Path) -> Scene:
        """Another one, as this one is now."""
        other = Scene(folder, Path(self.environment["PERFLAB_CACHE"]))
        shutil.copytree(self.folder, other.folder, symlinks=True)
        other.programs()
        return other

    def run(self, number: int = 1, **changes: object) -> Run:
        """A complete run of the case, by hand."""
        made = {"id": f"2026010{number}T120000Z-0123abcd", "case": "pcase", **changes}
        return replace(fake_run(), **made)  # type: ignore[arg-type]

    def keep(self, *runs: Run, folder: Path | None = None) -> list[Path]:
        """Write runs into the store."""
        return [store.write(run, folder or self.store) for run in runs]

    def git(self, *words: str) -> None:
        git(self.folder, *words)

    def type(self, line: str, *, shell: bool = False) -> Ended:
        """Type a line: one of ours in this process, everything else, and what needs a process of its own, in a shell."""
        if _PLAIN.fullmatch(line) and not shell:
            return self._here(shlex.split(line)[1:])
        done = subprocess.run(
            ["/bin/sh", "-c", line], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return Ended(done.returncode, done.stdout, done.stderr)

    def _here(self, words: list[str]) -> Ended:
        from harness import cli

        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))  # fmt: skip
        with self._standing(), redirect_stdout(out), redirect_stderr(err):
            sys.argv = ["/usr/bin/perflab", *words]
            code = cli._code_of_the_command()
        return Ended(code, *(one.buffer.getvalue().decode() for one in (out, err)))  # type: ignore[attr-defined]

    @contextmanager
    def _standing(self) -> Iterator[None]:
        """As a process of its own would: its folder, its variables, nothing imported of any project."""
        before = (dict(os.environ), sys.argv, list(sys.path), os.getcwd(), set(sys.modules))
        os.environ.clear()
        os.environ.update(self.environment)
        catalogue._BY_PATH.clear()
        os.chdir(self.folder)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before[0])
            sys.argv, sys.path[:] = before[1], before[2]
            os.chdir(before[3])
            for name in set(sys.modules) - before[4]:
                file = getattr(sys.modules[name], "__file__", None) or ""
                with suppress(ValueError):
                    Path(file).relative_to(self.home)
                    del sys.modules[name]
