"""When two answers are the same: strict relations over nested data.

Every relation compares in one order (type, count or shape, dtype, then values), because
``zip`` truncates, ``allclose`` broadcasts and ``==`` on arrays of unlike shape does neither.
"""

from __future__ import annotations

import cmath
import math
import struct
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.model.declared import Answer, Arguments, Difference, Relation

if TYPE_CHECKING:
    import numpy as np

_LONGEST_SHOWN = 120
_MOST_DEPTH = 200


def show(value: object) -> str:
    """Return a repr that fits on a line."""
    try:
        text = repr(value)
    except Exception as error:  # a hostile __repr__ must not hide the difference itself
        text = f"<{type(value).__name__} whose repr raised {type(error).__name__}>"
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "..."


def ulps_between(a: float, b: float) -> int:
    """Count the doubles between ``a`` and ``b`` (0: the same number, or +0.0 and -0.0).

    Source: B. Dawson, "Comparing Floating Point Numbers" (the ordered-integer mapping of IEEE 754).
    """
    return abs(_ordered(a) - _ordered(b))


def _ordered(x: float) -> int:
    (bits,) = struct.unpack("<q", struct.pack("<d", x))
    return int(bits) if bits >= 0 else -(int(bits) & 0x7FFFFFFFFFFFFFFF)


