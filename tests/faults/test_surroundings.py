"""Exit 1 is a confirmed regression and nothing else: the whole command line in hostile surroundings.

Each row is a place, an environment or a limit; the commands are cheap ones, a few with workers.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import sysconfig
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]
STANDARD = ("random", "token", "statistics", "tempfile", "typing", "dataclasses", "struct", "json")
LATER = ("hashlib", "ctypes", "subprocess", "secrets", "pickle", "difflib", "errno", "traceback")
OURS = ("click", "numpy", "rich", "msgspec", "psutil", "platformdirs", "filelock", "pygments")
SITE = sysconfig.get_path("purelib")
BROKEN = "raise RuntimeError('not the module you wanted')\n"
BOTH = ("module", "script")
LIST, HELP, VERIFY = ["list", "./pcase"], ["--help"], ["verify", "./pcase", "--fresh", "-q"]
UNKNOWN = ["list", "nothing-like-it"]


@dataclass(frozen=True)
class Row:
    """One kind of surroundings, and the commands that are tried in it."""

    name: str
    files: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str | None] = field(default_factory=dict)
    before: Callable[[], None] | None = None
    """In the child, before the program begins."""
    flags: tuple[str, ...] = ()
    closed: tuple[int, ...] = ()
    commands: tuple[list[str], ...] = (LIST,)
    codes: tuple[int, ...] = (0, 2)
    said: str = ""
    """Stands in what was printed."""
    programs: tuple[str, ...] = ("script",)


def limit(which: int, most: int) -> Callable[[], None]:
    """Lower a limit of the process."""
    return lambda: resource.setrlimit(which, (most, most))


def ignore(number: int) -> Callable[[], None]:
    """Let a signal be ignored, as a shell's trap does."""
    return lambda: signal.signal(number, signal.SIG_IGN) and None


def gone() -> None:
    """Remove the working directory from below the program."""
    here = os.getcwd()
    os.mkdir("gone")
    os.chdir("gone")
    os.rmdir(f"{here}/gone")


def shadows(names: tuple[str, ...]) -> dict[str, str]:
    """Files of the user's with the names of modules."""
    return {f"{name}.py": BROKEN for name in names}


