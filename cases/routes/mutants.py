"""Wrong implementations that somebody could well have written; the case must refuse every one of them."""

from heapq import heappop, heappush
from math import hypot, inf, isqrt

from cases.routes.naive import routes as right
from cases.routes.naive import way


def _search(roads, source, target, *, ahead=lambda name: 0, ends_when_reached=False, relaxes=True):
    """A heap's search with the slips that the mutants below ask for."""
    nearest, came_from, visited, waiting = {source: 0}, {}, set(), [(0, source)]
    while waiting:
        _, here = heappop(waiting)
        if here == target:
            return nearest[here], way(came_from, source, target)
        if here in visited:
            continue
        visited.add(here)
        for there, more in roads[here].items():
            cost = nearest[here] + more
            if cost < nearest.get(there, inf) if relaxes else there not in nearest:
                nearest[there], came_from[there] = cost, here
                if ends_when_reached and there == target:
                    return cost, way(came_from, source, target)
                heappush(waiting, (cost + ahead(there), there))
    return None


def ends_when_reached(roads, places, queries, built):
    """The search ends when the target is first reached, not when its turn comes."""
    return [(0, [s]) if s == t else _search(roads, s, t, ends_when_reached=True) for s, t in queries]


def never_nearer(roads, places, queries, built):
    """What was reached once is never reached more cheaply."""
    return [_search(roads, s, t, relaxes=False) for s, t in queries]


def fewest_roads(roads, places, queries, built):
    """Breadth first: the way with the fewest roads, whatever they cost; the cost is added up honestly."""
    hops = {here: dict.fromkeys(ways, 1) for here, ways in roads.items()}
    found = right(hops, places, queries, built)
    return [route and (sum(roads[a][b] for a, b in zip(route[1], route[1][1:])), route[1]) for route in found]


def overestimates(roads, places, queries, built):
    """A* in a hurry: the line counts one and a half times, so that it can be longer than the way."""
    return [
        _search(roads, s, t, ahead=lambda name, t=t: 1.5 * hypot(places[name][0] - places[t][0], places[name][1] - places[t][1]))
        for s, t in queries
    ]


def blocks_for_lines(roads, places, queries, built):
    """A* with the distance along blocks (Manhattan), which a slanting road undercuts."""
    return [
        _search(roads, s, t, ahead=lambda name, t=t: abs(places[name][0] - places[t][0]) + abs(places[name][1] - places[t][1]))
        for s, t in queries
    ]


def greedy(roads, places, queries, built):
    """Best first: only the line ahead counts, what the way has cost so far does not."""

    def walk(source, target):
        x, y = places[target]
        nearest, came_from, waiting = {source: 0}, {}, [(0, source)]
        while waiting:
            _, here = heappop(waiting)
            if here == target:
                return nearest[here], way(came_from, source, target)
            for there, more in roads[here].items():
                if there not in nearest:
                    nearest[there], came_from[there] = nearest[here] + more, here
                    heappush(waiting, (isqrt((x - places[there][0]) ** 2 + (y - places[there][1]) ** 2), there))
        return None

    return [walk(s, t) for s, t in queries]


def both_ways(roads, places, queries, built):
    """One-way streets are driven the wrong way, too."""
    both = {here: dict(ways) for here, ways in roads.items()}
    for here, ways in roads.items():
        for there, cost in ways.items():
            both[there].setdefault(here, cost)
    return right(both, places, queries, built)


def from_target_to_source(roads, places, queries, built):
    """Searched from the target and turned round: right as long as no street is one-way."""
    found = right(roads, places, [(t, s) for s, t in queries], built)
    return [route and (route[0], route[1][::-1]) for route in found]


def first_meeting(roads, places, queries, built):
    """Both ends at once, and the first junction that both have visited is taken for the middle of the cheapest way."""
    back = {here: {} for here in roads}
    for here, ways in roads.items():
        for there, cost in ways.items():
            back[there][here] = cost

    def walk(source, target):
        sides = [({source: 0}, {}, [(0, source)], roads, set()), ({target: 0}, {}, [(0, target)], back, set())]
        while sides[0][2] and sides[1][2]:
            for nearest, came_from, waiting, ways, visited in sides:
                if not waiting:
                    break
                cost, here = heappop(waiting)
                visited.add(here)
                if here in sides[0][4] and here in sides[1][4]:
                    path = way(sides[0][1], source, here) + way(sides[1][1], target, here)[-2::-1]
                    return sides[0][0][here] + sides[1][0][here], path
                for there, more in ways[here].items():
                    if cost + more < nearest.get(there, inf):
                        nearest[there], came_from[there] = cost + more, here
                        heappush(waiting, (cost + more, there))
        return None

    return [walk(s, t) for s, t in queries]


