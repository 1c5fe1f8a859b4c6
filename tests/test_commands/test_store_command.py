"""``store fsck`` and ``store merge`` through the real command line: nothing is changed unasked, nothing is lost."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.lab import keeping, store
from harness.model.measured import Run
from harness.show.flamegraph import read_speedscope
from tests.fakes.runs import fake_run

HOME = Path(__file__).parents[2]


def harness(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    environment = {**os.environ, "PYTHONPATH": str(HOME), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-m", "harness", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


def runs(folder: Path, *numbers: int, complete: bool = True) -> list[Path]:
    """Write runs into a store."""
    return [
        store.write(
            replace(fake_run(), id=f"2026010{number}T120000Z-0123abcd", complete=complete), folder
        )
        for number in numbers
    ]


def everything(folder: Path) -> dict[str, bytes]:
    """Every file and what it holds."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def damaged(folder: Path) -> Path:
    """A store of three runs, one of them cut in the middle, one incomplete."""
    sound, cut = runs(folder, 1, 2)
    runs(folder, 3, complete=False)
    cut.write_bytes(sound.read_bytes()[:700])
    return cut


def test_a_look_changes_nothing(tmp_path: Path) -> None:
    """Exit 6 with the damaged file's name; every byte is where it was."""
    cut = damaged(tmp_path)
    before = everything(tmp_path)
    ended = harness("store", "fsck", "--store", tmp_path)

    assert 6 == ended.returncode
    assert f"{cut}: damaged" in ended.stdout
    assert "2 sound (1 of them incomplete), 1 not sound\n" in ended.stdout
    assert before == everything(tmp_path)


def test_damaged_files_are_set_aside_when_told(tmp_path: Path) -> None:
    """Renamed, byte for byte; a second time a second name; then the store is sound, and the others can be used."""
    cut = damaged(tmp_path)
    content = cut.read_bytes()
    fixed = harness("store", "fsck", "--fix", "--store", tmp_path)
    cut.write_bytes(b"{")
    again = harness("store", "fsck", "--fix", "--store", tmp_path)

    assert (0, 0, 0) == (
        fixed.returncode,
        again.returncode,
        harness("store", "fsck", "--store", tmp_path).returncode,
    )
    assert (content, b"{") == (Path(f"{cut}.bad").read_bytes(), Path(f"{cut}.bad2").read_bytes())
    assert 0 == harness("export", "tiny", "--store", tmp_path).returncode


def test_other_stores_are_taken_in_once(tmp_path: Path) -> None:
    """The second time nothing is new, and not a byte changes."""
    runs(tmp_path / "one", 1, 2)
    runs(tmp_path / "two", 2, 3)
    runs(tmp_path / "all", 4)
    first = harness(
        "store", "merge", tmp_path / "one", tmp_path / "two", "--store", tmp_path / "all"
    )
    before = everything(tmp_path / "all")
    second = harness(
        "store", "merge", tmp_path / "one", tmp_path / "two", "--store", tmp_path / "all"
    )

    assert ("3 runs taken in, 1 were here already\n", "0 runs taken in, 4 were here already\n") == (
        first.stdout,
        second.stdout,
    )
    assert (4, before) == (len(before), everything(tmp_path / "all"))


@pytest.mark.parametrize("where", ["here", "there"])
def test_two_truths_of_one_run_are_refused(tmp_path: Path, where: str) -> None:
    """The same id with other content, in the store or in the other shard: exit 6, both named, nothing written."""
    (one,) = runs(tmp_path / "one", 1)
    (other,) = runs(tmp_path / ("all" if where == "here" else "two"), 1)
    other.write_bytes(store.seal(other.read_bytes().replace(b"A processor", b"B processor")))
    runs(tmp_path / "one", 2)
    runs(tmp_path / "two", 3)
    runs(tmp_path / "all", 4)
    before = everything(tmp_path / "all")
    ended = harness(
        "store", "merge", tmp_path / "one", tmp_path / "two", "--store", tmp_path / "all"
    )

    assert 6 == ended.returncode
    assert str(one) in ended.stderr
    assert str(other) in ended.stderr
    assert before == everything(tmp_path / "all")


