"""``python -m harness compare A B``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands import options
from harness.errors import AskedWrongly, ExitCode, Inconclusive, gravest
from harness.model.compared import Basis

if TYPE_CHECKING:
    from harness.lab.places import Stores
    from harness.model.compared import Side


@click.command("compare")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option(
    "--basis",
    type=click.Choice([str(one) for one in Basis]),
    default=str(Basis.RATIO),
    show_default=True,
    help="Compare speed-ups over the reference, or seconds.",
)
@click.option(
    "--tolerance",
    type=options.Finite(0, 1),
    default=0.02,
    show_default=True,
    metavar="SHARE",
    help="Within this much two are the same.",
)
@click.option(
    "--case", "cases", multiple=True, metavar="NAME", help="Only this case; may be repeated."
)
@options.workloads
@options.variants
@options.store
@options.json_to
def command(
    first: str, second: str, basis: str, tolerance: float, cases: tuple[str, ...], workloads: tuple[str, ...], variants: tuple[str, ...],
    store_folder: Path | None, json_to: str | None,
) -> None:  # fmt: skip
    """Compare two runs, files or commits, key by key.  Is B faster than A?

    A and B are each a file, a run's id, a case's name (the run that stands for it), or a revision: then what the history knows of that commit, or
    else the runs that stand for the cases in its results folder.

    Unlike machines, incomplete runs, and sides without a key to compare are refused (exit 5).  A key of another declaration, input or reference,
    or of fewer than three processes, is listed as not compared, beside the others (exit 5); one that a side lacks is named (exit 4).  Everything else is information, exit 0: whether a
    change is a regression is for the gate to say.

    \b
    python -m harness compare 20260101T120000Z-0123abcd dedupe
    python -m harness compare HEAD~3 HEAD --case dedupe
    """
    from harness.judge import compare
    from harness.show import compare as shown
    from harness.show import documents

    stores = options.stores(store_folder)
    pair = compare.best_pair(*(_sides(name, stores) for name in (first, second)))
    one, other = (_only(side, cases, workloads, variants) for side in pair)
    try:
        compared = compare.compare(one, other, basis=Basis(basis), tolerance=tolerance)
    except Inconclusive as error:
        raise Inconclusive(error.problem, _in_store(error.remedy, stores)) from None
    if not compared.keys and not compared.missing and not compared.unlike:
        raise AskedWrongly(
            "neither side has such a key",
            "leave out --case, -w and -V to see what there is; --basis time for a reference alone",
        )
    code = gravest(
        [ExitCode.NOT_MEASURED] * bool(compared.missing)
        + [ExitCode.INCONCLUSIVE] * bool(compared.unlike)
    )
    if json_to:
        options.write_json(documents.to_bytes(shown.compare_document(compared, int(code))), json_to)
    if json_to != "-":
        click.echo(shown.compare_table(compared), nl=False)
    raise click.exceptions.Exit(int(code))


def _in_store(remedy: str, stores: Stores) -> str:
    """The command that goes on with a run, for the store that holds the run."""
    return f"{remedy}{stores.option}" if " --resume " in remedy else remedy


def _sides(asked: str, stores: Stores) -> list[Side]:
    """What a name may mean: a file, a run, a case; or a revision of the repository we are in."""
    from harness.commands.chosen import chosen_run
    from harness.judge.summary import summarise
    from harness.lab.history import airspeed, sides
    from harness.lab.repository import repository_of

    try:
        chosen = chosen_run(asked, stores)
        return [
            sides.side_of_runs(
                asked, f"run {chosen.run.id}", [summarise(chosen.run, str(chosen.path))]
            )
        ]
    except AskedWrongly as no_run:
        try:
            repository = repository_of(Path.cwd())
            repository.commit(asked)
        except AskedWrongly as no_revision:
            _require_no_case(asked, stores)
            raise AskedWrongly(
                f"{asked!r} is neither a run nor a revision: {no_run.problem}; {no_revision.problem}",
                no_run.remedy,
            ) from None
    project = (
        airspeed.project_at(Path.cwd()) if (repository.top / airspeed.CONFIG).is_file() else None
    )
    return sides.sides_of_commit(asked, repository, project)


def _require_no_case(asked: str, stores: Stores) -> None:
    """Refuse the name of a case that has no run.

    Raises:
        Inconclusive: there is no baseline.
    """
    from harness.lab import catalogue

    if catalogue.NAME.fullmatch(asked) and (
        asked in stores.cases() or asked in catalogue.find_cases()
    ):
        raise Inconclusive(
            f"no baseline: 0 complete runs of {asked} in {stores}, 0 keys compared",
            f"measure one: python -m harness run {asked}{stores.option}",
        )


def _only(
    side: Side, cases: tuple[str, ...], workloads: tuple[str, ...], variants: tuple[str, ...]
) -> Side:
    """The keys that were asked for; the reference stays, since speed-ups rest on it."""
    kept = {
        key: given
        for key, given in side.given.items()
        if (not cases or key.case in cases)
        and (not workloads or key.workload in workloads)
        and (not variants or key.variant in variants or given.reference)
    }
    return replace(side, given=kept)
