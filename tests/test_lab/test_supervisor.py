"""Process trees: whatever a worker does, the answer is a status word and nothing is left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from harness.lab.supervisor import Confines, Ending, Worker, processors
from harness.model.declared import Status

CONFINES = Confines(2.0, 1 << 30)


def test_a_senseless_job_is_answered() -> None:
    """A job that makes no sense (a sample before anything was prepared) is refused in words."""
    with Worker(CONFINES) as worker:
        said = worker.ask({"do": "sample"})

    assert said["failed"] == "raised"


def test_a_killed_worker_is_called_killed() -> None:
    """SIGKILL from outside (the kernel's, say) has a word of its own."""
    with Worker(CONFINES) as worker:
        os.kill(worker._process.pid, signal.SIGKILL)
        with pytest.raises(Ending) as ended:
            worker.ask({"do": "sample"})

    assert ended.value.status is Status.KILLED


def test_exit_zero_without_an_answer_is_no_success() -> None:
    """A worker that ends by itself has crashed, whatever its exit code says."""
    with Worker(CONFINES) as worker:
        os.close(worker._jobs)
        worker._jobs = os.open(os.devnull, os.O_WRONLY)
        worker._extend()
        with pytest.raises(Ending, match=r"ended without a result \(exit 0\)") as ended:
            worker.receive()

    assert ended.value.status is Status.CRASHED


def test_leaving_the_context_leaves_no_process() -> None:
    """The worker is gone when the block ends."""
    with Worker(CONFINES) as worker:
        pid = worker._process.pid
        worker.ask({"do": "sample"})

    assert not psutil.pid_exists(pid)


def test_workers_die_with_the_harness(tmp_path: Path) -> None:
    """kill -9 of the harness takes its workers along: the kernel sees to it."""
    script = tmp_path / "harness_to_kill.py"
    script.write_text(
        "import sys, time\n"
        "from harness.lab.supervisor import Confines, Worker\n"
        "worker = Worker(Confines(60.0, 1 << 30))\n"
        "worker.ask({'do': 'sample'})\n"
        "print(worker._process.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    harness = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    assert harness.stdout is not None
    worker = psutil.Process(int(harness.stdout.readline()))
    harness.kill()
    harness.wait()
    gone, alive = psutil.wait_procs([worker], timeout=10)
    harness.stdout.close()
    assert harness.stdin is not None
    harness.stdin.close()

    assert (len(gone), alive) == (1, [])


def test_noise_in_the_result_pipe_is_a_crash() -> None:
    """Whoever writes rubbish into the result pipe has not answered."""
    with Worker(CONFINES) as worker:
        worker._buffer = b"HTTP/1.1 200 OK"
        with pytest.raises(Ending, match="no frame") as ended:
            worker.ask({"do": "sample"})

    assert ended.value.status is Status.CRASHED


def test_processors_are_those_we_may_use() -> None:
    """Affinity counts, not the number printed on the box."""
    assert 1 <= processors() <= len(os.sched_getaffinity(0))
