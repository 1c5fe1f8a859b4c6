"""Dies by SIGKILL at the n-th step of writing the store: no handler, no finally, nothing is flushed.

The steps are the calls by which the lab writes: mkdir, open, write (before it, and with half of it written), fsync, close, rename, unlink, of whatever
is in the store.  ``python -m tests.faults.dying FOLDER`` kills a pretended run at each of them, one forked child a step; a real run dies with ``DYING``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.lab import store
from harness.model.measured import Plan
from tests.fakes.runs import fake_run
from tests.fakes.sessions import pretended_run, pretended_session

BLOCKS = 20
DYING = """
import os
from pathlib import Path
from harness import cli
from tests.faults import dying
dying.Steps(Path(os.environ["PERFLAB_STORE"]), int(os.environ["PERFLAB_TEST_STEP"])).arm()
cli.main()
"""
"""The real command line, which dies at that step."""


class Steps:
    """Counts the steps in a folder, and dies at one of them."""

    def __init__(self, folder: Path, last: int, *, sync: bool = True) -> None:
        self.folder = str(folder.absolute()) + os.sep
        self.last = last
        self.sync = sync
        self.taken: list[str] = []
        self._ours: set[int] = set()
        self._real = {
            name: getattr(os, name)
            for name in ("mkdir", "open", "write", "fsync", "close", "replace", "unlink")
        }

    def arm(self) -> None:
        """Put ourselves before the calls."""
        os.open, os.write, os.fsync, os.close = self._open, self._write, self._fsync, self._close  # type: ignore[assignment]
        for name in ("mkdir", "replace", "unlink"):
            setattr(os, name, self._by_path(name))

    def _step(self, what: str, before: Callable[[], object] = lambda: None) -> None:
        self.taken.append(what)
        if len(self.taken) == self.last:
            before()
            os.kill(os.getpid(), signal.SIGKILL)

    def _holds(self, path: Any) -> bool:
        return not isinstance(path, int) and (
            os.path.abspath(os.fsdecode(path)) + os.sep
        ).startswith(self.folder)

    def _by_path(self, name: str) -> Callable[..., Any]:
        def call(path: Any, *arguments: Any, **more: Any) -> Any:
            if self._holds(path):
                self._step(name)
            return self._real[name](path, *arguments, **more)

        return call

    def _open(self, path: Any, *arguments: Any, **more: Any) -> int:
        if not self._holds(path):
            return int(self._real["open"](path, *arguments, **more))
        self._step("open")
        descriptor = int(self._real["open"](path, *arguments, **more))
        self._ours.add(descriptor)
        return descriptor

    def _write(self, descriptor: int, data: Any) -> int:
        if descriptor in self._ours:
            self._step("write")
            self._step(
                "half a write", lambda: self._real["write"](descriptor, data[: len(data) // 2])
            )
        return int(self._real["write"](descriptor, data))

    def _fsync(self, descriptor: int) -> None:
        if descriptor in self._ours:
            self._step("fsync")
        if self.sync:  # a kill is no power cut: what the kernel has been given stays
            self._real["fsync"](descriptor)

    def _close(self, descriptor: int) -> None:
        if descriptor in self._ours:
            self._step("close")
            self._ours.discard(descriptor)
        self._real["close"](descriptor)


def pretended(folder: Path) -> Any:
    """A run of many blocks, none of them real."""
    return pretended_session(
        folder, "quick", plan=Plan(precision=1e-6, budget_seconds=1000.0, max_blocks=BLOCKS)
    )


def main(folder: Path) -> None:
    """Kill a run at its first step, the next one at its second, until one has no step left; print how each child ended, and the steps of the last."""
    number, older = 0, store.encode(fake_run())
    pretended_run(pretended(folder / "warm-up" / "results"))  # imports what the children need, once
    while True:
        number += 1
        place = folder / f"{number:04}" / "results"
        (place / "tiny").mkdir(parents=True)
        store.file_of(fake_run(), place).write_bytes(older)
        child = os.fork()
        if not child:
            steps = Steps(place, number, sync=False)
            steps.arm()
            pretended_run(pretended(place))
            print(json.dumps(steps.taken), flush=True)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
        if not os.WIFSIGNALED(status):
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
