"""A network as arrays (compressed sparse rows): where each junction's roads begin, where they lead, what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from cases.routes.town import Places, Roads


@dataclass(frozen=True, slots=True)
class Rows:
    """Junctions are numbered from 0; road i of junction j stands at ``starts[j] + i``."""

    number: dict[int, int]
    names: list[int]
    starts: NDArray[np.int32]
    heads: NDArray[np.int32]
    costs: NDArray[np.int64]


def rows(roads: Roads, places: Places) -> Rows:
    """Number the junctions in the order of the dict, and lay the roads out one after another; the loops are NumPy's and itertools'."""
    del places
    number = {name: i for i, name in enumerate(roads)}
    ways = roads.values()
    starts = np.zeros(len(roads) + 1, dtype=np.int32)
    np.cumsum(np.fromiter(map(len, ways), np.int32, len(roads)), out=starts[1:])
    count = int(starts[-1])
    heads = np.fromiter(map(number.__getitem__, chain.from_iterable(ways)), np.int32, count)
    costs = np.fromiter(chain.from_iterable(map(dict.values, ways)), np.int64, count)
    return Rows(number, list(roads), starts, heads, costs)
