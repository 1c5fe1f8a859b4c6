"""Row 52: many writers at once, one reader that never stops: nothing lost, nothing half read."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from harness.lab import store
from tests.faults.scene import HOME, Scene
from tests.faults.writing import run_of

WRITERS = 8
RUNS = int(os.environ.get("PERFLAB_RUNS", "125"))
"""Runs of each writer; the full figure is 1000: ``PERFLAB_RUNS=1000 python -m pytest`` this file."""


def started(scene: Scene, *arguments: object) -> subprocess.Popen[str]:
    """Start a writer or the reader."""
    command = [sys.executable, "-m", "tests.faults.writing", str(scene.store), *map(str, arguments)]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=HOME,
        env=scene.environment(),
    )


@pytest.mark.timeout(600)
def test_52_many_writers_at_once_and_a_reader(scene: Scene) -> None:
    """Eight processes write a store at once while one reads it without a pause: every run is there, complete, byte for byte, and no look saw half a file."""
    reader = started(scene, "read")
    writers = [started(scene, "write", number, RUNS) for number in range(WRITERS)]
    said = [writer.communicate()[1] for writer in writers]
    out, err = reader.communicate("the writers have ended")
    seen = json.loads(out or "{}")

    assert [""] * (WRITERS + 1) == [*said, err]
    assert [0] * (WRITERS + 1) == [process.returncode for process in (*writers, reader)]
    assert [] == seen["broken"]
    assert seen["looks"] > 1
    assert seen["read"] > WRITERS * RUNS
    wanted = {
        store.file_of(run, scene.store): store.encode(run)
        for number in range(WRITERS)
        for run in (run_of(number, one) for one in range(RUNS))
    }
    found = {path: path.read_bytes() for path in scene.store.glob("*/*") if path != scene.older}

    assert WRITERS * RUNS == len(wanted)
    assert wanted == found
    scene.check(*said)
    print(f"{len(found)} runs, {seen}")


def test_52_many_writers_of_one_run(scene: Scene) -> None:
    """The same file by eight at once, fifty times each, short and long: whoever reads it meanwhile sees one of the two, whole; and no temporary file stays."""
    run = run_of(0, 0)
    reader = started(scene, "read")
    writers = [started(scene, "rewrite", 50) for _ in range(WRITERS)]
    said = [writer.communicate()[1] for writer in writers]
    out, err = reader.communicate("the writers have ended")
    seen = json.loads(out or "{}")

    assert [""] * (WRITERS + 1) == [*said, err]
    assert [] == seen["broken"]
    assert seen["looks"] > WRITERS
    assert store.encode(run) == store.file_of(run, scene.store).read_bytes()
    assert {scene.older, store.file_of(run, scene.store)} == {
        path for path in scene.store.rglob("*") if path.is_file()
    }
