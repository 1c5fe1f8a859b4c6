"""The store as pages need it: one pass over every file of a case, keeping a line of each, then the chosen runs whole."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from harness.errors import StoreError
from harness.judge.selection import choose, standing, width
from harness.judge.trend import moment
from harness.lab import store
from harness.lab.places import Stores
from harness.model.measured import Run
from harness.model.published import Moment, Shelf, Unfinished, Workshop
from harness.model.selected import Question, Selection, Standing

_NEWEST = 20
"""Files of a case that are looked at for unfinished runs: what is in progress is among the last ones begun."""


def shelf(case: str, stores: Stores, question: Question | None = None) -> Shelf:
    """Read everything that is stored of one case.

    Args:
        case: its name.
        stores: where to look.
        question: what the case asks now: what covers more of it stands for it; None: the catalogue does not have it.

    Raises:
        StoreError: a file is damaged, newer than this tool, or another case's; nothing is ever left out silently.
    """
    kept = _Kept({}, [], [], [], {})
    for stored in stores.files(case):
        data = store.bytes_of(stored.path)
        run = store.decode(data, stored.path)
        if run.case != case:
            raise StoreError(
                f"{stored.path}: a run of {run.case!r} in the folder of {case!r}",
                "python -m harness store fsck --fix --store"
                f" {shlex.quote(str(stored.path.parent.parent))}",
            )
        kept.files[f"{case}/{stored.path.name}"] = sha256(data).hexdigest()
        kept.paths[run.id] = stored.path
        if not run.complete:
            kept.incomplete.append(run.id)
            continue
        kept.standings.append(standing(run, question, published=stored.published))
        if not run.plan.sweep:
            kept.moments.append(moment(run))
    profiles = _profiles(stores, case)
    digests = {name: sha256(data).hexdigest() for name, data in profiles.items()}
    plain, sweep = kept.selection(sweep=False), kept.selection(sweep=True)
    return Shelf(
        case,
        tuple(map(kept.read, kept.of_machines(plain))),
        None if sweep is None else kept.read(sweep.chosen.standing.run),
        tuple(kept.moments),
        tuple(kept.incomplete),
        profiles,
        kept.files | digests,
        plain,
        sweep,
    )


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is kept of the files passed over; the samples are not."""

    paths: dict[str, Path]
    """By run."""
    standings: list[Standing]
    moments: list[Moment]
    incomplete: list[str]
    files: dict[str, str]

    def read(self, run: str) -> Run:
        """Read a run again, whole."""
        return store.read(self.paths[run])

    def selection(self, *, sweep: bool, machine: str | None = None) -> Selection | None:
        """Choose among the sweeps, or among the others; of one machine, or of all."""
        among = [
            one for one in self.standings if one.sweep is sweep and machine in {None, one.machine}
        ]
        return choose(among, lambda run: width(self.read(run)))

    def of_machines(self, plain: Selection | None) -> list[str]:
        """The run that stands for the case on each machine; first the one that stands for all, then the newest."""
        if plain is None:
            return []
        first = plain.chosen.standing
        others = {one.machine for one in self.standings if not one.sweep} - {first.machine}
        choices = (self.selection(sweep=False, machine=machine) for machine in sorted(others))
        runs = [choice.chosen.standing.run for choice in choices if choice is not None]
        return [first.run, *sorted(runs, reverse=True)]


def _profiles(stores: Stores, case: str) -> dict[str, bytes]:
    """The newest look at each variant and size, in the order of their names."""
    looks = [
        path
        for folder in stores.folders
        for path in (folder / case / "profiles").glob("*/*.speedscope.json")
        # of another revision: half of a comparison
        if not path.name.endswith("-before.speedscope.json")
    ]
    newest: dict[str, Path] = {}
    for path in sorted(looks, key=lambda path: (path.parent.name, path.name)):
        newest[path.name] = path  # their folders' names begin with the time
    return {
        f"{case}/profiles/{path.parent.name}/{name}": store.bytes_of(path)
        for name, path in sorted(newest.items())
    }


def workshop(stores: Stores) -> Workshop:
    """Find the runs that are in progress or were interrupted; a file that cannot be read is told, and stops nothing."""
    of_cases = [unfinished(case, stores) for case in stores.cases()]
    begun = sorted(
        (one for shop in of_cases for one in shop.unfinished), key=lambda one: one.age_seconds
    )
    return Workshop(tuple(begun), tuple(problem for shop in of_cases for problem in shop.damaged))


def unfinished(case: str, stores: Stores) -> Workshop:
    """The same of one case, the oldest first."""
    begun: list[Unfinished] = []
    damaged: list[str] = []
    for path in [stored.path for stored in stores.files(case)][-_NEWEST:]:
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
