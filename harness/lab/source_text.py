"""Reads sources as their compilers do: by the coding line, the byte order mark, and real line ends."""

from __future__ import annotations

import io
import tokenize
from pathlib import Path

_PYTHON = frozenset({".py", ".pyw", ".pyi", ".pyx", ".pxd", ".pxi"})
"""What may begin with a coding line (PEP 263); Cython reads it, too."""


def source_text(file: Path) -> str:
    """Return a source with newlines as ``\\n``; what does not decode is shown as replaced.

    Raises:
        OSError: the file cannot be read.
    """
    data = file.read_bytes()
    coding = "utf-8-sig"
    if file.suffix in _PYTHON:
        try:
            coding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        except SyntaxError:  # an unknown coding: Python refuses the file, a reader need not
            coding = "utf-8-sig"
    text = data.decode(coding, errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def source_lines(file: Path) -> list[str]:
    """The lines as compilers count them: a form feed or a separator of Unicode's begins no line.

    Raises:
        OSError: the file cannot be read.
    """
    return source_text(file).split("\n")
