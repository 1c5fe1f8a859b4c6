"""Laws of the routers beyond equality: real requests over a socket, agreement with starlette, what is refused, what a router leaves alone.

`ROUTER_PATHS=10000 python -m pytest tests/test_cases/test_router.py -k starlette` compares at length.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from cases.router import api, case, forked, nasty
from cases.router.agreement import DECISIONS, agree
from cases.router.asgi import (
    App,
    Request,
    Response,
    Scope,
    ask,
    bearer,
    echo,
    errors,
    routed_path,
    trail,
)
from cases.router.semantics import decided, falcon_holds, matched
from cases.router.templates import Route, parse
from harness.judge.equality import difference, exact

OURS = ("naive", "combined", "trie", "generated", "cython")
RIVALS = ("starlette", "falcon")
PATHS = int(os.environ.get("ROUTER_PATHS", "400"))
TABLE: list[Route] = [
    ("GET", "/", "home"),
    ("GET", "/users/me", "me"),
    ("GET", "/users/{id:int}", "user"),
    ("POST", "/users", "create"),
    ("DELETE", "/users/{id:int}", "delete"),
    ("GET", "/files/{rest:path}", "file"),
    ("GET", "/broken", "broken"),
]


def router(variant: str, routes: list[Route]) -> Any:
    if variant in RIVALS:
        pytest.importorskip(variant)
    return importlib.import_module(f"cases.router.{variant}").Router(routes)


async def create(request: Request) -> Response:
    return Response(201, (await request.body())[::-1], {"content-type": "application/octet-stream"})


async def broken(request: Request) -> Response:
    raise RuntimeError("an endpoint that fails")


def application(variant: str, *middleware: Any) -> App:
    endpoints = {handler: echo(handler) for _, _, handler in TABLE} | {
        "create": create,
        "broken": broken,
    }
    return App(router(variant, TABLE).find, endpoints, [errors, *middleware])


# the same requests, whoever carries them: method, path, body; status, body, Allow
CONVERSATION = [
    ("GET", "/", b"", 200, b"home {}", None),
    ("GET", "/users/me", b"", 200, b"me {}", None),
    ("GET", "/users/0042", b"", 200, b"user {'id': 42}", None),
    ("GET", "/users/bob", b"", 404, b"Not Found", None),
    ("GET", "/users/", b"", 404, b"Not Found", None),
    ("HEAD", "/users/7", b"", 200, b"", None),
    ("POST", "/users", b"abc" * 50_000, 201, b"cba" * 50_000, None),
    ("GET", "/users", b"", 405, b"Method Not Allowed", "POST"),
    ("PUT", "/users/7", b"", 405, b"Method Not Allowed", "DELETE, GET, HEAD"),
    ("GET", "/files/a/b%2Fc/%C3%A9", b"", 200, "file {'rest': 'a/b/c/é'}".encode(), None),
    ("GET", "/files/", b"", 200, b"file {'rest': ''}", None),
    ("GET", "/broken", b"", 500, b"Internal Server Error", None),
    ("GET", "/users/me?x=1", b"", 200, b"me {}", None),
]


async def converse(client: Any) -> None:
    for method, path, body, status, expected, allowed in CONVERSATION:
        response = await client.request(method, path, content=body)

        assert (status, expected, allowed) == (
            response.status_code,
            response.content,
            response.headers.get("allow"),
        ), path
        if method == "HEAD":
            assert response.headers["content-length"] == str(len("user {'id': 7}"))


@contextmanager
def served(app: App) -> Iterator[str]:
    """Put an application behind a real server on a free port of the loopback, in a thread; yield its address."""
    uvicorn = pytest.importorskip("uvicorn")
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="on", ws="none"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"  # it listens already: who connects early waits
        finally:
            server.should_exit = True
            thread.join()


@pytest.mark.parametrize("variant", [*OURS, *RIVALS])
def test_real_requests_are_answered_over_a_socket(variant: str) -> None:
    """Behind an HTTP server, with middleware: every status, Allow, bodies both ways, escaped paths, start and stop of the application."""
    httpx = pytest.importorskip("httpx")

    async def talk(address: str) -> None:
        async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
            await converse(client)
            marked = await client.get("/users/7")
            assert ["01", "01"] == [marked.headers["x-layer-0"], marked.headers["x-layer-1"]]

    with served(application(variant, partial(trail, 0), partial(trail, 1))) as address:
        asyncio.run(talk(address))


@pytest.mark.parametrize("variant", OURS)
def test_another_implementation_of_the_protocol_understands_it(variant: str) -> None:
    """The same conversation through httpx's own transport, without a server."""
    httpx = pytest.importorskip("httpx")

    async def talk() -> None:
        transport = httpx.ASGITransport(application(variant))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            await converse(client)

    asyncio.run(talk())


