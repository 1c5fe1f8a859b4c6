"""Laws of gravity: orbits close, shells pull as points, the tree's error is its cells' and bounded, tiles hold each pair once."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import chain, islice
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from cases.nbody import (
    case,
    clusters,
    far,
    heavy,
    least_seconds,
    line,
    processes,
    swarm,
    tree,
    twins,
)
from cases.nbody.numpy_tiled import TILE, tiles
from cases.nbody.orbits import Motion, advance, energy, nearest
from cases.nbody.semantics import (
    ALL,
    SAMPLE,
    exact_class,
    exactly,
    looked_at,
    pulls,
    self_acceleration,
    tree_class,
)
from harness.judge.equality import difference

Floats: TypeAlias = NDArray[np.float64]
Pull: TypeAlias = Callable[[Floats, Floats, float], Floats]
TREES = ("tree", "tree_numba")
EXACT = tuple(name for name in case.variants if name not in TREES)
QUICK = tuple(name for name in EXACT if name not in {"numba", "numba_fastmath"})
"""Those that need no compiling at their first call."""


def variant(name: str) -> Pull:
    """The function of a variant; skips where it is not built."""
    if name == "processes":
        return dealt_out
    try:
        found: Pull = importlib.import_module(f"cases.nbody.{name}").accelerations
    except ImportError as missing:
        pytest.skip(f"{name}: {missing}")
    return found


def dealt_out(positions: Floats, masses: Floats, softening: float) -> Floats:
    """The processes' shares, added up from threads: the arithmetic is the same, and the test needs no processes."""
    with ThreadPoolExecutor(2) as pool:
        return processes.accelerations(positions, masses, softening, executor=pool)  # type: ignore[arg-type]


@cache
def known_sums(n: int) -> Floats:
    """The exact accelerations of a swarm, added up once for all variants."""
    return exactly(*swarm(n, n))


# ------------------------------------------------------------------ physics


@pytest.mark.parametrize("name", case.variants)
def test_a_pull_falls_with_the_square_of_the_distance(name: str) -> None:
    """A mass of 25 at (3, 4, 0) accelerates whoever is at the origin by 25 / 5^2 = 1, towards itself, and is not moved by what has no mass."""
    answer = variant(name)(
        np.array([[0.0, 0.0, 0.0], [3.0, 4.0, 0.0]]), np.array([0.0, 25.0]), 1e-30
    )

    assert answer == pytest.approx(np.array([[0.6, 0.8, 0.0], [0.0, 0.0, 0.0]]), rel=1e-15)


@pytest.mark.parametrize("name", [name for name in QUICK if name != "processes"])
def test_two_satellites_come_back_after_a_period(name: str) -> None:
    """A circular orbit of two equal masses closes after 2 pi, in time and place, at the same energy."""
    masses, softening = np.array([0.5, 0.5]), 1e-9
    start = Motion(
        np.array([[0.5, 0.0, 0.0], [-0.5, 0.0, 0.0]]), np.array([[0.0, 0.5, 0.0], [0.0, -0.5, 0.0]])
    )
    end = advance(variant(name), start, masses, softening, step=math.tau / 300, steps=300)

    assert end.positions == pytest.approx(start.positions, abs=1e-3)
    assert energy(end, masses, softening) == pytest.approx(
        energy(start, masses, softening), rel=1e-7
    )
    assert nearest(end.positions).distance == pytest.approx(1.0, rel=1e-4)


@pytest.mark.parametrize("name", ("symmetry", "cython_simd", "tree"))
def test_a_swarm_keeps_its_energy_and_its_momentum(name: str) -> None:
    """Forty bodies that fall together: the leapfrog's energy swings a little, and the whole does not move off."""
    positions, masses, _ = swarm(40, 3)
    start = Motion(positions, np.zeros_like(positions))
    end = advance(variant(name), start, masses, 0.1, step=0.02, steps=50)
    before, after = energy(start, masses, 0.1), energy(end, masses, 0.1)
    slack = 1e-2 if name in TREES else 1e-13

    assert after == pytest.approx(before, rel=2e-2 if name in TREES else 2e-3)
    assert np.linalg.norm(masses @ end.velocities) < slack


