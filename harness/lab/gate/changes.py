"""What a change touches: every variant of both revisions, and whether its sources mean the same on both sides.

Python is compared as syntax trees and Cython as tokens, so that a comment or a blank line changes nothing.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import AskedWrongly
from harness.lab import trees
from harness.lab.belonging import data_in
from harness.lab.catalogue import Found, did_you_mean
from harness.lab.closure import needed_files

if TYPE_CHECKING:
    from harness.lab.gate.builds import Body
    from harness.model.declared import Case

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
    broken: Mapping[str, str] = field(default_factory=dict)
    """``base`` or ``head``, and why that side's declaration cannot be imported."""


def in_revision(root: Path, place: Place, top: Path | None = None) -> Found | None:
    """Return the case as that revision of the repository at ``top`` has it, or None."""
    folder = root / place.folder
    if not (folder / "__init__.py").is_file():
        return None
    search_path = str(root / place.home if place.origin == "catalogue" else folder.parent)
    return Found(
        place.name,
        place.module,
        folder,
        place.origin,
        search_path,
        trees.tree_at(root, search_path, origin=top),
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a case is in its repository."""

    name: str
    module: str
    folder: Path
    """Relative to the repository's top."""
    origin: str
    home: Path = Path()
    """The folder that holds extensions/ and setup.py, relative to the top."""


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
                f"{sides.name} has no variant {name!r} on either side",
                did_you_mean(name, names) or f"there are: {', '.join(names)}",
            )
    return [
        Listed(sides.name, name, _state(sides, name))
        for name in names
        if not wanted or name in wanted
    ]


def _state(sides: Sides, variant: str) -> State:
    if sides.head is None or variant not in sides.head.case.variants:
        return State.DELETED
    if sides.base is None or variant not in sides.base.case.variants:
        return State.ADDED
    same = variant_meaning(sides.base, variant) == variant_meaning(
        sides.head, variant
    ) and same_calls(sides.base.case, sides.head.case, variant)
    return State.UNCHANGED if same else State.CHANGED


def same_calls(base: Case, head: Case, variant: str) -> bool:
    """Whether both declarations call a variant alike, as far as that can be seen without running anything."""
    return (
        base.function,
        base.mutates,
        base.consume is None,
        base.service_of(variant) is None,
    ) == (
        head.function,
        head.mutates,
        head.consume is None,
        head.service_of(variant) is None,
    )


def same_declaration(sides: Sides) -> bool:
    """Whether both revisions declare the case alike: then their inputs are alike, too."""
    return (
        sides.base is not None
        and sides.head is not None
        and _meaning(sides.base, "__init__") == _meaning(sides.head, "__init__")
    )


def variant_meaning(revision: Revision, variant: str) -> str:
    """Digest of everything a variant's time depends on but its inputs: its module and what that imports in the tree."""
    return _meaning(revision, variant)


def bodies_of(revision: Revision, variant: str) -> list[Body]:
    """The compiled bodies that a variant needs."""
    found = revision.found
    assert found.tree is not None
    files = needed_files(found.source(variant), found.tree)
    return sorted({(file.parent.name, file.stem) for file in files if file.suffix == ".pyx"})


def _meaning(revision: Revision, module: str) -> str:
    found = revision.found
    assert found.tree is not None
    digest = sha256()
    data = data_in(found.folder)
    for file in sorted({*needed_files(found.source(module), found.tree), *data}):
        place = (
            file.relative_to(found.tree.root) if file.is_relative_to(found.tree.root) else file.name
        )
        digest.update(f"{place}\0{_meaning_of(file)}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()[:16]


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
        if token.type == tokenize.COMMENT and not token.string.lstrip("# ").startswith(
            _MEANINGFUL_COMMENTS
        ):
            continue
        yield token.type, token.string
