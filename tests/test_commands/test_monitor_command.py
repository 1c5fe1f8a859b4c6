"""``monitor``, ``run --monitor`` and ``report --monitor`` through the real command line."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.lab.monitor import recording

from .test_command_line import HOME, HONEST, harness

BUSY = "import time\nend = time.process_time() + 0.8\nwhile time.process_time() < end: pass\nraise SystemExit({code})\n"


@pytest.mark.parametrize("code", [0, 3])
def test_a_commands_exit_code_is_ours(code: int, tmp_path: Path) -> None:
    """GIVEN a command that is busy WHEN it is watched THEN its exit code comes back, its recording is whole, and it says what was used."""
    file = tmp_path / "rec.jsonl"
    ended = harness(
        "monitor",
        "--interval",
        "0.1",
        "--record",
        file,
        "-q",
        "--",
        sys.executable,
        "-c",
        BUSY.format(code=code),
    )
    found = recording.read(file)

    assert ended.returncode == code
    assert "processor time" in ended.stderr
    assert not found.cut
    assert max(one.cpu_seconds for one in found.readings) > 0.2


def test_a_command_that_is_killed_ends_as_a_shell_says(tmp_path: Path) -> None:
    """128 and the signal's number."""
    assert (
        harness(
            "monitor", "-q", "--", sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"
        ).returncode
        == 137
    )


def test_a_recording_is_plotted(tmp_path: Path) -> None:
    """report --monitor writes an SVG beside it; a cut one is plotted and said to be cut."""
    pytest.importorskip("matplotlib", reason="perflab[pages] is not installed")
    file = tmp_path / "rec.jsonl"
    harness(
        "monitor",
        "--interval",
        "0.1",
        "--record",
        file,
        "-q",
        "--",
        sys.executable,
        "-c",
        BUSY.format(code=0),
    )
    file.write_bytes(file.read_bytes()[:-5])
    ended = harness("report", "--monitor", file)

    assert ended.returncode == 0, ended.stderr
    assert "the recording is cut" in ended.stdout
    assert b"<svg" in file.with_suffix(".svg").read_bytes()


def test_json_is_a_recording() -> None:
    """Standard output holds what --record would, and nothing else."""
    ended = harness(
        "monitor", "--pid", os.getpid(), "--seconds", "0.3", "--interval", "0.1", "--json"
    )
    lines = [json.loads(line) for line in ended.stdout.splitlines()]

    assert ended.returncode == 0
    assert lines[0]["schema"] == "harness.monitor/1"
    assert len(lines) >= 3
    assert all(line["processes"] >= 1 for line in lines[1:])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "--pid"),
        (["--pid", "999999999"], "999999999"),
        (["--pid", "1", "--", "true"], "--pid"),
        (["--", "no-such-program-of-ours"], "no-such-program-of-ours"),
        (["--pid", "1", "--record", "/nowhere/rec"], "cannot be written"),
    ],
)
def test_wrong_questions(arguments: list[str], says: str) -> None:
    """Exit 2 with the value."""
    ended = harness("monitor", *arguments)

    assert ended.returncode == 2
    assert says in ended.stderr


def test_metrics_are_served_until_the_end() -> None:
    """--port 0 says which port it took; SIGTERM ends monitor and command, with 143."""
    command = [
        sys.executable,
        "-m",
        "harness",
        "monitor",
        "--port",
        "0",
        "-q",
        "--",
        sys.executable,
        "-c",
        "import sys; sys.stdin.read()",
    ]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(HOME)},
    )
    assert process.stderr is not None
    port = int(process.stderr.readline().rpartition(":")[2].partition("/")[0])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    process.send_signal(signal.SIGTERM)

    assert text.endswith("# EOF\n")
    assert process.wait(20) == 143


@pytest.mark.usefixtures("known_limits")
def test_a_run_with_a_monitor_says_so(write_case: Callable[..., Path]) -> None:
    """Looks on standard error with blocks and samples; the table notes that somebody looked on."""
    ended = harness("run", write_case(honest=HONEST), "-w", "S", "--budget", "2", "--monitor")

    assert ended.returncode == 0, ended.stderr
    assert "a monitor looked on" in ended.stdout
    assert "processes" in ended.stderr
