"""Which handler answers this request?  A web framework from the inside: path routing and middleware."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

from cases.router.semantics import (
    Arguments,
    falcon_class,
    parameters_are_ones_own,
    parameters_fill_the_template,
    starlette_class,
)
from cases.router.templates import MOST_DIGITS, Request, Route
from harness import Case, Gate, Limits, Work, Workload, exact, sweep

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

AREAS = "accounts admin billing catalog crm docs hr identity inventory logistics marketing media payments reports sales support".split()
THINGS = (
    "addresses alerts articles assets audits badges batches budgets campaigns carts charges comments contacts contracts coupons "
    "customers devices discounts drafts events exports feeds fields files filters folders forms groups images invoices items jobs "
    "keys labels leads licences lines links lists locations logs members messages metrics notes offers orders owners pages parcels "
    "partners payouts permissions photos plans policies prices products profiles projects quotes ratings refunds regions rentals "
    "returns reviews roles rules samples schedules scores segments sessions shipments sites slots stocks streams surveys tags tasks "
    "taxes teams templates tickets tokens tours trips units uploads users vendors versions visits votes vouchers warehouses webhooks"
).split()
PARTS = "attachments entries history members notes rows steps values".split()
PROBES = "/.env /wp-login.php /admin.php /.git/config /api /api/v1 /cgi-bin/luci /robots.txt /phpmyadmin/index.php /actuator/health".split()
REQUESTS = 2000
SEGMENT_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"


def table(n: int, source: random.Random) -> list[Route]:
    """Make ``n`` routes as an API of that size has them: up to nine for each kind of thing, the literal before the parameter."""
    kinds = [(area, thing) for area in AREAS for thing in THINGS]
    source.shuffle(kinds)
    routes: list[Route] = []
    for area, thing in kinds:
        if len(routes) >= n:
            break
        routes += resource(f"/api/v1/{area}/{thing}", f"{area}_{thing}", source.choice(PARTS))
    return routes[:n]


def resource(base: str, name: str, part: str) -> list[Route]:
    """Return the routes of one kind of thing."""
    one = f"{base}/{{thing_id:int}}"
    return [
        ("GET", base, f"list_{name}"),
        ("GET", one, f"get_{name}"),
        ("POST", base, f"create_{name}"),
        ("GET", f"{base}/search", f"search_{name}"),
        ("PUT", one, f"replace_{name}"),
        ("DELETE", one, f"delete_{name}"),
        ("GET", f"{one}/{part}", f"list_{part}_of_{name}"),
        ("GET", f"{one}/{part}/{{{part}_key}}", f"get_{part}_of_{name}"),
        ("GET", f"{base}/export/{{file:path}}", f"export_{name}"),
    ]


def filled(template: str, source: random.Random) -> str:
    """Return a path that a template matches."""
    words = []
    for word in template.split("/"):
        if not word.startswith("{"):
            words.append(word)
        elif word.endswith(":int}"):
            words.append(str(source.randrange(10 ** source.randint(1, 9))))
        else:
            depth = source.randint(1, 4) if word.endswith(":path}") else 1
            words += ["".join(source.choices(SEGMENT_LETTERS, k=source.randint(3, 16))) + "_" for _ in range(depth)]
    return "/".join(words)


def request(routes: list[Route], source: random.Random) -> Request:
    """Make one request: most find their handler, some ask with another method, some for what is not there."""
    method, template, _ = source.choice(routes)
    path = filled(template, source)
    chance = source.random()
    if chance < 0.04:
        return source.choice(("PATCH", "OPTIONS")), path
    if chance < 0.06:
        return method, source.choice(PROBES)
    if chance < 0.08:
        return method, path + "-2/x"
    return ("HEAD" if method == "GET" and chance > 0.97 else method), path


def api(n: int, seed: int, requests: int = REQUESTS, layers: int | None = None) -> Arguments:
    """Make a table of ``n`` routes and requests for all of them alike."""
    source = random.Random(seed)
    routes = table(n, source)
    return routes, [request(routes, source) for _ in range(requests)], layers


def layered(n: int, seed: int) -> Arguments:
    """Make requests that pass through an application with ``n`` layers of middleware, over a hundred routes."""
    return api(100, seed, 300, n)


def last(n: int, seed: int) -> Arguments:
    """Make requests for the routes that were registered last: the worst for whoever looks from the beginning."""
    source = random.Random(seed)
    routes = table(n, source)
    return routes, [(method, filled(template, source)) for method, template, _ in source.choices(routes[-9:], k=REQUESTS)], None


def probed(n: int, seed: int) -> Arguments:
    """Make requests for what is not there, some of them a letter beside what is: a scanner is at work."""
    source = random.Random(seed)
    routes = table(n, source)
    beside = [filled(template, source) + source.choice("xyz") + "/1/2/3/4" for _, template, _ in source.choices(routes, k=REQUESTS // 2)]
    return routes, [("GET", path) for path in source.choices(PROBES, k=REQUESTS // 2) + beside], None


def forked(n: int, seed: int) -> Arguments:
    """Make the worst for a trie: all shapes of a word or anything, ``n`` levels deep, so that a path goes everywhere at once."""
    source = random.Random(seed)
    word = "".join(source.choices(SEGMENT_LETTERS[:26], k=5))
    choices = [(f"{{p{level}}}", word) for level in range(n)]
    routes = [("GET", "/" + "/".join(parts), f"h{number}") for number, parts in enumerate(product(*choices))]
    source.shuffle(routes)
    # with the widest route last, every narrower one is reachable in the order of any router
    routes.sort(key=lambda route: route[1].count("{"))
    paths = ["/" + "/".join(source.choice((word, word, "other")) for _ in range(n)) for _ in range(REQUESTS // 10)]
    return routes, [("GET", path) for path in paths], None


def nasty() -> Iterator[Arguments]:
    """Yield tables and paths that break routers: ties, twins, odd letters, slashes everywhere, numbers that are none."""
    for layers in (None, 0, 2):
        yield [], [], layers
        yield [], [("GET", "/"), ("GET", "")], layers
        yield [("GET", "/", "root")], [("GET", "/"), ("HEAD", "/"), ("POST", "/"), ("GET", ""), ("GET", "//"), ("GET", "*")], layers
    yield from ordered()
    yield from shaped()
    yield from lettered()


def ordered() -> Iterator[Arguments]:
    """Yield tables where the order of registration and the method decide."""
    everything = [(method, path) for method in ("GET", "HEAD", "POST", "PUT", "get") for path in ("/a/me", "/a/7", "/a/x", "/a", "/a/me/")]
    me, any_one, number = ("GET", "/a/me", "me"), ("GET", "/a/{name}", "any"), ("GET", "/a/{id:int}", "number")
    rest = ("GET", "/a/{rest:path}", "rest")
    for routes in (
        [me, any_one, number, rest],
        [any_one, me, number],
        [number, any_one, me],
        [rest, me],
        [any_one, number],
        [number, rest, any_one],
    ):
        yield routes, everything, None
        yield [("POST", template, f"post_{handler}") for _, template, handler in routes[:1]] + routes, everything, None
        yield [*routes, *(("POST", template, f"post_{handler}") for _, template, handler in routes)], everything, 1
        yield [*routes[1:], ("PUT", routes[0][1], "put"), ("HEAD", routes[0][1], "head")], everything, None
    yield [("HEAD", "/a/me", "head"), me, ("GET", "/a/me", "late"), ("HEAD", "/a/{name}", "later")], everything, None
    yield [("GET", "/a/{x}", "x"), ("POST", "/a/{y}", "y"), ("PUT", "/a/{z:int}", "z"), ("GET", "/a/{w}", "w")], everything, None
    yield [(f"M{number}", "/a/{x}", f"h{number}") for number in range(70)], [(f"M{number}", "/a/1") for number in (0, 63, 64, 69, 70)], None
    yield [("PATCH", "/a/{x}", "one"), ("PURGE", "/{y}/me", "two"), ("DELETE", "/{z:path}", "three")], everything, None
    yield (
        [("GET", "/{a}/b/c", "1"), ("GET", "/a/{b}/d", "2"), ("GET", "/a/b/{c}/e", "3"), ("GET", "/a/{b}/{c}", "4")],
        [("GET", "/" + "/".join(parts)) for depth in (2, 3, 4) for parts in product(*("abx", "bxd", "cde", "e")[:depth])],
        None,
    )


def shaped() -> Iterator[Arguments]:
    """Yield templates and paths with slashes where nobody expects them, and what is left of a path."""
    paths = ["/f", "/f/", "/f//", "//f", "/f/a", "/f/a/", "/f/a/b", "/f//b", "f/a", "", "/", "//", "/f/a/b/c/d/e/f/g/h", "/f/" + "x/" * 60]
    requests = [("GET", path) for path in paths]
    yield [("GET", "/f/{rest:path}", "rest")], requests, None
    yield [("GET", "/f/", "slash"), ("GET", "/f", "none"), ("GET", "/f//", "two"), ("GET", "//f", "front")], requests, None
    yield [("GET", "/{a}", "1"), ("GET", "/{a}/{b}", "2"), ("GET", "/{a}/{b}/", "2/"), ("GET", "/{a}//{b}", "3")], requests, None
    yield [("GET", "/{rest:path}", "all")], requests, None
    yield [("POST", "/{rest:path}", "all"), ("GET", "/f/{b}", "two"), ("GET", "/f/{c}/{rest:path}", "more")], requests, 1
    yield [("GET", "/f/{a}/{b}/{c}/{d}/{e}/{g}/{h}/{i}", "eight")], requests, None
    yield (
        [("GET", f"/f/{'/'.join(f'{{p{level}}}' for level in range(40))}", "deep")],
        [("GET", "/f" + "/v" * size) for size in (39, 40, 41)],
        None,
    )
    yield [("GET", "/f" * 70, "deep"), ("GET", "/f" * 69 + "/{x}", "deeper")], [("GET", "/f" * size) for size in (1, 69, 70, 71)], None
    yield forked(3, 1)
    yield forked(5, 1)


def lettered() -> Iterator[Arguments]:
    """Yield letters that mean something to regular expressions, to quotes and to no one, and numbers of all kinds."""
    odd = [
        "a.b",
        "a+b",
        "(a|b)",
        "[a]",
        "a*",
        "^a$",
        "it's",
        'say "x"',
        "back\\slash",
        "é",
        "e\u0301",
        "日本",
        "\U0001f600",
        "%41",
        "a b",
        "#",
        "?x=1",
        "\ud800",
    ]
    paths = [f"/o/{text}" for text in [*odd, "axb", "aab", "a", "b", "A", "É", "日", "ab\n", "a.b\n", "\n", "\x00", "a\x00"]]
    for more in ([], [("POST", "/o/{x}", "any")], [("GET", "/o/{x:path}", "rest")]):
        yield [("GET", f"/o/{text}", f"odd{number}") for number, text in enumerate(odd)] + more, [("GET", path) for path in paths], None
    yield (
        [("GET", "/é/{x}/日本", "mixed"), ("GET", "/{x}/b", "plain")],
        [("GET", "/é/日/日本"), ("GET", "/é/1/x"), ("GET", "/\U0001f600/b")],
        None,
    )
    digits = [
        "0",
        "7",
        "007",
        "-5",
        "+5",
        "1_000",
        " 5",
        "5 ",
        "5\n",
        "٣",
        "²",
        "５",
        "1.5",
        "0x1f",
        "",
        "9" * 18,
        "9" * 19,
        "9" * 20,
        str(2**63),
    ]
    digits += ["1" * MOST_DIGITS, "1" * (MOST_DIGITS + 1), "0" * MOST_DIGITS + "1", "18446744073709551616", "9223372036854775807"]
    requests = [("GET", f"/n/{text}") for text in digits] + [("GET", f"/n/{text}/x") for text in digits]
    yield [("GET", "/n/{n:int}", "number"), ("GET", "/n/{n:int}/x", "more")], requests, None
    yield [("GET", "/n/{n:int}", "number"), ("GET", "/n/{s}", "text"), ("GET", "/n/{s}/x", "more")], requests, None
    yield [("GET", "/n/{s:str}", "text"), ("GET", "/n/{n:int}/x", "more"), ("GET", "/n/{n:path}", "rest")], requests, None
    yield [("GET", "/n/{_a1:int}/{B:int}", "two")], [("GET", "/n/1/2"), ("GET", "/n/1/x"), ("GET", "/n/x/2")], 0
    long = "x" * 3000
    yield (
        [("GET", f"/l/{long}", "long"), ("GET", "/l/{x}/y", "short")],
        [("GET", f"/l/{long}"), ("GET", f"/l/{long}x"), ("GET", f"/l/{long}/y")],
        None,
    )


def examples() -> SearchStrategy[Any]:
    """Return a strategy of small tables over few words, where routes overlap, and of paths that nearly fit."""
    from hypothesis import strategies as st

    word = st.sampled_from(["a", "b", "1", "12", "", "a.b", "é"])
    names = st.permutations(["p", "q", "r", "s"])

    def template(parts: list[str], chosen: list[str], tail: bool) -> str:
        parameters = iter(chosen)
        segments = [part if not part.startswith("{") else "{" + next(parameters) + part[1:] for part in parts]
        return "/" + "/".join(segments + (["{" + next(parameters) + ":path}"] if tail else []))

    part = word | st.sampled_from(["{}", "{:int}", "{}"])
    templates = st.builds(template, st.lists(part, max_size=3), names, st.sampled_from([False, False, False, True]))
    method = st.sampled_from(["GET", "POST", "HEAD"])
    routes = st.lists(st.tuples(method, templates), max_size=8).map(
        lambda made: [(given, made_template, f"h{number}") for number, (given, made_template) in enumerate(made)]
    )
    path = st.lists(word | st.sampled_from(["zz", "-1", "1\n"]), max_size=5).map(lambda parts: "/" + "/".join(parts))
    asked = st.tuples(method | st.just("PUT"), path | st.sampled_from(["", "a", "*"]))
    return st.tuples(routes, st.lists(asked, max_size=12), st.sampled_from([None, None, 0, 2]))


def least_seconds(limits: Limits, routes: list[Route], requests: list[Request], layers: int | None) -> float:
    """The call; of every request the references read and a tuple made for its answer.

    Not a dict look-up for each segment, which is what any router of ours comes to: nobody has shown that a whole path, or a
    batch of them, could not be told from others by less.  Not the table: who answers one request need not look at all of it.
    """
    del routes, layers
    return limits.c_call_seconds + len(requests) * limits.object_seconds + limits.read_seconds(24 * len(requests))


def look_ups(routes: list[Route], requests: list[Request], layers: int | None) -> Work:
    """One comparison a segment of every path and of every template; every letter read once."""
    del layers
    texts = [path for _, path in requests] + [template for _, template, _ in routes]
    return Work(operations=float(sum(text.count("/") for text in texts)), n_bytes=float(sum(map(len, texts))))


case = Case(
    function="dispatch",
    variants=("naive", "combined", "trie", "generated", "cython", "starlette", "falcon"),
    rivals=("starlette", "falcon"),
    workloads=(
        *sweep(api, n=(1, 3, 10, 30, 100, 250, 500, 1000, 2000)),
        *sweep(partial(api, requests=1), n=(1, 10, 100, 1000), name="start-{n}"),
        *sweep(partial(api, requests=20_000), n=(10, 100, 1000), name="busy-{n}"),
        *sweep(layered, n=(0, 1, 3, 10), name="layers-{n}"),
        Workload("brief", partial(api, requests=20), 3),
        Workload("last", last, 500),
        Workload("probed", probed, 500),
        Workload("forked", forked, 8),
    ),
    default=("10", "100", "1000"),
    same=exact,
    # the rivals have rules of their own: each is held to ours wherever its rules leave no other choice
    relations={"starlette": starlette_class, "falcon": falcon_class},
    invariants=(parameters_fill_the_template, parameters_are_ones_own),
    bound=least_seconds,
    growths={"naive": 1.0, "combined": 1.0, "starlette": 1.0},  # every route is looked at; what the others do grows with the building only
    work=look_ups,
    adversarial=nasty,
    strategy=examples,
    verify_up_to=500,
    gate=Gate(workloads=("start-1", "brief")),
)
