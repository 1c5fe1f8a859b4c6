"""Rows 33 to 44: signals, full disks, clocks that jump, machines that sleep, and consoles that know little."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from dataclasses import replace

import psutil
import pytest

from harness.judge.summary import exit_code, summarise
from harness.lab import conditions, machine, store, supervisor
from harness.model.limited import MachineLimits
from harness.model.measured import Conditions, Run
from tests.fakes.runs import fake_run
from tests.faults.scene import HOME, HONEST, Scene, keep_limits

QUICK = ("-w", "S", "--budget", "0.5", "-q")
ENDLESS = ("-w", "S", "--budget", "120", "--precision", "0.0001")


@pytest.fixture(scope="module")
def common(tmp_path_factory: pytest.TempPathFactory, machines_limits: MachineLimits) -> Scene:
    """A scene whose certificates many tests use: what they are about begins when the proof is over."""
    made = Scene(tmp_path_factory.mktemp("common"))
    keep_limits(machines_limits, made)
    return made


@pytest.fixture
def known(common: Scene) -> Scene:
    """The common scene, without the runs of other tests."""
    shutil.rmtree(common.store / "sort", ignore_errors=True)
    return common


def begun(scene: Scene, blocks: int = 1, *more: object) -> subprocess.Popen[str]:
    """Start a run that would take minutes; return when it has kept so many blocks."""
    process = scene.start("run", scene.case(honest=HONEST), *ENDLESS, *more)
    watched = psutil.Process(process.pid)
    while not [
        path
        for path in scene.store.glob("sort/*.json")
        if len(store.read(path).workloads[0].conditions) >= blocks
    ]:
        assert watched.is_running(), process.communicate()
        assert watched.status() != psutil.STATUS_ZOMBIE, process.communicate()
        os.sched_yield()
    return process


def kept(scene: Scene) -> Run:
    """The run that was cut."""
    (path,) = scene.store.glob("sort/*.json")
    return store.read(path)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_33_35_an_interruption_keeps_what_there_is(known: Scene, number: int, code: int) -> None:
    """While measuring: the exit code of the signal, and the command that goes on."""
    process = begun(known)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    known.check(out, err)
    cut = kept(known)

    assert code == process.returncode
    assert "interrupted: 0 of 1 workloads complete, all blocks so far are kept" in err
    assert f"--resume {cut.id}" in err
    assert not cut.complete


def test_33_an_interruption_before_the_first_number(scene: Scene) -> None:
    """While proving: whoever is at work is not waited for, though it might take ten minutes; nothing is kept, because there is nothing, and it is said."""
    begun = scene.folder / "begun"
    endless = f"'''Never comes back.'''\ndef smallest(xs):\n    open({str(begun)!r}, 'w').close()\n    while True: pass\n"
    process = scene.start("run", scene.case(honest=endless), *ENDLESS, "--timeout", "600")
    while not begun.exists():
        assert process.poll() is None, process.communicate()
        os.sched_yield()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    scene.check(out, err)

    assert 130 == process.returncode
    assert "interrupted" in err
    assert [] == list(scene.store.glob("sort/*"))


def test_34_a_second_interruption_ends_at_once(known: Scene) -> None:
    """No torn file, no child left, and still 130."""
    process = begun(known)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    known.check(out, err)

    assert 130 == process.returncode
    assert not kept(known).complete


def test_36_after_kill_9_the_blocks_are_there(known: Scene) -> None:
    """The workers die with it; the next start says which run is incomplete, and it can be resumed."""
    process = begun(known, 2)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    gone = [one for one in psutil.process_iter() if one.pid == process.pid]
    psutil.wait_procs(gone, timeout=30)
    for _ in range(10_000):
        if not known.strays():
            break
        os.sched_yield()
    known.check()
    cut = kept(known)
    again = known.run("run", known.folder / "sort", *QUICK)

    assert not cut.complete
    assert 0 == again.code, again.err
    assert cut.id in again.err
    assert "--resume" in again.err


@pytest.mark.parametrize("kind", ["read-only", "file-size"])
def test_37_a_store_that_cannot_be_written_is_found_first(scene: Scene, kind: str) -> None:
    """Before anything is measured; exit 6, and the older files are as they were."""
    folder = scene.case(honest=HONEST)
    if kind == "read-only":
        blocked = scene.folder / "blocked"
        blocked.write_text("a file where the folder should be")
        ended = scene.run("run", folder, *QUICK, "--store", blocked)
    else:
        ended = scene.run(
            "run",
            folder,
            *QUICK,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024)),
        )

    assert 6 == ended.code, ended.said
    assert "cannot be written" in ended.err


def test_37_a_skeleton_that_cannot_be_written_is_said(scene: Scene) -> None:
    """Its place is named, and nobody else is blamed for it."""
    ended = scene.run("new", "mine", "--in", "/proc/nowhere")

    assert 6 == ended.code
    assert "/proc/nowhere/mine" in ended.err


def test_37_a_disk_that_fills_up_later_loses_nothing(scene: Scene) -> None:
    """Seam: the one function that replaces files.  The probe fits, the result does not: exit 6, and what was measured is spilled where there is room, with its path said."""
    folder = scene.case(honest=HONEST)
    spill = scene.folder / "spill"
    spill.mkdir()
    ended = scene.run(
        "run", folder, *QUICK, environment={"TMPDIR": str(spill)}, program=("-c", FILLING)
    )
    (saved,) = spill.glob("perflab-*.json")
    run = store.read(saved)

    assert 6 == ended.code, ended.said
    assert "No space left on device" in ended.err
    assert str(saved) in ended.err
    assert "sort" == run.case
    assert all(result.processes for result in run.workloads[0].results)


FILLING = """
import errno
from harness import cli
from harness.lab import places
real = places.write_whole
def full(path, data):
    if path.suffix == ".json" and path.parent.name == "sort" and path.parents[1].name == "results":
        raise OSError(errno.ENOSPC, "No space left on device")
    return real(path, data)
