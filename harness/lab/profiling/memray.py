"""memray writes down every allocation of one call: who allocated what was alive when most was."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.judge.profile import merged
from harness.lab.profiling import tools
from harness.lab.profiling.frames import of_the_variant, tidy
from harness.model.profiled import Frame, Profile, Stack, Tool

if TYPE_CHECKING:
    from harness.lab.profiling.subject import Profiled

CAPTURE = "memray.bin"
_SOURCES = frozenset({".py", ".pyx", ".pxd"})


def look(subject: Profiled, seconds: float) -> Profile:
    """Track one call; ``seconds`` is not used, since every allocation is seen.

    Raises:
        NotProfiled: the variant came to another end.
    """
    del seconds
    capture = subject.scratch / CAPTURE
    capture.unlink(missing_ok=True)
    with subject.prepared() as worker:
        said = subject.ask(worker, {"do": "track", "file": str(capture)})
    return Profile(
        subject.key,
        Tool.MEMRAY,
        said["seconds"],
        1,
        merged(_at_the_peak(capture, subject.call_frame)),
        subject.revision,
    )


def _at_the_peak(capture: Path, call: Frame) -> list[Stack]:
    from memray import FileReader

    with FileReader(str(capture)) as reader:
        records = reader.get_high_watermark_allocation_records(merge_threads=True)
        stacks = [Stack(tuple(_frames(record) or [call]), float(record.size)) for record in records]
    return stacks  # noqa: RET504  mypy takes the reader for one that swallows errors


def _frames(record: Any) -> list[Frame]:
    """Python's and Cython's frames; the interpreter's own between them say nothing."""
    trace = record.stack_trace()
    with suppress(Exception):  # native traces are not there on every system
        trace = record.hybrid_stack_trace()
    tidied = [
        tidy(function, file, line)
        for function, file, line in reversed(trace)
        if Path(file).suffix in _SOURCES
    ]
    return of_the_variant([frame for frame in tidied if frame is not None], helper=False) or []


def write_page(scratch: Path, page: Path) -> bool:
    """Write memray's own flame graph, which needs no network; False: memray would not."""
    capture = scratch / CAPTURE
    command = [
        tools.program("memray"),
        "flamegraph",
        "--no-web",
        "--force",
        "--output",
        str(page),
        str(capture),
    ]
    return (
        subprocess.run(command, capture_output=True, check=False).returncode == 0 and page.is_file()
    )
