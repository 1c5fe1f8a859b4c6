"""Rows 1 to 32: whatever a variant does, it costs that variant only, and the word for it is said."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.judge.summary import exit_code, summarise
from harness.lab import store
from harness.model.limited import MachineLimits
from harness.model.measured import Sample
from tests.fakes.runs import fake_run
from tests.faults.scene import DECLARATION, HOME, HONEST, Ended, Scene, keep_limits

QUICK = ("-w", "S", "--budget", "0.5", "-q")


def rows(ended: Ended, place: int = 0) -> dict[str, Any]:
    """The variants of one workload of a document."""
    return {one["name"]: one for one in ended.document()["workloads"][place]["variants"]}


def run(scene: Scene, source: str, *more: object, case: str = "", **others: str) -> Ended:
    """Run the reference, the faulty variant and an honest one; the honest one keeps its number whatever happens."""
    folder = scene.case(more=case, faulty=source, honest=HONEST, **others)
    ended = scene.run("run", folder, *QUICK, "--json", "-", *more)
    assert ended.out, ended.err
    found = rows(ended)
    assert ("ok", "ok") == (found["naive"]["status"], found["honest"]["status"]), ended.said
    assert found["honest"]["speedup"] is not None
    return ended


def faulty(ended: Ended) -> tuple[int, str, str]:
    """How the run ended, and what is said of the faulty variant, which has no number."""
    row = rows(ended)["faulty"]
    assert row["seconds"] is None
    return ended.code, row["status"], f"{row['reason']} {row['message']}"


def prove(scene: Scene, source: str, case: str) -> Ended:
    """Prove the faulty variant in a case with more to it."""
    return scene.run("verify", scene.case(more=case, faulty=source), "-q", "--json", "-")


def proven(ended: Ended) -> tuple[int, str, str]:
    """How a proof ended, and what it says of the faulty variant."""
    (row,) = (one for one in ended.document()["variants"] if one["name"] == "faulty")
    return ended.code, row["status"], f"{row['reason']} {row['message']}"


Crowd = Callable[[str], tuple[int, list[tuple[str, str]]]]
"""By the name of a kind of fault: the exit code, and the status and words of each variant, in order."""


def crowd(scene: Scene, kinds: Mapping[str, Sequence[str]], *more: object) -> Crowd:
    """Run all of them side by side in one case: the honest one keeps its number, and none of them has any."""
    named = {
        f"{kind}{place}": source
        for kind, sources in kinds.items()
        for place, source in enumerate(sources)
    }
    ended = scene.run("run", scene.case(**named, honest=HONEST), *QUICK, "--json", "-", *more)
    assert ended.out, ended.err
    found = rows(ended)
    assert ("ok", "ok") == (found["naive"]["status"], found["honest"]["status"]), ended.said
    assert found["honest"]["speedup"] is not None
    assert [] == [name for name in named if found[name]["seconds"] is not None]

    def of(kind: str) -> tuple[int, list[tuple[str, str]]]:
        those = [found[f"{kind}{place}"] for place in range(len(kinds[kind]))]
        return ended.code, [(one["status"], f"{one['reason']} {one['message']}") for one in those]

    return of


@pytest.fixture(scope="module")
def common(tmp_path_factory: pytest.TempPathFactory, machines_limits: MachineLimits) -> Scene:
    """A scene for the runs that many tests look at."""
    made = Scene(tmp_path_factory.mktemp("common"))
    keep_limits(machines_limits, made)
    return made


@pytest.fixture(scope="module")
def unmeasured(common: Scene) -> Crowd:
    """What dies, raises, cannot be imported or leaves a process behind, in one run: exit 4."""
    kinds = {
        "dies": [f"'''Dies.'''\n{DEEP}def smallest(xs):\n    {body}\n" for _, body, _ in DYING],
        "raises": [f"'''Raises.'''\ndef smallest(xs):\n    raise {what}\n" for what in RAISED],
        "says": [SPEAKING.format(error=error) for error, _ in SAID],
        "lacks": [f"'''Needs more.'''\n{what}\n{SORTED}" for what in LACKING],
        "leaves": [LEAVING],
    }
    return crowd(common, kinds)


@pytest.fixture(scope="module")
def refused(common: Scene) -> Crowd:
    """What is wrong, remembers, goes on working or moves a clock, in one run: exit 3."""
    kinds = {
        "errs": [f"{WRONG_HEAD}    {body}\n" for _, body, _, _ in WRONG],
        "halves": [HALF_THE_BITS],
        "remembers": [f"'''Remembers.'''\n{body}" for body in REMEMBERING.values()],
        "patches": [f"'''Patches.'''\nimport gc, time\n{what}\n{SORTED}" for what in PATCHES],
        "works": [WORKING_ON],
    }
    return crowd(common, kinds)


SORTED = "def smallest(xs):\n    return sorted(xs)\n"
DYING = [
        (1, "import ctypes; ctypes.string_at(0)", "SIGSEGV"), (2, "import os; os.abort()", "SIGABRT"),
        (2, "import os, signal; os.kill(os.getpid(), signal.SIGFPE)", "SIGFPE"), (2, "import os, signal; os.kill(os.getpid(), signal.SIGILL)", "SIGILL"),
        (3, "import os; os._exit(0)", "ended without a result (exit 0)"), (10, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
        (11, "import sys; sys.setrecursionlimit(10**9); repr(deep())", "SIGSEGV"),
]  # fmt: skip


DEEP = "def deep():\n    nested = []\n    for _ in range(10**6):\n        nested = [nested]\n    return nested\n"


def test_01_02_03_10_11_what_dies_is_named(unmeasured: Crowd) -> None:
    """A signal, an exit without an answer, a stack that overflows: exit 4, the signal's name, the others' numbers."""
    code, found = unmeasured("dies")

    assert 4 == code
    for (row, _, word), (status, said) in zip(DYING, found, strict=True):
        assert status in {"crashed", "killed", "raised", "oom"}, (status, said)
        assert word in said or (row == 11 and "RecursionError" in said)
        if word == "SIGILL":
            assert "another CPU" in said or "another processor" in said


def test_01_where_it_died_is_said_and_its_last_words_are_kept(scene: Scene) -> None:
    """In a timed round: the round, the size, the line; on the terminal the file that holds what it printed, without our folders."""
    source = """
        '''Dies late.'''
        import ctypes, sys
        def smallest(xs):
            frame, timed = sys._getframe(), False
            while frame is not None:
                timed = timed or frame.f_code.co_name == "do_sample"
                frame = frame.f_back
            if timed:
                print("last words")
                sys.stdout.flush()
                ctypes.string_at(0)
            return sorted(xs)
    """
    ended = scene.run("run", scene.case(faulty=source), *QUICK)
    (path,) = re.findall(r"faulty: what it printed last, and where it was: (\S+)", ended.out)
    words = Path(path).read_text()

    assert 4 == ended.code
    assert re.search(
        r"faulty: crashed: in round 1, size 10: crashed \(SIGSEGV\).*last stack: ", ended.said
    ), ended.said
    assert "last words" in words
    assert "Fatal Python error: Segmentation fault" in words
    assert 64 << 10 >= len(words.encode())
    assert str(scene.folder) not in words


RAISED = [
    "SystemExit(0)",
    "KeyboardInterrupt",
    "SystemExit('bye')",
    "GeneratorExit",
    "BaseException('base')",
    "RecursionError",
    "ValueError('\\ud800')",
]


def test_04_11_what_is_raised_is_the_variants_own(unmeasured: Crowd) -> None:
    """It must not end the harness."""
    code, found = unmeasured("raises")

    assert 4 == code
    for what, (status, said) in zip(RAISED, found, strict=True):
        assert "raised" == status, (what, said)
        assert what.partition("(")[0] in said


SAID = [
    (
        "ValueError('x' * 200_000_000)",
        r"raised ValueError: x{2000}\.\.\. \(200000000 characters\)",
    ),
    ("Shy()", r"raised Shy: \(its message cannot be read: ZeroDivisionError\)"),
]


SPEAKING = """
    '''Says much, or nothing.'''
    class Shy(Exception):
        def __str__(self):
            return str(1 // 0)
    def smallest(xs):
        raise {error}
"""


def test_04_what_an_exception_says_is_cut_and_need_not_be_readable(unmeasured: Crowd) -> None:
    """Its class is told in any case."""
    code, found = unmeasured("says")

    assert 4 == code
    for (_, words), (status, said) in zip(SAID, found, strict=True):
        assert "raised" == status
        assert re.search(words, said), said[:300]


@pytest.mark.parametrize("error", ["SystemExit(0)", "GeneratorExit", "Own"])
def test_04_a_case_that_raises_while_it_is_imported_is_a_bad_case(scene: Scene, error: str) -> None:
    """Whatever it raises: exit 1 would say that something is slower, and exit 0 that all is well."""
    ended = scene.run(
        "verify",
        scene.case(honest=HONEST, declaration=f"class Own(BaseException): pass\nraise {error}\n"),
    )

    assert 2 == ended.code
    assert "importing" in ended.err


def test_05_an_input_that_is_never_made_is_named(scene: Scene) -> None:
    """The reference has not been called yet, and nobody would look there."""
    declaration = """
        '''Which number comes first?'''
        from harness import Case, exact, sweep
        def make(n, seed):
            while n > 10:
                pass
            return (list(range(n)),)
        case = Case(function="smallest", variants=("naive", "honest"), workloads=sweep(make, n=(10, 33)), same=exact)
    """
    ended = scene.run(
        "verify", scene.case(honest=HONEST, declaration=declaration), "--timeout", "2"
    )

    assert 2 == ended.code
    assert "workload 33, seed 0" in ended.said


HANGING = ("while True: pass", "import ctypes; ctypes.PyDLL(None).pause()")


def test_05_06_what_hangs_is_ended(scene: Scene) -> None:
    """In Python with its last stack, in C holding the interpreter's lock without it: the limit is said, and nothing is left running."""
    sources = [f"'''Hangs.'''\ndef smallest(xs):\n    {body}\n" for body in HANGING]
    code, found = crowd(scene, {"hangs": sources}, "--timeout", "2")("hangs")

    assert 4 == code
    for status, said in found:
        assert "timeout" == status
        assert "2" in said
    assert "hangs0.py" in found[0][1]


def test_07_a_pool_that_deadlocks_leaves_nothing(scene: Scene) -> None:
    """A worker is killed while it holds the queue's lock: the others wait for ever, and are all ended."""
    source = """
        '''A pool whose worker dies.'''
        import multiprocessing, os, signal
        def work(x):
            if x == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return x
        def smallest(xs):
            with multiprocessing.get_context("fork").Pool(2) as pool:
                pool.map(work, range(4))
            return sorted(xs)
    """
    code, status, said = faulty(run(scene, source, "--timeout", "3"))

    assert (4, "timeout") == (code, status)
    assert re.search(r"; \d+ child processes killed", said)


LEAVING = """
    '''Leaves a process behind.'''
    import subprocess
    def smallest(xs):
        subprocess.Popen(["sleep", "600"], start_new_session=True)
        return sorted(xs)
"""


def test_08_a_grandchild_in_its_own_session_is_found(unmeasured: Crowd) -> None:
    """It has left the process group; the sweep finds it, and it is said."""
    code, ((status, said),) = unmeasured("leaves")

    assert (4, "killed") == (code, status)
    assert re.search(r"left \d+ process\(es\) running; they were killed", said)


def test_09_a_bomb_of_memory_is_stopped(scene: Scene) -> None:
    """The limit and what it reached are said."""
    source = """
        '''Eats.'''
        def smallest(xs):
            hoard = []
            while True:
                hoard.append(bytearray(1 << 24))
    """
    code, status, said = faulty(run(scene, source, "--memory", "512MiB"))

    assert (4, "oom") == (code, status)
    assert re.search(r"limit 512 MiB, peak [1-9][\d.]* [MG]iB", said)


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (0, "by somebody else: the kernel did not run out of memory"),
        (1, "probably out of memory: oom_kill +1"),
    ],
)
def test_10_who_killed_it_is_what_the_kernel_says(scene: Scene, more: int, word: str) -> None:
    """Seam: the file in which the kernel counts those it killed for want of memory, since a test must not bring that about."""
    counts = scene.folder / "memory.events"
    counts.write_text("oom 0\noom_kill 7\n")
    source = f"'''Is killed.'''\nimport os, signal\ndef smallest(xs):\n    open({str(counts)!r}, 'w').write('oom 1\\noom_kill {7 + more}\\n')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    program = f"from pathlib import Path\nfrom harness import cli\nfrom harness.lab import supervisor\nsupervisor.OOM_COUNTS = (Path({str(counts)!r}),)\ncli.main()\n"
    ended = scene.run(
        "verify", scene.case(faulty=source), "-q", "--json", "-", program=("-c", program)
    )
    code, status, said = proven(ended)

    assert (4, "killed") == (code, status)
    assert f"killed (SIGKILL, {word})" in said


