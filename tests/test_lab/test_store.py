"""Result files: pyperf reads them, ours come back as they went in, damage is a named error."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pyperf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import AskedWrongly, StoreError
from harness.lab import store
from harness.lab.places import Stores
from tests.fakes.runs import fake_run

GOLDEN = Path(__file__).parents[1] / "golden"


def test_a_run_comes_back_as_it_went_in(tmp_path: Path) -> None:
    """Every sample, every nanosecond."""
    run = fake_run()

    assert store.read(store.write(run, tmp_path)) == run


@given(ns=st.integers(1, 10**12), loops=st.integers(1, 20_000))
def test_nanoseconds_survive_pyperfs_seconds(ns: int, loops: int) -> None:
    """pyperf keeps seconds per call as a double; our integers must come back exactly."""
    assert round(ns / loops / 1e9 * 1e9 * loops) == ns


def test_pyperf_reads_the_file(tmp_path: Path) -> None:
    """The values in pyperf's eyes are the seconds per call."""
    run = fake_run()
    suite = pyperf.BenchmarkSuite.load(str(store.write(run, tmp_path)))
    naive = suite.get_benchmark("tiny/10/naive")

    assert naive.get_values() == tuple(
        sample.seconds
        for process in run.workloads[0].results[0].processes
        for sample in process.samples
    )
    assert naive.get_unit() == "second"


def test_nothing_personal_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No host name, home folder or environment gets into a file."""
    monkeypatch.setenv("SECRET_TOKEN", "sentinel-4711")
    text = store.write(fake_run(), tmp_path).read_text()

    for private in ("sentinel-4711", os.uname().nodename, str(Path.home())):
        assert len(private) < 4 or private not in text


def test_writing_again_replaces_the_whole_file(tmp_path: Path) -> None:
    """One run, one file, no temporary left."""
    run = fake_run()
    store.write(replace(run, complete=False), tmp_path)
    path = store.write(run, tmp_path)

    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert store.read(path).complete


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Disk full while writing: the old data is byte-identical, no torn file beside it."""
    path = store.write(fake_run(), tmp_path)
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        store.write(replace(fake_run(), complete=False), tmp_path)

    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: b"", "empty"),
        (lambda data: data[: len(data) // 2], r"damaged at line \d+, column \d+"),
        (lambda data: data.replace(b'"harness_format": 3', b'"harness_format": 9'), "format 9 > 3"),
        (
            lambda data: data.replace(b'"harness_format": 3', b'"other": 1'),
            "not a result file of ours",
        ),
        (lambda data: b"<<<<<<< ours\n" + data, "merge-conflict marker at line 1"),
        (lambda data: data.replace(b'"loops": 3', b'"loops": 4', 1), "do not fit the digest"),
        (lambda data: store.seal(data.replace(b'"loops": 3', b'"loops": 0')), "samples do not fit"),
        (
            lambda data: store.seal(data.replace(b'"values": [', b'"values": [1e400, ', 1)),
            "out of range",
        ),
        (lambda data: b"[" * 100_000, "damaged"),
        (lambda data: b"\xff\xfe" + data, "damaged"),
    ],
)
def test_damage_is_named(damage: object, message: str, tmp_path: Path) -> None:
    """A damaged file is an error with the file's name, never data silently missing."""
    path = store.write(fake_run(), tmp_path)
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(StoreError, match=message) as refused:
        store.read(path)

    assert str(path) in str(refused.value)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(position=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_no_single_byte_brings_another_exception(position: int, byte: int, tmp_path: Path) -> None:
    """Whatever one byte becomes, reading gives a run or a StoreError."""
    data = bytearray(store.encode(fake_run()))
    data[position % len(data)] = byte
    try:
        store.decode(bytes(data), tmp_path / "x.json")
    except StoreError as error:
        assert error.remedy


@pytest.mark.parametrize(
    "path", sorted(GOLDEN.glob("result-format-*.json")), ids=lambda path: path.stem
)
def test_every_format_there_has_been_is_read(path: Path) -> None:
    """Migrated in memory; the files were written by the perflab of their time and never touched since."""
    assert store.read(path) == fake_run()


def test_there_is_a_golden_file_of_every_format() -> None:
    """Whoever raises the format adds one."""
    assert [path.name for path in sorted(GOLDEN.glob("result-format-*.json"))] == [
        f"result-format-{number}.json" for number in range(1, store.FORMAT + 1)
    ]
    assert (GOLDEN / f"result-format-{store.FORMAT}.json").read_bytes() == store.encode(fake_run())


def test_links_folders_and_pipes_are_refused(tmp_path: Path) -> None:
    """A FIFO would hang, a link may point anywhere."""
    (tmp_path / "link.json").symlink_to(store.write(fake_run(), tmp_path))
    (tmp_path / "folder.json").mkdir()
    os.mkfifo(tmp_path / "pipe.json")
    for name in ("link.json", "folder.json", "pipe.json", "missing.json"):
        with pytest.raises(StoreError):
            store.read(tmp_path / name)


def test_a_run_is_found_by_a_part_of_its_id(tmp_path: Path) -> None:
    """The id that `run` prints is enough; a wrong one is refused."""
    run = fake_run()
    path = store.write(run, tmp_path)

    assert store.find(run.id, Stores(tmp_path)) == path
    assert store.find(run.id.partition("-")[2], Stores(tmp_path)) == path
    with pytest.raises(AskedWrongly):
        store.find("20200101T000000Z-aaaaaaaa", Stores(tmp_path))


def test_a_store_that_cannot_be_written_is_refused_before_measuring(tmp_path: Path) -> None:
    """A file where the folder should be."""
    (tmp_path / "results").write_text("not a folder")
    with pytest.raises(StoreError):
        store.check_writable(tmp_path / "results")


def test_the_case_cannot_lead_out_of_the_store(tmp_path: Path) -> None:
    """Names are checked before they become paths."""
    with pytest.raises(StoreError):
        store.write(replace(fake_run(), case="../../etc"), tmp_path)

    assert json.dumps([str(path) for path in tmp_path.iterdir()]) == "[]"
