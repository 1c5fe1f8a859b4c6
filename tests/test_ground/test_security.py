"""What the sources never do, whatever they are given: a shell, a pickle of somebody's, a stray git, the network."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

HOME = Path(__file__).parents[2]
MODULES = {
    path.relative_to(HOME).as_posix(): ast.parse(path.read_bytes())
    for path in sorted((HOME / "harness").rglob("*.py"))
}


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call, with the module that makes it."""
    for name, module in MODULES.items():
        yield from ((name, node) for node in ast.walk(module) if isinstance(node, ast.Call))


def imports() -> dict[str, set[str]]:
    """The modules, by what they import."""
    found: dict[str, set[str]] = {}
    for name, module in MODULES.items():
        for node in ast.walk(module):
            roots = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            for root in roots:
                found.setdefault(root.partition(".")[0], set()).add(name)
    return found


def test_no_shell_is_ever_started() -> None:
    """No ``shell=``, no ``os.system``, no ``popen``: a program gets its arguments one by one."""
    shells = [name for name, call in calls() if any(word.arg == "shell" for word in call.keywords)]
    shells += [
        name
        for name, call in calls()
        if ast.unparse(call.func)
        in {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"}
    ]

    assert [] == shells


def test_one_room_asks_git() -> None:
    """With the settings that keep a repository from starting programs; nobody else starts git."""
    said = {
        name
        for name, module in MODULES.items()
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and node.value == "git"
    }

    assert {"harness/lab/repository.py"} == said


def test_nothing_is_unpickled_but_our_own() -> None:
    """Copies of arguments, in the processes that run the variants: results, reports, recordings and the cache are JSON."""
    loaders = {
        name
        for name, call in calls()
        if ast.unparse(call.func) in {"pickle.load", "pickle.loads", "marshal.loads", "shelve.open"}
    }
    others = {
        name
        for name in loaders
        if not name.startswith(("harness/lab/worker/", "harness/lab/limits/"))
    }

    assert {"harness/history/instrument.py"} == others
    assert set() == imports().get("yaml", set()) | imports().get("dill", set()) | imports().get(
        "joblib", set()
    )


def test_nothing_reaches_for_the_network() -> None:
    """The only sockets are those of two servers on this machine's own address, and the round trip that ``limits`` times."""
    found = imports()
    theirs = (
        found.get("requests", set())
        | found.get("httpx", set())
        | found.get("ftplib", set())
        | found.get("smtplib", set())
    )

    assert set() == theirs
    assert {"harness/lab/serving.py", "harness/lab/monitor/exposition.py"} == found.get(
        "http", set()
    )
    assert found.get("socket", set()) <= {"harness/lab/limits/system.py", "harness/lab/doctor.py"}
