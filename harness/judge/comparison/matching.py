"""Which item is which, where no order tells: by a key of its value, else by trying, within a tolerance.

Most items have a *key*: a hashable value that is the same exactly where the walk finds no
difference.  Under a tolerance the numbers are taken out of it; items of one key are then sorted by
their numbers.  What is left is matched by augmenting paths (H. W. Kuhn 1955), over those pairs only
whose first numbers are near.  So ordinary data cost n log n, and no repr, hash or order is needed.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.judge.comparison.words import NotComparable

if TYPE_CHECKING:
    from harness.judge.comparison.settings import Settings

Alike: TypeAlias = Callable[[Any, Any], bool]
_MOST_TRIED = 200_000
"""Pairs that are compared one by one before the judge gives up: seconds."""
_MOST_LEVELS = 60
_PLAIN = frozenset({int, str, bool, bytes, type(None)})
_PLAIN_OR_FLOAT = frozenset({*_PLAIN, float})
_MOST_NUMBERS = 8


class _NoKey(Exception):
    """This value has no key: it must be tried."""


def match(left: list[Any], right: list[Any], settings: Settings) -> list[Any] | None:
    """Return the item of ``right`` that belongs to each of ``left``, in its order; None: there is no such pairing."""
    from harness.judge.comparison.walk import first_difference

    def alike(one: Any, other: Any) -> bool:
        return first_difference(settings, one, other) is None

    if len(left) != len(right):
        return None
    found = (_by_sorted_keys if settings.near else _by_keys)(left, right, settings, alike)
    return None if found is None else [right[place] for place in found]


def same_items(left: list[Any], right: list[Any], settings: Settings) -> bool:
    """Whether two lists hold the same items, in any order."""
    if len(left) != len(right):
        return False
    quick = _plain_pairing(left, right, settings)
    return match(left, right, settings) is not None if quick is None else quick


def match_by(left: list[Any], right: list[Any], settings: Settings, alike: Alike) -> bool:
    """Whether there is a pairing under a relation of the case's own; equal items are paired first."""
    if len(left) != len(right):
        return False
    taken, _ = _paired_by_key(left, right, settings)
    return _augmented(left, right, alike, _Guess(taken)) is not None


def _plain_pairing(left: list[Any], right: list[Any], settings: Settings) -> bool | None:
    """Whether plain values, or tuples of such, are the same multiset; None: it takes more to say."""
    kinds = set(map(type, left)), set(map(type, right))
    if settings.interchangeable or settings.signed_zero or settings.same_class is not None:
        return None
    if kinds[0] == kinds[1] == {float}:
        return _float_pairing(left, right, settings)
    if not (kinds[0] | kinds[1]) <= {*_PLAIN, tuple}:
        return None
    if len(kinds[0]) == 1 and kinds[0] == kinds[1] and kinds[0] <= _PLAIN:
        return Counter(left) == Counter(right)
    shapes = [list(map(_shape, one)) for one in (left, right)]
    kinds_inside: set[Any] = set().union(*shapes)
    if None in kinds_inside or (settings.near and any(_has_float(one) for one in kinds_inside)):
        return None
    one, other = (
        Counter(zip(*each, strict=True)) for each in zip(shapes, (left, right), strict=True)
    )
    return one == other


def _shape(item: Any) -> Any:
    """The types that an item and its parts have; None where the item's own ``==`` does not tell all."""
    if type(item) is not tuple:
        return type(item)
    kinds = tuple(map(type, item))
    if _PLAIN.issuperset(kinds):
        return kinds
    if not _PLAIN_OR_FLOAT.issuperset(kinds) or any(one != one for one in item):  # noqa: PLR0124
        return None
    return kinds


def _has_float(shape: Any) -> bool:
    return isinstance(shape, tuple) and float in shape


def _float_pairing(left: list[float], right: list[float], settings: Settings) -> bool | None:
    """Sorted, the first with the first: if any pairing of intervals with numbers fits, this one does."""
    from harness.judge.comparison.scalars import floats_agree

    numbers = [[one for one in each if not math.isnan(one)] for each in (left, right)]
    if len(numbers[0]) != len(numbers[1]) or settings.rtol > 1:
        return False if settings.rtol <= 1 else None
    if len(numbers[0]) < len(left) and not settings.nan_equal:
        return False
    ours, theirs = map(sorted, numbers)
    return ours == theirs or all(
        floats_agree(one, other, settings) for one, other in zip(ours, theirs, strict=True)
    )


