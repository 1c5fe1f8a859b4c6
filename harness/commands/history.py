"""``python -m harness history run|add|steps|publish|merge``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from harness.commands import options
from harness.errors import AskedWrongly, ExitCode, Inconclusive, gravest
from harness.model.history import Quantity, State

if TYPE_CHECKING:
    from harness.lab.history.airspeed import Project
    from harness.model.history import Recorded
    from harness.model.published import CommitHistory
    from harness.show.history_document import HistoryFileDocument


@click.group("history")
def command() -> None:
    """Measure old commits with airspeed velocity, and find where the ratios changed.

    \b
    python -m harness history run HEAD~5..HEAD --case dedupe
    python -m harness history steps
    python -m harness history publish -o site/asv --vendor node_modules
    """


@command.command("run")
@click.argument("commits", default="HEAD", metavar="[COMMITS]")
@click.option(
    "--case", "cases", multiple=True, metavar="NAME", help="Only this case; may be repeated."
)
@click.option(
    "-V",
    "--variant",
    "variants",
    multiple=True,
    metavar="NAME",
    help="Only this variant; may be repeated.",
)
@click.option(
    "--quantity",
    "quantities",
    multiple=True,
    type=click.Choice([str(one) for one in Quantity]),
    help="Only this; may be repeated.",
)
@click.option(
    "--missing", is_flag=True, help="Only commits of which this machine has no results yet."
)
@click.option(
    "--existing",
    is_flag=True,
    help="Measure what is checked out, in this very environment; only extensions that lack a build are built.",
)
@click.option(
    "--instructions",
    is_flag=True,
    help="Count instructions, too: some seconds a variant, under valgrind.",
)
@options.json_to
@options.quiet
def run_command(
    commits: str, cases: tuple[str, ...], variants: tuple[str, ...], quantities: tuple[str, ...], missing: bool, existing: bool, instructions: bool, json_to: str | None,
    quiet: bool,
) -> None:  # fmt: skip
    """Build and measure COMMITS: one, or a range as git writes it (default: HEAD).

    Each commit is built (half a minute) and measured by today's suite.  What a commit does not have is skipped; what fails is named, exit 4.
    """
    from harness.commands.lock import the_machine
    from harness.lab.history import airspeed

    airspeed.require_asv()
    _known(cases, variants)
    project = airspeed.project_at(Path.cwd())
    before = _read(project)
    wanted = (
        _checked_out(project, commits, cases, variants, quiet=quiet)
        if existing
        else airspeed.commits_in(project, commits)
    )
    name = airspeed.this_machine().machine
    if missing:
        done = {one.commit for one in before if one.machine == name}
        wanted = [commit for commit in wanted if commit not in done]
    if wanted:
        click.echo(f"{len(wanted)} commits, machine {name}", err=True)
        wish = airspeed.Wish(cases, variants, tuple(Quantity(one) for one in quantities))
        with the_machine(wait=True):
            shown = None if quiet else sys.stderr
            if existing:
                airspeed.run_here(project, wanted[0], wish, instructions=instructions, shown=shown)
            else:
                airspeed.run(project, wanted, wish, instructions=instructions, shown=shown)
    after = [one for one in _read(project) if one.commit in wanted and one.machine == name]
    _finish(
        "run",
        project,
        after,
        json_to,
        absent=[commit for commit in wanted if commit not in {one.commit for one in after}],
    )


def _checked_out(
    project: Project, commits: str, cases: Sequence[str], asked: Sequence[str], *, quiet: bool
) -> list[str]:
    """The commit that is checked out, with everything built from its sources; what is not, is built now.

    Raises:
        AskedWrongly: another one was asked for, or the working tree has other code.
        NotBuilt: a compiled variant is not what its source says.
    """
    from harness.lab import building, catalogue, sources
    from harness.lab.history import ours

    if commits != "HEAD":
        raise AskedWrongly(
            f"--existing measures what is checked out, not {commits!r}",
            "leave out the commits, or leave out --existing",
        )
    chosen = [catalogue.find_case(name) for name in cases] or [*catalogue.find_cases().values()]
    wanted = [
        (found, [name for name in found.load().variants if not asked or name in asked])
        for found in chosen
    ]
    building.provide(
        set().union(*(building.bodies(found, variants) for found, variants in wanted)),
        options.teller(quiet=quiet),
    )
    for found, variants in wanted:
        for variant in variants:
            sources.require_build(found, variant)
    return [ours.checked_out(project.repository)]


@command.command("add")
@click.argument("runs", nargs=-1, metavar="RUN...")
@click.option("--all", "everything", is_flag=True, help="The run that stands for each case.")
@click.option(
    "--commit", metavar="REV", help="The commit that the runs measured (default: as they say)."
)
@options.store
@options.json_to
def add_command(
    runs: tuple[str, ...],
    everything: bool,
    commit: str | None,
    store_folder: Path | None,
    json_to: str | None,
) -> None:
    """Write runs of our own (id, file, or a case's name for the run that stands for it) into asv's store, without building anything.

    A run says which commit it measured, and is filed under that; one that measured changed code, or does not say, is refused without --commit.
    """
    from harness.commands.chosen import chosen_runs
    from harness.judge.summary import summarise
    from harness.lab.history import airspeed, ours

    if bool(runs) == everything:
        raise AskedWrongly(
            "name runs, or --all for the one that stands for each case",
            "python -m harness history add dedupe",
        )
    found = chosen_runs(runs, options.stores(store_folder))
    project = airspeed.project_at(Path.cwd())
    added = ours.add(project, [summarise(one.run, str(one.path)) for one in found], commit)
    if not any(
        (folder / "benchmarks.json").exists() for folder in (project.results, project.published)
    ):
        airspeed.discover(project, shown=None)
    for one in added:
        for key in one.missing:
            click.echo(f"{one.run}: no number of {key}", err=True)
    paths = {one.path for one in added}
    _finish(
        "add", project, [one for one in _read(project) if one.path in paths], json_to, strict=False
    )


@command.command("merge")
@click.argument(
    "shards",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER...",
)
@options.json_to
def merge_command(shards: tuple[Path, ...], json_to: str | None) -> None:
    """Bring result folders of other jobs into the store; the same folder twice changes nothing.

    Unlike machines of one name, and two values of one key, are refused (exit 5), and then nothing is written.
    """
    from harness.lab.history import airspeed, files

    project = airspeed.project_at(Path.cwd())
    merged = files.merge(shards, project.results)
    changed = {one.path for one in merged if one.changed}
    paths = {one.path for one in merged}
    _finish(
        "merge",
        project,
        [one for one in _read(project) if one.path in paths],
        json_to,
        changed=changed,
        strict=False,
    )


@command.command("steps")
@click.option(
    "--smallest",
    type=options.Finite(0.001, 10),
    default=0.05,
    show_default=True,
    metavar="SHARE",
    help="Smaller changes are no steps.",
)
@click.option(
    "--case", "cases", multiple=True, metavar="NAME", help="Only this case; may be repeated."
)
@options.json_to
def steps_command(smallest: float, cases: tuple[str, ...], json_to: str | None) -> None:
    """Find the commits at which the ratio of a variant to its reference changed.

    Ratios, not seconds: a slow day of the machine is no step.  Where the reference itself changes, all its variants step.
    This is information, exit 0; whether a change is slower is for the gate to say.
    """
    from harness.judge import history as judged
    from harness.judge import steps as judge
    from harness.lab.history import airspeed
    from harness.show import documents, history, history_document

    project = airspeed.project_at(Path.cwd())
    recorded = _read(project)
    if not recorded:
        raise _nothing(project)
    commits = airspeed.in_order(project, {one.commit for one in recorded})
    curves = [
        one
        for one in judged.curves(recorded, commits, Quantity.RATIO)
        if not cases or one.measurand.key.case in cases
    ]
    if not curves:
        raise Inconclusive(
            "no ratio was measured" + (f" of {', '.join(cases)}" if cases else ""),
            "python -m harness history run",
        )
    steps = [step for curve in curves for step in judge.find_steps(curve, smallest=smallest)]
    failed = [
        gap
        for gap in judged.failures(recorded, Quantity.RATIO)
        if not cases or gap[1].key.case in cases
    ]
    lineage = project.repository.run("rev-list", "--topo-order", "--reverse", *commits).split()
    document = history_document.steps_document(
        curves,
        steps,
        failed,
        commits=commits,
        all_commits=lineage,
        smallest=smallest,
        fewest=judge.FEWEST_POINTS,
    )
    if json_to:
        options.write_json(documents.to_bytes(document), json_to)
    if json_to != "-":
        click.echo(history.steps_table(document, _subjects(project, commits)), nl=False)


@command.command("publish")
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER", help="Where to (default: html_dir of asv.conf.json).")  # fmt: skip
@click.option(
    "--vendor",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="Holds the scripts and styles that asv's page loads from other hosts (a node_modules will do).",
)
@options.quiet
def publish_command(output: Path | None, vendor: Path | None, quiet: bool) -> None:
    """Write asv's pages into a folder that needs no other host.

    asv's page loads ten scripts and styles from elsewhere.  With --vendor they are copied from that folder and the links rewritten; without,
    the page cannot work, and a plain one with the same numbers takes its place.
    """
    from harness.lab.history import airspeed, vendoring
    from harness.show.site.pages import commits_page
    from harness.show.site.rendering import STYLE, style

    airspeed.require_asv()
    project = airspeed.project_at(Path.cwd())
    folder = (output or project.pages).absolute()
    airspeed.fresh_folder(folder)
    shown = None if quiet else sys.stderr
    if vendor is not None:
        publish_asv(project, folder, vendor, shown=shown)
    else:
        found = commit_history(project)
        if found is None:
            raise _nothing(project)
        airspeed.publish(project, folder, shown=shown)
        vendoring.replace_page(folder, commits_page(found, alone=True))
        options.write_bytes(style(), folder / STYLE)
        click.echo(
            "asv's page needs scripts of other hosts; a plain page stands in its place (--vendor FOLDER for asv's own)",
            err=True,
        )
    click.echo(str(folder / "index.html"))


def publish_asv(project: Project, folder: Path, vendor: Path, *, shown: IO[str] | None) -> None:
    """Let asv write its pages, and give them the scripts and styles that they want from other hosts.

    Raises:
        AskedWrongly: the folder lacks some of them.
        Inconclusive: nothing was measured yet.
        StoreError: a result file is damaged; asv would leave it out.
    """
    from harness.lab.history import airspeed, vendoring

    airspeed.require_asv()
    if not _read(project):
        raise _nothing(project)
    supply = vendoring.supplies(vendor)
    airspeed.publish(project, folder, shown=shown)
    used = vendoring.vendor(folder, supply)
    unchecked = [one.name for one in used if not one.checked]
    click.echo(
        f"{len(used)} scripts and styles copied, {len(used) - len(unchecked)} of them with the digest that asv asks for",
        err=True,
    )
    if unchecked:
        click.echo(f"of another build than asv names: {', '.join(unchecked)}", err=True)


def publish_history(folder: Path) -> list[Path]:
    """Copy what asv measured here into the published history; return the files that changed.

    Raises:
        AskedWrongly: the project has no configuration of asv.
        Inconclusive: nothing was measured yet, or a published value would change.
    """
    from harness.lab.history import airspeed, files

    project = airspeed.project_at(Path.cwd())
    if not files.read_all(project.results):
        raise _nothing(project)
    return [one.path for one in files.merge([project.results], folder) if one.changed]


def commit_history(project: Project) -> CommitHistory | None:
    """What asv's store knows of the project's commits; None: nothing.

    Raises:
        StoreError: a result file is damaged, or of a commit that the repository does not have.
    """
    from harness.judge import history as judged
    from harness.judge import steps as judge
    from harness.lab.history import airspeed
    from harness.model.published import CommitHistory

    recorded = _read(project)
    if not recorded:
        return None
    commits = airspeed.in_order(project, {one.commit for one in recorded})
    curves = judged.curves(recorded, commits, Quantity.RATIO)
    steps = tuple(step for curve in curves for step in judge.find_steps(curve))
    failed = tuple(
        (commit, measurand.key) for commit, measurand in judged.failures(recorded, Quantity.RATIO)
    )
    return CommitHistory(curves, steps, tuple(commits), _subjects(project, commits), failed)


def _nothing(project: Project) -> Inconclusive:
    return Inconclusive(
        f"there is no history in {project.results} or {project.published}",
        "python -m harness history run HEAD~5..HEAD",
    )


def _read(project: Project) -> tuple[Recorded, ...]:
    return project.recorded()


def _known(cases: Sequence[str], variants: Sequence[str]) -> None:
    """Refuse names that the catalogue does not have."""
    from harness.lab import catalogue

    found = catalogue.find_cases()
    chosen = [catalogue.find_case(name) for name in cases] or list(found.values())
    for one in chosen:
        if one.origin == "path":
            raise AskedWrongly(
                f"the history knows the cases of the catalogue and of installed plugins only, and"
                f" {one.folder} is neither",
                f"compare two revisions of it: python -m harness gate {catalogue.typed(one)}"
                " --against HEAD",
            )
    names = [name for one in chosen for name in one.load().variants] if variants else []
    for variant in variants:
        if variant not in names:
            raise AskedWrongly(
                f"there is no variant called {variant!r}",
                catalogue.did_you_mean(variant, names) or "python -m harness list",
            )


def _subjects(project: Project, commits: Sequence[str]) -> dict[str, str]:
    """The first line of each commit's message."""
    if not commits:
        return {}
    said = project.repository.run("show", "--no-patch", "--format=%H %s", *commits)
    return {
        commit: subject
        for commit, _, subject in (line.partition(" ") for line in said.splitlines() if line)
    }


def _finish(
    action: str, project: Project, recorded: Sequence[Recorded], json_to: str | None, *, absent: Sequence[str] = (), changed: set[Path] | None = None,
    strict: bool = True,
) -> None:  # fmt: skip
    """Say what the files hold now, as a table or a document, and end with the exit code that fits."""
    from harness.show import documents, history
    from harness.show.history_document import HistoryDocument

    described = [
        _described(one, project, changed=changed is None or one.path in changed) for one in recorded
    ]
    failed = strict and any(one.failed for one in described)
    code = gravest([ExitCode.NOT_MEASURED] if failed or absent else [])
    document = HistoryDocument("harness.history/1", action, int(code), described)
    if json_to:
        options.write_json(documents.to_bytes(document), json_to)
    if json_to != "-":
        click.echo(
            history.files_table(document, _subjects(project, [one.commit for one in recorded])),
            nl=False,
        )
    for commit in absent:
        click.echo(f"nothing was written for {commit}", err=True)
    raise click.exceptions.Exit(int(code))


def _described(one: Recorded, project: Project, *, changed: bool) -> HistoryFileDocument:
    from harness.show.history_document import HistoryFileDocument

    states = [value.state for value in one.values]
    failed = tuple(
        f"{value.measurand.key} ({value.measurand.quantity})" for value in one.values if value.state is State.FAILED
    )  # fmt: skip
    file = (
        str(one.path.relative_to(project.repository.top))
        if one.path.is_relative_to(project.repository.top)
        else str(one.path)
    )
    return HistoryFileDocument(
        file,
        one.commit,
        one.machine,
        one.environment,
        states.count(State.MEASURED),
        states.count(State.SKIPPED),
        failed,
        changed,
    )
