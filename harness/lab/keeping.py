"""Looks after a store: reads every file of it, mends what it is told to, and takes in other stores.  Nothing is ever deleted but what a killed writer left."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from harness.errors import AskedWrongly, NewerFormat, StoreError
from harness.lab import places, store
from harness.lab.catalogue import NAME
from harness.model.measured import Measured, Process, Run

BAD = ".bad"
"""At the end of a file's name: it was damaged, and stands aside."""
PROFILE = ".speedscope.json"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at one file found."""

    path: Path
    problem: str
    """Empty: it is sound."""
    remedy: str = ""
    complete: bool = True
    done: str = ""
    """What was done about it; empty: nothing."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one file of another store."""

    source: Path
    target: Path
    new: bool
    """False: it was here already."""


def check(
    folder: Path, *, fix: bool, read_profile: Callable[[bytes, str], object]
) -> Iterator[Checked]:
    """Read every run and every profile of a store; nothing is changed unless ``fix`` says so.

    Then what is damaged is set aside, and a sound run in another place than its own is moved there; what a newer perflab wrote stays.

    Raises:
        AskedWrongly: there is no store.
        StoreError: a file cannot be renamed, or a folder not be read.
    """
    if not folder.is_dir():
        raise AskedWrongly(
            f"there is no store in {folder}",
            f"python -m harness run dedupe{places.Stores(folder).option}",
        )
    for path in _files(folder):
        yield _checked_run(path, folder, fix=fix)
    for path in _profiles(folder):
        yield _checked_profile(path, fix=fix, read_profile=read_profile)


def check_evidence(
    folder: Path, *, read_profile: Callable[[bytes, str], object]
) -> Iterator[Checked]:
    """Read the published runs and profiles in a folder that may hold other things as well; nothing is changed, ever."""
    for case in _folders(folder) if folder.is_dir() else ():
        for path in places.result_files(case).values():
            yield _checked_run(path, folder, fix=False)
    for path in _profiles(folder) if folder.is_dir() else ():
        yield _checked_profile(path, fix=False, read_profile=read_profile)


def _checked_profile(
    path: Path, *, fix: bool, read_profile: Callable[[bytes, str], object]
) -> Checked:
    try:
        read_profile(store.bytes_of(path), str(path))
    except StoreError as error:
        return Checked(path, error.problem, error.remedy, done=_set_aside(path) if fix else "")
    return Checked(path, "")


def _checked_run(path: Path, folder: Path, *, fix: bool) -> Checked:
    try:
        run = store.read(path)
        target = store.file_of(run, folder)
    except NewerFormat as error:
        return Checked(path, error.problem, error.remedy)
    except StoreError as error:
        problem = error.problem if str(path) in error.problem else f"{path}: {error.problem}"
        return Checked(path, problem, error.remedy, done=_set_aside(path) if fix else "")
    if path == target:
        return Checked(path, "", complete=run.complete)
    problem = f"{path}: run {run.id} of {run.case!r} is out of its place, and not found where it is looked for"
    return Checked(
        path,
        problem,
        f"python -m harness store fsck --fix --store {shlex.quote(str(folder))}",
        complete=run.complete,
        done=_move(path, target) if fix else "",
    )


def left_behind(folder: Path, *, remove: bool) -> Iterator[Path]:
    """Yield what writers that were killed left half written, in the store and in the folders of its cases; nobody ever reads it.

    Raises:
        StoreError: it cannot be removed.
    """
    for place in (folder, *_folders(folder)) if folder.is_dir() else ():
        for path in places.abandoned(place):
            try:
                if remove:
                    path.unlink(missing_ok=True)
            except OSError as error:
                raise StoreError(
                    f"{path}: cannot be removed: {error.strerror}",
                    "free the folder, or remove the file by hand",
                ) from None
            yield path


def _files(folder: Path) -> Iterator[Path]:
    """Whatever is called ``*.json`` in a store: in the folders of its cases, and where a run is not looked for."""
    folders = _folders(folder)
    for place in (folder, *folders):
        yield from (
            path for path in _listed(place) if path.match("[!.]*.json") and path not in folders
        )


def _folders(folder: Path) -> list[Path]:
    return [
        path
        for path in _listed(folder)
        if path.is_dir() and not path.name.startswith(".") and path.name != places.HISTORY
    ]


def _profiles(folder: Path) -> Iterator[Path]:
    for case in _folders(folder):
        looks = case / "profiles"
        if NAME.fullmatch(case.name) and looks.is_dir():
            for look in _listed(looks):
                if look.is_dir():
                    yield from (path for path in _listed(look) if path.name.endswith(PROFILE))


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise StoreError(
            f"{folder}: cannot be read: {error.strerror}", "see who may read it: ls -ld"
        ) from None


def _set_aside(path: Path) -> str:
    """Rename, never delete: somebody may still want to look at it."""
    number, target = 1, path.with_name(path.name + BAD)
    while os.path.lexists(target):
        number += 1
        target = path.with_name(f"{path.name}{BAD}{number}")
    _rename(path, target)
    return f"set aside as {target}"