@pytest.mark.parametrize(
    "ends", [("return sorted(xs)",), ("os.kill(os.getpid(), 9)", "os._exit(3)")]
)
def test_what_a_variant_writes_is_no_change_of_its_sources(
    scene: Scene, ends: tuple[str, ...]
) -> None:
    """A log that its source names and each call makes longer, in its own folder; whether or not the variant lives to tell."""
    source = """
        '''Keeps a log.'''
        import os
        def smallest(xs):
            with open({log!r}, "a") as file:
                file.write("called\\n")
            {end}
    """
    logs = [scene.folder / f"calls{place}.txt" for place in range(len(ends))]
    for log in logs:
        log.write_text("calls\n")
    writing = {
        f"faulty{place}": source.format(log=str(log), end=end)
        for place, (log, end) in enumerate(zip(logs, ends, strict=True))
    }
    ended = scene.run("run", scene.case(**writing, honest=HONEST), *QUICK, "--json", "-")
    found = rows(ended)

    assert ended.code == (0 if len(ends) == 1 else 4), ended.said
    assert found["honest"]["seconds"] is not None
    assert all((len(ends) == 1) == (found[name]["status"] == "ok") for name in writing), ended.said
    assert all("called" in log.read_text() for log in logs)


def test_12_what_breaks_at_one_size_keeps_the_others(scene: Scene) -> None:
    """The size and the seed are said; the smaller size keeps its number."""
    source = """
        '''Breaks when large.'''
        def smallest(xs):
            if len(xs) >= 1000:
                raise ValueError("too large")
            return sorted(xs)
    """
    folder = scene.case(faulty=source)
    ended = scene.run(
        "run", folder, "-w", "10", "-w", "1000", "--budget", "0.5", "-q", "--json", "-"
    )
    small, large = (rows(ended, place)["faulty"] for place in range(2))
    verified = scene.run("verify", folder, "-q")

    assert (4, 4) == (ended.code, verified.code), (ended.said, verified.said)
    assert ("ok", True) == (small["status"], small["seconds"] is not None)
    assert ("raised", None) == (large["status"], large["seconds"])
    assert "workload 1000, seed 0: raised ValueError: too large" in large["message"]
    assert "faulty: raised" in verified.out
    assert "right on all other inputs" in verified.out


