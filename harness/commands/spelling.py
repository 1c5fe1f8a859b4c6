"""How commands and cases are spelt for the user: the one place where our messages become typable.

Below the commands every message names a command as ``python -m harness COMMAND CASE``.  Here that
becomes what this user can type: the program as it was called, and a case by its path where its
name alone would not find it.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness import errors

_SHOWN = 3
CANONICAL = "python -m harness"
_NAMED = re.compile(
    rf"{CANONICAL} (?:(?:run|verify|profile|list|gate)|report --readme)"
    r" (?P<case>[a-z_][a-z0-9_]*)(?![\w./-])"
)


def program() -> str:
    """The command by which this process was started; the canonical one where that cannot be seen."""
    folder, name = os.path.split(sys.argv[0])
    if name in {"perflab", "perflab.exe", "perflab-script.py"}:
        return "perflab"
    if name == "__main__.py" and os.path.basename(folder) == "perflab":
        return "python -m perflab"
    return CANONICAL


def typable(text: str) -> str:
    """The same text with commands as this user can type them."""
    if CANONICAL not in text:
        return text
    return _NAMED.sub(_with_path, text).replace(CANONICAL, program())


def _with_path(found: re.Match[str]) -> str:
    from harness.lab import catalogue

    start, end = found.span("case")
    first = found.start()
    whole = found.group()
    return whole[: start - first] + catalogue.typed_name(found["case"]) + whole[end - first :]


def listed(names: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    from harness.show.text import clean

    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return clean(", ".join(names[:_SHOWN])) + more


def say_error(error: errors.PerflabError) -> None:
    """Print on standard error what happened and what to type next."""
    from harness.errors import PerflabError
    from harness.show import text

    text.say_error(PerflabError(typable(error.problem), typable(error.remedy)))