@dataclass(frozen=True, slots=True)
class Strict:
    """The structural relation: equal types, counts, shapes and dtypes; floats within a tolerance.

    With all tolerances 0 it is exact.  NaN equals NaN unless ``nan_equal`` is False; +0.0 equals
    -0.0 unless ``signed_zero`` is True.
    """

    rtol: float = 0.0
    atol: float = 0.0
    most_ulps: int = 0
    nan_equal: bool = True
    signed_zero: bool = False
    interchangeable: tuple[type, ...] = ()

    def accepting(self, *types: type) -> Strict:
        """Return this relation with ``types`` counting as one another (``list`` and ``tuple``, say)."""
        return replace(self, interchangeable=types)

    def compare(self, expected: Answer, actual: Answer) -> Difference | None:
        """Return the first difference, or None."""
        return self._compare(expected, actual, "", 0)

    def describe(self) -> str:
        """Return one line for the certificate."""
        if self.rtol or self.atol:
            how = f"close(rtol={self.rtol:g}, atol={self.atol:g})"
        elif self.most_ulps:
            how = f"within {self.most_ulps} ulps"
        else:
            how = "exact"
        return f"{how}; NaN {'equals' if self.nan_equal else 'differs from'} NaN; -0.0 {'differs from' if self.signed_zero else 'equals'} 0.0"

    def _compare(self, expected: Any, actual: Any, where: str, depth: int) -> Difference | None:
        if depth > _MOST_DEPTH:
            return Difference("depth", where, f"at most {_MOST_DEPTH} levels", "more")
        if type(expected) is not type(actual) and not self._interchangeable(expected, actual):
            return Difference(
                "type",
                where,
                f"{_type_name(expected)} {show(expected)}",
                f"{_type_name(actual)} {show(actual)}",
                "the check is strict; a relation may accept types: exact.accepting(list, tuple)",
            )
        if isinstance(expected, float):
            return self._compare_floats(expected, actual, where)
        if isinstance(expected, complex):
            return self._compare_complex(expected, actual, where)
        if expected is None or isinstance(expected, (bool, int, str, bytes, bytearray, range)):
            return None if expected == actual else _value(where, expected, actual)
        if isinstance(expected, Mapping):
            return self._compare_mappings(expected, actual, where, depth)
        if isinstance(expected, AbstractSet):
            return self._compare_sets(expected, actual, where, depth)
        numpy = sys.modules.get("numpy")  # whoever made an array has imported it
        if numpy is not None and isinstance(expected, (numpy.ndarray, numpy.generic)):
            return self._compare_arrays(expected, actual, where, depth)
        if isinstance(expected, Sequence) or type(expected).__name__ in {"array", "deque"}:
            return self._compare_sequences(expected, actual, where, depth)
        if is_dataclass(expected) and not isinstance(expected, type):
            return self._compare_fields(
                expected, actual, [f.name for f in fields(expected)], where, depth
            )
        return None if bool(expected == actual) else _value(where, expected, actual)

    @property
    def _tolerant(self) -> bool:
        return bool(self.rtol or self.atol)

    def _interchangeable(self, expected: object, actual: object) -> bool:
        return type(expected) in self.interchangeable and type(actual) in self.interchangeable

    def _compare_complex(self, expected: complex, actual: complex, where: str) -> Difference | None:
        parts = self._compare_floats(
            expected.real, actual.real, f"{where}.real"
        ) or self._compare_floats(expected.imag, actual.imag, f"{where}.imag")
        finite = cmath.isfinite(expected) and cmath.isfinite(actual)
        near = (
            parts is not None
            and finite
            and self._tolerant
            and abs(expected - actual) <= self.atol + self.rtol * abs(expected)
        )
        return None if near else parts

    def _compare_floats(self, expected: float, actual: float, where: str) -> Difference | None:
        if self._floats_agree(expected, actual):
            return None
        error = (
            abs(expected - actual) / abs(expected)
            if expected and math.isfinite(expected)
            else math.inf
        )
        if not math.isfinite(error):
            return Difference("value", where, repr(expected), repr(actual))
        kind = "precision" if error < _ROUNDING_NOT_LOGIC else "value"
        detail = f"{ulps_between(expected, actual)} ulps, relative error {error:.2g} > {self.rtol:g}{_looks_like(error)}"
        return Difference(kind, where, repr(expected), repr(actual), detail)

    def _floats_agree(self, expected: float, actual: float) -> bool:
        if math.isnan(expected) or math.isnan(actual):
            return self.nan_equal and math.isnan(expected) and math.isnan(actual)
        if expected == actual:
            return not self.signed_zero or math.copysign(1.0, expected) == math.copysign(
                1.0, actual
            )
        if math.isinf(expected) or math.isinf(actual):
            return False
        if self._tolerant and abs(expected - actual) <= self.atol + self.rtol * abs(expected):
            return True
        return bool(self.most_ulps) and ulps_between(expected, actual) <= self.most_ulps

    def _compare_arrays(
        self, expected: Any, actual: Any, where: str, depth: int
    ) -> Difference | None:
        if expected.shape != actual.shape:
            return Difference("shape", where, str(expected.shape), str(actual.shape))
        if expected.dtype != actual.dtype:
            return Difference("dtype", where, str(expected.dtype), str(actual.dtype))
        import numpy as np

        if expected.dtype.kind == "O":
            return self._compare_sequences(
                expected.ravel().tolist(), actual.ravel().tolist(), where, depth + 1
            )
        if expected.dtype.names:
            fields_ = ((name, expected[name], actual[name]) for name in expected.dtype.names)
            found = (
                self._compare_arrays(one, other, f"{where}[{name!r}]", depth + 1)
                for name, one, other in fields_
            )
            return next(filter(None, found), None)
        wrong = ~np.atleast_1d(self._array_agrees(np, expected, actual))
        if not wrong.any():
            return None
        index = tuple(int(i) for i in np.argwhere(wrong)[0])
        one_expected, one_actual = np.atleast_1d(expected)[index], np.atleast_1d(actual)[index]
        place = where + "".join(f"[{i}]" for i in index) if expected.shape else where
        count = f"{int(wrong.sum())} of {wrong.size} values differ"
        if expected.dtype.kind != "f":
            return Difference(
                "value", place, show(one_expected.item()), show(one_actual.item()), count
            )
        errors = _relative_errors(np, np.atleast_1d(expected)[wrong], np.atleast_1d(actual)[wrong])
        worst = float(errors.max()) if errors.size else math.inf
        kind = "precision" if worst < _ROUNDING_NOT_LOGIC else "value"
        detail = f"{count}, largest relative error {worst:.2g} > {self.rtol:g}{_looks_like(worst)}"
        return Difference(kind, place, repr(one_expected.item()), repr(one_actual.item()), detail)

    def _array_agrees(
        self, np: Any, expected: np.ndarray[Any, Any], actual: np.ndarray[Any, Any]
    ) -> Any:
        kind = expected.dtype.kind
        if kind == "c":
            agree = self._parts_agree(np, expected.real, actual.real) & self._parts_agree(
                np, expected.imag, actual.imag
            )
        elif kind == "f":
            agree = self._parts_agree(np, expected, actual)
        elif kind in "mM" and self.nan_equal:
            return (expected == actual) | (np.isnat(expected) & np.isnat(actual))
        else:
            return expected == actual
        if self._tolerant:
            with np.errstate(invalid="ignore", over="ignore"):
                near = np.abs(expected - actual) <= self.atol + self.rtol * np.abs(expected)
            unsigned = (expected != actual) if self.signed_zero else True
            agree = agree | (np.isfinite(expected) & np.isfinite(actual) & near & unsigned)
        return agree

    def _parts_agree(self, np: Any, expected: Any, actual: Any) -> Any:
        """Agreement of real numbers but for the tolerance, which is one of distances: those of complex numbers lie in a plane."""
        agree = expected == actual
        if self.signed_zero:
            agree = agree & (np.signbit(expected) == np.signbit(actual))
        if self.nan_equal:
            agree = agree | (np.isnan(expected) & np.isnan(actual))
        if self.most_ulps:
            finite = np.isfinite(expected) & np.isfinite(actual)
            unsigned = (expected != actual) if self.signed_zero else True
            agree = agree | (
                finite & unsigned & (_array_ulps(np, expected, actual) <= self.most_ulps)
            )
        return agree

    def _compare_sets(
        self, expected: Any, actual: Any, where: str, depth: int
    ) -> Difference | None:
        """Members are found by their hash; 1, 1.0 and True are one member to a set, but not one answer."""
        ours, theirs = (
            [one for one in expected if not _is_nan(one)],
            {one: one for one in actual if not _is_nan(one)},
        )
        nans = len(expected) - len(ours), len(actual) - len(theirs)
        unlike = nans[0] != nans[1] or (nans[0] and not self.nan_equal)
        if unlike or len(ours) != len(theirs) or any(one not in theirs for one in ours):
            return _value(where, expected, actual, _set_detail(expected, actual))
        found = (
            self._compare(one, theirs[one], f"{where}{{{show(one)}}}", depth + 1) for one in ours
        )
        return next(filter(None, found), None)

    def _compare_mappings(
        self, expected: Any, actual: Any, where: str, depth: int
    ) -> Difference | None:
        if len(expected) != len(actual) or expected.keys() != actual.keys():
            return Difference(
                "keys",
                where,
                f"{len(expected)} keys",
                f"{len(actual)} keys",
                _set_detail(expected.keys(), actual.keys()),
            )
        # 1, 1.0 and True are one key to a dict, but not one answer
        keys = {key: key for key in actual}
        for key, value in expected.items():
            difference = self._compare(
                key, keys[key], f"{where}[key {show(key)}]", depth + 1
            ) or self._compare(value, actual[key], f"{where}[{show(key)}]", depth + 1)
            if difference:
                return difference
        return None

    def _compare_sequences(
        self, expected: Any, actual: Any, where: str, depth: int
    ) -> Difference | None:
        if len(expected) != len(actual):
            return Difference("count", where, f"{len(expected)} items", f"{len(actual)} items")
        if type(expected).__name__ == "array" and expected.typecode != actual.typecode:
            return Difference(
                "dtype", where, f"array({expected.typecode!r})", f"array({actual.typecode!r})"
            )
        for index, (one, other) in enumerate(zip(expected, actual, strict=True)):
            difference = self._compare(one, other, f"{where}[{index}]", depth + 1)
            if difference:
                return difference
        return None

    def _compare_fields(
        self, expected: Any, actual: Any, names: list[str], where: str, depth: int
    ) -> Difference | None:
        for name in names:
            difference = self._compare(
                getattr(expected, name), getattr(actual, name), f"{where}.{name}", depth + 1
            )
            if difference:
                return difference
        return None


