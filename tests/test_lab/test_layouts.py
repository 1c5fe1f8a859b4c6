"""Twelve layouts of projects, and five questions each: whatever a project looks like, green means green."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from harness.lab import depending, proof, sources, trees
from harness.lab.catalogue import Found, find_case
from harness.lab.gate import listing, revisions, scene
from harness.lab.gate.changes import Sides, State
from harness.lab.gate.desk import Asked, Desk, Scene
from harness.lab.repository import repository_of
from harness.lab.supervisor import Confines, Worker
from harness.lab.worker.subject import load_subject
from harness.model.declared import Proof, Status
from harness.model.measured import Certificate, Evidence
from tests.layouts import (
    COMMENT,
    LAYOUTS,
    RIGHT,
    SLOW,
    WRONG,
    Layout,
    build,
    change,
    python,
    search_path,
)

CONFINES = Confines(30.0, 1 << 30)


class Project:
    """One layout, built once for its five questions."""

    def __init__(self, layout: Layout, folder: Path) -> None:
        self.layout = layout
        self.root = build(layout, folder / "one")
        self.site = folder / "site"
        self.case = os.path.relpath(layout.case, layout.here or ".")

    def found(self) -> Found:
        return find_case(f"./{self.case}")


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Project]:
    """Each layout is built when it is asked for first."""
    built: dict[str, Project] = {}

    def project(name: str) -> Project:
        if name not in built:
            built[name] = Project(LAYOUTS[name], tmp_path_factory.mktemp(name))
        return built[name]

    return project


@pytest.fixture(params=LAYOUTS)
def project(
    request: pytest.FixtureRequest,
    projects: Callable[[str], Project],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Project]:
    """A project as it was committed; we stand in it, and can import from it as its owner can."""
    one = projects(request.param)
    change(one.layout, one.root, RIGHT)
    enter(one, one.root, monkeypatch)
    before = dict(sys.modules)
    yield one
    for name in set(sys.modules) - set(before):
        if any(
            name.startswith(mine) for mine in ("pcase", "rcase", "mypkg", "acme", "edpkg", "fipkg")
        ):
            del sys.modules[name]


def enter(one: Project, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = search_path(one.layout, root, one.site)
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.chdir(root / one.layout.here)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if str(root.parent) not in entry])
    for entry in dict.fromkeys([path, str(Path(root, one.layout.core).parents[1]) * (one.layout.install == "path")]):  # fmt: skip
        if entry:
            monkeypatch.syspath_prepend(entry)
    if one.layout.install == "finder":
        exec((one.site / "editable_finder.py").read_text(), {})


class Both:
    """Both sides of a gate against the last commit, listed."""

    def __init__(self, stack: ExitStack, one: Project) -> None:
        found = one.found()
        repository = repository_of(found.folder)
        commit = repository.commit("HEAD")
        base = stack.enter_context(revisions.base_folder(repository, commit))
        head = stack.enter_context(revisions.head_folder(repository))
        place = scene._places(Asked("HEAD", (f"./{one.case}",)))[0][0]
        self.sides: Sides = scene.opened(place, (base, head), repository.top, CONFINES)
        there = Scene(repository, commit, base, head, {place.name: self.sides})
        desk = Desk(Asked("HEAD"), there, lambda text: None)
        self.states = {one.variant: one.state for one in listing.list_case(desk, self.sides)}

    def answers(self) -> tuple[int, int]:
        """What the variant answers on both sides; each is loaded from its own files."""
        said = []
        for side in (self.sides.base, self.sides.head):
            assert side is not None
            assert side.found.tree is not None
            with trees.entered(side.found.tree):
                subject = load_subject(side.found, side.case, {"variant": "ours"})
                said.append(subject.function([2]))
            file = os.path.realpath(subject.function.__code__.co_filename)
            assert file.startswith(os.path.realpath(side.found.tree.root) + os.sep)
        return said[0], said[1]


@pytest.fixture
def gated(project: Project) -> Iterator[Callable[[str], Both]]:
    """Change the project's function, and list both sides."""
    with ExitStack() as stack:

        def gated(text: str) -> Both:
            change(project.layout, project.root, text)
            return Both(stack, project)

        yield gated


def test_a_slowdown_is_measured_from_both_sides_own_files(gated: Callable[[str], Both]) -> None:
    """The variant is listed as changed; base and head are two programs of one answer."""
    both = gated(SLOW)

    assert both.states == {"plain": State.UNCHANGED, "ours": State.CHANGED}
    assert both.answers() == (4, 4)


def test_a_wrong_answer_is_seen_on_its_side(gated: Callable[[str], Both]) -> None:
    """The base answers right and the head wrong, which the proof refuses."""
    both = gated(WRONG)

    assert both.states["ours"] is State.CHANGED
    assert both.answers() == (4, 8)


