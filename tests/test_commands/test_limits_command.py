"""``limits`` on the real command line: the cache, the document, the picture, and what it refuses."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from click.testing import CliRunner, Result

from harness.commands.limits import command
from harness.errors import AskedWrongly, EnvironmentLacks, StoreError
from harness.lab import machine, store
from harness.model.declared import Work
from harness.model.limited import MachineLimits, NotMeasured
from harness.show.limits_document import LimitsDocument
from tests.fakes.runs import fake_run


def limits(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


@pytest.fixture
def measuring(monkeypatch: pytest.MonkeyPatch, machines_limits: MachineLimits) -> list[int]:
    """Counts measurements, which take no time here."""
    counted: list[int] = []

    def measure(here: object) -> MachineLimits:
        counted.append(1)
        return machine.keep_limits(
            machine.beside(machines_limits, machine.kept_limits(machines_limits.machine))
        )

    monkeypatch.setattr(machine, "measure_limits", measure)
    return counted


def test_limits_are_measured_once_and_then_read(measuring: list[int]) -> None:
    """The second time they come from the cache and say so; --fresh measures anew."""
    first, second, third = limits(), limits(), limits("--fresh")

    assert [ended.exit_code for ended in (first, second, third)] == [0, 0, 0]
    assert len(measuring) == 2
    assert ["from the cache" in ended.stdout for ended in (first, second, third)] == [
        False,
        True,
        False,
    ]
    assert "random access, memory" in first.stdout or "through NumPy" in first.stdout


def test_repeat_measures_twice_and_sets_both_side_by_side(measuring: list[int]) -> None:
    """Without a cache two measurements, with one a second; each figure has what was seen before."""
    ended = limits("--repeat", "--json", "-")
    document = msgspec.json.decode(ended.stdout, type=LimitsDocument)

    assert len(measuring) == 2
    assert all(figure.before is not None for figure in document.figures)
    assert len(measuring) + 1 == (limits("--repeat"), len(measuring))[1]


@pytest.mark.usefixtures("known_limits")
def test_json_is_all_of_standard_output(tmp_path: Path) -> None:
    """A valid document, on standard output or in a file."""
    ended = limits("--json", "-")
    limits("--json", tmp_path / "limits.json")
    documents = [
        msgspec.json.decode(made, type=LimitsDocument)
        for made in (ended.stdout, (tmp_path / "limits.json").read_bytes())
    ]

    assert [(one.schema, one.from_cache) for one in documents] == [("harness.limits/1", True)] * 2


def test_what_could_not_be_measured_is_exit_4(machines_limits: MachineLimits) -> None:
    """The rest is kept and shown."""
    machine.keep_limits(
        replace(machines_limits, missing=(NotMeasured("fsync_seconds", "OSError: no disk"),))
    )
    ended = limits()

    assert ended.exit_code == 4
    assert "not measured: fsync: OSError: no disk" in ended.stdout


@pytest.mark.usefixtures("known_limits")
def test_the_roofline_has_the_newest_run_of_every_case(
    tmp_path: Path, machines_limits: MachineLimits
) -> None:
    """A run of this machine with its work is on it; a case without one is named on standard error."""
    run = fake_run()
    measured = replace(run.workloads[0], work=Work(1e6, 1e4))
    store.write(
        replace(run, case="dedupe", machine=machines_limits.machine, workloads=(measured,)),
        tmp_path,
    )
    ended = limits("--store", tmp_path, "--plot", tmp_path / "roofline.svg")
    svg = (tmp_path / "roofline.svg").read_text()

    assert ended.exit_code == 0
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert "dedupe, workload 10" in svg
    assert "not on the roofline: heat2d: no complete run of this machine" in ended.stderr
    assert "not on the roofline: scraper: it is not about arithmetic" in ended.stderr


@pytest.mark.usefixtures("known_limits")
def test_a_damaged_result_is_no_gap_in_the_picture(
    tmp_path: Path, machines_limits: MachineLimits
) -> None:
    """Unreadable is an error, exit 6; nothing is drawn."""
    (tmp_path / "brc").mkdir()
    (tmp_path / "brc" / f"20260101T000000Z-{machines_limits.machine.id}-00000000.json").write_text(
        "{"
    )
    ended = limits("--store", tmp_path, "--plot", tmp_path / "roofline.svg")

    assert isinstance(ended.exception, StoreError)
    assert not (tmp_path / "roofline.svg").exists()


@pytest.mark.usefixtures("known_limits")
def test_a_picture_needs_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 7 with the remedy, before anything is measured."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    ended = limits("--fresh", "--plot", tmp_path / "roofline.svg")

    assert isinstance(ended.exception, EnvironmentLacks)
    assert "perflab[pages]" in ended.exception.remedy


@pytest.mark.parametrize("option", ["--plot", "--json"])
def test_where_nothing_can_be_written_nothing_is_measured(
    option: str, tmp_path: Path, measuring: list[int]
) -> None:
    """Exit 2 at once."""
    ended = limits(option, tmp_path / "nowhere" / "file")

    assert isinstance(ended.exception, AskedWrongly)
    assert measuring == []