WRONG = [
    (
        14,
        "global calls; calls += 1; return sorted(xs) if calls < 11 else sorted(xs)[::-1]",
        "drifted",
        "call 1",
    ),
    (15, "return tuple(sorted(xs))", "wrong-answer", "expected list"),
    (15, "return [int(x * 0) or x for x in sorted(xs)][:-1] + [0]", "wrong-answer", "got int 0"),
    (15, "import numpy; return numpy.sort(xs)", "wrong-answer", "expected list ["),
    (18, "xs.sort(); return list(xs)", "mutated-input", "argument 0 changed"),
    (21, "return iter(sorted(xs))", "lazy-result", "list_iterator"),
    (21, "return (x for x in sorted(xs))", "lazy-result", "generator"),
    (
        23,
        "return [float(t) for t in set(map(repr, xs))]",
        "nondeterministic",
        "with PYTHONHASHSEED 0..4",
    ),
]


WRONG_HEAD = "'''Wrong.'''\ncalls = 0\ndef smallest(xs):\n"


def test_14_15_18_21_23_what_is_wrong_has_no_number(refused: Crowd) -> None:
    """Exit 3, the word for what is wrong, and where."""
    code, found = refused("errs")

    assert 3 == code
    for (_, body, word, where), (status, said) in zip(WRONG, found, strict=True):
        assert word == status, (body, said)
        assert where in said, body


