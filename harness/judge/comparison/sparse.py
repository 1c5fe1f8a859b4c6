"""Sparse matrices of scipy: the values at all places that either has, explicit zeros or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.judge.comparison.words import PLACE
from harness.model.declared import Difference

if TYPE_CHECKING:
    from harness.judge.comparison.walk import Handler, Pairs, Walk


def handler(kind: type) -> Handler | None:
    """Return what compares the types of ``scipy.sparse``; None: another type of scipy's."""
    import sys

    sparse = sys.modules.get("scipy.sparse")
    if sparse is None:
        return None
    return _matrices if issubclass(kind, (sparse.spmatrix, sparse.sparray)) else None


def _matrices(expected: Any, actual: Any, walk: Walk) -> Difference | Pairs | None:
    if expected.shape != actual.shape:
        return Difference("shape", "", str(expected.shape), str(actual.shape))
    if expected.dtype != actual.dtype:
        return Difference("dtype", "", str(expected.dtype), str(actual.dtype))
    import numpy as np

    (ours, one), (theirs, other) = _entries(expected), _entries(actual)
    places = np.union1d(ours, theirs)
    values = [_spread(places, *each) for each in ((ours, one), (theirs, other))]
    return _pairs(values, places, expected.shape)


def _entries(matrix: Any) -> tuple[Any, Any]:
    """Places (as one number each, ascending) and values, several entries of one place summed."""
    import numpy as np

    entries = matrix.tocoo(copy=True)
    entries.sum_duplicates()
    indices = entries.coords if hasattr(entries, "coords") else (entries.row, entries.col)
    places = np.ravel_multi_index(tuple(np.asarray(one) for one in indices), matrix.shape)
    order = np.argsort(places, kind="stable")
    return places[order], entries.data[order]


def _spread(places: Any, own: Any, values: Any) -> Any:
    import numpy as np

    spread = np.zeros(len(places), values.dtype)
    spread[np.searchsorted(places, own)] = values
    return spread


def _pairs(values: list[Any], places: Any, shape: tuple[int, ...]) -> Pairs:
    import numpy as np

    one, other = values
    unlike = np.flatnonzero(~((one == other) | ((one != one) & (other != other))))  # noqa: PLR0124
    first = int(unlike[0]) if len(unlike) else 0
    where = ""
    if len(places):
        where = "".join(f"[{int(i)}]" for i in np.unravel_index(places[first], shape))
        yield one[first], other[first], PLACE, where
    yield one, other, PLACE, ".data"
