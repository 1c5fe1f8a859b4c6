"""The scene of every fault: a store with an older run, a small case, the real command line, and what must hold whatever happened."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from harness.lab import store
from harness.model.limited import MachineLimits
from tests.fakes.runs import fake_run

HOME = Path(__file__).parents[2]
TOKEN = "PERFLAB_TEST_SCENE"
HONEST = """
    '''Sorted.'''
    def smallest(xs):
        return sorted(xs)
"""
_NAIVE = """
    '''Sort.'''
    def smallest(xs):
        ys = list(xs)
        ys.sort()
        return ys
"""
DECLARATION = """
    '''Which number comes first?'''
    import random
    from harness import Case, close, exact, sweep, ulps, unordered

    def make(n, seed):
        source = random.Random(seed)
        return ([source.random() for _ in range(n)],)

    case = Case(function="smallest", variants={variants!r}, workloads=sweep(make, n=(10, 33, 100, 1000, 3333)), same=exact, {more})
"""


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Both streams, on one line."""
        return " ".join(f"{self.out} {self.err}".split())

    def document(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


@dataclass
class Scene:
    """One test's folder, store and cache."""

    folder: Path
    token: str = field(default_factory=lambda: secrets.token_hex(8))

    def __post_init__(self) -> None:
        """Put an older run into the store: whatever happens, it stays as it is."""
        self.older = store.write(fake_run(), self.store)
        self.before = self.older.read_bytes()

    @property
    def store(self) -> Path:
        """Where results go."""
        return self.folder / "results"

    def case(self, name: str = "sort", more: str = "", **sources: str) -> Path:
        """Write a case: the reference, and the variants given by their sources."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        variants = (
            "naive",
            *(
                source
                for source in sources
                if source not in {"mutants", "naive", "declaration", "shared"}
            ),
        )
        declaration = sources.pop("declaration", DECLARATION)
        text = {
            "__init__": declaration.format(variants=variants, more=more),
            "naive": _NAIVE,
            **sources,
        }
        for file, source in text.items():
            (folder / f"{file}.py").write_text(textwrap.dedent(source), encoding="utf-8")
        return folder

    def environment(self, **more: str) -> dict[str, str]:
        """What a command of this scene runs in."""
        own = {
            "PYTHONPATH": str(HOME),
            "PYTHONDONTWRITEBYTECODE": "1",
            "COLUMNS": "160",
            TOKEN: self.token,
        }
        own |= {"PERFLAB_STORE": str(self.store), "PERFLAB_CACHE": str(self.folder / "cache")}
        return {
            **{
                name: value for name, value in os.environ.items() if not name.startswith("PERFLAB_")
            },
            **own,
            **more,
        }

    def start(self, *arguments: object, **more: Any) -> subprocess.Popen[str]:
        """Start a command in a session of its own."""
        environment = self.environment(**more.pop("environment", {}))
        command = [sys.executable, *more.pop("program", ("-m", "harness")), *map(str, arguments)]
        keywords: dict[str, Any] = {
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "stdin": subprocess.DEVNULL,
            **more,
        }
        return subprocess.Popen(
            command,
            text=True,
            errors="replace",
            cwd=self.folder,
            env=environment,
            start_new_session=True,
            **keywords,
        )

    def run(self, *arguments: object, **more: Any) -> Ended:
        """Run a command to its end, then check what always holds."""
        process = self.start(*arguments, **more)
        out, err = process.communicate(timeout=300)
        self.check(out, err)
        return Ended(process.returncode, out or "", err or "")

    def check(self, *said: str | None) -> None:
        """No traceback was shown, no process is left, the older run is byte for byte what it was."""
        for text in said:
            assert "Traceback (most recent call last)" not in (text or ""), text
        for _ in range(100):  # what has been killed may still be dying
            if not self.strays():
                break
            os.sched_yield()
        assert [] == self.strays()
        assert self.before == self.older.read_bytes()

    def strays(self) -> list[str]:
        """Processes that carry this scene's token, wherever they have gone."""
        found = []
        for process in psutil.process_iter():
            try:
                if (
                    process.environ().get(TOKEN) == self.token
                    and process.status() != psutil.STATUS_ZOMBIE
                ):
                    found.append(" ".join(process.cmdline())[:100])
            except (psutil.Error, OSError):
                continue
        return found

    def newest(self) -> Path:
        """The result file of the last run."""
        return max(
            (path for path in self.store.glob("*/*.json") if path != self.older),
            key=lambda path: path.name,
        )


def keep_limits(limits: MachineLimits, scene: Scene) -> None:
    """Put limits into the scene's cache, so that a run need not measure them."""
    import msgspec

    from harness.lab import machine

    before = os.environ.get("PERFLAB_CACHE")
    os.environ["PERFLAB_CACHE"] = str(scene.folder / "cache")
    try:
        file = machine.limits_file(limits.machine)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(msgspec.json.encode(limits))
    finally:
        if before is None:
            del os.environ["PERFLAB_CACHE"]
        else:
            os.environ["PERFLAB_CACHE"] = before
