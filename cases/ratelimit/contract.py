"""What every limiter asks of its numbers, and what it says where they are others."""

from __future__ import annotations

from itertools import chain

LARGEST = 2**63 - 1
"""The compiled limiters keep times and tenants as 64-bit integers; nanoseconds reach 292 years that way."""
EXACT = 2**53
"""Doubles tell every integer below this from the next, and Redis has no other numbers."""


def agreed(limit: int, window_ns: int) -> None:
    """Say nothing where both are at least 1.

    Raises:
        ValueError: one of them is less.
    """
    if limit < 1 or window_ns < 1:
        message = f"limit and window must be at least 1, not {limit} and {window_ns}"
        raise ValueError(message)


def too_large(times: list[int], tenants: list[int], largest: int = LARGEST) -> OverflowError:
    """Return the error that names the first number which does not fit."""
    one = next(one for one in chain(times, tenants) if not -largest - 1 <= one <= largest)
    return OverflowError(f"{one} does not lie between {-largest - 1} and {largest}, as times and tenants must here")
