"""The store as pages need it: one pass over every file of a case, holding the newest runs whole and of the others a line."""

from __future__ import annotations

import time
from hashlib import sha256
from pathlib import Path

from harness.errors import StoreError
from harness.judge.trend import moment
from harness.lab import store
from harness.lab.catalogue import NAME
from harness.model.measured import Run
from harness.model.published import Moment, Shelf, Unfinished, Workshop

_NEWEST = 20
"""Files of a case that are looked at for unfinished runs: what is in progress is among the last ones begun."""


def shelved(folder: Path) -> list[str]:
    """The cases that a store has a folder of, in order."""
    return sorted(path.name for path in folder.glob("*/") if NAME.fullmatch(path.name))


def shelf(case: str, folder: Path) -> Shelf:
    """Read everything that the store holds of one case.

    Raises:
        StoreError: a file is damaged, newer than this tool, or another case's; nothing is ever left out silently.
    """
    newest: dict[str, Run] = {}
    sweep: Run | None = None
    moments: list[Moment] = []
    incomplete: list[str] = []
    files: dict[str, str] = {}
    for path in sorted((folder / case).glob("*.json")):  # their names begin with the time
        data = store.bytes_of(path)
        files[f"{case}/{path.name}"] = sha256(data).hexdigest()
        run = store.decode(data, path)
        if run.case != case:
            raise StoreError(
                f"{path}: a run of {run.case!r} in the folder of {case!r}",
                f"move it to {folder / run.case}",
            )
        if not run.complete:
            incomplete.append(run.id)
        elif run.plan.sweep:
            sweep = run
        else:
            newest[run.machine.id] = run
            moments.append(moment(run))
    profiles = _profiles(folder, case)
    files |= {name: sha256(data).hexdigest() for name, data in profiles.items()}
    runs = sorted(newest.values(), key=lambda run: run.id, reverse=True)
    return Shelf(case, tuple(runs), sweep, tuple(moments), tuple(incomplete), profiles, files)


def _profiles(folder: Path, case: str) -> dict[str, bytes]:
    """The newest look at each variant and size, in the order of their names."""
    found: dict[str, Path] = {}
    for path in sorted(
        (folder / case / "profiles").glob("*/*.speedscope.json")
    ):  # their folders' names begin with the time
        if not path.name.endswith(
            "-before.speedscope.json"
        ):  # of another revision: half of a comparison
            found[path.name] = path
    return {
        path.relative_to(folder).as_posix(): store.bytes_of(path)
        for _, path in sorted(found.items())
    }


def workshop(folder: Path) -> Workshop:
    """Find the runs that are in progress or were interrupted; a file that cannot be read is told, and stops nothing."""
    of_cases = [unfinished(case, folder) for case in shelved(folder)]
    begun = sorted(
        (one for shop in of_cases for one in shop.unfinished), key=lambda one: one.age_seconds
    )
    return Workshop(tuple(begun), tuple(problem for shop in of_cases for problem in shop.damaged))


def unfinished(case: str, folder: Path) -> Workshop:
    """The same of one case, the oldest first."""
    begun: list[Unfinished] = []
    damaged: list[str] = []
    for path in sorted((folder / case).glob("*.json"))[-_NEWEST:]:
        try:
            age = time.time() - path.lstat().st_mtime
            run = store.read(path)
        except StoreError as error:
            damaged.append(error.problem)
        except OSError:  # replaced at this very moment
            continue
        else:
            if not run.complete:
                begun.append(Unfinished(run, max(0.0, age)))
    return Workshop(tuple(begun), tuple(damaged))
