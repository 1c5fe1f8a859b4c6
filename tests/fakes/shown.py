"""Runs command lines of the documents, each in a fork of one process that has imported everything; what measures is pretended.

Started as a file, in the folder to run them in, with the checkout to import from on PYTHONPATH.  Each line of standard input is the JSON list
of a command line's words; the answer is a line of JSON: exit code, standard output and error.  Nothing else is replaced: the catalogue, the
store, the repository, the pages and the files written are real.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from harness.cli import main
from harness.lab import machine, store
from harness.lab.history import airspeed, files
from harness.lab.profiling import artefacts, revisions
from harness.lab.profiling import session as looks
from harness.lab.proof import Mutants, Prover
from harness.lab.session import Session
from harness.model.measured import Conditions, Measured, Run
from harness.show import curves, flamegraph, roofline
from harness.show.flamegraph import read_speedscope
from harness.show.site import pages, pictures
from tests.fakes.limits import fake_limits
from tests.fakes.runs import fake_certificate, fake_result

NANOSECONDS = 1000
"""Of a call of the last variant; each before it takes that much longer."""
MOST_SECONDS = 120
"""Of one command, on a machine that does other things as well; then it has hung."""


def run(self: Session, listener: Any, *, earlier: Run | None = None) -> Run:
    """Every variant at every size, one a little quicker than the other."""
    store.check_writable(self.store)
    made = earlier or self._new_run()
    listener.begun(store.file_of(made, self.store))
    for workload in self.workloads:
        results = []
        for place, variant in enumerate(self.variants):
            result = fake_result(
                variant, NANOSECONDS * (len(self.variants) - place), reference=not place
            )
            key = replace(result.key, case=self.found.name, workload=workload.name)
            results.append(replace(result, key=key))
        blocks = tuple(
            Conditions(workload.name, block, 1.5, 0.3, 0.0, 4, 0.0, 0.0, 0, 0) for block in range(3)
        )
        measured = Measured(
            workload.name, workload.n, 0, None, True, 1.0, tuple(results), blocks, workload.series
        )
        made = replace(made, workloads=(*made.workloads, measured))
        listener.saved(made, store.write(made, self.store), measured)
    made = replace(made, complete=True)
    listener.saved(made, store.write(made, self.store), None)
    return made


def certificates(self: Prover, names: Sequence[str], **_: object) -> dict[str, Any]:
    """Every variant is equal."""
    return {
        name: replace(fake_certificate(name, reference=not place), case=self.found.name)
        for place, name in enumerate(names)
    }


def measured_commits(
    project: airspeed.Project, commits: Sequence[str], *_: object, **__: object
) -> int:
    """What is published of one commit, once for each of these on this machine."""
    facts = airspeed.this_machine()
    file = files.read(min(project.published.glob("*/*-*.json")))
    folder = project.results / facts.machine
    files.write_json(msgspec.to_builtins(facts), folder / "machine.json")
    for commit in commits:
        params = {**file.params, "machine": facts.machine}
        fresh = msgspec.structs.replace(file, commit_hash=commit, params=params)
        files.write(fresh, folder / f"{commit[:8]}-{file.env_name}.json")
    return 0


def measured_here(project: airspeed.Project, commit: str, *_: object, **__: object) -> Path:
    """The same of what is checked out."""
    measured_commits(project, [commit])
    return next(iter((project.results / airspeed.this_machine().machine).glob("*-*.json")))


@contextmanager
def looking(found: Any, case: Any, asked: Any, *, revision: str = "") -> Iterator[Any]:
    """A published profile, whatever is looked at."""
    file = min(Path("results").glob("*/profiles/*/*.speedscope.json"))
    profile = read_speedscope(file.read_bytes(), str(file))

    def look(variant: str, workload: Any) -> looks.Looked:
        key = replace(profile.key, case=found.name, variant=variant, workload=workload.name)
        return looks.Looked(None, replace(profile, key=key, revision=revision))  # type: ignore[arg-type]

    yield look


def before(found: Any, asked: Any, place: tuple[str, str], against: str, *_: Any) -> looks.Looked:
    """The same profile, of another revision."""
    with looking(found, None, asked, revision=against) as look:
        return look(place[0], found.load().workloads[0])


def prepare() -> None:
    """Import once what every fork would import again."""
    import matplotlib.figure  # noqa: F401
    import scipy.stats  # noqa: F401

    from harness.cli import COMMANDS
    from harness.lab.catalogue import find_cases

    for name in COMMANDS:
        importlib.import_module(f"harness.commands.{name}")
    for name in ("compare", "export", "scaling", "table", "site.pages", "monitor_plot"):
        importlib.import_module(f"harness.show.{name}")
    for found in find_cases().values():
        found.load()


def pretend() -> None:
    """Replace what takes time on a clock, and the drawing of pictures, which takes half a minute; nothing else."""
    for module, names in {pictures: ("samples", "ratios", "history", "spark"), curves: ("svg",), roofline: ("to_svg",), flamegraph: ("picture",)}.items():  # fmt: skip
        for name in names:
            setattr(module, name, lambda *_: b"<svg/>")
    pages.highlighted = lambda name, text: text
    Session.run = run  # type: ignore[method-assign,assignment]
    Prover.certificates = certificates  # type: ignore[method-assign,assignment]
    Prover.mutants = Prover.mechanical = lambda self, *, tell: Mutants(5, 5, (), 0)  # type: ignore[method-assign,assignment]
    machine.measure_limits = lambda here: replace(fake_limits(), machine=here)
    airspeed.run, airspeed.run_here = measured_commits, measured_here  # type: ignore[assignment]
    looks.looking = looking  # type: ignore[assignment]
    revisions.at_revision = before  # type: ignore[assignment]
    artefacts.own_files = lambda *_: []  # type: ignore[assignment]


def answer(words: Sequence[str]) -> dict[str, object]:
    """Run one command line in a fork."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error:
        child = os.fork()
        if not child:
            os.dup2(out.fileno(), 1)
            os.dup2(error.fileno(), 2)
            sys.argv = ["__main__.py", *words]
            signal.alarm(MOST_SECONDS)
            code = 99
            try:
                main()
            except SystemExit as ended:
                code = int(ended.code or 0)
            finally:
                sys.stdout.flush()
                os._exit(code)
        _, ended = os.waitpid(child, 0)
        said = []
        for file in (out, error):
            file.seek(0)
            said.append(file.read().decode(errors="replace"))
    return {
        "words": words,
        "code": os.waitstatus_to_exitcode(ended),
        "out": said[0],
        "error": said[1],
    }


if __name__ == "__main__":
    prepare()
    pretend()
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
