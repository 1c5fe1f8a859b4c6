"""Builds compiled bodies of this checkout when they are first asked for, by its own setup.py."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from hashlib import sha256
from importlib.machinery import EXTENSION_SUFFIXES
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import NotBuilt
from harness.lab import missing
from harness.lab.catalogue import HOME
from harness.lab.closure import needed_files
from harness.lab.supervisor import die_with_parent, processors
from harness.lab.trees import Tree

if TYPE_CHECKING:
    from harness.lab.catalogue import Found

LIMITS = HOME / "extensions" / "limits" / "kernels.pyx"
"""What measures the limits of a machine."""
COUNTER = HOME / "extensions" / "gate" / "callgrind.pyx"
"""What tells callgrind where to count."""
SWITCH = "PERFLAB_NO_BUILD"
"""Set to anything: nothing is built on demand, and what is not built is said to be so."""
_CHECKOUT = HOME / "setup.py"
_TOOLS = ("Cython", "setuptools")
_USUAL_SECONDS = 4.0
"""Processor time of one extension, translated and compiled: the mean of our 26."""


def referees(*, counting: bool) -> list[Path]:
    """The compiled bodies that the lab itself uses; the counter only where there is valgrind."""
    return [LIMITS, COUNTER] if counting and shutil.which("valgrind") else [LIMITS]


def bodies(found: Found, variants: Iterable[str]) -> set[Path]:
    """The compiled bodies of ours that variants of a case need, directly or by way of others."""
    tree = Tree(str(HOME), (str(HOME),), ("cases", "extensions"))
    needed = (needed_files(found.source(variant), tree) for variant in variants)
    return {file for files in needed for file in files if file.suffix == ".pyx"}


def require(source: Path) -> None:
    """Refuse a compiled body that is not built for this Python, or not of what its sources are now.

    Args:
        source: the ``.pyx``, in a checkout or in an installed wheel.

    Raises:
        NotBuilt: with the remedy.
    """
    record, name = _record(source), _name(source)
    current = _is_current(source, record)
    if current and "error" in record:
        raise NotBuilt(
            f"{name} cannot be built: {record['error']}",
            f"mend it, then {_remedy()}; all that was said: {record.get('log')}",
        )
    if _library(source) is None:
        raise NotBuilt(f"{name} is not built", _remedy())
    if "source_sha256" not in record:
        raise NotBuilt(
            f"{name.removesuffix('.pyx')} has a build without a record of its source", _remedy()
        )
    if not current:
        raise NotBuilt(
            f"the build of {name} is older than its source (the digests differ)", _remedy()
        )


def provide(sources: Iterable[Path], tell: Callable[[str], None]) -> bool:
    """Build those of the sources that can be built here and are not; say whether any was.

    Nothing is built in an installed wheel, without a C compiler or Cython, in a checkout that
    cannot be written, or where the switch forbids it; :func:`require` then says what is missing.
    Another process that builds is waited for.  A failure is on record: it is not tried again
    before the source changes.

    Args:
        sources: paths of ``.pyx`` files; those of other projects are left alone.
        tell: is told in one line what is being built, and about how long it takes.
    """
    waiting = sorted({source for source in sources if _is_missing(source)})
    if not waiting or os.environ.get(SWITCH) or not can_build():
        return False
    seconds = ceil(_USUAL_SECONDS * ceil(len(waiting) / processors()))
    tell(f"building {_listed(waiting)} (once, about {seconds} s)")
    only = ",".join(f"{source.parent.name}/{source.stem}" for source in waiting)
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace", "--only", only]
    with suppress(OSError):
        subprocess.run(
            command,
            cwd=HOME,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            preexec_fn=die_with_parent,
        )
    importlib.invalidate_caches()
    return True


def can_build() -> bool:
    """Whether extensions can be built here: a checkout of ours, a C compiler, and Cython."""
    compiler = os.environ.get("CC", "cc").split()
    return (
        _CHECKOUT.is_file()
        and os.access(HOME, os.W_OK)
        and bool(compiler)
        and shutil.which(compiler[0]) is not None
        and all(importlib.util.find_spec(tool) for tool in _TOOLS)
    )


def _is_missing(source: Path) -> bool:
    """Whether it is one of ours that is not built, or not of what is there now."""
    if not source.is_relative_to(HOME / "extensions") or not source.is_file():
        return False
    record = _record(source)
    current = _is_current(source, record)
    return not current or (_library(source) is None and "error" not in record)


def _is_current(source: Path, record: dict[str, Any]) -> bool:
    """Whether every file that a record names has the digest that the record has of it."""
    inputs = record.get("inputs") or {_name(source): record.get("source_sha256", "")}
    return all(_digest(_top(source) / file) == digest for file, digest in inputs.items())


def _remedy() -> str:
    if not _CHECKOUT.is_file():
        return "install perflab anew where there is a C compiler: it is built with the wheel"
    tools = [tool for tool in _TOOLS if importlib.util.find_spec(tool) is None]
    if tools:
        return f"python -m pip install {' '.join(tools)}; then try again"
    compiler = os.environ.get("CC", "cc").split()
    if not compiler or shutil.which(compiler[0]) is None:
        return (
            "sudo apt-get install gcc, or name a compiler that is there: CC=clang; then try again"
        )
    return f"{missing.build()}; then try again"


def _listed(sources: Sequence[Path]) -> str:
    """All by name, or the folders with how many where there are many."""
    if len(sources) < 4:
        return ", ".join(map(_name, sources))
    folders = sorted({source.parent.name for source in sources})
    return f"{len(sources)} of {', '.join(f'extensions/{folder}' for folder in folders)}"


def _library(source: Path) -> Path | None:
    """The build for this Python, as its import system would find it."""
    names = (source.with_name(f"{source.stem}{suffix}") for suffix in EXTENSION_SUFFIXES)
    return next((path for path in names if path.is_file()), None)


def _record(source: Path) -> dict[str, Any]:
    """What setup.py wrote beside a build: the digests of its sources, or why there is none."""
    with suppress(OSError, ValueError):
        record = json.loads(source.with_suffix(".build.json").read_text(encoding="utf-8"))
        return record if isinstance(record, dict) else {}
    return {}


def _top(source: Path) -> Path:
    return source.parents[2]


def _name(source: Path) -> str:
    return source.relative_to(_top(source)).as_posix()


def _digest(file: Path) -> str:
    with suppress(OSError):
        return sha256(file.read_bytes()).hexdigest()
    return ""