@pytest.mark.parametrize("name", ("numpy_tiled", "cython_simd", "tree"))
def test_a_shell_pulls_as_a_point_from_outside_and_not_at_all_inside(name: str) -> None:
    """Newton's theorem on 2000 bodies spread evenly over a sphere, and two probes without mass."""
    count = np.arange(2000) + 0.5
    height, turn = 1.0 - 2.0 * count / 2000, count * math.pi * (1.0 + math.sqrt(5.0))
    flat = np.sqrt(1.0 - height * height)
    shell = np.column_stack((flat * np.cos(turn), flat * np.sin(turn), height))
    positions = np.concatenate((shell, [[0.3, 0.2, -0.1], [3.0, 0.0, 4.0]]))
    answer = variant(name)(positions, np.append(np.full(2000, 1.0 / 2000), [0.0, 0.0]), 1e-6)
    slack = 3e-2 if name in TREES else 1e-5

    assert np.linalg.norm(answer[-2]) < slack
    assert answer[-1] == pytest.approx([-3.0 / 125, 0.0, -4.0 / 125], abs=slack / 25)


@pytest.mark.parametrize("name", (*QUICK, "tree"))
def test_all_twice_as_far_is_a_quarter_of_the_pull_to_the_last_bit(name: str) -> None:
    """Powers of two round nothing: also the quick root and the tree's decisions scale."""
    positions, masses, softening = swarm(150, 5)
    once, twice = (
        variant(name)(factor * positions, masses, factor * softening) for factor in (1.0, 2.0)
    )

    assert np.array_equal(once, 4.0 * twice)


def test_the_nearest_two_are_found() -> None:
    """The closest pair, and the first of several."""
    found = nearest(np.array([[0.0, 0, 0], [5, 0, 0], [5, 1, 0], [9, 0, 0], [9, 1, 0]]))

    assert (1.0, 1, 2) == (found.distance, found.one, found.other)


# ------------------------------------------------------------------ pairs


@pytest.mark.parametrize("n", (0, 1, TILE - 1, TILE, TILE + 1, 3 * TILE + 5))
def test_tiles_hold_each_pair_once_and_shares_each_tile(n: int) -> None:
    """Rows before columns, the diagonal's tiles whole; what the shares have is what there is."""
    held = np.zeros((n, n), dtype=int)
    for rows, columns in tiles(n):
        held[rows, columns] += 1

    assert ((held + held.T)[~np.eye(n, dtype=bool)] >= 1).all()
    assert held.max(initial=0) <= 1
    dealt = chain.from_iterable(
        islice(tiles(n), first, None, processes.SHARES) for first in range(processes.SHARES)
    )
    assert sorted(map(str, tiles(n))) == sorted(map(str, dealt))


@pytest.mark.parametrize("name", ("plain_c", "cython", "cython_simd", "numpy_tiled"))
@pytest.mark.parametrize("n", (512, 513, 1025, 1033))
def test_sizes_beside_tiles_and_vectors_are_exact(name: str, n: int) -> None:
    """Nobody is lost or counted twice where a tile of the kernel ends."""
    arguments = swarm(n, n)

    assert difference(exact_class, arguments, known_sums(n), variant(name)(*arguments)) is None


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("away", (1e4, 1e9))
def test_whole_tiles_far_away_pull_by_what_they_weigh(name: str, away: float) -> None:
    """However far a cluster is, with the square of the distance for its mass it pulls as a neighbour does."""
    positions, masses, softening = heavy(TILE + 2, 1, light=TILE, away=away, mass=away * away)
    alone = variant(name)(positions[:TILE], masses[:TILE], softening)
    felt = variant(name)(positions, masses, softening)[:TILE] - alone

    assert felt == pytest.approx(
        np.array([[masses[TILE:].sum() / away**2, 0.0, 0.0]] * TILE), abs=1e-2
    )


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("make", (clusters, far, twins, line))
def test_the_order_of_the_bodies_is_of_no_consequence(
    name: str, make: Callable[[int, int], Any]
) -> None:
    """Renumbered bodies have their old accelerations, to rounding."""
    positions, masses, softening = make(130, 2)
    order = np.random.default_rng(3).permutation(130)
    renumbered = (positions[order], masses[order], softening)
    answer = variant(name)(positions, masses, softening)[order]

    assert difference(exact_class, renumbered, exactly(*renumbered), answer) is None


