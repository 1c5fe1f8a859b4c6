"""Fills a corpus for the fuzzer: ``python -m tests.fuzz.seeds FOLDER``, in a process of its own, so that nothing is covered before the fuzzing begins."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from harness.lab import store
from harness.model.measured import Measured

HOME = Path(__file__).parents[2]


def seeds(corpus: Path) -> None:
    """Put the golden files and the results of the repository into a corpus, the latter cut short: more samples hold nothing new, and take longer."""
    corpus.mkdir(parents=True, exist_ok=True)
    for path in (HOME / "tests" / "golden").glob("result-*.json"):
        (corpus / path.name).write_bytes(path.read_bytes())
    for path in (HOME / "results").glob("*/*.json"):
        run = store.read(path)
        short = replace(
            run,
            workloads=tuple(map(_short, run.workloads[:2])),
            crews=tuple(map(_short, run.crews[:1])),
        )
        (corpus / path.name).write_bytes(store.encode(short))


def _short(measured: Measured) -> Measured:
    """The first processes of the first four results."""
    processes = {
        one.key: tuple(
            replace(process, samples=process.samples[:3]) for process in one.processes[:2]
        )
        for one in measured.results
    }
    results = tuple(replace(one, processes=processes[one.key]) for one in measured.results[:4])
    return replace(measured, results=results, conditions=measured.conditions[:2])


if __name__ == "__main__":
    seeds(Path(sys.argv[1]))