def test_13_wrong_at_one_size_is_shown_where(scene: Scene) -> None:
    """The input, the first index that differs, both values, how far apart they are, and the smallest input that shows it."""
    source = """
        '''Wrong where there are three.'''
        def smallest(xs):
            return [x * (1 + 1e-12 * (len(xs) in (3, 33))) for x in sorted(xs)]
    """
    lists = "strategy=lambda: __import__('hypothesis').strategies.tuples(__import__('hypothesis').strategies.lists(__import__('hypothesis').strategies.floats(1.0, 4.0), max_size=6))"
    code, status, said = proven(prove(scene, source, lists))

    assert (3, "wrong-answer") == (code, status)
    assert re.search(
        r"workload 33, seed \d+: precision differs at answer\[0\]: expected [\d.e-]+, got [\d.e-]+ \(\d+ ulps, relative error 1e-12 > 0",
        said,
    ), said
    assert "smallest failing input: ([1.0, 1.0, 1.0],)" in said


HALF_THE_BITS = """
    '''Half the bits.'''
    import numpy as np
    def smallest(xs):
        return np.sort(np.asarray(xs, dtype=np.float32)).astype(float).tolist()
"""


def test_17_float32_is_called_by_its_name(refused: Crowd) -> None:
    """The error, the bound, and what it looks like."""
    code, ((status, said),) = refused("halves")

    assert (3, "wrong-answer") == (code, status)
    assert "float32" in said


