"""``python -m harness store fsck|merge``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands import options
from harness.errors import ExitCode


@click.group("store")
def command() -> None:
    """Look after the result files.

    \b
    python -m harness store fsck          # reads everything, changes nothing
    python -m harness store fsck --fix    # sets damaged files aside, as .bad
    python -m harness store merge other   # takes the runs of another store in
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

    What a killed writer left half written is named as well; nobody reads it, so it is no damage.
    """
    from harness.lab import keeping
    from harness.show.flamegraph import read_speedscope

    folder = options.store_path(store_folder)
    runs = profiles = incomplete = stay = seen_to = 0
    for one in keeping.check(folder, fix=fix, read_profile=read_speedscope):
        if one.problem:
            stay += not one.done
            seen_to += bool(one.done)
            _say(one.problem, one.done or f"try: {one.remedy}")
        elif one.path.name.endswith(keeping.PROFILE):
            profiles += 1
        else:
            runs += 1
            incomplete += not one.complete
    for path in keeping.left_behind(folder, remove=fix):
        _say(
            f"{path}: left half written by a process that was killed",
            "removed" if fix else "try: python -m harness store fsck --fix",
        )
    seen = f", {profiles} profiles" if profiles else ""
    click.echo(
        f"{runs} sound ({incomplete} of them incomplete){seen}, {stay} not sound{f', {seen_to} seen to' if seen_to else ''}"
    )
    if stay:
        if not fix:
            click.echo(
                "python -m harness store fsck --fix sets damaged files aside and moves misplaced runs to their place"
            )
        raise click.exceptions.Exit(int(ExitCode.STORE))


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

    taken = keeping.merge(sources, options.store_path(store_folder), read_profile=read_speedscope)
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