def test_a_damaged_shard_is_not_half_taken(tmp_path: Path) -> None:
    """Exit 6 with its name; nothing of the sound ones was written either."""
    cut = damaged(tmp_path / "one")
    ended = harness("store", "merge", tmp_path / "one", "--store", tmp_path / "all")

    assert (6, True) == (ended.returncode, str(cut) in ended.stderr)
    assert not (tmp_path / "all").exists()


def test_no_store_is_asked_wrongly(tmp_path: Path) -> None:
    """Exit 2."""
    assert 2 == harness("store", "fsck", "--store", tmp_path / "none").returncode
    assert 2 == harness("store", "merge", tmp_path / "none", "--store", tmp_path).returncode


def test_whatever_is_called_a_result_is_looked_at(tmp_path: Path) -> None:
    """Links, loops, pipes and folders are named and nothing hangs; set aside, they are still what they were."""
    (sound,) = runs(tmp_path, 1)
    case = sound.parent
    (case / "link.json").symlink_to(sound)
    (case / "dangling.json").symlink_to("nowhere")
    (case / "loop.json").symlink_to("loop.json")
    (case / "folder.json").mkdir()
    (case / "empty.json").touch()
    os.mkfifo(case / "pipe.json")
    odd = ("link", "dangling", "loop", "folder", "empty", "pipe")
    looked = harness("store", "fsck", "--store", tmp_path)
    fixed = harness("store", "fsck", "--fix", "--store", tmp_path)

    assert (6, 0) == (looked.returncode, fixed.returncode), looked.stderr + fixed.stderr
    assert [] == [name for name in odd if f"{case / name}.json: " not in looked.stdout]
    assert "1 sound (0 of them incomplete), 0 not sound, 6 seen to" in fixed.stdout
    assert sorted([sound.name, *(f"{name}.json.bad" for name in odd)]) == sorted(
        path.name for path in case.iterdir()
    )
    assert ("nowhere", True, True) == (
        os.readlink(case / "dangling.json.bad"),
        (case / "folder.json.bad").is_dir(),
        sound.is_file(),
    )


def test_a_run_out_of_its_place_is_named_and_moved_there_when_told(tmp_path: Path) -> None:
    """In another case's folder, in one that no case can have, in the store itself, under a name that does not fit: sound, but never found."""
    paths = runs(tmp_path, 1, 2, 3, 4)
    content = [path.read_bytes() for path in paths]
    astray = [
        tmp_path / "other" / paths[0].name,
        tmp_path / "No Case" / paths[1].name,
        tmp_path / paths[2].name,
        paths[3].with_name("x.json"),
    ]
    for path, target in zip(paths, astray, strict=True):
        target.parent.mkdir(exist_ok=True)
        path.rename(target)
    looked = harness("store", "fsck", "--store", tmp_path)
    fixed = harness("store", "fsck", "--fix", "--store", tmp_path)

    assert (6, 0) == (looked.returncode, fixed.returncode)
    assert [] == [
        path
        for path, target in zip(astray, paths, strict=True)
        if f"{path}: run" not in looked.stdout
        or f"store fsck --fix --store {tmp_path}" not in looked.stdout
    ]
    assert content == [path.read_bytes() for path in paths]
    assert (
        "4 sound (0 of them incomplete), 0 not sound\n"
        == harness("store", "fsck", "--store", tmp_path).stdout
    )


def test_a_run_out_of_its_place_never_replaces_another(tmp_path: Path) -> None:
    """Where its place is taken, it is set aside."""
    (path,) = runs(tmp_path, 1)
    astray = shutil.copy(path, tmp_path / "copy.json")
    before = path.read_bytes()
    fixed = harness("store", "fsck", "--fix", "--store", tmp_path)

    assert 0 == fixed.returncode
    assert f"{path} is there already: set aside as {astray}.bad" in fixed.stdout
    assert before == path.read_bytes()


def test_a_damaged_profile_is_named(tmp_path: Path) -> None:
    """Profiles are read as the pages read them."""
    runs(tmp_path, 1)
    look = tmp_path / "tiny" / "profiles" / "20260101T120000Z-0123abcd"
    look.mkdir(parents=True)
    (look / "10-naive.speedscope.json").write_text('{"shared": {}}')
    looked = harness("store", "fsck", "--store", tmp_path)

    assert 6 == looked.returncode
    assert f"{look / '10-naive.speedscope.json'}: no profile of ours" in looked.stdout
    assert "1 sound" in looked.stdout


