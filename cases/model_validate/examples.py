"""Inputs that break programs, and a hypothesis strategy of declarations with payloads that fit them more or less."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from cases.model_validate.fields import UNSET, Field, Shape, choice, day, flag, integer, list_of, nested, number, text
from cases.model_validate.known import KNOWN, payloads, shuffled

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

Arguments = tuple[Shape | str, list[Any]]

ANYTHING: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    3,
    2.0,
    2.5,
    -0.0,
    "",
    "1",
    "ab",
    "true",
    "2024-02-29",
    [],
    [None],
    {},
    {"a": 1},
)
DAYS = (
    "2024-02-29 2023-02-29 2024-13-01 2024-00-10 2024-01-00 2024-01-32 0001-01-01 0000-01-01 9999-12-31 20240229 2024-W09-4 2024-2-29 "
    "2024-02-29T00:00:00 +024-02-29 2024-02-2९ ２０２４-02-29 2024/02/29 02024-02-9"
).split()


def one(field: Field, *values: Any) -> Arguments:
    """Return a shape of one field, and a payload for each value."""
    return Shape("One", (("a", field),)), [{"a": value} for value in values]


def nasty() -> Iterator[Arguments]:
    """Yield every kind with everything, bounds and lengths met and missed by one, defaults, nesting, lists of lists, lists in two places, odd payloads."""
    yield "ticket", []
    yield Shape("Empty", ()), [{}, {"a": 1}, [], None]
    yield from _kinds()
    yield from _bounds()
    yield from _defaults()
    yield from _nesting()
    yield from _twice()
    for name in ("point", "ticket", "order", "flat-50"):
        yield name, payloads(KNOWN[name], 40, 5, wrong=1.0)
        yield KNOWN[name], shuffled(KNOWN[name], 10, 6)
        yield name, [{}, None, [], "payload", 3, True, [{}], {"unknown": 1}, {name: None for name, _ in KNOWN[name].fields}]


def _kinds() -> Iterator[Arguments]:
    for field in (
        integer(),
        number(),
        flag(),
        text(),
        day(),
        choice("ab", "1"),
        list_of(integer()),
        nested(Shape("In", ())),
        nested(KNOWN["point"]),
    ):
        yield one(field, *ANYTHING, *DAYS)
        yield one(list_of(field), *([value, value] for value in ANYTHING))
        yield one(Field(**{**_declared(field), "optional": True}), *ANYTHING)
    yield one(day(), *DAYS, "\u0661\u0662\u0663\u0664-01-01", "2024-01-01\n", " 2024-01-1", "2024-01-0\u00b2")


def _declared(field: Field) -> dict[str, Any]:
    return {name: getattr(field, name) for name in Field.__slots__}


def _bounds() -> Iterator[Arguments]:
    around = (
        -4,
        -3,
        -2,
        0,
        4,
        5,
        6,
        10**30,
        -(10**30),
        2**31,
        2**32 + 5,
        2**62,
        2**63 - 1,
        2**63,
        -(2**63),
        -(2**63) - 1,
        2**64,
        2**64 + 5,
    )
    for field in (integer(least=-3), integer(most=5), integer(least=-3, most=5), integer(least=-(2**63), most=2**63 - 1)):
        yield one(field, *around)
    reals = (-3, -3.0000000001, -3.0, 4.9999999, 5, 5.0, 5.0000001, 6, math.inf, -math.inf, 1e-300, 2**53 + 1, 10**30, -0.0)
    for field in (
        number(least=-3),
        number(most=5),
        number(least=-3.0, most=5.0),
        number(least=0),
        number(most=2.0**53),
        number(least=-1e-300),
    ):
        yield one(field, *reals)
    yield one(number(), math.nan, math.inf, 10**300)
    yield one(number(least=0), math.nan)
    yield one(number(most=0), math.nan)
    words = ("", "a", "ab", "abc", "abcd", "ä" * 2, "東" * 4, "\U0001f600" * 3, "\x00", "e\u0301" * 2, "a" * 300)
    for word in (text(shortest=1), text(longest=3), text(shortest=2, longest=3), text(shortest=0, longest=0), text(longest=256)):
        yield one(word, *words)
    yield one(choice("東", "", "A"), "東", "", "A", "a", "東東", " ")


def _defaults() -> Iterator[Arguments]:
    fields = (
        ("a", integer(default=7)),
        ("b", list_of(text(), default=["x", "y"])),
        ("c", text(optional=True, default=None)),
        ("d", list_of(integer(), optional=True, default=None)),
        ("e", flag(optional=True)),
        ("f", text(shortest=3, default="")),  # a default is not checked: whoever declares it has said that it will do
        ("g", nested(KNOWN["point"], optional=True, default=None)),
        ("h", number(default=1.5)),
    )
    yield (
        Shape("Defaults", fields),
        [
            {"e": None},
            {},
            {"e": True, "b": [], "d": [1], "a": 8, "c": "c", "f": "long", "h": 2},
            {"e": None, "b": None, "d": None, "a": None, "c": None, "f": None, "h": None, "g": None},
            {"e": 0, "f": ""},
            {"h": 1.0, "g": {"sensor": "s", "value": 1, "tick": 0}, "f": "abc", "e": False},
            {"g": {"sensor": ""}, "a": "7", "b": ["x", 1, None], "d": [None, True]},
        ],
    )


def _nesting() -> Iterator[Arguments]:
    leaf = Shape("Leaf", (("x", integer(least=0)), ("y", text(default="-"))))
    branch = Shape("Branch", (("leaf", nested(leaf)), ("more", list_of(nested(leaf), default=[])), ("x", integer())))
    tree = Shape(
        "Tree",
        (
            ("x", list_of(list_of(integer(most=3)))),
            ("branch", nested(branch, optional=True)),
            ("twins", list_of(nested(branch, optional=True))),
        ),
    )
    right, wrong = {"x": 1}, {"x": -1, "y": 0}
    yield (
        tree,
        [
            {"x": [], "branch": None, "twins": []},
            {"x": [[]], "branch": {"leaf": right, "x": 1}, "twins": [None]},
            {
                "x": [[1], [2, 3], [4, 3, 4], 5, None],
                "branch": {"leaf": wrong, "more": [right, wrong, {}, None], "x": "1"},
                "twins": [None, {}, 3],
            },
            {"x": [["1"], {}], "branch": [], "twins": [{"leaf": right, "more": [wrong], "x": 1}, {"leaf": wrong, "x": 2}]},
            {"x": None, "branch": {}, "twins": {"leaf": right}},
            {
                "x": [[1, 2]],
                "branch": {"leaf": {"x": 2, "y": "y"}, "more": [right, right], "x": 1, "z": 3},
                "twins": [{"leaf": right, "x": 9}],
            },
            {"x": [1], "branch": {"more": None}},
        ],
    )
    yield Shape("Twice", (("a", nested(leaf)), ("b", nested(leaf)))), [{"a": right, "b": right}, {"a": right, "b": wrong}, {"b": right}]


def _twice() -> Iterator[Arguments]:
    """Yield payloads that hold one list in several places, as programs make them: who keeps it has objects that share it."""
    for item, value in (
        (integer(), 1),
        (number(), 1.5),
        (number(), 1),
        (flag(), True),
        (text(), "a"),
        (day(), "2024-02-29"),
        (choice("a", "b"), "a"),
        (integer(optional=True), None),
        (list_of(integer()), [1]),
        (nested(Shape("In", (("tags", list_of(text())),))), {"tags": ["a"]}),
    ):
        for once in ([], [value], [value, value]):
            fields = (("a", list_of(item)), ("b", list_of(item, optional=True, default=None)), ("c", list_of(list_of(item), default=[])))
            yield Shape("Twice", fields), [{"a": once}, {"a": once, "b": once}, {"a": once, "c": [once, once]}]
    tags = ["a", "b"]
    yield "ticket", [payload | {"tags": tags} for payload in payloads(KNOWN["ticket"], 5, 7, wrong=0.0)]


# ---------------------------------------------------------------------- generated


def examples() -> SearchStrategy[Any]:
    """Return a strategy of a shape (known by name, or a new one) with up to four payloads; no text without an encoding, as in JSON.

    No NaN where both bounds are given: which of the two it is out of is a matter of taste.
    """
    from hypothesis import strategies as st

    known = [st.tuples(st.just(name), st.lists(payload_of(name), max_size=3)) for name in ("point", "ticket", "order", "flat-8")]
    return st.one_of(*known, new_shapes().flatmap(lambda shape: st.tuples(st.just(shape), st.lists(objects(shape), max_size=4))))


@cache
def payload_of(name: str) -> SearchStrategy[Any]:
    """Return the strategy of a known shape's payloads; made once, because the making takes longer than the drawing."""
    return objects(KNOWN[name])


