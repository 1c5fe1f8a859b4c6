"""The walk through any two values: what is the same, what is not and where, and what the judge does not know."""

from __future__ import annotations

import functools
import io
import itertools
import pickle
import random
import re
import threading
from array import array
from collections import ChainMap, Counter, OrderedDict, UserDict, defaultdict, deque, namedtuple
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePosixPath
from types import MappingProxyType, SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from harness import close, comparable, exact, relation, ulps, unordered
from harness.judge.comparison import matching, registry
from harness.judge.comparison.settings import Settings
from harness.judge.comparison.walk import first_difference
from harness.judge.equality import NotComparable, Strict, difference
from harness.lab.worker.detectors import changed

NAN = float("nan")
ROME = ZoneInfo("Europe/Rome")
HOUR = datetime(2023, 10, 29, 2, tzinfo=ROME)


class Plain:
    """A class without ``__eq__``."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)


class Slotted:
    """Fields in slots; one may be unset."""

    __slots__ = ("a", "b")

    def __init__(self, **fields: Any) -> None:
        for name, one in fields.items():
            setattr(self, name, one)


class Caching:
    """Its own ``==`` knows which of its attributes is a cache."""

    def __init__(self, x: Any, seen: Any = None) -> None:
        self._x, self._seen = x, seen

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Caching) and self._x == other._x

    __hash__ = None  # type: ignore[assignment]

    @functools.cached_property
    def twice(self) -> Any:
        return 2 * self._x


class Tagged(list):  # type: ignore[type-arg]
    """A list with an attribute."""

    tag = ""


class Colour(Enum):
    """Two members."""

    RED = 1
    BLUE = 2


@dataclass
class Point:
    """One field does not count."""

    x: Any
    note: str = field(default="", compare=False)


class Unit(np.ndarray):  # type: ignore[type-arg]
    """An array with a unit."""

    unit = ""

    def __array_finalize__(self, other: Any) -> None:
        self.unit = getattr(other, "unit", "")


Pair = namedtuple("Pair", "left right")  # noqa: PYI024  named tuples of either kind


def unit(values: list[float], name: str) -> Any:
    """An array in a unit."""
    made = np.array(values).view(Unit)
    made.unit = name
    return made


def tagged(items: list[Any], tag: str) -> Tagged:
    """A list with a tag."""
    made = Tagged(items)
    made.tag = tag
    return made


def nested(levels: int, last: Any = None) -> Any:
    """Pairs in pairs."""
    made: Any = last
    for level in range(levels):
        made = (level, made)
    return made


def apart(value: Any) -> Any:
    """A copy as another process would send it."""
    return pickle.loads(pickle.dumps(value))


def frozen(values: list[float], *, mask: Any) -> Any:
    """A masked array."""
    return np.ma.array(values, mask=mask)


def said(expected: Any, actual: Any, how: Any = exact) -> tuple[str, str] | None:
    """Kind and place of the first difference."""
    found = how.compare(expected, actual)
    return None if found is None else (found.kind, found.where)


def made(*values: Callable[[], Any]) -> Any:
    """Two values, made one after the other."""
    return tuple(value() for value in (values * 2)[:2])


LAMBDAS = [lambda x: x + 1, lambda x: x + 2]
SAME = [
    ({NAN: 1}, {float("nan"): 1}),
    ({(1, NAN): [NAN]}, {(1, float("nan")): [float("nan")]}),
    ({(1, NAN), "a"}, {"a", (1, float("nan"))}),
    ([Decimal("NaN")], [Decimal("NaN")]),
    (Plain(x=[NAN], y=Plain()), Plain(x=[float("nan")], y=Plain())),
    ({Plain(x=1)}, {Plain(x=1)}),
    ({Plain(x=1): 2}, {Plain(x=1): 2}),
    (Slotted(a=1), Slotted(a=1)),
    (Caching(1, seen="much"), Caching(1)),
    (Point(1, "a"), Point(1, "b")),
    (ValueError(3), ValueError(3)),
    (OSError(2, "no", "a"), OSError(2, "no", "a")),
    (ExceptionGroup("g", [KeyError(1)]), ExceptionGroup("g", [KeyError(1)])),
    (frozen([1.0, 7.0], mask=[0, 1]), frozen([1.0, 9.0], mask=[0, 1])),
    (frozen([1.0, 2.0], mask=False), frozen([1.0, 2.0], mask=[0, 0])),
    (unit([1.0], "m"), unit([1.0], "m")),
    (np.asarray(1.5), np.asarray(1.5)),
    (np.array([[1], [2, 3]], dtype=object), np.array([[1], [2, 3]], dtype=object)),
    (np.array([(1, [NAN, 2])], "i4,2f8"), np.array([(1, [NAN, 2])], "i4,2f8")),
    (np.rec.array([(1, 2.0)], names="a,b"), np.rec.array([(1, 2.0)], names="a,b")),
    (re.match("a.", "abc"), re.match("a.", "abc")),
    (re.compile("a"), re.compile("a")),
    (functools.partial(int, base=2), functools.partial(int, base=2)),
    (HOUR, datetime(2023, 10, 29, 2, tzinfo=ZoneInfo.no_cache("Europe/Rome"))),
    (random.Random(1), random.Random(1)),
    (np.random.default_rng(1), np.random.default_rng(1)),
    (io.StringIO("a"), io.StringIO("a")),
    (iter([1, 2]), iter([1, 2])),
    (Fraction(1, 3), Fraction(1, 3)),
    (Pair(1, NAN), Pair(1, float("nan"))),
    (tagged([1], "a"), tagged([1], "a")),
    (defaultdict(list, a=[1]), defaultdict(list, a=[1])),
    (deque([1], 3), deque([1], 3)),
    (ChainMap({1: 2}), ChainMap({1: 2})),
    (UserDict(a=[NAN]), UserDict(a=[float("nan")])),
    (MappingProxyType({1: [2]}), MappingProxyType({1: [2]})),
    (memoryview(b"ab"), memoryview(b"ab")),
    (PurePosixPath("a/b"), PurePosixPath("a", "b")),
    (Colour.RED, Colour.RED),
    (slice(1, 2), slice(1, 2)),
    (nested(10_000), nested(10_000)),
]  # fmt: skip
DIFFERENT = [
    (frozen([1.0], mask=[0]), frozen([1.0], mask=[1]), "mask", "[0]"),
    (frozen([1.0, 2.0], mask=[0, 1]), frozen([3.0, 2.0], mask=[0, 1]), "value", "[0]"),
    (np.ma.masked, frozen([0.0], mask=[1])[0:0].sum(), None, ""),
    (unit([1.0], "m"), unit([1.0], "s"), "value", ".unit"),
    ({NAN: 1}, {float("nan"): 2}, "value", "[nan]"),
    ({NAN: 1}, {1.0: 1}, "keys", ""),
    ({(NAN, 1)}, {(NAN, 2)}, "value", ""),
    ([Decimal(1)], [Decimal("1.00")], "precision", "[0]"),
    ([Decimal("NaN")], [Decimal("sNaN")], "value", "[0]"),
    ([Decimal("NaN")], [Decimal("NaN123")], "value", "[0]"),
    (SimpleNamespace(n=3), SimpleNamespace(n=3.0), "type", ".n"),
    (Plain(x=[1, {2: Plain(y=3)}]), Plain(x=[1, {2: Plain(y=4)}]), "value", ".x[1][2].y"),
    (Plain(x=1), Plain(x=1, y=2), "keys", ".y"),
    (Slotted(a=1, b=2), Slotted(a=1), "keys", ".b"),
    (Caching(1), Caching(1.0), "type", "._x"),
    (Caching(1), Caching(2), "value", "._x"),
    (Point([1]), Point([2]), "value", ".x[0]"),
    (ValueError(3), ValueError(4), "value", ".args[0]"),
    (ValueError(3), KeyError(3), "type", ""),
    (OSError(2, "no", "a"), OSError(2, "no", "b"), "value", ".args[0][2]"),
    (HOUR, HOUR.replace(fold=1), "fold", ".fold"),
    (time(1, tzinfo=UTC), time(1), "zone", ""),
    (datetime(2023, 1, 1, 11, tzinfo=UTC), datetime(2023, 1, 1, 12, tzinfo=ROME), "zone", ""),
    (datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 1, 1, tzinfo=ZoneInfo("UTC")), "zone", ""),
    (OrderedDict(a=1, b=2), OrderedDict(b=2, a=1), "order", "[key 0]"),
    (Counter("aab"), Counter("abb"), "value", "['a']"),
    (defaultdict(list), defaultdict(set), "value", ".default_factory"),
    (deque([1], 3), deque([1], 4), "value", ".maxlen"),
    (tagged([1], "a"), tagged([1], "b"), "value", ".tag"),
    (Pair(1, [2]), Pair(1, [3]), "value", ".right[0]"),
    (Colour.RED, Colour.BLUE, "value", ".name"),
    (functools.partial(int, base=2), functools.partial(int, base=3), "value", ".keywords['base']"),
    (LAMBDAS[0], LAMBDAS[1], "value", ".__code__"),
    (re.match("a.", "abc"), re.match("a.", "acc"), "value", ".string"),
    (random.Random(1), random.Random(2), "value", ".getstate()[1][1]"),
    (io.StringIO("a"), io.StringIO("b"), "value", ".getvalue()"),
    (iter([1, 2]), iter([1, 3]), "value", "[1][0][1]"),
    (itertools.count(3), itertools.count(4), "value", "[1][0]"),
    (memoryview(b"ab"), memoryview(b"ac"), "value", "[1]"),
    (memoryview(b"abcd"), memoryview(b"abcd").cast("i"), "dtype", ""),
    (np.array([[1], [2, 3]], dtype=object), np.array([[1], [2, 4]], dtype=object), "value", "[1][1]"),
    (np.array([(1, 2.0)], "i4,f8"), np.array([(1, 3.0)], "i4,f8"), "value", "['f1'][0]"),
    (UserDict(a=1), UserDict(a=2), "value", ".data['a']"),
    (int, float, "value", ""),
]  # fmt: skip


@pytest.mark.parametrize("pair", SAME, ids=lambda pair: type(pair[0]).__name__)
def test_values_that_are_the_same(pair: tuple[Any, Any]) -> None:
    """Whatever they are made of, and in either direction."""
    assert said(*pair) is None
    assert said(*pair[::-1]) is None


@pytest.mark.parametrize(
    ("one", "other", "kind", "where"), [row for row in DIFFERENT if row[2]], ids=lambda one: type(one).__name__
)  # fmt: skip
def test_differences_are_found_inside(one: Any, other: Any, kind: str, where: str) -> None:
    """With the word for them, and the path."""
    assert (kind, where) == said([one], [other], exact) or said(one, other) == (kind, where)
    assert said(other, one) is not None


HOLDERS: dict[str, Callable[[Any], Any]] = {
    "namespace": lambda one: SimpleNamespace(v=one),
    "plain": lambda one: Plain(v=one),
    "slots": lambda one: Slotted(a=one),
    "dataclass": Point,
    "named tuple": lambda one: Pair(1, one),
    "list": lambda one: [one],
    "tuple": lambda one: (one, "a"),
    "dict": lambda one: {"a": one},
    "key": lambda one: {one: 1},
    "member": lambda one: {one},
    "frozen member": lambda one: {frozenset({(one, "a")})},
    "exception": ValueError,
    "object array": lambda one: np.array([one, None], dtype=object),
    "default dict": lambda one: defaultdict(list, a=one),
    "ordered": lambda one: OrderedDict(a=one),
    "deque": lambda one: deque([one]),
    "partial": lambda one: functools.partial(int, one),
    "own equality": Caching,
    "list subclass": lambda one: tagged([one], ""),
}


@pytest.mark.parametrize("name", HOLDERS)
def test_tolerance_and_strictness_reach_into(name: str) -> None:
    """Everything that holds a number: a rounding error passes under a tolerance, another type never does."""
    hold = HOLDERS[name]

    assert said(hold(0.3), hold(0.1 + 0.2)) is not None
    assert said(hold(0.3), hold(0.1 + 0.2), close(1e-9)) is None
    assert said(hold(0.3), hold(0.1 + 0.2), ulps(1)) is None
    assert said(hold(0.3), hold(0.4), close(1e-9)) is not None
    assert said(hold(3), hold(3.0)) is not None
    assert said(hold(3), hold(3.0), close(1e-9)) is not None
    assert said(hold(NAN), hold(float("nan"))) is None
    assert said(hold(NAN), hold(float("nan")), replace(exact, nan_equal=False)) is not None
    assert said(hold(0.0), hold(-0.0), replace(exact, signed_zero=True)) is not None
    assert said(hold(0.0), hold(-0.0)) is None


def test_records_of_libraries_are_walked() -> None:
    """attrs, msgspec and pydantic: by fields, tolerances and all."""
    attrs, msgspec = pytest.importorskip("attrs"), pytest.importorskip("msgspec")
    pydantic = pytest.importorskip("pydantic")
    kinds = [
        attrs.make_class("A", ["m"]),
        msgspec.defstruct("S", ["m"]),
        pydantic.create_model("M", m=(Any, ...)),
    ]
    for kind in kinds:
        assert said(kind(m=0.3), kind(m=0.1 + 0.2), close(1e-9)) is None
        assert said(kind(m=0.3), kind(m=0.1 + 0.2)) == ("precision", ".m")
        assert said(kind(m=3), kind(m=3.0)) == ("type", ".m")
        assert said(kind(m=np.ones(2)), kind(m=np.ones(2))) is None


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (threading.Lock, "_thread.lock"),
        (object, "object"),
        (lambda: (one for one in [1]), "generator"),
        (lambda: memoryview, None),
    ],
)
def test_what_the_walk_does_not_know_is_said(value: Callable[[], Any], name: str | None) -> None:
    """Never guessed by identity: a sentence with the type and what to do."""
    if name is None:
        assert said([value()], [value()]) is None
        return
    with pytest.raises(NotComparable) as refused:
        exact.compare([value()], [value()])

    assert f"{name} defines no equality" == refused.value.problem
    assert "same=relation(name, differ)" in refused.value.remedy
    one = value()
    assert exact.compare([one], [one]) is None
    watching = Settings(watching=True)
    assert first_difference(watching, [value()], [value()]) is None


class Hostile:
    """Everything it is asked raises."""

    __slots__ = ("x",)

    def __getstate__(self) -> Any:
        raise OSError("ask somebody else")

    def __eq__(self, other: object) -> bool:
        raise OSError("ask somebody else")

    def __bool__(self) -> bool:
        raise OSError("ask somebody else")

    __len__ = __repr__ = __iter__ = __bool__  # type: ignore[assignment]
    __hash__ = None  # type: ignore[assignment]


def test_what_strangers_raise_is_the_judges_limit() -> None:
    """With the type's name: nobody's variant is charged with it."""
    one, other = made(Hostile)
    with pytest.raises(NotComparable, match=r"Hostile at answer\[0\]\['a'\]: that raised OSError"):
        exact.compare([{"a": one}], [{"a": other}])
    assert said([one], [1]) == ("type", "[0]")


class Refusing:
    """Refuses to be pickled, each in its way."""

    error: Exception = TypeError("never pickled")

    def __init__(self, x: Any) -> None:
        self.x = x

    def refuse(self, *_: object) -> Any:
        raise self.error


@pytest.mark.parametrize("way", ["__reduce__", "__reduce_ex__", "__getstate__"])
@pytest.mark.parametrize("base", [Refusing, type("Failing", (Refusing, Exception), {})])
@pytest.mark.parametrize("error", [TypeError(1), pickle.PicklingError(1), ValueError(1)])
def test_what_refuses_to_be_pickled_is_not_the_same(base: Any, way: str, error: Any) -> None:
    """Its fields are compared, or the judge says that it cannot; a change of an argument is always seen."""
    kind = type("Kind", (base,), {way: Refusing.refuse, "error": error})
    try:
        assert said(kind([1]), kind([2])) is not None
        assert said(kind([1]), kind([1])) is None
    except NotComparable:
        assert isinstance(error, ValueError)
    assert "changed" in changed(([kind([2])],), ([kind([1])],), Settings(watching=True))
    assert not changed(([kind([1])],), ([kind([1])],), Settings(watching=True))


def test_a_change_beside_what_raises_is_seen() -> None:
    """What cannot be compared is passed over, and not all that comes after it."""
    before, after = ([Hostile(), [x]] for x in (1, 2))

    assert "value differs at [1][0]" in changed((after,), (before,), Settings(watching=True))


def test_subclasses_that_hold_themselves_are_walked_once() -> None:
    """A list with an attribute that is the list itself."""
    one, other = Tagged([1]), Tagged([1])
    one.tag, other.tag = one, other  # type: ignore[assignment]

    assert said(one, other) is None


def test_wrappers_are_what_they_wrap() -> None:
    """Two cached functions of one name: by code, closure and the size of the cache."""

    def cached(n: int, size: int = 4) -> Any:
        @functools.lru_cache(size)
        def add(x: int) -> int:
            return x + n

        return add

    assert said([cached(1)], [cached(1)]) is None
    assert said([cached(1)], [cached(2)]) == ("value", "[0].__wrapped__.__closure__[0]")
    assert said([cached(1)], [cached(1, 5)]) is not None


def test_ten_thousand_levels_and_cycles() -> None:
    """No recursion; a long path is cut; a cycle is walked once; sharing costs nothing."""
    one, other = nested(10_000), nested(10_000, last="x")
    found = exact.compare(one, other)
    shared: Any = [1.5]
    for _ in range(200):
        shared = [shared, shared]
    ring: list[Any] = [Plain()]
    ring[0].back = ring

    assert found is not None
    assert "levels" in found.where
    assert len(found.where) < 400
    assert exact.compare(shared, apart(shared)) is None
    assert exact.compare(ring, apart(ring)) is None
    assert said(Tagged([ring]), apart(Tagged([ring]))) is None


def test_unordered_never_drops_a_value() -> None:
    """Of a mapping keys and values, of an ordered one without its order; sets as they are."""
    free = unordered(exact)

    assert said({1: 2}, {1: 0}, free) == ("value", "[1]")
    assert said(OrderedDict(a=1, b=2), OrderedDict(b=2, a=1), free) is None
    assert said(OrderedDict(a=1, b=2), OrderedDict(b=1, a=2), free) is not None
    assert said({1: 0.3}, {1: 0.1 + 0.2}, unordered(close(1e-9))) is None
    assert said([OrderedDict(a=1, b=2)], [OrderedDict(b=2, a=1)], free) is not None
    within = relation("by length", lambda one, other: None)
    assert said({1: 2, 3: 4}, {1: 9, 3: 4}, unordered(within)) is None


@pytest.mark.parametrize("key", [NAN, (NAN, 1), frozenset({NAN})])
def test_keys_that_come_twice_are_counted(key: Any) -> None:
    """NaN is another key each time; so is what holds one."""
    once, twice = {key: 1}, {key: 1, pickle.loads(pickle.dumps(key)): 1}

    assert len(twice) == 2
    for how in (exact, unordered(exact), unordered(close(1e-9))):
        assert said([once], [twice], how) is not None
        assert said([twice], [apart(twice)], how) is None


def test_numbers_of_dicts_are_matched_in_any_order() -> None:
    """Under a tolerance: the order of the keys of an item says nothing."""
    one = [{"a": 1.0, "b": 9.0}, {"a": 2.0, "b": 3.0}]
    other = [dict(reversed(item.items())) for item in one]

    assert said(one, other, unordered(close(1e-9))) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (deque([1, 2], 5), deque([1, 2], 6)),
        (array("i", [1]), array("q", [1])),
        (np.array([1, 2], ">i8"), np.array([1, 2], "<i8")),
        (np.array(["a"], "<U1"), np.array(["a"], "<U9")),
        (memoryview(b"a"), memoryview(b"a").cast("b")),
        (tagged([1], "a"), tagged([1], "b")),
        (defaultdict(int, {1: 2}), defaultdict(list, {1: 2})),
    ],
)
def test_unordered_compares_the_container_as_well(one: Any, other: Any) -> None:
    """What it is beside its items differs as it does without ``unordered``, whatever compares the items."""
    equal = relation("equal", exact.compare)
    for how in (
        unordered(exact),
        unordered(close(1e-9)),
        unordered(exact, key=str),
        unordered(equal),
    ):
        assert said(one, other, how) == said(one, other), how
        assert said(one, one, how) is None


def test_unordered_needs_no_repr_no_hash_and_no_order() -> None:
    """Arrays that numpy shortens, objects, dicts; within a tolerance too."""
    rows = [np.eye(1, 1001, 500 + place)[0] for place in range(3)]
    noisy = [row * (1 + 1e-12) for row in rows]
    things = [Plain(x=[place], y={"a": place}) for place in range(30)]
    wrong = [*things[1:], Plain(x=[99], y={"a": 99})]
    free, near = unordered(exact), unordered(close(1e-9))

    assert said(rows, rows[::-1], free) is None
    assert said(rows, noisy[::-1], free) is not None
    assert said(rows, noisy[::-1], near) is None
    assert said(things, apart(things[::-1]), free) is None
    assert said(things, wrong, free) is not None
    assert said([{"a": Plain(v=0.3)}, None], [None, {"a": Plain(v=0.1 + 0.2)}], near) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ([0.0, 1.0], [2.0, 1.0], True),
        ([0.0, 1.0], [2.0, 2.5], False),
        ([(0.0, 0.0), (1.0, 1.0)], [(1.0, 1.0), (2.0, 2.0)], True),
        ([(0.0, 5.0), (1.0, 0.0)], [(0.5, 0.5), (0.5, 4.5)], True),
        ([{"a": 0.0}, {"a": NAN}], [{"a": NAN}, {"a": 0.5}], True),
        ([1 + 1j, 5j], [5j, 1 + 1.5j], True),
        ([float("inf"), 0.0], [0.5, float("inf")], True),
        ([float("inf"), 0.0], [0.5, -float("inf")], False),
    ],
)
def test_items_within_a_tolerance_are_matched_not_sorted(one: Any, other: Any, same: bool) -> None:
    """Any pairing that fits is found, also where the nearest item belongs to another."""
    assert same == (said(one, other, unordered(close(0, 1.0))) is None)


def test_matching_finds_what_trying_all_pairings_finds() -> None:
    """A differential test against every permutation, of small lists of pairs of numbers."""
    source, how = random.Random(5), close(0, 1.0)
    for _ in range(400):
        count = source.randint(1, 4)
        one, other = (
            [(source.uniform(0, 4), source.uniform(0, 2)) for _ in range(count)] for _ in "ab"
        )
        found = any(how.compare(one, list(way)) is None for way in itertools.permutations(other))

        assert found == (unordered(how).compare(one, other) is None), (one, other)


def test_large_unordered_lists_take_no_square_of_time() -> None:
    """Twenty thousand records: tried one by one they would be four hundred million pairs, which is refused."""
    source = random.Random(1)
    rows = [{"id": place, "at": (source.random(), source.random())} for place in range(20_000)]
    other = apart(rows)
    source.shuffle(other)
    other[0]["at"] = tuple(one * (1 + 1e-13) for one in other[0]["at"])

    assert said(rows, other, unordered(close(1e-9))) is None


def test_too_many_items_without_a_key_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the remedy is named; with it, or with items that have fields, number is no matter."""
    monkeypatch.setattr(matching, "_MOST_TRIED", 500)
    parts = [functools.partial(int, place) for place in range(60)]
    things = [Plain(x=place) for place in range(1500)]
    with pytest.raises(NotComparable, match="no key tells which") as refused:
        unordered(exact).compare(parts, parts[::-1])

    assert "unordered(inner, key=" in refused.value.remedy
    assert said(parts, parts[::-1], unordered(exact, key=lambda one: one.args)) is None
    assert said(things, apart(things[::-1]), unordered(exact)) is None


