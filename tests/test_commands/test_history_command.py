"""The history through the real command line and the real asv, on the commits of a small repository; its store, damaged and merged."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import msgspec
import pytest

from harness.errors import Inconclusive, StoreError
from harness.lab import store
from harness.lab.history import files
from harness.lab.repository import checkout_of
from harness.model.history import Quantity, State
from harness.show.documents import HistoryDocument, StepsDocument
from tests.fakes.runs import fake_run
from tests.repositories import commit

HOME = Path(__file__).parents[2]
needs_asv = pytest.mark.skipif(
    find_spec("asv") is None, reason="asv is not installed: pip install asv"
)
COMMITS = 5
PLANTED = 3
"""The commit, counted from nought, from which on ``quick`` does its work twice."""
CASE = """'''Which number comes first?'''
import random
from harness import Case, exact, sweep

def make(n, seed):
    source = random.Random(seed)
    return ([source.random() for _ in range(n)],)

case = Case(function="smallest", variants=("naive", "quick"), workloads=sweep(make, n=(400, 800, 1600)), same=exact)
"""
NAIVE = "'''Sort.'''\ndef smallest(xs):\n    for _ in range(4):\n        ys = [x * 1.0 for x in xs]\n    ys.sort()\n    return ys\n"
QUICK = "'''Sorted, as often as it takes.'''\ndef smallest(xs):\n    for _ in range({times}):\n        ys = sorted(xs)\n    return ys\n"


def harness(folder: Path, *arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the repository's own copy of the command line in it."""
    command = [sys.executable, "-m", "harness", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", **more}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, env=environment
    )


def small_project(folder: Path) -> None:
    """A project of our kind with one case of two variants."""
    shutil.copytree(  # with what is compiled: its processes write none
        HOME / "harness", folder / "harness", ignore=shutil.ignore_patterns("*.pyc.*")
    )
    shutil.copy(HOME / "asv.conf.json", folder)
    (folder / "cases" / "tiny").mkdir(parents=True)
    (folder / "cases" / "__init__.py").write_text("'''The studies.'''\n")
    (folder / "cases" / "tiny" / "__init__.py").write_text(CASE)
    (folder / "cases" / "tiny" / "naive.py").write_text(NAIVE)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Five commits, each measured by asv; the fourth does twice the work."""
    folder = tmp_path_factory.mktemp("project")
    cache = tmp_path_factory.mktemp("cache")
    small_project(folder)
    commits = []
    for number in range(COMMITS):
        (folder / "cases" / "tiny" / "quick.py").write_text(
            QUICK.format(times=10 if number < PLANTED else 20) + f"NOTE = {number}\n"
        )
        commits.append(commit(folder, f"quick {number}"))
        (folder / ".gitignore").write_text("__pycache__/\nresults/\n.asv/\n")
        if number == 0:
            commits[0] = commit(folder, "ignore")
        ended = harness(
            folder,
            "history",
            "run",
            "--existing",
            "-V",
            "quick",
            "--quantity",
            "ratio",
            "-q",
            PERFLAB_CACHE=str(cache),
        )
        assert 0 == ended.returncode, ended.stdout + ended.stderr
    return folder, commits


@needs_asv
def test_a_planted_step_is_found_at_its_commit(measured: tuple[Path, list[str]]) -> None:
    """Twice the work from the fourth commit on: one change point, between the third and the fourth, of about +100 %."""
    folder, commits = measured
    ended = harness(folder, "history", "steps", "--smallest", "0.3", "--json", "-")
    document = msgspec.json.decode(ended.stdout, type=StepsDocument, strict=True)
    (step,) = document.steps

    assert (commits[PLANTED - 1], commits[PLANTED], 0) == (
        step.last_commit,
        step.first_commit,
        step.commits_between,
    )
    assert 0.5 < step.change < 1.6
    assert (tuple(commits), 1) == (document.commits, document.curves)


@needs_asv
def test_what_was_not_asked_for_is_skipped_not_failed(measured: tuple[Path, list[str]]) -> None:
    """Only ``quick`` was measured; nothing personal is in the files: no path, no host's name."""
    folder, commits = measured
    (recorded,) = [
        one for one in files.read_all(folder / ".asv" / "results") if one.commit == commits[0]
    ]
    states = {
        value.measurand.key.variant: value.state
        for value in recorded.values
        if value.measurand.quantity is Quantity.RATIO
    }

    assert {"naive": State.SKIPPED, "quick": State.MEASURED} == states
    assert recorded.path.name.split("-", 1)[1].startswith("existing-py3.")
    assert str(Path(sys.executable).parent) not in recorded.path.read_text()
    assert (
        os.uname().nodename not in (folder / ".perflab" / "asv" / ".asv-machine.json").read_text()
    )


