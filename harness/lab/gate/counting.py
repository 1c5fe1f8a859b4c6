"""The instructions of both revisions, counted by callgrind: the same program gives the same number, on any day.

Blind to where data lies: a cache miss is one instruction, too.  So fewer instructions are never called a speed-up.
"""

from __future__ import annotations

import compileall
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
from harness.judge.gate import Counts
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
_INSTRUCTIONS = (60_000_000, 400_000_000)
"""About so many are counted in a process; the second time only where the calls differ."""
DUMPS = "counts"
"""Beginning of the names of callgrind's files."""
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
    counts: tuple[Counts, ...]
    """By hash seed."""
    seconds: float
    fair: bool
    """Whether both numbers of calls gave one ratio."""

    @property
    def calls(self) -> int:
        """Calls that were counted."""
        return sum(self.counts[0].calls)

    @property
    def base_instructions(self) -> float:
        """Of one call at the base."""
        return sum(self.counts[0].base) / self.calls


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

    Two numbers of calls are counted; where they give two answers, more calls are, once.

    Raises:
        NotTimed: a side could not be counted.
        Unsteady: the same program gave two counts.
    """
    require_callgrind()
    started = time.monotonic()
    for instructions in _INSTRUCTIONS:
        tell(f"{match.variant}: counting instructions")
        counts = _counts(match, hash_seeds, instructions)
        fair = not policy.uneven(counts, tolerance=tolerance)
        if fair:
            break
    return Counted(
        policy.judge_counts(counts, tolerance=tolerance), counts, time.monotonic() - started, fair
    )


def _counts(match: Match, hash_seeds: Sequence[int], instructions: int) -> tuple[Counts, ...]:
    jobs = [(side, seed) for seed in hash_seeds for side in ("base", "head")]
    jobs.append(jobs[0])
    with ThreadPoolExecutor(max(1, processors())) as pool:
        found = list(pool.map(lambda job: _one(match, job, instructions), jobs))
    if found[0] != found[-1]:
        first, again = (sum(one["instructions"]) for one in (found[0], found[-1]))
        raise Unsteady(f"two runs of one program took {first:,} and {again:,} instructions")
    return tuple(
        _compared(base, head) for base, head in zip(found[0:-1:2], found[1:-1:2], strict=True)
    )


def _compared(base: Message, head: Message) -> Counts:
    """Both sides' counts for as many calls, which a slower head may have made fewer of."""
    calls = base["calls"]
    scaled = [
        count * wanted / made
        for count, wanted, made in zip(head["instructions"], calls, head["calls"], strict=True)
    ]
    return Counts(tuple(base["instructions"]), tuple(scaled), tuple(calls))


def callgrind_command(scratch: Path) -> list[str]:
    """What a worker runs under to be counted; the dump goes to ``counts*`` in that folder."""
    return [
        require_callgrind(), "--tool=callgrind", "--vgdb=no", "--instr-atstart=no", "--quiet", "--smc-check=all-non-file",
        f"--callgrind-out-file={scratch}/{DUMPS}", f"--log-file={scratch}/log",
    ]  # fmt: skip


def count_job(scratch: Path, *, instructions: int = _INSTRUCTIONS[0]) -> Message:
    """What a worker that is to count must be told beside its variant."""
    return {"spin": None, "dumps": str(scratch / DUMPS), "instructions": instructions}


def _one(match: Match, wanted: tuple[str, int], instructions: int) -> Message:
    """Count one side under one hash seed, in a process of its own."""
    side, seed = wanted
    revision: Revision = getattr(match, side)
    with tempfile.TemporaryDirectory(prefix="perflab-count-") as scratch:
        under = callgrind_command(Path(scratch))
        confines = Confines(match.confines.timeout_seconds * 4, VALGRIND_MEMORY_BYTES)
        environment = {**numba_cache(revision.found), "NUMBA_CPU_NAME": "generic"}
        job = {**count_job(Path(scratch), instructions=instructions), **_job(match, revision, side)}
        with Worker(confines, hash_seed=seed, environment=environment, under=under) as worker:
            said = _asked(worker, job, side)
        if not all(said["instructions"]):
            raise NotTimed({"failed": Status.RAISED, "message": "callgrind counted nothing"}, side)
        return said


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
