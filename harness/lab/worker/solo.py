"""A worker without a supervisor, for a profiler that has to start the program: jobs from a file, the last answer into another."""

from __future__ import annotations

import sys

if sys.path and sys.path[0].endswith("worker"):
    del sys.path[0]  # this file's folder: a module of the user's may be called like one of ours

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from harness import start
from harness.lab.worker.__main__ import Server

if TYPE_CHECKING:
    from harness.lab.frames import Message


class Alone(Server):
    """Answers jobs that nobody is waiting for."""

    def alive(self, at: str = "") -> None:
        """There is nobody to tell."""

    def answer(self, jobs: list[Message]) -> Message:
        """Answer one job after another; stop at the first that fails, and return the last answer."""
        said: Message = {}
        for job in jobs:
            said = self._answer(job)
            if "failed" in said:
                break
        self._close()
        return said


def main() -> None:
    """Answer the jobs of the last argument's folder."""
    start.take_up_users_path()
    folder = Path(sys.argv.pop())
    del sys.argv[1:]
    said = Alone(-1, -1, 0).answer(json.loads((folder / "jobs.json").read_text()))
    temporary = folder / "said.json.tmp"
    temporary.write_text(json.dumps(said))
    os.replace(temporary, folder / "said.json")


if __name__ == "__main__":
    main()
