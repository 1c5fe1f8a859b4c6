"""``python -m harness store fsck|merge|publish``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands import options
from harness.commands.spelling import typable
from harness.errors import AskedWrongly, ExitCode

if TYPE_CHECKING:
    from harness.lab.keeping import Checked
    from harness.lab.places import Stores


@click.group("store")
def command() -> None:
    """Look after the result files: runs, which git does not see, and the published evidence.

    Runs go to .perflab/results at the top of the repository (of the current folder where there is none), the evidence is results/ beside it;
    PERFLAB_STORE or --store name one folder instead of both.

    \b
    python -m harness store fsck          # reads everything, changes nothing
    python -m harness store fsck --fix    # sets damaged files aside, as .bad
    python -m harness store merge other   # takes the runs of another store in
    python -m harness store publish RUN   # copies a run into results/, and brings READMEs up to date
    """


@command.command("fsck")
@click.option(
    "--fix",
    is_flag=True,
    help="Rename damaged files to .bad, move misplaced runs to their place, remove what killed writers left.",
)
@options.store
def fsck_command(fix: bool, store_folder: Path | None) -> None:
    """Read every run and profile; name each that is damaged, newer than this tool, or out of place.  Exit 6 if there is one and it stays.

    What a killed writer left half written is named as well; nobody reads it, so it is no damage.  Published evidence is read, and never
    changed: restore it from version control, or name it: --store results.
    """
    from harness.lab import keeping

    stores = options.stores(store_folder)
    runs = profiles = incomplete = stay = seen_to = 0
    for one in _checked(stores, fix=fix):
        if one.problem:
            stay += not one.done
            seen_to += bool(one.done)
            _say(one.problem, one.done or typable(f"try: {one.remedy}"))
        elif one.path.name.endswith(keeping.PROFILE):
            profiles += 1
        else:
            runs += 1
            incomplete += not one.complete
    for path in keeping.left_behind(stores.runs, remove=fix):
        _say(
            f"{path}: left half written by a process that was killed",
            "removed"
            if fix
            else typable(f"try: python -m harness store fsck --fix{stores.option}"),
        )
    seen = f", {profiles} profiles" if profiles else ""
    click.echo(
        f"{runs} sound ({incomplete} of them incomplete){seen}, {stay} not sound{f', {seen_to} seen to' if seen_to else ''}"
    )
    if stay:
        if not fix:
            click.echo(
                typable(
                    f"python -m harness store fsck --fix{stores.option}"
                    "  (sets damaged files aside and moves misplaced runs to their place)"
                )
            )
        raise click.exceptions.Exit(int(ExitCode.STORE))


def _checked(stores: Stores, *, fix: bool) -> Iterator[Checked]:
    """Runs, which may be mended, and the evidence, which may not; there must be one of them."""
    from harness.lab import keeping
    from harness.show.flamegraph import read_speedscope

    if stores.published is None or stores.runs.is_dir() or not stores.published.is_dir():
        yield from keeping.check(stores.runs, fix=fix, read_profile=read_speedscope)
    if stores.published is not None:
        yield from keeping.check_evidence(stores.published, read_profile=read_speedscope)


def _say(problem: str, then: str) -> None:
    from harness.show.text import clean

    click.echo(clean(problem))
    click.echo(f"  {clean(then)}")


@command.command("merge")
@click.argument(
    "sources", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FOLDER|FILE..."
)
@options.store
def merge_command(sources: tuple[Path, ...], store_folder: Path | None) -> None:
    """Take the runs and profiles of other stores in, or single result files; the same twice changes nothing.  Two files of one run that differ are refused, exit 6."""
    from harness.lab import keeping
    from harness.show.flamegraph import read_speedscope
    from harness.show.text import clean

    taken = keeping.merge(sources, options.stores(store_folder).runs, read_profile=read_speedscope)
    for source in sources:
        if not any(one.source.is_relative_to(source) for one in taken):
            click.echo(f"there is no run in {clean(str(source))}", err=True)
    profiles = [one for one in taken if one.source.name.endswith(keeping.PROFILE)]
    for what, some in (
        ("runs", [one for one in taken if one not in profiles]),
        ("profiles", profiles),
    ):
        if some or what == "runs":
            new = sum(one.new for one in some)
            click.echo(f"{new} {what} taken in, {len(some) - new} were here already")


@command.command("publish")
@click.argument("runs", nargs=-1, metavar="RUN...")
@click.option(
    "--history",
    is_flag=True,
    help="The history of commits, too: what asv measured here, into results/history.",
)
@options.store
def publish_command(runs: tuple[str, ...], history: bool, store_folder: Path | None) -> None:
    """Copy runs into the published evidence, results/ at the top of the repository; nothing else writes there.

    RUN is an id, a file, or a case's name for the run that stands for it.  With a run go its plot and the newest profiles of its case and
    machine; then the blocks of results in this repository's Markdown files that show its case are written anew.  Commit what it lists.
    """
    from harness.commands.chosen import chosen_runs, say_choices
    from harness.commands.history import publish_history
    from harness.commands.readme import renew, showing
    from harness.lab import places
    from harness.lab.store import publishing
    from harness.show.flamegraph import read_speedscope

    if not runs and not history:
        raise AskedWrongly(
            "no run was named",
            "one that stands for its case: python -m harness store publish dedupe",
        )
    evidence = places.published_folder()
    found = chosen_runs(runs, options.stores(store_folder)) if runs else []
    say_choices(found)
    for one in found:
        for copied in publishing.publish(one.run, one.path, evidence, read_profile=read_speedscope):
            click.echo(f"{'published' if copied.new else 'published already'}: {copied.path}")
    pages = [
        page for case in dict.fromkeys(one.run.case for one in found) for page in showing(case)
    ]
    renew([str(page) for page in dict.fromkeys(pages)], places.Stores(evidence), check=False)
    for path in publish_history(places.published_history()) if history else ():
        click.echo(f"published: {path}")