def test_many_requests_at_once_do_not_mix() -> None:
    """Two hundred requests in flight over a socket: each gets its own parameters."""
    httpx = pytest.importorskip("httpx")

    async def talk(address: str) -> None:
        async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
            responses = await asyncio.gather(
                *(client.get(f"/users/{number}") for number in range(200))
            )
        assert [f"user {{'id': {number}}}" for number in range(200)] == [
            response.text for response in responses
        ]

    with served(application("cython")) as address:
        asyncio.run(talk(address))


def test_middleware_wraps_every_answer_in_order() -> None:
    """The first is the outermost: it sees the request first and the answer last, and 404 and 405 pass through it as well."""
    app = App(
        router("trie", TABLE).find,
        {"me": echo("me")},
        [partial(trail, number) for number in range(3)],
    )

    for method, path in (("GET", "/users/me"), ("GET", "/nowhere"), ("PUT", "/users/me")):
        _, _, headers = ask(app, method, path)
        layers = [name for name in headers if name.startswith("x-layer")]
        assert ["x-layer-2", "x-layer-1", "x-layer-0"] == layers
        assert {"012"} == {headers[name] for name in layers}


def test_middleware_may_answer_itself() -> None:
    """Without the token the router is never asked; with it the request goes through."""
    asked: list[str] = []

    def find(method: str, path: str) -> Any:
        asked.append(path)
        return router("trie", TABLE).find(method, path)

    app = App(find, {"me": echo("me")}, [partial(bearer, "secret")])

    async def permitted(scope: Scope, receive: Any, send: Any) -> None:
        await app({**scope, "headers": [(b"authorization", b"Bearer secret")]}, receive, send)

    assert 401 == ask(app, "GET", "/users/me")[0]
    assert [] == asked
    assert 200 == ask(permitted, "GET", "/users/me")[0]
    assert ["/users/me"] == asked


