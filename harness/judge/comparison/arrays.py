"""Arrays of numpy, many values at a time; subclasses with what they add: masks, units, fields."""

from __future__ import annotations

import math
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.judge.comparison import scalars
from harness.judge.comparison.containers import sequences
from harness.judge.comparison.registry import Part, by_parts, used_up
from harness.judge.comparison.scalars import ROUNDING_NOT_LOGIC, looks_like
from harness.judge.comparison.words import FIELD, PLACE, show, type_name
from harness.model.declared import Difference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.judge.comparison.settings import Settings
    from harness.judge.comparison.walk import Handler, Pair, Pairs, Walk


def handler(kind: type) -> Handler | None:
    """Return what compares a type of numpy's, or of one made from it."""
    if issubclass(kind, np.ma.MaskedArray):
        return _masked
    if issubclass(kind, np.ndarray):
        return _arrays
    if issubclass(kind, float):  # np.float64 is one
        return scalars.floats
    if issubclass(kind, np.generic):
        return _values
    if issubclass(kind, (np.random.Generator, np.random.RandomState)):
        return used_up(_generator)
    if issubclass(kind, np.random.BitGenerator):
        return used_up(lambda one: [Part(".state", one.state)])
    if issubclass(kind, np.dtype):
        return by_parts(lambda one: [Part("", str(one), "dtype")])
    return None


def _generator(generator: Any) -> list[Part]:
    bits = getattr(generator, "bit_generator", None) or generator._bit_generator
    return [Part(".bit_generator", type_name(type(bits)), "type"), Part(".state", bits.state)]


# ------------------------------------------------------------------ arrays and their subclasses


def _arrays(expected: Any, actual: Any, walk: Walk) -> Difference | Pairs | None:
    if not (isinstance(expected, np.ndarray) and isinstance(actual, np.ndarray)):
        return sequences(list(expected), list(actual), walk)  # declared interchangeable
    found = headers(expected, actual, walk) or _values(expected, actual, walk)
    if isinstance(found, Difference) or type(expected) in {np.ndarray, np.memmap, np.recarray}:
        return found
    return iter(chain(found or (), _added(expected, actual)))


def headers(expected: Any, actual: Any, walk: Walk) -> Difference | None:
    """Compare what an array is beside its values."""
    if expected.shape != actual.shape:
        return Difference("shape", "", str(expected.shape), str(actual.shape))
    if expected.dtype != actual.dtype:
        return Difference("dtype", "", str(expected.dtype), str(actual.dtype))
    flags = [one.flags.writeable for one in (expected, actual)]
    if walk.settings.watching and flags[0] != flags[1]:
        return Difference("flags", ".flags.writeable", *map(str, flags))
    return None


def _added(expected: Any, actual: Any) -> Iterator[Pair]:
    """What a subclass holds beside the numbers: a unit, say."""
    from harness.judge.comparison.objects import fields_of

    one, other = fields_of(expected, type(expected)), fields_of(actual, type(actual))
    return ((one.get(name), other.get(name), FIELD, name) for name in {**one, **other})


def _masked(expected: Any, actual: Any, walk: Walk) -> Difference | Pairs | None:
    """Compare masks, then what is not masked; what lies under a mask is nobody's value."""
    found = headers(expected, actual, walk)
    if found is not None:
        return found
    masks = [np.ma.getmaskarray(one) for one in (expected, actual)]
    unlike = _first_unlike(*masks)
    if unlike is not None:
        return Difference("mask", _place(unlike), *(str(one[unlike]) for one in masks))
    ours, theirs = (_cleared(one, masks[0]) for one in (expected, actual))
    return iter(((ours, theirs, PLACE, ""),))


def _first_unlike(one: Any, other: Any) -> tuple[int, ...] | None:
    unlike = np.argwhere(np.atleast_1d(one != other))
    if not len(unlike):
        return None
    return tuple(int(i) for i in unlike[0])[: one.ndim]


def _cleared(array: Any, mask: Any) -> Any:
    """The plain array, zero under its mask."""
    plain = np.array(array.data, copy=True, subok=False)
    if mask.dtype.names:
        for name in mask.dtype.names:
            plain[name] = _cleared(array[name], mask[name])
        return plain
    plain[mask] = np.zeros((), plain.dtype)[()]
    return plain


def _place(index: tuple[int, ...]) -> str:
    return "".join(f"[{i}]" for i in index)


# ------------------------------------------------------------------ values


def _values(expected: Any, actual: Any, walk: Walk) -> Difference | Pairs | None:
    """Compare the values of two arrays or scalars of one shape and dtype."""
    if expected.shape != actual.shape:  # scalars that were declared interchangeable
        return Difference("shape", "", str(expected.shape), str(actual.shape))
    if expected.dtype != actual.dtype:
        return Difference("dtype", "", str(expected.dtype), str(actual.dtype))
    if expected.dtype.kind == "O":
        return _objects(expected, actual, walk)
    if expected.dtype.names:
        return (
            (_field(expected, name), _field(actual, name), PLACE, f"[{name!r}]")
            for name in expected.dtype.names
        )
    one, other = (np.atleast_1d(np.asarray(each)) for each in (expected, actual))
    settings = walk.settings
    same = one == other
    if not (settings.signed_zero and one.dtype.kind in "fc") and same.all():
        return None
    wrong = ~_agree(one, other, same, settings)
    return _worst(one, other, wrong, expected.shape, settings) if wrong.any() else None