@needs_asv
def test_pages_need_no_other_host(measured: tuple[Path, list[str]], tmp_path: Path) -> None:
    """Without the scripts a plain page with the step marked; with them asv's own, every link beside it; what is missing is named."""
    folder, commits = measured
    plain = harness(folder, "history", "publish", "-o", tmp_path / "plain", "-q")
    page = (tmp_path / "plain" / "index.html").read_text()
    assert 0 == plain.returncode, plain.stderr
    assert "https://" not in page
    assert 1 == page.count('class="mark"')
    assert commits[PLANTED][:10] in page

    supply = tmp_path / "supply"
    supply.mkdir()
    lacking = harness(
        folder, "history", "publish", "-o", tmp_path / "lacking", "--vendor", supply, "-q"
    )
    assert 2 == lacking.returncode
    assert "lacks jquery-3.3.1.min.js, jquery.flot.min.js" in lacking.stderr
    for name in "jquery.min.js jquery.flot.js jquery.flot.time.js jquery.flot.selection.js jquery.flot.categories.js jquery.flot.orderBars.js stupidtable.js md5.min.js bootstrap.min.js bootstrap.min.css".split():
        (supply / name).write_text(f"/* {name} */")
    whole = harness(
        folder, "history", "publish", "-o", tmp_path / "whole", "--vendor", supply, "-q"
    )
    page = (tmp_path / "whole" / "index.html").read_text()

    assert 0 == whole.returncode, whole.stderr
    assert "of another build than asv names" in whole.stderr
    assert "https://" not in page
    assert "integrity" not in page
    assert 10 == len(list((tmp_path / "whole" / "vendor").iterdir()))


@needs_asv
def test_asv_finds_our_own_runs(measured: tuple[Path, list[str]], tmp_path: Path) -> None:
    """``history add`` writes what asv itself loads: its Results class reads the file, with our ratio upside down."""
    from asv.results import Results

    folder, commits = measured
    path = store.write(fake_run(), tmp_path / "results")
    ended = harness(folder, "history", "add", path, "--commit", "HEAD", "--json", "-")
    document = msgspec.json.decode(ended.stdout, type=HistoryDocument, strict=True)
    (written,) = document.files
    loaded = Results.load(str(folder / written.file), machine_name="abcd1234")
    shutil.rmtree(folder / ".asv" / "results" / "abcd1234")

    assert (0, commits[-1], 6) == (ended.returncode, written.commit, written.measured)
    assert [pytest.approx(1.0), pytest.approx(0.1, rel=0.01)] == loaded.get_result_value(
        "tiny.track_ratio", [["'naive'", "'quick'"], ["'10'"]]
    )


@needs_asv
def test_commits_are_compared_by_their_history(measured: tuple[Path, list[str]]) -> None:
    """The commit with twice the work is slower; exit 0, since that is information."""
    folder, _ = measured
    ended = harness(folder, "compare", "HEAD~4", "HEAD", "--json", "-")
    (key,) = json.loads(ended.stdout)["keys"]

    assert (0, "quick") == (ended.returncode, key["variant"])
    assert 0.35 < key["ratio"]["value"] < 0.7


def project(tmp_path: Path) -> Path:
    """A repository with the configuration, one commit, and nothing measured."""
    (tmp_path / "repository").mkdir()
    small_project(tmp_path / "repository")
    commit(tmp_path / "repository")
    return tmp_path / "repository"


def test_a_run_is_filed_under_the_commit_it_measured(tmp_path: Path) -> None:
    """Changed code belongs to no commit, and a run that does not say is not guessed at; naming a commit is taking the word for it."""
    folder = project(tmp_path)
    files.write_json({}, folder / ".asv" / "results" / "benchmarks.json")
    measured = checkout_of(folder)
    assert measured is not None
    silent = store.write(fake_run(), tmp_path / "silent")
    changed = store.write(
        replace(fake_run(), checkout=replace(measured, changed=True)), tmp_path / "changed"
    )
    clean = store.write(replace(fake_run(), checkout=measured), tmp_path / "clean")
    commit(folder, "later")

    for path, why in ((silent, "does not say"), (changed, "the code had changed")):
        refused = harness(folder, "history", "add", path)
        assert (2, True) == (refused.returncode, why in refused.stderr)
    added = harness(folder, "history", "add", clean, "--json", "-")
    assert not added.returncode, added.stderr
    assert [measured.commit] == [one["commit"] for one in json.loads(added.stdout)["files"]]
    assert 0 == harness(folder, "history", "add", silent, "--commit", "HEAD").returncode


