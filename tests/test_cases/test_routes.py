"""Laws of the routes: ties are free and ways are not, forms are built once and outside, the bound's junctions are really needed."""

from __future__ import annotations

import importlib
import multiprocessing
import pickle
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from math import isqrt, sqrt
from typing import Any, TypeAlias

import pytest

from cases.routes import across, case, depot, detour, fleet, local, scattered
from cases.routes import prebuilt as forms
from cases.routes.certain import to_be_seen
from cases.routes.naive import route as textbook
from cases.routes.prebuilt import Prebuilt, form
from cases.routes.soundness import Arguments, broken, sound
from cases.routes.town import Roads, Route, town
from harness.judge.equality import difference

Routes: TypeAlias = Callable[..., list[Route | None]]
IN_C = ("csr_c", "astar_c", "dicts_c")
OURS = tuple(name for name in case.variants if name not in case.rivals)
DIAMOND: Roads = {1: {2: 2, 3: 2}, 2: {4: 2}, 3: {4: 2}, 4: {}}


def variant(name: str) -> Routes:
    """The function of a variant; skips where it is not built or not installed."""
    try:
        found: Routes = importlib.import_module(f"cases.routes.{name}").routes
    except ImportError as missing:
        pytest.skip(f"{name}: {missing}")
    if name != "threads":
        return found

    def in_threads(*arguments: Any) -> list[Route | None]:
        with ThreadPoolExecutor(3) as executor:
            return found(*arguments, executor=executor)

    return in_threads


def costs(routes: list[Route | None]) -> list[int | None]:
    return [route and route[0] for route in routes]


def nowhere(roads: Roads) -> dict[int, tuple[int, int]]:
    return dict.fromkeys(roads, (0, 0))


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("make", [across, detour, local, scattered, fleet, depot])
def test_every_variant_finds_what_another_library_finds(
    name: str, make: Callable[[int, int], Arguments]
) -> None:
    """Costs agree with networkx in towns of another size than the proof's, and every way is one."""
    nx = pytest.importorskip("networkx")
    roads, places, queries, _ = make(300, 11)
    graph = nx.DiGraph()
    graph.add_nodes_from(roads)
    graph.add_weighted_edges_from(
        (a, b, cost) for a, ways in roads.items() for b, cost in ways.items()
    )
    queries = queries[:6]
    expected = [
        nx.dijkstra_path_length(graph, a, b) if nx.has_path(graph, a, b) else None
        for a, b in queries
    ]

    found = variant(name)(roads, places, queries, None)

    assert costs(found) == expected
    assert [
        broken(roads, query, *route) for query, route in zip(queries, found, strict=True) if route
    ] == [None] * sum(map(bool, found))


@pytest.mark.parametrize("name", OURS)
def test_forms_built_before_change_no_answer(name: str) -> None:
    """With a Prebuilt and without: the very same routes."""
    routes = variant(name)
    roads, places, queries, _ = fleet(150, 3)

    assert routes(roads, places, queries, Prebuilt(roads, places)) == routes(
        roads, places, queries, None
    )


@pytest.mark.parametrize("name", [*OURS, *case.rivals])
def test_roads_turned_round_lead_back_at_the_same_cost(name: str) -> None:
    """From a to b along the roads is from b to a against them."""
    routes = variant(name)
    roads, places, queries, _ = fleet(150, 5)
    back: Roads = {one: {} for one in roads}
    for here, ways in roads.items():
        for there, cost in ways.items():
            back[there][here] = cost

    there_and = routes(roads, places, queries, None)
    back_again = routes(back, places, [(b, a) for a, b in queries], None)

    assert costs(there_and) == costs(back_again)


def test_ties_are_free() -> None:
    """Both ways round a diamond are right, whichever the reference took."""
    arguments = (DIAMOND, nowhere(DIAMOND), [(1, 4)], None)

    for path in ([1, 2, 4], [1, 3, 4]):
        assert difference(sound, arguments, [(4, [1, 2, 4])], [(4, path)]) is None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ([(4, [1, 4])], "way"),
        ([(4, [1, 2])], "way"),
        ([(4, [2, 4])], "way"),
        ([(4, [])], "way"),
        ([(4, [1, 3, 3, 4])], "way"),
        ([(5, [1, 2, 4])], "value"),
        ([(4.0, [1, 2, 4])], "type"),
        ([(4, (1, 2, 4))], "type"),
        ([(4, [1, 2.0, 4])], "type"),
        ([[4, [1, 2, 4]]], "type"),
        ([(4, [1, 2, 4], 0)], "count"),
        ([None], "type"),
        ([], "count"),
        ([(4, [1, 2, 4])] * 2, "count"),
        (((4, [1, 2, 4]),), "type"),
    ],
)
def test_nothing_else_is(answer: Any, kind: str) -> None:
    """Another cost, type or count, and a way that is none, are refused, each by its word."""
    found = difference(sound, (DIAMOND, nowhere(DIAMOND), [(1, 4)], None), [(4, [1, 2, 4])], answer)

    assert found is not None
    assert found.kind == kind