def test_two_classes_may_count_as_one() -> None:
    """For two revisions in one process: a class of each, alike in name, is compared by value."""

    def twin() -> Any:
        return type("Twin", (), {"__module__": "twins"})

    first, second = twin(), twin()
    one, other, unlike = first(), second(), second()
    one.x, other.x, unlike.x = [1], [1], [2]

    def alike(one: type, other: type) -> bool:
        return (one.__module__, one.__qualname__) == (other.__module__, other.__qualname__)

    for how in (exact, unordered(exact)):
        assert difference(how, (), [one], [other]) is not None
        assert difference(how, (), [one], [other], same_class=alike) is None
        assert difference(how, (), [one], [unlike], same_class=alike) is not None
        assert difference(how, (), [first], [second], same_class=alike) is None


class Opaque:
    """Holds what it is in a generator, which nobody can compare."""

    def __init__(self, n: float) -> None:
        self.inside = (one for one in [n])
        self.n = n


def test_a_type_may_say_what_it_consists_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """At run time, or by an entry point that another package offers; tolerances reach in."""
    monkeypatch.setattr(registry, "_GIVEN", {})
    with pytest.raises(NotComparable):
        exact.compare(Opaque(1), Opaque(1))
    comparable(Opaque, lambda one: {"n": one.n})

    assert said(Opaque(0.3), Opaque(0.1 + 0.2)) == ("precision", ".n")
    assert said(Opaque(0.3), Opaque(0.1 + 0.2), close(1e-9)) is None

    monkeypatch.setattr(registry, "_GIVEN", {})
    point = SimpleNamespace(load=lambda: lambda one: {"n": one.n})
    name = f"{Opaque.__module__}.{Opaque.__qualname__}"
    monkeypatch.setattr(registry, "_points", lambda: {name: point})

    assert said(Opaque(1), Opaque(2)) == ("value", ".n")
    assert said(Opaque(1), Opaque(1)) is None


def test_relations_are_still_what_they_were() -> None:
    """The public names, and the sentence of the certificate."""
    how = replace(exact, nan_equal=False, signed_zero=True)

    assert isinstance(how, Strict)
    assert "exact; NaN differs from NaN; -0.0 differs from 0.0" == how.describe()
    assert "unordered, items close(rtol=1e-09, atol=0); NaN equals NaN; -0.0 equals 0.0" == unordered(close(1e-9)).describe()  # fmt: skip
