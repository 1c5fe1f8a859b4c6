"""``export``: every format from a stored run, hostile names as text, wrong questions answered."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import msgspec
import pyperf
import pytest
from click.testing import CliRunner, Result

from harness.commands.export import command
from harness.errors import AskedWrongly, StoreError
from harness.judge.summary import summarise
from harness.lab import store
from harness.model.measured import Run
from harness.show.documents import RunDocument
from harness.show.export import csv_text, safe
from harness.show.table import markdown
from tests.fakes.runs import fake_run

HOSTILE = '=HYPERLINK("http://example.org","x")\x1b[31m|<b>\n@SUM(1)'


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """The file of one run; the store is that of the environment."""
    return store.write(fake_run(), tmp_path / "results")


def export(*arguments: object) -> Result:
    """Call the command and let our own errors through."""
    return CliRunner().invoke(command, [*map(str, arguments)], catch_exceptions=False)


def rows(text: str) -> list[dict[str, str]]:
    """The lines of CSV, by column."""
    return list(csv.DictReader(StringIO(text)))


@pytest.mark.parametrize("name", ["20260101T120000Z-0123abcd", "0123abcd", "tiny"])
def test_a_run_is_named_by_id_or_part_or_case(stored: Path, name: str) -> None:
    """Each of them finds the same two keys."""
    found = rows(export(name).stdout)

    assert ["naive", "quick"] == [row["variant"] for row in found]
    assert {"20260101T120000Z-0123abcd"} == {row["run"] for row in found}


def test_csv_holds_the_numbers_of_the_summary(stored: Path) -> None:
    """Not rounded: reading them gives the same floats; what was not measured is empty."""
    quick = rows(export(stored).stdout)[1]
    row = summarise(fake_run()).workloads[0].rows[1]
    assert row.seconds is not None
    assert row.speedup is not None

    assert (row.seconds.value, row.seconds.low, row.seconds.high) == tuple(
        float(quick[f"seconds{end}"]) for end in ("", "_low", "_high")
    )
    assert row.speedup.ratio.value == float(quick["speedup"])
    assert ("equal", "ok", "no") == (quick["certificate"], quick["status"], quick["rival"])


def hostile(run: Run) -> Run:
    """The same run with a name that a spreadsheet would run."""
    (measured,) = run.workloads
    bad = replace(measured.results[1], key=replace(measured.results[1].key, variant=HOSTILE))
    return replace(run, workloads=(replace(measured, results=(measured.results[0], bad)),))


def test_a_formula_arrives_as_text() -> None:
    """An apostrophe in front, no control character, one line a key."""
    found = rows(csv_text([summarise(hostile(fake_run()))]))

    assert 2 == len(found)
    assert found[1]["variant"].startswith("'=HYPERLINK")
    assert not set("\x1b\n\r") & set(found[1]["variant"])


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1"])
def test_what_a_spreadsheet_would_run_is_marked(text: str) -> None:
    """Whatever it begins with."""
    assert safe(text).startswith("'")


def test_a_hostile_name_is_text_in_markdown() -> None:
    """Neither a column, nor HTML, nor an escape."""
    text = markdown(summarise(hostile(fake_run())))

    assert "<b>" not in text
    assert "\x1b" not in text
    assert "\\|" in text


def test_json_is_the_run_document(stored: Path) -> None:
    """harness.run/1, strictly."""
    document = msgspec.json.decode(
        export(stored, "--format", "json").stdout, type=RunDocument, strict=True
    )

    assert ("harness.run/1", "tiny") == (document.schema, document.case)


def test_pyperf_reads_its_own_format_without_ours(stored: Path, tmp_path: Path) -> None:
    """All samples, and no metadata of ours."""
    target = tmp_path / "plain.json"
    export(stored, "--format", "pyperf", "-o", target)
    suite = pyperf.BenchmarkSuite.load(str(target))

    assert [15, 15] == [len(benchmark.get_values()) for benchmark in suite.get_benchmarks()]
    assert "harness_" not in target.read_text()


def test_pyperf_is_one_run(stored: Path) -> None:
    """Two runs in one file would be one benchmark to pyperf."""
    with pytest.raises(AskedWrongly, match="one run, not 2"):
        export(stored, stored, "--format", "pyperf")


def test_what_is_not_there_is_said(stored: Path) -> None:
    """Exit 2, with what was asked."""
    with pytest.raises(AskedWrongly, match="there is no run 'nothing'"):
        export("nothing")


def test_a_damaged_file_is_named(stored: Path) -> None:
    """Exit 6."""
    stored.write_bytes(stored.read_bytes()[:-40])
    with pytest.raises(StoreError, match=stored.name):
        export("tiny")


def test_several_runs_are_one_table(stored: Path, tmp_path: Path) -> None:
    """CSV of two runs: the lines of both."""
    other = store.write(replace(fake_run(), id="20260102T120000Z-89abcdef"), tmp_path / "results")

    assert 4 == len(rows(export(stored, other).stdout))
    assert 2 == len(json.loads(export(stored, other, "--format", "json").stdout)["runs"])
