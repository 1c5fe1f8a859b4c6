"""What is ours is never charged to a variant, nor what a variant does to its neighbour; and sources are what Python reads.

One project, several small cases, few commands: the real command line on all of them together.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import pytest

from harness import start
from harness.lab import catalogue
from harness.lab.ignored import case_files, is_ignored
from harness.lab.mutation import mutations_of
from harness.lab.source_text import source_lines
from harness.lab.sources import Watch
from harness.lab.supervisor import worker_environment
from harness.lab.worker import surroundings
from harness.lab.worker.subject import Subject
from harness.lab.worker.surroundings import Ledger
from tests.faults.scene import Scene
from tests.repositories import commit

LISTS = "return ([s.randint(-9, 9) for _ in range(n)],)"
ARRAYS = "import numpy; return (numpy.array([s.randint(-9, 9) for _ in range(n)]),)"
DECLARATION = """
    '''?'''
    import random
    from harness import Case, exact, sweep
    def make(n, seed):
        s = random.Random(seed)
        {make}
    case = Case(function="f", variants=("ref", "var"), workloads=sweep(make, n=(4, 8)), same=exact)
"""
PLAIN = "def f(x):\n    return sorted(x)\n"
CASES = {
    "coroutine": (LISTS, "async def f(x):\n    return sorted(x)\n",
        "import asyncio\nasync def f(x):\n    return await asyncio.to_thread(sorted, x)\n"),
    "arrays": (ARRAYS, "def f(a):\n    return a * 2\n", "def f(a):\n    return a + a\n"),
    "shared": (LISTS, PLAIN, """
        from multiprocessing.shared_memory import SharedMemory
        def f(x):
            piece = SharedMemory(create=True, size=64)
            piece.close()
            piece.unlink()
            return sorted(x)
        """),
    "arguments": (LISTS, PLAIN, """
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--n", type=int, default=3)
        N = parser.parse_args().n
        def f(x):
            return sorted(x)
        """),
    "latin": (LISTS, "# -*- coding: latin-1 -*-\nWORD = 'Größe'\n" + PLAIN, PLAIN),
    "marked": (LISTS, "\ufeff" + PLAIN, PLAIN),
    "leaves": (LISTS, PLAIN, """
        import os, tempfile
        def f(x):
            with tempfile.TemporaryDirectory() as folder:
                os.chdir(folder)
            return sorted(x)
        """),
    "changes": (LISTS, PLAIN, """
        import decimal, signal, sys
        def f(x):
            decimal.getcontext().prec = 7
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)
            sys.setrecursionlimit(1234)
            sys.path.append("/elsewhere")
            return sorted(x)
        """),
}  # fmt: skip
SAID = {
    "leaves": ["changes: working directory, which is gone"],
    "changes": ["changes: signal handlers, recursion limit, sys.path, decimal context"],
}
"""Every other variant has no warning."""


def write(folder: Path, name: str, *, make: str, ref: str, var: str) -> Path:
    """Write one case."""
    case = folder / name
    case.mkdir()
    (case / "__init__.py").write_text(textwrap.dedent(DECLARATION.format(make=make)))
    for variant, source in (("ref", ref), ("var", var)):
        text = textwrap.dedent(source)
        coding = "latin-1" if "latin-1" in text else "utf-8"
        if not text.startswith(("\ufeff", "#")):
            text = f"'''A way.'''\n{text}"
        (case / f"{variant}.py").write_bytes(text.encode(coding))
    return case


def test_warnings_are_of_the_variants_own_doing(scene: Scene) -> None:
    """Loops of ours, imports by unpickling, pieces of a neighbour, our own arguments: none is charged."""
    folders = [
        write(scene.folder, name, make=make, ref=ref, var=var)
        for name, (make, ref, var) in CASES.items()
    ]
    ended = scene.run("verify", *folders, "-q")
    said: dict[str, list[str]] = {}
    for line in ended.out.splitlines():
        if line.startswith("  warning: "):
            said[next(reversed(said))].append(line.removeprefix("  warning: "))
        else:
            said[line.partition(":")[0]] = []

    assert 0 == ended.code, ended.said
    assert len(said) == 2 * len(CASES)
    assert {f"{name} var": warned for name, warned in SAID.items()} == {
        name: warned for name, warned in said.items() if warned
    }


def test_a_source_is_mutated_as_python_reads_it(scene: Scene) -> None:
    """A coding line and a byte order mark are the language's: the mutants are those of the program."""
    text = "def f(x):\n    return [v + 1 for v in x]\n"
    plain = [one.what for one in mutations_of(text)]
    coded = f"# coding: latin-1\nWORD = 'ü'\n{text}".encode("latin-1")

    assert plain == [one.what for one in mutations_of(f"\ufeff{text}".encode())]
    assert plain == [one.what for one in mutations_of(coded)]

    folder = write(scene.folder, "marked", make=LISTS, ref=f"\ufeff{text}", var=text)
    ended = scene.run("verify", folder, "--mechanical", "-q")

    assert 0 == ended.code, ended.said
    assert "mechanical mutants: " in ended.out


