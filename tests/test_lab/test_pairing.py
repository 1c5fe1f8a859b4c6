"""Two revisions in one process: own inputs, answers compared by what they hold, imports inside calls their own."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.lab.gate import changes
from harness.lab.gate.changes import Place
from harness.lab.proof import where
from harness.lab.supervisor import Confines, Worker
from harness.lab.worker.answers import read_sheet

DECLARATION = """
'''Which?'''
from harness import Case, exact, sweep
from pair import kinds

def make(n, seed):
    return kinds.given(n)

case = Case(function="work", variants=("work",), workloads=sweep(make, n=(3,)), same=exact)
"""
PLAIN = """
'''As it is.'''
from pair import kinds

def work(given):
    return kinds.answer(given)
"""
KINDS = """
import enum
from collections import namedtuple
from dataclasses import dataclass
from functools import lru_cache, singledispatch

def given(n):
    return (n,)

def answer(n):
    return n
"""
DATACLASS = "@dataclass\nclass Report:\n    n: int\n"
GIVEN = "def given(n):\n    return ([Report(i) for i in range(n)],)\n"


def written(root: Path, work: str, kinds: str) -> Path:
    """Write one revision of the case."""
    folder = root / "pair"
    folder.mkdir(parents=True)
    for name, text in (("__init__", DECLARATION), ("work", work), ("kinds", KINDS + kinds)):
        (folder / f"{name}.py").write_text(textwrap.dedent(text))
    return root


def jobs(tmp_path: Path, work: str, **kinds: str) -> dict[str, dict[str, Any]]:
    """Lay revisions out, and return by side how a job names its case."""
    named = {}
    for side, text in kinds.items():
        root = written(tmp_path / side, work, textwrap.dedent(text))
        found = changes.in_revision(root, Place("pair", "pair", Path("pair"), "path"))
        assert found is not None
        named[side] = {"case": where(found)}
    return named


@pytest.fixture
def contest(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Lay two revisions out, load them into one process, and return what it says of their answers."""

    def run(
        kinds: str, head_kinds: str | None = None, work: str = PLAIN, do: str = "contest"
    ) -> dict[str, Any]:
        job: dict[str, Any] = {
            "do": do, "variant": "work", "workload": "3", "workloads": ["3"], "seed": 1, "spin": None,
        }  # fmt: skip
        head = kinds if head_kinds is None else head_kinds
        job |= jobs(tmp_path, work, base=kinds, head=head)
        with Worker(Confines(20.0, 4 << 30)) as worker:
            said = worker.ask(job)
            if "failed" not in said and do == "contest":
                worker.ask({"do": "warm_contest"})
                said["after"] = worker.ask(
                    {"do": "pairs", "least_seconds": 0.0, "most_seconds": 0.01, "error": 1.0}
                )["difference"]
        return said

    return run


OWN_CLASSES = {
    "dataclass": f"{DATACLASS}def answer(n):\n    return [Report(n)]\n",
    "slots": "@dataclass(frozen=True, slots=True)\nclass Report:\n    n: int\ndef answer(n):\n    return {n: Report(n)}\n",
    "enumeration": "class Colour(enum.Enum):\n    RED = 1\ndef answer(n):\n    return {Colour.RED: (Colour.RED, n)}\n",
    "named tuple": "Point = namedtuple('Point', 'x y')\ndef answer(n):\n    return {Point(n, 1)}\n",
    "the class itself": "class Report: pass\ndef answer(n):\n    return [Report, answer]\n",
    "number of its own": "class Euro(float): pass\ndef answer(n):\n    return [Euro(n)]\n",
    "cached object": f"{DATACLASS}@lru_cache\ndef answer(n):\n    return Report(n)\n",
    "input": f"{DATACLASS}{GIVEN}def answer(given):\n    return sum(one.n for one in given if type(one) is Report)\n",
    "input and answer": f"{DATACLASS}{GIVEN}def answer(given):\n    return given[::-1]\n",
    "dispatch on a type": (
        f"{DATACLASS}{GIVEN}@singledispatch\ndef weight(one):\n    return 0\n"
        "@weight.register\ndef _(one: Report):\n    return one.n\ndef answer(given):\n    return sum(map(weight, given))\n"
    ),
    "registered with an abstract class": (
        "from collections.abc import Sized\n"
        f"{DATACLASS}{GIVEN}Sized.register(Report)\ndef answer(given):\n    return [isinstance(one, Sized) for one in given]\n"
    ),
    "state of the module": "calls = []\ndef answer(n):\n    calls.append(n)\n    return n\n",
    "import inside the call": "def answer(n):\n    from pair import kinds\n    return kinds.answer is answer\n",
    "pickle inside the call": (
        f"import pickle\n{DATACLASS}def answer(n):\n    return type(pickle.loads(pickle.dumps(Report(n)))) is Report\n"
    ),
    "import of a computed name": "import importlib\ndef answer(n):\n    return importlib.import_module('pair.' + 'kinds').answer is answer\n",
    "event loop": f"import asyncio\n{DATACLASS}async def one(n):\n    return Report(n)\ndef answer(n):\n    return asyncio.run(one(n))\n",
}


