"""What a change touches: every variant of both revisions, and whether its sources mean the same on both sides.

Python is compared as syntax trees and Cython as tokens, so that a comment or a blank line changes nothing.
"""

from __future__ import annotations

import ast
import filecmp
import io
import os
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import AskedWrongly
from harness.lab import depending, trees
from harness.lab.belonging import data_in
from harness.lab.catalogue import Found, did_you_mean
from harness.lab.closure import needed_files
from harness.model.depended import Dependencies

if TYPE_CHECKING:
    from harness.lab.gate.builds import Body
    from harness.lab.trees import Tree
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
    observed: Mapping[str, Dependencies | None] = field(default_factory=dict)
    """What variants were observed to depend on, relative to the revision; None: it could not be observed."""


def in_revision(root: Path, place: Place, top: Path | None = None) -> Found | None:
    """Return the case as that revision of the repository at ``top`` has it, or None."""
    folder = root / place.folder
    if not (folder / "__init__.py").is_file():
        return None
    above = folder.parents[place.module.count(".")]  # a case inside a package is a part of it
    search_path = str(root / place.home if place.origin == "catalogue" else above)
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
    same = same_meaning(sides, variant) and same_calls(sides.base.case, sides.head.case, variant)
    return State.UNCHANGED if same else State.CHANGED


def same_meaning(sides: Sides, variant: str) -> bool:
    """Whether all that a variant depends on but its inputs means the same on both sides: what its source says, and what was observed.

    What could not be observed is never the same.  One side's observation is enough: where all of it is alike on the other
    side, the same program runs there.
    """
    assert sides.base is not None
    assert sides.head is not None
    observed = sides.observed.get(variant, Dependencies())
    if observed is None:
        return False
    return _meaning(sides.base, variant, observed) == _meaning(sides.head, variant, observed)


def files_behind(sides: Sides, variant: str) -> list[Path]:
    """Files of the head that a variant depends on, relative to its top, as far as they are known."""
    assert sides.head is not None
    found, tree = sides.head.found, sides.head.found.tree
    assert tree is not None
    read = needed_files(found.source(variant), tree)
    inside = [file.relative_to(tree.root) for file in read if file.is_relative_to(tree.root)]
    observed = sides.observed.get(variant) or Dependencies()
    return sorted({*inside, *map(Path, observed.files)})


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


def bodies_of(revision: Revision, variant: str) -> list[Body]:
    """The compiled bodies that a variant needs."""
    found = revision.found
    assert found.tree is not None
    files = needed_files(found.source(variant), found.tree)
    return sorted({(file.parent.name, file.stem) for file in files if file.suffix == ".pyx"})


def within(depends: Dependencies, root: Path) -> Dependencies:
    """What of a set lies in a revision, relative to it; everything else is the same for both sides."""

    def inside(files: Iterable[str]) -> tuple[str, ...]:
        paths = (Path(file) for file in files)
        return tuple(
            sorted(str(one.relative_to(root)) for one in paths if one.is_relative_to(root))
        )

    return Dependencies(
        modules=inside(depends.modules),
        extensions=inside(depends.extensions),
        data=inside(depends.data),
        listed=inside(depends.listed),
        stems=inside(depends.stems),
        names=depends.names,
        beyond=depends.beyond,
    )


@lru_cache(maxsize=4)
def anything_touched(base: Path, head: Path) -> bool:
    """Whether any file of two revisions means something else, or is on one side only; their folders are named by their content."""
    were, are = ({*_files_in(root)} for root in (base, head))
    return were != are or any(
        _meaning_of(base / name) != _meaning_of(head / name)
        for name in were
        if not _same_bytes(base / name, head / name)
    )


def _files_in(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in {".git", "__pycache__"}]
        place = os.path.relpath(folder, root)
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        yield from (os.path.join(place, name) for name in [*files, *links] if name != ".git")


def _same_bytes(base: Path, head: Path) -> bool:
    if base.is_symlink() or head.is_symlink():
        return base.is_symlink() and head.is_symlink() and os.readlink(base) == os.readlink(head)
    return filecmp.cmp(base, head, shallow=False)


def _meaning(revision: Revision, module: str, observed: Dependencies | None = None) -> str:
    found, tree = revision.found, revision.found.tree
    assert tree is not None
    digest = sha256()
    seen = observed or Dependencies()
    root = Path(tree.root)
    start = found.source(module)
    files = {start, *needed_files(start, tree), *data_in(found.folder)}
    files.update(root / name for name in seen.files)
    if (
        module != "__init__"
    ):  # the declaration is compared by itself, and by the inputs that it makes
        files.discard(found.folder / "__init__.py")
    for file in sorted(files):
        place = file.relative_to(root) if file.is_relative_to(root) else file.name
        digest.update(f"{place}\0{_meaning_of(file)}\0".encode(errors="surrogateescape"))
    for place, names in _looked_for(seen, tree):
        digest.update(f"{place}\0{names}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()[:16]


def _looked_for(seen: Dependencies, tree: Tree) -> Iterator[tuple[str, str]]:
    """What was listed, and what each name that was looked for could be imported from, by place in the revision."""
    for folder in seen.listed:
        yield folder, " ".join(sorted(depending.names_in(Path(tree.root, folder))))
    here = replace(seen, stems=tuple(str(Path(tree.root, stem)) for stem in seen.stems))
    for stem, entries in depending.importable(here, tree.paths).items():
        yield os.path.relpath(stem, tree.root), entries


def _meaning_of(file: Path) -> str:
    try:
        data = os.readlink(file).encode() if file.is_symlink() else file.read_bytes()
    except OSError:
        return "absent"
    try:
        if file.suffix == ".py":
            return sha256(ast.dump(ast.parse(data)).encode()).hexdigest()
        if file.suffix == ".pyx":
            return sha256(repr(list(_tokens(data))).encode()).hexdigest()
    except (SyntaxError, ValueError, RecursionError, tokenize.TokenError):
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
