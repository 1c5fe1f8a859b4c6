"""``compare``: verdicts of runs, files and commits; unlike machines refused, missing keys named."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from harness.commands.compare import command
from harness.errors import AskedWrongly, ExitCode, Inconclusive
from harness.judge.compare import quotient
from harness.lab import store
from harness.model.declared import Status, Verdict
from harness.model.judged import Estimate
from harness.model.measured import Run
from harness.show.compare import CompareDocument
from tests.fakes.runs import MACHINE, fake_result, fake_run
from tests.repositories import commit


def run_of(number: int, ns: int = 1_000, **changes: object) -> Run:
    """A run of its own id in which ``quick`` takes so long."""
    run = replace(fake_run(), id=f"20260101T12000{number}Z-0123abc{number}")
    (measured,) = run.workloads
    measured = replace(measured, results=(measured.results[0], fake_result("quick", ns)))
    return replace(run, workloads=(measured,), **changes)


def compare(*arguments: object) -> Result:
    """Call the command and let our own errors through."""
    return CliRunner().invoke(command, [*map(str, arguments)], catch_exceptions=False)


def document(*arguments: object) -> CompareDocument:
    """What it says in JSON."""
    return msgspec.json.decode(
        compare(*arguments, "--json", "-").stdout, type=CompareDocument, strict=True
    )


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """The store of this test's environment."""
    return tmp_path / "results"


@pytest.mark.parametrize(
    ("ns", "word"),
    [
        (500, Verdict.FASTER),
        (1_000, Verdict.SAME),
        (2_000, Verdict.SLOWER),
        (1_018, Verdict.UNCLEAR),
    ],
)
def test_each_key_gets_a_word(results: Path, ns: int, word: Verdict) -> None:
    """Twice as fast is faster, the same is the same within 2 %, half as fast is slower; across the border it is unclear.  All exit 0."""
    before, after = store.write(run_of(1), results), store.write(run_of(2, ns), results)
    (key,) = document(before, after).keys

    assert (str(word), "quick") == (key.verdict, key.variant)
    assert key.ratio.value == pytest.approx(1_000 / ns, rel=0.01)
    assert 0 == compare(before, after).exit_code


def test_seconds_are_compared_where_asked(results: Path) -> None:
    """The reference has seconds, too, and the caveat is said."""
    before, after = store.write(run_of(1), results), store.write(run_of(2, 500), results)
    keys = document(before, after, "--basis", "time").keys

    assert {"naive": "same", "quick": "faster"} == {key.variant: key.verdict for key in keys}
    assert "the machine's day" in compare(before, after, "--basis", "time").stdout


def test_unlike_machines_are_refused_with_both_values(results: Path) -> None:
    """Exit 5: which fact, and what it is on either side."""
    other = replace(MACHINE, cpu="Another processor", libraries={"numpy": "1.0"})
    before, after = store.write(run_of(1), results), store.write(run_of(2, machine=other), results)
    with pytest.raises(
        Inconclusive, match=r"'A processor' in .*'Another processor' in .*'2.4.6' in .*'1.0' in"
    ) as refused:
        compare(before, after)

    assert ExitCode.INCONCLUSIVE == refused.value.exit_code


def test_unlike_inputs_are_refused(results: Path) -> None:
    """One workload's name with two sizes."""
    after = run_of(2)
    after = replace(after, workloads=(replace(after.workloads[0], n=12),))
    with pytest.raises(Inconclusive, match=r"n = 10 in .* n = 12 in"):
        compare(store.write(run_of(1), results), store.write(after, results))


def test_another_reference_is_another_number(results: Path) -> None:
    """Speed-ups over unlike references are refused; their seconds are not."""
    before, after = (
        store.write(run_of(1), results),
        store.write(run_of(2, reference="quick"), results),
    )
    with pytest.raises(Inconclusive, match="unlike references"):
        compare(before, after)

    assert 2 == len(document(before, after, "--basis", "time").keys)