places.write_whole = full
cli.main()
"""


def snapshot(**changes: float) -> conditions.Snapshot:
    """Counters of a machine at rest."""
    still = {
        "monotonic": 0.0,
        "wall_offset": 0.0,
        "sleep_offset": 0.0,
        "ticks": 0,
        "stolen": 0,
        "switches": 0,
        "swapped": 0,
        "throttled": 0,
    }
    return conditions.Snapshot(**{**still, **changes})  # type: ignore[arg-type]


def test_38_a_stepped_clock_is_data(scene: Scene) -> None:
    """Seam: the counters of one block.  Durations are monotonic, so the block counts, and the step is said."""
    block = snapshot().until(snapshot(monotonic=5.0, wall_offset=-3600.0), workload="10", block=0)
    run = fake_run()
    (measured,) = run.workloads
    summary = summarise(
        replace(run, workloads=(replace(measured, conditions=(block, *measured.conditions[1:])),))
    )

    assert (5.0, -3600.0, "") == (block.seconds, block.clock_step_seconds, block.dropped)
    assert any(
        "clock was stepped by -3600 s" in warning for warning in summary.workloads[0].warnings
    )
    assert 3 == summary.workloads[0].blocks_kept


def test_39_a_sleeping_machine_spoils_its_block(scene: Scene) -> None:
    """Seam: the counters of one block.  Boot time went on, monotonic time did not."""
    block = snapshot().until(
        snapshot(monotonic=5.0, sleep_offset=30.0, wall_offset=30.0), workload="10", block=0
    )

    assert (30.0, "the machine slept for 30 s") == (block.slept_seconds, block.dropped)


@pytest.mark.parametrize(("bad", "code"), [(0, 0), (1, 5), (2, 5)])
def test_40_too_many_bad_blocks_are_inconclusive(bad: int, code: int) -> None:
    """Seam: the conditions of three blocks.  More than a fifth dropped: exit 5."""
    run = fake_run()
    (measured,) = run.workloads
    spoiled: tuple[Conditions, ...] = tuple(
        replace(one, dropped="300 pages were swapped in") if place < bad else one
        for place, one in enumerate(measured.conditions)
    )

    assert code == exit_code(
        summarise(replace(run, workloads=(replace(measured, conditions=spoiled),)))
    )


def test_41_processors_are_those_we_may_use(
    known: Scene, machines_limits: MachineLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Confined to one, the machine has one core, and the run says so."""
    with monkeypatch.context() as patch:  # its limits are not what is asked, and dear to measure
        patch.setattr(supervisor, "processors", lambda: 1)
        confined = machine.this_machine()
    keep_limits(replace(machines_limits, machine=confined), known)
    folder = known.case(honest=HONEST)
    one = min(os.sched_getaffinity(0))
    ended = known.run(
        "run", folder, *QUICK, "--json", "-", preexec_fn=lambda: os.sched_setaffinity(0, {one})
    )

    assert 1 == ended.document()["machine"]["cores"]
    assert supervisor.processors() >= 1