ROWS = (
    Row("plain", programs=BOTH, commands=(LIST, HELP, UNKNOWN, ["list"])),
    Row("the standard library's names", shadows(STANDARD), programs=BOTH, commands=(LIST, HELP, VERIFY)),
    Row("names that are imported later", shadows(LATER), programs=BOTH, commands=(LIST,)),
    Row("names that the launcher needs", shadows(("types", "enum", "functools", "re", "keyword",
        "collections", "operator", "warnings", "contextlib", "abc", "io", "os", "copyreg")),
        {"TEST_SITE": SITE}, flags=("-S",)),
    Row("packages of those names", {f"{name}/__init__.py": BROKEN for name in (*STANDARD, *LATER)}),
    Row("the names of our libraries", shadows(OURS), programs=BOTH, commands=(LIST, VERIFY)),
    Row("packages of those", {f"{name}/__init__.py": "" for name in OURS}, commands=(LIST,)),
    Row("folders of those", {f"{name}/x.txt": "" for name in (*OURS, *STANDARD)}),
    Row("a package harness", {"harness/__init__.py": "x = 1\n"},
        commands=(LIST, HELP, UNKNOWN, VERIFY)),
    Row("a folder harness", {"harness/x.py": ""}, commands=(LIST,)),
    Row("a module harness", {"harness.py": BROKEN}, commands=(LIST,)),
    Row("harness on PYTHONPATH", {"harness/__init__.py": BROKEN}, {"PYTHONPATH": "."},
        commands=(LIST, VERIFY)),
    Row("packages cases and extensions", {"cases/__init__.py": "", "extensions/__init__.py": "",
        "cases/words/__init__.py": ""}, commands=(["list", "dedupe"], LIST)),
    Row("standard names on PYTHONPATH", {f"lib/{name}.py": BROKEN for name in STANDARD[:4]},
        {"PYTHONPATH": "lib"}, commands=(LIST,)),
    Row("our libraries' names on PYTHONPATH", {f"lib/{name}.py": BROKEN for name in OURS},
        {"PYTHONPATH": "lib"}),
    Row("a PYTHONPATH of rubbish", {}, {"PYTHONPATH": "/nowhere:\x01:::relative/../x"},
        commands=(LIST, VERIFY)),
    Row("a broken sitecustomize", {"lib/sitecustomize.py": BROKEN}, {"PYTHONPATH": "lib"},
        commands=(LIST,)),
    Row("a broken usercustomize", {"lib/usercustomize.py": BROKEN}, {"PYTHONPATH": "lib"},
        programs=("script",)),
    Row("a low recursion limit", {"lib/sitecustomize.py": "import sys\nsys.setrecursionlimit(90)\n"},
        {"PYTHONPATH": "lib"}, codes=(0, 2, 4)),
    Row("a tracer from sitecustomize", {"lib/sitecustomize.py":
        "import sys\nsys.settrace(lambda *a: None)\n"}, {"PYTHONPATH": "lib"}),
    Row("PYTHONSTARTUP of rubbish", {}, {"PYTHONSTARTUP": "/nowhere"}),
    Row("PYTHONOPTIMIZE", {}, {"PYTHONOPTIMIZE": "2"}, commands=(LIST, HELP)),
    Row("PYTHONWARNINGS", {}, {"PYTHONWARNINGS": "error"}, commands=(LIST,)),
    Row("PYTHONDEVMODE", {}, {"PYTHONDEVMODE": "1"}),
    Row("PYTHONINSPECT", {}, {"PYTHONINSPECT": "1"}),
    Row("PYTHONSAFEPATH", {}, {"PYTHONSAFEPATH": "1"}, commands=(LIST, VERIFY)),
    Row("PYTHONDONTWRITEBYTECODE", {}, {"PYTHONDONTWRITEBYTECODE": "1"}),
    Row("PYTHONUNBUFFERED and a hash seed", {}, {"PYTHONUNBUFFERED": "1", "PYTHONHASHSEED": "7"}),
    Row("a poor locale", {}, {"LC_ALL": "C", "LANG": None, "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0"}),
    Row("a locale that is not there", {}, {"LC_ALL": "xx_XX.UTF-8"}, commands=(LIST,)),
    Row("-I", flags=("-I",)),
    Row("-S", flags=("-S",), codes=(7,), said="without -S", commands=(LIST,)),
    Row("-bb", flags=("-bb",)),
    Row("no HOME", {}, {"HOME": None, "XDG_CACHE_HOME": None}, commands=(LIST,)),
    Row("a HOME that is a file", {"file": ""}, {"HOME": "file", "PERFLAB_CACHE": None},
        commands=(VERIFY,), codes=(0, 6, 7)),
    Row("a cache that is a file", {"file": ""}, {"PERFLAB_CACHE": "file"}, commands=(VERIFY,),
        codes=(6, 7)),
    Row("a TMPDIR that is not there", {}, {"TMPDIR": "/nowhere/at/all"}, commands=(LIST,)),
    Row("no PATH", {}, {"PATH": None}, commands=(LIST, ["gate", "./pcase", "--against", "HEAD"]),
        codes=(0, 2, 7)),
    Row("nothing but PATH", {}, {name: None for name in os.environ if name != "PATH"}),
    Row("the working directory is gone", before=gone, programs=BOTH, commands=(HELP, ["list", "dedupe"]), codes=(0,)),
    Row("a case in it", before=gone, commands=(VERIFY, ["new", "mine"]), codes=(2,),
        said="working directory is gone"),
    Row("six files", before=limit(resource.RLIMIT_NOFILE, 6), commands=(LIST, VERIFY),
        codes=(0, 7), said="ulimit -n"),
    Row("twelve files", before=limit(resource.RLIMIT_NOFILE, 12), commands=(LIST,),
        codes=(0, 7)),
    Row("no file may grow", before=limit(resource.RLIMIT_FSIZE, 0), commands=(LIST,),
        codes=(0, 6, 7)),
    Row("little stack", before=limit(resource.RLIMIT_STACK, 1 << 20)),
    Row("little memory", before=limit(resource.RLIMIT_AS, 60 << 20), codes=(0, 2, 4, 7)),
    Row("SIGPIPE ignored", before=ignore(signal.SIGPIPE)),
    Row("SIGCHLD ignored", before=ignore(signal.SIGCHLD), commands=(LIST, VERIFY)),
    Row("SIGTERM and SIGHUP ignored", before=ignore(signal.SIGHUP)),
    Row("a strange umask", before=lambda: os.umask(0o777) and None, commands=(LIST,),
        codes=(0, 6, 7)),
    Row("a large environment", {}, {f"LARGE_{n}": "x" * 100_000 for n in range(12)},
        commands=(LIST,)),
    *(
        Row(f"closed: {which}", closed=which)
        for which in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2))
    ),
    Row("closed: all three", closed=(0, 1, 2), programs=BOTH, commands=(LIST, VERIFY)),
)  # fmt: skip
DECLARATION = """
    '''?'''
    import random
    from harness import Case, exact, sweep
    def make(n, seed):
        s = random.Random(seed)
        return ([s.randint(-9, 9) for _ in range(n)],)
    case = Case(function="f", variants=("ref", "var"), workloads=sweep(make, n=(4, 8)), same=exact)
"""
SOURCE = "'''r'''\nimport random\ndef f(x):\n    random.random()\n    return sorted(x)\n"
SCRIPT = f"""
import os, sys
sys.path.append({str(HOME)!r})  # as site-packages stands behind everything else
sys.path += filter(None, [os.environ.get("TEST_SITE")])  # under -S: no .pth has imported anything
from perflab.__main__ import command
if __name__ == "__main__":
    sys.exit(command())
"""