def _field(record: Any, name: str) -> Any:
    """A field as an array, whatever subclass or scalar it is in."""
    return (
        np.asarray(record[name])
        if not isinstance(record[name], np.ma.MaskedArray)
        else record[name]
    )


def _objects(expected: Any, actual: Any, walk: Walk) -> Pairs | None:
    if not walk.first_time(expected, actual):
        return None
    ours, theirs = (np.asarray(one, dtype=object).ravel().tolist() for one in (expected, actual))
    places = map(_place, np.ndindex(expected.shape))
    return zip(ours, theirs, [PLACE] * len(ours), places, strict=True)


def _agree(one: Any, other: Any, same: Any, settings: Settings) -> Any:
    kind = one.dtype.kind
    if kind in "mM" and settings.nan_equal:
        return same | (np.isnat(one) & np.isnat(other))
    if kind == "T":
        return same | _both_missing(one, other, settings)
    if kind not in "fc":
        return same
    if kind == "c":
        agree = _parts_agree(one.real, other.real, settings)
        agree = agree & _parts_agree(one.imag, other.imag, settings)
    else:
        agree = _parts_agree(one, other, settings)
    return agree | _near(one, other, same, settings) if settings.tolerant else agree


def _both_missing(one: Any, other: Any, settings: Settings) -> Any:
    """Of a string dtype with a missing value: that equals itself as NaN does."""
    if not settings.nan_equal or not hasattr(one.dtype, "na_object"):
        return False
    return np.array([a is b for a, b in zip(one.ravel(), other.ravel(), strict=True)]).reshape(
        one.shape
    )


def _near(one: Any, other: Any, same: Any, settings: Settings) -> Any:
    """A tolerance is one of distances: those of complex numbers lie in a plane."""
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(one - other) <= settings.atol + settings.rtol * np.abs(one)
    unsigned = ~same if settings.signed_zero else True
    return np.isfinite(one) & np.isfinite(other) & near & unsigned


def _parts_agree(one: Any, other: Any, settings: Settings) -> Any:
    """Agreement of real numbers but for the tolerance."""
    agree = one == other
    if settings.signed_zero:
        agree = agree & (np.signbit(one) == np.signbit(other))
    if settings.nan_equal:
        agree = agree | (np.isnan(one) & np.isnan(other))
    if settings.most_ulps:
        finite = np.isfinite(one) & np.isfinite(other)
        unsigned = (one != other) if settings.signed_zero else True
        agree = agree | (finite & unsigned & (_ulps(one, other) <= settings.most_ulps))
    return agree


def _ulps(one: Any, other: Any) -> Any:
    """Count the floats between each pair, in their own precision; see ``scalars.ulps_between``."""
    if one.dtype.itemsize > 8:  # long double: no integer is as wide
        with np.errstate(invalid="ignore", over="ignore"):
            least = np.spacing(np.minimum(np.abs(one), np.abs(other)))
            return np.ceil(np.abs(one - other) / least)
    first, second = (_ordered(values) for values in (one, other))
    with np.errstate(over="ignore"):  # the difference of two signed numbers fits the unsigned one
        high, low = np.maximum(first, second), np.minimum(first, second)
        return high.astype(np.uint64) - low.astype(np.uint64)


def _ordered(values: Any) -> Any:
    native = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("=")))
    bits = native.view(f"i{values.dtype.itemsize}").astype(np.int64)
    return np.where(bits >= 0, bits, -(bits & ((1 << (8 * values.dtype.itemsize - 1)) - 1)))


def _worst(
    one: Any, other: Any, wrong: Any, shape: tuple[int, ...], settings: Settings
) -> Difference:
    """Say where the first difference is, how many there are, and how large the largest is."""
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    place = _place(index) if shape else ""
    count = f"{int(wrong.sum())} of {wrong.size} values differ"
    ours, theirs = (_item(each[index]) for each in (one, other))
    if one.dtype.kind != "f":
        return Difference("value", place, show(ours), show(theirs), count)
    worst = _largest_error(one[wrong], other[wrong])
    kind = "precision" if worst < ROUNDING_NOT_LOGIC else "value"
    apart = (
        _ulps(one[index].reshape(1), other[index].reshape(1))[0] if math.isfinite(worst) else None
    )
    ulps = "" if apart is None else f", {int(apart)} ulps here"
    detail = f"{count}{ulps}, largest relative error {worst:.2g} > {settings.rtol:g}"
    return Difference(kind, place, repr(ours), repr(theirs), detail + looks_like(worst))


def _item(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _largest_error(one: Any, other: Any) -> float:
    finite = np.isfinite(one) & np.isfinite(other) & (one != 0)
    if not finite.all():
        return math.inf
    with np.errstate(over="ignore"):
        return float((np.abs(one - other) / np.abs(one)).max())
