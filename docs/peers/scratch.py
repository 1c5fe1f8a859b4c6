"""The function under test, in a Git repository of its own with one commit for each slowdown."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import timeit
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import CodeType, FrameType
from typing import Any

UNITS = 100
"""Equal pieces of work in one call at the base; each more is 1 % more work."""
CASE = "nearby"
LETTERS = 3

_KERNEL = '''"""Edit distance of two words, row by row, as often as there are units."""

REVISION = "{revision}"


def distance(left, right):
    """Return how many letters must change to turn one word into the other."""
    for _ in range({units}):
        row = list(range(len(right) + 1))
        for i, letter in enumerate(left, 1):
            diagonal, row[0] = row[0], i
            for j, other in enumerate(right, 1):
                best = diagonal if letter == other else diagonal + 1
                diagonal = row[j]
                if diagonal < best:
                    best = diagonal + 1
                if row[j - 1] < best:
                    best = row[j - 1] + 1
                row[j] = best
    return row[-1]
'''

_CASE = '''"""How far apart are two words?"""

import random

from harness import Case, exact, sweep


def words(n: int, seed: int) -> tuple[str, str]:
    """Make two words of ``n`` letters."""
    source = random.Random(seed)
    return tuple("".join(source.choices("abcdefghijklmnopqrstuvwxyz", k=n)) for _ in range(2))


case = Case(function="distance", variants=("kernel",), workloads=sweep(words, n=({letters},)), same=exact)
'''

_ASV_BENCHMARK = '''"""What asv measures."""

from kernel import distance


class Kernel:
    """The settings come from the command line."""

    def time_distance(self):
        """One call."""
        distance({arguments})
'''

_ASV_INSTALL = '''"""Puts the kernel of the commit that is checked out here where the environment imports it from, with no stale bytecode."""

import pathlib
import shutil
import sysconfig

target = pathlib.Path(sysconfig.get_paths()["purelib"])
for stale in (target / "__pycache__").glob("kernel.*"):
    stale.unlink()
shutil.copyfile("{case}/kernel.py", target / "kernel.py")
'''


@dataclass(frozen=True, slots=True)
class Scratch:
    """A repository with one branch for each revision, and a clone of it checked out at each."""

    root: Path
    commits: Mapping[str, str]
    """Commit by revision: ``base``, and the slowdown in percent as text."""

    def clone(self, revision: str) -> Path:
        """Return the checkout of a revision."""
        return self.root / f"at-{revision}"


def arguments() -> tuple[str, str]:
    """Make the two words every tool calls the function with; the same as seed 0 of the case."""
    source = random.Random(0)
    first, second = (
        "".join(source.choices("abcdefghijklmnopqrstuvwxyz", k=LETTERS)) for _ in range(2)
    )
    return first, second


def units(percent: int) -> int:
    """Units of work in one call with this slowdown."""
    return UNITS * (100 + percent) // 100


def kernel(revision: str, percent: int) -> str:
    """Return the source of a revision; the same slowdown under another name gives the same code of the function."""
    return _KERNEL.format(revision=revision, units=units(percent))


def make(root: Path, slowdowns: tuple[int, ...]) -> Scratch:
    """Make the repository, its commits and a clone for each of them."""
    origin = root / "origin"
    _write(origin / CASE / "__init__.py", _CASE.format(letters=LETTERS))
    _write(origin / ".gitignore", "__pycache__/\n")
    _write(origin / "place.py", _ASV_INSTALL.format(case=CASE))
    _write(origin / "benchmarks" / "__init__.py", "")
    _write(
        origin / "benchmarks" / "kernel_benchmark.py",
        _ASV_BENCHMARK.format(arguments=", ".join(map(repr, arguments()))),
    )
    _git(origin, "init", "--quiet", "--initial-branch=base")
    commits = {"base": _commit(origin, "base", 0)}
    for percent in slowdowns:
        _git(origin, "checkout", "--quiet", "-b", f"slow-{percent}", "base")
        commits[str(percent)] = _commit(origin, str(percent), percent)
    _git(origin, "checkout", "--quiet", "base")
    scratch = Scratch(root, commits)
    for revision, commit in commits.items():
        _git(root, "clone", "--quiet", "--no-local", str(origin), str(scratch.clone(revision)))
        _git(scratch.clone(revision), "checkout", "--quiet", "--detach", commit)
    return scratch


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _commit(origin: Path, revision: str, percent: int) -> str:
    _write(origin / CASE / "kernel.py", kernel(revision, percent))
    _git(origin, "add", "--all")
    _git(origin, "commit", "--quiet", "--message", f"{revision}: {units(percent)} units")
    return _git(origin, "rev-parse", "HEAD")


def _git(folder: Path, *words: str) -> str:
    who = {
        f"GIT_{role}_{field}": "peers"
        for role in ("AUTHOR", "COMMITTER")
        for field in ("NAME", "EMAIL")
    }
    when = {f"GIT_{role}_DATE": "2020-01-01T00:00:00Z" for role in ("AUTHOR", "COMMITTER")}
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *words],
        cwd=folder,
        env={**os.environ, **who, **when, **quiet},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


# --------------------------------------------------------------------------- is the slowdown what it says?


def function_of(source: str) -> Callable[[str, str], int]:
    """Return the function that a kernel's source defines."""
    names: dict[str, Any] = {}
    exec(compile(source, "kernel.py", "exec"), names)  # noqa: S102 -- our own template
    function: Callable[[str, str], int] = names["distance"]
    return function


def steps(source: str) -> int:
    """Count the bytecode instructions of one call."""
    function, counted = function_of(source), 0
    code: CodeType = function.__code__

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal counted
        if frame.f_code is not code:
            return None
        frame.f_trace = trace  # Python 3.12 and 3.13 tell of no instruction before this is set
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        counted += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function(*arguments())
    finally:
        sys.settrace(before)
    return counted


def planted(percent: int) -> float:
    """The slowdown in percent as counted: bytecode instructions of one call over those of the base, less one."""
    return 100 * (steps(kernel(str(percent), percent)) / steps(kernel("base", 0)) - 1)


def call_seconds() -> float:
    """Time one call of the base, as it typically is over two seconds: what translates a budget into each tool's settings."""
    function, words = function_of(kernel("base", 0)), arguments()
    return median(timeit.repeat(lambda: function(*words), number=200, repeat=50)) / 200