def test_a_comment_changes_nothing(gated: Callable[[str], Both]) -> None:
    """Wherever the file lies."""
    assert gated(COMMENT).states == {"plain": State.UNCHANGED, "ours": State.UNCHANGED}


def proven(one: Project) -> Callable[[Path], Certificate | None]:
    """Keep a proof of the variant as it is now; return what is kept of a place afterwards."""
    found = one.found()
    case = found.load()
    job = {"do": "observe", "case": proof.where(found), "variants": ["ours"], "handles": {}}
    with Worker(CONFINES) as worker:
        said = worker.ask(job)
    depends = sources.followed(found, case, "ours") | depending.observed(said["observed"]["ours"])
    digest = sources.digest_of(found, case, depends)
    depending.keep(found, "ours", depends)
    proof._write(Certificate(found.name, "ours", Proof.EQUAL, Status.OK, digest, Evidence("exact", 1, 1, 1, 1, 1, 0)))  # fmt: skip

    def kept(root: Path) -> Certificate | None:
        folder = root / one.layout.case
        above = folder.parents[found.module.count(".")]
        return proof._read(replace(found, folder=folder, search_path=str(above)), case, "ours")

    return kept


def test_a_proof_ends_with_the_code_that_was_proven(project: Project) -> None:
    """Kept while nothing changes, gone after a change, there again when that is taken back."""
    kept = proven(project)
    before = kept(project.root)
    (project.root / project.layout.core).write_text(WRONG)
    wrong = kept(project.root)
    (project.root / project.layout.core).write_text(RIGHT)

    assert (before is not None, wrong, kept(project.root)) == (True, None, before)


def test_a_proof_is_of_one_checkout(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of the project was never examined, even if all of it is alike."""
    kept = proven(project)
    other = project.root.with_name("two")
    shutil.copytree(project.root, other, symlinks=True, dirs_exist_ok=True)
    enter(project, other, monkeypatch)

    assert kept(other) is None


# --------------------------------------------------------------------------- the whole command line


def typed(folder: Path, name: str, *words: str, text: str = RIGHT, uninstalled: bool = False) -> subprocess.CompletedProcess[str]:  # fmt: skip
    """Build a layout, write the function, and type a command in it; ``uninstalled``: without any PYTHONPATH."""
    layout = LAYOUTS[name]
    root = folder / "one"
    if not root.exists():
        build(layout, root)
    change(layout, root, text)
    path = "" if uninstalled else search_path(layout, root, folder / "site")
    case = os.path.relpath(layout.case, layout.here or ".")
    return python(root / layout.here, words[0], f"./{case}", *words[1:], PYTHONPATH=path)


@pytest.mark.usefixtures("known_limits")
def test_verify_after_a_change_and_in_a_second_checkout(tmp_path: Path) -> None:
    """In src/, by relative imports: proven, then refused when the library answers wrongly, also in a copy that was never examined."""
    first = typed(tmp_path, "src", "verify")
    wrong = typed(tmp_path, "src", "verify", text=WRONG)
    (tmp_path / "copy").mkdir()
    shutil.copytree(tmp_path / "one", tmp_path / "copy" / "one")
    second = typed(tmp_path / "copy", "src", "verify", text=WRONG)

    assert (first.returncode, wrong.returncode, second.returncode) == (0, 3, 3)


@pytest.mark.usefixtures("known_limits")
@pytest.mark.parametrize("name", ["src", "flat"])
def test_what_nobody_has_installed_is_found_by_all(tmp_path: Path, name: str) -> None:
    """At the top or in src/ of the project: verify proves it, and refuses a wrong answer as the gate does."""
    gate = ("gate", "--against", "HEAD", "--metric", "time", "--no-profile", "-V", "ours")
    codes = [
        typed(tmp_path, name, *words, text=text, uninstalled=True).returncode
        for words, text in ((("verify",), RIGHT), (("verify",), WRONG), (gate, WRONG))
    ]

    assert [0, 3, 3] == codes


@pytest.mark.usefixtures("known_limits")
@pytest.mark.parametrize(
    ("name", "text", "code"), [("submodule", WRONG, 3), ("computed", COMMENT, 0)]
)
def test_a_gate_in_other_peoples_layouts(tmp_path: Path, name: str, text: str, code: int) -> None:
    """A wrong answer in a submodule's new commit is 3; a comment behind a computed name is 0."""
    gated = typed(tmp_path, name, "gate", "--against", "HEAD", "--metric", "time", "--no-profile", "-V", "ours", text=text)  # fmt: skip

    assert gated.returncode == code, gated.stdout + gated.stderr
