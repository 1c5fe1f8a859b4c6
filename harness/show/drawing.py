"""One way to make a picture: the same bytes for the same data, ink that follows the reader's light or dark, text that stays text."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from harness.errors import EnvironmentLacks
from harness.show.text import clean, seconds

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#1f1f21"
"""Lines and letters; in a dark place they become light."""
_LIGHT_INK = "#e4e4e7"
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", INK)
"""Okabe and Ito's (Color Universal Design, 2008), which most colour-blind readers can tell apart; marks differ, too."""
MARKS = "osD^vP*X<>hp"
LINES = ("-", "-.", ":")
"""One round of colours each; dashes are for rivals."""
_SETTINGS: Any = {
    "svg.hashsalt": "perflab", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10.0, "text.parse_math": False,
    "text.color": INK, "axes.edgecolor": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK, "axes.linewidth": 0.8,
    "axes.facecolor": "none", "figure.facecolor": "none", "savefig.facecolor": "none", "legend.facecolor": "none", "legend.edgecolor": INK,
    "grid.color": INK, "grid.alpha": 0.15, "grid.linewidth": 0.6, "axes.axisbelow": True,
}  # fmt: skip
_NARROW, _FLAT = 30.0, 4.0
"""Axes with less than this between their ends have more ticks than powers of ten, or even steps."""
_STYLE = f"<style>svg{{color-scheme:light dark;color:{INK}}}@media(prefers-color-scheme:dark){{svg{{color:{_LIGHT_INK}}}}}</style>"


def require_matplotlib() -> None:
    """Refuse early.

    Raises:
        EnvironmentLacks: matplotlib is not installed.
    """
    try:
        import matplotlib  # noqa: F401  here to be missed
    except ImportError:
        raise EnvironmentLacks(
            "matplotlib is not installed, so nothing can be drawn", "pip install 'perflab[pages]'"
        ) from None


@contextmanager
def sheet(width: float, height: float) -> Iterator[Figure]:
    """An empty figure of so many inches, with our settings while it is drawn on.

    Raises:
        EnvironmentLacks: matplotlib is not installed.
    """
    require_matplotlib()
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_SETTINGS):
        yield Figure(figsize=(width, height), layout="constrained")


def to_svg(figure: Figure, title: str) -> bytes:
    """Return the picture; within :func:`sheet`, whose settings it needs."""
    buffer = io.BytesIO()
    figure.savefig(
        buffer, format="svg", metadata={"Date": None, "Creator": "perflab", "Title": clean(title)}
    )
    drawn = buffer.getvalue().decode().replace(INK, "currentColor")
    opening = drawn.index(">", drawn.index("<svg")) + 1
    named = f"<title>{escape(clean(title))}</title>"
    return f"{drawn[:opening]}\n {named}{_STYLE}{drawn[opening:]}".encode()


def label(name: str) -> str:
    """A name for a legend: without control characters, and without the underscore that would hide it there."""
    return clean(name).lstrip("_")


def logarithmic(axis: Any, words: Callable[[float], str], title: str) -> None:
    """Make an axis (``axes.xaxis``, ``axes.yaxis``) of what is drawn already logarithmic, with words for its ticks."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    low, high = axis.get_view_interval()
    if low > 0 and high / low < _NARROW:  # powers of ten alone would leave it without a number
        axis.set_major_locator(
            MaxNLocator(5) if high / low < _FLAT else LogLocator(subs=(1.0, 2.0, 5.0))
        )
    axis.set_major_formatter(FuncFormatter(lambda value, _: words(value)))
    axis.set_minor_formatter(NullFormatter())
    axis.set_label_text(title)


def in_seconds(value: float) -> str:
    """A power of ten of seconds: 10 ms."""
    number, _, unit = seconds(value).partition(" ")
    return f"{float(number):.3g} {unit}"


def in_counts(value: float) -> str:
    """A power of ten with a letter: 10k, 1M, 10G."""
    scale, letter = next(
        (
            (scale, letter)
            for scale, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
            if value >= scale
        ),
        (1.0, ""),
    )
    return f"{value / scale:.3g}{letter}"


def in_times(value: float) -> str:
    """A ratio: 10x."""
    return f"{value:.3g}x" if value < 1e3 else f"{value:,.0f}x".replace(",", " ")