def test_what_killed_writers_left_is_removed_when_told(tmp_path: Path) -> None:
    """Half a file, and the probe: named, no damage, never read; removed by --fix, unless its writer still lives and holds its lock."""
    (path,) = runs(tmp_path, 1)
    left = [path.with_name(f".{path.name}.0123abcd.tmp"), tmp_path / ".probe-0123abcd.tmp"]
    for one in left:
        one.write_bytes(path.read_bytes()[:-9])
    lives = path.with_name(f".{path.name}.89abcdef.tmp")
    with lives.open("wb") as writing:
        fcntl.flock(writing, fcntl.LOCK_EX)
        looked = harness("store", "fsck", "--store", tmp_path)
        there = [one.exists() for one in left]
        fixed = harness("store", "fsck", "--fix", "--store", tmp_path)

    assert (0, 0) == (looked.returncode, fixed.returncode)
    assert [True, True] == there
    assert [] == [
        one for one in left if f"{one}: left half written" not in looked.stdout or one.exists()
    ]
    assert str(lives) not in looked.stdout + fixed.stdout
    assert lives.exists()
    assert (
        "1 sound (0 of them incomplete), 0 not sound\n"
        == harness("store", "fsck", "--store", tmp_path).stdout.splitlines(keepends=True)[-1]
    )


@pytest.mark.parametrize("first", ["cut", "whole"])
def test_of_two_states_of_one_run_the_later_is_named(tmp_path: Path, first: str) -> None:
    """A cut run, and the same one resumed and completed: exit 6, nothing written; the message says which holds all of the other."""
    (cut,) = runs(tmp_path / "cut", 1, complete=False)
    (whole,) = runs(tmp_path / "whole", 1)
    run = store.read(cut)
    (measured,) = run.workloads
    results = tuple(replace(result, processes=result.processes[:1]) for result in measured.results)
    earlier = replace(measured, results=results, conditions=measured.conditions[:1], complete=False)
    store.write(replace(run, workloads=(earlier,)), tmp_path / "cut")
    second = "whole" if first == "cut" else "cut"
    harness("store", "merge", tmp_path / first, "--store", tmp_path / "all")
    before = everything(tmp_path / "all")
    ended = harness("store", "merge", tmp_path / second, "--store", tmp_path / "all")
    here = tmp_path / "all" / "tiny" / cut.name
    later, early = (whole, here) if first == "cut" else (here, cut)

    assert 6 == ended.returncode
    assert f"{later} is the later state, it holds all of the other (3 blocks to 1)" in ended.stderr
    assert f"move the earlier one away, then merge again: mv {early} {early}.earlier" in " ".join(
        ended.stderr.split()
    )
    assert before == everything(tmp_path / "all")


@pytest.mark.parametrize(
    "change",
    [
        lambda run: replace(run, plan=replace(run.plan, seed=1)),
        lambda run: replace(run, workloads=(replace(run.workloads[0], spent_seconds=9.0),)),
        lambda run: replace(run, machine=replace(run.machine, cpu="Another")),
    ],
)
def test_what_is_no_later_state_is_not_called_one(change: Callable[[Run], Run]) -> None:
    """Another question, another figure, another machine: neither holds all of the other."""
    assert (False, False) == (
        keeping.continues(change(fake_run()), fake_run()),
        keeping.continues(fake_run(), change(fake_run())),
    )


def test_one_run_in_two_formats_is_one_run(tmp_path: Path) -> None:
    """An older perflab wrote it, and a newer one wrote it again: the same samples, so the same truth."""
    (path,) = runs(tmp_path / "all", 1)
    golden = HOME / "tests" / "golden" / "result-format-2.json"
    path.unlink()
    store.write(store.read(golden), tmp_path / "all")
    before = everything(tmp_path / "all")
    ended = harness("store", "merge", golden, "--store", tmp_path / "all")

    assert (0, "0 runs taken in, 1 were here already\n") == (ended.returncode, ended.stdout)
    assert before == everything(tmp_path / "all")


