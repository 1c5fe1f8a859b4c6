"""``python -m harness limits``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands import options
from harness.commands.lock import the_machine
from harness.commands.spelling import typable
from harness.errors import ExitCode

if TYPE_CHECKING:
    from harness.lab.places import Stores
    from harness.model.judged import Summary
    from harness.model.limited import MachineLimits
    from harness.model.measured import Machine


@click.command("limits")
@click.option(
    "--fresh", is_flag=True, help="Measure anew, even if the cache holds limits of this machine."
)
@click.option(
    "--repeat",
    is_flag=True,
    help="Measure (or take from the cache), then measure again and set both side by side.",
)
@click.option(
    "--plot",
    metavar="FILE.svg",
    help="Draw the roofline, with the best variants of every case that the store has results of.",
)
@click.option("--no-wait", is_flag=True, help="Do not wait for another run on this machine to end.")
@options.store
@options.json_to
@options.quiet
def command(
    fresh: bool,
    repeat: bool,
    plot: str | None,
    no_wait: bool,
    store_folder: Path | None,
    json_to: str | None,
    quiet: bool,
) -> None:
    """Measure what this machine can do at all, in half a minute, once.

    Bandwidth and latency by working set, peak arithmetic, calls, pickles, sockets, files, processes, threads, and how
    many busy cores there really are.  Every case's lower bound is made of these figures.  Each is the best of
    repetitions spread over the whole time; where they disagree, or two measurements do, the figure is marked unstable.

    \b
    python -m harness limits
    python -m harness limits --fresh --json -
    python -m harness limits --plot roofline.svg
    """
    from harness.lab import building, machine

    options.require_writable(json_to, plot)
    if plot:
        from harness.show.drawing import require_matplotlib

        require_matplotlib()
    building.provide([building.LIMITS], options.teller(quiet=quiet))
    here = machine.this_machine()
    measured = None if fresh else machine.kept_limits(here)
    age = None if measured is None else _age(measured)
    if measured is None or repeat:
        with the_machine(wait=not no_wait):
            if measured is None:
                measured = _measured(here, quiet=quiet)
            if repeat:
                measured, age = _measured(here, quiet=quiet), None
    code = ExitCode.NOT_MEASURED if measured.missing else ExitCode.OK
    _tell(measured, age, code, json_to)
    if plot:
        _plot(measured, options.stores(store_folder), plot, quiet=quiet)
    raise click.exceptions.Exit(int(code))


def _measured(here: Machine, *, quiet: bool) -> MachineLimits:
    from harness.lab import machine

    if not quiet:
        click.echo("measuring the limits of this machine, about half a minute", err=True)
    return machine.measure_limits(here)


def _age(measured: MachineLimits) -> float:
    """Seconds since it was measured; a clock set back makes nothing younger than new."""
    return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(measured.measured)).total_seconds())


def _tell(measured: MachineLimits, age: float | None, code: ExitCode, json_to: str | None) -> None:
    from harness.show import documents, limits, limits_document

    if json_to:
        options.write_json(
            documents.to_bytes(
                limits_document.limits_document(measured, age_seconds=age, exit_code=code)
            ),
            json_to,
        )
    if json_to != "-":
        from rich.text import Text

        from harness.show.table import Terminal, put

        console = Terminal()
        put(console, Text(limits.to_text(measured, age_seconds=age, width=console.width), end=""))


def _plot(measured: MachineLimits, stores: Stores, where: str, *, quiet: bool) -> None:
    """Draw what there is; what is left out is said on standard error."""
    from harness.judge.roofline import roofline, roofs_of
    from harness.show.roofline import to_svg
    from harness.show.text import clean

    summaries, left_out = _chosen(measured.machine, stores)
    picture = roofline(measured.machine, tuple(roofs_of(measured.figures)), summaries, left_out)
    options.write_text(to_svg(picture).decode(), where)
    if not quiet:
        for sentence in picture.left_out:
            click.echo(f"not on the roofline: {clean(typable(sentence))}", err=True)


def _chosen(here: Machine, stores: Stores) -> tuple[Sequence[Summary], Sequence[str]]:
    """The run that stands for each case on this machine; and why there is none, where there is none."""
    from harness.judge.summary import summarise
    from harness.lab import catalogue
    from harness.lab.store import choosing

    summaries, left_out = [], []
    for name, found in catalogue.find_cases().items():
        if found.load().work is None:
            left_out.append(f"{name}: it is not about arithmetic or memory, and declares no work")
            continue
        chosen = choosing.chosen(name, stores, machine=here.id, sweep=False)
        if chosen is None:
            left_out.append(
                f"{name}: no complete run of this machine in {stores}; python -m harness run {name}"
            )
        else:
            summaries.append(summarise(chosen.run))
    return summaries, left_out
