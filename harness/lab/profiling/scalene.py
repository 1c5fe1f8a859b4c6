"""scalene attributes time to lines, Python's, native and system apart, with memory and copies; it has to start the program itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import EnvironmentLacks
from harness.lab.catalogue import HOME
from harness.lab.profiling import tools
from harness.lab.profiling.frames import TIMED, short
from harness.lab.supervisor import worker_environment
from harness.model.declared import Status
from harness.model.profiled import Frame, LineCost, Profile, Stack, Tool

if TYPE_CHECKING:
    from harness.lab.profiling.subject import Profiled

RECORD = "scalene.json"
_PROGRAM = HOME / "harness" / "lab" / "worker" / "solo.py"
_CLOCK = HOME / "harness" / "lab" / "worker" / "timing.py"
_OURS = "harness/"
"""The lab's own files: the calls' surroundings, not the calls."""
_DEADLY = frozenset(
    {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGKILL}
)
_START_SECONDS = 20.0
_SLOWER = 10
"""Allowance: so many times as long as the calls may take with everything around them."""


def look(subject: Profiled, seconds: float) -> Profile:
    """Run the variant for so many seconds under scalene; stacks have one frame each: of lines scalene knows no callers.

    Raises:
        NotProfiled: the variant came to another end.
        EnvironmentLacks: scalene wrote no profile.
    """
    subject.write_sheet()
    folder = subject.scratch
    for left in ("said.json", RECORD):
        (folder / left).unlink(missing_ok=True)
    (folder / "jobs.json").write_text(
        json.dumps([subject.job("prepare"), {"do": "warm"}, {"do": "spin", "seconds": seconds}])
    )
    code, complaint = _run(subject, seconds)
    if not (folder / "said.json").is_file():
        raise subject.ended(Status.CRASHED, f"ended without a result under scalene ({how(code)})")
    answer = subject.checked(json.loads((folder / "said.json").read_text()))
    lines = tuple(read(_files(folder / RECORD, complaint), subject.call_frame, subject.found.home))
    stacks = tuple(
        Stack(
            (Frame(line.function, line.file, line.line),), line.python + line.native + line.system
        )
        for line in lines
    )
    return Profile(
        subject.key,
        Tool.SCALENE,
        answer["seconds"] / answer["calls"],
        int(answer["calls"]),
        stacks,
        subject.revision,
        lines,
    )


def how(code: int) -> str:
    """An exit status in words; scalene ends with 256 - 11 where its program was ended by signal 11."""
    number = -code if code < 0 else 256 - code
    if number in _DEADLY:
        return signal.Signals(number).name
    return f"exit {code}"


def _run(subject: Profiled, seconds: float) -> tuple[int, str]:
    """Run the program under scalene in a session of its own; return its exit status and what scalene complained of."""
    # only these files: scalene takes every file apart that it sees, and stumbles over templates in other packages
    command = [
        sys.executable, tools.program("scalene"), "run", "-o", str(subject.scratch / RECORD), "--memory",
        "--profile-all", "--profile-only", f"{subject.found.folder},{_CLOCK}", "--cpu-percent-threshold", "0", str(_PROGRAM), "---", str(subject.scratch),
    ]  # fmt: skip
    allowed = subject.confines.timeout_seconds + _START_SECONDS + _SLOWER * seconds
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=subject.scratch,
        env=worker_environment({**subject.environment(), "TMPDIR": str(subject.scratch)}), start_new_session=True,
    ) as process:  # fmt: skip
        try:
            _, complaint = process.communicate(timeout=allowed)
        except subprocess.TimeoutExpired:
            raise subject.ended(
                Status.TIMEOUT, f"no end within {allowed:g} s under scalene"
            ) from None
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, complaint


def _files(record: Path, complaint: str) -> dict[str, Any]:
    try:
        files: dict[str, Any] = json.loads(record.read_text())["files"]
    except (OSError, ValueError, KeyError, TypeError):
        lines = [line for line in complaint.splitlines() if line.strip()]
        raise EnvironmentLacks(
            f"scalene wrote no profile: {lines[-1].strip() if lines else 'too few samples'}",
            "use another profiler: --with py-spy" if lines else "give it longer: --seconds 10",
        ) from None
    return files


def read(files: dict[str, Any], call: Frame, home: Path) -> list[LineCost]:
    """The lines of a record, in files below ``home``, on which calls spent something; shares are 0 to 1.

    What is outside of functions is imports and compilation, before the calls.  What the clock's own line spent is what
    the variant did in compiled code without any line of Python: that is ``call``'s.
    """
    found = []
    for file, facts in files.items():
        functions = {one["lineno"]: str(one["line"]) for one in facts.get("functions", ())}
        for line in facts["lines"]:
            function, place, number = (
                functions.get(line.get("start_function_line", 0), ""),
                short(file),
                int(line["lineno"]),
            )
            if function == TIMED and place.startswith(_OURS):
                function, place, number = call.function, call.file, 0
            elif (
                not function
                or place.startswith(_OURS)
                or not Path(home, file).is_relative_to(home)
                or "site-packages" in file
            ):
                continue
            cost = LineCost(
                function=function,
                file=place,
                line=number,
                python=line["n_cpu_percent_python"] / 100,
                native=line["n_cpu_percent_c"] / 100,
                system=line["n_sys_percent"] / 100,
                allocated_bytes=round(line["n_malloc_mb"] * 1e6),
                copied_bytes_per_second=line["n_copy_mb_s"] * 1e6,
            )
            if cost.python + cost.native + cost.system + cost.allocated_bytes > 0:
                found.append(cost)
    return found
