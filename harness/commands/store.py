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
@click.option("--fix", is_flag=True, help="Rename damaged files to .bad, so that the others can be used.")
@options.store
def fsck_command(fix: bool, store_folder: Path | None) -> None:
    """Read every result file; name each that is damaged, newer than this tool, or out of place.  Exit 6 if there is one and it stays."""
    from harness.lab import keeping
    from harness.show.text import clean

    sound = incomplete = stay = aside = 0
    for one in keeping.check(options.store_path(store_folder), fix=fix):
        if not one.problem:
            sound += 1
            incomplete += not one.complete
            continue
        stay += one.set_aside is None
        aside += one.set_aside is not None
        click.echo(clean(one.problem))
        click.echo(f"  {clean(f'set aside as {one.set_aside}' if one.set_aside else f'try: {one.remedy}')}")
    click.echo(f"{sound} sound ({incomplete} of them incomplete), {stay} not{f', {aside} set aside' if aside else ''}")
    if stay:
        if not fix:
            click.echo("python -m harness store fsck --fix sets damaged ones aside")
        raise click.exceptions.Exit(int(ExitCode.STORE))


@command.command("merge")
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FOLDER...")
@options.store
def merge_command(sources: tuple[Path, ...], store_folder: Path | None) -> None:
    """Take the runs of other stores in; the same store twice changes nothing.  Two files of one run that differ are refused, exit 6."""
    from harness.lab import keeping

    taken = keeping.merge(sources, options.store_path(store_folder))
    new = sum(one.new for one in taken)
    click.echo(f"{new} runs taken in, {len(taken) - new} were here already")