def scene(folder: Path, row: Row) -> None:
    """A small case, the user's files, and the console script as pip writes it."""
    case = folder / "pcase"
    case.mkdir(parents=True)
    (case / "__init__.py").write_text(textwrap.dedent(DECLARATION))
    for variant in ("ref", "var"):
        (case / f"{variant}.py").write_text(SOURCE)
    script = folder.parent / "bin" / "perflab"
    script.parent.mkdir()
    script.write_text(SCRIPT)
    for name, text in row.files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def start(
    folder: Path, row: Row, program: str, command: list[str], *, cache: Path
) -> tuple[int, str]:
    """Run one command in the row's surroundings; return its exit code and all that it printed."""
    environment: dict[str, str | None] = {
        **os.environ,
        "PERFLAB_CACHE": str(cache),
        "PYTHONPATH": "" if program == "script" else str(HOME),
        **row.environment,
    }
    kept = {name: value for name, value in environment.items() if value is not None}
    script = str(folder.parent / "bin" / "perflab")
    words = [sys.executable, *row.flags, *(["-m", "harness"] if program == "module" else [script])]

    def prepare() -> None:
        if row.before is not None:
            row.before()
        for descriptor in row.closed:
            os.close(descriptor)

    ended = subprocess.run(
        [*words, *command],
        capture_output=True,
        check=False,
        cwd=folder,
        env=kept,
        preexec_fn=prepare,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )
    said = (ended.stdout + ended.stderr).decode(errors="replace")
    return ended.returncode, said


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name.replace(" ", "-"))
@pytest.mark.usefixtures("known_limits")
def test_no_surroundings_give_exit_1_or_a_traceback(row: Row, tmp_path: Path) -> None:
    """Whatever surrounds it, a command works or says what is wrong in a line."""
    cache = Path(os.environ["PERFLAB_CACHE"])
    folder = tmp_path / "project"
    scene(folder, row)
    said_all = ""
    for program in row.programs:
        for command in row.commands:
            code, said = start(folder, row, program, command, cache=cache)
            said_all += said

            assert code in row.codes, (program, command, code, said)
            assert "Traceback (most recent call last)" not in said, said
            if code not in (0, 2) and 2 not in row.closed:
                assert "error: " in said, said
                assert "try: " in said, said
    assert row.said in said_all


if __name__ == "__main__":  # a look at the whole table by hand
    import tempfile
    import time

    for one in ROWS:
        with tempfile.TemporaryDirectory() as place:
            where = Path(place, "project")
            scene(where, one)
            for how in one.programs:
                for words in one.commands:
                    began = time.monotonic()
                    code, said = start(where, one, how, words, cache=Path(sys.argv[1]))
                    bad = code not in one.codes or "Traceback" in said
                    last = (
                        [line for line in said.splitlines() if line.strip()][-3:]
                        if code or bad
                        else []
                    )
                    spent = time.monotonic() - began
                    print(
                        f"{spent:4.1f}",
                        "BAD" if bad else "ok ",
                        one.name,
                        how,
                        words[0],
                        code,
                        json.dumps(last)[:600],
                        flush=True,
                    )
