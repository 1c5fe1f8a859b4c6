"""How hard do satellites pull at each other, above all those that come close?  Pairwise gravity, or a tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cases.nbody.semantics import exact_class, exactly, nobody_lifts_himself, tree_class, work_is_energy
from harness import Case, Gate, Limits, Technique, Work, Workload, sweep

if TYPE_CHECKING:
    import numpy as np
    from hypothesis.strategies import SearchStrategy
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Swarm = tuple[Floats, Floats, float]

SOFTENING = 0.01
"""A hundredth of the swarm's core: closer than that, two bodies pull as blurred ones."""


def swarm(n: int, seed: int) -> Swarm:
    """Make a swarm around nothing, dense within and thin without (Plummer, 1911), masses within a factor of three."""
    import numpy as np

    source = np.random.default_rng(seed)
    radii = 1.0 / np.sqrt(source.uniform(0.01, 1.0, n) ** (-2 / 3) - 1.0 + 1e-9)
    radii = np.minimum(radii, 10.0)  # a thousandth would be farther out than that
    return _directions(source, n) * radii[:, np.newaxis], source.uniform(0.5, 1.5, n) / n, SOFTENING


def clusters(n: int, seed: int) -> Swarm:
    """Make clusters of clusters of clusters: each level is a tenth as wide, and most of the room is empty."""
    import numpy as np

    source = np.random.default_rng(seed)
    places = np.zeros((1, 3))
    for width in (1.0, 0.1, 0.01):
        places = np.repeat(places, 6, axis=0) + width * source.normal(size=(6 * len(places), 3))
    chosen = places[source.integers(0, len(places), n)]
    return chosen + 1e-3 * source.normal(size=(n, 3)), source.uniform(0.1, 1.0, n) / n, 1e-4