def test_results_are_no_change_of_the_code(tmp_path: Path) -> None:
    """New files in results/ and .asv/ leave the working tree at its commit; another new file does not."""
    folder = project(tmp_path)
    for name in ("results/tiny/run.json", ".asv/results/benchmarks.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")
    before = checkout_of(folder)
    (folder / "new.py").write_text("")

    assert (False, True) == (
        before and before.changed,
        (after := checkout_of(folder)) and after.changed,
    )
    assert checkout_of(tmp_path) is None


def test_another_machines_results_are_not_overwritten(tmp_path: Path) -> None:
    """Exit 5, with the facts that differ; its files stay as they are."""
    folder = project(tmp_path)
    there = folder / ".asv" / "results" / "abcd1234"
    files.write_json(
        {"machine": "abcd1234", "version": 1, "cpu": "Somebody else's"}, there / "machine.json"
    )
    ended = harness(
        folder, "history", "add", store.write(fake_run(), tmp_path / "results"), "--commit", "HEAD"
    )

    assert 5 == ended.returncode
    assert "cpu is \"Somebody else's\" there and 'A processor' here" in ended.stderr
    assert ["machine.json"] == [path.name for path in there.iterdir()]


@pytest.mark.parametrize("asked", [("steps",), ("publish",), ("add", "--all"), ("merge", "shard")])
def test_nothing_measured_is_said(tmp_path: Path, asked: tuple[str, ...]) -> None:
    """An empty history is inconclusive, an empty store or a missing folder asked wrongly: never fine."""
    folder = project(tmp_path)
    (tmp_path / "results").mkdir()

    assert harness(folder, "history", *asked).returncode in (2, 5)


@pytest.mark.parametrize("wanted", ["nothing..HEAD", "HEAD..HEAD", "--evil", "no-such-branch"])
def test_no_commit_is_asked_wrongly(tmp_path: Path, wanted: str) -> None:
    """Exit 2 before anything is built."""
    ended = harness(project(tmp_path), "history", "run", "--", wanted)

    assert 2 == ended.returncode
    assert "Traceback" not in ended.stderr


# --------------------------------------------------------------------------- the files themselves

MACHINE = {
    "machine": "m",
    "version": 1,
    "os": "Linux",
    "arch": "x86_64",
    "cpu": "c",
    "num_cpu": "2",
    "ram": "",
}
SHA = "0123456789abcdef0123456789abcdef01234567"


def content(**changes: object) -> dict[str, object]:
    """One result file: two variants, one skipped."""
    row = [
        [0.5, float("nan")],
        [["'quick'", "'new'"], ["'10'"]],
        "1",
        1,
        1.0,
        [0.4, None],
        [float("inf"), None],
    ]
    whole = {
        "commit_hash": SHA, "env_name": "py", "date": 1, "params": {"machine": "m", "cpu": "c"}, "python": "3.11", "requirements": {}, "env_vars": {},
        "result_columns": list(files.COLUMNS), "results": {"tiny.track_ratio": row}, "durations": {}, "version": 2,
    }  # fmt: skip
    return {**whole, **changes}


def stored(
    folder: Path, what: dict[str, object] | None = None, name: str = "01234567-py.json"
) -> Path:
    """Write a file into a store of its own."""
    files.write_json(MACHINE, folder / "m" / "machine.json")
    files.write_json(content() if what is None else what, folder / "m" / name)
    return folder / "m" / name


