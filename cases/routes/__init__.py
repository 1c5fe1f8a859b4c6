"""Which way is the shortest?  Cheapest routes through a town's streets, from dicts and from forms made for searching.

Roads, ways and places are dicts, queries a list.  Names and costs are integers, costs at least 1 and at least the straight line (town.py).  Every
variant says what it cannot take: the compiled ones keep names in 64 bits with a sign, need costs that add up to less than 2**62 and places within
2**24 of the middle; SciPy and rustworkx add in doubles, where a way must cost less than 2**53.  That is an OverflowError with the number.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from math import isqrt
from typing import TYPE_CHECKING, Any

from cases.routes.certain import to_be_seen
from cases.routes.prebuilt import Prebuilt
from cases.routes.soundness import Arguments, no_shorter_than_the_line, sound
from cases.routes.town import MAIN, Places, Queries, Roads, town
from harness import Case, Gate, Limits, Work, sweep

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def across(n: int, seed: int, *, ready: bool = False, river: bool = False) -> Arguments:
    """Make a town of ``n`` junctions and ask for one way: over half its width and height."""
    source = random.Random(seed)
    made = town(n, source, river=river)
    query = made.endpoints(source, (0.2, 0.2), (0.7, 0.7))
    return made.roads, made.places, [query], Prebuilt(made.roads, made.places) if ready else None


def detour(n: int, seed: int) -> Arguments:
    """Make a town with a river, its only bridge at the wrong end: straight ahead is nearly always wrong."""
    source = random.Random(seed)
    made = town(n, source, river=True)
    query = made.endpoints(source, (0.85, 0.2), (0.85, 0.7))
    return made.roads, made.places, [query], None


def local(n: int, seed: int) -> Arguments:
    """Ask a large town for a way round a few corners."""
    source = random.Random(seed)
    made = town(n, source)
    block = max(1, made.side // MAIN - 1)
    right, down = MAIN * source.randrange(block), MAIN * source.randrange(block)
    next_main = right + MAIN if right + MAIN < made.side else right  # a village has one
    return made.roads, made.places, [(made.at(right + 3, down), made.at(next_main, down + 5))], None


def fleet(n: int, seed: int, queries: int = 24) -> Arguments:
    """Ask for many ways, each from anywhere to anywhere."""
    source = random.Random(seed)
    made = town(n, source)
    return made.roads, made.places, [(source.choice(made.names), source.choice(made.names)) for _ in range(queries)], None


def depot(n: int, seed: int, targets: int = 24) -> Arguments:
    """Ask for the ways from one junction to many."""
    source = random.Random(seed)
    made = town(n, source)
    start, _ = made.endpoints(source, (0.45, 0.45), (0.5, 0.5))
    return made.roads, made.places, [(start, source.choice(made.names)) for _ in range(targets)], None


def scattered(n: int, seed: int) -> Arguments:
    """Ask for one way across a town whose junctions stand in the dict in no order: neighbours are far apart in memory."""
    source = random.Random(seed)
    made = town(n, source)
    query = made.endpoints(source, (0.2, 0.2), (0.7, 0.7))
    order = source.sample(made.names, n)
    return {name: made.roads[name] for name in order}, {name: made.places[name] for name in order}, [query], None


def nasty() -> Iterator[Arguments]:
    """Yield what breaks programs: no way, no step, no junction but one, ties, one-way streets, large costs, odd names."""
    for roads, queries in _small():
        nowhere = dict.fromkeys(roads, (0, 0))  # places that tell nothing
        yield roads, nowhere, queries, None
        yield roads, nowhere, queries, Prebuilt(roads, nowhere)
    yield _on_the_line()
    for place in (-(2**23), 2**23):
        roads = {1: {2: 2**24}, 2: {1: 2**24}}
        yield roads, {1: (place, place), 2: (-place, place)}, [(1, 2), (2, 1)], None
    for n in (1, 2, 3, 8, 9, 10, 63, 64, 65):
        source = random.Random(n)
        made = town(n, source, river=n % 2 == 0)
        yield made.roads, made.places, [(source.choice(made.names), source.choice(made.names)) for _ in range(12)], None


def _small() -> Iterator[tuple[Roads, Queries]]:
    """Yield networks without places."""
    yield {5: {}}, []
    yield {5: {}}, [(5, 5)]
    yield {5: {5: 3}}, [(5, 5), (5, 5)]  # a street that leads back to where it began
    yield {1: {}, 2: {}}, [(1, 2), (2, 1), (1, 1)]
    yield {1: {2: 7}, 2: {}}, [(1, 2), (2, 1)]  # one-way
    yield {1: {2: 1}, 2: {3: 1}, 3: {1: 1}}, [(1, 3), (3, 2), (2, 1), (2, 2)]  # round and round
    yield {1: {2: 9, 3: 1}, 2: {4: 1}, 3: {2: 1, 4: 5}, 4: {}}, [(1, 4)]  # nearer twice, by more roads
    yield {1: {2: 2, 3: 2}, 2: {4: 2}, 3: {4: 2}, 4: {}}, [(1, 4), (1, 4)]  # a tie
    yield {1: {4: 10, 2: 3}, 2: {3: 3}, 3: {4: 3}, 4: {}}, [(1, 4)]  # one road, or three that cost less
    yield {1: {2: 4, 3: 5}, 2: {4: 5}, 3: {4: 3}, 4: {}}, [(1, 4)]  # the halves that meet first are not the cheapest
    yield {1: {2: 2**50}, 2: {3: 2**50 + 1}, 3: {}}, [(1, 3)]  # more than 32 bits, and odd
    yield {1: {2: 2**24, 4: 2**24}, 2: {3: 2}, 4: {3: 1}, 3: {}}, [(1, 3)]  # alike in single precision
    yield {0: {-1: 1}, -1: {2**63 - 1: 1}, 2**63 - 1: {-(2**63): 1}, -(2**63): {0: 1}}, [(0, -(2**63)), (-1, 0), (2**63 - 1, -1)]
    for number in range(3):
        names = colliding(200, number)
        yield {a: {b: 1} for a, b in zip(names, [*names[1:], names[0]], strict=True)}, [(names[0], names[-1]), (names[5], names[4])]
    for large in (2**31 - 1, 2**31, 2**32, 2**52):
        yield {1: {2: large, 3: 1}, 2: {}, 3: {2: large}}, [(1, 2), (3, 2)]
        yield {1: {2: large, 3: 1}, 2: {}, 3: {2: 5}}, [(1, 2), (3, 2)]  # cut to 32 bits, the dearest road would be the cheapest
        yield {large: {-large: 1}, -large: {0: large}, 0: {}}, [(large, 0), (-large, large)]
    yield {i << 44: {(i + 1) % 150 << 44: 1} for i in range(150)}, [(0, 149 << 44), (1 << 44, 0)]  # alike in their low bits
    yield (
        {0: {i: 300 - i for i in range(1, 300)}} | {i: {i + 1: 1, 0: 1} for i in range(1, 299)} | {299: {}},
        [(0, 299), (298, 1), (299, 0)],
    )
    yield {i: {j: 1 + (i * j) % 7 for j in range(40) if j != i} for i in range(40)}, [(0, 39), (7, 13), (20, 20)]  # all with all
    yield {i: {i + 1: 1} for i in range(700)} | {700: {}}, [(0, 700), (700, 0)]  # one long street


def colliding(n: int, number: int = 0) -> list[int]:
    """Return ``n`` names that multiplying by the golden ratio, with nothing secret, puts into one place of any table; more sets by ``number``."""
    source = random.Random(number)
    home = source.getrandbits(20) << 44
    inverse = pow(0x9E3779B97F4A7C15, -1, 2**64)
    products = source.sample(range(2**40), n)
    return [(one * inverse + 2**63) % 2**64 - 2**63 for one in (home + low for low in products)]


def _on_the_line() -> Arguments:
    """Roads that cost exactly their straight line, in threes, fours and fives; a detour that looks nearer at every step."""
    places = {1: (0, 0), 2: (3, 4), 3: (6, 8), 4: (9, 12), 5: (30, 0), 6: (9, 11)}
    roads = {1: {2: 5, 5: 30}, 2: {3: 5, 6: 10}, 3: {4: 5, 2: 5}, 4: {6: 1}, 5: {4: 30, 6: 24}, 6: {4: 2}}
    return roads, places, [(1, 4), (1, 6), (5, 4), (5, 6), (4, 5)], None


def examples() -> SearchStrategy[Any]:
    """Return a strategy of small networks with many ties, some with places, some with forms built before."""
    from hypothesis import strategies as st

    @st.composite
    def networks(draw: Any) -> Arguments:
        names = draw(st.lists(st.integers(-4, 9) | st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=8, unique=True))
        spot = st.tuples(st.integers(-9, 9), st.integers(-9, 9)) if draw(st.booleans()) else st.just((0, 0))
        places: Places = {name: draw(spot) for name in names}
        name = st.sampled_from(names)
        roads: Roads = {one: {} for one in names}
        for here, there, more in draw(st.lists(st.tuples(name, name, st.integers(0, 4)), max_size=24)):
            (x, y), (u, v) = places[here], places[there]
            square = (x - u) ** 2 + (y - v) ** 2
            roads[here][there] = max(1, isqrt(square - 1) + 1 if square else 0) + more
        queries = draw(st.lists(st.tuples(name, name), max_size=4))
        return roads, places, queries, Prebuilt(roads, places) if draw(st.booleans()) else None

    return networks()


def least_seconds(limits: Limits, roads: Roads, places: Places, queries: Queries, built: Prebuilt | None) -> float:
    """The call; the first query's answer made into a tuple; and of every junction that it cannot do without, a reference and a count read.

    Only the first query's, so that a bound takes no minute.  Not all roads: the search may end early, and what it can do without depends on
    the query (`certain` has the proof).  Not at random: who reads the dicts in their order fetches many at a time, and all cores may share.
    Where forms were built before, even that was done then, and nobody has shown what is left.
    """
    if not queries:
        return limits.c_call_seconds
    seen, found = to_be_seen(roads, places, *queries[0])
    looked_at = 0.0 if built else limits.read_seconds(16 * seen / limits.parallel_capacity)
    return limits.c_call_seconds + found * limits.object_seconds + looked_at


def every_road_once(roads: Roads, places: Places, queries: Queries, built: Prebuilt | None) -> Work:
    """An addition and a comparison for each road and query; where it leads and what it costs, eight bytes each."""
    del places, built
    ways = len(queries) * sum(map(len, roads.values()))
    return Work(operations=2.0 * ways, n_bytes=16.0 * ways)


case = Case(
    function="routes",
    variants=(
        "naive",
        "heapq",
        "bidirectional",
        "astar",
        "trees",
        "pool",
        "csr_numba",
        "csr_c",
        "astar_c",
        "dicts_c",
        "threads",
        "networkx",
        "rustworkx",
        "rustworkx_astar",
        "scipy",
    ),
    rivals=("networkx", "rustworkx", "rustworkx_astar", "scipy"),
    workloads=(
        *sweep(across, n=(25, 100, 250, 700, 2000, 6000, 20_000, 60_000, 200_000)),
        *sweep(partial(across, ready=True), n=(100, 700, 6000, 60_000, 200_000), name="ready-{n}"),
        *sweep(fleet, n=(100, 700, 6000, 60_000), name="fleet-{n}"),
        *sweep(depot, n=(100, 700, 6000, 60_000), name="depot-{n}"),
        *sweep(local, n=(700, 6000, 60_000), name="local-{n}"),
        *sweep(detour, n=(700, 6000, 60_000), name="detour-{n}"),
        *sweep(scattered, n=(6000, 60_000, 200_000), name="scattered-{n}"),
    ),
    default=("100", "700", "6000"),
    same=sound,
    invariants=(no_shorter_than_the_line,),
    bound=least_seconds,
    growth=1.0,  # roads grow with junctions, and a heap adds a logarithm
    growths={"naive": 2.0},  # all that is unvisited is looked at in every step
    work=every_road_once,
    adversarial=nasty,
    strategy=examples,
    verify_up_to=700,
    gate=Gate(
        workloads=("25", "100", "250"),
        # forked processes and threads on what processors there are: nothing finer can be told
        tolerances={"pool": 0.25, "threads": 0.25},
    ),
)
