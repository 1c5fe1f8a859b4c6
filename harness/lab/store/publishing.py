"""Publishes runs: copies a sealed result file, its plot and the newest profiles of its case into the evidence that the project commits."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.errors import AskedWrongly, StoreError
from harness.lab.store.files import bytes_of, file_of, put
from harness.model.measured import Run

PROFILE = ".speedscope.json"


@dataclass(frozen=True, slots=True)
class Copied:
    """One file of the evidence."""

    path: Path
    new: bool
    """False: it was there already."""


def publish(
    run: Run, path: Path, folder: Path, *, read_profile: Callable[[bytes, str], object]
) -> list[Copied]:
    """Copy one run into the evidence; the same run twice changes nothing.

    Args:
        run: as it was read from ``path``, so that it is sound.
        path: its file, in a store.
        folder: of the evidence.
        read_profile: raises where a profile is damaged.

    Raises:
        AskedWrongly: the run is incomplete.
        StoreError: another file of this run is published, a profile is damaged, or nothing can be written.
    """
    if not run.complete:
        raise AskedWrongly(
            f"run {run.id} is incomplete, and evidence is whole",
            f"python -m harness run {run.case} --resume {run.id}",
        )
    target = file_of(run, folder)
    wanted = {target: bytes_of(path)}
    plot = path.with_suffix(".svg")
    if plot.is_file():
        wanted[target.with_suffix(".svg")] = bytes_of(plot)
    for profile in _newest_look(path.parent, run.machine.id):
        data = bytes_of(profile)
        read_profile(data, str(profile))
        wanted[target.parent / "profiles" / profile.parent.name / profile.name] = data
    if target.exists() and bytes_of(target) != wanted[target]:
        raise StoreError(
            f"{target} is published already, and differs from {path}",
            f"see what they say: python -m harness compare {shlex.quote(str(target))} {shlex.quote(str(path))}",
        )
    return [_copied(data, file) for file, data in wanted.items()]


def _newest_look(case: Path, machine: str) -> list[Path]:
    """The profiles of the newest look at the case on that machine; those of another revision are half of a comparison."""
    looks = sorted((case / "profiles").glob(f"*-{machine}-*/"))
    return [
        path
        for path in (sorted(looks[-1].glob(f"*{PROFILE}")) if looks else ())
        if not path.name.endswith(f"-before{PROFILE}")
    ]


def _copied(data: bytes, target: Path) -> Copied:
    if target.is_file() and target.read_bytes() == data:
        return Copied(target, new=False)
    put(target, data, remedy="make room, or free the folder")
    return Copied(target, new=True)
