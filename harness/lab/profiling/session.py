"""Looks at variants one after another with one tool, and keeps what was seen beside the results."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from harness.errors import StoreError
from harness.lab import places
from harness.lab.machine import this_machine
from harness.lab.profiling import tools
from harness.lab.profiling.frames import file_of
from harness.lab.profiling.subject import Profiled
from harness.lab.proof import Services
from harness.lab.source_text import source_lines as lines_of
from harness.model.declared import Technique
from harness.model.profiled import Tool

if TYPE_CHECKING:
    from harness.lab.catalogue import Found
    from harness.lab.places import Stores
    from harness.lab.supervisor import Confines
    from harness.model.declared import Case, Workload
    from harness.model.profiled import Profile

_MODULES = {
    Tool.PY_SPY: "py_spy",
    Tool.SCALENE: "scalene",
    Tool.MEMRAY: "memray",
    Tool.CALLGRIND: "callgrind",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """How to look."""

    tool: Tool
    seconds: float
    confines: Confines


@contextmanager
def looking(
    found: Found, case: Case, asked: Asked, *, revision: str = ""
) -> Iterator[Callable[[str, Workload], Looked]]:
    """Yield what looks at one variant on one workload; services run meanwhile.

    Raises:
        EnvironmentLacks: the tool is missing or not permitted.
    """
    tools.require(asked.tool)
    look: Callable[[Profiled, float], Profile] = import_module(
        f"harness.lab.profiling.{_MODULES[asked.tool]}"
    ).look
    with ExitStack() as stack:
        services = stack.enter_context(Services(found, case, asked.confines))

        def one(variant: str, workload: Workload) -> Looked:
            services.start([variant])
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="perflab-")))
            subject = Profiled(
                found, case.function, variant, workload, services, asked.confines, scratch, revision
            )
            said = services.job(variant)
            if "failed" in said:
                subject.checked(said)
            return Looked(subject, look(subject, asked.seconds))

        yield one


@dataclass(frozen=True, slots=True)
class Looked:
    """A profile, and what it was taken of; the scratch folder still holds the tool's own files."""

    subject: Profiled
    profile: Profile


def best_of(found: Found, case: Case, workload: Workload, stores: Stores) -> tuple[str, str]:
    """Return the variant to put beside the reference, and why: the best in the run of this machine that stands for the case, else a compiled one."""
    from harness.judge.summary import best_of_ours, summarise
    from harness.lab.store import choosing

    for sweep in (False, True):
        stands = choosing.chosen(found.name, stores, machine=this_machine().id, sweep=sweep)
        if stands is None:
            continue
        for table in summarise(stands.run).workloads:
            best = best_of_ours(table) if table.name == workload.name else None
            if best is not None and best.result.key.variant != case.reference:
                return best.result.key.variant, f"the best of ours in run {stands.run.id}"
    ours = [
        variant
        for variant in found.variants(case)
        if not variant.rival and variant.name != case.reference
    ]
    if not ours:
        return case.reference, "there is no other"
    compiled = [
        variant for variant in ours if variant.technique in {Technique.CYTHON, Technique.NUMBA}
    ]
    chosen = (compiled or ours)[-1].name
    return (
        chosen,
        f"no run of {workload.name} on this machine yet, so the last {'compiled ' if compiled else ''}variant",
    )


def artefact_folder(case: str, runs: Path) -> Path:
    """A new folder beside the results: ``<store>/<case>/profiles/<utc>-<machine>-<token>``.

    Raises:
        StoreError: it cannot be made.
    """
    folder = (
        runs
        / case
        / "profiles"
        / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{this_machine().id}-{token_hex(4)}"
    )
    try:
        places.make_folder(folder)
    except OSError as error:
        raise StoreError(
            f"{folder}: cannot be made: {error.strerror}",
            "make room or choose another folder with --store",
        ) from None
    return folder


def source_lines(found: Found, profiles: Sequence[Profile]) -> dict[tuple[str, int], str]:
    """The lines of the project's files that a profile names, by file and number."""
    files = {
        frame.file
        for profile in profiles
        for stack in profile.stacks
        for frame in stack.frames
        if frame.file and frame.line
    }
    known: dict[tuple[str, int], str] = {}
    for name in sorted(files):
        path = file_of(name, found)
        if path is not None:
            known |= {(name, number): line for number, line in enumerate(lines_of(path), 1)}
    return known
