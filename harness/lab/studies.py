"""Cases as pages need them: question, story, and the sources of every variant as they are now."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from harness.lab import sources
from harness.lab.source_text import source_text
from harness.model.published import Exhibit, Source, Study

if TYPE_CHECKING:
    from harness.lab.catalogue import Found

_LARGEST_SOURCE = 200_000
"""Characters; more than that nobody reads on a page."""


def study(found: Found) -> Study:
    """Read a case without importing anything but its declaration.

    Raises:
        BadCase: it cannot be imported.
    """
    case = found.load()
    exhibits = tuple(
        Exhibit(
            variant.name,
            str(variant.technique),
            variant.rival,
            variant.idea,
            tuple(_sources(found, variant.name)),
        )
        for variant in found.variants(case)
    )
    story = _text(found.folder / "README.md")
    return Study(
        found.name, found.question(), story, sources.case_digest(found, case)[:16], exhibits
    )


def _sources(found: Found, variant: str) -> list[Source]:
    body = found.home / "extensions" / found.name / f"{variant}.pyx"
    names = {found.source(variant): f"{found.folder.name}/{variant}.py"}
    if found.origin == "catalogue":
        names = {
            found.source(variant): f"cases/{found.name}/{variant}.py",
            body: f"extensions/{found.name}/{variant}.pyx",
        }
    return [
        Source(name, text[:_LARGEST_SOURCE])
        for file, name in names.items()
        if (text := _text(file))
    ]


def _text(file: Path) -> str:
    """What a file says; nothing where there is none."""
    with suppress(OSError):
        return source_text(file)
    return ""