# ------------------------------------------------------------------ the tree


@pytest.mark.parametrize("seed", range(20))
def test_a_cell_that_is_taken_as_one_body_is_off_by_no_more_than_the_bound(seed: int) -> None:
    """Clumps of any shape, seen from anywhere beyond their reach: the error is within CELL_ERROR * mass / distance^2."""
    source = np.random.default_rng(seed)
    places = source.normal(size=(12, 3)) * 10.0 ** source.uniform(-2, 1, 3)
    masses = 10.0 ** source.uniform(-3, 1, 12)
    bodies = [
        (*place, mass, number)
        for number, (place, mass) in enumerate(zip(places.tolist(), masses.tolist(), strict=True))
    ]
    x, y, z, mass, reach, _ = tree.measured(bodies)
    for _ in range(20):
        towards = source.normal(size=3)
        away = reach * source.uniform(1.0, 1.2)
        probe = (
            *(np.array([x, y, z]) + away * towards / np.linalg.norm(towards)).tolist(),
            0.0,
            -1,
        )
        true, taken = tree.pull(probe, bodies, 0.0), tree.pull(probe, [(x, y, z, mass, -1)], 0.0)

        assert math.dist(true, taken) <= tree.CELL_ERROR * mass / away**2


@pytest.mark.parametrize("make", (swarm, clusters, far, twins, line))
def test_a_tree_that_looks_into_every_cell_is_exact(
    monkeypatch: pytest.MonkeyPatch, make: Callable[[int, int], Any]
) -> None:
    """All of the tree's error is that of its cells: without them it belongs to the exact class."""
    monkeypatch.setattr(tree, "CELL_ERROR", 1e-30)
    arguments = make(120, 4)

    assert (
        difference(exact_class, arguments, exactly(*arguments), tree.accelerations(*arguments))
        is None
    )


def test_both_trees_are_one_tree() -> None:
    """They group alike, and agree to rounding though both are off."""
    arguments = swarm(700, 6)

    assert variant("tree_numba")(*arguments) == pytest.approx(
        tree.accelerations(*arguments), rel=1e-9, abs=1e-12
    )


def cell_in_the_middle(bodies: list[tree.Body]) -> tuple[float, ...]:
    """The mean of the places in place of the centre of mass."""
    x, y, z = (sum(body[axis] for body in bodies) / len(bodies) for axis in range(3))
    return (x, y, z, *MEASURED(bodies)[3:])


def cell_of_the_heaviest(bodies: list[tree.Body]) -> tuple[float, ...]:
    """A cell weighs as much as its heaviest body."""
    x, y, z, _, reach, radius = MEASURED(bodies)
    return x, y, z, max(body[3] for body in bodies), reach, radius


def cell_seen_from_too_near(bodies: list[tree.Body]) -> tuple[float, ...]:
    """A cell is taken as one body from a third of its reach on."""
    x, y, z, mass, reach, _ = MEASURED(bodies)
    return x, y, z, mass, reach / 3.0, 0.0


MEASURED = tree.measured


@pytest.mark.parametrize(
    "slip", (cell_in_the_middle, cell_of_the_heaviest, cell_seen_from_too_near)
)
def test_slips_in_the_tree_are_refused_by_its_class(
    monkeypatch: pytest.MonkeyPatch, slip: Callable[..., Any]
) -> None:
    """The statistical class is no licence: a wrong centre, a wrong mass and a careless opening are told from honest error."""
    monkeypatch.setattr(tree, "measured", slip)
    found = [
        difference(tree_class, a, exactly(*a), tree.accelerations(*a))
        for a in (swarm(400, 0), clusters(400, 0), line(400, 0))
    ]

    assert any(found)


