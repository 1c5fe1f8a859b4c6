"""The instructions of both revisions, counted by callgrind: the same program gives the same number, on any day.

Blind to where data lies: a cache miss is one instruction, too.  So fewer instructions are never called a speed-up.
"""

from __future__ import annotations

import compileall
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from harness.errors import EnvironmentLacks
from harness.judge import gate as policy
from harness.lab.catalogue import HOME
from harness.lab.gate import shim
from harness.lab.gate.timing import NotTimed
from harness.lab.proof import numba_cache, where
from harness.lab.supervisor import Confines, Ending, Worker, processors
from harness.model.declared import Status, Technique

if TYPE_CHECKING:
    from harness.judge.gate import Judgement
    from harness.lab.frames import Message
    from harness.lab.gate.changes import Revision
    from harness.lab.gate.timing import Match

HASH_SEEDS = (0, 1, 2)
_SLOWER_UNDER_VALGRIND = 60
"""A call takes about this many times longer when it is counted."""
VALGRIND_MEMORY_BYTES = 64 << 30
"""Of address space; valgrind reserves much and uses little."""
_NOT_COUNTABLE = {
    Technique.MULTIPROCESSING: "work in other processes is not counted",
    Technique.THREADS: "valgrind runs threads one after another",
    Technique.DASK: "its scheduler's timers are counted, too",
}
Told: TypeAlias = Callable[[str], None]


class Unsteady(Exception):
    """The same program gave different counts: they cannot be compared."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What the instruction tier found of one key."""

    judgement: Judgement
    counts: tuple[tuple[int, int], ...]
    """Instructions of one call, (base, head), by hash seed."""
    seconds: float


def why_not(revision: Revision, variant: str, technique: Technique) -> str:
    """Why this variant's counts would say nothing; empty: they do."""
    stated = revision.case.gate.uncounted.get(variant)
    if stated is not None:
        return stated
    if revision.case.service_of(variant) is not None:
        return "it waits for a service, and waiting is counted, too"
    return _NOT_COUNTABLE.get(technique, "")


@cache
def require_callgrind() -> str:
    """Return valgrind's path.

    Raises:
        EnvironmentLacks: there is none, or this build cannot talk to it.
    """
    path = shutil.which("valgrind")
    if path is None:
        raise EnvironmentLacks(
            "valgrind is not installed, so instructions cannot be counted",
            "apt-get install valgrind, then make build; or --metric time",
        )
    shim.load()
    # the first to import a module compiles it, which moves everything it allocates later
    compileall.compile_dir(HOME / "harness", quiet=2)
    return path


def count(
    match: Match, *, tolerance: float, tell: Told, hash_seeds: Sequence[int] = HASH_SEEDS
) -> Counted:
    """Count both sides under several hash seeds, and one of them twice: only steady counts are compared.

    Raises:
        NotTimed: a side could not be counted.
        Unsteady: the same program gave two counts.
    """
    require_callgrind()
    started = time.monotonic()
    tell(f"{match.variant}: counting instructions")
    jobs = [(side, seed) for seed in hash_seeds for side in ("base", "head")] + [
        ("base", hash_seeds[0])
    ]
    with ThreadPoolExecutor(max(1, processors())) as pool:
        counts = list(pool.map(lambda job: _one(match, *job), jobs))
    if counts[0] != counts[-1]:
        raise Unsteady(
            f"two runs of one program took {counts[0]:,} and {counts[-1]:,} instructions"
        )
    pairs = tuple(zip(counts[0:-1:2], counts[1:-1:2], strict=True))
    return Counted(
        policy.judge_counts(pairs, tolerance=tolerance), pairs, time.monotonic() - started
    )


def callgrind_command(scratch: Path) -> list[str]:
    """What a worker runs under to be counted; the dump goes to ``counts*`` in that folder."""
    return [
        require_callgrind(), "--tool=callgrind", "--vgdb=no", "--instr-atstart=no", "--quiet", "--smc-check=all-non-file",
        f"--callgrind-out-file={scratch}/counts", f"--log-file={scratch}/log",
    ]  # fmt: skip


def _one(match: Match, side: str, seed: int) -> int:
    """Instructions of one call of one side, in a process of its own."""
    revision: Revision = getattr(match, side)
    with tempfile.TemporaryDirectory(prefix="perflab-count-") as scratch:
        under = callgrind_command(Path(scratch))
        confines = Confines(match.confines.timeout_seconds * 4, VALGRIND_MEMORY_BYTES)
        environment = {**numba_cache(revision.found), "NUMBA_CPU_NAME": "generic"}
        with Worker(confines, hash_seed=seed, environment=environment, under=under) as worker:
            said = _asked(worker, _job(match, revision, side), side)
        return _total(Path(scratch)) // int(said["calls"])


def _job(match: Match, revision: Revision, side: str) -> Message:
    spin = None if match.spin is None else match.spin if side == "head" else 0
    return {
        "do": "count",
        "case": where(revision.found),
        "variant": match.variant,
        "workload": match.workload,
        "spin": spin,
    }


def _asked(worker: Worker, job: Message, side: str) -> Message:
    try:
        said = worker.ask(job)
    except Ending as ending:
        raise NotTimed(
            {"failed": ending.status, "message": f"under callgrind: {ending.message}"}, side
        ) from None
    if "failed" in said:
        raise NotTimed({**said, "message": f"under callgrind: {said['message']}"}, side)
    return said


def _total(folder: Path) -> int:
    """The ``totals:`` of the one dump that was asked for (its ``summary:`` is nought)."""
    found = [
        int(match[1])
        for file in sorted(folder.glob("counts*"))
        if (match := re.search(r"^totals: (\d+)", file.read_text(errors="replace"), re.MULTILINE))
    ]
    total = max(found, default=0)
    if not total:
        raise NotTimed({"failed": Status.RAISED, "message": "callgrind counted nothing"})
    return total
