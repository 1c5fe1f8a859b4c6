"""Reads which run stands for a case: every result file is looked at, the chosen one is read with care."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import BadCase
from harness.judge.selection import choose, standing, width
from harness.lab.places import Stored, Stores
from harness.lab.store.files import bytes_of, read
from harness.lab.store.format import outline
from harness.model.measured import Run
from harness.model.selected import Question, Selection, Standing

if TYPE_CHECKING:
    from pathlib import Path

    from harness.lab.catalogue import Found


@dataclass(frozen=True, slots=True)
class Chosen:
    """The run that stands for a case, its file, and why it is this one."""

    run: Run
    path: Path
    selection: Selection


def question_of(found: Found) -> Question | None:
    """What a case asks now; None: it cannot be read."""
    from harness.lab.sources import case_digest

    try:
        case = found.load()
        digest = case_digest(found, case)[:16]
    except (BadCase, OSError):
        return None
    return Question(
        frozenset(case.variants),
        frozenset(workload.name for workload in case.default_workloads()),
        frozenset(workload.name for workload in case.workloads),
        digest,
    )


def known_question(case: str) -> Question | None:
    """What the catalogue's case of that name asks; None: there is none."""
    from harness.lab.catalogue import find_cases

    found = find_cases().get(case)
    return None if found is None else question_of(found)


def chosen(
    case: str, stores: Stores, *, machine: str | None = None, sweep: bool | None = None
) -> Chosen | None:
    """Choose among the complete runs of a case; None: there is none.

    Args:
        case: its name.
        stores: where to look.
        machine: only runs of this machine; None: of any.
        sweep: only sweeps, or only plain runs; None: any, plain ones first.

    Raises:
        StoreError: a file is damaged, or newer than this tool: it might be the one.
    """
    question = known_question(case)
    paths: dict[str, Stored] = {}
    standings: list[Standing] = []
    for stored in stores.files(case):
        run = outline(bytes_of(stored.path), stored.path)
        of_machine = machine is None or run.machine.id == machine
        if run.complete and of_machine and sweep in {None, run.plan.sweep}:
            paths[run.id] = stored
            standings.append(standing(run, question, published=stored.published))
    selection = choose(standings, lambda run: width(read(paths[run].path)))
    if selection is None:
        return None
    path = paths[selection.chosen.standing.run].path
    return Chosen(read(path), path, selection)


def chosen_of(outlines: Sequence[Run], read_whole: Callable[[str], Run]) -> Run | None:
    """The same of runs that lie elsewhere, of a case as it was then: all that was measured counts.

    Args:
        outlines: the runs without their samples.
        read_whole: reads the run of that id with care.
    """
    standings = [standing(run, None, published=True) for run in outlines if run.complete]
    selection = choose(standings, lambda run: width(read_whole(run)))
    return None if selection is None else read_whole(selection.chosen.standing.run)
