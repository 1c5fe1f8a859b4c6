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

from harness.errors import NotBuilt
from harness.lab.catalogue import HOME
from harness.lab.closure import needed_files
from harness.lab.machine import library_version
from harness.lab.trees import Tree, tree_at

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    "lab/mutation.py",
)
"""A change in how we judge makes every certificate stale."""
_BUILD = "run `make build`, or `python setup.py build_ext --inplace`, then try again"


def case_digest(found: Found, case: Case) -> str:
    """Digest of what all variants share: the declaration, the reference and the case's other files."""
    shared = [path for path in sorted(found.folder.glob("*.py")) if path.stem not in case.variants and path.stem != "mutants"]
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
    """Notices that variants become other programs while they are proven or measured: every process imports what is there when it starts."""

    def __init__(self, found: Found, case: Case, variants: Iterable[str]) -> None:
        self._found = found
        self._case = case
        self._digests = {variant: variant_digest(found, case, variant) for variant in variants}
        needed = {file for variant in self._digests for file in _needed(found, case, variant)}
        self._files = sorted(needed.union(_builds(needed), found.folder.glob("*.py")))
        self._stamps = self._look()

    def changed(self) -> str | None:
        """The first variant that is not what it was at the beginning; files are read again only where their times have changed."""
        stamps = self._look()
        if stamps == self._stamps:
            return None
        for variant, digest in self._digests.items():
            if variant_digest(self._found, self._case, variant) != digest:
                return variant
        self._stamps = stamps
        return None

    def _look(self) -> list[tuple[int, int, int]]:
        return [(status.st_mtime_ns, status.st_size, status.st_ino) if (status := _status(file)) else (0, 0, 0) for file in self._files]


def _status(file: Path) -> os.stat_result | None:
    try:
        return file.stat()
    except OSError:
        return None


def _builds(needed: Iterable[Path]) -> list[Path]:
    return [library for file in needed if file.suffix == ".pyx" for library in sorted(file.parent.glob(f"{file.stem}.*.so"))]


def _needed(found: Found, case: Case, variant: str) -> list[Path]:
    """The project's files behind a variant, behind the reference it is judged by, and the case's data."""
    tree = found.tree or _own_tree(found)
    starts = (found.source(variant), found.source(case.reference), found.folder / "__init__.py")
    data = {file for file in found.folder.rglob("*") if file.is_file() and file.suffix not in {".py", ".pyc", ".md"}}
    return sorted(data.union(*(needed_files(start, tree) for start in starts)))


def _own_tree(found: Found) -> Tree:
    """The project that a case belongs to; of an installed one its own packages only, not all that is installed beside it."""
    if found.origin == "path":
        return tree_at(found.folder.parent)
    top = found.module.partition(".")[0]
    home = found.folder.parents[found.module.count(".")]
    return Tree(str(home), (str(home),), (top, "extensions") if found.origin == "catalogue" else (top,))


def require_build(found: Found, variant: str) -> None:
    """Refuse a compiled variant that is not built, or whose source is newer than its build.

    Raises:
        NotBuilt: with the remedy.
    """
    source = found.home / "extensions" / found.name / f"{variant}.pyx"
    if found.origin != "catalogue" or not source.exists():
        return
    record, build = _record(source), f"extensions/{found.name}/{variant}.pyx"
    current = record.get("source_sha256") == sha256(source.read_bytes()).hexdigest()
    if current and "error" in record:
        raise NotBuilt(f"{build} cannot be built: {record['error']}", f"mend it, then {_BUILD}; all that was said: {record.get('log')}")
    if not any(source.parent.glob(f"{variant}.*.so")) and not any(source.parent.glob(f"{variant}.*.pyd")):
        raise NotBuilt(f"{build} is not built", _BUILD)
    if "source_sha256" not in record:
        raise NotBuilt(f"extensions/{found.name}/{variant} has a build without a record of its source", _BUILD)
    if not current:
        raise NotBuilt(f"the build of {build} is older than its source (the digests differ)", _BUILD)


def _record(source: Path) -> dict[str, str]:
    """What setup.py wrote beside a build: the digest of its source, or why there is none; empty if there is no such record."""
    try:
        record = json.loads(source.with_suffix(".build.json").read_text())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def build_seconds(found: Found, variant: str) -> float | None:
    """What translating and compiling a variant's extension took when it was built last; None: nothing is built, or nobody timed it."""
    record = found.home / "extensions" / found.name / f"{variant}.build.json"
    with suppress(OSError, ValueError, KeyError, TypeError):
        return float(json.loads(record.read_text())["seconds"])
    return None


def _versions(file: Path) -> Iterable[str]:
    try:
        module = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
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
    return files_digest([HOME / "harness" / name for name in _REFEREE])


def files_digest(files: Iterable[Path]) -> str:
    """Digest of the files' names and contents, in the order given."""
    digest = sha256()
    for file in files:
        data = file.read_bytes() if file.exists() else b""
        digest.update(f"{file.name}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()