def far(n: int, seed: int) -> Swarm:
    """Make two swarms a million of their sizes apart: who moves the origin, or multiplies squares out, loses the digits that count."""
    import numpy as np

    positions, masses, softening = swarm(n, seed)
    positions[: n // 2] += np.array([1e6, -2e6, 3e5])
    return positions, masses, softening


def twins(n: int, seed: int) -> Swarm:
    """Make a swarm in which every body has a twin nearly, or exactly, in its place."""
    import numpy as np

    source = np.random.default_rng(seed)
    positions, masses, _ = swarm(n - n // 2, seed)
    gaps = 10.0 ** source.uniform(-12.0, -2.0, n // 2)
    gaps[::8] = 0.0
    beside = positions[: n // 2] + _directions(source, n // 2) * gaps[:, np.newaxis]
    return np.concatenate((positions, beside)), np.concatenate((masses, masses[: n // 2])), 1e-5


def line(n: int, seed: int) -> Swarm:
    """Make a string of bodies, thick and thin by turns: a tree of octants would get very deep."""
    import numpy as np

    source = np.random.default_rng(seed)
    along = np.cumsum(10.0 ** source.uniform(-6.0, 0.0, n))
    return along[:, np.newaxis] * _directions(source, 1), source.uniform(0.0, 1.0, n), 1e-7


def heavy(n: int, seed: int, *, light: int, away: float, mass: float) -> Swarm:
    """Make a swarm whose bodies from number ``light`` on, whole tiles of them, are far away and so heavy that their pull is felt."""
    positions, masses, softening = swarm(n, seed)
    positions[light:, 0] += away
    masses[light:] *= n * mass
    return positions, masses, softening


def _directions(source: np.random.Generator, n: int) -> Floats:
    import numpy as np

    towards = source.normal(size=(n, 3))
    return towards / np.linalg.norm(towards, axis=1)[:, np.newaxis]


def nasty() -> Iterator[Swarm]:
    """Yield nobody, one, sizes beside tiles and leaves, lattices where all cancels, bodies in one place, no mass, extremes, heavy ones afar."""
    import numpy as np

    source = np.random.default_rng(7)
    for n in (0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 34, 63, 64, 65, 67, 127, 128, 129, 130, 257):
        yield source.normal(size=(n, 3)), source.uniform(0.0, 1.0, n), 0.1
    axis = np.arange(5.0) - 2.0
    lattice = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    yield lattice, np.ones(125), 0.01
    yield np.ones((70, 3)), source.uniform(0.5, 1.0, 70), 1.0
    yield np.concatenate((np.zeros((40, 3)), source.normal(size=(40, 3)))), np.ones(80), 0.5
    yield source.normal(size=(70, 3)), np.zeros(70), 0.1
    yield source.normal(size=(70, 3)), np.eye(1, 70, 3)[0], 0.1  # a sun and what has no mass
    yield source.normal(size=(70, 3)), 10.0 ** source.uniform(-30.0, 30.0, 70), 0.1
    yield 1e60 * source.normal(size=(40, 3)), np.ones(40), 1e58
    yield 1e-60 * source.normal(size=(40, 3)), np.ones(40), 1e-61
    yield 2.0 ** -np.arange(90.0)[:, np.newaxis] * np.array([[1.0, 0.0, 0.0]]), np.ones(90), 1e-20  # halved ninety times
    yield np.array([[1e6, 1e6, 1e6], [1e6, 1e6, 1e6 + 1e-9], [-1e6, 0.0, 0.0]]), np.array([1.0, 2.0, 3.0]), 1e-12
    yield np.array([[0.0, 0.0, 0.0], [3.0, 4.0, 0.0]]), np.array([0.0, 25.0]), 1e-30
    yield np.array([[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]), np.array([1.0, 1.0, 5.0]), 1e-3
    for make in (clusters, far, twins, line):
        yield make(150, 1)
    yield heavy(300, 1, light=128, away=1e4, mass=1e6)
    yield heavy(600, 1, light=512, away=1e9, mass=1e16)  # where the compiled kernels' tiles end


def examples() -> SearchStrategy[Any]:
    """Return a strategy of some bodies on a coarse grid, where places coincide and pulls cancel."""
    from hypothesis import strategies as st

    def make(bodies: list[tuple[int, int, int, int]], softening: float) -> Swarm:
        import numpy as np

        rows = np.array(bodies, dtype=np.float64).reshape(-1, 4)
        return rows[:, :3].copy(), rows[:, 3].copy(), softening

    place = st.integers(-3, 3)
    return st.builds(make, st.lists(st.tuples(place, place, place, st.integers(0, 3)), max_size=20), st.sampled_from([0.01, 0.3, 2.0]))


def least_seconds(limits: Limits, positions: Floats, masses: Floats, softening: float) -> float:
    """The call; and by all cores together the bodies read and their accelerations written, once.

    Not the pairs, although every exact variant here computes them all: a tree does not, and the fast multipole method
    (Greengard and Rokhlin, 1987) needs operations in proportion to n for any accuracy asked, how few of them nobody has shown.
    """
    del softening
    moved = max(limits.copy_seconds(int(positions.nbytes)), limits.read_seconds(int(positions.nbytes + masses.nbytes)))
    return limits.c_call_seconds + moved / limits.parallel_capacity


def every_pair(positions: Floats, masses: Floats, softening: float) -> Work:
    """The formula as the reference has it, each ordered pair by itself: twenty operations; each body read once, its acceleration written.

    Three differences, four products and three sums for the softened square; a root, a product and a division; three products and three sums.
    """
    del softening
    n = len(masses)
    return Work(operations=20.0 * n * (n - 1), n_bytes=float(2 * positions.nbytes + masses.nbytes))


case = Case(
    function="accelerations",
    variants=(
        "naive",
        "symmetry",
        "numpy_broadcast",
        "numpy_tiled",
        "cython",
        "cython_simd",
        "numba",
        "numba_fastmath",
        "processes",
        "tree",
        "tree_numba",
        "plain_c",
    ),
    rivals=("plain_c",),
    # they use NumPy only to take the swarm apart and to put the answer together
    techniques=dict.fromkeys(("naive", "symmetry", "tree"), Technique.PYTHON),
    workloads=(
        *sweep(swarm, n=(16, 40, 100, 200, 400, 1000, 2500, 6000, 16_000, 40_000, 100_000)),
        Workload("clusters", clusters, 400),
        Workload("far", far, 400),
        Workload("twins", twins, 400),
        Workload("line", line, 400),
    ),
    default=("16", "100", "1000"),
    same=exact_class,
    # an approximation by design, held to the exact accelerations by an error of its own
    relations=dict.fromkeys(("tree", "tree_numba"), tree_class),
    invariants=(nobody_lifts_himself, work_is_energy),
    oracle=exactly,
    bound=least_seconds,
    growth=2.0,
    growths=dict.fromkeys(("tree", "tree_numba"), 1.2),  # n log n, between a thousand and a hundred thousand
    work=every_pair,
    adversarial=nasty,
    strategy=examples,
    verify_up_to=400,
    gate=Gate(workloads=("16", "40", "100"), tolerances={"processes": 0.25}),
)