def test_an_answer_that_has_begun_is_not_begun_again() -> None:
    """An endpoint's exception after the first message goes up to the server."""

    async def half(scope: Scope, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("the line is cut")

    with pytest.raises(RuntimeError, match="line is cut"):
        ask(errors(half), "GET", "/")


def test_a_mounted_application_sees_the_path_below_its_root() -> None:
    """The root is taken off at the boundary of a segment, and nowhere else."""
    app = application("cython")

    assert (200, "me {}") == ask(app, "GET", "/api/users/me", root="/api")[:2]
    assert (404, "Not Found") == ask(app, "GET", "/apiusers/me", root="/api")[:2]
    assert "/apix/y" == routed_path({"path": "/apix/y", "root_path": "/api"})


def test_starts_stops_and_sockets_that_are_not_http() -> None:
    """Lifespan is answered message by message; a WebSocket is closed before it opens."""

    async def talk(kind: str, *messages: str) -> list[str]:
        waiting = [{"type": message} for message in messages]
        sent: list[str] = []

        async def receive() -> Any:
            return waiting.pop(0)

        async def send(message: Any) -> None:
            sent.append(message["type"])

        await application("naive")({"type": kind}, receive, send)
        return sent

    started = asyncio.run(talk("lifespan", "lifespan.startup", "lifespan.shutdown"))
    assert ["lifespan.startup.complete", "lifespan.shutdown.complete"] == started
    assert ["websocket.close"] == asyncio.run(talk("websocket", "websocket.connect"))


@pytest.mark.parametrize("variant", OURS)
def test_it_agrees_with_starlette_but_for_what_is_decided(variant: str) -> None:
    """Whole applications side by side on generated tables and paths: every difference is one of those in the story."""
    pytest.importorskip("starlette")
    result = agree(
        importlib.import_module(f"cases.router.{variant}").Router,
        PATHS,
        seed=OURS.index(variant) + 1,
    )

    assert PATHS == result.paths
    assert [] == result.differences.get("", []), result.summary()
    assert set(DECISIONS) >= set(result.differences)
    assert (
        min(result.statuses[status] for status in (200, 404, 405)) > PATHS / 20
    )  # the question was asked


def test_every_decision_is_met_and_stands_in_the_story() -> None:
    """No name is left over from a difference that is none any more, and the reader is told of each."""
    pytest.importorskip("starlette")
    met = set(agree(importlib.import_module("cases.router.trie").Router, 2000, seed=1).differences)
    story = (
        importlib.import_module("pathlib")
        .Path(importlib.import_module("cases.router").__file__)
        .parent
        / "README.md"
    ).read_text()

    assert set(DECISIONS) == met
    assert [] == [name for name in DECISIONS if f"`{name}`" not in story]


@pytest.mark.parametrize("variant", [*OURS, *RIVALS])
def test_on_the_timed_tables_all_agree_exactly(variant: str) -> None:
    """The rivals' own classes excuse nothing in what is measured: there every answer is equal."""
    for name in ("1", "30", "brief", "layers-3", "last", "probed"):
        workload = next(one for one in case.workloads if one.name == name)
        routes, requests, layers = workload.arguments(11)
        arguments = (routes[:60], requests[:150], layers)
        find = router(variant, arguments[0]).find

        if layers is None:
            assert (
                exact.compare(
                    [decided(arguments[0], request) for request in arguments[1]],
                    [find(*one) for one in arguments[1]],
                )
                is None
            )
        else:
            module = importlib.import_module(f"cases.router.{variant}")
            expected = importlib.import_module("cases.router.naive").dispatch(*arguments)
            assert exact.compare(expected, module.dispatch(*arguments)) is None


@pytest.mark.parametrize("variant", OURS)
def test_the_model_agrees_on_random_tables(variant: str) -> None:
    """A second, slow way to say what matches, route by route and segment by segment, decides thousands of requests alike."""
    source = random.Random(5)
    parts = ["a", "b", "7", "", "{x}", "{x:int}"]
    for _ in range(150):
        templates = [
            "/"
            + "/".join(
                part.replace("x", f"x{level}")
                for level, part in enumerate(source.choices(parts, k=source.randint(1, 4)))
            )
            for _ in range(source.randint(1, 10))
        ]
        routes = [
            (
                source.choice(["GET", "PUT"]),
                template + source.choice(["", "", "/{r:path}"]),
                f"h{n}",
            )
            for n, template in enumerate(templates)
        ]
        find = router(variant, routes).find
        for _ in range(20):
            asked = (
                source.choice(["GET", "HEAD", "PUT", "POST"]),
                "/" + "/".join(source.choices(["a", "b", "7", "", "z"], k=source.randint(1, 5))),
            )
            assert decided(routes, asked) == find(*asked), (routes, asked)


REFUSED = [
    "",
    "users",
    "/{id}.json",
    "/a{id}",
    "/{id",
    "/id}",
    "/{}",
    "/{1a}",
    "/{a b}",
    "/{a:float}",
    "/{a:}",
    "/{é}",
    "/{a}/{a}",
    "/{a:path}/b",
]


@pytest.mark.parametrize("variant", OURS)
@pytest.mark.parametrize("template", REFUSED)
def test_a_template_that_cannot_be_served_is_refused_when_it_is_registered(
    variant: str, template: str
) -> None:
    """Not at the first request, and with a message that shows it."""
    with pytest.raises(ValueError, match=r"parameter|slash"):
        router(variant, [("GET", "/fine/{x}", "fine"), ("GET", template, "wrong")])


@pytest.mark.parametrize("variant", ["trie", "generated", "cython"])
def test_a_router_that_was_built_answers_again_and_again(variant: str) -> None:
    """Handlers may change their parameters; the next request's are its own."""
    find = router(variant, TABLE).find
    find("GET", "/users/7")[2]["id"] = -1
    find("GET", "/users/me")[2]["x"] = -1

    assert (200, "user", {"id": 7}) == find("GET", "/users/7")
    assert (200, "me", {}) == find("GET", "/users/me")


def test_a_template_is_never_code() -> None:
    """What stands in a template is a key of a dict, no part of what is compiled: quotes, braces of formats and line breaks stay text."""
    evil = ["/'); raise SystemExit; ('", '/"""', "/\\", "/a\nraise SystemExit\n", "/%s", "/#"]
    routes = [("GET", template + "/{x}", f"h{number}") for number, template in enumerate(evil)]
    find = router("generated", routes).find

    assert [(200, f"h{number}", {"x": "1"}) for number in range(len(evil))] == [
        find("GET", template + "/1") for template in evil
    ]


def test_the_compiled_trie_gives_its_memory_back() -> None:
    """Building and dropping tables of every size leaves no objects behind."""
    compiled = importlib.import_module("cases.router.cython")
    arguments = [api(200, 1, 50), forked(6, 1), *nasty()]

    def rounds() -> int:
        for one in arguments:
            compiled.dispatch(*one)
        gc.collect()
        return len(gc.get_objects())

    rounds()
    before = rounds()
    assert abs(rounds() - before) < 50


def test_the_compiled_trie_leaves_branches_out_and_still_finds_the_first() -> None:
    """Where every path goes everywhere at once, in whatever order the routes were registered."""
    routes, requests, layers = forked(6, 3)
    for seed in range(4):
        mixed = random.Random(seed).sample(routes, len(routes))
        expected = [decided(mixed, request) for request in requests[:40]]
        assert expected == importlib.import_module("cases.router.cython").dispatch(
            mixed, requests[:40], layers
        )


@pytest.mark.parametrize("bad", [("GET", None), (None, "/"), ("GET", b"/")])
def test_the_compiled_trie_takes_text_only(bad: tuple[Any, Any]) -> None:
    """Anything else is a TypeError, not a crash."""
    with pytest.raises(TypeError):
        router("cython", TABLE).find(*bad)


def test_the_rivals_classes_refuse_what_no_rule_of_theirs_explains() -> None:
    """An answer of no matching route, a 404 where one shape matches, parameters of another place."""
    routes = [("GET", "/a/{x}", "any"), ("GET", "/a/me", "me"), ("POST", "/b/{y:int}", "number")]
    requests = [("GET", "/a/me"), ("GET", "/a/you"), ("GET", "/b/1")]
    right = [(200, "any", {"x": "me"}), (200, "any", {"x": "you"}), (405, "POST", {})]
    other = [(200, "me", {}), *right[1:]]
    arguments = (routes, requests, None)
    falcon, starlette = case.relation("falcon"), case.relation("starlette")

    assert difference(falcon, arguments, right, right) is None
    assert difference(falcon, arguments, right, other) is None  # its literals go first
    assert difference(starlette, arguments, right, other) is not None
    for place, wrong in (
        (0, (404, "", {})),
        (0, (200, "number", {})),
        (1, (200, "any", {"x": "me"})),
        (2, (404, "", {})),
        (2, (405, "GET", {})),
    ):
        answers = [wrong if number == place else answer for number, answer in enumerate(right)]
        assert difference(falcon, arguments, right, answers) is not None
        assert difference(starlette, arguments, right, answers) is not None
    assert difference(falcon, arguments, right, right[:2]) is not None


def test_what_falcon_cannot_hold_is_known() -> None:
    """The templates that its driver leaves out are those that falcon reads otherwise or not at all."""
    assert ["/", "/a/{x}", "/a.b", "/é"] == [
        template
        for template in ("/", "/a/{x}", "/a.b", "/é", "/a/", "//a", "/it's", "/a b", "/{if}")
        if falcon_holds(template)
    ]
    assert not falcon_holds("/a" * 46)


def test_the_model_takes_templates_apart() -> None:
    """A few by hand, so that the model has something to stand on."""
    assert {"x": "b", "n": 7} == matched(parse("/a/{x}/{n:int}"), "/a/b/007")
    assert {"rest": "b//c/"} == matched(parse("/a/{rest:path}"), "/a/b//c/")
    assert {"rest": ""} == matched(parse("/a/{rest:path}"), "/a/")
    assert {} == matched(parse("/a/"), "/a/")
    for template, path in (
        ("/a/{rest:path}", "/a"),
        ("/a", "/a/"),
        ("/{x}", "/"),
        ("/{n:int}", "/-1"),
        ("/{n:int}", "/²"),
        ("/a", "a"),
    ):
        assert matched(parse(template), path) is None, (template, path)
