"""Sets the scene: both revisions checked out, and the cases asked for opened in each."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from harness.errors import AskedWrongly
from harness.lab.catalogue import HOME, NAME, Found, did_you_mean, find_case, find_cases
from harness.lab.gate import changes, revisions
from harness.lab.gate.changes import Place, Revision, Sides
from harness.lab.gate.desk import Asked, Scene
from harness.lab.proof import where
from harness.lab.repository import Repository, repository_of
from harness.lab.supervisor import Confines, Ending, Worker


@contextmanager
def both_revisions(asked: Asked) -> Iterator[Scene]:
    """Check both revisions out and find the cases in them; everything is removed afterwards."""
    places, repository = _places(asked)
    commit = repository.commit(asked.against)
    with (
        revisions.base_folder(repository, commit) as base,
        revisions.head_folder(repository) as head,
    ):
        wanted = places or _whole_catalogue(repository, base, head)
        cases = {
            place.name: opened(place, (base, head), repository.top, asked.confines)
            for place in wanted
        }
        for name, sides in cases.items():
            if sides.base is None and sides.head is None and not sides.broken:
                raise AskedWrongly(
                    f"there is no case called {name!r} on either side",
                    did_you_mean(name, find_cases()) or "python -m harness list",
                )
        home = _home(repository)
        yield Scene(repository, commit, base / home, head / home, cases, repository.top / home)


def require_known(asked: Asked) -> None:
    """Refuse what is asked for by a name that is nowhere, before anything is waited for or built.

    Raises:
        AskedWrongly: no such revision, or no such case by its path.
    """
    _, repository = _places(asked)
    repository.commit(asked.against)


def _places(asked: Asked) -> tuple[list[Place], Repository]:
    """Where the cases asked for are, and the one repository that holds them."""
    if not asked.cases:
        return [], repository_of(HOME)
    found, places = None, []
    for name in asked.cases:
        try:
            case = find_case(name)
        except AskedWrongly:
            if not NAME.fullmatch(name):
                raise
            case = Found(
                name, f"cases.{name}", HOME / "cases" / name, "catalogue"
            )  # perhaps only the base has it
        here = repository_of(case.folder if case.folder.is_dir() else HOME)
        if found is not None and found != here:
            raise AskedWrongly(
                f"{name} is in another repository than {asked.cases[0]}",
                "gate the two one after the other",
            )
        found = here
        home = _home(here) if case.origin == "catalogue" else Path()
        places.append(
            Place(
                case.name,
                case.module,
                case.folder.resolve().relative_to(here.top),
                case.origin,
                home,
            )
        )
    assert found is not None
    return places, found


def _home(repository: Repository) -> Path:
    """Where this project lies in its repository, or the top of somebody else's."""
    return HOME.relative_to(repository.top) if HOME.is_relative_to(repository.top) else Path()


def _whole_catalogue(repository: Repository, *roots: Path) -> list[Place]:
    home = _home(repository)
    names = {
        init.parent.name for root in roots for init in (root / home / "cases").glob("*/__init__.py")
    }
    return [
        Place(name, f"cases.{name}", home / "cases" / name, "catalogue", home)
        for name in sorted(names)
    ]


def opened(place: Place, roots: tuple[Path, Path], top: Path, confines: Confines) -> Sides:
    """Import the declaration on both sides: first in a worker each, since it may crash, hang or end the process; then here."""
    found = [changes.in_revision(root, place, top) for root in roots]
    with ThreadPoolExecutor(len(roots)) as pool:
        problems = list(pool.map(lambda one: "" if one is None else _problem(one, confines), found))
    both = [
        None if one is None or problem else Revision(one, one.load())
        for one, problem in zip(found, problems, strict=True)
    ]
    broken = {
        which: problem for which, problem in zip(("base", "head"), problems, strict=True) if problem
    }
    return Sides(place.name, both[0], both[1], broken)


def _problem(found: Found, confines: Confines) -> str:
    """Why a revision's declaration cannot be imported; empty: it can."""
    assert found.tree is not None
    revisions.compile_modules(found.tree)
    with Worker(confines) as worker:
        try:
            said = worker.ask({"do": "describe", "case": where(found)})
        except Ending as ending:
            return ending.message
    return str(said["message"]) if "failed" in said else ""
