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


MOST_ROADS = 2**31 - 1
TOO_DEAR = 2**62
"""Costs of all roads together stay below this: no way takes a road twice, so no sum leaves 64 bits."""


def fitting(costs: list[int]) -> NDArray[np.int64]:
    """Return costs as an array that nothing has been cut for."""
    made = np.array(costs) if costs else np.zeros(0, dtype=np.int64)
    if made.dtype == np.int64 and float(made.sum(dtype=np.float64)) < TOO_DEAR:
        if costs and made.min() < 1:
            message = f"a road costs at least 1, not {made.min()}"
            raise ValueError(message)
        return made
    for cost in costs:
        if not isinstance(cost, int) or isinstance(cost, bool):
            message = f"a road costs an integer, not {cost!r}"
            raise TypeError(message)
    message = f"costs add up to {sum(costs)}; here they must stay below {TOO_DEAR}"
    raise OverflowError(message)


def rows(roads: Roads, places: Places) -> Rows:
    """Number the junctions in the order of the dict, and lay the roads out one after another; the loops are NumPy's and itertools'.

    Raises:
        TypeError: a cost is no integer.
        ValueError: a cost is less than 1.
        OverflowError: all costs together are not below 2**62 (so that those of any way fit), or there are 2**31 roads or more.
    """
    del places
    number = {name: i for i, name in enumerate(roads)}
    ways = roads.values()
    lengths = np.fromiter(map(len, ways), np.int64, len(roads))
    count = int(lengths.sum())
    if count > MOST_ROADS:
        message = f"{count} roads; {MOST_ROADS} is the most that can be numbered here"
        raise OverflowError(message)
    starts = np.zeros(len(roads) + 1, dtype=np.int32)
    np.cumsum(lengths, out=starts[1:])
    heads = np.fromiter(map(number.__getitem__, chain.from_iterable(ways)), np.int32, count)
    costs = fitting(list(chain.from_iterable(map(dict.values, ways))))
    return Rows(number, list(roads), starts, heads, costs)
