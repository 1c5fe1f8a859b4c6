"""What a variant depends on is what it really imports and reads: whatever it is that changes, its proof is void."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import NotBuilt
from harness.lab import depending, proof, sources
from harness.lab.catalogue import Found, find_case
from harness.lab.gate import revisions
from harness.lab.gate.changes import State
from harness.lab.gate.desk import Asked, Desk
from harness.lab.gate.listing import list_case
from harness.lab.gate.scene import both_revisions
from harness.lab.repository import repository_of
from harness.lab.supervisor import Confines, Worker
from harness.model.declared import Case, Proof, Status
from harness.model.depended import Dependencies
from harness.model.measured import Certificate, Evidence
from tests.layouts import LAYOUTS, build, write
from tests.observed import INPUTS, write_all
from tests.repositories import commit, git


class Everything:
    """One case with a variant for each way of getting at something, observed once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.found: Found = find_case(str(write_all(root)))
        self.case: Case = self.found.load()
        job = {
            "do": "observe",
            "case": proof.where(self.found),
            "variants": list(self.case.variants),
            "handles": {},
        }
        with Worker(Confines(60.0, 2 << 30)) as worker:
            said = worker.ask(job)["observed"]
        self.seen = {name: depending.observed(one) for name, one in said.items()}

    def digest(self, variant: str) -> str:
        depends = sources.followed(self.found, self.case, variant) | self.seen[variant]
        return sources.digest_of(self.found, self.case, depends)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everything]:
    """Observed in one worker, in a child each."""
    root = tmp_path_factory.mktemp("everything")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("PYTHONPATH", str(root))
        patch.setattr(sys, "path", [*sys.path])
        yield Everything(root)


@pytest.mark.parametrize("variant", INPUTS)
def test_whatever_changes_is_noticed(everything: Everything, variant: str) -> None:
    """The digest stays while nothing changes, and is another one afterwards."""
    before = everything.digest(variant)
    plain = everything.digest("plain")
    again = everything.digest(variant)
    INPUTS[variant][1](everything.root)

    assert before == again != everything.digest(variant)
    assert everything.digest("plain") == plain


def test_a_plain_variant_depends_on_little(everything: Everything) -> None:
    """No noise of the lab's or the interpreter's: two modules, no data, no distribution."""
    seen = everything.seen["plain"]

    assert [Path(file).name for file in seen.modules] == ["__init__.py", "plain.py"]
    assert (seen.data, seen.listed, seen.distributions) == ((), (str(everything.found.folder),), ())


def test_a_distribution_is_found_by_what_it_installs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, everything: Everything
) -> None:
    """`import odd_name` comes from the distribution Plain-Name: another version of it is another program."""
    site = tmp_path / "site-packages"
    about = site / "Plain_Name-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: Plain-Name\nVersion: 1.0\n")
    (about / "top_level.txt").write_text("odd_name\n")
    (site / "odd_name.py").write_text("X = 1\n")
    monkeypatch.syspath_prepend(str(site))
    depending._providers.cache_clear()
    names = depending.distributions_of(["odd_name"])
    depending._providers.cache_clear()
    depends = Dependencies(distributions=names)
    before = depending.digest(depends, [])
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: Plain-Name\nVersion: 1.1\n")

    assert names == ("Plain-Name",)
    assert depending.digest(depends, []) != before