def test_a_way_where_there_is_none_is_refused() -> None:
    """None is an answer like any other."""
    arguments = (DIAMOND, nowhere(DIAMOND), [(4, 1)], None)

    assert difference(sound, arguments, [None], [None]) is None
    assert difference(sound, arguments, [None], [(4, [4, 2, 1])]) is not None


def test_forms_are_built_while_the_input_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh copy comes with its forms; a call that asks for one builds nothing."""
    built: list[int] = []

    def count(roads: Roads, places: Any) -> int:
        built.append(len(roads))
        return len(roads)

    monkeypatch.setattr(forms, "BUILDERS", [count])
    roads, places, _, ready = pickle.loads(pickle.dumps(across(30, 1, ready=True)))

    assert built == [30, 30]  # once by make, once by the copy
    assert form(count, roads, places, ready) == 30
    assert built == [30, 30]
    assert form(count, roads, places, None) == 30
    assert built == [30, 30, 30]


def test_a_form_of_a_variant_that_came_late_is_built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """An input made before its variant was imported has no form of it; the first call builds that."""
    monkeypatch.setattr(forms, "BUILDERS", [])
    ready = Prebuilt({1: {}}, {1: (0, 0)})
    made = [form(lambda *_: object(), {1: {}}, {1: (0, 0)}, ready) for _ in range(2)]

    def late(roads: Roads, places: Any) -> object:
        return object()

    assert made[0] is not made[1]  # two builders
    assert form(late, ready.roads, ready.places, ready) is form(
        late, ready.roads, ready.places, ready
    )


def test_networks_are_equal_where_their_roads_and_places_are() -> None:
    """Forms do not count, roads do: the lab compares arguments before and after a call."""
    roads, places, _, _ = across(30, 1)
    one, other = Prebuilt(roads, places), Prebuilt(roads, places)
    one.forms.clear()

    assert one == other
    assert one != Prebuilt(roads | {0: {}}, places | {0: (0, 0)})
    assert one != roads


def test_no_road_undercuts_its_line_and_the_guide_is_consistent() -> None:
    """What A* stands on: cost >= line, and rounded-down lines to any target shrink by no more than the road costs."""
    made = town(400, random.Random(2))
    target = made.places[made.names[77]]

    def line(name: int, to: tuple[int, int]) -> int:
        (x, y), (u, v) = made.places[name], to
        return isqrt((x - u) ** 2 + (y - v) ** 2)

    for here, ways in made.roads.items():
        for there, cost in ways.items():
            (x, y), (u, v) = made.places[here], made.places[there]
            assert cost**2 >= (x - u) ** 2 + (y - v) ** 2
            assert line(here, target) <= cost + line(there, target)


def test_a_root_in_doubles_is_exact_for_towns_of_any_size() -> None:
    """The compiled guide takes square roots of doubles: below 2^51 none is lifted to the next integer."""
    source = random.Random(3)
    for _ in range(2000):
        root = source.randrange(1, isqrt(2**51))
        for square in (root * root - 1, root * root, root * root + 1):
            assert int(sqrt(float(square))) == isqrt(square)


@pytest.mark.parametrize("n", [5, 40, 333])
def test_towns_have_a_way_for_what_is_asked(n: int) -> None:
    """Main roads hang together: each query of a single way has an answer, at any size and seed."""
    for seed in range(20):
        for make in (across, detour, local, scattered):
            roads, _, [(source, target)], _ = make(n, seed)
            assert len(roads) == n
            assert textbook(roads, source, target) is not None


def test_the_only_way_over_the_river_is_the_bridge() -> None:
    """A detour crosses the middle in the first column, wherever it begins and ends."""
    n = 400
    roads, _, [(source, target)], _ = detour(n, 1)
    side = isqrt(n - 1) + 1
    number = {name: i for i, name in enumerate(roads)}
    route = textbook(roads, source, target)
    assert route is not None
    crossing = [
        a
        for a, b in pairwise(number[name] for name in route[1])
        if a // side == side // 2 and b // side == side // 2 + 1
    ]

    assert [a % side for a in crossing] == [0]
    assert number[source] % side > side // 2 < number[target] % side


def test_the_junctions_of_the_bound_cannot_be_done_without() -> None:
    """A road from any of them straight to the target changes the answer; no more are counted than that is true of."""
    for seed in range(3):
        roads, places, [(source, target)], _ = across(150, seed)
        route = textbook(roads, source, target)
        assert route is not None
        needed = 0
        for name in roads:
            (x, y), (u, v) = places[name], places[target]
            square = (x - u) ** 2 + (y - v) ** 2
            shortcut = {target: isqrt(square - 1) + 1 if square else 0}
            changed = textbook(
                {**roads, name: roads[name] | shortcut} if name != target else roads, source, target
            )
            needed += changed is not None and changed[0] < route[0]

        seen, found = to_be_seen(roads, places, source, target)
        assert found
        assert 0 < seen <= needed


def test_where_there_is_no_way_all_that_can_be_reached_has_to_be_seen() -> None:
    """Any junction that was not looked at could be the one with the way out."""
    roads: Roads = {1: {2: 1}, 2: {1: 1, 3: 1}, 3: {}, 4: {}}

    assert to_be_seen(roads, nowhere(roads), 1, 4) == (3, False)


@pytest.mark.parametrize("name", IN_C)
def test_names_that_fall_into_one_place_are_told_apart(name: str) -> None:
    """Junctions whose names share their low or high bits, and tables that have to grow."""
    routes = variant(name)
    for step in (1, 1 << 16, 1 << 40, (1 << 51) - 1):
        names = [step * i for i in range(-2000, 2000)]
        roads: Roads = {a: {b: 1} for a, b in pairwise(names)} | {names[-1]: {}}

        assert routes(roads, nowhere(roads), [(names[0], names[-1])], None) == [(3999, names)]


@pytest.mark.parametrize("name", IN_C)
@pytest.mark.parametrize(
    ("roads", "error"),
    [
        ({1: {2: 1, 3: 1}, 2: {}}, KeyError),  # a road to where nothing is
        ({1: [2, 3], 2: {}}, TypeError),
        ({1: {2: "far"}, 2: {}}, TypeError),
        ({1: {2: 2**63}, 2: {}}, OverflowError),
        ({1: {2**63: 1}, 2: {}}, OverflowError),
    ],
)
def test_a_broken_network_is_an_error_and_no_crash(
    name: str, roads: Any, error: type[Exception]
) -> None:
    """What is no network is refused where it is noticed."""
    with pytest.raises(error):
        variant(name)(roads, {1: (0, 0), 2: (0, 0)}, [(1, 2)], None)


@pytest.mark.parametrize("name", IN_C)
@pytest.mark.parametrize("query", [(1, 9), (9, 1)])
def test_a_junction_that_is_not_there_is_an_error(name: str, query: tuple[int, int]) -> None:
    """Asked for by name, refused by name."""
    with pytest.raises(KeyError, match="9"):
        variant(name)(DIAMOND, nowhere(DIAMOND), [query], None)


def test_streets_without_places_have_no_lines() -> None:
    """A* on rows that were built for Dijkstra is refused, not guessed."""
    variant("astar_c")
    from extensions.routes.astar_c import answer
    from extensions.routes.csr_c import Streets

    with pytest.raises(ValueError, match="without places"):
        answer(Streets(DIAMOND), [(1, 4)])


def test_the_pool_leaves_no_process_behind() -> None:
    """Its children end with the call, and nothing of the network stays in the parent."""
    arguments = depot(60, 1)

    assert costs(variant("pool")(*arguments)) == costs(variant("naive")(*arguments))
    assert multiprocessing.active_children() == []
    assert importlib.import_module("cases.routes.pool")._network == []


def test_one_search_serves_all_targets_of_a_source() -> None:
    """Doubles, the source itself and what cannot be reached, among the targets of one junction."""
    roads: Roads = DIAMOND | {5: {}}
    queries = [(1, 4), (1, 1), (1, 5), (1, 4), (2, 4), (1, 3)]

    for name in ("trees", "csr_c", "csr_numba", "threads"):
        assert costs(variant(name)(roads, nowhere(roads), queries, None)) == [4, 0, None, 4, 2, 2]
