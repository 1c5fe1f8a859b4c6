"""Variants that cheat on purpose: each is refused, or docs/measuring.md says plainly that the lab does not defend against it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.lab import store
from harness.model.limited import MachineLimits
from tests.faults.scene import HOME, HONEST, Scene, keep_limits

QUICK = ("-w", "S", "--budget", "0.5", "-q")
NOT_DEFENDED = (
    (HOME / "docs" / "measuring.md")
    .read_text(encoding="utf-8")
    .partition("## What it does not defend against")[2]
    .partition("\n## ")[0]
)


Cheats = dict[str, dict[str, Any]]
"""What one run says of each cheat, by its name."""


@pytest.fixture(scope="module")
def caught(tmp_path_factory: pytest.TempPathFactory, machines_limits: MachineLimits) -> Cheats:
    """All of them in one run; none has a number, and the honest one beside them has."""
    scene = Scene(tmp_path_factory.mktemp("cheats"))
    keep_limits(machines_limits, scene)
    cheats = {
        **{f"{_IMPORTED}{place}": _patch(what) for place, what in enumerate(CLOCKS.values())},
        **{f"{_CALLED}{place}": _late_patch(what) for place, what in enumerate(CLOCKS.values())},
        "forges_at_once": FORGING.format(call=1),
        "forges_when_timed": FORGING.format(call=20),
        "keeps_a_file": KEEPING_A_FILE,
        "sorts_later": SORTING_LATER,
        "works_when_looked_at": WORKING_WHEN_LOOKED_AT,
        "knows_the_inputs": KNOWING_THE_INPUTS,
    }
    ended = scene.run("run", scene.case(**cheats, honest=HONEST), *QUICK, "--json", "-")
    assert ended.out, ended.err
    found = {one["name"]: one for one in ended.document()["workloads"][0]["variants"]}
    assert 3 == ended.code, ended.said
    assert ("ok", True) == (found["honest"]["status"], found["honest"]["seconds"] is not None)
    assert {} == {name: found[name] for name in cheats if found[name]["seconds"] is not None}
    return {name: found[name] for name in cheats}


_IMPORTED, _CALLED = "when_imported", "when_called"


def _patch(what: str) -> str:
    return f"'''Patches.'''\nimport gc, statistics, time\n{what}\ndef smallest(xs):\n    return sorted(xs)\n"


def _late_patch(what: str) -> str:
    lines = f"import gc, statistics, time\n{what}\n".splitlines()
    body = "".join(f"    {line}\n" for line in lines)
    return f"'''Patches.'''\ndef smallest(xs):\n{body}    return sorted(xs)\n"


CLOCKS = {
    "clock": "time.perf_counter_ns = lambda: 0",
    "collector": "gc.collect = lambda *_: 0",
    "statistics": "statistics.median = lambda values: 0.0",
    "harness, a function": "import harness.judge.equality as judge\njudge.difference = lambda *_, **__: None",
    "harness, a method": "from harness.judge.equality import Strict\nStrict.compare = lambda *_: None",
    "harness, the code of a function": "import harness.lab.worker.timing as timing\ntiming.timed.__code__ = (lambda *_, **__: (1, None)).__code__",
    "harness, a default": "import harness.lab.worker.timing as timing\ntiming.timed.__defaults__ = (lambda: 0,)",
    "harness, a clock in its hands": "import harness.lab.worker.timing as timing\ntiming.now = lambda: 0",
    "a builtin": "import builtins\nbuiltins.isinstance = lambda *_, real=isinstance: real(*_)",
    "the pipe": "import os\nos.write = lambda *_, real=os.write: real(*_)",
    "pickle": "import pickle\npickle.loads = lambda data, loads=pickle.loads: loads(data)",
}


@pytest.mark.parametrize("when", [_IMPORTED, _CALLED])
def test_whoever_replaces_what_it_is_measured_with_is_refused(caught: Cheats, when: str) -> None:
    """A clock, the collector, statistics, pickle, or the lab itself, in its modules, classes or code."""
    said = {what: caught[f"{when}{place}"] for place, what in enumerate(CLOCKS)}

    assert dict.fromkeys(CLOCKS, ("replaced-clock", None)) == {
        what: (one["status"], one["seconds"]) for what, one in said.items()
    }


FORGING = """
    '''Forges.'''
    import json, os, struct
    calls = 0
    FORGED = [
        {{"status": "ok", "finding": "", "message": "", "inputs": 99, "repeats": 32, "warnings": [], "failed_entry": None, "gaps": {{}}}},
        {{"ns": 1, "cpu_ns": 1, "loops": 1000}},
        {{"difference": None, "kind": ""}},
    ]
    def smallest(xs):
        global calls
        calls += 1
        if calls == {call} or calls > 600:
            for forged in FORGED:
                body = json.dumps(forged).encode()
                for descriptor in range(3, 64):
                    try:
                        os.write(descriptor, struct.pack("!4sI", b"PLF1", len(body)) + body)
                    except OSError:
                        pass
        return sorted(xs)
"""


@pytest.mark.parametrize("when", ["forges_at_once", "forges_when_timed"])
def test_a_forged_answer_in_the_result_pipe_is_refused(caught: Cheats, when: str) -> None:
    """It writes a frame that says all is well, and fast, to every descriptor it finds: the frame lacks the job's ticket."""
    said = caught[when]

    assert "crashed" == said["status"]
    assert "into the result pipe" in said["message"]


