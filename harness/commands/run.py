"""``python -m harness run CASE...``."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands import options
from harness.commands.lock import the_machine
from harness.commands.spelling import say_error, typable
from harness.errors import (
    AskedWrongly,
    Changed,
    EnvironmentLacks,
    ExitCode,
    Interrupted,
    Terminated,
    gravest,
)
from harness.lab import catalogue, outputs
from harness.model.declared import ENDED
from harness.model.measured import Measured, Plan, Run

if TYPE_CHECKING:
    from rich.console import Console

    from harness.lab.places import Stores
    from harness.lab.session import Session
    from harness.model.judged import Summary
    from harness.show.progress import Silent


_MOST_TIMES = 5.0
"""The budget that is proposed for going on, over the one before: more should be a person's own idea."""


@click.command("run")
@click.argument("cases", nargs=-1, metavar="CASE...", shell_complete=options.complete_cases)
@options.workloads
@options.variants
@click.option(
    "--precision",
    type=options.Finite(0.0001, 0.5),
    metavar="SHARE",
    help="Stop when every ratio's 95 % interval is within ± this share (default: 0.02, of a sweep 0.05).",
)
@click.option(
    "--budget",
    type=options.Finite(min=0.5),
    metavar="SECONDS",
    help="Measure about this long for each workload, all together (default: 20, of a sweep 10).",
)
@click.option(
    "--sweep",
    is_flag=True,
    help="All sizes: crossovers, growth, what more processors are worth, a plot, and advice.",
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where a sweep's plot goes (SVG; default: beside the result).",
)
@click.option(
    "--resume",
    metavar="ID",
    help="Continue a run: an interrupted one, or a complete one with more --budget or --precision.",
)
@click.option(
    "--monitor",
    is_flag=True,
    help="Show processors, memory and switches of the whole tree while measuring.",
)
@click.option("--no-wait", is_flag=True, help="Do not wait for another run on this machine to end.")
@options.timeout
@options.memory
@options.store
@options.json_to
@options.quiet
def command(
    cases: tuple[str, ...], workloads: tuple[str, ...], variants: tuple[str, ...], precision: float | None, budget: float | None,
    sweep: bool, plot: Path | None, monitor: bool, resume: str | None, no_wait: bool, timeout: float, memory: int, store_folder: Path | None, json_to: str | None, quiet: bool,
) -> None:  # fmt: skip
    """Prove, measure and compare the variants of one or more cases.

    Nothing is timed before it is proven equal to the reference; what is not proven is shown with the word
    for what is wrong and no number.  Every sample is kept in a result file that pyperf reads, too.

    \b
    python -m harness run dedupe
    python -m harness run dedupe brc -w S --budget 5
    python -m harness run dedupe --sweep
    python -m harness run ./my_case --json -
    """
    plan = _plan(precision, budget, timeout, memory, sweep=sweep, monitor=monitor)
    options.require_writable(*((str(plot),) if plot else ()), json_to)
    _check_plot(plot, cases, sweep=sweep)
    if sweep and not workloads:
        workloads = ("all",)
    stores = options.stores(store_folder)
    asked = (
        _resumed(cases, resume, stores, precision=precision, budget=budget)
        if resume is not None
        else [_Asked(catalogue.find_case(name), plan, stores) for name in _some(cases)]
    )
    sessions = [_session(one, workloads, variants, stores.runs) for one in asked]
    with the_machine(wait=not no_wait) as alone:
        if resume is not None:  # whoever held the machine may have gone on with this very run
            asked = _resumed(cases, resume, stores, precision=precision, budget=budget)
            sessions = [_session(one, workloads, variants, stores.runs) for one in asked]
        if _build([one.bodies() for one in sessions], quiet=quiet):  # and watched from now on
            sessions = [_session(one, workloads, variants, stores.runs) for one in asked]
        for one in asked:
            _look_back(one, stores, alone=alone)
        summaries, codes = _measure_all(asked, sessions, quiet=quiet, tables=json_to != "-")
    summaries = [
        _swept(summary, stores.runs, plot, tables=json_to != "-")
        if summary.run.plan.sweep
        else summary
        for summary in summaries
    ]
    _finish(summaries, codes, json_to, {one.found.name: one for one in asked})


