"""Words and units for people: hostile strings made harmless, numbers with the digits they deserve."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from harness.model import units

if TYPE_CHECKING:
    from harness.errors import PerflabError

MISSING = "\N{EN DASH}"
_BARS = "▁▂▃▄▅▆▇█"
_ASCII_BARS = "._-=+*#@"
_PAGE = 4096


def clean(text: str) -> str:
    """Return ``text`` on one line without control characters and bidirectional tricks.

    Whatever a variant, a file or a branch is called, it cannot steer the terminal, nor the runner of a workflow, which takes a line that
    begins with ``::`` for a command.
    """
    line = visible(text)
    return f"·{line}" if line.lstrip().startswith(_WORKFLOW_COMMANDS) else line


def say_error(error: PerflabError) -> None:
    """Print on standard error what happened and what to do about it, cleaned of control characters."""
    click.echo(f"error: {clean(error.problem)}", err=True)
    if error.remedy:
        click.echo(f"  try: {clean(error.remedy)}", err=True)


def visible(text: str) -> str:
    """The same for what never begins a line of a log: code and stories, word for word."""
    return "".join(_visible(character) for character in text)


_WORKFLOW_COMMANDS = ("::", "##[")


def _visible(character: str) -> str:
    if character in "\n\r\t":
        return " "
    return (
        "\N{REPLACEMENT CHARACTER}"
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
        else character
    )


_MARKDOWN = str.maketrans(
    {character: f"\\{character}" for character in "\\|`*[]"} | {"<": "&lt;", "&": "&amp;"}
)


def markdown_cell(text: str) -> str:
    """Cleaned, and without anything that Markdown or HTML would take for a command."""
    return clean(text).translate(_MARKDOWN)


def seconds(value: float | None) -> str:
    """Three significant digits and a unit: 12.3 µs."""
    if value is None:
        return MISSING
    return units.seconds(value)


def share(value: float) -> str:
    """A relative half-width: ±2 %."""
    percent = value * 100
    if percent >= 100:  # an interval this wide says: unknown
        return "±>100%"
    return f"±{percent:.0f}%" if percent >= 9.95 else f"±{percent:.1f}%"


def ratio(value: float | None) -> str:
    """A speed-up: 5.3x."""
    if value is None:
        return MISSING
    return (
        f"{value:,.0f}x".replace(",", " ")
        if value >= 99.5
        else f"{value:.1f}x"
        if value >= 9.95
        else f"{value:.2f}x"
    )


def limit(value: float | None) -> str:
    """Times the lower bound; what lies below it by no more than the limits' tolerance is at the limit, and never beyond it."""
    return ratio(value) if value is None or value >= 1 else "~1x"


def size(n_bytes: int | None) -> str:
    """Bytes with a binary unit: 4.0 MiB."""
    if n_bytes is None:
        return MISSING
    if n_bytes < _PAGE:  # the resident set moves in pages: less is not nothing
        return "< 4 KiB"
    return units.size(n_bytes)


def payback(calls: int | None, *, is_reference: bool, measured: bool) -> str:
    """Pay-back in words: when start-up has been earned back."""
    if not measured or is_reference:
        return MISSING
    if calls is None:
        return "never"
    return "at once" if calls <= 1 else f"{calls:,} calls".replace(",", " ")


def distribution(
    samples: Sequence[float], *, width: int = 8, low: float | None = None, high: float | None = None
) -> str:
    """A small histogram of samples between ``low`` and ``high`` (their 2nd and 98th percentile by default)."""
    if len(samples) < 2:
        return ""
    ordered = sorted(samples)
    low = ordered[len(ordered) * 2 // 100] if low is None else low
    high = ordered[-1 - len(ordered) * 2 // 100] if high is None else high
    counts = [0] * width
    for sample in ordered:
        place = int((sample - low) / (high - low) * width) if high > low else 0
        counts[max(0, min(width - 1, place))] += 1
    most = max(counts)
    return "".join(
        _BARS[round(count / most * (len(_BARS) - 1))] if count else " " for count in counts
    )


_TO_ASCII = str.maketrans(
    {
        **dict(zip(_BARS, _ASCII_BARS, strict=True)),
        MISSING: "-",
        "µ": "u",
        "±": "~",
        "┌": "/",
        "│": "|",
        "└": "\\",
        "★": "*",
        "…": ".",
        "→": ">",
        "─": "-",
        "·": ".",
    }
)


def ascii_only(text: str) -> str:
    """The same in ASCII, for consoles that know no more."""
    return text.translate(_TO_ASCII).encode("ascii", "replace").decode()
