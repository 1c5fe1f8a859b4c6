"""The compiled bodies of a revision, built by that revision's own setup.py and kept by the digest of their sources."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

from harness.errors import NotBuilt
from harness.lab import places
from harness.lab.bodies import keep, products, run_setup
from harness.lab.closure import needed_files
from harness.lab.machine import library_version
from harness.lab.sources import files_digest
from harness.lab.trees import tree_at

Body: TypeAlias = tuple[str, str]
"""Case and variant of a compiled body."""
_FLAGS = ("CC", "CXX", "CFLAGS", "CPPFLAGS", "LDFLAGS")


def provide(
    root: Path, bodies: Iterable[Body], *, tell: Callable[[str], None], built: Path | None = None
) -> dict[Body, NotBuilt]:
    """Put a current build beside each source; return what could not be built, with the reason.

    Args:
        root: the revision.
        bodies: which of its compiled bodies.
        tell: is told what is being built.
        built: a working tree that may hold builds of the same sources already.
    """
    wanted = {body: _kept(root, body) for body in bodies if (_source(root, body)).is_file()}
    missing = [body for body, kept in wanted.items() if not kept.is_dir()]
    failed: dict[Body, NotBuilt] = {}
    if missing:
        tell("building " + ", ".join("/".join(body) for body in missing))
        failed = _build(root, missing, built)
    for body, kept in wanted.items():
        if body not in failed:
            for file in kept.iterdir():  # copied: two revisions never load one and the same file
                shutil.copyfile(file, _source(root, body).parent / file.name)
    return failed


def _source(root: Path, body: Body) -> Path:
    return root / "extensions" / body[0] / f"{body[1]}.pyx"


def _kept(root: Path, body: Body) -> Path:
    source = _source(root, body)
    needed = sorted(
        file
        for file in needed_files(source, tree_at(root))
        if file.suffix != ".py" or file.name == "setup.py"
    )
    flags = [os.environ.get(name, "") for name in _FLAGS]
    parts = [
        files_digest([*needed, root / "setup.py"]),
        *flags,
        sys.version,
        sys.platform,
        library_version("Cython"),
        library_version("numpy"),
    ]
    return places.cache_folder("builds") / sha256("\0".join(parts).encode()).hexdigest()[:24]


def _build(root: Path, bodies: Sequence[Body], built: Path | None) -> dict[Body, NotBuilt]:
    """Build the bodies together; if that fails, one by one, so that the guilty one is named."""
    error = _build_together(root, bodies, built)
    if error is None:
        return {}
    if len(bodies) == 1:
        return {bodies[0]: error}
    return {
        body: problem
        for body in bodies
        if (problem := _build_together(root, [body], built)) is not None
    }


def _build_together(root: Path, bodies: Sequence[Body], built: Path | None) -> NotBuilt | None:
    with tempfile.TemporaryDirectory(prefix="perflab-build-") as scratch:
        copy = Path(scratch, "tree")
        shutil.copytree(
            root,
            copy,
            ignore=shutil.ignore_patterns("*.pyx", ".git", "results", "docs", "tests"),
            symlinks=True,
        )
        for body in bodies:
            shutil.copyfile(_source(root, body), _source(copy, body))
            if built is not None and _is_built(built, root, body):
                for file in products(_source(built, body).parent, body[1]):
                    shutil.copyfile(file, _source(copy, body).parent / file.name)
        if problem := run_setup(copy):
            return NotBuilt(
                f"building {_names(bodies)} failed: {problem}",
                "mend the source, or leave it out: -V",
            )
        for body in bodies:
            files = products(_source(copy, body).parent, body[1])
            if not any(file.suffix != ".json" for file in files):
                return NotBuilt(
                    f"setup.py built nothing for {_names([body])}",
                    "every extensions/*/*.pyx must be built by setup.py",
                )
            keep(files, _kept(root, body))
    return None


def _is_built(built: Path, root: Path, body: Body) -> bool:
    """Whether a working tree's build is of the revision's sources; ``setup.py`` then judges by the record whether it is as it would build it."""
    if not _source(built, body).is_file() or _kept(built, body) != _kept(root, body):
        return False
    with suppress(OSError, ValueError, AttributeError):
        record = json.loads(_source(built, body).with_suffix(".build.json").read_text())
        made_of = dict(record.get("inputs") or {})
        return bool(made_of) and all(
            sha256((built / file).read_bytes()).hexdigest() == digest
            for file, digest in made_of.items()
        )
    return False


def _names(bodies: Sequence[Body]) -> str:
    return ", ".join(f"extensions/{case}/{variant}.pyx" for case, variant in bodies)