def _measure_all(
    asked: Sequence[_Asked], sessions: Sequence[Session], *, quiet: bool, tables: bool
) -> tuple[list[Summary], list[ExitCode]]:
    """Measure one case after the other; sources that are changed meanwhile cost their own case only."""
    summaries, codes = [], []
    for one, session in zip(asked, sessions, strict=True):
        try:
            summaries.append(_measure(session, one, quiet=quiet, tables=tables))
        except Changed as error:
            say_error(error)
            codes.append(error.exit_code)
    return summaries, codes


def _plan(
    precision: float | None,
    budget: float | None,
    timeout: float,
    memory: int,
    *,
    sweep: bool,
    monitor: bool,
) -> Plan:
    """A sweep has many sizes, and its curves carry each other: less of each is enough."""
    return Plan(
        precision=precision or (0.05 if sweep else 0.02),
        budget_seconds=budget or (10.0 if sweep else 20.0),
        timeout_seconds=timeout,
        memory_bytes=memory,
        sweep=sweep,
        monitor=monitor,
    )


def _check_plot(plot: Path | None, cases: Sequence[str], *, sweep: bool) -> None:
    if plot is not None and not sweep:
        raise AskedWrongly("--plot is the plot of a sweep", "add --sweep")
    if plot is not None and len(set(cases)) > 1:
        raise AskedWrongly(
            f"--plot names one file for {len(set(cases))} cases",
            "leave it out: each plot then goes beside its result file",
        )


@dataclass(frozen=True, slots=True)
class _Asked:
    """A case to run, freshly or from where it was interrupted."""

    found: catalogue.Found
    plan: Plan
    stores: Stores
    earlier: Run | None = None

    @property
    def again(self) -> str:
        """What a person types to name the case and its store again."""
        return f"{catalogue.typed(self.found)}{self.stores.option}"


def _some(cases: tuple[str, ...]) -> tuple[str, ...]:
    if not cases:
        raise AskedWrongly(
            "no case was named",
            "python -m harness list shows them; python -m harness run dedupe is a good start",
        )
    return tuple(dict.fromkeys(cases))


def _resumed(
    cases: tuple[str, ...],
    wanted: str,
    stores: Stores,
    *,
    precision: float | None,
    budget: float | None,
) -> list[_Asked]:
    """The run to go on with, as it was asked then, but for what is asked now; no cap of an older perflab ends it."""
    from harness.lab import session, store

    run = store.read(store.find(wanted, stores))
    found = catalogue.find_case(cases[0] if cases else run.case)
    if found.name != run.case:
        raise AskedWrongly(
            f"run {run.id} is of {run.case!r}, not of {found.name!r}",
            f"python -m harness run {catalogue.typed_name(run.case)} --resume {run.id}"
            f"{stores.option}",
        )
    plan = replace(
        run.plan,
        precision=precision or run.plan.precision,
        budget_seconds=budget or run.plan.budget_seconds,
        max_blocks=0,
    )
    return [_Asked(found, plan, stores, session.resumed(run, found, found.load(), plan))]


def _session(
    asked: _Asked, workloads: Sequence[str], variants: Sequence[str], store_path: Path
) -> Session:
    from harness.lab.session import Session
    from harness.lab.sources import Watch

    case = asked.found.load()
    if asked.earlier is not None:  # as it was asked then
        workloads, variants = asked.earlier.workload_names, asked.earlier.variant_names
    picked = catalogue.pick_workloads(case, workloads)
    names = catalogue.pick_variants(case, variants)
    return Session(
        asked.found, case, names, picked, asked.plan, store_path, Watch(asked.found, case, names)
    )


def _build(bodies: Iterable[set[Path]], *, quiet: bool) -> bool:
    """Build what is asked for and not built yet, with what measures this machine's limits."""
    from harness.lab import building

    return building.provide({building.LIMITS}.union(*bodies), options.teller(quiet=quiet))


