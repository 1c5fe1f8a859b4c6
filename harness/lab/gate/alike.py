"""The gate on two copies of one and the same code, over the catalogue: what it can see, and whether it cries wolf."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeAlias

from harness.errors import AskedWrongly
from harness.lab.catalogue import HOME, find_case, find_cases
from harness.lab.gate import counting, revisions
from harness.lab.gate.changes import Place
from harness.lab.gate.desk import Asked, Scene
from harness.lab.gate.scene import opened
from harness.lab.gate.session import Gate
from harness.lab.machine import this_machine
from harness.lab.repository import Repository
from harness.model.gated import AlikeTest, Metric

Told: TypeAlias = Callable[[str], None]
_CATALOGUE = "catalogue"
_LABELS = ("base", "head")
_BUILT = frozenset({".pyc", ".so", ".pyd"})


def run(asked: Asked, tell: Told, keep: Callable[[AlikeTest], None]) -> AlikeTest:
    """Measure every key that was asked for on identical code; ``keep`` gets what is known after each variant.

    Raises:
        AskedWrongly: no such case or variant.
        EnvironmentLacks: what counting instructions needs is not there.
    """
    if Metric.INSTRUCTIONS in asked.metrics:
        counting.require_callgrind()
    started, begun = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", time.monotonic()
    with two_copies(asked) as scene:
        gate = Gate(asked, scene, tell)

        def report(*, complete: bool) -> AlikeTest:
            found = gate.desk.found
            return AlikeTest(
                machine=this_machine(),
                started=started,
                load_average=round(os.getloadavg()[1], 2),
                command=asked.command,
                metrics=asked.metrics,
                tolerance=asked.tolerance,
                budget_seconds=asked.budget_seconds,
                keys=tuple(found.keys),
                gaps=(*found.wrong, *found.missing),
                notes=tuple(found.notes),
                seconds=round(time.monotonic() - begun, 1),
                complete=complete,
            )

        todo = gate.proven(gate.listed())
        gate.measure(todo, lambda: keep(report(complete=False)))
        return report(complete=True)


@contextmanager
def two_copies(asked: Asked) -> Iterator[Scene]:
    """Copy the working tree twice; both copies are removed afterwards."""
    names = asked.cases or [one.name for one in find_cases().values() if one.origin == _CATALOGUE]
    places = [_place(name) for name in names]
    files = our_files()
    with (
        revisions.copied(HOME, files, label=_LABELS[0]) as base,
        revisions.copied(HOME, files, label=_LABELS[1]) as head,
    ):
        sides = {place.name: opened(place, (base, head), HOME, asked.confines) for place in places}
        yield Scene(Repository(HOME), "identical code", base, head, sides)


def our_files() -> list[str]:
    """Names of all files that variants are made of, without what was built."""
    return [
        *_sources("cases", "extensions", "harness"),
        *(
            name
            for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE")
            if (HOME / name).is_file()
        ),
    ]


def _sources(*folders: str) -> list[str]:
    return [
        str(file.relative_to(HOME))
        for folder in folders
        for file in sorted((HOME / folder).rglob("*"))
        if file.is_file() and file.suffix not in _BUILT and not file.name.endswith(".build.json")
    ]


def _place(name: str) -> Place:
    """Where a case of the catalogue lies in either copy.

    Raises:
        AskedWrongly: it is no case of the catalogue.
    """
    here = find_case(name)
    if here.origin != _CATALOGUE:
        raise AskedWrongly(
            f"{name} is no case of the catalogue",
            "the self-test measures the catalogue's own variants; python -m harness list",
        )
    return Place(name, here.module, here.folder.relative_to(HOME), here.origin)