@pytest.mark.parametrize(
    "distorting",
    [
        {"PYTHONOPTIMIZE": "2", "PYTHONDEVMODE": "1"},
        {"PYTHONTRACEMALLOC": "1", "PYTHONHASHSEED": "5"},
    ],
    ids=lambda given: next(iter(given)),
)
def test_42_distorting_settings_do_not_reach_the_workers(
    scene: Scene, distorting: dict[str, str]
) -> None:
    """A variant sees an interpreter without them."""
    source = """
        '''Says what it sees.'''
        import os, sys
        def smallest(xs):
            if sys.flags.optimize or sys.flags.dev_mode or os.environ.get("PYTHONTRACEMALLOC"):
                raise RuntimeError(f"distorted: {sys.flags}")
            return sorted(xs)
    """
    ended = scene.run("verify", scene.case(honest=source), "-q", environment=distorting)

    assert 0 == ended.code, ended.said


def test_42_tracers_are_taken_off(scene: Scene) -> None:
    """A coverage tool or debugger that hooks itself into every interpreter is not in the one that measures."""
    source = """
        '''Says what it sees.'''
        import sys, threading
        def smallest(xs):
            if sys.gettrace() or sys.getprofile() or threading.gettrace():
                raise RuntimeError("traced")
            return sorted(xs)
    """
    hook = scene.folder / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(
        "import sys, threading\nfor hook in (sys.settrace, sys.setprofile, threading.settrace):\n    hook(lambda *_: None)\n"
    )
    ended = scene.run(
        "verify",
        scene.case(honest=source),
        "-q",
        environment={"PYTHONPATH": f"{hook}{os.pathsep}{HOME}"},
    )

    assert 0 == ended.code, ended.said


def test_43_two_runs_wait_for_each_other(known: Scene) -> None:
    """The second says so; with --no-wait it goes on, with a warning."""
    process = begun(known)
    folder = known.case("other")
    beside = known.start("run", folder, *QUICK, "--no-wait")
    out, err = beside.communicate(timeout=120)
    process.send_signal(signal.SIGTERM)
    process.communicate()
    known.check(out, err)

    assert 0 == beside.returncode, err
    assert "another run is measuring on this machine" in err


def test_43_a_lock_that_cannot_be_had_is_named(scene: Scene) -> None:
    """Something else lies in its place: waiting would be in vain."""
    (scene.folder / "cache" / "machine.lock").mkdir(parents=True)
    ended = scene.run("run", scene.case(honest=HONEST), *QUICK)

    assert 7 == ended.code
    assert "machine.lock" in ended.err


CONSOLES = [
    {"TERM": "dumb"},
    {"COLUMNS": "40"},
    {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"},
    {"LC_ALL": "C", "PYTHONUTF8": "0"},
    {"NO_COLOR": "1"},
]


@pytest.mark.parametrize("console", CONSOLES, ids=lambda console: next(iter(console)))
def test_44_poor_consoles_get_what_they_can_show(known: Scene, console: dict[str, str]) -> None:
    """No traceback, no colour codes, nothing that the console cannot show."""
    ended = known.run("run", known.case(honest=HONEST), *QUICK, environment=console)

    assert 0 == ended.code, ended.said
    assert "honest" in ended.out
    assert "\x1b[" not in ended.out
    if "COLUMNS" in console:
        table = [
            line
            for line in ended.out.splitlines()
            if not line.startswith(("continue:", "result file:", "next:"))
        ]  # to be copied: never broken
        assert max(map(len, table)) <= 40


@pytest.mark.parametrize(
    ("command", "code"), [("list", 0), ("list nosuchcase", 2), ("nosuchcommand", 2), ("run", 2)]
)
def test_44_standard_error_that_is_full_changes_no_exit_code(
    scene: Scene, command: str, code: int
) -> None:
    """Exit 1 would say that something is slower."""
    with open("/dev/full", "w") as full:
        process = scene.start(*command.split(), stderr=full)
        process.communicate(timeout=120)

    assert code == process.returncode


@pytest.mark.parametrize("command", ["list", "--help", "list --json -"])
def test_44_standard_output_that_is_full_is_said(scene: Scene, command: str) -> None:
    """What was asked for has not been given."""
    with open("/dev/full", "w") as full:
        process = scene.start(*command.split(), stdout=full)
        _, err = process.communicate(timeout=120)

    assert process.returncode in {6, 7}
    assert "standard output cannot be written: No space left on device" in err
    assert "Traceback" not in err


def test_44_a_reader_that_goes_is_no_error(scene: Scene) -> None:
    """``| head -1``: 141 as the shell has it, or 0; no traceback."""
    command = f"{sys.executable} -m harness list | head -1"
    ended = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=HOME,
        env=scene.environment(),
    )

    assert ended.returncode in {0, 141}
    assert "Traceback" not in ended.stderr