@pytest.mark.parametrize("kind", OWN_CLASSES)
def test_identical_code_is_equal_in_one_process(
    contest: Callable[..., dict[str, Any]], kind: str
) -> None:
    """GIVEN identical code whose classes, modules and state are each side's own THEN nothing differs, before and after timing."""
    assert contest(OWN_CLASSES[kind]) == {"difference": None, "after": None}


@pytest.mark.parametrize(
    ("base", "head", "told"),
    [
        (OWN_CLASSES["dataclass"], OWN_CLASSES["dataclass"].replace("Report(n)", "Report(n + 1)"), "4"),
        (OWN_CLASSES["enumeration"], OWN_CLASSES["enumeration"].replace("= 1", "= 2"), "Colour"),
        (OWN_CLASSES["dataclass"], OWN_CLASSES["dataclass"].replace("Report", "Result"), "Result"),
        (OWN_CLASSES["named tuple"], OWN_CLASSES["named tuple"].replace("'x y'", "'x y z'").replace("1)", "1, 2)"), "Point"),
        (OWN_CLASSES["dataclass"], OWN_CLASSES["dataclass"].replace("    n: int", "    n: int\n    m: int").replace("(n)]", "(n, 1)]"), "m"),
        (OWN_CLASSES["dataclass"].replace("    n: int", "    n: int\n    m: int").replace("(n)]", "(n, 1)]"), OWN_CLASSES["dataclass"], "m"),
        (OWN_CLASSES["number of its own"], "def answer(n):\n    return [float(n)]\n", "type"),
    ],
)  # fmt: skip
def test_other_answers_differ(
    contest: Callable[..., dict[str, Any]], base: str, head: str, told: str
) -> None:
    """A value, a member, a name, a field or a type that is another one is found, and said."""
    said = contest(base, head)

    assert told in said["difference"], said


STARTING = {
    "pool": "import multiprocessing\ndef answer(n):\n    with multiprocessing.get_context('fork').Pool(1) as pool:\n        return pool.map(str, [n])\n",
    "spawned pool": "import multiprocessing\ndef answer(n):\n    with multiprocessing.get_context('spawn').Pool(1) as pool:\n        return pool.map(str, [n])\n",
    "executor": "from concurrent.futures import ProcessPoolExecutor\ndef answer(n):\n    with ProcessPoolExecutor(1) as pool:\n        return pool.submit(str, n).result()\n",
    "program": "import subprocess, sys\ndef answer(n):\n    return subprocess.run([sys.executable, '-V'], check=True, capture_output=True).stdout\n",
    "hidden": "import os\ndef answer(n):\n    try:\n        os.system('true')\n    except:\n        pass\n    return n\n",
    "thread left": "import threading\nend = threading.Event()\ndef answer(n):\n    threading.Thread(target=end.wait, daemon=True).start()\n    return n\n",
}


@pytest.mark.parametrize("kind", STARTING)
def test_what_starts_processes_or_leaves_threads_is_sent_apart(
    contest: Callable[..., dict[str, Any]], kind: str
) -> None:
    """Two sides cannot share a process with it: said at the first call, and no child hangs on the wrong modules."""
    said = contest(STARTING[kind])

    assert said.get("late_import") is True, said


@pytest.mark.parametrize(
    ("base", "head", "same"),
    [
        (DATACLASS + GIVEN, DATACLASS + GIVEN, True),
        (DATACLASS + GIVEN, DATACLASS + GIVEN + "# says nothing\n", True),
        (DATACLASS + GIVEN, DATACLASS + GIVEN.replace("Report(i)", "Report(i + 1)"), False),
        (DATACLASS + GIVEN, (DATACLASS + GIVEN).replace("Report", "Result"), False),
        (GIVEN.replace("Report(i)", "lambda: i"), GIVEN.replace("Report(i)", "lambda: i"), True),
        (GIVEN.replace("Report(i)", "lambda: i"), GIVEN.replace("Report(i)", "lambda: -i"), False),
    ],
)
def test_inputs_of_own_classes_are_compared_by_what_they_hold(
    contest: Callable[..., dict[str, Any]], base: str, head: str, *, same: bool
) -> None:
    """Each side's input is made among its own modules; what cannot be compared is not called the same."""
    assert contest(base, head, do="same_inputs") == {"same": same}


def test_two_processes_play_on_the_head_s_input_too(tmp_path: Path) -> None:
    """GIVEN declarations that differ THEN the base answers the input that the head has made, of its own classes; or says that it cannot."""
    base, head = (
        DATACLASS + GIVEN.replace("range(n)", f"range({n})") + "def answer(given):\n    return len(given)\n"
        for n in (1, 7)
    )  # fmt: skip
    sides = jobs(tmp_path, PLAIN, base=base, head=head, lacking="def given(n):\n    return (n,)\n")
    said = {}
    for side in ("base", "lacking"):
        job = {
            "variant": "work", "workload": "3", "n": 3, "limits": None,
            "sheet": str(tmp_path / "sheet"), "inputs": str(tmp_path / "inputs"),
        }  # fmt: skip
        for which, do in (("head", "inputs"), (side, "sheet")):
            with Worker(Confines(20.0, 4 << 30)) as worker:
                said[side] = worker.ask({**job, **sides[which], "do": do})

    assert "failed" not in said["base"], said
    assert read_sheet(str(tmp_path / "sheet"))[0].answer() == 7
    assert said["lacking"]["message"].startswith("cannot be given the head's input: ")
