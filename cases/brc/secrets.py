"""Numbers that nobody outside this process knows, for tables of names that strangers choose."""

from __future__ import annotations


def secrets(n: int) -> list[int]:
    """Return ``n`` numbers below 2**64: new in every process, but for those that ask for the same by PYTHONHASHSEED, as with Python's own tables."""
    return [hash(b"perflab brc %d" % number) % 2**64 for number in range(n)]
