"""When two answers are the same: the relations that a case declares with ``same=``.

How values are compared is the walk's business (``comparison/``): every relation compares in one
order (type, count or shape, dtype, then values), because ``zip`` truncates, ``allclose``
broadcasts and ``==`` on arrays of unlike shape does neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.judge.comparison import matching
from harness.judge.comparison.beside import difference_beside
from harness.judge.comparison.registry import comparable
from harness.judge.comparison.scalars import ulps_between
from harness.judge.comparison.settings import SameClass, Settings
from harness.judge.comparison.walk import first_difference
from harness.judge.comparison.words import NotComparable, odd_ones, of_type, show, type_name
from harness.model.declared import Answer, Arguments, Difference, Relation

if TYPE_CHECKING:
    from typing import TypeGuard

__all__ = [
    "Declared", "Judged", "NotComparable", "Strict", "Unordered", "close", "comparable",
    "difference", "exact", "judged", "relation", "show", "ulps", "ulps_between", "unordered",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Strict(Settings):
    """The structural relation: equal types, counts, shapes and dtypes; floats within a tolerance.

    With all tolerances 0 it is exact.  NaN equals NaN unless ``nan_equal`` is False; +0.0 equals
    -0.0 unless ``signed_zero`` is True.
    """

    def accepting(self, *types: type) -> Strict:
        """Return this relation with ``types`` counting as one another (``list`` and ``tuple``, say)."""
        return replace(self, interchangeable=types)

    def compare(self, expected: Answer, actual: Answer) -> Difference | None:
        """Return the first difference, or None.

        Raises:
            NotComparable: a type defines no equality, or raised when it was asked.
        """
        return first_difference(self, expected, actual)

    def describe(self) -> str:
        """Return one line for the certificate."""
        if self.rtol or self.atol:
            how = f"close(rtol={self.rtol:g}, atol={self.atol:g})"
        elif self.most_ulps:
            how = f"within {self.most_ulps} ulps"
        else:
            how = "exact"
        nan = f"NaN {'equals' if self.nan_equal else 'differs from'} NaN"
        return f"{how}; {nan}; -0.0 {'differs from' if self.signed_zero else 'equals'} 0.0"


@dataclass(frozen=True, slots=True)
class Unordered:
    """The answer is a multiset: order does not count, number does."""

    inner: Relation
    key: Callable[[Any], Any] | None = None

    def compare(self, expected: Answer, actual: Answer) -> Difference | None:
        """Return the first difference, or None.

        Raises:
            NotComparable: it has no items, or nothing tells which of too many belong together.
        """
        settings = self.inner if isinstance(self.inner, Strict) else exact
        if type(expected) is not type(actual) and not settings.one_type(
            type(expected), type(actual)
        ):
            return Difference("type", "", of_type(expected), of_type(actual))
        if isinstance(expected, (Mapping, AbstractSet)) and self.key is None:
            return self._without_order(expected, actual)
        ours, theirs = _items(expected), _items(actual)
        if len(ours) != len(theirs):
            one, other = f"{len(ours)} items", f"{len(theirs)} items"
            return Difference("count", "", one, other, self._odd_ones(ours, theirs))
        if found := difference_beside(settings, expected, actual):
            return found
        if self.key is not None:
            return self.inner.compare(sorted(ours, key=self.key), sorted(theirs, key=self.key))
        return self._unmatched(ours, theirs)

    def describe(self) -> str:
        """Return one line for the certificate."""
        return f"unordered, items {self.inner.describe()}"

    def _without_order(self, expected: Any, actual: Any) -> Difference | None:
        """Compare what has no order of its own, or none that counts: keys and values alike."""
        if isinstance(self.inner, Strict):
            return replace(self.inner, order=False).compare(expected, actual)
        pairs = [
            list(one.items()) if isinstance(one, Mapping) else list(one)
            for one in (expected, actual)
        ]
        return difference_beside(exact, expected, actual) or self._unmatched(*pairs)

    def _unmatched(self, ours: list[Any], theirs: list[Any]) -> Difference | None:
        if isinstance(self.inner, Strict):
            same = matching.same_items(ours, theirs, self.inner)
        else:
            same = matching.match_by(ours, theirs, exact, self._alike)
        if same:
            return None
        odd = self._odd_ones(ours, theirs)
        return Difference("value", "", "the same items", "others", odd)

    def _alike(self, expected: Any, actual: Any) -> bool:
        return self.inner.compare(expected, actual) is None

    def _odd_ones(self, ours: list[Any], theirs: list[Any]) -> str:
        if self.key is not None:
            return ""
        settings = self.inner if isinstance(self.inner, Strict) else exact
        missing, extra = matching.left_over(ours, theirs, settings)
        return odd_ones(missing, extra)


def _items(answer: Any) -> list[Any]:
    """The items of a sequence, or of an array along its first axis."""
    numpy_array = type(answer).__module__ == "numpy" and getattr(answer, "ndim", 0) > 0
    if isinstance(answer, memoryview) and answer.ndim:
        return answer.tolist()
    if numpy_array or _has_items(answer):
        return list(answer)
    raise NotComparable(
        f"unordered() compares items, and {type_name(type(answer))} is no sequence, set or mapping",
        "return a list of its rows, or declare same=relation(name, differ)",
    )


def _has_items(answer: Any) -> TypeGuard[Iterable[Any]]:
    kinds = (Sequence, AbstractSet, Mapping)
    return issubclass(type(answer), kinds) or type(answer).__name__ in {"array", "deque"}


@dataclass(frozen=True, slots=True)
class Declared:
    """A relation of the case's own, with a name that goes into the certificate."""

    name: str
    differ: Callable[[Any, Any], Difference | None]

    def compare(self, expected: Answer, actual: Answer) -> Difference | None:
        """Return the first difference, or None."""
        return self.differ(expected, actual)

    def describe(self) -> str:
        """Return one line for the certificate."""
        return self.name


