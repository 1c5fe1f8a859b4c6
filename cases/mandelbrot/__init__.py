"""What is scheduling worth?  A picture of the Mandelbrot set, where one pixel takes one step and its neighbour hundreds.

A pixel in row i and column j stands for c = (left + j step) + (top - i step) i, each product and sum rounded to a double.  Its orbit is
z = z z + c from z = 0, which is x, y = (x x - y y) + cx, (x y + x y) + cy on doubles, every operation rounded by itself.  The answer is,
for each pixel, how many of the first `limit` points after 0 come before the first with x x + y y > 4: an int32, exact to the last one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from harness import Case, Gate, Limits, Technique, Work, Workload, exact, sweep

if TYPE_CHECKING:
    import numpy as np
    from hypothesis.strategies import SearchStrategy
    from numpy.typing import NDArray

    Counts = NDArray[np.int32]

View = tuple[float, float, float, int, int, int]
"""left, top, step, rows, columns, limit: the pixel in the top left corner, how far apart pixels are, how many, and when to give up."""

LIMIT = 500
SHORT_LIMIT = 20


def uneven(n: int, seed: int) -> View:
    """Look at the set's upper rim: three quarters of the picture leave at once, nearly all work is in the lowest quarter."""
    return square(-0.25, 1.15, 1.3, n, LIMIT, seed)


def upside_down(n: int, seed: int) -> View:
    """Look at its lower rim: the same pixels from the other end, so that the work comes first."""
    return square(-0.25, -1.15, 1.3, n, LIMIT, seed)


def even(n: int, seed: int) -> View:
    """Look into the valley between the two largest bodies: pixels differ wildly, but eighths of the picture cost alike."""
    return square(-0.75, 0.1, 0.02, n, LIMIT, seed)


def tiny(n: int, seed: int) -> View:
    """Give up early: calls of some microseconds, for the gate."""
    return square(-0.25, 1.15, 1.3, n, SHORT_LIMIT, seed)


def square(real: float, imaginary: float, side: float, n: int, limit: int, seed: int) -> View:
    """Return a view of n x n pixels round a centre, moved by less than a pixel so that no two seeds give the same numbers."""
    step = side / n
    source = random.Random(seed)
    return real - side / 2 + source.random() * step, imaginary + side / 2 - source.random() * step, step, n, n, limit


def nasty() -> Iterator[View]:
    """Yield what breaks kernels and schedules: orbits on the edge, no pixel, few, one too many, blocks of steps cut short."""
    yield from single_pixels()
    yield from slow_and_wild()
    yield from odd_shapes()
    for limit in (0, 1, 2, 7, 8, 9, 10, 15, 16, 17, 18, 24, 31, 32, 33):
        yield -1.4, 0.3, 0.07, 5, 21, limit


def single_pixels() -> Iterator[View]:
    """Cycles, fixed points, tips, points where |z| is 2 within a rounding, and numbers whose squares hardly fit into a double."""
    for c in (
        0j,
        -1 + 0j,
        1j,
        -2 + 0j,
        2 + 0j,
        0.25 + 0j,
        -0.75 + 0j,
        -1.25 + 0j,
        -0.125 + 0.75j,
        0.3 + 0.5j,
        3 + 4j,
        1e100 + 1e150j,
        -1e-320j,
    ):
        for limit in (1, 3, 40, 300):
            yield c.real, c.imag, 0.5, 1, 1, limit
    for real, imaginary in NEARLY_TWO:
        yield float.fromhex(real), float.fromhex(imaginary), 0.0, 1, 2, 3


NEARLY_TWO = (
    ("-0x1.ffed43a7d905dp+0", "0x1.15033efa1aaffp-5"),
    ("0x1.0d93f0201f33bp-1", "0x1.edf06ff0d86abp+0"),
    ("-0x1.ffa476b23e2e8p+0", "0x1.321af82bec22ap-4"),
)
"""Here x x + y y is above 4 and abs(x + y i), which rounds otherwise, is not above 2."""


def slow_and_wild() -> Iterator[View]:
    """Orbits that creep through a gap, that end in cycles late, that depend on every rounding; pixels a few roundings apart; the far tip; long counts."""
    yield -0.7436, 0.1319, 1e-5, 6, 7, 1000
    yield -0.75, 0.012, 0.003, 3, 5, 700
    yield 0.25, 0.0, 0.00013, 1, 9, 2000
    yield -1.7548776662466927, 1e-9, 3e-10, 5, 6, 900
    yield -0.7436438870371587, 0.13182590420531197, 1.3e-16, 4, 9, 1500
    # a few roundings beside points that come back to a repelling cycle: the count is made of rounding errors
    yield -0.228155493653962, 1.115142508039937, 3e-16, 5, 6, 100
    yield -6e-16, 1.0000000000000009, 2.2e-16, 6, 8, 100
    yield -1.9999, 0.0002, 0.0001, 5, 40, 200
    yield -2.0, 0.0, 1e-4, 1, 300, 60
    yield -1.98, 0.0, 1e-3, 2, 40, 400
    # beside the neck an orbit takes about pi / y steps: more than 15 bits hold, more than 16 bits hold, more than the limit
    yield -0.75, 7e-5, 2.4e-5, 3, 1, 70_000


