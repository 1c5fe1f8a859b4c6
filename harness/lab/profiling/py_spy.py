"""py-spy looks from outside: Python, Cython and C frames, and other processes of the tree; the program is not slowed down."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import EnvironmentLacks
from harness.judge.profile import merged
from harness.lab.profiling import tools
from harness.lab.profiling.frames import MACHINE_CODE, is_ours, of_the_variant, tidy, with_kernels
from harness.model.profiled import Frame, Profile, Stack, Tool

if TYPE_CHECKING:
    from harness.lab.profiling.subject import Profiled

RATE = 200
"""Samples a second."""
_SPIN_SECONDS = 0.25
"""Between two looks at whether py-spy has ended: it needs a while to read symbols before it begins."""
_FRAME = re.compile(r"^(?P<function>.*) \((?P<file>[^()]*?)(?::(?P<line>\d+))?\)$")
_PROCESS = re.compile(r'^process (\d+):"')


def look(subject: Profiled, seconds: float) -> Profile:
    """Sample a variant for so many seconds.

    Raises:
        NotProfiled: it came to another end.
        EnvironmentLacks: py-spy could not look.
    """
    with subject.prepared() as worker, tempfile.TemporaryDirectory(prefix="perflab-") as folder:
        raw = Path(folder, "raw")
        command = [
            tools.program("py-spy"), "record", "--pid", str(worker.pid), "--native", "--subprocesses", "--format", "raw",
            "--rate", str(RATE), "--duration", str(max(1, round(seconds))), "--output", str(raw),
        ]  # fmt: skip
        looking = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            calls, spent = 0, 0.0
            while looking.poll() is None:
                said = subject.ask(worker, {"do": "spin", "seconds": _SPIN_SECONDS})
                calls, spent = calls + said["calls"], spent + said["seconds"]
        finally:
            looking.kill()
            _, complaint = looking.communicate()
        if not raw.is_file():
            raise EnvironmentLacks(
                f"py-spy recorded nothing: {_last_line(complaint)}",
                "python -m harness doctor; or --with scalene",
            )
        stacks = merged(
            with_kernels(
                read_raw(raw.read_text(errors="replace"), worker.pid),
                subject.found,
                subject.call_frame,
            )
        )
    return Profile(
        subject.key, Tool.PY_SPY, spent / calls if calls else None, calls, stacks, subject.revision
    )


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it said nothing"


def read_raw(text: str, pid: int) -> Iterator[Stack]:
    """The stacks in which the variant was at work: those of process ``pid`` above the clock, and all of its threads and helpers."""
    for line in text.splitlines():
        described, _, weight = line.rpartition(" ")
        parts = described.split(";")
        processes = [int(match[1]) for part in parts if (match := _PROCESS.match(part))]
        if not processes or not weight.isdigit():
            continue
        frames = [
            frame
            for part in parts
            if not _PROCESS.match(part) and (frame := _frame(part)) is not None
        ]
        working = of_the_variant(
            _collapsed(frames), helper=processes[-1] != pid or not is_ours(frames)
        )
        if working:
            yield Stack(tuple(working), float(weight))


def _frame(part: str) -> Frame | None:
    match = _FRAME.match(part)
    if match is None:
        return Frame(part, "")
    return tidy(
        match["function"], "" if match["file"] == "?" else match["file"], int(match["line"] or 0)
    )


def _collapsed(frames: list[Frame]) -> list[Frame]:
    """Addresses in a row are one piece of machine code."""
    return [
        frame
        for place, frame in enumerate(frames)
        if not (place and frame.function == MACHINE_CODE == frames[place - 1].function)
    ]
