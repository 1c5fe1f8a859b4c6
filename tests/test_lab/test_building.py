"""Building on demand: what is built, when, with which words; by the real setup.py with tiny bodies."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]
ASK = """
import json, sys
from pathlib import Path
from harness.errors import NotBuilt
from harness.lab import building
said = []
names = sys.argv[1:]
sources = [building.HOME / "extensions" / "tiny" / f"{name}.pyx" for name in names]
built = building.provide(sources, said.append)
states = []
for source in sources:
    try:
        building.require(source)
        states.append("built")
    except NotBuilt as error:
        states.append(f"{error.problem}: {error.remedy}")
print(json.dumps([built, said, states]))
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of ours with tiny bodies, one of which cannot be compiled."""
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(
        HOME / "harness", folder / "harness", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(HOME / name, folder)
    bodies = folder / "extensions" / "tiny"
    bodies.mkdir(parents=True)
    (bodies / "one.pyx").write_text('cdef extern from "number.h":\n    int N\ndef n(): return N\n')
    (bodies / "number.h").write_text('#include "deeper.h"\n')
    (bodies / "deeper.h").write_text("#define N 1\n")
    (bodies / "other.pyx").write_text("def n(): return 2\n")
    (bodies / "wrong.pyx").write_text("def n(): return undeclared\n")
    return folder


def ask(checkout: Path, *names: str, **environment: str) -> tuple[bool, list[str], list[str]]:
    """Ask a process of the checkout to provide the bodies; whether it built, what it said, the states."""
    ended = subprocess.run(
        [sys.executable, "-c", ASK, *names],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    built, said, states = json.loads(ended.stdout)
    return built, said, states


def test_a_body_is_built_once_and_anew_when_a_header_of_a_header_changes(checkout: Path) -> None:
    """One line says so; forbidden, it is said what is missing; what is current is left alone."""
    bodies = checkout / "extensions" / "tiny"
    forbidden = ask(checkout, "one", PERFLAB_NO_BUILD="1")
    first, again = ask(checkout, "one"), ask(checkout, "one")
    (bodies / "deeper.h").write_text("#define N 3\n")
    stale, third = ask(checkout, "one", PERFLAB_NO_BUILD="1"), ask(checkout, "one")
    record = json.loads((bodies / "one.build.json").read_text())
    shown = "import extensions.tiny.one as one; print(one.n())"
    answer = subprocess.run(
        [sys.executable, "-c", shown], cwd=checkout, capture_output=True, text=True, check=True
    )

    assert (False, []) == forbidden[:2]
    assert "one.pyx is not built: cd " in forbidden[2][0]
    assert (True, ["built"]) == (first[0], first[2])
    assert 1 == len(first[1])
    assert first[1][0].startswith("building extensions/tiny/one.pyx (once, about ")
    assert (False, [], ["built"]) == again
    assert "is older than its source" in stale[2][0]
    assert (True, ["built"]) == (third[0], third[2])
    assert "3" == answer.stdout.strip()
    assert {f"extensions/tiny/{name}" for name in ("one.pyx", "number.h", "deeper.h")} == set(
        record["inputs"]
    )
    assert record["seconds"] > 0


def test_what_cannot_be_built_is_tried_once(checkout: Path) -> None:
    """The others are built all the same; the error is said until the source changes."""
    first, again = ask(checkout, "other", "wrong"), ask(checkout, "other", "wrong")

    assert (True, False) == (first[0], again[0])
    assert "built" == first[2][0] == again[2][0]
    assert "wrong.pyx:1:16: undeclared name not builtin: undeclared" in first[2][1]
    assert first[2][1] == again[2][1]


def test_without_a_compiler_nothing_is_tried(checkout: Path) -> None:
    """The words are those of what is not built."""
    for file in (checkout / "extensions" / "tiny").glob("other.*.so"):
        file.unlink()
    built, said, states = ask(checkout, "other", CC="no-such-compiler")

    assert (False, []) == (built, said)
    assert "other.pyx is not built" in states[0]


def test_a_killed_build_leaves_nothing_half_done(checkout: Path) -> None:
    """No library and no record, no process left; the next build makes the whole."""
    bodies = checkout / "extensions" / "tiny"
    (bodies / "killed.pyx").write_text("def n(): return 4\n")
    waiting, compiler = checkout / "waiting", checkout / "compiler"
    os.mkfifo(waiting)
    compiler.write_text(
        f'#!/bin/sh\ncase "$*" in *killed*) echo at work >{waiting}; exec sleep 60;; esac\nexec cc "$@"\n'
    )
    compiler.chmod(0o755)
    build = subprocess.Popen(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace", "--only", "tiny/killed"],
        cwd=checkout,
        env={**os.environ, "CC": str(compiler)},
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    assert "at work\n" == waiting.read_text()
    os.killpg(build.pid, signal.SIGINT)
    build.wait()

    assert [bodies / "killed.pyx"] == list(bodies.glob("killed*"))
    assert 0 != build.returncode
    assert (True, ["built"]) == ask(checkout, "killed")[::2]