def test_16_edges_follow_the_cases_policy(scene: Scene) -> None:
    """Empty, one item, NaN, infinities: compared as the case says, and the certificate says how."""
    tidy = "'''No negative zero.'''\ndef smallest(xs):\n    return [x + 0.0 for x in sorted(xs, key=repr)]\n"
    naive = "'''By their text.'''\ndef smallest(xs):\n    return sorted(xs, key=repr)\n"
    edges = "adversarial=lambda: [([],), ([1.0],), ([float('nan'), float('inf'), -float('inf'), 0.0],), ([-0.0],)]"
    lax = scene.run("verify", scene.case("lax", edges, tidy=tidy, naive=naive), "-q")
    strict = scene.run(
        "verify",
        scene.case(
            "strict", f"{edges[:0]}{edges}", tidy=tidy, naive=naive, declaration=MINDS_ZEROS
        ),
        "-q",
    )
    empty = scene.run(
        "verify",
        scene.case(
            "empty", edges, naive=naive, faulty=naive.replace("sorted(xs", "sorted(xs or [0.0]")
        ),
        "-q",
    )

    assert (0, True) == (lax.code, "NaN equals NaN; -0.0 equals 0.0" in lax.said), lax.said
    assert (3, True) == (strict.code, "adversarial input 3" in strict.said), strict.said
    assert (3, True) == (empty.code, "adversarial input 0" in empty.said), empty.said


MINDS_ZEROS = DECLARATION.replace("same=exact", "same=replace(exact, signed_zero=True)").replace(
    "import random", "import random\n    from dataclasses import replace"
)


def test_19_what_spoils_others_is_refused(scene: Scene) -> None:
    """It changes a table that others read, so only the order tells: both orders are run, and the one who did it is named."""
    source = """
        '''Leaves its mark.'''
        from {package} import shared
        def smallest(xs):
            answer = [x for x in sorted(xs) if x < shared.LARGEST[0]]
            shared.LARGEST[0] = 0.0
            return answer if answer or not xs else sorted(xs)
    """
    naive = """
        '''Reads the table.'''
        from {package} import shared
        def smallest(xs):
            return [x for x in sorted(xs) if x < shared.LARGEST[0]]
    """
    folder = scene.case(
        faulty=source, naive=naive, shared="'''What all of them read.'''\nLARGEST = [2.0]\n"
    )
    for file in (folder / "faulty.py", folder / "naive.py"):
        file.write_text(file.read_text().replace("from {package} import", "from . import"))
    ended = scene.run("verify", folder, "-q")

    assert 3 == ended.code, ended.said
    assert "right alone, wrong after the other variants ran" in ended.said


SLOW = "sum(i * i for i in range(200_000))"
REMEMBERING = {
    "lru_cache": f"from functools import lru_cache\n@lru_cache(None)\ndef f(xs):\n    {SLOW}\n    return sorted(xs)\ndef smallest(xs):\n    return list(f(tuple(xs)))\n",
    "attribute": f"def smallest(xs):\n    seen = smallest.__dict__.setdefault('seen', {{}})\n    key = tuple(xs)\n    if key not in seen:\n        {SLOW}\n        seen[key] = sorted(xs)\n    return list(seen[key])\n",
    "file": (
        "import json, pathlib, hashlib\ndef smallest(xs):\n    path = pathlib.Path(__file__).with_name(hashlib.md5(repr(xs).encode()).hexdigest() + '.kept')\n"
        f"    if path.exists():\n        return json.loads(path.read_text())\n    {SLOW}\n    path.write_text(json.dumps(sorted(xs)))\n    return sorted(xs)\n"
    ),
}