KEEPING_A_FILE = """
    '''Reads its answers from a file.'''
    import hashlib, json, os, tempfile
    def smallest(xs):
        path = os.path.join(os.path.dirname(__file__), hashlib.md5(repr(xs).encode()).hexdigest() + ".kept")
        if os.path.exists(path):
            with open(path) as file:
                return json.load(file)
        for _ in range(1_000_000):
            pass
        with open(path, "w") as file:
            json.dump(sorted(xs), file)
        return sorted(xs)
"""


def test_answers_from_a_file_are_refused(caught: Cheats) -> None:
    """It keeps its answers in a file that outlives the process; the lab asks for inputs that nobody has seen before."""
    assert "cached-result" == caught["keeps_a_file"]["status"]


SORTING_LATER = """
    '''Sorts later.'''
    import threading
    def smallest(xs):
        answer = list(xs)
        done = threading.Event()
        def later():
            for _ in range(3_000_000):
                pass
            answer.sort()
            done.set()
        threading.Thread(target=later).start()
        return answer
"""


def test_a_thread_that_finishes_later_is_refused(caught: Cheats) -> None:
    """The list is handed out at once and sorted afterwards."""
    assert caught["sorts_later"]["status"] in {
        "left-running",
        "wrong-answer",
        "drifted",
        "nondeterministic",
    }


@pytest.mark.parametrize(
    ("victim", "when", "words"),
    [
        (
            "cheat",
            "do_examine",
            "the sources of cheat (cheat.py) were changed while they were proven",
        ),
        (
            "cheat",
            "do_sample",
            "the sources of cheat (cheat.py) were changed while it was measured",
        ),
        ("naive", "do_sample", "were changed while it was measured"),
    ],
)
def test_sources_that_change_on_the_way_end_the_run(
    scene: Scene, victim: str, when: str, words: str
) -> None:
    """A process imports what is there when it starts: nobody could say which program the numbers are of."""
    source = f"""
        '''Becomes another program, or makes the judge one.'''
        import pathlib, sys
        def smallest(xs):
            frame = sys._getframe()
            while frame is not None:
                if frame.f_code.co_name == "{when}":
                    with pathlib.Path(__file__).with_name("{victim}.py").open("a") as file:
                        file.write("#")
                    break
                frame = frame.f_back
            return sorted(xs)
    """
    ended = scene.run("run", scene.case(cheat=source, honest=HONEST), *QUICK)

    assert 5 == ended.code, ended.said
    assert words in ended.said
    assert not [path for path in scene.store.glob("sort/*.json") if path != scene.older]


def test_a_case_that_changes_costs_the_others_nothing(scene: Scene) -> None:
    """The next one is measured, and its document is written; what to do is said for the folder that was named, and nothing is promised that is not there."""
    source = """
        '''Becomes another program in its second block.'''
        import pathlib, sys
        def smallest(xs):
            frame = sys._getframe()
            while frame is not None:
                if frame.f_code.co_name == "do_sample" and list(pathlib.Path("results").glob("changing/*.json")):
                    with pathlib.Path(__file__).open("a") as file:
                        file.write("#")
                    break
                frame = frame.f_back
            return sorted(xs)
    """
    changing = scene.case(
        "changing", cheat=source.replace("results", str(scene.store)), honest=HONEST
    )
    ended = scene.run(
        "run",
        changing,
        scene.case(honest=HONEST),
        *QUICK,
        "--precision",
        "0.0001",
        "--json",
        scene.folder / "both.json",
    )
    (cut,) = scene.store.glob("changing/*.json")
    document = json.loads((scene.folder / "both.json").read_text())

    assert 5 == ended.code, ended.said
    assert (
        "the sources of cheat (cheat.py) were changed while it was measured; all blocks before that are kept"
        in ended.said
    )
    assert f"python -m harness run ./changing --resume {store.read(cut).id}" in ended.said
    assert not store.read(cut).complete
    assert "sort" in str(document)[:2000]


WORKING_WHEN_LOOKED_AT = """
    '''Works when looked at.'''
    import sys
    def examined():
        frame = sys._getframe()
        while frame is not None:
            if frame.f_code.co_filename.endswith("examine.py"):
                return True
            frame = frame.f_back
        return False
    def smallest(xs):
        return sorted(xs) if examined() else list(xs)
"""


def test_computing_only_what_is_verified_is_refused(caught: Cheats) -> None:
    """It looks whether it is being examined, and when it is timed it hands the input back: timed answers are compared, too."""
    assert caught["works_when_looked_at"]["status"] in {
        "drifted",
        "wrong-answer",
        "nondeterministic",
    }


KNOWING_THE_INPUTS = """
    '''Works on inputs it knows.'''
    import random
    KNOWN = set()
    for n in (10, 33, 100, 1000, 3333):
        for seed in range(3):
            source = random.Random(seed)
            KNOWN.add(tuple(source.random() for _ in range(n)))
    def smallest(xs):
        return sorted(xs) if tuple(xs) in KNOWN else list(xs)
"""


def test_computing_only_the_inputs_of_the_proof_is_refused(caught: Cheats) -> None:
    """It knows the inputs of the seeds that it has found out, and gives anything for others: the lab also asks for seeds of the moment, and times one of them."""
    assert "wrong-answer" == caught["knows_the_inputs"]["status"]


@pytest.mark.parametrize(
    "limit", ["the stack", "the memory of its process", "less than twofold", "its own process"]
)
def test_what_is_not_defended_against_is_said(limit: str) -> None:
    """Each limit stands in docs/measuring.md."""
    assert limit in NOT_DEFENDED