@cache
def new_shapes() -> SearchStrategy[Shape]:
    """Return a strategy of small shapes, nested up to twice."""
    from hypothesis import strategies as st

    def shaped(fields: SearchStrategy[Field]) -> SearchStrategy[Shape]:
        names = st.lists(st.sampled_from(["a", "b", "id", "name", "größe", "payload", "v0"]), unique=True, max_size=4)
        pairs = names.flatmap(lambda chosen: st.tuples(*(st.tuples(st.just(name), fields) for name in chosen)))
        return st.builds(Shape, st.sampled_from(["Model", "Other"]), pairs)

    def deeper(fields: SearchStrategy[Field]) -> SearchStrategy[Field]:
        return st.builds(list_of, fields, optional=st.booleans(), default=st.sampled_from([UNSET, []])) | st.builds(
            nested, shaped(fields), optional=st.booleans()
        )

    return shaped(st.recursive(_scalars(), deeper, max_leaves=4))


def _scalars() -> SearchStrategy[Field]:
    from hypothesis import strategies as st

    low, high = st.sampled_from([None, -2, 0, 1]), st.sampled_from([None, 1, 3])
    how: dict[str, Any] = {"optional": st.booleans(), "default": st.sampled_from([UNSET, UNSET, None])}
    return st.one_of(
        st.builds(integer, least=low, most=high, **how),
        st.builds(number, least=low, most=high, **how),
        st.builds(text, shortest=st.sampled_from([None, 0, 1, 2]), longest=st.sampled_from([None, 2, 3]), **how),
        st.builds(flag, **how),
        st.builds(day, **how),
        st.builds(choice, st.just("a"), st.sampled_from(["b", "ab", "1"]), **how),
    )


