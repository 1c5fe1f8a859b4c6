"""``python -m harness gate --against REV``."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands import options
from harness.commands.spelling import program
from harness.errors import AskedWrongly, ExitCode, Interrupted, StoreError, Terminated

if TYPE_CHECKING:
    from harness.lab.gate.desk import Asked
    from harness.model.gated import AlikeTest, GateReport, SelfTest

_LARGEST_REPORT = 4 << 20
_SUMMARY_BYTES = 900_000
"""GitHub drops a job summary above 1 MiB as a whole."""


@click.command("gate")
@click.argument("cases", nargs=-1, metavar="[CASE]...", shell_complete=options.complete_cases)
@click.option(
    "--against",
    metavar="REV",
    help="The revision to compare the working tree with: a branch, tag or commit.",
)
@options.variants
@options.workloads
@click.option(
    "--metric",
    type=click.Choice(["time", "instructions", "both"]),
    default="both",
    show_default=True,
    help="Compare times, instruction counts (valgrind), or both.",
)
@click.option(
    "--tolerance",
    type=options.Finite(0.0005, 1.0),
    default=0.01,
    show_default=True,
    metavar="SHARE",
    help="The slowdown that must be found; half of it or less is never called one.",
)
@click.option(
    "--budget",
    type=options.Finite(min=1.0),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="Time each variant about this long at most.",
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Measure unchanged variants, too. With --self-test: compare every key with itself.",
)
@click.option(
    "--deleted",
    multiple=True,
    metavar="CASE/VARIANT",
    help="This variant is meant to be gone; may be repeated.",
)
@click.option(
    "--self-test",
    "self_test",
    is_flag=True,
    help="Plant slowdowns, and none: measure false alarms and detection.",
)
@click.option(
    "--trials",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    metavar="N",
    help="Self-test: how often identical code is compared.",
)
@click.option(
    "--profile/--no-profile",
    default=True,
    show_default=True,
    help="Say which functions made a slower variant slower (py-spy).",
)
@click.option(
    "--load",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Self-test: run this many busy processes beside it.",
)
@click.option(
    "--from",
    "from_file",
    metavar="FILE",
    help="Measure nothing: show the report in this JSON file, which may be anybody's.",
)
@click.option(
    "--markdown",
    metavar="PATH",
    help="Write Markdown for a pull request to this file; - is standard output.",
)
@click.option("--junit", metavar="PATH", help="Write JUnit XML to this file.")
@options.timeout
@options.memory
@options.json_to
@options.quiet
def command(
    cases: tuple[str, ...], against: str | None, variants: tuple[str, ...], workloads: tuple[str, ...], metric: str, tolerance: float,
    budget: float, everything: bool, deleted: tuple[str, ...], self_test: bool, trials: int, profile: bool, load: int, from_file: str | None,
    markdown: str | None, junit: str | None, timeout: float, memory: int, json_to: str | None, quiet: bool,
) -> None:  # fmt: skip
    """Say whether the working tree is slower than another revision, even by 1 %, on a noisy machine.

    Only what the change touches is measured: both revisions side by side, in short slices, in fresh processes,
    and by counting instructions. Exits with 1 for a confirmed slowdown, 3 for a wrong answer, 4 where something
    could not be measured, 5 where nobody can say - and with 0 only if everything was compared and is well.

    \b
    python -m harness gate --against main
    python -m harness gate dedupe --against HEAD~1 --metric time
    python -m harness gate --self-test --trials 40
    python -m harness gate --self-test --all --metric time   # what can be seen of each key
    """
    if sum([against is not None, self_test, from_file is not None]) != 1:
        raise AskedWrongly(
            "say what to do: --against REV, --self-test, or --from FILE",
            "python -m harness gate --against HEAD",
        )
    options.require_writable(json_to, markdown, junit)
    from harness.judge.gate import METRICS
    from harness.lab.gate.desk import Asked

    asked = Asked(
        against or "",
        cases,
        variants,
        workloads,
        METRICS[metric],
        tolerance,
        budget,
        everything,
        deleted,
        timeout,
        memory,
        _reproduce(),
        profile,
    )
    if self_test and everything:
        raise click.exceptions.Exit(int(_alike(asked, json_to, markdown, quiet=quiet)))
    if self_test:
        raise click.exceptions.Exit(
            int(
                _self_test(
                    cases,
                    variants,
                    metric,
                    tolerance,
                    budget,
                    trials,
                    load,
                    timeout,
                    memory,
                    json_to,
                    quiet,
                )
            )
        )
    report = _measure(asked, quiet=quiet) if from_file is None else _read(from_file)
    _tell(report, json_to=json_to, markdown=markdown, junit=junit, measured=from_file is None)
    raise click.exceptions.Exit(report.exit_code)


def _measure(asked: Asked, *, quiet: bool) -> GateReport:
    from harness.commands.lock import the_machine
    from harness.lab import building
    from harness.lab.gate import scene, session
    from harness.model.gated import Metric

    scene.require_known(asked)
    with the_machine(wait=True), _progress(quiet) as tell, _interruptible():
        building.provide(building.referees(counting=Metric.INSTRUCTIONS in asked.metrics), tell)
        return session.run(asked, tell)


def _alike(asked: Asked, json_to: str | None, markdown: str | None, *, quiet: bool) -> ExitCode:
    """Compare every key with itself; what is known is written after each variant."""
    from harness.commands.lock import the_machine
    from harness.lab import building
    from harness.lab.gate import alike
    from harness.model.gated import Metric
    from harness.show import alike as shown
    from harness.show.table import Terminal

    def keep(report: AlikeTest) -> None:
        if json_to and json_to != "-":
            options.write_json(shown.alike_bytes(report), json_to)

    with the_machine(wait=True), _progress(quiet) as tell, _interruptible(json_to):
        building.provide(building.referees(counting=Metric.INSTRUCTIONS in asked.metrics), tell)
        report = alike.run(asked, tell, keep)
    if json_to:
        options.write_json(shown.alike_bytes(report), json_to)
    if markdown:
        options.write_text(shown.markdown(shown.alike_document(report)), markdown)
    if "-" not in (json_to, markdown):
        shown.print_alike(Terminal(), report)
    return ExitCode.NOT_MEASURED if report.gaps else ExitCode.OK


def _reproduce() -> str:
    """The command line, without what only says where to write to."""
    words = iter(sys.argv[1:])
    kept: list[str] = []
    for word in words:
        name = word.partition("=")[0]
        if name in {"--json", "--markdown", "--junit"}:
            if "=" not in word:
                next(words, None)
        elif name not in {"-q", "--quiet"}:
            kept.append(word)
    return f"{program()} {shlex.join(kept)}"


def _self_test(
    cases: tuple[str, ...], variants: tuple[str, ...], metric: str, tolerance: float, budget: float, trials: int, load: int,
    timeout: float, memory: int, json_to: str | None, quiet: bool,
) -> ExitCode:  # fmt: skip
    from harness.commands.lock import the_machine
    from harness.judge.gate import METRICS
    from harness.lab import building
    from harness.lab.gate import selftest
    from harness.show import selftest as shown

    plain = selftest.Asked()
    asked = selftest.Asked(
        cases or plain.cases,
        variants,
        trials,
        METRICS[metric],
        tolerance,
        budget,
        load,
        timeout,
        memory,
    )

    def keep(report: SelfTest) -> None:
        if json_to and json_to != "-":  # an hour's work must not be lost with its last minute
            options.write_json(shown.selftest_bytes(report), json_to)

    with the_machine(wait=True), _progress(quiet) as tell, _interruptible(json_to):
        building.provide(building.referees(counting=metric != "time"), tell)
        report = selftest.run(asked, tell, keep)
    if json_to:
        options.write_json(shown.selftest_bytes(report), json_to)
    if json_to != "-":
        from harness.show.table import Terminal

        shown.print_selftest(Terminal(), report)
    return ExitCode.OK


def _read(file: str) -> GateReport:
    from harness.show.gate_document import read_report

    try:
        path = Path(file)
        if not path.is_file():
            raise AskedWrongly(f"{file!r} is no file", "name the file that --json wrote")
        if path.stat().st_size > _LARGEST_REPORT:
            raise StoreError(f"{file} is larger than any report", "name the file that --json wrote")
        return read_report(path.read_bytes())
    except OSError as error:
        raise AskedWrongly(
            f"{file} cannot be read: {error.strerror}", "name the file that --json wrote"
        ) from None


def _tell(
    report: GateReport,
    *,
    json_to: str | None,
    markdown: str | None,
    junit: str | None,
    measured: bool,
) -> None:
    from harness.show import gate as shown
    from harness.show.gate_document import report_bytes

    if json_to:
        options.write_json(report_bytes(report), json_to)
    if junit:
        options.write_text(shown.junit(report), junit)
    if markdown:
        options.write_text(shown.markdown(report), markdown)
    if measured and (summary := os.environ.get("GITHUB_STEP_SUMMARY")):
        try:
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(shown.markdown(report, limit=_SUMMARY_BYTES) + "\n")
        except OSError as error:  # a page that is missing there changes no verdict
            click.echo(f"warning: the job's summary cannot be written: {error.strerror}", err=True)
    if "-" in (json_to, markdown, junit):
        return
    from harness.show.table import Terminal

    shown.print_report(Terminal(), report)
    if measured and os.environ.get("GITHUB_ACTIONS") == "true":
        click.echo(shown.workflow_commands(report), nl=False)


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[str], None]]:
    from harness.show.progress import Lines, Silent

    yield (Silent() if quiet else Lines(stages=False)).step


@contextmanager
def _interruptible(kept: str | None = None) -> Iterator[None]:
    """Half a comparison says nothing, so nothing of a gate is kept; a self-test keeps what it has in its file."""
    try:
        yield
    except (KeyboardInterrupt, Terminated) as stop:
        code = ExitCode(getattr(stop, "exit_code", ExitCode.INTERRUPTED))
        raise Interrupted(
            f"interrupted: {kept} holds what was measured by then"
            if kept and kept != "-"
            else "interrupted: nothing was decided, and both checkouts are removed",
            "run it again",
            exit_code=code,
        ) from stop
