"""Values that go from one revision to the other: pickled among the one's modules, read among the other's.

So each side is called with objects of its own classes, and an answer is compared among one side's classes only.
"""

from __future__ import annotations

import pickle
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.errors import words_of
from harness.lab import trees
from harness.lab.worker.answers import Raised

if TYPE_CHECKING:
    from pathlib import Path

    from harness.lab.trees import Tree
    from harness.model.declared import Workload


class Lacking(Raised):
    """The other revision has no such class, or one that cannot be made of this."""


def brought(value: Any, away: Tree | None, home: Tree | None) -> Any:
    """Return an equal value made of the classes of ``home``; what cannot be pickled is returned as it is.

    Raises:
        Lacking: ``home`` cannot make it.
    """
    packed = packed_in(value, away)
    return value if packed is None else unpacked_in(packed, home)


def packed_in(value: Any, tree: Tree | None) -> bytes | None:
    """Pickle a value among its tree's modules; None: it cannot be pickled."""
    with trees.entered(tree), suppress(Exception):
        return pickle.dumps(value, protocol=5)
    return None


def unpacked_in(packed: bytes, tree: Tree | None) -> Any:
    """Make a value of a tree's own classes.

    Raises:
        Lacking: the tree cannot make it.
    """
    with trees.entered(tree):
        try:
            return pickle.loads(packed)  # noqa: S301  our own bytes, made above
        except Exception as error:
            raise Lacking(words_of(error)) from error


def given(file: Path, workload: Workload) -> Workload:
    """Return the workload with the input that the other side wrote down; its own, where that could not be pickled.

    Raises:
        Lacking: (when it is made) this side has no such classes.
    """
    packed = file.read_bytes()

    def make(n: int, seed: int) -> Any:
        del n, seed
        try:
            return unpacked_in(packed, None)
        except Lacking as error:
            raise Lacking(f"cannot be given the head's input: {error}") from error

    return replace(workload, make=make) if packed else workload