def left_over(left: list[Any], right: list[Any], settings: Settings) -> tuple[list[Any], list[Any]]:
    """Return the items without an equal one on the other side, by their keys: for words only."""
    taken, _ = _paired_by_key(left, right, settings)
    used = set(taken)
    missing = [one for one, place in zip(left, taken, strict=True) if place is None]
    return missing, [one for place, one in enumerate(right) if place not in used]


def _by_keys(
    left: list[Any], right: list[Any], settings: Settings, alike: Alike
) -> list[int] | None:
    taken, sure = _paired_by_key(left, right, settings)
    if None not in taken:
        return [place for place in taken if place is not None]
    if sure:
        return None
    used = set(taken)
    ours = [place for place, one in enumerate(taken) if one is None]
    theirs = [place for place in range(len(right)) if place not in used]
    rest = _augmented([left[i] for i in ours], [right[i] for i in theirs], alike, _Guess())
    if rest is None:
        return None
    for place, other in zip(ours, rest, strict=True):
        taken[place] = theirs[other]
    return [place for place in taken if place is not None]


def _paired_by_key(
    left: list[Any], right: list[Any], settings: Settings
) -> tuple[list[int | None], bool]:
    """Pair equal keys; and say whether unlike keys are surely unlike items."""
    keys = Keys(settings)
    theirs: defaultdict[Any, list[int]] = defaultdict(list)
    for place, one in enumerate(right):
        if (key := keys.of(one)) is not None:
            theirs[key].append(place)
    for places in theirs.values():
        places.reverse()
    taken: list[int | None] = []
    for one in left:
        places = theirs.get(keys.of(one)) or []
        taken.append(places.pop() if places else None)
    return taken, keys.sure


def _by_sorted_keys(
    left: list[Any], right: list[Any], settings: Settings, alike: Alike
) -> list[int] | None:
    """Under a tolerance: items that are alike but for their numbers, then the numbers in order."""
    keys = Keys(settings, apart=True)
    groups: dict[Any, tuple[list[_Numbered], list[_Numbered]]] = {}
    for side, items in enumerate((left, right)):
        for place, one in enumerate(items):
            key, numbers = keys.with_numbers(one)
            groups.setdefault(key, ([], []))[side].append(_Numbered(numbers, place))
    taken: dict[int, int] = {}
    for ours, theirs in groups.values():
        if len(ours) != len(theirs):
            if keys.sure:
                return None
            return _augmented(left, right, alike, _Guess())
        if not _group(_Group(ours, theirs, left, right), settings, alike, taken):
            return None if keys.sure else _augmented(left, right, alike, _Guess())
    return [taken[place] for place in range(len(left))]


@dataclass(frozen=True, slots=True, order=True)
class _Numbered:
    """An item by its numbers."""

    numbers: tuple[float, ...]
    place: int


@dataclass(frozen=True, slots=True)
class _Group:
    """Items of both sides that differ in numbers only."""

    ours: list[_Numbered]
    theirs: list[_Numbered]
    left: list[Any]
    right: list[Any]


def _group(group: _Group, settings: Settings, alike: Alike, taken: dict[int, int]) -> bool:
    ours, theirs = sorted(group.ours), sorted(group.theirs)
    left, right = (
        [group.left[one.place] for one in ours],
        [group.right[one.place] for one in theirs],
    )
    if alike(left, right):
        taken.update((one.place, other.place) for one, other in zip(ours, theirs, strict=True))
        return True
    if ours and len(ours[0].numbers) == 1 and settings.rtol <= 1:
        return False  # intervals round one number each: if any pairing fits, the sorted one does
    found = _augmented(left, right, alike, _Guess(near=_Near.of(ours, theirs, settings)))
    if found is None:
        return False
    taken.update((one.place, theirs[other].place) for one, other in zip(ours, found, strict=True))
    return True


