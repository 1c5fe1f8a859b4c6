"""The facts about this machine that must agree before two results may be compared; nothing personal."""

from __future__ import annotations

import json
import math
import platform
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import EnvironmentLacks
from harness.lab import places, supervisor
from harness.lab.limits import compiled
from harness.lab.limits.message import limits_of, to_message
from harness.lab.limits.probe import Effort
from harness.model.limited import Figure, MachineLimits
from harness.model.measured import Machine

if TYPE_CHECKING:
    from harness.lab.frames import Message

FORMAT = 2
"""Raise it when limits are measured in another way: cached ones are then measured anew.  2: compiled kernels, figures with their spread."""
_STEP_SECONDS = 60.0
"""For any one step of measuring limits, whatever a variant is allowed."""
_MEMORY_BYTES = 4 << 30
_USUAL = Effort()
_LIBRARIES = ("numpy", "numba", "Cython")


def this_machine() -> Machine:
    """Describe the machine we run on; no host name, no user, no path."""
    facts = {
        "cpu": _cpu(),
        "cores": supervisor.processors(),
        "architecture": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "libraries": {name: found for name in _LIBRARIES if (found := library_version(name))},
    }
    digest = sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]
    return Machine(id=digest, **facts)  # type: ignore[arg-type]  # one literal above, the fields of Machine


def library_version(distribution: str) -> str:
    """The installed version, or an empty string."""
    with suppress(PackageNotFoundError):
        return version(distribution)
    return ""


def machine_limits(machine: Machine) -> Message:
    """Return the limits of this machine as a job's message: measured by a worker once, then read from the cache."""
    return to_message(limits_of(kept_limits(machine) or measure_limits(machine)))


def kept_limits(machine: Machine) -> MachineLimits | None:
    """Return what the cache holds of this machine's limits; None: nothing, or nothing that can be read, or that is another's."""
    kept = places.kept(limits_file(machine), MachineLimits)
    return (
        kept
        if kept is not None
        and kept.machine == machine
        and kept.figures
        and all(map(_is_figure, kept.figures))
        else None
    )


def _is_figure(figure: Figure) -> bool:
    return all(
        math.isfinite(value) and value > 0
        for value in (figure.value, figure.typical, figure.best_seen)
    )


def measure_limits(machine: Machine, effort: Effort = _USUAL) -> MachineLimits:
    """Measure the limits of this machine in a worker, and keep them; the kernels are built first where they are not.

    Raises:
        EnvironmentLacks: the worker did not come to its end.
    """
    compiled.provide()
    job = {
        "do": "limits", "folder": str(places.cache_folder("limits")), "workers": supervisor.processors(),
        "repetitions": effort.repetitions, "seconds": effort.seconds, "more": effort.more,
    }  # fmt: skip
    with supervisor.Worker(supervisor.Confines(_STEP_SECONDS, _MEMORY_BYTES)) as worker:
        try:
            said = worker.ask(job)
        except supervisor.Ending as ending:
            said = {"failed": ending.status, "message": ending.message}
    return keep_limits(beside(limits_said(machine, said), kept_limits(machine)))


def beside(measured: MachineLimits, before: MachineLimits | None) -> MachineLimits:
    """Put beside each figure the best that was seen before: where the two disagree, neither is to be trusted."""
    earlier = {} if before is None else {figure.key: figure.best_seen for figure in before.figures}
    return replace(
        measured,
        figures=tuple(
            replace(figure, before=earlier.get(figure.key)) for figure in measured.figures
        ),
    )


def limits_said(machine: Machine, said: Message) -> MachineLimits:
    """Return the limits in a worker's answer."""
    import msgspec

    if "failed" in said:
        raise EnvironmentLacks(
            f"the limits of this machine could not be measured: {said['message']}",
            "python -m harness doctor says more",
        )
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return msgspec.convert({"machine": asdict(machine), "measured": now, **said}, MachineLimits)


def keep_limits(measured: MachineLimits) -> MachineLimits:
    """Put limits into the cache, and return them."""
    import msgspec

    places.write_whole(
        limits_file(measured.machine), msgspec.json.format(msgspec.json.encode(measured), indent=1)
    )
    return measured


def limits_file(machine: Machine) -> Path:
    """Where the limits of a machine are kept; those that NumPy had to measure do not pass for compiled ones."""
    through = "" if compiled.load() else "-numpy"
    return places.cache_folder("limits") / f"{machine.id}-{FORMAT}{through}.json"


def _cpu() -> str:
    with suppress(OSError):
        for line in (
            Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        ):
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or "unknown"
