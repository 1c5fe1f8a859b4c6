"""What a change touches: every variant of both revisions, and whether its sources mean the same on both sides.

Python is compared as syntax trees and Cython as tokens, so that a comment or a blank line changes nothing.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import AskedWrongly
from harness.lab import trees
from harness.lab.catalogue import Found, did_you_mean

if TYPE_CHECKING:
    from harness.lab.gate.builds import Body
    from harness.model.declared import Case

_HEADERS = ("*.pxd", "*.pxi", "*.h")
_PROSE = frozenset({".md", ".pyc"})
_MEANINGFUL_COMMENTS = ("cython:", "distutils:")


class State(StrEnum):
    """What a change did to a variant."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    ADDED = "added"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Listed:
    """One variant of one case, on both revisions."""

    case: str
    variant: str
    state: State


@dataclass(frozen=True, slots=True)
class Revision:
    """One case in one revision."""

    found: Found
    case: Case


@dataclass(frozen=True, slots=True)
class Sides:
    """One case in both revisions; None where it is missing."""

    name: str
    base: Revision | None
    head: Revision | None


def in_revision(root: Path, place: Place) -> Found | None:
    """Return the case as that revision has it, or None."""
    folder = root / place.folder
    if not (folder / "__init__.py").is_file():
        return None
    search_path = str(root if place.origin == "catalogue" else folder.parent)
    return Found(place.name, place.module, folder, place.origin, search_path, trees.tree_at(root, search_path))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a case is in its repository."""

    name: str
    module: str
    folder: Path
    """Relative to the repository's top."""
    origin: str


def list_variants(sides: Sides, wanted: Sequence[str]) -> list[Listed]:
    """List every variant of a case with what the change did to it, the head's order first.

    Raises:
        AskedWrongly: a wanted variant is on neither side.
    """
    base = sides.base.case.variants if sides.base else ()
    head = sides.head.case.variants if sides.head else ()
    names = [*head, *(name for name in base if name not in head)]
    for name in wanted:
        if name not in names:
            raise AskedWrongly(
                f"{sides.name} has no variant {name!r} on either side", did_you_mean(name, names) or f"there are: {', '.join(names)}"
            )
    return [Listed(sides.name, name, _state(sides, name)) for name in names if not wanted or name in wanted]


def _state(sides: Sides, variant: str) -> State:
    if sides.head is None or variant not in sides.head.case.variants:
        return State.DELETED
    if sides.base is None or variant not in sides.base.case.variants:
        return State.ADDED
    same = variant_meaning(sides.base, variant) == variant_meaning(sides.head, variant) and same_calls(
        sides.base.case, sides.head.case, variant
    )
    return State.UNCHANGED if same else State.CHANGED


def same_calls(base: Case, head: Case, variant: str) -> bool:
    """Whether both declarations call a variant alike, as far as that can be seen without running anything."""
    return (base.function, base.mutates, base.consume is None, base.service_of(variant) is None) == (
        head.function,
        head.mutates,
        head.consume is None,
        head.service_of(variant) is None,
    )


def same_declaration(sides: Sides) -> bool:
    """Whether both revisions declare the case alike: then their inputs are alike, too."""
    return sides.base is not None and sides.head is not None and _meaning(sides.base, "__init__") == _meaning(sides.head, "__init__")


def variant_meaning(revision: Revision, variant: str) -> str:
    """Digest of everything a variant's time depends on but its inputs: its module and what that imports in the tree."""
    return _meaning(revision, variant)


def bodies_of(revision: Revision, variant: str) -> list[Body]:
    """The compiled bodies that a variant needs."""
    found = revision.found
    files = _closure(found, found.source(variant))
    return sorted({(file.parent.name, file.stem) for file in files if file.suffix == ".pyx"})


def _meaning(revision: Revision, module: str) -> str:
    found = revision.found
    digest = sha256()
    root = Path(found.tree.root) if found.tree else found.home
    data = [file for file in found.folder.rglob("*") if file.is_file() and file.suffix not in {".py", *_PROSE}]
    for file in sorted({*_closure(found, found.source(module)), *data}):
        digest.update(f"{file.relative_to(root)}\0{_meaning_of(file)}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()[:16]


def _closure(found: Found, start: Path) -> set[Path]:
    """The module and every module, compiled body and header of the same tree that it needs."""
    seen: set[Path] = set()
    waiting = [start]
    while waiting:
        file = waiting.pop()
        if file in seen or not file.is_file():
            continue
        seen.add(file)
        if file.suffix == ".py":
            waiting += _imported_files(found, file)
        elif file.suffix == ".pyx":
            waiting += [header for pattern in _HEADERS for header in file.parent.glob(pattern)]
            waiting += [file.parents[2] / "setup.py"]
    return seen


def _imported_files(found: Found, file: Path) -> Iterator[Path]:
    tree = found.tree
    if tree is None or file.name == "setup.py":
        return
    for name in _imported_names(ast.parse(file.read_bytes()), _package(file, tree.paths)):
        top, _, _ = name.partition(".")
        if top in tree.names:
            yield from _files_of(tree.paths, name)


def _imported_names(tree: ast.Module, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")
            above = ".".join(parents[: len(parents) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, [above, node.module or ""]))
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _package(file: Path, paths: Iterable[str]) -> str:
    for path in paths:
        if file.is_relative_to(path):
            return ".".join(file.relative_to(path).parent.parts)
    return ""


def _files_of(paths: Iterable[str], name: str) -> Iterator[Path]:
    """The file of a module, or of the module that ``name`` is a part of."""
    parts = name.split(".")
    for length in (len(parts), len(parts) - 1):
        for path in paths:
            stem = Path(path, *parts[:length]) if length else None
            for file in () if stem is None else (stem.with_suffix(".py"), stem.with_suffix(".pyx"), stem / "__init__.py"):
                if file.is_file():
                    yield file
                    return


def _meaning_of(file: Path) -> str:
    data = file.read_bytes()
    try:
        if file.suffix == ".py":
            return sha256(ast.dump(ast.parse(data)).encode()).hexdigest()
        if file.suffix == ".pyx":
            return sha256(repr(list(_tokens(data))).encode()).hexdigest()
    except (SyntaxError, ValueError, tokenize.TokenError):
        pass
    return sha256(data).hexdigest()


def _tokens(data: bytes) -> Iterator[tuple[int, str]]:
    """Cython's tokens without comments and blank lines; directives are comments that mean something."""
    for token in tokenize.tokenize(io.BytesIO(data).readline):
        if token.type == tokenize.NL:
            continue
        if token.type == tokenize.COMMENT and not token.string.lstrip("# ").startswith(_MEANINGFUL_COMMENTS):
            continue
        yield token.type, token.string