@dataclass(frozen=True, slots=True)
class Judged:
    """A relation that needs the arguments: another declared semantics class, held to a model of its own."""

    name: str
    differ: Callable[[Arguments, Any, Any], Difference | None]

    def compare(self, expected: Answer, actual: Answer) -> Difference | None:
        """Refuse: without the arguments nothing can be said."""
        raise TypeError(f"{self.name}: this relation needs the arguments; use difference()")

    def describe(self) -> str:
        """Return one line for the certificate."""
        return self.name


def difference(
    relation: Relation,
    arguments: Arguments,
    expected: Answer,
    actual: Answer,
    *,
    same_class: SameClass | None = None,
) -> Difference | None:
    """Return the first difference under any kind of relation, or None.

    Args:
        relation: when two answers are the same.
        arguments: what was asked.
        expected: the answer by which the other is judged.
        actual: that other answer.
        same_class: ``same_class(expected, actual)`` says whether two classes count as one, such as
            those of two revisions in one process; None: a class is itself only.

    Raises:
        NotComparable: the judge cannot say.
    """
    if same_class is not None:
        relation = _with_classes(relation, same_class)
    if isinstance(relation, Judged):
        return relation.differ(arguments, expected, actual)
    return relation.compare(expected, actual)


def _with_classes(relation: Relation, same_class: SameClass) -> Relation:
    if isinstance(relation, Strict):
        return replace(relation, same_class=same_class)
    if isinstance(relation, Unordered):
        return replace(relation, inner=_with_classes(relation.inner, same_class))
    return relation


exact = Strict()
"""Equal types, counts, shapes, dtypes and values."""


def close(rtol: float, atol: float = 0.0, *, nan_equal: bool = True) -> Strict:
    """Like ``exact``, with floats within ``atol + rtol * abs(expected)``."""
    return Strict(rtol=rtol, atol=atol, nan_equal=nan_equal)


def ulps(most: int) -> Strict:
    """Like ``exact``, with floats at most ``most`` representable doubles apart."""
    return Strict(most_ulps=most)


def unordered(inner: Relation = exact, *, key: Callable[[Any], Any] | None = None) -> Unordered:
    """Compare as multisets; ``key`` sorts items whose values are only close."""
    return Unordered(inner, key)


def relation(name: str, differ: Callable[[Any, Any], Difference | None]) -> Declared:
    """Declare a relation: ``differ(expected, actual)`` returns a Difference or None."""
    return Declared(name, differ)


def judged(name: str, differ: Callable[[Arguments, Any, Any], Difference | None]) -> Judged:
    """Declare a relation that looks at the arguments: ``differ(arguments, expected, actual)``."""
    return Judged(name, differ)
