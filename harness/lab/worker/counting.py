"""Some calls of one variant between two requests to callgrind: everything else goes uncounted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.lab.worker.instruments import collect, disable, freeze
from harness.lab.worker.subject import Originals

if TYPE_CHECKING:
    from harness.lab.worker.subject import Subject
    from harness.model.declared import Workload

WARM_CALLS = 30  # CPython specialises its bytecode within these
CALLS = 3


def count(subject: Subject, workload: Workload, spin: int | None, shim: Any) -> int:
    """Warm up, then call with counting on; return how many calls were counted.

    Args:
        subject: the variant.
        workload: its input.
        spin: empty turns to plant before each call (self-test only).
        shim: ``extensions/gate/callgrind``.
    """
    from harness.lab.worker.pairing import planted

    originals = Originals(workload.arguments())
    call = subject.caller() if spin is None else planted(subject.caller(), spin)
    for arguments in originals.batch(WARM_CALLS):
        _consume(subject, call(*subject.handle, *arguments))
    batch = [(*subject.handle, *arguments) for arguments in originals.batch(CALLS)]
    collect()
    freeze()
    disable()
    shim.start()
    for arguments in batch:
        _consume(subject, call(*arguments))
    shim.stop()
    return CALLS


def _consume(subject: Subject, answer: Any) -> None:
    if subject.consume is not None:
        subject.consume(answer)
