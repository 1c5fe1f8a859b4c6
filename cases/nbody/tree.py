"""Barnes and Hut: bodies far away are pulled at as one; a tree halved at the median, walked once for each leaf."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from operator import itemgetter
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

LEAF = 4
"""Bodies of a leaf walk the tree together."""
CELL_ERROR = 0.5
"""No cell that is taken as one body may be off by more than this share of mass / distance^2.  That is the worst of all
shapes; most errors are a hundred times smaller, and they do not add up, since they point anywhere."""
Body: TypeAlias = tuple[float, float, float, float, int]
"""x, y, z, mass, and the number of the body (or -1: a cell taken as one)."""


class Node(NamedTuple):
    """A cell: where its mass is, how far away one may take it for one body, and where the walk goes on after it."""

    x: float
    y: float
    z: float
    mass: float
    reach: float
    radius: float
    bodies: list[Body]
    """Empty unless it is a leaf."""
    after: int
    """The next node of the walk for whoever does not look into this one."""


def accelerations(positions: NDArray[np.float64], masses: NDArray[np.float64], softening: float) -> NDArray[np.float64]:
    """Return the acceleration of each body, of shape (n, 3), within the class's statistical error."""
    bodies = [(x, y, z, mass, number) for number, ((x, y, z), mass) in enumerate(zip(positions.tolist(), masses.tolist(), strict=True))]
    out = np.zeros(positions.shape)
    nodes: list[Node] = []
    if bodies:
        grow(bodies, nodes)
    for leaf in nodes:
        if leaf.bodies:
            sources = list(seen_from(leaf, nodes))
            for body in leaf.bodies:
                out[body[4]] = pull(body, sources, softening * softening)
    return out


def grow(bodies: list[Body], nodes: list[Node]) -> None:
    """Append the tree of these bodies, each node before those inside it, so that a walk needs no stack."""
    place, is_leaf = len(nodes), len(bodies) <= LEAF
    nodes.append(Node(*measured(bodies), bodies if is_leaf else [], place + 1))
    if not is_leaf:
        bodies.sort(key=itemgetter(widest(bodies)))
        half = len(bodies) // 2
        grow(bodies[:half], nodes)
        grow(bodies[half:], nodes)
        nodes[place] = nodes[place]._replace(after=len(nodes))


def widest(bodies: list[Body]) -> int:
    """Return the axis along which these bodies reach farthest."""
    columns = list(zip(*bodies, strict=True))[:3]
    return max(range(3), key=lambda axis: max(columns[axis]) - min(columns[axis]))


def measured(bodies: list[Body]) -> tuple[float, float, float, float, float, float]:
    """Return the centre of mass, the mass, and the distances from which the whole is as good as a body there.

    With d the distance, b that of the farthest body from the centre, and B the second moment, the centre's pull is off by at most
    ``3 B / (d^2 (d - b)^2)`` (Salmon and Warren, 1994).  ``reach`` is where that becomes CELL_ERROR * mass / d^2.
    """
    mass = sum(body[3] for body in bodies)
    weight = mass or 1.0
    x, y, z = (sum(body[3] * (body[axis] / weight) for body in bodies) if mass else bodies[0][axis] for axis in range(3))
    squares = [(bx - x) * (bx - x) + (by - y) * (by - y) + (bz - z) * (bz - z) for bx, by, bz, _, _ in bodies]
    moment = sum(square * (body[3] / weight) for square, body in zip(squares, bodies, strict=True))
    radius = sqrt(max(squares))
    return x, y, z, mass, radius + sqrt(3.0 * moment / CELL_ERROR), radius


def seen_from(leaf: Node, nodes: list[Node]) -> Iterator[Body]:
    """Yield what pulls at the bodies of a leaf: cells where they are far enough from all of them, single bodies elsewhere."""
    place = 0
    while place < len(nodes):
        x, y, z, mass, reach, _, bodies, after = nodes[place]
        dx, dy, dz, least = x - leaf.x, y - leaf.y, z - leaf.z, reach + leaf.radius
        if dx * dx + dy * dy + dz * dz >= least * least:
            yield x, y, z, mass, -1
            place = after
        else:
            yield from bodies
            place += 1


def pull(body: Body, sources: list[Body], least: float) -> tuple[float, float, float]:
    """Add up what pulls at one body; it is among the sources itself, at no distance, and does nothing."""
    x, y, z, _, _ = body
    ax = ay = az = 0.0
    for sx, sy, sz, mass, _ in sources:
        dx, dy, dz = sx - x, sy - y, sz - z
        squared = dx * dx + dy * dy + dz * dz + least
        strength = mass / (squared * sqrt(squared))
        ax += strength * dx
        ay += strength * dy
        az += strength * dz
    return ax, ay, az
