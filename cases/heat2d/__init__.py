"""How fast can the heat map of a chip be computed?  An explicit stencil on a torus."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from harness import Case, Gate, Limits, Technique, Work, Workload, close, sweep

if TYPE_CHECKING:
    import numpy as np
    from hypothesis.strategies import SearchStrategy
    from numpy.typing import NDArray

    Grid = NDArray[np.float64]

STEPS = 10
ALPHA = 0.2
"""Below 1/4 the scheme is stable, and no cell gets hotter than the hottest."""

SHORT_STEPS = 2


def chip(n: int, seed: int) -> tuple[Grid, float, int]:
    """Make an n x n map in degrees: a warm background and a few hot blocks."""
    return _chip(n, n, seed), ALPHA, STEPS


def short(n: int, seed: int) -> tuple[Grid, float, int]:
    """Make the map of a chip for a few steps only: calls of some microseconds, for the gate."""
    return _chip(n, n, seed), ALPHA, SHORT_STEPS


def strip(n: int, seed: int) -> tuple[Grid, float, int]:
    """Make a map of few rows and many columns: there is nothing to hoist out of the inner loop."""
    return _chip(max(3, n // 64), n * 64 // 3, seed), ALPHA, STEPS


def _chip(rows: int, columns: int, seed: int) -> Grid:
    import numpy as np

    source = np.random.default_rng(seed)
    grid = 40.0 + source.random((rows, columns))
    for _ in range(4):
        top, left = source.integers(0, rows), source.integers(0, columns)
        grid[top : top + rows // 4 + 1, left : left + columns // 4 + 1] += source.uniform(20.0, 60.0)
    return grid


def nasty() -> Iterator[tuple[Grid, float, int]]:
    """Yield what breaks stencils: no step, sides of 1, 2 and 3, odd shapes, one hot cell in every corner, extremes."""
    import numpy as np

    source = np.random.default_rng(7)
    for rows, columns in (
        (1, 1),
        (1, 2),
        (2, 1),
        (2, 2),
        (1, 5),
        (5, 1),
        (2, 7),
        (3, 3),
        (3, 8),
        (9, 4),
        (17, 33),
        (63, 5),
        (64, 65),
        (66, 7),
    ):
        for steps in (0, 1, 2, 5):
            yield source.normal(50.0, 20.0, (rows, columns)), 0.1, steps
    for corner in ((0, 0), (0, -1), (-1, 0), (-1, -1), (2, 0), (0, 3)):
        grid = np.zeros((6, 7))
        grid[corner] = 1.0
        yield grid, 0.25, 3
    yield np.full((5, 6), 3.5), 0.2, 4
    yield np.array([[1e300, -1e300], [1e-300, 0.0]]), 0.125, 2
    yield source.random((8, 8)), 0.0, 3


def examples() -> SearchStrategy[Any]:
    """Return a strategy of small maps of any shape."""
    from hypothesis import strategies as st

    def make(rows: int, columns: int, seed: int, alpha: float, steps: int) -> tuple[Grid, float, int]:
        import numpy as np

        return np.random.default_rng(seed).uniform(-100, 100, (rows, columns)), alpha, steps

    side = st.integers(1, 12)
    return st.builds(make, side, side, st.integers(0, 10**6), st.floats(0.0, 0.25), st.integers(0, 6))


def heat_is_conserved(arguments: tuple[Grid, float, int], answer: Grid) -> str | None:
    """On a torus nothing flows out: the sums agree to rounding (each step rounds each cell a few times)."""
    grid, _, steps = arguments
    before, after = math.fsum(grid.ravel().tolist()), math.fsum(answer.ravel().tolist())
    allowed = 1e-15 * 8 * (steps + 1) * math.fsum(abs(grid).ravel().tolist())
    return None if abs(before - after) <= allowed else f"heat was {before!r}, is {after!r}"


def no_cell_beats_the_hottest(arguments: tuple[Grid, float, int], answer: Grid) -> str | None:
    """Maximum principle: with alpha at most 1/4 every new cell is an average of old ones."""
    grid, _, _ = arguments
    slack = 1e-12 * float(abs(grid).max())
    if float(answer.max()) > float(grid.max()) + slack or float(answer.min()) < float(grid.min()) - slack:
        return f"cells in {grid.min()!r}..{grid.max()!r} became {answer.min()!r}..{answer.max()!r}"
    return None


def least_seconds(limits: Limits, grid: Grid, alpha: float, steps: int) -> float:
    """The call; and by all cores together either the map read and the answer written once, or the arithmetic, whichever is longer.

    Not read and written once a step: a kernel that advances several steps while a tile sits in the cache is allowed to win.
    Arithmetic: a step takes three instructions a cell at least, as far as anybody knows: the four neighbours' sum is that of
    two sums along a diagonal, each of which serves two cells, and the rest is one multiply-add if the map is kept scaled.
    Who would jump over the steps has to go through Fourier space: a real transform there and one back take 4 log2(n)
    operations a cell (Sorensen et al., 1987), half as many instructions if all were multiply-adds.  The cheaper of the two counts.
    """
    del alpha
    stepping = 3.0 * steps
    jumping = 2.0 * math.log2(max(2, grid.size)) if steps else 0.0
    arithmetic = grid.size * min(stepping, jumping) / limits.float_operations_per_second
    return limits.c_call_seconds + max(limits.copy_seconds(int(grid.nbytes)), arithmetic) / limits.parallel_capacity


def stencil(grid: Grid, alpha: float, steps: int) -> Work:
    """The formula as the reference has it, seven operations a cell and step; each step reads every cell and writes it."""
    del alpha
    return Work(operations=7.0 * grid.size * steps, n_bytes=2.0 * grid.nbytes * steps)


case = Case(
    function="simulate",
    variants=(
        "naive",
        "hoisted",
        "numpy_temporaries",
        "numpy_inplace",
        "numpy_blocked",
        "cython",
        "cython_parallel",
        "numba",
        "numba_parallel",
        "bands",
        "numexpr",
    ),
    rivals=("numexpr",),
    # they use NumPy only to take the map apart and to put it together again
    techniques={"naive": Technique.PYTHON, "hoisted": Technique.PYTHON},
    workloads=(
        *sweep(chip, n=(8, 20, 48, 100, 200, 256, 500, 1024, 2000, 4096)),
        Workload("strip-300", strip, 300),
        *sweep(short, n=(8, 20), name="short-{n}"),
    ),
    default=("8", "48", "200"),
    # the sum of five terms may be formed in another order: a few roundings of the largest term a step
    same=close(rtol=1e-12, atol=1e-12),
    bound=least_seconds,
    growth=2.0,  # cells
    work=stencil,
    invariants=(heat_is_conserved, no_cell_beats_the_hottest),
    adversarial=nasty,
    strategy=examples,
    verify_up_to=100,
    gate=Gate(
        workloads=("short-8", "short-20"),  # larger maps fall into two speeds, by where the allocator puts them
        tolerances=dict.fromkeys(("cython_parallel", "numba_parallel", "bands", "numexpr"), 0.25),
        uncounted=dict.fromkeys(("cython_parallel", "numba_parallel", "numexpr"), "valgrind runs its threads one after another"),
    ),
)