_ROUNDING_NOT_LOGIC = 1e-3
"""A relative error below this reads as lost precision, above it as another number."""


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _array_ulps(np: Any, expected: Any, actual: Any) -> Any:
    """Count the floats between each pair, in their own precision; see ``ulps_between``."""
    if expected.dtype.itemsize > 8:  # long double: no integer is as wide
        with np.errstate(invalid="ignore", over="ignore"):
            return np.ceil(
                np.abs(expected - actual) / np.spacing(np.minimum(np.abs(expected), np.abs(actual)))
            )
    one, other = (_array_ordered(np, values) for values in (expected, actual))
    with np.errstate(
        over="ignore"
    ):  # the difference of two signed numbers fits into the unsigned one
        return np.maximum(one, other).astype(np.uint64) - np.minimum(one, other).astype(np.uint64)


def _array_ordered(np: Any, values: Any) -> Any:
    native = np.atleast_1d(values).astype(values.dtype.newbyteorder("="))
    bits = native.view(f"i{values.dtype.itemsize}").astype(np.int64)
    return np.where(
        bits >= 0, bits, -(bits & ((1 << (8 * values.dtype.itemsize - 1)) - 1))
    ).reshape(values.shape)


def _looks_like(error: float) -> str:
    return "; looks like float32" if 1e-9 < error < 1e-4 else ""