def _move(path: Path, target: Path) -> str:
    """Bring a sound run to its place; where something is there already, set it aside."""
    if os.path.lexists(target):
        return f"{target} is there already: {_set_aside(path)}"
    try:
        target.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{target.parent}: cannot be made: {error.strerror}",
            "free the folder, or move the file by hand",
        ) from None
    _rename(path, target)
    return f"moved to {target}"


def _rename(path: Path, target: Path) -> None:
    try:
        path.rename(target)
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be renamed: {error.strerror}",
            "free the folder, or move the file away by hand",
        ) from None


# --------------------------------------------------------------------------- other stores


def merge(
    sources: Sequence[Path], folder: Path, *, read_profile: Callable[[bytes, str], object]
) -> list[Taken]:
    """Take runs and profiles in, from other stores or single files; the same ones twice change nothing, nor does being cut in the middle and beginning again.

    Everything is read and compared before anything is written.

    Raises:
        AskedWrongly: one of the sources is not there.
        StoreError: a file is damaged, or two files of one run differ; both are named, and nothing is written.
    """
    wanted: dict[Path, Path] = {}
    digests: dict[Path, bytes] = {}
    taken = []
    for source, path in _sources(sources):
        data, run = _read_there(path, source)
        target = store.file_of(run, folder)
        here = os.path.lexists(target)
        if here or target in wanted:
            _require_same(path, (data, run), target if here else wanted[target])
        taken.append(Taken(path, target, not here and target not in wanted))
        if not here:
            wanted.setdefault(target, path)
            digests.setdefault(target, sha256(data).digest())
    for source in sources:
        for path in _profiles(source) if source.is_dir() else ():
            target = folder / path.relative_to(source)
            here = os.path.lexists(target)
            data = store.bytes_of(path)
            read_profile(data, str(path))
            if here and store.bytes_of(target) != data:
                raise StoreError(
                    f"{path} and {target} are of one look and differ",
                    "one of them was changed by hand: keep the one that you mean",
                )
            taken.append(Taken(path, target, not here))
            if not here:
                wanted[target], digests[target] = path, sha256(data).digest()
    for target, path in wanted.items():
        data = store.bytes_of(path)
        if sha256(data).digest() != digests[target]:
            raise StoreError(
                f"{path}: was changed while it was taken in", "let its run end, then merge again"
            )
        store.put(target, data)
    return taken


def _read_there(path: Path, source: Path) -> tuple[bytes, Run]:
    """Read a run of another store; what is wrong with it is to be mended there."""
    data = store.bytes_of(path)
    try:
        return data, store.decode(data, path)
    except NewerFormat:
        raise
    except StoreError as error:
        remedy = (
            f"set it aside there, then merge again: python -m harness store fsck --fix --store {shlex.quote(str(source))}"
            if source.is_dir()
            else error.remedy
        )
        raise StoreError(error.problem, remedy) from error


def _sources(sources: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Each source with the files in it."""
    for source in sources:
        if source.is_dir():
            yield from ((source, path) for path in _files(source))
        elif os.path.lexists(source):
            yield source, source
        else:
            raise AskedWrongly(
                f"there is no store in {source}",
                "name the folder that holds the folders of the cases, or a result file",
            )


def _require_same(path: Path, found: tuple[bytes, Run], other: Path) -> None:
    """Of one run there is one truth: the same bytes, or the same run in another format.

    Raises:
        StoreError: they differ; the message says which of the two is the later state, if one is.
    """
    data, run = found
    before = store.bytes_of(other)
    if before == data:
        return
    known = store.decode(before, other)
    if known == run:
        return
    for (late, later), (early, earlier) in (
        ((path, run), (other, known)),
        ((other, known), (path, run)),
    ):
        if continues(later, earlier):
            raise StoreError(
                f"{path} and {other} are of one run and differ: {late} is the later state, it holds all of the other"
                f" ({_blocks(later)} blocks to {_blocks(earlier)})",
                "move the earlier one away, then merge again:"
                f" {shlex.join(['mv', str(early), f'{early}.earlier'])}",
            )
    raise StoreError(
        f"{path} and {other} are of one run and differ, and neither holds all of the other",
        "one of them was changed by hand, or both were resumed: keep the one that you mean",
    )


def continues(later: Run, earlier: Run) -> bool:
    """Whether one file is what became of a run after the other was written: the same question, more of an answer, and every process of the other in its place."""
    if (
        _asked(later) != _asked(earlier)
        or _progress(later) <= _progress(earlier)
        or later.complete < earlier.complete
    ):
        return False
    processes = _processes(later)
    return all(
        processes.get(key, ())[: len(kept)] == kept for key, kept in _processes(earlier).items()
    )


def _progress(run: Run) -> tuple[int, bool, int]:
    return _blocks(run), run.complete, len(run.advice)


def _asked(run: Run) -> Run:
    """A run without its answers."""
    return replace(run, workloads=(), crews=(), complete=False, advice=(), roofs=())


def _processes(run: Run) -> dict[tuple[str, str], tuple[Process, ...]]:
    return {
        (one.key.workload, one.key.variant): one.processes
        for measured in _measured(run)
        for one in measured.results
    }


def _blocks(run: Run) -> int:
    return sum(len(measured.conditions) for measured in _measured(run))


def _measured(run: Run) -> tuple[Measured, ...]:
    return (*run.workloads, *run.crews)
