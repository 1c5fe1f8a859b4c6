"""A writer that keeps runs of its own as fast as it can, or a reader that reads all there are until the writers have ended.

``python -m tests.faults.writing STORE write NUMBER COUNT``, ``... STORE rewrite COUNT``, ``... STORE read``; the reader ends when its standard input does, and says what it saw as JSON.
"""

from __future__ import annotations

import json
import select
import sys
from dataclasses import replace
from pathlib import Path

from harness.errors import StoreError
from harness.lab import store
from harness.model.measured import Run
from tests.fakes.runs import fake_run


def run_of(writer: int, number: int) -> Run:
    """Each writer's runs are its own: other ids, other times."""
    return replace(
        fake_run(),
        id=f"20260101T{number:06}Z-{writer:08x}",
        advice=(f"writer {writer}, run {number}",),
    )


def write(folder: Path, writer: int, count: int) -> None:
    """Write the runs; every eighth twice, as a run is: first incomplete, then complete."""
    for number in range(count):
        run = run_of(writer, number)
        if number % 8 == 0:
            store.write(replace(run, complete=False, workloads=()), folder)
        store.write(run, folder)


def rewrite(folder: Path, count: int) -> None:
    """Write one and the same run again and again, short and long."""
    run = run_of(0, 0)
    for _ in range(count):
        store.write(replace(run, complete=False, workloads=()), folder)
        store.write(run, folder)


def read(folder: Path) -> dict[str, int | list[str]]:
    """Read every file again and again while others write; nothing half written may ever be seen."""
    seen = {"looks": 0, "read": 0, "incomplete": 0}
    broken: list[str] = []
    last = False
    while True:
        for path in folder.glob("*/*.json"):
            try:
                run = store.read(path)
            except StoreError as error:
                broken.append(error.problem)
                continue
            seen["read"] += 1
            seen["incomplete"] += not run.complete
        seen["looks"] += 1
        if last:
            return {**seen, "broken": broken}
        last = bool(select.select([sys.stdin], [], [], 0)[0])


if __name__ == "__main__":
    where, what, *numbers = sys.argv[1:]
    if what == "write":
        write(Path(where), *map(int, numbers))
    elif what == "rewrite":
        rewrite(Path(where), *map(int, numbers))
    else:
        print(json.dumps(read(Path(where))))