def single_precision(roads, places, queries, built):
    """Costs are added up in 32 bits of floating point."""
    from struct import pack, unpack

    def single(x):
        return unpack("f", pack("f", x))[0]

    found = []
    for route in right(roads, places, queries, built):
        total = 0.0
        for a, b in zip(route[1], route[1][1:]) if route else ():
            total = single(total + single(roads[a][b]))
        found.append(route and (int(total), route[1]))
    return found


def infinity_for_none(roads, places, queries, built):
    """Where there is no way, an infinite one is returned."""
    return [(inf, []) if route is None else route for route in right(roads, places, queries, built)]


def costs_are_floats(roads, places, queries, built):
    """The right number as a float."""
    return [route and (float(route[0]), route[1]) for route in right(roads, places, queries, built)]


def source_left_out(roads, places, queries, built):
    """The path begins with the first junction after the source."""
    return [route and (route[0], route[1][1:]) for route in right(roads, places, queries, built)]


def path_backwards(roads, places, queries, built):
    """The path is never turned round."""
    return [route and (route[0], route[1][::-1]) for route in right(roads, places, queries, built)]


def ends_only(roads, places, queries, built):
    """The right cost, and of the way only its ends."""
    return [route and (route[0], [route[1][0], route[1][-1]]) for route in right(roads, places, queries, built)]


def a_way_of_another_cost(roads, places, queries, built):
    """The right cost beside the way with the fewest roads."""
    ways = fewest_roads(roads, places, queries, built)
    return [route and (route[0], other[1]) for route, other in zip(right(roads, places, queries, built), ways)]


def one_answer_a_source(roads, places, queries, built):
    """Answers are kept by source: of several queries from one junction only the last target is answered."""
    last = dict(queries)
    return [right(roads, places, [(s, last[s])], built)[0] for s, _ in queries]


def doubles_dropped(roads, places, queries, built):
    """Queries go through a dict: one that is asked twice is answered once."""
    return right(roads, places, list(dict.fromkeys(queries)), built)


def visited_are_dropped(roads, places, queries, built):
    """The caller's own roads are thinned out on the way: the answer is right, the town is another."""
    found = right(roads, places, queries, built)
    for route in found:
        for name in (route or (0, []))[1]:
            roads[name].pop(name, None)
            roads[name] = dict(list(roads[name].items())[:1])
    return found


def names_in_32_bits(roads, places, queries, built):
    """Junctions' names are cut to 32 bits."""

    def cut(name):
        return name & 0xFFFFFFFF

    short = {cut(here): {cut(there): cost for there, cost in ways.items()} for here, ways in roads.items()}
    whole = {cut(name): name for name in roads}
    found = right(short, places, [(cut(s), cut(t)) for s, t in queries], built)
    return [route and (route[0], [whole[name] for name in route[1]]) for route in found]


def costs_in_32_bits(roads, places, queries, built):
    """Costs are cut to a C int: the dearest road becomes one that pays."""
    short = {here: {there: (cost + 2**31) % 2**32 - 2**31 for there, cost in ways.items()} for here, ways in roads.items()}
    found = right(short, places, queries, built)
    return [route and (sum(roads[a][b] for a, b in zip(route[1], route[1][1:])), route[1]) for route in found]


def names_by_their_hash(roads, places, queries, built):
    """Equal hashes are taken for equal names: junctions whose names were chosen so become one."""

    def home(name):
        return name * 0x9E3779B97F4A7C15 % 2**64 >> 44

    first = {}
    for name in roads:
        first.setdefault(home(name), name)
    one = {name: first[home(name)] for name in roads}
    merged = {one[name]: {} for name in roads}
    for here, ways in roads.items():
        for there, cost in ways.items():
            merged[one[here]][one[there]] = cost
    return right(merged, places, [(one[s], one[t]) for s, t in queries], built)
