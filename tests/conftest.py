"""What all tests share: a cache and a store of their own, and small cases written on the spot."""

from __future__ import annotations

import secrets
import signal
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.model.limited import MachineLimits

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # a shell starts what runs in its background like this, and every child inherits it
    signal.signal(signal.SIGINT, signal.default_int_handler)

NAIVE = """
    '''Sort.'''
    def smallest(xs):
        ys = [x * 1.0 for x in xs]
        ys.sort()
        return ys
"""

DECLARATION = """
    '''Which number comes first?  Sort floats.'''
    import random
    from harness import Case, exact, sweep

    def make(n, seed):
        source = random.Random(seed)
        return ([source.random() for _ in range(n)],)

    case = Case(function="smallest", variants={variants!r}, workloads=sweep(make, n=(10, 33, 100, 1000, 3333)), same=exact, {more})
"""


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Certificates, limits and results of tests never meet those of the user."""
    monkeypatch.setenv("PERFLAB_CACHE", str(tmp_path / "perflab-cache"))
    monkeypatch.setenv("PERFLAB_STORE", str(tmp_path / "results"))
    yield


@pytest.fixture(scope="session")
def machines_limits(tmp_path_factory: pytest.TempPathFactory) -> MachineLimits:
    """The machine's limits, measured once for all tests, and hastily."""
    from harness.lab import machine
    from harness.lab.supervisor import Confines, Worker, processors

    job = {
        "do": "limits",
        "folder": str(tmp_path_factory.mktemp("limits")),
        "workers": processors(),
        "repetitions": 2,
        "seconds": 0.002,
        "more": 0,
    }
    with Worker(Confines(60.0, 4 << 30)) as worker:
        return machine.limits_said(machine.this_machine(), worker.ask(job))


@pytest.fixture
def known_limits(machines_limits: MachineLimits) -> None:
    """Put the limits into this test's cache, so that it need not measure them again."""
    from harness.lab import machine

    machine.keep_limits(machines_limits)


@pytest.fixture
def write_case(tmp_path: Path) -> Callable[..., Path]:
    """Write a case of given variants into a folder of its own; returns the folder."""

    def write(
        more: str = "", name: str = "", declaration: str = DECLARATION, **sources: str
    ) -> Path:
        # a name nobody has imported yet in this process
        folder = tmp_path / (name or f"tiny{secrets.token_hex(4)}")
        folder.mkdir()
        variants = ("naive", *(source for source in sources if source not in {"mutants", "naive"}))
        text = {
            "__init__": declaration.format(variants=variants, more=more),
            "naive": NAIVE,
            **sources,
        }
        for file, source in text.items():
            (folder / f"{file}.py").write_text(textwrap.dedent(source), encoding="utf-8")
        return folder

    return write


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once, at the end, which programs are missing on this machine, and what brings them."""
    from harness.lab import doctor

    check = doctor.programs(doctor.Here())
    if check.remedy:
        terminalreporter.write_line(f"programs: {check.found}; try: {check.remedy}")
