"""The page of the 64 faults is what the tests say."""

from __future__ import annotations

from tests.faults.rows import PAGE, ROWS, held, page


def test_every_fault_has_a_test() -> None:
    """64 rows, numbered without a gap, each held by at least one test; no test holds a row that is not there."""
    numbers = [number for rows in ROWS.values() for number in rows]

    assert list(range(1, 65)) == numbers
    assert set(numbers) == set(held())


def test_the_page_is_current() -> None:
    """Written by ``python -m tests.faults.rows``."""
    assert page() == PAGE.read_text(encoding="utf-8")
