"""Watching a tree: parsers on a /proc made by hand, sums beside psutil's for a real pool, recordings, and the metrics page."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from harness.errors import AskedWrongly, EnvironmentLacks, StoreError
from harness.lab.monitor import exposition, recording
from harness.lab.monitor.watcher import Watcher, watch
from harness.model.watched import Reading, Throughput, watched

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
LOOK = Reading(
    1.0,
    (0.5, 1.0),
    0.01,
    0.7,
    3,
    5,
    2.5,
    1.5,
    4096,
    2048,
    10,
    20,
    7,
    100,
    200,
    0.001,
    Throughput(1, 2, 3),
)


def write_process(
    proc: Path,
    pid: int,
    *,
    children: str = "",
    ticks: tuple[int, int, int, int] = (0, 0, 0, 0),
    pages: int = 0,
    state: str = "S",
    born: int = 77,
) -> None:
    """One process of a made-up /proc: user, system, and the same of reaped children, in ticks."""
    folder = proc / str(pid)
    (folder / "task" / str(pid)).mkdir(parents=True, exist_ok=True)
    (folder / "task" / str(pid) / "children").write_text(children)
    before = "1 1 1 0 -1 0 0 0 0 0"
    (folder / "stat").write_text(
        f"{pid} (a ) b) {state} {before} {' '.join(map(str, ticks))} 20 0 2 0 {born} 999 {pages} 0 0\n"
    )
    (folder / "status").write_text(
        f"Name:\ta\nvoluntary_ctxt_switches:\t{pid}\nnonvoluntary_ctxt_switches:\t{2 * pid}\n"
    )
    (folder / "smaps_rollup").write_text("Rss: 9 kB\nPss:  4 kB\n")
    (folder / "io").write_text("rchar: 5\nread_bytes: 512\nwrite_bytes: 1024\n")
    (folder / "fd").mkdir(exist_ok=True)
    (folder / "fd" / "0").touch()


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A machine of two processors and a tree of three processes: 10, its child 11, and that one's child 12."""
    folder = tmp_path / "proc"
    write_process(folder, 10, children="11 ", ticks=(100, 20, 30, 0), pages=10)
    write_process(folder, 11, children="12", ticks=(5, 5, 0, 0), pages=2)
    write_process(folder, 12, ticks=(1, 0, 0, 0), pages=1)
    (folder / "stat").write_text(
        "cpu  9 9 9 9 9 9 9 9\ncpu0 0 0 0 100 0 0 0 0 0 0\ncpu1 0 0 0 100 0 0 0 0 0 0\nintr 5\n"
    )
    return folder


def test_a_look_adds_the_tree_up(proc: Path) -> None:
    """Ticks with those of the reaped, pages, kilobytes, switches, files and bytes: all of the tree's processes, to the last one."""
    clock = iter([100.0, 102.0])
    watcher = Watcher(10, proc=proc, clock=lambda: next(clock))
    (proc / "stat").write_text("cpu0 50 0 0 140 0 0 0 10\ncpu1 0 0 0 200 0 0 0 0\n")
    now = watcher.look()

    assert (2.0, 3, 6, 161 / TICKS) == (now.seconds, now.processes, now.threads, now.cpu_seconds)
    assert (13 * PAGE, 3 * 4096) == (now.resident_bytes, now.proportional_bytes)
    assert (33, 66, 3) == (now.voluntary_switches, now.involuntary_switches, now.open_files)
    assert (3 * 512, 3 * 1024) == (now.read_bytes, now.written_bytes)
    assert (0.6, 0.0) == now.cores
    assert now.steal == pytest.approx(10 / 200)


def test_the_rate_is_that_between_two_looks(proc: Path) -> None:
    """Two hundred ticks in a second are two processors' worth."""
    clock = iter([0.0, 1.0, 2.0])
    watcher = Watcher(10, proc=proc, clock=lambda: next(clock))
    watcher.look()
    write_process(proc, 11, children="12", ticks=(5 + 2 * TICKS, 5, 0, 0), pages=2)

    assert watcher.look().cpu == pytest.approx(2.0)


def test_sums_never_fall_when_a_process_ends(proc: Path) -> None:
    """A process that vanishes takes its counts out of /proc, not out of what was used."""
    clock = iter([0.0, 1.0, 2.0])
    watcher = Watcher(10, proc=proc, clock=lambda: next(clock))
    before = watcher.look()
    write_process(proc, 10, children="", ticks=(100, 20, 30, 0), pages=10)
    after = watcher.look()

    assert (1, before.cpu_seconds, 0.0, before.voluntary_switches) == (
        after.processes,
        after.cpu_seconds,
        after.cpu,
        after.voluntary_switches,
    )


def test_what_cannot_be_read_is_unknown(proc: Path) -> None:
    """One process without the file makes the sum unknown: a part of it would be a wrong number."""
    (proc / "11" / "smaps_rollup").unlink()
    (proc / "12" / "io").unlink()
    now = Watcher(10, proc=proc).look()

    assert (None, None, None) == (now.proportional_bytes, now.read_bytes, now.written_bytes)
    assert now.resident_bytes == 13 * PAGE


def test_a_number_used_again_is_another_process(proc: Path) -> None:
    """The time of its birth tells; a zombie has ended."""
    watcher = Watcher(10, proc=proc)
    assert watcher.alive
    write_process(proc, 10, born=78)
    assert not watcher.alive
    write_process(proc, 10, state="Z")
    assert not watcher.alive


def test_an_unknown_process_is_asked_wrongly(proc: Path) -> None:
    """Exit 2 with the number."""
    with pytest.raises(AskedWrongly, match="4711"):
        Watcher(4711, proc=proc)


