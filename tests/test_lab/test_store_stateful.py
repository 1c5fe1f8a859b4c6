"""A store and whatever may happen to it, in any order, against a model: a dictionary of paths and bytes."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from harness.errors import StoreError
from harness.lab import keeping, places, store
from harness.lab.store import choosing
from harness.model.measured import Run
from harness.show.flamegraph import read_speedscope
from tests.fakes.runs import fake_run

STATES = 4
"""Of a run: after 0, 1, 2 blocks, and complete."""


def run_of(number: int, state: int) -> Run:
    """A run as it is kept after so many blocks."""
    run = replace(fake_run(), id=f"2026010{number}T120000Z-0123abcd", complete=state == STATES - 1)
    (measured,) = run.workloads
    results = tuple(
        replace(result, processes=result.processes[:state]) for result in measured.results
    )
    return replace(
        run,
        workloads=(
            replace(
                measured,
                results=results,
                conditions=measured.conditions[:state],
                complete=run.complete,
            ),
        ),
    )


@cache
def bytes_of(number: int, state: int) -> bytes:
    """Its file."""
    return store.encode(run_of(number, state))


SOUND = {
    bytes_of(number, state): (number, state) for number in range(1, 4) for state in range(STATES)
}
NUMBERS = st.sampled_from([1, 1, 2, 3])
PLACES = st.sampled_from(["here", "there"])


class Stores(RuleBasedStateMachine):
    """Two stores and what should be in them."""

    @initialize()
    def begin(self) -> None:
        """Two empty stores, and nothing yet that was set aside or left behind."""
        self.home = Path(tempfile.mkdtemp(prefix="perflab-stateful-"))
        self.files: dict[Path, bytes] = {}
        self.aside: Counter[bytes] = Counter()
        self.left: set[Path] = set()
        for name in ("here", "there"):
            (self.home / name).mkdir()

    def teardown(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.home, ignore_errors=True)

    def place(self, where: str, number: int) -> Path:
        """Where a run is kept."""
        return store.file_of(run_of(number, 0), self.home / where)

    def known(self, where: str) -> dict[Path, bytes]:
        """What one store should hold."""
        return {
            path: data
            for path, data in self.files.items()
            if path.is_relative_to(self.home / where)
        }

    @rule(where=PLACES, number=NUMBERS, state=st.integers(0, STATES - 1))
    def write(self, where: str, number: int, state: int) -> None:
        """A run is kept, or kept again."""
        path = store.write(run_of(number, state), self.home / where)
        self.files[path] = bytes_of(number, state)

    @rule(
        number=NUMBERS,
        state=st.integers(0, STATES - 1),
        share=st.floats(0, 1),
        token=st.integers(0, 2**32 - 1),
    )
    def kill(self, number: int, state: int, share: float, token: int) -> None:
        """A writer is killed before it has renamed: a part of its file stays under another name (tests/faults/test_killed.py does it really)."""
        path = self.place("here", number)
        path.parent.mkdir(exist_ok=True)
        left = path.with_name(f".{path.name}.{token:08x}.tmp")
        data = bytes_of(number, state)
        left.write_bytes(data[: int(len(data) * share)])
        self.left.add(left)

    @rule(
        where=PLACES,
        number=NUMBERS,
        state=st.integers(0, STATES - 1),
        share=st.floats(0, 1, exclude_max=True),
    )
    def truncate(self, where: str, number: int, state: int, share: float) -> None:
        """Another program, a copy or a disk leaves the first part of a file."""
        path, data = self.place(where, number), bytes_of(number, state)
        path.parent.mkdir(exist_ok=True)
        self.spoil(path, data[: int(len(data) * share)])

    @precondition(lambda self: any(self.files.values()))
    @rule(data=st.data(), place=st.integers(0, 10**9), bit=st.integers(0, 7))
    def flip(self, data: st.DataObject, place: int, bit: int) -> None:
        """One bit of a file is another."""
        path = data.draw(
            st.sampled_from(sorted(path for path, content in self.files.items() if content))
        )
        changed = bytearray(self.files[path])
        changed[place % len(changed)] ^= 1 << bit
        self.spoil(path, bytes(changed))

    def spoil(self, path: Path, content: bytes) -> None:
        """Write what is no result."""
        path.write_bytes(content)
        self.files[path] = content

    @precondition(lambda self: self.known("here"))
    @rule(
        data=st.data(),
        name=st.sampled_from(["loose.json", "tiny/x.json", "other/x.json", "No Case/x.json"]),
    )
    def misplace(self, data: st.DataObject, name: str) -> None:
        """Somebody moves a file."""
        path, target = (
            data.draw(st.sampled_from(sorted(self.known("here")))),
            self.home / "here" / name,
        )
        if target not in self.files:
            target.parent.mkdir(exist_ok=True)
            path.rename(target)
            self.files[target] = self.files.pop(path)

    @rule()
    def merge(self) -> None:
        """The other store is taken in: all of it, or, where something is damaged or differs, nothing."""
        here, there = self.known("here"), self.known("there")
        wanted = {
            self.place("here", SOUND[data][0]): data for data in there.values() if data in SOUND
        }
        refused = len([data for data in there.values() if data not in SOUND]) + len(
            [path for path, data in wanted.items() if here.get(path, data) != data]
        )
        if refused:
            with pytest.raises(StoreError) as error:
                keeping.merge(
                    [self.home / "there"], self.home / "here", read_profile=read_speedscope
                )
            assert error.value.remedy
            return
        taken = keeping.merge(
            [self.home / "there"], self.home / "here", read_profile=read_speedscope
        )
        assert {path: path not in here for path in wanted} == {one.target: one.new for one in taken}
        self.files |= wanted

    @rule()
    def fsck(self) -> None:
        """What is damaged or out of place is named, exactly that, and nothing is changed."""
        checked = {
            one.path: one
            for one in keeping.check(self.home / "here", fix=False, read_profile=read_speedscope)
        }
        known = self.known("here")

        assert set(known) == set(checked)
        for path, data in known.items():
            sound = data in SOUND and path == self.place("here", SOUND[data][0])
            assert sound == (not checked[path].problem), checked[path]
            if data in SOUND:
                assert checked[path].complete == (SOUND[data][1] == STATES - 1)
        assert sorted(self.left) == list(keeping.left_behind(self.home / "here", remove=False))

    @rule()
    def fix(self) -> None:
        """What is damaged stands aside, byte for byte; what is out of place comes home, unless something is there; what was left is gone."""
        for path, data in sorted(self.known("here").items(), key=lambda one: self.order(one[0])):
            home = self.place("here", SOUND[data][0]) if data in SOUND else None
            if home == path:
                continue
            del self.files[path]
            if home is None or home in self.files:
                self.aside[data] += 1
            else:
                self.files[home] = data
        assert [] == [
            one
            for one in keeping.check(self.home / "here", fix=True, read_profile=read_speedscope)
            if one.problem and not one.done
        ]
        assert sorted(self.left) == list(keeping.left_behind(self.home / "here", remove=True))
        self.left.clear()
        assert [] == [
            one.problem
            for one in keeping.check(self.home / "here", fix=False, read_profile=read_speedscope)
            if one.problem
        ]

    def order(self, path: Path) -> tuple[bool, Path, Path]:
        """As they are looked at: what lies in the store itself first."""
        return path.parent != self.home / "here", path.parent, path

    @rule(number=NUMBERS)
    def read(self, number: int) -> None:
        """A run is what was written, or an error with its name: never another run, never a part of one."""
        path = self.place("here", number)
        data = self.files.get(path)
        if data in SOUND:
            assert run_of(*SOUND[data]) == store.read(path)  # type: ignore[index]
            return
        with pytest.raises(StoreError) as error:
            store.read(path)
        assert str(path) in error.value.problem

    @rule()
    def chosen(self) -> None:
        """A sound and complete run of the case, or an error where a file cannot be read; no choice where there is none."""
        kept = [data for path, data in self.known("here").items() if path.parent.name == "tiny"]
        complete = [
            run_of(*SOUND[data]) for data in kept if data in SOUND and SOUND[data][1] == STATES - 1
        ]
        try:
            found = choosing.chosen("tiny", places.Stores(self.home / "here"))
        except StoreError:
            assert [data for data in kept if data not in SOUND]
            return
        assert found.run in complete if found is not None else not complete

    @invariant()
    def nothing_is_lost(self) -> None:
        """Every file is where the model has it, byte for byte; what stands aside too; and there is nothing else."""
        there = {path: path.read_bytes() for path in self.home.rglob("*") if path.is_file()}
        aside = Counter(data for path, data in there.items() if keeping.BAD in path.suffix)

        assert self.files == {path: data for path, data in there.items() if path.suffix == ".json"}
        assert self.aside == aside
        assert self.left == {path for path in there if path.suffix == ".tmp"}


Stores.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestStores = Stores.TestCase


def test_one_bit_of_the_format_is_noticed(tmp_path: Path) -> None:
    """A 3 that has become a 2 or a 1 does not let a file past its seal."""
    data = bytes_of(1, 3)
    for other in (b"1", b"2"):
        with pytest.raises(StoreError, match="digest"):
            store.decode(
                data.replace(b'"harness_format": 3', b'"harness_format": ' + other),
                tmp_path / "x.json",
            )
