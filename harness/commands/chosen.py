"""Runs as people name them: an id or a part of it, a file, or a case for the run that stands for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import AskedWrongly

if TYPE_CHECKING:
    from harness.lab.places import Stores
    from harness.model.measured import Run
    from harness.model.selected import Selection


@dataclass(frozen=True, slots=True)
class Chosen:
    """A stored run and its file."""

    run: Run
    path: Path
    selection: Selection | None = None
    """Why it stands for the case that was named; None: it was named itself."""


def chosen_runs(wanted: Sequence[str], stores: Stores) -> list[Chosen]:
    """Return the runs that were named; none named: the one that stands for each case.

    Raises:
        AskedWrongly: there is no such run, or there are several.
        StoreError: a file is damaged.
    """
    names = wanted or [case for case in stores.cases() if stores.files(case)]
    if not names:
        raise AskedWrongly(
            f"there is no run in {stores}", f"python -m harness run dedupe{stores.option}"
        )
    return [chosen_run(name, stores) for name in names]


def chosen_run(wanted: str, stores: Stores) -> Chosen:
    """Return the run that was named.

    Raises:
        AskedWrongly: there is none, or several.
        StoreError: its file is damaged.
    """
    from harness.lab import store

    if wanted in stores.cases() and not Path(wanted).is_file():
        return of_case(wanted, stores)
    path = store.find(wanted, stores)
    return Chosen(store.read(path), path)


def of_case(case: str, stores: Stores) -> Chosen:
    """Return the run that stands for a case.

    Raises:
        AskedWrongly: there is none.
    """
    from harness.lab.store import choosing

    found = choosing.chosen(case, stores)
    if found is None:
        raise AskedWrongly(
            f"there is no complete run of {case} in {stores}",
            f"python -m harness run {case}{stores.option}",
        )
    return Chosen(found.run, found.path, found.selection)


def say_choices(found: Sequence[Chosen]) -> None:
    """Say on standard error which runs stand for the cases that were named, and which newer ones do not."""
    from harness.show.selection import passed_over, sentence
    from harness.show.text import clean

    for one in found:
        if one.selection is not None:
            for line in (sentence(one.selection), *passed_over(one.selection)):
                click.echo(clean(f"{one.run.case}: {line}"), err=True)
