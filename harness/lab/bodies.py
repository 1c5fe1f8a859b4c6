"""The lab's own compiled bodies: the build that lies beside the source, else one made when it is first needed, and kept.

These are callgrind's voice (``extensions/gate``) and the kernels of the limits (``extensions/limits``).
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from harness.errors import NotBuilt
from harness.lab import places
from harness.lab.catalogue import HOME
from harness.lab.supervisor import die_with_parent

_BUILD_SECONDS = 900
_FLAGS = ("CC", "CXX", "CFLAGS", "CPPFLAGS", "LDFLAGS")
_PLACED = re.compile(r"^\S+:\d+(?::\d+)?:\s*\S")
"""A compiler's message with its place: file, line, column."""


def load(subject: str, name: str, *, home: Path = HOME) -> Any:
    """Return the module ``extensions/<subject>/<name>``, built before if need be.

    Raises:
        NotBuilt: it cannot be built here; the remedy says what is missing.
    """
    return loaded(library(subject, name, home=home), name)


def loaded(file: Path, name: str) -> Any:
    """Return the module in a library: loaded by its path, since revisions bring an ``extensions`` of their own."""
    spec = spec_from_file_location(f"harness_bodies.{name}", file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def library(subject: str, name: str, *, home: Path = HOME) -> Path:
    """Return the file to load: the current build beside the source, or the kept one, or one that is made now.

    Raises:
        NotBuilt: it cannot be built here; the remedy says what is missing.
    """
    source = home / "extensions" / subject / f"{name}.pyx"
    return built_beside(source) or made(subject, name, home=home)


def made(subject: str, name: str, *, home: Path = HOME) -> Path:
    """Return the kept library, which is made now if there is none.

    Raises:
        NotBuilt: it cannot be built here; the remedy says what is missing.
    """
    kept = kept_folder(subject, name, home=home)
    if not kept.is_dir():
        _build(home / "extensions" / subject / f"{name}.pyx", kept)
    return _libraries(kept, name)[0]


def available(subject: str, name: str, *, home: Path = HOME) -> bool:
    """Whether it could be loaded without building anything."""
    source = home / "extensions" / subject / f"{name}.pyx"
    return built_beside(source) is not None or kept_folder(subject, name, home=home).is_dir()


def built_beside(source: Path) -> Path | None:
    """The library beside a source, if this Python can load it and it was made of that very source; an installed one has no source."""
    found = _libraries(source.parent, source.stem)
    if not found:
        return None
    if not source.is_file():
        return found[0]
    record: object = None
    with suppress(OSError, ValueError):
        record = json.loads(source.with_suffix(".build.json").read_text())
    digest = record.get("source_sha256") if isinstance(record, dict) else None
    return found[0] if digest == sha256(source.read_bytes()).hexdigest() else None


def _libraries(folder: Path, name: str) -> list[Path]:
    places_ = (folder / f"{name}{suffix}" for suffix in EXTENSION_SUFFIXES)
    return [file for file in places_ if file.is_file()]


def kept_folder(subject: str, name: str, *, home: Path = HOME) -> Path:
    """Where the build of this source, by this Python with these flags, is kept."""
    folder = home / "extensions" / subject
    files = [*sorted(folder.glob("*.[hp]*")), home / "setup.py"]
    sources = [sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()]
    parts = [
        *sources,
        name,
        sys.version,
        sys.platform,
        *(os.environ.get(one, "") for one in _FLAGS),
    ]
    digest = sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()[:24]
    return places.cache_folder("builds") / f"{subject}-{name}-{digest}"


def _build(source: Path, kept: Path) -> None:
    """Build one body in a folder that holds nothing else, and keep it."""
    name, home = f"extensions/{source.parent.name}/{source.name}", source.parents[2]
    if not source.is_file() or not (home / "setup.py").is_file():
        raise NotBuilt(f"{name} is not built", "reinstall perflab where there is a C compiler")
    compiler = shlex.split(os.environ.get("CC", "cc"))[0]
    if shutil.which(compiler) is None:
        raise NotBuilt(
            f"{name} is not built, and there is no C compiler ({compiler!r} is not on PATH)",
            "apt-get install gcc; or name yours: CC=clang",
        )
    with tempfile.TemporaryDirectory(prefix="perflab-build-") as scratch:
        copy = Path(scratch, "tree")
        theirs = copy / "extensions" / source.parent.name
        shutil.copytree(source.parent, theirs, ignore=shutil.ignore_patterns("*.pyx", "*.so"))
        shutil.copyfile(source, theirs / source.name)
        shutil.copyfile(home / "setup.py", copy / "setup.py")
        problem = run_setup(copy)
        if problem:
            raise NotBuilt(f"building {name} failed: {problem}", "pip install setuptools Cython")
        if not _libraries(theirs, source.stem):
            raise NotBuilt(f"setup.py built nothing for {name}", "unset PERFLAB_NO_EXTENSIONS")
        keep(products(theirs, source.stem), kept)


def run_setup(folder: Path) -> str:
    """Run ``setup.py build_ext --inplace`` in a folder; return what went wrong, in a line; empty: nothing did."""
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            timeout=_BUILD_SECONDS,
            check=False,
            preexec_fn=die_with_parent,
        )
    except subprocess.TimeoutExpired:
        return f"it took longer than {_BUILD_SECONDS} s"
    return _first_error(done.stdout + done.stderr) if done.returncode else ""


def products(folder: Path, name: str) -> list[Path]:
    """The library and the record that a build has left beside its source."""
    return [*_libraries(folder, name), *folder.glob(f"{name}.build.json")]


def keep(files: Sequence[Path], folder: Path) -> None:
    """Keep a build as a whole or not at all: others may build the same now."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as scratch:
        whole = Path(scratch, "build")
        whole.mkdir()
        for file in files:
            shutil.copyfile(file, whole / file.name)
        try:
            whole.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise


def _first_error(output: bytes) -> str:
    lines = [line.strip() for line in output.decode(errors="replace").splitlines()]
    if placed := [line for line in lines if _PLACED.match(line) and "warning" not in line]:
        return placed[0]
    return next(
        (line for line in lines if "error" in line.lower()), lines[-1] if lines else "no message"
    )
