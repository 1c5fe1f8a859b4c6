"""Says which row of a file is none, once somebody has noticed that there is one."""

from __future__ import annotations

import re
from typing import NoReturn

ROW = re.compile(rb"[^;\n]{1,100};-?[0-9]{1,2}\.[0-9]")


def refuse(data: bytes) -> NoReturn:
    """Look for the first line that is no row, and say so.

    Raises:
        ValueError: always.
    """
    for number, line in enumerate(data.removesuffix(b"\n").split(b"\n"), 1):
        if not ROW.fullmatch(line):
            message = f"line {number} of these {len(data)} bytes is no row such as 'Station;-12.3': {line[:120]!r}"
            raise ValueError(message)
    message = f"{len(data)} bytes are no rows such as 'Station;-12.3'"
    raise ValueError(message)