def test_single_files_and_loose_ones_are_taken_in(tmp_path: Path) -> None:
    """A spilled run, or a folder of files as they were downloaded: each goes to its place; a folder without any is said."""
    (one,) = runs(tmp_path / "one", 1)
    (two,) = runs(tmp_path / "two", 2)
    loose = tmp_path / "loose"
    loose.mkdir()
    spilled = shutil.copy(one, tmp_path / "perflab-20260101T120000Z-0123abcd-89abcdef.json")
    shutil.copy(two, loose / "artifact.json")
    (tmp_path / "empty").mkdir()
    ended = harness(
        "store", "merge", spilled, loose, tmp_path / "empty", "--store", tmp_path / "all"
    )

    assert (0, "2 runs taken in, 0 were here already\n") == (ended.returncode, ended.stdout)
    assert f"there is no run in {tmp_path / 'empty'}" in ended.stderr
    assert {
        f"tiny/{one.name}": one.read_bytes(),
        f"tiny/{two.name}": two.read_bytes(),
    } == everything(tmp_path / "all")


def test_a_merge_that_was_cut_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut after each number of files: what was taken is whole, the next merge takes the rest, and the end is the same."""
    runs(tmp_path / "one", 1, 2, 3, 4)
    real, most = store.put, 0

    def cut(target: Path, data: bytes) -> None:
        if len(list(target.parent.glob("*.json"))) >= most:
            raise KeyboardInterrupt
        real(target, data)

    monkeypatch.setattr(store, "put", cut)
    for most in range(1, 4):
        with pytest.raises(KeyboardInterrupt):
            keeping.merge([tmp_path / "one"], tmp_path / "all", read_profile=read_speedscope)
        assert [True] * most == [
            not one.problem
            for one in keeping.check(tmp_path / "all", fix=False, read_profile=read_speedscope)
        ]
    most = 9
    taken = keeping.merge([tmp_path / "one"], tmp_path / "all", read_profile=read_speedscope)

    assert [False, False, False, True] == [one.new for one in taken]
    assert everything(tmp_path / "one") == everything(tmp_path / "all")


SPEEDSCOPE = min((HOME / "results").glob("*/profiles/*/*.speedscope.json"))


def test_profiles_come_along(tmp_path: Path) -> None:
    """What a store says of a run includes where the time went; twice is once, and two that differ are refused before anything is written."""
    runs(tmp_path / "one", 1)
    look = tmp_path / "one" / "tiny" / "profiles" / "20260101T120000Z-0123abcd"
    look.mkdir(parents=True)
    shutil.copy(SPEEDSCOPE, look / "10-naive.speedscope.json")
    first = harness("store", "merge", tmp_path / "one", "--store", tmp_path / "all")
    second = harness("store", "merge", tmp_path / "one", "--store", tmp_path / "all")
    before = everything(tmp_path / "all")
    (look / "10-naive.speedscope.json").write_bytes(SPEEDSCOPE.read_bytes() + b"\n")
    runs(tmp_path / "one", 2)
    third = harness("store", "merge", tmp_path / "one", "--store", tmp_path / "all")

    assert (
        "1 runs taken in, 0 were here already\n1 profiles taken in, 0 were here already\n"
        == first.stdout
    )
    assert (
        "0 runs taken in, 1 were here already\n0 profiles taken in, 1 were here already\n"
        == second.stdout
    )
    assert 6 == third.returncode
    assert "are of one look and differ" in third.stderr
    assert before == everything(tmp_path / "all")
    assert 2 == len(before)


def test_what_is_damaged_in_another_store_is_mended_there(tmp_path: Path) -> None:
    """Advice about our own store would change nothing."""
    damaged(tmp_path / "one")
    ended = harness("store", "merge", tmp_path / "one", "--store", tmp_path / "all")

    assert 6 == ended.returncode
    assert f"fsck --fix --store {tmp_path / 'one'}" in ended.stderr


@pytest.mark.parametrize(
    ("source", "words"), [("/proc/self/mem", "cannot be read"), ("link", "it is a symbolic link")]
)
def test_what_is_no_file_is_said(tmp_path: Path, source: str, words: str) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    ended = harness("store", "merge", tmp_path / source, "--store", tmp_path / "all")

    assert 6 == ended.returncode
    assert words in ended.stderr


def test_a_store_that_is_a_file_is_named(tmp_path: Path) -> None:
    """Found before anything is measured."""
    (tmp_path / "file").write_text("")
    ended = harness("run", "dedupe", "-w", "S", "--store", tmp_path / "file")

    assert 6 == ended.returncode
    assert f"{tmp_path / 'file'}: cannot be written: it is no folder" in ended.stderr
