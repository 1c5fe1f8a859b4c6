"""The look at each variant before the blocks: cold start, first call and memory, each in a process of its own.

What a program needs is as much a property of it as what it answers: it is kept beside the proofs, under the
digest of the same sources, and is measured again when these, the input or the machine change.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from harness.lab import places
from harness.lab.supervisor import processors
from harness.model.declared import Technique
from harness.model.measured import ColdCall, Memory

if TYPE_CHECKING:
    from harness.lab.frames import Message
    from harness.lab.lanes import Lane, Task
    from harness.lab.supervisor import Worker

Receive = Callable[["Worker"], "Message"]


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass has found."""

    memory: Memory
    cold: ColdCall
    call_seconds: float


def look(lanes: Sequence[Lane], task: Task, receive: Receive) -> None:
    """Fill in memory, cold call and seconds of each lane, from what is kept or from a fresh process; who fails is out."""
    waiting = [lane for lane in lanes if not _read(lane, task)]
    with ExitStack() as stack:
        running: list[tuple[Lane, Worker]] = []
        # the slow ones first
        for lane in sorted(waiting, key=lambda lane: lane.variant.technique is not Technique.NUMBA):
            if len(running) >= processors():
                _take(*running.pop(0), task, receive)
            running.append((lane, _start(lane, task, stack)))
        for lane, worker in running:
            _take(lane, worker, task, receive)


def _start(lane: Lane, task: Task, stack: ExitStack) -> Worker:
    """A process that measures one call; a compiled variant finds nothing compiled."""
    cold = (
        Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="perflab-")))
        if lane.variant.technique is Technique.NUMBA
        else None
    )
    worker = stack.enter_context(task.worker(lane.name, cold=cold))
    worker.send(task.job("memory", lane.variant.name))
    return worker


def _take(lane: Lane, worker: Worker, task: Task, receive: Receive) -> None:
    said = receive(worker)
    worker.kill()
    if "failed" in said:
        lane.fail(said)
        return
    found = Pass(
        Memory(said["peak_bytes"], said["traced_peak_bytes"], said["blocks"]),
        ColdCall(said["imported_ns"] - worker.started_ns, said["first_call_ns"]),
        said["call_ns"] / 1e9,
    )
    _fill(lane, found)
    if (path := _file(lane, task)) is not None:
        import msgspec

        places.write_whole(path, msgspec.json.encode(found))


def _read(lane: Lane, task: Task) -> bool:
    path = _file(lane, task)
    found = places.kept(path, Pass) if path is not None else None
    if found is not None:
        _fill(lane, found)
    return found is not None


def _fill(lane: Lane, found: Pass) -> None:
    lane.memory, lane.cold, lane.call_seconds = found.memory, found.cold, found.call_seconds


def _file(lane: Lane, task: Task) -> Path | None:
    """Where a pass is kept: by the proof's digest, and by what the input is made from."""
    if task.passes is None or lane.certificate is None or not lane.certificate.digest:
        return None
    workload = task.workload
    words = f"{lane.certificate.digest} {workload.name} {workload.n} {workload.seed}"
    return task.passes / f"{lane.variant.name}-{sha256(words.encode()).hexdigest()[:24]}.json"
