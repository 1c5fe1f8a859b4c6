"""Digests of what a number depends on, and whether a compiled body is there and up to date."""

from __future__ import annotations

import ast
import json
import os
import sys
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from harness.lab import building
from harness.lab.belonging import data_in
from harness.lab.catalogue import HOME
from harness.lab.closure import needed_files
from harness.lab.machine import library_version
from harness.lab.trees import Tree, tree_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.lab.catalogue import Found
    from harness.model.declared import Case

_REFEREE = (
    "judge/equality.py",
    "model/declared.py",
    "lab/worker/answers.py",
    "lab/worker/detectors.py",
    "lab/worker/examine.py",
    "lab/worker/instruments.py",
    "lab/worker/subject.py",
    "lab/worker/surroundings.py",
    "lab/mutation.py",
)
"""A change in how we judge makes every certificate stale."""
_IMPORTED = frozenset({".py", ".pyx", ".pxd", ".pxi", ".h", ".c"})


def own_modules(found: Found) -> list[Path]:
    """The modules in a case's folder; what editors put beside them are none."""
    return sorted(found.folder.glob("[!.#]*.py"))


def case_digest(found: Found, case: Case) -> str:
    """Digest of what all variants share: the declaration, the reference and the case's other files."""
    shared = [
        path
        for path in own_modules(found)
        if path.stem not in case.variants and path.stem != "mutants"
    ]
    return files_digest([*shared, found.source(case.reference)])


def variant_digest(found: Found, case: Case, variant: str) -> str:
    """Digest a certificate is bound to: case, variant, all that it needs of its project, builds, libraries, Python and the referee."""
    needed = _needed(found, case, variant)
    parts = [
        case_digest(found, case),
        files_digest([*needed, *_builds(needed)]),
        _referee(),
        sys.version,
        *_versions(found.source(variant)),
    ]
    return sha256("\0".join(parts).encode()).hexdigest()[:16]


class Watch:
    """Notices that variants become other programs after their case was read: every process imports what is there when it starts."""

    def __init__(self, found: Found, case: Case, variants: Sequence[str]) -> None:
        self._found = found
        self._case = case
        behind = {variant: _needed(found, case, variant) for variant in variants}
        needed = {file for files in behind.values() for file in files}
        self._data = frozenset(file for file in needed if file.suffix not in _IMPORTED)
        self._shared = case_digest(found, case)
        self._digests = {variant: self._digest(files) for variant, files in behind.items()}
        self._referee = _referee_now()
        self._files = sorted(needed.union(_builds(needed), own_modules(found), _referees()))
        self._folders = sorted({file.parent for file in self._files})
        self._stamps = self._look()

    def changed(self) -> str | None:
        """What is not what it was at the beginning; files are read again only where their stamps have changed."""
        stamps = self._look()
        if stamps == self._stamps:
            return None
        if _referee_now() != self._referee:
            return "the lab itself"
        shared = case_digest(self._found, self._case)
        for variant, digest in self._digests.items():
            if (
                shared != self._shared
                or self._digest(_needed(self._found, self._case, variant)) != digest
            ):
                return variant
        self._stamps = stamps
        return None

    def _digest(self, needed: Iterable[Path]) -> str:
        """Of the program, as far as it is there to be changed: a file that a variant writes for itself is the detectors' business."""
        files = [file for file in needed if file.suffix in _IMPORTED or file in self._data]
        return files_digest([*files, *_builds(files)])

    def _look(self) -> list[object]:
        return [*map(_stamp, self._files), *map(_sources_in, self._folders)]


def _stamp(file: Path) -> tuple[int, ...]:
    with suppress(OSError):
        status = file.stat()
        return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
    return ()


def _sources_in(folder: Path) -> list[str]:
    """Names of a folder: another file may be imported instead."""
    with suppress(OSError):
        return sorted(name for name in os.listdir(folder) if name != "__pycache__")
    return []


def _referees() -> list[Path]:
    return [HOME / "harness" / name for name in _REFEREE]


def _referee_now() -> str:
    return files_digest(_referees())


def _builds(needed: Iterable[Path]) -> list[Path]:
    return [
        library
        for file in needed
        if file.suffix == ".pyx"
        for library in sorted(file.parent.glob(f"{file.stem}.*.so"))
    ]


def _needed(found: Found, case: Case, variant: str) -> list[Path]:
    """The project's files behind a variant, behind the reference it is judged by, and the case's data."""
    tree = found.tree or _own_tree(found)
    starts = (found.source(variant), found.source(case.reference), found.folder / "__init__.py")
    data = data_in(found.folder)
    return sorted({*data}.union(*(needed_files(start, tree) for start in starts)))


def _own_tree(found: Found) -> Tree:
    """The project that a case belongs to; of an installed one its own packages only, not all that is installed beside it."""
    if found.origin == "path":
        return tree_at(found.folder.parent)
    top = found.module.partition(".")[0]
    home = found.folder.parents[found.module.count(".")]
    return Tree(
        str(home), (str(home),), (top, "extensions") if found.origin == "catalogue" else (top,)
    )


def require_build(found: Found, variant: str) -> None:
    """Refuse a compiled variant that is not built, or whose source is newer than its build.

    Raises:
        NotBuilt: with the remedy.
    """
    source = found.home / "extensions" / found.name / f"{variant}.pyx"
    if found.origin == "catalogue" and source.exists():
        building.require(source)


def build_seconds(found: Found, variant: str) -> float | None:
    """What translating and compiling a variant's extension took when it was built last; None: nothing is built, or nobody timed it."""
    record = found.home / "extensions" / found.name / f"{variant}.build.json"
    with suppress(OSError, ValueError, KeyError, TypeError):
        return float(json.loads(record.read_text())["seconds"])
    return None


def _versions(file: Path) -> Iterable[str]:
    try:
        module = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    for node in ast.walk(module):
        names = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module]
            if isinstance(node, ast.ImportFrom) and node.module and not node.level
            else []
        )
        for name in names:
            root = name.partition(".")[0].replace("_", "-")
            if found := library_version(root):
                yield f"{root} {found}"


@cache
def _referee() -> str:
    return _referee_now()


def files_digest(files: Iterable[Path]) -> str:
    """Digest of the files' names and contents, in the order given."""
    digest = sha256()
    for file in files:
        data = b""
        with suppress(OSError):  # not there, or not any more
            data = file.read_bytes()
        digest.update(f"{file.name}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()
