"""Lists, tuples, mappings, sets and what else Python itself has of containers and plain values."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, defaultdict, deque
from itertools import count, repeat
from typing import TYPE_CHECKING, Any

from harness.judge.comparison import matching, scalars
from harness.judge.comparison.words import INDEX, ITEM, KEY, MEMBER, odd_ones, other_value, show
from harness.model.declared import Difference

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.judge.comparison.settings import Settings
    from harness.judge.comparison.walk import Handler, Pairs, Walk

PLAIN: frozenset[type] = frozenset({int, str, bool, bytes, type(None), bytearray, range, type(...)})
"""Types whose ``==`` is all there is to say, once the types are the same."""
_ATOMS: frozenset[type] = frozenset({int, str, bool, bytes, type(None)})
_NUMBERS: frozenset[type] = frozenset({*_ATOMS, float, complex})
_MISSING = object()
_MANY = 50


def _atoms(settings: Settings) -> frozenset[type]:
    """Types whose values may be compared many at a time, by the containers' own ``==``."""
    return _NUMBERS if settings.nan_equal and not settings.signed_zero else _ATOMS


def plain(expected: Any, actual: Any, walk: Walk) -> Difference | None:
    """Compare by ``==``."""
    return None if expected == actual else other_value(expected, actual)


def sequences(expected: Any, actual: Any, walk: Walk) -> Difference | Pairs | None:
    """Compare lists, tuples and what has items in an order."""
    if len(expected) != len(actual):
        return Difference("count", "", f"{len(expected)} items", f"{len(actual)} items")
    if _alike_at_once(expected, actual, walk) or not walk.first_time(expected, actual):
        return None
    return zip(expected, actual, repeat(INDEX), count())


def _alike_at_once(expected: Any, actual: Any, walk: Walk) -> bool:
    """Whether a list of plain values equals another: no loop of ours, for most data."""
    kinds = list(map(type, expected))
    return (
        _atoms(walk.settings).issuperset(kinds)
        and kinds == list(map(type, actual))
        and bool(expected == actual)
    )


def deques(expected: Any, actual: Any, walk: Walk) -> Difference | Pairs | None:
    """Compare deques; how many items one may hold belongs to it."""
    return lengths_allowed(expected, actual) or sequences(expected, actual, walk)


def lengths_allowed(expected: Any, actual: Any) -> Difference | None:
    """Compare how many items two deques may hold."""
    if expected.maxlen == actual.maxlen:
        return None
    return other_value(expected.maxlen, actual.maxlen, where=".maxlen")


def typed_arrays(expected: Any, actual: Any, walk: Walk) -> Difference | Pairs | None:
    """Compare two of ``array.array``."""
    if found := typecodes(expected, actual):
        return found
    if expected.tobytes() == actual.tobytes() and walk.settings.nan_equal:
        return None
    return sequences(expected, actual, walk)


def typecodes(expected: Any, actual: Any) -> Difference | None:
    """Compare what two of ``array.array`` may hold."""
    one, other = f"array({expected.typecode!r})", f"array({actual.typecode!r})"
    return None if one == other else Difference("dtype", "", one, other)


def views(expected: memoryview, actual: memoryview, walk: Walk) -> Difference | Pairs | None:
    """Compare memoryviews: format, shape, bytes."""
    if found := formats(expected, actual):
        return found
    if expected.tobytes() == actual.tobytes() and walk.settings.nan_equal:
        return None
    return zip(*map(_listed, (expected, actual)), repeat(INDEX), count())


def formats(expected: memoryview, actual: memoryview) -> Difference | None:
    """Compare what two memoryviews show their bytes as."""
    for name in ("format", "shape"):
        one, other = getattr(expected, name), getattr(actual, name)
        if one != other:
            return Difference("dtype" if name == "format" else name, "", str(one), str(other))
    return None


def _listed(view: memoryview) -> list[Any]:
    listed = view.tolist()
    return listed if isinstance(listed, list) else [listed]


def mappings(expected: Any, actual: Any, walk: Walk) -> Difference | Pairs | None:
    """Compare keys, then each key's value; the order counts where the type has one."""
    if len(expected) != len(actual):
        return _other_keys(list(expected), list(actual), actual)
    if _alike_mappings(expected, actual, walk.settings):
        return None
    if type(expected) is dict is type(actual) and _same_keys(expected, actual):
        return _by_place(expected, actual, walk)
    if not walk.first_time(expected, actual):
        return None
    ordered = walk.settings.order and isinstance(expected, OrderedDict)
    if ordered and isinstance(actual, OrderedDict):
        return _in_order(expected, actual, walk)
    found = partners(expected, actual, walk.settings)
    if found is None:
        return _other_keys(list(expected), list(actual), actual)
    return _values(expected, actual, found, walk.settings)


def _alike_mappings(expected: Any, actual: Any, settings: Settings) -> bool:
    """Whether two large dicts are equal by ``==``: one type of keys and one of values leave no doubt."""
    if type(expected) is not dict or type(actual) is not dict or len(expected) < _MANY:
        return False
    kinds = [set(map(type, one)) for one in (expected, actual, expected.values(), actual.values())]
    sure = all(len(kind) == 1 and kind <= _atoms(settings) for kind in kinds)
    return sure and kinds[0] == kinds[1] and kinds[2] == kinds[3] and expected == actual