def odd_shapes() -> Iterator[View]:
    """Sides that are no multiple of anything, no pixel at all, one row longer than any buffer, steps of 0 and backwards."""
    for rows, columns in ((0, 0), (0, 5), (5, 0), (1, 1), (1, 2), (2, 1), (1, 33), (33, 1), (3, 3), (7, 31), (5, 64), (17, 63), (31, 65)):
        yield -2.1, 1.2, 2.9 / max(rows, columns, 1), rows, columns, 50
    yield -0.2, 0.6, 0.0001, 1, 2500, 30
    yield -1.0, 0.2, 0.01, 45, 50, 20
    yield -0.5, 0.55, 0.0, 3, 4, 100
    yield 0.5, -1.2, -0.05, 30, 40, 60


def examples() -> SearchStrategy[Any]:
    """Return a strategy of small views of any part of the set, from all of it down to a few roundings."""
    from hypothesis import strategies as st

    side = st.integers(0, 12)
    step = st.sampled_from((0.0, 1e-17, 1e-16, 1e-9, 0.25)) | st.floats(0.001, 0.4)
    limit = st.integers(0, 60) | st.just(400)
    return st.tuples(st.floats(-2.2, 0.7), st.floats(-1.3, 1.3), step, side, side, limit)


def counts_are_counts(arguments: View, answer: Counts) -> str | None:
    """Nobody stays for less than nothing, or for longer than the limit."""
    limit = arguments[-1]
    if answer.size and not (answer.min() >= 0 and answer.max() <= limit):
        return f"counts are {answer.min()} to {answer.max()}, the limit is {limit}"
    return None


def far_and_near_are_known(arguments: View, answer: Counts) -> str | None:
    """With |c| > 2 the first point is outside; with |c| <= 0.24 none is, since |z| <= 1/2 gives |z z + c| <= 1/4 + 0.24 < 1/2."""
    import numpy as np

    left, top, step, rows, columns, limit = arguments
    with np.errstate(over="ignore"):
        size = (left + np.arange(columns) * step) ** 2 + (top - np.arange(rows) * step)[:, None] ** 2
    if (answer[size > 4.1] != 0).any():
        return "a pixel with |c| > 2 is said to stay"
    return "a pixel with |c| < 0.24 is said to leave" if (answer[size < 0.24**2] != limit).any() else None


def least_seconds(limits: Limits, left: float, top: float, step: float, rows: int, columns: int, limit: int) -> float:
    """The call, and the answer's bytes written by all cores together, which takes no less than reading so many.

    The longest orbit, or the sum of all orbits over the machine's capacity, would be the natural bound; neither is certain.  Orbits that
    stay need not be followed (`cycles` stops at the first return, and most of the set can be told by a formula).  Nor need those that
    leave: interval arithmetic on a whole tile proves at once that all its pixels leave at the same step.
    """
    del left, top, step, limit
    return limits.c_call_seconds + limits.read_seconds(4 * rows * columns) / limits.parallel_capacity


def steps_of_the_reference(left: float, top: float, step: float, rows: int, columns: int, limit: int) -> Work:
    """Eleven operations a step: six for z z, two for + c, three for the test.  How many steps is taken from a sample of 1024 pixels."""
    from cases.mandelbrot.pairs import some_rows

    sample = some_rows(left, top, step * columns / _SAMPLE, _SAMPLE, limit, range(_SAMPLE))
    return Work(operations=11.0 * rows * columns * (float(sample.mean()) + 1.0), n_bytes=4.0 * rows * columns)


_SAMPLE = 32
_PARALLEL = (
    "numba_static",
    "numba_dynamic",
    "cython_static",
    "cython_dynamic",
    "threads",
    "pool_static",
    "pool_interleaved",
    "pool_guided",
    "dask",
)

case = Case(
    function="escape_counts",
    variants=(
        "naive",
        "pairs",
        "cycles",
        "numpy_masked",
        "numpy_shrinking",
        "pool_static",
        "pool_interleaved",
        "pool_guided",
        "dask",
        "numba",
        "numba_static",
        "numba_dynamic",
        "cython",
        "lanes",
        "cycles_c",
        "cython_static",
        "cython_dynamic",
        "threads",
        "plain_c",
    ),
    rivals=("plain_c",),
    # those of Python use NumPy only to make the answer out of lists
    techniques={
        "naive": Technique.PYTHON,
        "pairs": Technique.PYTHON,
        "cycles": Technique.PYTHON,
        "dask": Technique.DASK,
        "numba_dynamic": Technique.NUMBA,
    },
    workloads=(
        *sweep(uneven, n=(64, 100, 150, 256, 400, 640, 1000, 1500, 2500, 4096)),
        *sweep(even, n=(64, 150, 400, 1000, 2500), name="even-{n}"),
        Workload("upside-down", upside_down, 400),
        *sweep(tiny, n=(4, 12), name="tiny-{n}"),
    ),
    default=("64", "150", "400"),
    same=exact,
    bound=least_seconds,
    growth=2.0,  # pixels
    work=steps_of_the_reference,
    invariants=(counts_are_counts, far_and_near_are_known),
    adversarial=nasty,
    strategy=examples,
    verify_up_to=100,
    gate=Gate(
        workloads=("tiny-4", "tiny-12", "64", "150"),
        tolerances=dict.fromkeys(_PARALLEL, 0.25),
        uncounted=dict.fromkeys(_PARALLEL[:5], "valgrind runs its threads one after another"),
    ),
)