def _look_back(asked: _Asked, stores: Stores, *, alone: bool) -> None:
    """Say which earlier runs of the case were cut off, and which files of it cannot be read: it stops nothing, and nobody should find out by chance."""
    from harness.lab.archive import unfinished
    from harness.show.text import clean

    name = asked.found.name
    left = unfinished(name, stores)
    for one in (
        left.unfinished if alone else ()
    ):  # beside another run, what looks cut off may be in progress
        if asked.earlier is None or one.run.id != asked.earlier.id:
            again = typable(f"python -m harness run {asked.again} --resume {one.run.id}")
            click.echo(
                clean(
                    f"warning: run {one.run.id} is incomplete, and kept as it is; to go on with it: {again}"
                ),
                err=True,
            )
    for problem in left.damaged:
        click.echo(
            clean(
                typable(f"warning: {problem}; it is left as it is: python -m harness store fsck")
            ),
            err=True,
        )


class _Listener:
    """Shows progress, prints each table as soon as it is there, and remembers the file."""

    def __init__(self, session: Session, reporter: Silent, console: Console | None) -> None:
        self._session = session
        self._reporter = reporter
        self._console = console
        self.path: Path | None = None

    def begun(self, path: Path) -> None:
        """Remember where the run is kept: whatever interrupts it, what is there is what it has."""
        self.path = path

    def step(self, text: str) -> None:
        """Say what is being done."""
        self._reporter.step(f"{self._session.found.name} {text}")

    def spent(self, done: float) -> None:
        """Move the bar."""
        self._reporter.spent(done)

    def saved(self, run: Run, path: Path, finished: Measured | None) -> None:
        """Print the table of the workload that has just been finished."""
        self.path = path
        self._reporter.measured(run)
        if finished is None:
            return
        if self._console is not None:
            from harness.judge.summary import summarise
            from harness.show.table import print_workload

            only = replace(run, workloads=(finished,))
            with self._reporter.aside():
                print_workload(self._console, summarise(only).workloads[0], case=run.case)


def _measure(session: Session, asked: _Asked, *, quiet: bool, tables: bool) -> Summary:
    """Measure one case; an interruption keeps what there is and says how to go on."""
    from harness.judge.summary import summarise
    from harness.show.table import Terminal

    console = Terminal() if tables else None
    with _progress(session, quiet=quiet) as shown:
        listener = _Listener(session, shown, console)
        try:
            run = session.run(listener, earlier=asked.earlier)
        except (KeyboardInterrupt, Terminated) as stop:
            raise _interrupted(listener.path, session, asked, stop) from stop
        except Changed as error:
            raise _changed(error, listener.path, asked) from error
    return summarise(run, str(listener.path))


def _progress(session: Session, *, quiet: bool) -> Silent:
    """What shows how far it is: nothing, lines, a bar, or what the whole process tree does."""
    from harness.show.progress import reporter

    if session.plan.monitor and not quiet:
        from harness.commands.monitor import Beside

        return Beside()
    return reporter(
        quiet=quiet, workloads=len(session.workloads), budget_seconds=session.plan.budget_seconds
    )


def _swept(summary: Summary, store_path: Path, plot: Path | None, *, tables: bool) -> Summary:
    """Say what the sizes say together, keep the words with the samples, and draw the curves."""
    from harness.lab import store
    from harness.show.scaling import advice, print_scaling
    from harness.show.table import Terminal

    run = replace(summary.run, advice=tuple(advice(summary)))
    store.write(run, store_path)
    if tables:
        print_scaling(Terminal(), summary)
    target = plot or Path(str(summary.file)).with_suffix(".svg")
    try:
        from harness.show.curves import svg

        options.write_bytes(svg(summary), target)
        click.echo(f"plot: {target}", err=not tables)
    except EnvironmentLacks:
        click.echo(
            typable(
                "no plot: matplotlib is not installed; python -m pip install 'perflab[pages]',"
                " then: python -m harness report"
            ),
            err=True,
        )
    return replace(summary, run=run)