def test_lines_are_counted_and_decoded_as_python_does(tmp_path: Path) -> None:
    """A form feed begins no line, a carriage return does; letters are those of the coding line."""
    file = tmp_path / "a.py"
    file.write_bytes(b"# coding: latin-1\r\na = '\xfc'\x0c\x1c\rb = 1\n")

    assert ["# coding: latin-1", "a = 'ü'\x0c\x1c", "b = 1", ""] == source_lines(file)

    file.write_bytes(b"\xef\xbb\xbfa = 1\n")
    assert ["a = 1", ""] == source_lines(file)

    file.write_bytes(b"# coding: nonsense\n\xff\n")
    assert ["# coding: nonsense", "\N{REPLACEMENT CHARACTER}", ""] == source_lines(file)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("data.csv", False), ("data/numbers.bin", False), ("env/settings.json", False),
        ("build/table.txt", False), ("_helper.dat", False),
        (".git/index", True), (".venv/lib/x.txt", True), ("__pycache__/a.bin", True),
        (".ipynb_checkpoints/n.json", True), ("sub/.mypy_cache/x.json", True),
        ("node_modules/a/b.json", True), ("x.egg-info/PKG-INFO", True),
        ("notes.txt~", True), ("#notes#", True), (".notes.swp", True), (".DS_Store", True),
        ("study.ipynb", True), ("4913", True),
    ],
)  # fmt: skip
def test_what_is_a_tools_is_no_data(name: str, expected: bool) -> None:
    """By its name alone: hidden files, caches, environments, editors' files, notebooks."""
    assert expected == is_ignored(Path(name))


def test_environments_and_what_git_ignores_are_left_out(tmp_path: Path) -> None:
    """An environment of any name, and what .gitignore says; without a repository it says nothing."""
    for name in (
        "data.csv",
        "made.bin",
        "env/pyvenv.cfg",
        "env/lib.txt",
        "out/a.txt",
        "keep/a.txt",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    (tmp_path / ".gitignore").write_text("made.*\nout/\n")
    names = [str(file.relative_to(tmp_path)) for file in case_files(tmp_path)]
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    in_git = [str(file.relative_to(tmp_path)) for file in case_files(tmp_path)]

    assert ["data.csv", "keep/a.txt", "made.bin", "out/a.txt"] == sorted(names)
    assert ["data.csv", "keep/a.txt"] == sorted(in_git)


def test_what_happens_between_two_calls_is_nobodys() -> None:
    """A thread that was started, and a variable set, outside of the calls is not the variant's."""
    ledger = Ledger(Subject("var", sorted, None))
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait, daemon=True)
    with ledger.call():
        pass
    thread.start()
    os.environ["PERFLAB_BETWEEN"] = "1"
    try:
        with ledger.call():
            pass

        assert () == ledger.warnings()
        with ledger.call():
            os.environ["PERFLAB_BETWEEN"] = "2"
        assert ("changes: environment",) == ledger.warnings()
    finally:
        del os.environ["PERFLAB_BETWEEN"]
        stop.set()
        thread.join()


def test_shared_memory_is_its_makers(monkeypatch: pytest.MonkeyPatch) -> None:
    """/dev/shm is the whole machine's: a piece that a stranger makes meanwhile is not ours; one of our own tree is."""
    ledger = Ledger(Subject("var", sorted, None))
    program = "from multiprocessing.shared_memory import SharedMemory as S; p = S(create=True, size=9); print(p.name, flush=True); input(); p.unlink()"
    said = []
    for tree in ([], None):
        if tree is not None:
            monkeypatch.setattr(surroundings, "descendants", list)
        with ledger.call():
            other = subprocess.Popen(
                [sys.executable, "-c", program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert other.stdout is not None
            assert other.stdout.readline().strip()
        said.append(ledger.warnings())
        monkeypatch.undo()
        other.communicate("\n")
    with ledger.call():
        piece = SharedMemory(create=True, size=9)
        piece.close()
    said.append(ledger.warnings())
    piece.unlink()

    leaks = ("leaks: 1 piece(s) of shared memory",)
    assert [(), leaks, leaks] == said


def test_relative_entries_of_the_path_are_absolute_for_children(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A profiler's child goes to another folder; what PYTHONPATH names from here is still found, after our own package."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([".", "src", "", "/opt/x"]))
    made = worker_environment({})

    assert made["PYTHONPATH"].endswith(os.path.join("harness", "pinned"))
    assert [str(tmp_path), str(tmp_path), str(tmp_path / "src"), "/opt/x"] == made[
        start.USERS_PATH
    ].split(os.pathsep)


def test_what_tools_write_meanwhile_stops_no_run(tmp_path: Path) -> None:
    """A commit in the case's folder, a notebook that saves itself, a cache: the sources are what they were."""
    folder = write(tmp_path, f"watched{os.getpid()}", make=LISTS, ref=PLAIN, var=PLAIN)
    commit(folder)
    (folder / "notebook.ipynb").write_text("{}")
    found = catalogue.find_case(str(folder))
    watch = Watch(found, found.load(), ("ref", "var"))
    commit(folder)
    (folder / "notebook.ipynb").write_text('{"cells": []}')
    for name in (".ipynb_checkpoints/a.json", ".venv/b.txt", ".mypy_cache/c.json", ".d.swp"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("1")

    assert watch.changed() is None
    (folder / "var.py").write_text(f"{PLAIN}\n# another\n")
    assert watch.changed() is not None
