"""Throws out of the cache what we would not have written: cut, foreign, or another's; it is made again, and nobody need know."""

from __future__ import annotations

import io
import pickletools
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from harness.lab import places
from harness.model.declared import Proof, Status
from harness.model.measured import Certificate

_LARGEST_KERNEL = 256 << 20
_PICKLES = {".nbi": 2, ".nbc": 1}
"""In each of Numba's files: the index begins with the version that wrote it."""


def weed(case: str) -> None:
    """Look through what is kept of a case: proofs that are not of what their file's name says, and kernels that Numba would stumble over.

    Numba itself raises whatever a damaged file makes it raise.  Here nothing is unpickled: a pickle's own words are only counted.
    """
    _remove(path for path in _settled(places.cache_folder("limits")) if not path.is_file())
    _remove(
        path
        for path in _settled(places.cache_folder("certificates", case))
        if not _is_proof(path, case)
    )
    for folder in places.cache_folder("numba").glob(f"{case}-*"):
        files = [path for path in folder.rglob("*") if path.suffix in _PICKLES]
        if not all(map(_is_whole, files)):
            _remove([folder])


def _settled(folder: Path) -> list[Path]:
    """What is there under its own name: hidden is what somebody is just writing."""
    return [path for path in folder.iterdir() if not path.name.startswith(".")]


def _is_proof(path: Path, case: str) -> bool:
    kept = places.kept(path, Certificate)
    return (
        kept is not None
        and (kept.case, f"{kept.variant}-{kept.digest}.json", kept.status)
        == (case, path.name, Status.OK)
        and kept.verdict in {Proof.REFERENCE, Proof.EQUAL}
    )


def _is_whole(path: Path) -> bool:
    """Whether a file of Numba's is as many complete pickles as it should be, and nothing after them."""
    if not path.is_file() or path.stat().st_size > _LARGEST_KERNEL:
        return False
    data = io.BytesIO(path.read_bytes())
    try:
        for _ in range(_PICKLES[path.suffix]):
            for _ in pickletools.genops(data):
                pass
    except (
        ValueError,
        IndexError,
        OverflowError,
        MemoryError,
        UnicodeError,
    ):  # whatever the words of no pickle make of themselves
        return False
    return not data.read(1)


def _remove(paths: Iterable[Path]) -> None:
    for path in list(paths):
        with suppress(OSError):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()