def test_a_missing_key_is_named(results: Path) -> None:
    """Exit 4: a variant that one side lacks, or that has no number there, with its word."""
    after = run_of(2)
    (measured,) = after.workloads
    broken = replace(fake_result("quick", 1_000), status=Status.TIMEOUT, processes=())
    after = replace(
        after,
        workloads=(
            replace(measured, results=(measured.results[0], broken, fake_result("new", 500))),
        ),
    )
    first, second = store.write(run_of(1), results), store.write(after, results)
    said = document(first, second)

    assert [("quick", str(second), "timeout"), ("new", str(first), "not in it")] == [
        (one.variant, one.side, one.why) for one in said.missing
    ]
    assert (4, 4) == (said.exit_code, compare(first, second).exit_code)


def test_commits_are_compared_by_the_results_they_carry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest run in a revision's results folder, without checking it out."""
    repository = tmp_path / "repository"
    repository.mkdir()
    monkeypatch.chdir(repository)
    commit(repository)
    (repository / ".gitignore").unlink()
    for number, ns in ((1, 1_000), (2, 500)):
        store.write(run_of(number, ns), repository / "results")
        commit(repository)
    said = document("HEAD~1", "HEAD")

    assert "results in " in said.first.origin
    assert ["faster"] == [key.verdict for key in said.keys]


def test_neither_run_nor_revision_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 2, with both reasons."""
    monkeypatch.chdir(tmp_path)
    commit(tmp_path)
    with pytest.raises(AskedWrongly, match="neither a run nor a revision"):
        compare("nothing", "HEAD")


def test_a_commit_without_results_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No baseline, exit 5: nothing was measured of it, and how to change that."""
    monkeypatch.chdir(tmp_path)
    commit(tmp_path)
    with pytest.raises(Inconclusive, match="nothing was measured of HEAD") as refused:
        compare("HEAD", "HEAD")

    assert "history run HEAD" in refused.value.remedy


def test_hostile_names_are_text(results: Path) -> None:
    """An escape in the name of a file does not reach the terminal."""
    path = store.write(run_of(1), results)
    evil = path.rename(path.with_name("\x1b[2Jx.json"))

    assert "\x1b" not in compare(evil, evil).stdout


def test_the_interval_of_a_ratio_of_ratios() -> None:
    """Independent estimates: half-widths on the log scale add as squares; 3 and 4 give 5."""
    ratio = quotient(
        Estimate(2.0, 2 * math.exp(-0.03), 2 * math.exp(0.03)),
        Estimate(1.0, math.exp(-0.04), math.exp(0.04)),
    )

    assert (2.0, pytest.approx(2 * math.exp(-0.05)), pytest.approx(2 * math.exp(0.05))) == (
        ratio.value,
        ratio.low,
        ratio.high,
    )


def test_the_document_is_json(results: Path) -> None:
    """Versioned."""
    path = store.write(run_of(1), results)

    assert "harness.compare/1" == json.loads(compare(path, path, "--json", "-").stdout)["schema"]


def test_a_key_of_few_processes_costs_nothing_but_itself(results: Path) -> None:
    """It is listed with the reason, the others are compared, exit 5: of one key nothing can be said."""
    run = run_of(1)
    (measured,) = run.workloads
    more = replace(measured.results[1], key=replace(measured.results[1].key, variant="rare"))
    few = replace(more, processes=more.processes[:2])
    for number, last in ((3, more), (4, few)):
        changed = replace(measured, results=(*measured.results, last))
        names = ("naive", "quick", "rare")
        store.write(replace(run_of(number), variant_names=names, workloads=(changed,)), results)
    found = document("0123abc3", "0123abc4")

    assert 5 == found.exit_code
    assert (["quick"], ["rare"]) == (
        [one.variant for one in found.keys],
        [one.variant for one in found.not_compared],
    )
    assert "not compared: tiny/10/rare has 2 of at least 3 processes in 0123abc4" in (
        compare("0123abc3", "0123abc4").stdout
    )
