"""Spoiled result files, sealed again: a run, or the one named error.  The long version is ``make fuzz``."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import StoreError
from harness.lab import store
from harness.model.measured import Measured, Process, Run
from tests.fakes.runs import fake_run
from tests.fuzz.mutations import PATH, examine, scrambled, spoiled

GOLDEN = [
    path.read_bytes()
    for path in sorted((Path(__file__).parents[1] / "golden").glob("result-format-*.json"))
]


@settings(derandomize=True, max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32), times=st.integers(1, 4), golden=st.sampled_from(GOLDEN))
def test_whatever_becomes_of_a_file_the_reader_has_a_word_for_it(
    seed: int, times: int, golden: bytes
) -> None:
    """Bytes, tree and record are spoiled, and sealed; what is read comes back as it was, can be summed up, and written again."""
    source = random.Random(seed)
    data = golden
    for _ in range(times):
        data = spoiled(data, source, lambda given: scrambled(given, source))
    examine(data)


def test_the_spoiling_gets_past_the_digest() -> None:
    """Of two hundred spoiled files some are read, and some are refused for what the record says: the fuzz looks behind the seal."""
    source, said = random.Random(0), []
    for _ in range(200):
        try:
            store.decode(spoiled(GOLDEN[-1], source, lambda given: scrambled(given, source)), PATH)
            said.append("read")
        except StoreError as error:
            said.append(error.problem)

    assert said.count("read") > 10
    assert len([one for one in said if "damaged: " in one or "do not fit the record" in one]) > 30
    assert len([one for one in said if "digest" in one]) > 3


def first_process(run: Run, change: Callable[[Process], Process]) -> Run:
    """The run with its very first process changed."""
    (measured,) = run.workloads
    result = measured.results[0]
    changed = replace(result, processes=(change(result.processes[0]), *result.processes[1:]))
    return replace(run, workloads=(replace(measured, results=(changed, *measured.results[1:])),))


def twice(run: Run) -> tuple[Measured, ...]:
    """The run's workload, with its first result there twice."""
    (measured,) = run.workloads
    return (replace(measured, results=(measured.results[0], *measured.results)),)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (lambda run: replace(run, workloads=twice(run)), "is there twice"),
        (lambda run: replace(run, crews=run.workloads), "is there twice"),
        (
            lambda run: first_process(
                run, lambda one: replace(one, samples=(replace(one.samples[0], ns=2**50),))
            ),
            "13 days",
        ),
        (
            lambda run: first_process(
                run, lambda one: replace(one, samples=(replace(one.samples[0], ns=0),))
            ),
            "13 days",
        ),
        (
            lambda run: first_process(
                run, lambda one: replace(one, samples=(replace(one.samples[0], loops=2**50),))
            ),
            "13 days",
        ),
    ],
)
def test_what_could_not_be_kept_as_it_was_is_refused(
    found: Callable[[Run], Run], message: str
) -> None:
    """Found by fuzzing: one key with two results, times that a double does not give back, no time at all."""
    with pytest.raises(StoreError, match=message):
        store.decode(store.encode(found(fake_run())), PATH)


@pytest.mark.parametrize("machine", ["/../../../tmp/x", "../x", "", "A B", "x\0"])
def test_a_strangers_machine_cannot_lead_out_of_the_store(machine: str, tmp_path: Path) -> None:
    """The machine's id becomes a part of the file's name, and is checked as the others are."""
    run = fake_run()
    with pytest.raises(StoreError, match="cannot be part of a file's name"):
        store.file_of(replace(run, machine=replace(run.machine, id=machine)), tmp_path)
