"""What is profiled: one variant of one revision on one workload, and the worker it is prepared in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import ExitCode, PerflabError
from harness.lab.catalogue import typed
from harness.lab.profiling.frames import short
from harness.lab.proof import numba_cache, where
from harness.lab.supervisor import Confines, Ending, Worker
from harness.model.declared import Status
from harness.model.measured import Key
from harness.model.profiled import Frame

if TYPE_CHECKING:
    from harness.lab.catalogue import Found
    from harness.lab.frames import Message
    from harness.lab.proof import Services
    from harness.model.declared import Workload


class NotProfiled(PerflabError):
    """The variant came to another end than an answer: it raised, crashed, ended the process or hung."""

    exit_code = ExitCode.NOT_MEASURED


@dataclass(frozen=True, slots=True)
class Profiled:
    """One variant on one workload, ready to be looked at."""

    found: Found
    function: str
    """The case's name for what all variants define."""
    variant: str
    workload: Workload
    services: Services
    confines: Confines
    scratch: Path
    """A folder of its own."""
    revision: str = ""

    @property
    def key(self) -> Key:
        """Its address."""
        return Key(self.found.name, self.variant, self.workload.name)

    @property
    def call_frame(self) -> Frame:
        """The variant's function, for what a tool saw below it without knowing more."""
        return Frame(self.function, short(str(self.found.source(self.variant))))

    def job(self, do: str) -> Message:
        """A job about it."""
        return {
            "do": do, "case": where(self.found), "variant": self.variant, "workload": self.workload.name, "n": self.workload.n,
            "sheet": str(self.scratch / "sheet"), "limits": None, **self.services.job(self.variant),
        }  # fmt: skip

    def environment(self) -> dict[str, str]:
        """Of every process it runs in."""
        return dict(numba_cache(self.found))

    def write_sheet(self) -> None:
        """Make the input, with the variant's own answer: a profile is no proof, and the reference may be too slow for it."""
        sheet = self.scratch / "sheet"
        if not sheet.exists():
            with Worker(self.confines, environment=self.environment()) as worker:
                self.ask(worker, self.job("sheet"))

    @contextmanager
    def prepared(self, under: Sequence[str] = ()) -> Iterator[Worker]:
        """A worker in which the variant is imported, called once and warm."""
        self.write_sheet()
        with Worker(self.confines, environment=self.environment(), under=under) as worker:
            self.ask(worker, self.job("prepare"))
            self.ask(worker, {"do": "warm"})
            yield worker

    def ask(self, worker: Worker, job: Message) -> Message:
        """Send a job and return its answer.

        Raises:
            NotProfiled: the variant came to another end; the message has its exit status or signal.
        """
        try:
            return self.checked(worker.ask(job))
        except Ending as ending:
            raise self.ended(ending.status, ending.message) from None

    def checked(self, said: Message) -> Message:
        """Return an answer that is no failure."""
        if "failed" in said:
            raise self.ended(Status(said["failed"]), said["message"])
        return said

    def ended(self, status: Status, message: str) -> NotProfiled:
        """Say how it ended."""
        return NotProfiled(
            f"{self.key}: {status}: {message}",
            f"python -m harness verify {typed(self.found)} -V {self.variant}",
        )