def _same_keys(expected: dict[Any, Any], actual: dict[Any, Any]) -> bool:
    """Whether two dicts have the same texts as keys, in one order, as records have."""
    ours = list(expected)
    return ours == list(actual) and set(map(type, ours)) == {str} == set(map(type, actual))


def _by_place(expected: dict[str, Any], actual: dict[str, Any], walk: Walk) -> Pairs | None:
    ours, theirs = list(expected.values()), list(actual.values())
    if _alike_at_once(ours, theirs, walk) or not walk.first_time(expected, actual):
        return None
    return zip(ours, theirs, repeat(ITEM), expected)


def _in_order(expected: Any, actual: Any, walk: Walk) -> Difference | Pairs:
    found = partners(expected, actual, walk.settings)
    if found is None:
        return _other_keys(list(expected), list(actual), actual)
    place = next(
        (
            i
            for i, ((_, one), other) in enumerate(zip(found, actual, strict=True))
            if one is not other
        ),
        None,
    )
    if place is None:
        return _values(expected, actual, found, walk.settings)
    one, other = list(expected)[place], list(actual)[place]
    return Difference("order", f"[key {place}]", show(one), show(other), "the order of the keys")


def _values(expected: Any, actual: Any, found: list[tuple[Any, Any]], settings: Settings) -> Pairs:
    for one, other in found:
        if not _surely_one(one, other, settings):
            yield one, other, KEY, one  # 1, 1.0 and True are one key to a dict, but not one answer
        yield expected[one], actual[other], ITEM, one


def _surely_one(one: Any, other: Any, settings: Settings) -> bool:
    return type(one) is str is type(other) or (one is other and settings.nan_equal)


def _other_keys(expected: list[Any], actual: list[Any], found: Any) -> Difference:
    left, right = _unmatched(expected, actual)
    said = odd_ones(left, right)
    return Difference("keys", "", f"{len(expected)} keys", f"{len(actual)} keys", said)


def _unmatched(expected: Iterable[Any], actual: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """What either has that the other has not, by hash, NaN aside: for words only."""
    ours, theirs = set(expected), set(actual)
    nans = [sum(map(_is_nan, each)) for each in (ours, theirs)]
    if nans[0] == nans[1]:
        ours, theirs = ({one for one in each if not _is_nan(one)} for each in (ours, theirs))
    return [one for one in ours if one not in theirs], [one for one in theirs if one not in ours]


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def partners(expected: Any, actual: Any, settings: Settings) -> list[tuple[Any, Any]] | None:
    """Return each key or member with the one it equals, in the order of ``expected``; None: some have none.

    By their hash where that finds them; else by their value: a NaN from another process has another
    hash, and a tolerance knows no hashes.
    """
    index = dict(zip(actual, actual, strict=True))
    found, left = [], []
    for one in expected:
        other = index.pop(one, _MISSING)
        found.append((one, other))
        if other is _MISSING:
            left.append(one)
    if not left:
        return found
    matched = matching.match(left, list(index.values()), settings)
    if matched is None and settings.near:
        every = list(actual)
        matched = matching.match(list(expected), every, settings)
        return None if matched is None else list(zip(expected, matched, strict=True))
    if matched is None:
        return None
    rest = iter(matched)
    return [(one, next(rest) if other is _MISSING else other) for one, other in found]


def sets(expected: Any, actual: Any, walk: Walk) -> Difference | Pairs | None:
    """Compare members; 1, 1.0 and True are one member to a set, but not one answer."""
    kinds = set(map(type, expected))
    sure = len(kinds) <= 1 and kinds <= _atoms(walk.settings) and kinds == set(map(type, actual))
    if sure and expected == actual:
        return None
    if len(expected) != len(actual):
        said = odd_ones(*_unmatched(expected, actual))
        return Difference("count", "", f"{len(expected)} members", f"{len(actual)} members", said)
    found = partners(expected, actual, walk.settings)
    if found is None:
        return other_value(expected, actual, odd_ones(*_unmatched(expected, actual)))
    settings = walk.settings
    return (
        (one, other, MEMBER, one) for one, other in found if not _surely_one(one, other, settings)
    )


def default_dicts(expected: Any, actual: Any, walk: Walk) -> Difference | Pairs | None:
    """Compare as dicts; what a missing key gives belongs to it."""
    found = mappings(expected, actual, walk)
    if isinstance(found, Difference):
        return found
    factory = (expected.default_factory, actual.default_factory, "field", "default_factory")
    return iter((factory, *(found or ())))


HANDLERS: dict[type, Handler] = {
    **dict.fromkeys((int, bool, str, bytes, bytearray, range, type(None), type(...)), plain),
    float: scalars.floats,
    complex: scalars.complexes,
    list: sequences,
    tuple: sequences,
    dict: mappings,
    OrderedDict: mappings,
    Counter: mappings,
    defaultdict: default_dicts,
    set: sets,
    frozenset: sets,
    deque: deques,
    memoryview: views,
}
"""How the types of Python's own are compared."""
