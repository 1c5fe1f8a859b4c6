"""Whatever a revision's process starts runs that revision's code: forked, spawned, served, or a program of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from harness.lab.gate import changes
from harness.lab.gate.changes import Place
from harness.lab.proof import where
from harness.lab.supervisor import Confines, Worker
from harness.lab.worker.answers import read_sheet

WAYS = (
    "fork",
    "spawn",
    "forkserver",
    "executor",
    "executor_spawn",
    "program",
    "module",
    "grandchild",
    "late",
    "entry",
    "dask",
)
WORK = '''"""Says whose code it is, in every way that a process can be started."""

import importlib
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

from kin.state import STATE, Mark, state


def answers(n):
    found = {"fork": None, "spawn": None, "forkserver": None}
    for method in found:
        with multiprocessing.get_context(method).Pool(1) as pool:
            found[method] = pool.map(state, [0])[0]
    with ProcessPoolExecutor(1) as pool:
        found["executor"] = pool.submit(state, 0).result()
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        mark = pool.submit(Mark, STATE).result()
        found["executor_spawn"] = mark.state if type(mark) is Mark else "a class of another side"
        found["grandchild"] = pool.submit(program, 0).result()
    found["program"] = program(0)
    command = [sys.executable, "-m", "kin.tool"]
    found["module"] = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    found["late"] = importlib.import_module("kin.late").LATE
    found["entry"] = importlib.import_module("kin").state.STATE
    try:
        import dask
    except ImportError:
        found["dask"] = STATE
    else:
        found["dask"] = dask.compute(dask.delayed(state)(0), scheduler="processes", num_workers=1)[0]
    return found


def program(n):
    command = [sys.executable, "-c", "from kin.state import STATE; print(STATE)"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
'''
FILES = {
    "kin/__init__.py": "from kin import state\n",
    "kin/state.py": (
        "from dataclasses import dataclass\nSTATE = {state!r}\n"
        "@dataclass\nclass Mark:\n    state: str\n"
        "def state(_):\n    return STATE\n"
    ),
    "kin/late.py": "from kin.state import STATE as LATE\n",
    "kin/tool.py": "from kin.state import STATE\nif __name__ == '__main__':\n    print(STATE)\n",
    "many/__init__.py": (
        "'''Whose code?'''\nfrom harness import Case, exact, sweep\n"
        "def make(n, seed):\n    return (n,)\n"
        "case = Case(function='answers', variants=('work',), workloads=sweep(make, n=(1,)), same=exact)\n"
    ),
    "many/work.py": WORK,
}


def lay(root: Path, state: str) -> Path:
    """Write the project as one revision has it."""
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text.replace("{state!r}", repr(state)))
    return root


def answers_of(root: Path, origin: Path, sheet: Path) -> Any:
    """What the case's variant answers in a worker of one revision."""
    found = changes.in_revision(root, Place("many", "many", Path("many"), "path"), origin)
    assert found is not None
    job = {
        "do": "sheet",
        "case": where(found),
        "variant": "work",
        "workload": "1",
        "n": 1,
        "sheet": str(sheet),
        "limits": None,
    }
    with Worker(Confines(60.0, 4 << 30)) as worker:
        said = worker.ask(job)
    assert "failed" not in said, said["message"]
    return read_sheet(str(sheet))[0].answer()


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, str]]]:
    """The answers of both revisions; the working tree, on every path, is a third one that nobody may meet."""
    folder = tmp_path_factory.mktemp("sides")
    origin = lay(folder / "origin", "working tree")
    roots = {state: lay(folder / state, state) for state in ("base", "head")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(origin))
        patch.syspath_prepend(str(origin))
        patch.chdir(origin)
        patch.setenv("PERFLAB_CACHE", str(folder / "cache"))
        with ThreadPoolExecutor(2) as pool:
            made = pool.map(
                lambda state: answers_of(roots[state], origin, folder / f"{state}.sheet"), roots
            )
            yield dict(zip(roots, made, strict=True))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("side", ["base", "head"])
def test_whatever_a_side_starts_runs_its_own_code(
    said: dict[str, dict[str, str]], side: str, way: str
) -> None:
    """GIVEN a difference planted between base, head and working tree THEN every child tells the side that started it."""
    assert said[side][way] == side
    assert os.environ.get("PERFLAB_SIDE") is None