def test_20_what_remembers_is_refused(refused: Crowd) -> None:
    """In memory by value, on the function, in a file that outlives the process."""
    code, found = refused("remembers")

    assert 3 == code
    assert ["cached-result"] * len(REMEMBERING) == [status for status, _ in found], found


def test_22_a_view_of_the_input_is_refused(scene: Scene) -> None:
    """Whoever changes the answer would change the question."""
    source = """
        '''The same object.'''
        def smallest(xs):
            return xs if xs == sorted(xs) else sorted(xs)
    """
    code, status, said = proven(prove(scene, source, "adversarial=lambda: [([1.0, 2.0],)]"))

    assert (3, "aliased-input") == (code, status), said


PATCHES = (
    "time.perf_counter_ns = lambda: 0",
    "time.perf_counter = lambda: 0.0",
    "gc.disable = gc.enable = gc.collect = lambda *a: 0",
)


def test_24_a_patched_clock_tells_nobody_else(refused: Crowd) -> None:
    """Our clocks were bound before; the variant that did it is refused by name."""
    code, found = refused("patches")

    assert 3 == code
    assert [] == [said for _, said in found if "replaced" not in said]


WORKING_ON = """
    '''Later.'''
    import threading
    def busy():
        for _ in range(50_000_000):
            pass
    def smallest(xs):
        threading.Thread(target=busy, daemon=True).start()
        return sorted(xs)
"""


def test_25_work_after_the_answer_is_seen(refused: Crowd) -> None:
    """A thread that finishes later."""
    code, ((status, said),) = refused("works")

    assert (3, "left-running") == (code, status)
    assert "thread" in said


def test_26_what_is_left_lying_about_is_a_warning(scene: Scene) -> None:
    """Another folder, another locale, an open file: a fresh process makes it harmless, and it is said."""
    source = """
        '''Untidy.'''
        import os, queue, tempfile, threading, warnings
        kept, waiting = [], queue.Queue()
        def smallest(xs):
            if not kept:
                threading.Thread(target=waiting.get, daemon=True).start()
                kept.append(open(__file__))
                os.chdir(tempfile.gettempdir())
                os.umask(0o27)
                warnings.simplefilter("ignore")
                os.environ["LEFT"] = "behind"
            return sorted(xs)
    """
    folder = scene.case(faulty=source)
    verified = scene.run("verify", folder, "-q")
    ended = scene.run("run", folder, *QUICK)

    assert (0, 0) == (verified.code, ended.code), ended.said
    for said in (verified.said, ended.said):
        assert re.search(r"warning: leaks: \d+ thread\(s\), \d+ file descriptor\(s\)", said), said
        assert "changes: working directory, environment, umask, filters of warnings" in said


def test_27_a_flood_of_output_is_cut(scene: Scene) -> None:
    """Megabytes, not in any encoding: none of it reaches our streams, and it is said how much there was."""
    source = """
        '''Talks.'''
        import os, warnings
        def smallest(xs):
            os.write(1, b"\\xff\\xfe" * (1 << 16))
            os.write(2, b"\\xff\\xfe" * (1 << 12))
            warnings.warn("loud")
            return sorted(xs)
    """
    folder = scene.case(faulty=source)
    ended = scene.run("run", folder, *QUICK, "--json", "-")
    verified = scene.run("verify", folder, "-q")

    assert ("ok", 0) == (rows(ended)["faulty"]["status"], verified.code)
    assert len(ended.err) < 20_000
    assert re.search(
        r"warning: prints [\d.]+ [MG]iB: of each process the last 64.0 KiB are kept", verified.said
    ), verified.said


def test_28_a_call_of_nothing_is_looped(scene: Scene) -> None:
    """So many calls make a slice that the clock can tell: nothing is divided by nought, and no time is nought."""
    declaration = DECLARATION.replace(
        "return ([source.random() for _ in range(n)],)", "return (n + seed,)"
    )
    nothing = "'''Nothing.'''\ndef smallest(n):\n    return n\n"
    ended = scene.run(
        "run",
        scene.case(declaration=declaration, naive=nothing, faulty=nothing),
        "-w",
        "10",
        "--budget",
        "0.5",
        "-q",
        "--json",
        "-",
    )
    samples = [
        sample
        for result in store.read(scene.newest()).workloads[0].results
        for one in result.processes
        for sample in one.samples
    ]

    assert 0 == ended.code, ended.said
    assert min(sample.loops for sample in samples) >= 100
    assert all(one["seconds"]["value"] > 0 for one in rows(ended).values())


