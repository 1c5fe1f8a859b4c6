"""Runs as people name them: an id or a part of it, a file, or a case for its newest complete run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import AskedWrongly

if TYPE_CHECKING:
    from harness.model.measured import Run


@dataclass(frozen=True, slots=True)
class Chosen:
    """A stored run and its file."""

    run: Run
    path: Path


def chosen_runs(wanted: Sequence[str], store_path: Path) -> list[Chosen]:
    """Return the runs that were named; none named: the newest complete one of every case.

    Raises:
        AskedWrongly: there is no such run, or there are several.
        StoreError: a file is damaged.
    """
    names = wanted or [
        folder.name for folder in sorted(store_path.glob("[!.]*/")) if any(folder.glob("*.json"))
    ]
    if not names:
        raise AskedWrongly(f"there is no run in {store_path}", "python -m harness run dedupe")
    return [chosen_run(name, store_path) for name in names]


def chosen_run(wanted: str, store_path: Path) -> Chosen:
    """Return the run that was named.

    Raises:
        AskedWrongly: there is none, or several.
        StoreError: its file is damaged.
    """
    from harness.lab import store
    from harness.lab.catalogue import NAME

    if NAME.fullmatch(wanted) and (store_path / wanted).is_dir():
        return newest(wanted, store_path)
    path = store.find(wanted, store_path)
    return Chosen(store.read(path), path)


def newest(case: str, store_path: Path) -> Chosen:
    """Return the newest complete run of a case.

    Raises:
        AskedWrongly: there is none.
    """
    from harness.lab import store

    files = sorted((store_path / case).glob("*.json"), reverse=True)
    for path in files:
        run = store.read(path)
        if run.complete:
            return Chosen(run, path)
    raise AskedWrongly(
        f"there is no complete run of {case} in {store_path}", f"python -m harness run {case}"
    )