@dataclass(frozen=True, slots=True)
class _Near:
    """Which items of the right have a first number near to that of one of the left."""

    firsts: list[float]
    reach: list[tuple[float, float]]

    @classmethod
    def of(cls, ours: list[_Numbered], theirs: list[_Numbered], settings: Settings) -> _Near | None:
        """None where there are no numbers to go by."""
        if not ours or not ours[0].numbers:
            return None
        rtol = settings.rtol + settings.most_ulps * 4.5e-16
        atol = settings.atol + settings.most_ulps * 1e-323
        sizes = [sum(map(abs, one.numbers[:2])) for one in ours]  # two may be one complex number
        wide = [atol + rtol * size * (1 + 1e-12) for size in sizes]
        reach = [
            (one.numbers[0] - much, one.numbers[0] + much)
            for one, much in zip(ours, wide, strict=True)
        ]
        return cls([one.numbers[0] for one in theirs], reach)

    def candidates(self, place: int) -> Sequence[int]:
        """Places on the right that may belong to ``place``."""
        low, high = self.reach[place]
        return range(bisect_left(self.firsts, low), bisect_right(self.firsts, high))


@dataclass(slots=True)
class _Guess:
    """What is known before items are tried: pairs to begin with, and which need not be tried."""

    taken: list[int | None] = field(default_factory=list)
    near: _Near | None = None


def _augmented(left: list[Any], right: list[Any], alike: Alike, guess: _Guess) -> list[int] | None:
    """Find a complete pairing by augmenting paths, without recursion; None: there is none.

    Raises:
        NotComparable: too many pairs would have to be tried.
    """
    search = _Search(left, right, alike, guess)
    for place in range(len(left)):
        if search.ours[place] is None and not search.augment(place):
            return None
    return [place for place in search.ours if place is not None]


class _Search:
    """Augmenting paths, each pair tried once at most."""

    def __init__(self, left: list[Any], right: list[Any], alike: Alike, guess: _Guess) -> None:
        self._left, self._right, self._alike, self._near = left, right, alike, guess.near
        self.ours: list[int | None] = list(guess.taken) or [None] * len(left)
        self._theirs: list[int | None] = [None] * len(right)
        for place, other in enumerate(self.ours):
            if other is not None:
                self._theirs[other] = place
        self._edges: dict[int, list[int]] = {}
        self._tried = 0

    def augment(self, start: int) -> bool:
        """Give ``start`` a partner, moving others if need be; breadth first."""
        came: dict[int, int] = {}
        waiting = [start]
        for place in waiting:
            for other in self._candidates(place):
                if other in came:
                    continue
                came[other] = place
                owner = self._theirs[other]
                if owner is None:
                    self._turn(other, came)
                    return True
                waiting.append(owner)
        return False

    def _turn(self, other: int, came: dict[int, int]) -> None:
        step: int | None = other
        while step is not None:
            place = came[step]
            before = self.ours[place]
            self.ours[place], self._theirs[step] = step, place
            step = before

    def _candidates(self, place: int) -> list[int]:
        if place not in self._edges:
            near = range(len(self._right)) if self._near is None else self._near.candidates(place)
            self._tried += len(near)
            if self._tried > _MOST_TRIED:
                raise NotComparable(
                    f"unordered: {len(self._left)} items on each side, and no key tells which of "
                    "them belong together",
                    "give one: unordered(inner, key=lambda item: ...)",
                )
            one = self._left[place]
            self._edges[place] = [other for other in near if self._alike(one, self._right[other])]
        return self._edges[place]