def test_28_below_the_clock_is_no_number() -> None:
    """Seam: the samples of a run, since no machine here reads its clock so slowly.  Slices too short to tell: exit 5, and it is said."""
    run = fake_run()
    (measured,) = run.workloads
    short = Sample(ns=1, loops=1, cpu_ns=0, round=0)
    results = tuple(
        replace(
            result,
            processes=tuple(replace(process, samples=(short,)) for process in result.processes),
        )
        for result in measured.results
    )
    summary = summarise(
        replace(run, workloads=(replace(measured, results=results, bound_seconds=None),))
    )

    assert 5 == exit_code(summary)
    assert any(
        "below the timer's resolution" in warning for warning in summary.workloads[0].warnings
    )


def test_29_faster_than_possible_is_refused(scene: Scene) -> None:
    """The bound and the time are said."""
    folder = scene.case(more="bound=lambda limits, xs: 1.0", faulty=HONEST)
    code, status, said = proven(scene.run("verify", folder, "-q", "--json", "-"))

    assert (3, "impossible-speed") == (code, status)
    assert "is faster than the lower bound 1.00 s" in said


LACKING = ("import no_such_library", "raise ImportError('ABI mismatch')")


def test_30_a_missing_library_is_named(unmeasured: Crowd) -> None:
    """The variant keeps its row."""
    code, found = unmeasured("lacks")

    assert 4 == code
    for (status, said), word in zip(found, ("no_such_library", "ABI mismatch"), strict=True):
        assert "unavailable" == status
        assert word in said


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of its own with two compiled variants, one of which cannot be compiled; what can be built is built."""
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(  # with what is compiled: no process of a scene writes any
        HOME / "harness", folder / "harness", ignore=shutil.ignore_patterns("*.pyc.*")
    )
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(HOME / name, folder)
    (folder / "extensions" / "sort").mkdir(parents=True)
    for place in ("extensions", "extensions/sort"):
        (folder / place / "__init__.py").touch()
    for name, body in {
        "stale": "return sorted(xs)",
        "broken": "return sorted(xs, undeclared)",
        "unbuilt": "return sorted(xs)",
    }.items():
        (folder / "extensions" / "sort" / f"{name}.pyx").write_text(
            f"# Sorted.\ndef smallest(list xs):\n    {body}\n"
        )
    return folder


def test_30_31_32_builds_are_held_to_their_sources(scene: Scene, project: Path) -> None:
    """Not built, older than its source, cannot be compiled: each is said with its remedy, the others are built and run."""
    body = project / "extensions" / "sort"
    (body / "unbuilt.pyx").rename(body / "unbuilt.later")
    built = subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    (body / "unbuilt.later").rename(body / "unbuilt.pyx")
    with (body / "stale.pyx").open("a") as file:
        file.write("# another thought\n")
    (project / "cases").mkdir()
    doors = {
        name: f"'''A doorway.'''\nfrom extensions.sort.{name} import smallest\n"
        for name in ("stale", "broken", "unbuilt")
    }
    made = scene.case(honest=HONEST, **doors)
    (project / "cases" / "__init__.py").touch()
    shutil.move(made, project / "cases" / "sort")
    ended = scene.run(
        "run",
        "sort",
        *QUICK,
        "--json",
        "-",
        environment={"PYTHONPATH": str(project), "PERFLAB_NO_BUILD": "1"},
    )
    found = rows(ended)

    assert 1 == built.returncode
    assert (
        "extensions/sort/broken.pyx cannot be built: extensions/sort/broken.pyx:3:22: undeclared name not builtin: undeclared"
        in built.stderr
    )
    assert 1 == len(list(body.glob("stale.*.so")))
    assert 4 == ended.code, ended.said
    assert ["ok", "ok", "not-built", "not-built", "not-built"] == [
        found[name]["status"] for name in ("naive", "honest", *doors)
    ]
    assert "is older than its source (the digests differ): cd " in found["stale"]["message"]
    assert "broken.pyx:3:22: undeclared name not builtin: undeclared" in found["broken"]["message"]
    assert "build/log/extensions.sort.broken.log" in found["broken"]["message"]
    assert "unbuilt.pyx is not built: cd " in found["unbuilt"]["message"]