def objects(shape: Shape) -> SearchStrategy[Any]:
    """Return a strategy of payloads: mostly dicts with the right keys, some of them dropped, in some order, with others."""
    from hypothesis import strategies as st

    entries = {name: values(field) for name, field in shape.fields}
    whole = st.fixed_dictionaries(entries)
    parts = st.fixed_dictionaries({}, optional={**entries, "unknown": st.none()})
    return st.one_of(whole, whole, whole, parts, whole.flatmap(lambda made: st.permutations(list(made.items())).map(dict)), junk())


@cache
def junk() -> SearchStrategy[Any]:
    """Return a strategy of JSON values of any kind."""
    from hypothesis import strategies as st

    letters = st.characters(exclude_categories=["Cs"])
    leaves = (
        st.sampled_from(ANYTHING).map(_own)
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text(letters, max_size=4)
        | st.sampled_from(DAYS)
    )
    return leaves | st.lists(leaves, max_size=2) | st.dictionaries(st.sampled_from(["a", "b", "id"]), leaves, max_size=2)


def _own(value: Any) -> Any:
    return value.copy() if isinstance(value, (list, dict)) else value


def values(field: Field) -> SearchStrategy[Any]:
    """Return a strategy of a field's values: three of four fit, or nearly."""
    from hypothesis import strategies as st

    if field.kind == "model":
        fitting = objects(field.model)
    elif field.kind == "list":
        assert field.item is not None
        fitting = st.lists(values(field.item), max_size=3)
    else:
        fitting = _scalar(field.kind, (field.least, field.most), (field.shortest, field.longest), field.choices)
    near = st.one_of(fitting, fitting, fitting, junk())
    return st.none() | near if field.optional else near


@cache
def _scalar(
    kind: str, bounds: tuple[float | None, float | None], sizes: tuple[int | None, int | None], choices: tuple[str, ...]
) -> SearchStrategy[Any]:
    """Return the strategy of a scalar: at its bounds and beside them, or anywhere."""
    from hypothesis import strategies as st

    edges = [bound + step for bound in bounds if bound is not None for step in (-1, 0, 1)] or [0]
    lengths = [size + step for size in sizes if size is not None for step in (-1, 0, 1) if size + step >= 0] or [2]
    letters = st.sampled_from("aä東\U0001f600")
    match kind:
        case "int":
            return st.sampled_from(edges).map(int) | st.integers()
        case "float":
            return st.sampled_from(edges).map(float) | st.floats(allow_nan=None in bounds) | st.integers(-5, 5)
        case "str":
            return st.one_of(*(st.text(letters, min_size=length, max_size=length) for length in lengths))
        case "date":
            return st.dates().map(str) | st.sampled_from(DAYS)
        case "choice":
            return st.sampled_from([*choices, "c"])
        case _:
            return st.booleans()