def test_the_tree_is_no_member_of_the_exact_class() -> None:
    """Its answers to a swarm of some hundred bodies are refused where exact ones are promised."""
    arguments = swarm(300, 0)

    assert (
        difference(exact_class, arguments, exactly(*arguments), tree.accelerations(*arguments))
        is not None
    )


# ------------------------------------------------------------------ what counts as the same


def test_a_body_whose_pulls_cancel_is_held_to_their_sum_and_any_other_to_itself() -> None:
    """In the middle of a pair the acceleration is rounding itself; beside it an error of 1e-8 is one."""
    arguments = (
        np.array([[-1.0, 0, 0], [1.0, 0, 0], [1e-17, 0, 0]]),
        np.array([1.0, 1.0, 5.0]),
        1e-3,
    )
    right = exactly(*arguments)
    rounded, wrong = right.copy(), right.copy()
    rounded[2] += 1e-16
    wrong[0] *= 1.0 + 1e-8

    assert difference(exact_class, arguments, right, rounded) is None
    assert "[0]" in str(difference(exact_class, arguments, right, wrong))


def test_of_a_large_swarm_a_sample_is_looked_at_and_the_momentum_of_all() -> None:
    """An error in the sample is seen; what nobody looks at must be a number, and may not move the whole."""
    arguments = swarm(ALL + 1, 1)
    expected, answer = exactly(*arguments), variant("cython_simd")(*arguments)
    known = looked_at(ALL + 1)
    unknown = int(np.setdiff1d(np.arange(ALL), known)[0])

    assert len(known) == SAMPLE == int((~np.isnan(expected[:, 0])).sum())
    assert difference(exact_class, arguments, expected, answer) is None
    for body, slip, word in (
        (int(known[7]), 1.0 + 1e-6, "value"),
        (unknown, math.nan, "value"),
        (unknown, 1.01, "momentum"),
    ):
        changed = answer.copy()
        changed[body] *= slip
        found = difference(exact_class, arguments, expected, changed)
        assert found is not None
        assert word == found.kind


def test_another_shape_type_or_precision_is_told_first() -> None:
    """Before any value: a list, a flat array and float32 are other answers."""
    arguments = swarm(5, 1)
    right = exactly(*arguments)
    kinds = [
        difference(exact_class, arguments, right, other)
        for other in (right.tolist(), right.ravel(), right.astype(np.float32))
    ]

    assert ["type", "shape", "dtype"] == [found.kind for found in kinds if found]


def test_exact_sums_are_not_rounded() -> None:
    """Pulls of 1e16, 1 and -1e16 leave 1: what a plain sum in this order loses."""
    positions = np.array([[0.0, 0, 0], [1.0, 0, 0], [1.0, 0, 0], [-1.0, 0, 0]])
    masses = np.array([0.0, 1e16, 1.0, 1e16])

    assert [1.0, 0.0, 0.0] == exactly(positions, masses, 1e-30)[0].tolist()


def test_self_acceleration_is_a_share_of_all_pulls() -> None:
    """Two bodies that both accelerate to the right with all their pull move the whole with a share of 1."""
    arguments = (np.array([[0.0, 0, 0], [1.0, 0, 0]]), np.ones(2), 1e-9)

    assert pulls(arguments, np.arange(2)).tolist() == pytest.approx([1.0, 1.0])
    assert self_acceleration(arguments, np.array([[1.0, 0, 0], [1.0, 0, 0]])) == pytest.approx(1.0)
    assert self_acceleration(arguments, np.array([[1.0, 0, 0], [-1.0, 0, 0]])) == 0.0


def test_the_bound_grows_with_the_bodies_and_not_with_their_pairs() -> None:
    """Twice the bodies, twice the bytes: the tree must not be called impossible."""
    from harness.model.declared import Limits

    rates = {1 << 20: 1e9}
    limits = Limits(rates, rates, 1e9, 0.0, 0.0, 0.0, 1e9, 1.0)
    small, large = (least_seconds(limits, *swarm(n, 0)) for n in (1000, 2000))

    assert large == pytest.approx(2 * small)
