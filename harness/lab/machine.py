"""The facts about this machine that must agree before two results may be compared; nothing personal."""

from __future__ import annotations

import json
import platform
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from harness.lab import limits, places, supervisor
from harness.model.measured import Machine

if TYPE_CHECKING:
    from harness.lab.frames import Message

FORMAT = 1
"""Raise it when limits are measured in another way: cached ones are then measured anew."""
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


def machine_limits(machine: Machine, confines: supervisor.Confines) -> Message:
    """Return the limits of this machine as a job's message: measured by a worker once, then read from the cache."""
    file = places.cache_folder("limits") / f"{machine.id}-{FORMAT}.json"
    with suppress(OSError, ValueError, TypeError, KeyError):
        kept: Message = json.loads(file.read_text())
        limits.limits_from(kept)
        return kept
    with supervisor.Worker(confines) as worker:
        measured = worker.ask({"do": "limits"})
    places.write_whole(file, json.dumps(measured, indent=1).encode())
    return measured


def _cpu() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or "unknown"
