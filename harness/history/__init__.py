"""airspeed velocity's benchmark folder: one generic suite over the catalogue, a class per case.

asv runs *this* folder of today against the package of every old commit.  So it imports nothing of the harness, which would be that
commit's and measure differently: it brings its own instrument, and leans on the contract of a case alone (docs/cases.md).  Which cases,
variants and sizes there are is today's catalogue; what a commit lacks of them is skipped, not failed.
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from . import instrument

HOME = Path(__file__).resolve().parents[2]
"""Today's checkout: where the catalogue is read."""
INSTRUCTIONS = "PERFLAB_HISTORY_INSTRUCTIONS"
"""Set it to count instructions, too: some seconds a variant, under valgrind."""
_UNCOUNTED = frozenset({"multiprocessing", "threads", "dask"})
"""Techniques of which callgrind sees only a part, or the scheduler's mood."""
_LISTING = """
import json
from harness.lab import catalogue
for found in catalogue.find_cases().values():
    case = found.load()
    variants = {v.name: v.technique.value for v in found.variants(case)}
    print(json.dumps({
        "name": found.name, "module": found.module, "variants": variants, "sizes": [case.default_workloads()[0].name],
        "uncounted": [name for name in case.variants if name in case.gate.uncounted or case.service_of(name) is not None],
    }))
"""


@dataclass(frozen=True, slots=True)
class Listed:
    """What today's catalogue says of a case."""

    name: str
    module: str
    variants: dict[str, str]
    """Technique by name, in the case's order."""
    sizes: list[str]
    """The smallest of the default ones: a commit should take seconds."""
    uncounted: list[str]
    """Variants whose instructions say nothing."""

    def counts(self, variant: str) -> bool:
        """Whether an instruction count of this variant would be exact."""
        return variant not in self.uncounted and self.variants[variant] not in _UNCOUNTED


def listed() -> Iterator[Listed]:
    """Read today's catalogue, in a process of its own: in this one ``harness`` is the old commit's."""
    environment = {**os.environ, "PYTHONPATH": str(HOME), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _LISTING],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=HOME,
    )
    if done.returncode:
        raise RuntimeError(
            f"today's catalogue in {HOME} cannot be read: {done.stderr.strip()[-800:]}"
        )
    for line in done.stdout.splitlines():
        yield Listed(**json.loads(line))


class _Case:
    """What is measured of every key; asv makes one object a key and calls setup, the benchmark, teardown."""

    listed: ClassVar[Listed]
    version = "1"
    """Raise it when a number comes to mean something else: asv then forgets the old ones instead of drawing a step."""
    param_names: ClassVar = ["variant", "size"]
    timeout = 120
    rounds = 2
    number = 1
    """One call of the benchmark between two set-ups: no input is ever used twice.  What loops is our slice of fresh inputs."""
    repeat = (3, 10, 1.0)
    min_run_count = 1
    warmup_time = 0.0
    """Set-up has called it thirty times already."""

    def setup(self, variant: str, size: str) -> None:
        """Find the variant in this commit's package, prove it, and lay out one slice of fresh inputs."""
        self._open = ExitStack()
        with instrument.skipping_what_is_absent():
            subject = self._open.enter_context(instrument.opened(self.listed.module, variant, size))
        if not hasattr(self, "_loops"):
            instrument.prove(subject)
            self._loops = instrument.calibrated(subject)
        else:
            subject.call(subject.fresh())  # an executor starts its workers with the first call
        self._slice = subject.slice(self._loops)
        self._subject = subject

    def teardown(self, variant: str, size: str) -> None:
        """Stop servers, executors and event loops, before the next sample or the end."""
        del variant, size
        self._open.close()

    def timer(self) -> float:
        """The clock for asv, in units of calls: the wall clock divided by the calls of a slice, so that asv reads seconds a call."""
        return time.perf_counter() / getattr(self, "_loops", 1)

    def time_call(self, variant: str, size: str) -> None:
        """Seconds a call, each on a fresh equal input."""
        del variant, size
        self._slice()

    def track_ratio(self, variant: str, size: str) -> dict[str, Any]:
        """Time of the variant / time of the reference: slices in random order, in one process; a sample is a process."""
        return {"samples": instrument.ratios(self.listed.module, variant, size), "number": 1}

    track_ratio.unit = "x"  # type: ignore[attr-defined]  # where asv looks for it

    def track_peak_bytes(self, variant: str, size: str) -> int:
        """Peak of what one call allocates through Python's allocators; what other processes allocate is not seen."""
        del variant, size
        arguments = self._subject.fresh()
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            self._subject.call(arguments)
            return tracemalloc.get_traced_memory()[1] - before
        finally:
            tracemalloc.stop()

    track_peak_bytes.unit = "bytes"  # type: ignore[attr-defined]  # as above

    def track_instructions(self, variant: str, size: str) -> float:
        """Instructions of one call, counted by callgrind; not a number where nobody asked, or the count would not be exact."""
        if (
            not os.environ.get(INSTRUCTIONS)
            or not self.listed.counts(variant)
            or not instrument.can_count()
        ):
            return math.nan
        return instrument.instructions(self.listed.module, variant, size)

    track_instructions.unit = "instructions"  # type: ignore[attr-defined]  # as above


def _classes() -> Iterator[type[_Case]]:
    """Make the classes that asv finds: named like the cases, their parameters from the catalogue."""
    for one in listed():
        name = re.sub(
            r"[^a-z0-9_]", "_", one.name
        )  # asv takes a dash for the start of a parameter's number
        attributes = {
            "listed": one,
            "params": [list(one.variants), one.sizes],
            "__module__": __name__,
            "__doc__": _Case.__doc__,
        }
        yield type(name, (_Case,), attributes)


if (
    __name__ != "harness.history"
):  # asv imports this folder by its own name, whoever else only looks at it
    globals().update({one.__name__: one for one in _classes()})
    if "ASV_ENV_DIR" in os.environ and "ASV_COMMIT" in os.environ:
        # Numba keeps compiled kernels by a file's time and size alone: every commit has its own
        os.environ.setdefault(
            "NUMBA_CACHE_DIR",
            str(Path(os.environ["ASV_ENV_DIR"], "numba", os.environ["ASV_COMMIT"])),
        )