def test_variables_of_the_environment_belong_to_it(
    everything: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that the source reads; its value may make it another program."""
    file = everything.found.folder / "plain.py"
    before = file.read_text()
    file.write_text(f"{before}import os\nX = os.environ.get('PROJECT_MODE')\n")
    depends = sources.followed(everything.found, everything.case, "plain")
    digest = depending.digest(depends, [])
    monkeypatch.setenv("PROJECT_MODE", "fast")
    other = depending.digest(depends, [])
    file.write_text(before)

    assert (depends.environment, digest != other) == (("PROJECT_MODE",), True)


def test_another_path_that_offers_the_same_name_is_noticed(
    everything: Everything, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder earlier on the path with a module of that name would be imported instead; one without changes nothing."""
    before = everything.digest("shadowed")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{everything.root}")
    without = everything.digest("shadowed")
    (tmp_path / "shadowed.py").write_text("X = 3\n")

    assert before == without != everything.digest("shadowed")


def test_sets_are_joined_and_keep_their_doubt() -> None:
    """Either of the two; what one of them could not tell is not known of both."""
    joined = Dependencies(modules=("b",)) | Dependencies(modules=("a", "b"), beyond="too many")

    assert joined == Dependencies(modules=("a", "b"), beyond="too many")


def test_a_started_program_is_beyond_what_is_observed(everything: Everything) -> None:
    """What it imports and reads nobody saw: its proof is not kept, and a gate measures it."""
    assert everything.seen["subprocess"].beyond.startswith("it starts a program of its own")
    assert everything.seen["forked"].beyond == ""


def test_a_refusal_withdraws_what_was_proven(everything: Everything) -> None:
    """GIVEN a kept proof WHEN the variant is found wrong, for whatever reason, THEN no proof is left."""
    evidence = Evidence("exact", 1, 1, 1, 1, 1, 0)
    right = Certificate("everything", "plain", Proof.EQUAL, Status.OK, "d1", evidence)
    wrong = replace(right, verdict=Proof.NOT_EQUAL, status=Status.WRONG_ANSWER, digest="d2")
    with proof.Prover(everything.found, everything.case, Confines(60.0, 2 << 30)) as prover:
        prover._depends["plain"] = everything.seen["plain"]
        depending.keep(everything.found, "plain", everything.seen["plain"])
        digest = sources.variant_digest(everything.found, everything.case, "plain")
        prover._keep(replace(right, digest=digest))
        before = proof._read(everything.found, everything.case, "plain")
        prover._keep(wrong)

        assert before == replace(right, digest=digest)
        assert proof._read(everything.found, everything.case, "plain") is None


def test_what_a_variant_dates_is_its_own(everything: Everything) -> None:
    """A kept input that says by its time when it was used last is no source that has changed."""
    assert not [one for one in everything.seen["dated"].files if "kept_" in one]


def test_what_was_observed_is_read_back(everything: Everything) -> None:
    """Kept by place: another folder, or another variant, knows nothing."""
    seen = everything.seen["forked"]
    depending.keep(everything.found, "forked", seen)
    elsewhere = replace(everything.found, folder=everything.root)

    assert depending.kept(everything.found, "forked") == seen
    assert depending.kept(everything.found, "spelt_out") is None
    assert depending.kept(elsewhere, "forked") is None


def test_a_gate_measures_them_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a commit since which each of these has changed THEN each variant is changed, and the plain one is not."""
    folder = write_all(tmp_path, "gated")
    commit(tmp_path)
    for _, change in INPUTS.values():
        change(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    asked = Asked("HEAD", (f"./{folder.relative_to(tmp_path)}",))
    with both_revisions(asked) as scene:
        desk = Desk(asked, scene, lambda text: None)
        listed = list_case(desk, scene.sides["gated"])

    assert {one.variant for one in listed if one.state is State.UNCHANGED} == {"plain", "dated"}


def test_what_a_revision_cannot_have_of_a_submodule_is_refused(tmp_path: Path) -> None:
    """GIVEN a commit that names a commit of the submodule that is not here THEN exit 4, with the command that fetches it."""
    project = build(LAYOUTS["submodule"], tmp_path / "one")
    git(project, "update-index", "--cacheinfo", f"160000,{'1' * 40},vendor")
    git(project, "commit", "--quiet", "-m", "elsewhere")
    repository = repository_of(project)
    with (
        pytest.raises(NotBuilt, match="vendor has no commit 111111111111 here") as refused,
        revisions.base_folder(repository, repository.commit("HEAD")),
    ):
        pass

    assert refused.value.remedy.startswith(f"git -C {project / 'vendor'} fetch origin 1111")
    assert refused.value.exit_code == 4
    assert git(project, "worktree", "list").count("\n") == 1


def test_data_that_git_ignores_is_the_same_for_both_sides(tmp_path: Path) -> None:
    """It belongs to no revision; ignored code and records of builds are left out."""
    commit(tmp_path)
    write(tmp_path, {"data/large.bin": "1", "made/x.py": "", "kept/one.txt": "1", "kept/two.dat": "2", "ext/fast.build.json": "{}", ".gitignore": "data/\nmade/\n*.dat\n*.build.json\n"})  # fmt: skip
    commit(tmp_path)
    repository = repository_of(tmp_path)
    with (
        revisions.base_folder(repository, repository.commit("HEAD")) as base,
        revisions.head_folder(repository) as head,
    ):
        seen = [
            sorted(str(file.relative_to(side)) for file in side.rglob("*") if file.is_file())
            for side in (base, head)
        ]
        assert all((side / "data" / "large.bin").read_text() == "1" for side in (base, head))

    assert seen[1] == [".gitignore", "kept/one.txt", "kept/two.dat"]
    assert seen[0] == [".git", *seen[1]]