@dataclass(slots=True)
class Keys:
    """Makes keys: hashable values that are equal where the walk finds no difference."""

    settings: Settings
    apart: bool = False
    """Whether floats are taken out of the key, into numbers."""
    sure: bool = True
    """Whether unlike keys are surely unlike values; not so where a class has a word in it."""
    _numbers: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sure = not self.settings.interchangeable and self.settings.same_class is None

    def of(self, value: Any) -> Any:
        """Return the key of a value; None: it has none."""
        return self.with_numbers(value)[0]

    def with_numbers(self, value: Any) -> tuple[Any, tuple[float, ...]]:
        """Return the key, and the numbers taken out of it."""
        self._numbers = []
        try:
            key = self._key(value, 0)
        except (_NoKey, TypeError, ValueError):
            self.sure = False
            return None, ()
        return key, tuple(self._numbers)

    def _key(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind in _PLAIN:
            return kind, value
        if kind is float:
            return self._float(value)
        if kind is complex:
            return kind, self._float(value.real), self._float(value.imag)
        if depth > _MOST_LEVELS:
            raise _NoKey
        if kind in {list, tuple}:
            return self._sequence(value, kind, depth)
        if kind is dict or (kind is OrderedDict and not self.settings.order):
            return kind, self._counted(
                lambda pair: (self._key(pair[0], depth + 1), self._key(pair[1], depth + 1)),
                value.items(),
            )
        if kind in {set, frozenset}:
            return kind, self._counted(lambda one: self._key(one, depth + 1), value)
        if kind.__module__ == "numpy" and kind.__name__ == "ndarray":
            return self._array(value)
        return self._object(value, kind, depth)

    def _counted(self, key_of: Callable[[Any], Any], parts: Iterable[Any]) -> Any:
        """Of parts without an order: a key may come twice, since a NaN is another key each time.

        Their numbers are put in the order of the keys, then of the numbers: the parts have none.
        """
        before, keyed = self._numbers, []
        for part in parts:
            self._numbers = []
            key = key_of(part)
            keyed.append((key, self._numbers))
        self._numbers = before
        if self.apart:
            for _, numbers in sorted(((_text(key), one) for key, one in keyed)):
                for number in numbers:
                    self._take_out(number)
        return frozenset(Counter(key for key, _ in keyed).items())

    def _object(self, value: Any, kind: type, depth: int) -> Any:
        """Of an object by its fields; unlike ones may still be the same, by a word of its class."""
        from harness.judge.comparison.objects import plain_fields

        self.sure = False
        found = plain_fields(value, kind)
        if found is None:
            raise _NoKey
        return kind, tuple((name, self._key(one, depth + 1)) for name, one in sorted(found.items()))

    def _sequence(self, value: Any, kind: type, depth: int) -> Any:
        kinds = tuple(map(type, value))
        if _PLAIN.issuperset(kinds):
            return kind, kinds, tuple(value)
        return kind, tuple(self._key(one, depth + 1) for one in value)

    def _float(self, value: float) -> Any:
        if math.isnan(value):
            if not self.settings.nan_equal:
                raise _NoKey
            return float, "nan"
        if self.apart and math.isfinite(value):
            self._take_out(value)
            return float
        if self.settings.signed_zero:
            return float, value, math.copysign(1.0, value)
        return float, value

    def _take_out(self, number: float) -> None:
        if len(self._numbers) < _MOST_NUMBERS:
            self._numbers.append(number)
        elif len(self._numbers) == _MOST_NUMBERS:
            self._numbers[-1] += number

    def _array(self, value: Any) -> Any:
        if value.dtype.kind not in "biufSUmM" or (self.apart and value.dtype.kind == "f"):
            raise _NoKey
        if value.dtype.kind in "mM" and not self.settings.nan_equal:
            raise _NoKey
        data = value
        if value.dtype.kind == "f":
            data = self._one_nan(value)
        return type(value), value.dtype.str, value.shape, data.tobytes()

    def _one_nan(self, value: Any) -> Any:
        """The same bits wherever the same numbers are: one NaN, one zero."""
        import numpy as np

        nan = np.isnan(value)
        if nan.any() and not self.settings.nan_equal:
            raise _NoKey
        data = value if self.settings.signed_zero else value + value.dtype.type(0)
        return np.where(nan, value.dtype.type("nan"), data)


def text_of(value: Any, settings: Settings, *, ordered: bool = True) -> str:
    """Return a text that is the same, in every process, for what is the same; for what has no key, its repr."""
    keys = Keys(settings)
    key = keys.of(value)
    if key is None:
        return _plain_text(value)
    if not ordered and isinstance(key, tuple) and isinstance(key[-1], tuple):
        key = (*key[:-1], frozenset(Counter(keys.of(one) for one in value).items()))
    return _text(key)


def _text(key: Any) -> str:
    if isinstance(key, frozenset):
        return f"{{{', '.join(sorted(map(_text, key)))}}}"
    if isinstance(key, tuple):
        return f"({', '.join(map(_text, key))})"
    return f"{key.__module__}.{key.__qualname__}" if isinstance(key, type) else repr(key)


def _plain_text(value: Any) -> str:
    try:
        return repr(value)
    except Exception as error:
        return f"{type(value).__qualname__} whose repr raised {type(error).__name__}"
