"""Words and units: three digits, no lies at the borders, nothing that steers a terminal."""

from __future__ import annotations

import unicodedata

import pytest

from harness.show import text

from .rows import HOSTILE


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1.23e-5, "12.3 µs"), (1.0, "1.00 s"), (0.9996, "1.00 s"), (0.999, "999 ms"), (9.996e-4, "1.00 ms"), (9.99e-6, "9.99 µs"),
        (9.996e-6, "10.0 µs"), (99.96e-9, "100 ns"), (5e-10, "0.50 ns"), (0.0, "0.00 ns"), (123.4, "123 s"), (None, "–"),
    ],
)  # fmt: skip
def test_times_have_three_significant_digits(value: float | None, said: str) -> None:
    """A time keeps three digits and moves to the next unit where rounding takes it there."""

    assert said == text.seconds(value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (5.3, "5.30x"),
        (12.34, "12.3x"),
        (123.4, "123x"),
        (1259.0, "1 259x"),
        (0.5, "0.50x"),
        (None, "–"),
    ],
)
def test_ratios_end_with_x(value: float | None, said: str) -> None:
    """A ratio keeps three digits; thousands are set apart."""

    assert said == text.ratio(value)


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "< 4 KiB"), (4096, "4.0 KiB"), (300 << 20, "300 MiB"), (5 << 40, "5.0 TiB"), (None, "–")],
)
def test_bytes_have_binary_units(value: int | None, said: str) -> None:
    """Less than a page is not nothing; not measured is a dash, never 0."""

    assert said == text.size(value)


def test_pay_back_is_said_in_words() -> None:
    """At once, after so many calls, never; a dash for the reference and where nothing was measured."""
    said = [text.payback(calls, is_reference=False, measured=True) for calls in (0, 1, 1240, None)]

    assert ["at once", "at once", "1 240 calls", "never"] == said
    assert ["–", "–"] == [
        text.payback(None, is_reference=True, measured=True),
        text.payback(7, is_reference=False, measured=False),
    ]


def test_a_hostile_name_cannot_steer_the_terminal() -> None:
    """Control and bidirectional characters, and lone surrogates, become visible; the result stays on one line."""
    cleaned = text.clean(HOSTILE + "\x00\x7f\x9b\u2066\u2028\ud800")

    assert not [
        character
        for character in cleaned
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    ]
    assert "[/x]\ufffd]0;owned\ufffd\ufffdevil new<script>|`" == text.clean(HOSTILE)


def test_honest_names_are_left_alone() -> None:
    """Letters of any script are no danger."""

    assert "Noël_µs 日本 ★" == text.clean("Noël_µs 日本 ★")


def test_markdown_cells_hold_no_commands() -> None:
    """A name in a pull request is neither a column, nor HTML, nor a link."""

    assert "a\\|b&lt;i>\\`c\\`\\[d\\](e)" == text.markdown_cell("a|b<i>`c`[d](e)")


def test_ascii_keeps_every_column_in_place() -> None:
    """The ASCII twin of a line is as long as the line and says the same."""
    line = "┌ myers ★  12.3 µs ±1.0% – ▁█ …"

    assert "/ myers *  12.3 us ~1.0% - .@ ." == text.ascii_only(line)


def test_the_distribution_shows_where_samples_pile_up() -> None:
    """Eight bins from the 2nd to the 98th percentile; an empty bin is blank, the fullest is full."""

    assert "█      ▂" == text.distribution([1.0] * 6 + [2.0])
    assert "" == text.distribution([1.0])
    assert "█       " == text.distribution([1.0, 1.0])


@pytest.mark.parametrize(
    "name", ["::error::x", "  ::set-output name=a::b", "##[error]x", "\n::error::x"]
)
def test_no_name_is_a_workflows_command(name: str) -> None:
    """A runner takes a line that begins so for a command; within a line it means nothing."""

    assert text.clean(name).startswith("·")
    assert "a::b" == text.clean("a::b")