@pytest.fixture
def pool() -> Iterator[subprocess.Popen[str]]:
    """A pool of four workers that have computed, hold memory, and wait now: nothing moves between two looks."""
    script = """
import multiprocessing as m, sys, time
def work(number):
    global kept
    kept = bytearray(8 << 20)
    end = time.process_time() + 0.3
    while time.process_time() < end: pass
    time.sleep(0.01)
if __name__ == "__main__":
    with m.get_context("fork").Pool(4) as p:
        p.map(work, range(4), chunksize=1)
        print("ready", flush=True)
        sys.stdin.read()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.communicate()


def test_it_agrees_with_psutil_about_a_pool(pool: subprocess.Popen[str]) -> None:
    """Processor time and memory of parent and four workers, within 5 % of psutil's own sums."""
    now = Watcher(pool.pid).look()
    tree = [psutil.Process(pool.pid), *psutil.Process(pool.pid).children(recursive=True)]
    times = [process.cpu_times() for process in tree]
    cpu = sum(one.user + one.system + one.children_user + one.children_system for one in times)

    assert now.processes == len(tree) >= 5
    assert now.cpu_seconds == pytest.approx(cpu, rel=0.05)
    assert now.resident_bytes == pytest.approx(
        sum(process.memory_info().rss for process in tree), rel=0.05
    )
    if now.proportional_bytes is not None:
        assert now.proportional_bytes == pytest.approx(
            sum(process.memory_full_info().pss for process in tree), rel=0.05
        )


def test_watching_ends_with_the_process(pool: subprocess.Popen[str]) -> None:
    """The root's end is the end of the looks; being told to stop is, too, after one more."""
    stop = threading.Event()
    stop.set()
    assert len(list(watch(Watcher(pool.pid), 60.0, stop))) == 2

    looks = watch(Watcher(pool.pid), 0.01, threading.Event())
    next(looks)
    pool.communicate()
    assert list(looks)[1:] == [] or not psutil.pid_exists(pool.pid)


def test_a_recording_comes_back(tmp_path: Path) -> None:
    """What was written is read, look by look."""
    file = tmp_path / "rec.jsonl"
    with recording.Recorder(file, interval=0.5, cores=2) as recorder:
        recorder.add(LOOK)
        recorder.add(replace(LOOK, seconds=2.0, throughput=None))
    found = recording.read(file)

    assert (0.5, 2, False) == (found.interval_seconds, found.cores, found.cut)
    assert (LOOK, replace(LOOK, seconds=2.0, throughput=None)) == found.readings


def test_a_cut_recording_is_read_and_said_to_be_cut(tmp_path: Path) -> None:
    """Wherever it was cut in its last line: the whole lines count."""
    file = tmp_path / "rec.jsonl"
    with recording.Recorder(file, interval=0.5, cores=2) as recorder:
        recorder.add(LOOK)
        recorder.add(LOOK)
    data = file.read_bytes()
    for missing in range(1, len(data.splitlines()[-1]), 17):
        file.write_bytes(data[:-missing])
        found = recording.read(file)
        assert (found.cut, len(found.readings)) == (True, 1)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "damaged"),
        (b"{}", "not a recording"),
        (b"{}\n", "line 1"),
        (b'{"schema":"x","started":"","interval_seconds":1,"cores":1}\n', "'x'"),
        (b"\xff\n", "line 1"),
    ],
)
def test_what_is_no_recording_is_refused(data: bytes, says: str, tmp_path: Path) -> None:
    """With the file, and the line where there is one; exit 6."""
    file = tmp_path / "rec.jsonl"
    file.write_bytes(data)
    with pytest.raises(StoreError) as caught:
        recording.read(file)

    assert str(file) in caught.value.problem
    assert says in caught.value.problem


def test_a_damaged_line_within_is_no_cut(tmp_path: Path) -> None:
    """Only the last line may be cut: anything else is damage, with its line."""
    file = tmp_path / "rec.jsonl"
    with recording.Recorder(file, interval=0.5, cores=2) as recorder:
        recorder.add(LOOK)
    file.write_bytes(file.read_bytes() + b"{broken}\n" + recording.encode(LOOK) + b"\n")

    with pytest.raises(StoreError, match="line 3"):
        recording.read(file)


def ask(
    port: int, method: str = "GET", path: str = "/metrics", host: str | None = None
) -> tuple[int, str, str]:
    """Status, content type and body of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers={} if host is None else {"Host": host})
    answer = connection.getresponse()
    return answer.status, answer.headers["Content-Type"], answer.read().decode()


def test_the_metrics_page_is_for_this_machine_only() -> None:
    """One page, one method, and only under this machine's own names: a browser may be led here by another."""
    with exposition.serving(0, lambda: "text\n") as port:
        assert ask(port) == (200, exposition.CONTENT_TYPE, "text\n")
        assert ask(port, host=f"localhost:{port}")[0] == 200
        assert ask(port, host="evil.example:80")[0] == 403
        assert ask(port, path="/")[0] == 404
        assert ask(port, path="/../etc/passwd")[0] == 404
        assert ask(port, method="POST")[0] == 405
        with pytest.raises(EnvironmentLacks), exposition.serving(port, lambda: ""):
            pass


def test_the_summary_of_a_recording() -> None:
    """Means over the time between first and last look, greatest values, the newest sums."""
    found = watched(
        (
            LOOK,
            replace(
                LOOK,
                seconds=3.0,
                cpu_seconds=5.5,
                cpu=0.5,
                resident_bytes=9000,
                proportional_bytes=None,
            ),
        )
    )

    assert found is not None
    assert (1.5, 1.5, 9000, 2048, 3) == (
        found.mean_cpu,
        found.peak_cpu,
        found.peak_resident_bytes,
        found.peak_proportional_bytes,
        found.most_processes,
    )
    assert watched(()) is None
