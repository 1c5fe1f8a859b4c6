"""Two places: runs, which git does not see, and the evidence that a project publishes."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import AskedWrongly, StoreError
from harness.judge.publish import case_page
from harness.lab import archive, keeping, places, store
from harness.lab.history import files
from harness.lab.places import Stores
from harness.lab.store import choosing, publishing
from harness.model.published import Site
from harness.show.flamegraph import read_speedscope
from harness.show.site.pages import pages
from tests.fakes.runs import fake_result, fake_run

OLD = fake_run()
NEW = replace(OLD, id="20260102T120000Z-89abcdef", started="2026-01-02T12:00:00Z")


def status(folder: Path) -> str:
    """What git sees that is new or changed."""
    command = ["git", "-C", str(folder), "status", "--porcelain", "--untracked-files=all"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A repository, entered at a folder two levels down, with no store named."""
    monkeypatch.delenv("PERFLAB_STORE")
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "project")], check=True)
    (tmp_path / "project" / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project" / "a" / "b")
    return tmp_path / "project"


def test_runs_go_to_the_top_of_the_repository_and_git_does_not_see_them(project: Path) -> None:
    """From any folder in it; the folder hides itself, whatever the project's own .gitignore says."""
    store.check_writable(places.stores().runs)
    path = store.write(OLD, places.stores().runs)

    assert project / ".perflab" / "results" / "tiny" == path.parent.resolve()
    assert "" == status(project)


def test_without_a_repository_runs_go_to_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a store that is named wins over everything: nothing else is read."""
    monkeypatch.delenv("PERFLAB_STORE")
    monkeypatch.chdir(tmp_path)

    assert Stores(Path(".perflab/results"), Path("results")) == places.stores()
    assert Stores(Path("here")) == places.stores("here")
    monkeypatch.setenv("PERFLAB_STORE", "there")
    assert Stores(Path("there")) == places.stores()


def test_both_places_are_read_and_a_resumed_run_counts(tmp_path: Path) -> None:
    """A run that is in both is one: evidence where the bytes are the same, else the later state, which lies with the runs."""
    stores = Stores(tmp_path / "runs", tmp_path / "published")
    store.write(OLD, tmp_path / "published")
    store.write(replace(NEW, complete=False), tmp_path / "published")
    store.write(OLD, tmp_path / "runs")
    store.write(NEW, tmp_path / "runs")

    assert ["tiny"] == stores.cases()
    assert [True, False] == [one.published for one in stores.files("tiny")]
    assert NEW == store.read(store.find(NEW.id, stores))
    assert store.find(NEW.id, stores.evidence).is_relative_to(tmp_path / "published")


def test_other_files_in_a_folder_called_results_are_nobodys_runs(tmp_path: Path) -> None:
    """A project may keep anything there: it is neither read, nor called damaged, nor renamed."""
    other = tmp_path / "results" / "survey" / "answers.json"
    other.parent.mkdir(parents=True)
    other.write_text("[1, 2]")
    history = tmp_path / "results" / "history" / "abcd1234"
    history.mkdir(parents=True)
    (history.parent / "benchmarks.json").write_text("{}")
    store.write(OLD, tmp_path / "results")
    stores = Stores(tmp_path / "runs", tmp_path / "results")
    checked = keeping.check_evidence(tmp_path / "results", read_profile=read_speedscope)

    assert ["tiny"] == stores.cases()
    assert [""] == [one.problem for one in checked]
    with pytest.raises(StoreError, match="cannot be the name of a case"):
        store.write(replace(OLD, case="history"), tmp_path / "runs")


def test_a_small_new_run_does_not_stand_for_the_case(tmp_path: Path) -> None:
    """One variant at one size, run after all of them: what the pages show stays."""
    stores = Stores(tmp_path / "runs", tmp_path / "published")
    store.write(OLD, tmp_path / "published")
    (measured,) = OLD.workloads
    small = replace(measured, results=(fake_result("naive", 9000, reference=True),))
    store.write(replace(NEW, variant_names=("naive",), workloads=(small,)), tmp_path / "runs")
    found = choosing.chosen("tiny", stores)

    assert found is not None
    assert OLD == found.run
    assert found.selection.chosen.standing.published
    assert [NEW.id] == [one.ranked.standing.run for one in found.selection.others]
    assert choosing.chosen("tiny", stores, machine="ffff0000") is None
    assert choosing.chosen("tiny", stores, sweep=True) is None


def test_a_page_says_which_run_it_is_about_and_leads_to_the_others(tmp_path: Path) -> None:
    """The run of all variants, although a smaller one is newer; that one stays in the list, with the reason and a command."""
    stores = Stores(tmp_path / "runs", tmp_path / "published")
    store.write(OLD, tmp_path / "published")
    (measured,) = OLD.workloads
    small = replace(measured, results=(fake_result("naive", 9000, reference=True),))
    store.write(replace(NEW, variant_names=("naive",), workloads=(small,)), tmp_path / "runs")
    case = case_page("tiny", archive.shelf("tiny", stores), None)
    made = {page.path: page.content.decode() for page in pages(Site((case,), (), None))}
    page = made["cases/tiny.html"]

    assert case.chosen is not None
    assert OLD.id == case.chosen.run.id
    assert f"Run {OLD.id} (published, 2 of 2 keys" in page
    assert "not chosen: it has 1 of the case" in page
    assert f"python -m harness export {NEW.id}" in page


def test_publishing_copies_the_sealed_file_with_what_belongs_to_it(tmp_path: Path) -> None:
    """Byte for byte, with plot and newest profiles; twice is once; nothing else is written."""
    path = store.write(OLD, tmp_path / "runs")
    path.with_suffix(".svg").write_text("<svg/>")
    for name in ("20260101T120000Z-abcd1234-1/old", "20260102T120000Z-abcd1234-2/10-naive",
                 "20260102T120000Z-abcd1234-2/10-naive-before", "20260103T120000Z-ffff0000-3/x"):  # fmt: skip
        profile = path.parent / "profiles" / f"{name}.speedscope.json"
        profile.parent.mkdir(parents=True, exist_ok=True)
        profile.write_text(name)

    def published() -> list[bool]:
        copied = publishing.publish(
            OLD, path, tmp_path / "results", read_profile=lambda data, file: None
        )
        return [one.new for one in copied]

    assert ([True] * 3, [False] * 3) == (published(), published())
    assert {
        path.name: path.read_bytes(),
        path.with_suffix(".svg").name: b"<svg/>",
        "10-naive.speedscope.json": b"20260102T120000Z-abcd1234-2/10-naive",
    } == {one.name: one.read_bytes() for one in (tmp_path / "results").rglob("*") if one.is_file()}


def test_what_is_published_is_whole_and_stays(tmp_path: Path) -> None:
    """An interrupted run is no evidence, and another file of a published run replaces nothing."""
    half = replace(NEW, complete=False)
    path = store.write(half, tmp_path / "runs")
    with pytest.raises(AskedWrongly, match="is incomplete"):
        publishing.publish(half, path, tmp_path / "results", read_profile=read_speedscope)
    store.write(replace(OLD, advice=("another",)), tmp_path / "results")
    path = store.write(OLD, tmp_path / "runs")
    with pytest.raises(StoreError, match="published already, and differs"):
        publishing.publish(OLD, path, tmp_path / "results", read_profile=read_speedscope)


def test_a_named_case_says_which_run_it_means(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``export`` names the run and the newer ones that were passed over, on standard error; ``--readme`` takes published runs only, and checks the run that is shown."""
    from click.testing import CliRunner

    from harness.commands import export, report

    monkeypatch.delenv("PERFLAB_STORE")
    monkeypatch.chdir(tmp_path)
    page = Path("README.md")
    page.write_text("<!-- results:begin tiny -->\n<!-- results:end -->\n")
    (measured,) = OLD.workloads
    small = replace(measured, results=(fake_result("naive", 9000, reference=True),))
    store.write(replace(NEW, variant_names=("naive",), workloads=(small,)), places.stores().runs)
    readme = ["--readme", "README.md"]
    refused = CliRunner().invoke(report.command, readme)
    store.write(OLD, Path("results"))
    written = CliRunner().invoke(report.command, readme)
    checked = CliRunner().invoke(report.command, [*readme, "--check"])
    store.write(replace(OLD, id="20260103T120000Z-44444444"), Path("results"))
    later = CliRunner().invoke(report.command, [*readme, "--check"])
    exported = CliRunner().invoke(export.command, ["tiny"])

    assert f"store publish {NEW.id}" in getattr(refused.exception, "remedy", "")
    assert [0, 0, 0] == [one.exit_code for one in (written, checked, later)], later.output
    assert f"Run `{OLD.id}`" in page.read_text()
    assert f"newer, not chosen: {NEW.id}" not in exported.stderr
    assert "Run 20260103T120000Z-44444444 (published, 2 of 2 keys" in exported.stderr


HOME = Path(__file__).parents[2]


def test_nothing_that_asv_or_a_comparison_writes_is_seen_by_git() -> None:
    """The folders of asv.conf.json, asv's home, and what ``docs/peers/compare.py`` measures; the published history is seen."""
    said = json.loads((HOME / "asv.conf.json").read_bytes())
    hidden = [f"{said[name]}/x.json" for name in ("results_dir", "env_dir", "html_dir")]
    hidden += [f"{places.OWN}/{name}/x.json" for name in ("results", "site", "asv", "peers")]

    def ignored(name: str) -> bool:
        command = ["git", "-C", str(HOME), "check-ignore", "--quiet", "--no-index", name]
        return not subprocess.run(command, check=False).returncode

    if not (HOME / ".git").exists():
        pytest.skip("this is no clone")
    assert [] == [name for name in hidden if not ignored(name)]
    assert not ignored("results/history/benchmarks.json")
    assert not ignored("results/dedupe/20260101T120000Z-abcd1234-0123abcd.json")


def test_a_history_that_was_measured_here_again_counts(tmp_path: Path) -> None:
    """Both histories are read as one, and laid together for asv; the published one is not touched."""
    published = HOME / "results" / "history"
    own = tmp_path / "own"
    shutil.copytree(published, own)
    file = min(own.glob("*/*-*.json"))
    data = files.read(file)
    one = next(name for name in data.results if "track_ratio" in name)
    row = dict(zip(data.result_columns, data.results[one], strict=False))
    place = next(at for at, value in enumerate(row["result"]) if value and not math.isnan(value))
    row["result"][place] = 0.125
    files.write(data, file)
    before = {path: path.read_bytes() for path in published.rglob("*.json")}
    together = files.read_all(own, published)
    files.lay_together(tmp_path / "none", published, tmp_path / "laid")

    assert len(files.read_all(published)) == len(together)
    assert 0.125 in [
        value.estimate.value
        for recorded in together
        for value in recorded.values
        if value.estimate is not None
    ]
    assert files.read_all(published) == tuple(
        replace(recorded, path=published / recorded.path.relative_to(tmp_path / "laid"))
        for recorded in files.read_all(tmp_path / "laid")
    )
    assert before == {path: path.read_bytes() for path in published.rglob("*.json")}
