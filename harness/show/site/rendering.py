"""Templates into pages: everything that is inserted is text, whatever it holds."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from harness.errors import EnvironmentLacks
from harness.show import text

if TYPE_CHECKING:
    from jinja2 import Environment

STYLE = "style.css"


def render(template: str, **nouns: Any) -> bytes:
    """Fill a template in.

    Raises:
        EnvironmentLacks: jinja2 is not installed.
    """
    filled: str = _environment().get_template(template).render(**nouns)
    return filled.encode("utf-8", "replace")


def style() -> bytes:
    """The style sheet of all pages."""
    source = _environment().loader
    assert source is not None
    return source.get_source(_environment(), STYLE)[0].encode()


@cache
def _environment() -> Environment:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError:
        raise EnvironmentLacks(
            "jinja2 is not installed, so no page can be made", "pip install 'perflab[pages]'"
        ) from None
    made = Environment(
        loader=PackageLoader("harness.show.site"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True, finalize=_harmless,
    )  # fmt: skip
    made.filters |= {
        "seconds": text.seconds, "share": text.share, "ratio": text.ratio, "limit": text.limit, "size": text.size, "percent": _percent,
        "day": lambda moment: moment[:10], "short": lambda digest: digest[:10],
    }  # fmt: skip
    return made


def _harmless(value: Any) -> Any:
    """No control characters and no bidirectional tricks; what is marked as safe has been through this already."""
    return text.clean(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _percent(value: float) -> str:
    return f"{value:.0%}" if value >= 0.0995 else f"{value:.1%}"