def _interrupted(
    path: Path | None, session: Session, asked: _Asked, stop: BaseException
) -> Interrupted:
    """Say what there is, by the file: an interruption may come between writing it and hearing of it."""
    from harness.lab import store

    code = ExitCode(getattr(stop, "exit_code", ExitCode.INTERRUPTED))
    if path is None or not path.exists():
        return Interrupted("interrupted before anything was measured", exit_code=code)
    run = store.read(path)
    done = sum(measured.complete for measured in run.workloads)
    return Interrupted(
        f"interrupted: {done} of {len(session.workloads)} workloads complete, all blocks so far are kept in {path}",
        f"python -m harness run {asked.again} --resume {run.id}",
        exit_code=code,
    )


def _changed(error: Changed, path: Path | None, asked: _Asked) -> Changed:
    """Say what there is: nothing, or the blocks before the change."""
    from harness.lab import store

    if path is None or not path.exists():
        return Changed(
            error.problem, error.remedy or "nothing has been kept: try again when they are at rest"
        )
    again = f"python -m harness run {asked.again} --resume {store.read(path).id}"
    return Changed(
        f"{error.problem}; all blocks before that are kept in {path}",
        f"put them back, then: {again}; or start a new run",
    )


def _finish(
    summaries: Sequence[Summary],
    codes: Sequence[ExitCode],
    json_to: str | None,
    asked: Mapping[str, _Asked],
) -> None:
    """Write and say what there is; ``asked`` is by the names of the cases."""
    from harness.judge.summary import exit_code
    from harness.show import documents, table

    if not summaries:
        raise click.exceptions.Exit(int(gravest(codes)))
    if json_to:
        options.write_json(documents.runs_bytes(summaries), json_to)
    if json_to != "-":
        from rich.text import Text

        from harness.show.table import Terminal

        console = Terminal()
        table.print_legend(console)
        for summary in summaries:
            _say_outputs(summary)
            wide = _too_wide(summary)
            table.put(console, Text(_ending(summary, wide)))
            if wide:
                click.echo(
                    typable(f"continue: {_continued(summary, wide, asked[summary.run.case])}")
                )
            click.echo(f"result file: {summary.file}")
        click.echo(f"next:  {typable(_next(summaries[-1], asked[summaries[-1].run.case]))}")
    code = gravest([*codes, *(exit_code(summary) for summary in summaries)])
    raise click.exceptions.Exit(int(code))


def _too_wide(summary: Summary) -> dict[str, float]:
    """The widest ratio of each workload that is not as precise as was asked."""
    return {
        one.name: one.widest
        for one in summary.workloads
        if one.widest is not None and one.widest > summary.run.plan.precision
    }


def _ending(summary: Summary, wide: Mapping[str, float]) -> str:
    """Why a run ended: precise, or out of time."""
    case, goal = summary.run.case, f"±{100 * summary.run.plan.precision:g}%"
    if not wide:
        return f"{case}: every ratio is within {goal}"
    return f"{case}: time ran out before every ratio was within {goal} ({', '.join(wide)})"


def _continued(summary: Summary, wide: Mapping[str, float], asked: _Asked) -> str:
    """The command that goes on with a run, with time enough by the square-root law."""
    run, plan = summary.run, summary.run.plan
    times = min(_MOST_TIMES, max(2.0, (max(wide.values()) / plan.precision) ** 2))
    # three blocks may have taken more than was asked for
    spent = sum(one.spent_seconds for one in run.workloads) / len(run.workloads)
    budget = math.ceil(max(plan.budget_seconds, spent) * times)
    return f"python -m harness run {asked.again} --resume {run.id} --budget {budget}"


def _say_outputs(summary: Summary) -> None:
    """Name the files that hold what a variant printed before it ended without an answer."""
    ended = {
        row.result.key.variant
        for workload in summary.workloads
        for row in workload.rows
        if row.result.status in ENDED
    }
    for variant in sorted(ended):
        if path := outputs.kept(summary.run.case, variant):
            click.echo(f"{variant}: what it printed last, and where it was: {path}")


def _next(summary: Summary, asked: _Asked) -> str:
    """The command that most readers want next."""
    if any(row.result.status != "ok" for workload in summary.workloads for row in workload.rows):
        return f"python -m harness verify {catalogue.typed(asked.found)}   (what is wrong, input by input)"
    return f"python -m pyperf stats {shlex.quote(str(summary.file))}   or   python -m harness list"
