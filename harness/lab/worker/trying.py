"""Runs variants in forked children, one each, to observe what each of them loads and reads."""

from __future__ import annotations

import json
import os
import select
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from harness.lab.worker import observing
from harness.lab.worker.instruments import monotonic

if TYPE_CHECKING:
    from harness.lab.catalogue import Found
    from harness.lab.frames import Message
    from harness.model.declared import Case

_ENOUGH_SECONDS = 0.1
"""After that no larger workload is tried."""
_WAIT_SECONDS = 0.05


def observed_by_each(
    found: Found, case: Case, job: Message, seconds: float, alive: Callable[[str], None]
) -> dict[str, Message]:
    """Return what each variant of the job was observed to load and read; one that fails or hangs is left out."""
    seen = {}
    for variant in job["variants"]:
        alive(variant)
        mine = {"variant": variant, "handle": job["handles"].get(variant)}
        said = _in_child(partial(_try, found, case, mine), seconds, alive)
        if said:
            seen[variant] = json.loads(said)
    return seen


def _try(found: Found, case: Case, job: Message) -> bytes:
    from harness.lab.worker.subject import load_subject

    observing.begin_again()
    subject = load_subject(found, case, job)
    started = monotonic()
    for workload in sorted(case.workloads, key=lambda one: one.n):
        subject.call(workload.arguments())
        if monotonic() - started > _ENOUGH_SECONDS:
            break
    seen = observing.seen()
    subject.close()
    return json.dumps(seen).encode(errors="surrogateescape")


def _in_child(work: Callable[[], bytes], seconds: float, alive: Callable[[str], None]) -> bytes:
    """Return what the work returned in a child of its own; nothing, if it failed or took too long."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _end_with(work, writing)
    os.close(writing)
    said, until, failed = b"", monotonic() + seconds, False
    while not failed:
        alive("")
        if select.select([reading], [], [], _WAIT_SECONDS)[0]:
            more = os.read(reading, 1 << 16)
            if not more:
                break
            said += more
        failed = monotonic() > until
    os.close(reading)
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return b"" if failed or not said.endswith(b"\n") else said


def _end_with(work: Callable[[], bytes], writing: int) -> None:
    """In the child: work, say it, and end without coming back, whatever happens."""
    with suppress(BaseException):
        rest = memoryview(work() + b"\n")
        while rest:
            rest = rest[os.write(writing, rest) :]
    os._exit(0)
