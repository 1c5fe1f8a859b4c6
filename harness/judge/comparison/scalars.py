"""Numbers: floats within a tolerance or some bits, complex, Decimal with its exponent, Fraction."""

from __future__ import annotations

import cmath
import math
import struct
from typing import TYPE_CHECKING, Any

from harness.judge.comparison.words import other_value
from harness.model.declared import Difference

if TYPE_CHECKING:
    from harness.judge.comparison.settings import Settings
    from harness.judge.comparison.walk import Handler, Walk

ROUNDING_NOT_LOGIC = 1e-3
"""A relative error below this reads as lost precision, above it as another number."""


def ulps_between(a: float, b: float) -> int:
    """Count the doubles between ``a`` and ``b`` (0: the same number, or +0.0 and -0.0).

    Source: B. Dawson, "Comparing Floating Point Numbers" (the ordered-integer mapping of IEEE 754).
    """
    return abs(_ordered(a) - _ordered(b))


def _ordered(x: float) -> int:
    (bits,) = struct.unpack("<q", struct.pack("<d", x))
    return int(bits) if bits >= 0 else -(int(bits) & 0x7FFFFFFFFFFFFFFF)


def looks_like(error: float) -> str:
    """Say what made an error of this size."""
    return "; looks like float32" if 1e-9 < error < 1e-4 else ""


def floats_agree(expected: float, actual: float, settings: Settings) -> bool:
    """Whether two floats are the same number under these settings."""
    if expected == actual:
        return not settings.signed_zero or (
            math.copysign(1.0, expected) == math.copysign(1.0, actual)
        )
    if math.isnan(expected) or math.isnan(actual):
        return settings.nan_equal and math.isnan(expected) and math.isnan(actual)
    if math.isinf(expected) or math.isinf(actual):
        return False
    if settings.tolerant and _near(expected, actual, settings):
        return True
    return bool(settings.most_ulps) and ulps_between(expected, actual) <= settings.most_ulps


def _near(expected: Any, actual: Any, settings: Settings) -> bool:
    return bool(abs(expected - actual) <= settings.atol + settings.rtol * abs(expected))


def floats(expected: float, actual: float, walk: Walk) -> Difference | None:
    """Compare two floats."""
    if floats_agree(expected, actual, walk.settings):
        return None
    return float_difference(expected, actual, walk.settings.rtol)


def float_difference(expected: float, actual: float, rtol: float) -> Difference:
    """Say how far two floats are apart."""
    error = math.inf
    if expected and math.isfinite(expected):
        error = abs(expected - actual) / abs(expected)
    if not math.isfinite(error):
        return Difference("value", "", repr(expected), repr(actual))
    kind = "precision" if error < ROUNDING_NOT_LOGIC else "value"
    detail = f"{ulps_between(expected, actual)} ulps, relative error {error:.2g} > {rtol:g}"
    return Difference(kind, "", repr(expected), repr(actual), detail + looks_like(error))


def complexes(expected: complex, actual: complex, walk: Walk) -> Difference | None:
    """Compare two complex numbers: by their parts, or by their distance in the plane."""
    settings = walk.settings
    for part in ("real", "imag"):
        one, other = getattr(expected, part), getattr(actual, part)
        if floats_agree(one, other, settings):
            continue
        finite = cmath.isfinite(expected) and cmath.isfinite(actual)
        if finite and settings.tolerant and _near(expected, actual, settings):
            return None
        found = float_difference(one, other, settings.rtol)
        return Difference(found.kind, f".{part}", found.expected, found.actual, found.detail)
    return None


def handler(kind: type) -> Handler | None:
    """Return what compares the numbers of ``decimal`` and ``fractions``."""
    from decimal import Decimal
    from fractions import Fraction

    if issubclass(kind, Decimal):
        return _decimals
    return _fractions if issubclass(kind, Fraction) else None


def _decimals(expected: Any, actual: Any, walk: Walk) -> Difference | None:
    """``Decimal('1')`` is not ``Decimal('1.00')``: the exponent is a part of what is shown and summed.

    So is what a NaN carries: ``NaN123`` is not ``NaN``.  The sign of a NaN counts where a zero's does.
    """
    settings = walk.settings
    one, other = expected.as_tuple(), actual.as_tuple()
    if expected.is_nan() or actual.is_nan():
        signs = not settings.signed_zero or one.sign == other.sign
        alike = settings.nan_equal and signs and one[1:] == other[1:]
        return None if alike else other_value(expected, actual)
    if one == other:
        return None
    zeros = expected.is_zero() and actual.is_zero() and one.exponent == other.exponent
    if zeros and not settings.signed_zero:
        return None
    return _apart(expected, actual, settings)


def _apart(expected: Any, actual: Any, settings: Settings) -> Difference | None:
    """Compare numbers whose arithmetic is exact; the tolerance is taken as the exact number that it is."""
    from fractions import Fraction

    if not (_finite(expected) and _finite(actual)):
        return other_value(expected, actual)
    one, other = Fraction(expected), Fraction(actual)
    bound = Fraction(settings.atol) + Fraction(settings.rtol) * abs(one)
    if settings.tolerant and abs(one - other) <= bound:
        return None
    if one == other:
        return Difference(
            "precision",
            "",
            repr(expected),
            repr(actual),
            "the same number, another exponent or sign",
        )
    error = float(abs(one - other) / abs(one)) if one else math.inf
    kind = "precision" if error < ROUNDING_NOT_LOGIC else "value"
    detail = f"relative error {error:.2g} > {settings.rtol:g}" if one else ""
    return Difference(kind, "", repr(expected), repr(actual), detail)


def _finite(number: Any) -> bool:
    return bool(getattr(number, "is_finite", lambda: True)())


def _fractions(expected: Any, actual: Any, walk: Walk) -> Difference | None:
    return None if expected == actual else _apart(expected, actual, walk.settings)