def test_a_sound_file_is_read_with_bare_infinity_and_nan(tmp_path: Path) -> None:
    """As asv writes them: NaN is skipped, an endless interval stays one."""
    stored(tmp_path)
    (one,) = files.read_all(tmp_path)

    assert [("quick", State.MEASURED), ("new", State.SKIPPED)] == [
        (value.measurand.key.variant, value.state) for value in one.values
    ]
    assert one.values[0].estimate is not None
    assert (0.5, 0.4, float("inf")) == (
        one.values[0].estimate.value,
        one.values[0].estimate.low,
        one.values[0].estimate.high,
    )


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_an_error_with_its_name(tmp_path: Path, share: float) -> None:
    """Wherever it was cut; asv would leave the commit out."""
    path = stored(tmp_path)
    whole = path.read_bytes().rstrip()
    path.write_bytes(whole[: min(len(whole) - 1, round(len(whole) * share))])
    with pytest.raises(StoreError, match=path.name):
        files.read_all(tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 3}, {"version": 1}, {"version": "2"}, {"commit_hash": "abc"}, {"commit_hash": "f" * 40}, {"params": {"machine": "other"}},
        {"params": {}}, {"result_columns": ["result"]}, {"results": {"tiny.track_ratio": [[0.5], [["'a'", "'b'"], ["'10'"]]]}},
        {"results": {"tiny.track_ratio": [["fast"], [["'a'"], ["'10'"]]]}}, {"results": {"tiny.track_ratio": [[-1.0], [["'a'"], ["'10'"]]]}},
        {"results": {"tiny.track_ratio": [[float("inf")], [["'a'"], ["'10'"]]]}}, {"results": []}, {"more": 1},
    ],
)  # fmt: skip
def test_what_is_no_result_file_is_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    """Another version, another commit's or machine's name, results that do not fit their parameters, words for numbers."""
    path = stored(tmp_path, content(**changes))
    with pytest.raises(StoreError, match=path.name):
        files.read_all(tmp_path)


def test_a_missing_machine_is_an_error(tmp_path: Path) -> None:
    """asv would leave out all of its results."""
    stored(tmp_path).with_name("machine.json").unlink()
    with pytest.raises(StoreError, match=r"machine\.json is missing"):
        files.read_all(tmp_path)


def test_merging_twice_changes_nothing(tmp_path: Path) -> None:
    """The second time every file is as it was, byte for byte."""
    stored(tmp_path / "shard")
    first = files.merge([tmp_path / "shard"], tmp_path / "all")
    path = tmp_path / "all" / "m" / "01234567-py.json"
    before = path.read_bytes()
    second = files.merge([tmp_path / "shard"], tmp_path / "all")

    assert ([True], [False]) == ([one.changed for one in first], [one.changed for one in second])
    assert before == path.read_bytes()


def test_shards_of_one_commit_are_joined(tmp_path: Path) -> None:
    """One shard has one variant, the other another: the file has both."""
    stored(tmp_path / "one")
    other = content(
        results={"tiny.track_ratio": [[float("nan"), 0.7], [["'quick'", "'new'"], ["'10'"]], "1"]}
    )
    stored(tmp_path / "two", other)
    files.merge([tmp_path / "one", tmp_path / "two"], tmp_path / "all")
    (one,) = files.read_all(tmp_path / "all")

    assert {"quick": 0.5, "new": 0.7} == {
        value.measurand.key.variant: value.estimate.value for value in one.values if value.estimate
    }


def test_contradictions_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    """Two values of one key of one commit: both are named."""
    stored(tmp_path / "one")
    stored(
        tmp_path / "two",
        content(results={"tiny.track_ratio": [[0.6], [["'quick'"], ["'10'"]], "1"]}),
    )
    with pytest.raises(Inconclusive, match=r"0\.6, but 0\.5 in the store"):
        files.merge([tmp_path / "one", tmp_path / "two"], tmp_path / "all")

    assert not (tmp_path / "all").exists()


def test_unlike_machines_of_one_name_are_refused(tmp_path: Path) -> None:
    """The store's machine has another processor."""
    stored(tmp_path / "one")
    stored(tmp_path / "all", name="01234567-other.json").with_name("machine.json").write_text(
        json.dumps({**MACHINE, "cpu": "d"})
    )
    with pytest.raises(Inconclusive, match="cpu is 'd' there and 'c' here"):
        files.merge([tmp_path / "one"], tmp_path / "all")


def test_existing_builds_what_is_asked_for_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """As run and verify do: the bodies of the variants that were asked for, before they are required."""
    from types import SimpleNamespace

    from harness.commands import history
    from harness.lab import building, sources
    from harness.lab.history import ours

    done: list[str] = []
    monkeypatch.setattr(building, "provide", lambda bodies, tell: done.extend(sorted(one.stem for one in bodies)))  # fmt: skip
    monkeypatch.setattr(sources, "require_build", lambda found, name: done.append(f"required {name}"))  # fmt: skip
    monkeypatch.setattr(ours, "checked_out", lambda repository: "c0ffee")
    project = SimpleNamespace(repository=None)
    wanted = history._checked_out(project, "HEAD", ["dedupe"], ["naive", "myers_c"], quiet=True)  # type: ignore[arg-type]

    assert (["c0ffee"], ["myers_c", "required naive", "required myers_c"]) == (wanted, done)
