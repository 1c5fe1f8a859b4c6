"""Killed at any step of writing, and at any moment of a real run: the older data is as it was, the cut run goes on where it was."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from harness.lab import keeping, places, store
from harness.model.measured import Run
from harness.show.flamegraph import read_speedscope
from tests.fakes.runs import fake_run
from tests.fakes.sessions import pretended_run
from tests.faults.dying import BLOCKS, DYING, pretended
from tests.faults.scene import HOME, HONEST, Scene

KILLS = int(os.environ.get("PERFLAB_KILLS", "3"))
"""Real runs that are killed at random moments; the full figure is 50: PERFLAB_KILLS=50 python -m pytest tests/faults/test_killed.py -k moment -s."""
QUICK = ("-w", "S", "--budget", "0.5", "-q")
LONGER = ("-w", "S", "--budget", "4", "--precision", "0.0001", "-q")


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int], list[str]]:
    """Stores of a run that was killed at its first, second ... step; how each ended; and the steps there are."""
    folder = tmp_path_factory.mktemp("killed")
    command = [sys.executable, "-m", "tests.faults.dying", str(folder)]
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=HOME, timeout=170
    )
    assert 0 == ended.returncode, ended.stderr
    *codes, steps, last = ended.stdout.splitlines()
    return folder, [*map(int, codes), int(last)], json.loads(steps)


def stores(folder: Path) -> list[Path]:
    """Of the runs that were killed, in order."""
    return [place / "results" for place in sorted(folder.glob("[0-9]*"))]


def momentless(run: Run) -> Run:
    """A run, but for when it began."""
    return replace(run, started="")


def test_36_37_every_step_of_writing_is_one_to_die_at(
    killed: tuple[Path, list[int], list[str]],
) -> None:
    """Seam: the calls of ``os`` by which the lab writes.  At least 200 kills, each by SIGKILL, at every kind of step; then one run that lives."""
    _, codes, steps = killed

    assert [-signal.SIGKILL] * (len(codes) - 1) + [0] == codes
    assert len(codes) - 1 == len(steps)
    assert 200 <= len(steps)
    assert {"mkdir", "open", "write", "half a write", "fsync", "replace", "close", "unlink"} == set(
        steps
    )
    # the probe, every block, the end of the workload, and that of the run
    assert BLOCKS + 3 == steps.count("replace")


def test_36_a_step_is_synced_before_it_counts(killed: tuple[Path, list[int], list[str]]) -> None:
    """Seam: the order of the calls.  The data is on the disk before the name is, and the name before anything else goes on: a power cut keeps old or new."""
    _, _, steps = killed
    first = steps.index("mkdir", steps.index("unlink"))
    one = ["open", "write", "half a write", "fsync", "replace", "close", "open", "fsync", "close"]

    assert one == steps[1:10]
    assert one == [step for step in steps[first:] if step != "mkdir"][:9]
    assert one == steps[-9:]


def test_36_killed_at_any_step_the_older_data_is_as_it_was(
    killed: tuple[Path, list[int], list[str]],
) -> None:
    """Byte for byte, readable; the cut run is not there yet, or whole and marked incomplete; nothing half written is taken for a result."""
    folder, codes, _ = killed
    older = store.encode(fake_run())
    states = []
    for place in stores(folder):
        before = store.file_of(fake_run(), place)
        checked = list(keeping.check(place, fix=False, read_profile=read_speedscope))

        assert older == before.read_bytes()
        assert fake_run() == store.read(before)
        assert [] == [one.problem for one in checked if one.problem]
        states += [one.complete for one in checked if one.path != before]

    assert len(codes) == len(stores(folder))
    assert states == sorted(states)  # once it is complete it stays so
    assert 180 < states.count(False)
    assert 1 < states.count(True) < 8  # only those that died after the last rename


def test_36_killed_at_any_step_it_ends_as_if_nobody_had(
    killed: tuple[Path, list[int], list[str]],
) -> None:
    """Resumed from what each kill left: the very samples, and so the very statistics, of the run that was not cut."""
    folder, _, _ = killed
    *cut, whole = stores(folder)
    (wanted,) = [store.read(path) for path in whole.glob("sort/*.json")]
    seen: dict[tuple[int, bool], Run] = {}
    for path in [path for place in cut for path in place.glob("sort/*.json")]:
        run = store.read(path)
        (measured,) = run.workloads
        blocks = len(measured.conditions), measured.complete
        if run.complete or blocks in seen:
            assert momentless(run) == momentless(wanted if run.complete else seen[blocks])
            continue
        seen[blocks] = run
        resumed = pretended_run(pretended(path.parents[1]), earlier=run)

        assert momentless(wanted) == momentless(resumed)
        assert momentless(wanted) == momentless(store.read(path))
        assert keeping.continues(resumed, run)

    assert [*((one, False) for one in range(1, BLOCKS + 1)), (BLOCKS, True)] == sorted(seen)


def test_36_what_a_kill_leaves_is_found_and_removed(
    killed: tuple[Path, list[int], list[str]],
) -> None:
    """At most one temporary file, named by fsck, removed when told; and nothing but results stays."""
    folder, _, steps = killed
    counts = []
    for place in stores(folder):
        left = list(keeping.left_behind(place, remove=False))
        removed = list(keeping.left_behind(place, remove=True))
        counts.append(len(left))

        assert left == removed
        assert {".json"} == {path.suffix for path in place.rglob("*") if path.is_file()}

    of_the_runs_file = [
        count for count, step in zip(counts[11:-1], steps[11:], strict=True) if step != "mkdir"
    ]
    while_it_is_written = [
        0,
        1,
        1,
        1,
        1,
        0,
        0,
        0,
        0,
    ]  # open, write, half a write, fsync, rename; then it has its name

    assert while_it_is_written * (BLOCKS + 2) == of_the_runs_file
    assert counts[:11] == [0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1]  # the probe: until it is removed


# --------------------------------------------------------------------------- real runs


def survived(scene: Scene, process: subprocess.Popen[str]) -> str:
    """Look after a kill: nobody is left, the older run is as it was, fsck finds nothing wrong, and the run ends when it is resumed; how far it had come."""
    process.communicate()
    while scene.strays():  # the kernel tells the workers that their parent has died; a deadline is set for the whole test
        os.sched_yield()
    scene.check()
    checked = scene.run("store", "fsck", "--fix")
    assert 0 == checked.code, checked.said
    assert [] == [path for path in scene.store.rglob("*") if path.name.endswith(places.TEMPORARY)]
    paths = list(scene.store.glob("sort/*.json"))
    if not paths:
        return "before the first block"
    (path,) = paths
    cut = store.read(path)
    if cut.complete:
        return "complete"
    resumed = scene.run("run", scene.folder / "sort", "--resume", cut.id, "-q")
    assert resumed.code in {0, 5}, resumed.said
    assert store.read(path).complete
    assert keeping.continues(store.read(path), cut)
    return f"after {len(cut.workloads[0].conditions)} blocks"


@pytest.mark.parametrize("step", [4, 15, 26])
def test_36_a_real_run_dies_while_it_writes(scene: Scene, step: int) -> None:
    """Seam: the calls of ``os`` by which the real command line writes.  In the probe, in the first block's file, in a later one's."""
    process = scene.start(
        "run",
        scene.case(honest=HONEST),
        *QUICK,
        environment={"PERFLAB_TEST_STEP": str(step)},
        program=("-c", DYING),
    )
    process.communicate()

    assert -signal.SIGKILL == process.returncode
    assert {4: "before the first block", 15: "before the first block", 26: "after 1 blocks"}[
        step
    ] == survived(scene, process)


def kept_blocks(scene: Scene) -> int:
    """How many blocks of the run are on the disk; whoever looks at any time can read them."""
    return sum(
        len(store.read(path).workloads[0].conditions) for path in scene.store.glob("sort/*.json")
    )


@pytest.mark.parametrize("number", range(KILLS))
def test_36_a_real_run_is_killed_at_a_random_moment(scene: Scene, number: int) -> None:
    """By SIGKILL, somewhere in the second after a random number of blocks; where it ends before that, there was nothing to kill."""
    source = random.Random(number)
    process = scene.start("run", scene.case(honest=HONEST), *LONGER)
    blocks, rest = source.randrange(5), source.random()
    while kept_blocks(scene) < blocks and process.poll() is None:
        _end_within(process, 0.05)
    _end_within(process, rest)
    process.kill()
    print(f"killed {rest:.2f} s after block {blocks}: {survived(scene, process)}")


def _end_within(process: subprocess.Popen[str], seconds: float) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