def _relative_errors(np: Any, expected: Any, actual: Any) -> Any:
    finite = np.isfinite(expected) & np.isfinite(actual) & (expected != 0)
    if not finite.all():
        return np.array([math.inf])
    with np.errstate(over="ignore"):
        return np.abs(expected - actual) / np.abs(expected)


def _type_name(value: object) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _value(where: str, expected: object, actual: object, detail: str = "") -> Difference:
    return Difference("value", where, show(expected), show(actual), detail)


def _set_detail(expected: Any, actual: Any) -> str:
    missing, extra = (
        [k for k in expected if k not in actual],
        [k for k in actual if k not in expected],
    )
    said = [
        f"{word} {show(items[0])}" + (f" and {len(items) - 1} more" if len(items) > 1 else "")
        for word, items in (("missing", missing), ("unexpected", extra))
        if items
    ]
    return ", ".join(said)


@dataclass(frozen=True, slots=True)
class Unordered:
    """The answer is a multiset: order does not count, number does."""

    inner: Relation
    key: Callable[[Any], Any] | None = None

    def compare(self, expected: Answer, actual: Answer) -> Difference | None:
        """Return the first difference, or None."""
        if type(expected) is not type(actual):
            return Difference(
                "type",
                "",
                f"{_type_name(expected)} {show(expected)}",
                f"{_type_name(actual)} {show(actual)}",
            )
        if len(expected) != len(actual):
            return Difference(
                "count",
                "",
                f"{len(expected)} items",
                f"{len(actual)} items",
                self._odd_ones(expected, actual),
            )
        for order in (
            (self.key,) if self.key else (repr, _form)
        ):  # the first is quick; the second knows what looks unlike and is alike
            found = self.inner.compare(sorted(expected, key=order), sorted(actual, key=order))
            if found is None:
                return None
        odd = self._odd_ones(expected, actual)
        return Difference("value", "", "the same items", "others", odd) if odd else found

    def describe(self) -> str:
        """Return one line for the certificate."""
        return f"unordered, items {self.inner.describe()}"

    def _odd_ones(self, expected: Iterable[Any], actual: Iterable[Any]) -> str:
        if self.key is not None:
            return ""
        try:
            left, right = Counter(expected), Counter(actual)
        except TypeError:
            left, right = Counter(map(repr, expected)), Counter(map(repr, actual))
        missing, extra = list((left - right).elements()), list((right - left).elements())
        return ", ".join(
            f"{word} {show(items[0])} ({len(items)} in all)"
            for word, items in (("missing", missing), ("unexpected", extra))
            if items
        )


def _form(item: Any) -> str:
    """Text by which items sort that are exactly the same: the order of keys and members, the sign of a zero and which NaN it is do not count."""
    if isinstance(item, float):
        return f"{_type_name(item)} {item + 0.0!r}"
    if isinstance(item, complex):
        return f"complex {_form(item.real)} {_form(item.imag)}"
    if isinstance(item, Mapping):
        return f"{_type_name(item)} {sorted((_form(key), _form(value)) for key, value in item.items())}"
    if isinstance(item, AbstractSet):
        return f"{_type_name(item)} {sorted(map(_form, item))}"
    if isinstance(item, (list, tuple)):
        return f"{_type_name(item)} {list(map(_form, item))}"
    return f"{_type_name(item)} {item!r}"


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
    relation: Relation, arguments: Arguments, expected: Answer, actual: Answer
) -> Difference | None:
    """Return the first difference under any kind of relation, or None."""
    if isinstance(relation, Judged):
        return relation.differ(arguments, expected, actual)
    return relation.compare(expected, actual)


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
