"""The same tree in flat arrays, compiled at the first call; what pulls at a leaf is gathered, so that its sums go in vectors."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray

from cases.nbody.tree import CELL_ERROR, LEAF

X, Y, Z, MASS, REACH, RADIUS = range(6)
FIRST, LAST, AFTER = range(3)
"""A node's bodies as a range of the order, and the node that comes after all those inside it."""
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@njit(cache=True)
def accelerations(positions: Floats, masses: Floats, softening: float) -> Floats:
    """Return the acceleration of each body, of shape (n, 3), within the class's statistical error."""
    n = len(masses)
    out = np.zeros((n, 3))
    if n == 0:
        return out
    order = np.arange(n)
    most = 4 * (n // LEAF + 1)  # leaves are half full at least, and a binary tree has fewer other nodes than leaves
    cells, ranges = np.empty((most, 6)), np.empty((most, 3), dtype=np.int64)
    count = grow(positions, masses, order, cells, ranges)
    sources = np.empty((4, n + count))
    for node in range(count):
        if ranges[node, AFTER] == node + 1:  # nothing inside: a leaf
            seen = gather(positions, masses, order, cells, ranges, count, node, sources)
            for place in range(ranges[node, FIRST], ranges[node, LAST]):
                pull(positions[order[place]], sources, seen, softening * softening, out[order[place]])
    return out


@njit(cache=True)
def grow(positions: Floats, masses: Floats, order: Integers, cells: Floats, ranges: Integers) -> int:
    """Write the tree of all bodies, each node before those inside it; return how many nodes there are."""
    count, waiting = 0, [(0, len(order))]
    while len(waiting) > 0:
        first, last = waiting.pop()
        inside = order[first:last]
        measure(positions, masses, inside, cells[count])
        ranges[count, FIRST], ranges[count, LAST] = first, last
        count += 1
        if last - first > LEAF:
            half = len(inside) // 2
            select(positions[:, widest(positions, inside)], inside, half)
            waiting.append((first + half, last))
            waiting.append((first, first + half))  # the next to be written
    for node in range(count - 1, -1, -1):
        if ranges[node, LAST] - ranges[node, FIRST] <= LEAF:
            ranges[node, AFTER] = node + 1
        else:  # after its second half, which begins after its first
            ranges[node, AFTER] = ranges[ranges[node + 1, AFTER], AFTER]
    return count


@njit(cache=True)
def measure(positions: Floats, masses: Floats, inside: Integers, cell: Floats) -> None:
    """Write centre, mass and the distances from which the whole is as good as one body (see `tree`)."""
    mass = 0.0
    for body in inside:
        mass += masses[body]
    for axis in range(3):
        cell[axis] = 0.0 if mass > 0.0 else positions[inside[0], axis]
        for body in inside:
            cell[axis] += masses[body] / mass * positions[body, axis] if mass > 0.0 else 0.0
    farthest, moment = 0.0, 0.0
    for body in inside:
        dx, dy, dz = positions[body, 0] - cell[X], positions[body, 1] - cell[Y], positions[body, 2] - cell[Z]
        square = dx * dx + dy * dy + dz * dz
        farthest = max(farthest, square)
        moment += square * (masses[body] / mass if mass > 0.0 else 0.0)
    cell[MASS], cell[RADIUS] = mass, sqrt(farthest)
    cell[REACH] = cell[RADIUS] + sqrt(3.0 * moment / CELL_ERROR)


@njit(cache=True)
def widest(positions: Floats, inside: Integers) -> int:
    """Return the axis along which these bodies reach farthest."""
    best, width = 0, -1.0
    for axis in range(3):
        low = high = positions[inside[0], axis]
        for body in inside:
            low, high = min(low, positions[body, axis]), max(high, positions[body, axis])
        if high - low > width:
            best, width = axis, high - low
    return best


@njit(cache=True)
def select(keys: Floats, order: Integers, middle: int) -> None:
    """Arrange ``order`` so that nobody before ``middle`` has a larger key than anybody from there on (Hoare, 1961)."""
    low, high = 0, len(order) - 1
    while low < high:
        pivot = keys[order[(low + high) // 2]]
        i, j = low, high
        while i <= j:
            while keys[order[i]] < pivot:
                i += 1
            while keys[order[j]] > pivot:
                j -= 1
            if i <= j:
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            return


@njit(cache=True)
def gather(
    positions: Floats, masses: Floats, order: Integers, cells: Floats, ranges: Integers, count: int, leaf: int, sources: Floats
) -> int:
    """Write what pulls at the bodies of a leaf, cells or single bodies, into ``sources``; return how many."""
    seen, node = 0, 0
    while node < count:
        dx, dy, dz = cells[node, X] - cells[leaf, X], cells[node, Y] - cells[leaf, Y], cells[node, Z] - cells[leaf, Z]
        least = cells[node, REACH] + cells[leaf, RADIUS]
        if dx * dx + dy * dy + dz * dz >= least * least:
            for axis in range(4):
                sources[axis, seen] = cells[node, axis]
            seen += 1
            node = ranges[node, AFTER]
            continue
        if ranges[node, AFTER] == node + 1:
            for place in range(ranges[node, FIRST], ranges[node, LAST]):
                body = order[place]
                sources[0, seen], sources[1, seen], sources[2, seen] = positions[body, 0], positions[body, 1], positions[body, 2]
                sources[3, seen] = masses[body]
                seen += 1
        node += 1
    return seen


@njit(cache=True, fastmath=True)
def pull(body: Floats, sources: Floats, seen: int, least: float, out: Floats) -> None:
    """Write what the sources pull at one body; sums in any order, so that they go in vectors."""
    x, y, z = body[0], body[1], body[2]
    xs, ys, zs, masses = sources[0], sources[1], sources[2], sources[3]
    ax, ay, az = 0.0, 0.0, 0.0
    for place in range(seen):
        dx, dy, dz = xs[place] - x, ys[place] - y, zs[place] - z
        squared = dx * dx + dy * dy + dz * dz + least
        strength = masses[place] / (squared * sqrt(squared))
        ax += strength * dx
        ay += strength * dy
        az += strength * dz
    out[0], out[1], out[2] = ax, ay, az
