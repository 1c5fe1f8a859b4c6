"""Looks after a store: reads every file of it, sets damaged ones aside when told, and takes in other stores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import AskedWrongly, NewerFormat, StoreError
from harness.lab import places, store
from harness.lab.archive import shelved

BAD = ".bad"
"""At the end of a file's name: it was damaged, and stands aside."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at one file found."""

    path: Path
    problem: str
    """Empty: it is sound."""
    remedy: str = ""
    complete: bool = True
    set_aside: Path | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one file of another store."""

    source: Path
    target: Path
    new: bool
    """False: it was here already, byte for byte."""


def check(folder: Path, *, fix: bool) -> Iterator[Checked]:
    """Read every file of a store; nothing is changed unless ``fix`` says that damaged ones are to be set aside; newer ones never are.

    Raises:
        AskedWrongly: there is no store.
        StoreError: a damaged file cannot be renamed.
    """
    if not folder.is_dir():
        raise AskedWrongly(f"there is no store in {folder}", "python -m harness run dedupe makes one")
    for path in _files(folder):
        try:
            run = store.read(path)
            if run.case != path.parent.name:
                raise StoreError(f"{path}: a run of {run.case!r} in the folder of {path.parent.name!r}", f"move it to {folder / run.case}")
        except NewerFormat as error:
            yield Checked(path, error.problem, error.remedy)
        except StoreError as error:
            yield Checked(path, error.problem, error.remedy, set_aside=_set_aside(path) if fix else None)
        else:
            yield Checked(path, "", complete=run.complete)


def _files(folder: Path) -> Iterator[Path]:
    for case in shelved(folder):
        yield from sorted((folder / case).glob("*.json"))


def _set_aside(path: Path) -> Path:
    """Rename, never delete: somebody may still want to look at it."""
    target = path.with_name(path.name + BAD)
    number = 1
    while target.exists() or target.is_symlink():
        number += 1
        target = path.with_name(f"{path.name}{BAD}{number}")
    try:
        path.rename(target)
    except OSError as error:
        raise StoreError(f"{path}: cannot be renamed: {error.strerror}", "free the folder, or move the file away by hand") from None
    return target


def merge(sources: Sequence[Path], folder: Path) -> list[Taken]:
    """Take the runs of other stores in; the same store twice changes nothing.

    Everything is read and compared before anything is written.

    Raises:
        AskedWrongly: one of the sources is no store.
        StoreError: a file is damaged, or two files of one run differ; both are named, and nothing is written.
    """
    wanted: dict[Path, tuple[Path, bytes]] = {}
    taken = []
    for source in sources:
        if not source.is_dir():
            raise AskedWrongly(f"there is no store in {source}", "name the folder that holds the folders of the cases")
        for path in _files(source):
            data = store.bytes_of(path)
            target = store.file_of(store.decode(data, path), folder)
            before = wanted.get(target, (path, data))
            if target.exists():
                before = (target, store.bytes_of(target))
            if before[1] != data:
                raise StoreError(
                    f"{path} and {before[0]} are of one run and differ",
                    "one of them was changed by hand, or is an earlier state: keep the one that you mean",
                )
            taken.append(Taken(path, target, not target.exists() and target not in wanted))
            wanted[target] = (path, data)
    for target, (_, data) in wanted.items():
        if not target.exists():
            _write(target, data)
    return taken


def _write(target: Path, data: bytes) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        places.write_whole(target, data)
    except OSError as error:
        raise StoreError(
            f"{target}: cannot be written: {error.strerror or error}", "make room or choose another folder with --store"
        ) from error
