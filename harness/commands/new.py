"""``python -m harness new NAME``."""

from __future__ import annotations

import errno
import shlex
from pathlib import Path

import click

from harness.commands.spelling import typable
from harness.errors import AskedWrongly, StoreError
from harness.lab import places
from harness.lab.catalogue import name_problem, proposed_name
from harness.show.skeleton import skeleton


@click.command("new")
@click.argument("name")
@click.option(
    "--in",
    "parent",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    metavar="FOLDER",
    help="Where the case's folder goes (default: here); --in cases puts it into the catalogue of this checkout.",
)
def command(name: str, parent: Path) -> None:
    """Write the working skeleton of a case: three variants, five mutants, a story to tell.

    NAME may be a path: ./benchmarks/my_case.  The case verifies and runs as it is; change it step by step into yours.

    \b
    python -m harness new my_case
    python -m harness run ./my_case
    """
    if ".." in Path(name).parts:
        away = Path(name).parent
        raise AskedWrongly(
            f"{name!r} leads out of this folder",
            f"python -m harness new {shlex.quote(Path(name).name)} --in {shlex.quote(str(away))}",
        )
    folder = parent / name
    if problem := name_problem(folder.name):
        better = folder.parent / proposed_name(folder.name)
        raise AskedWrongly(problem, f"python -m harness new {_typed(better)}")
    if folder.name == places.HISTORY:
        raise AskedWrongly(
            f"{folder.name!r} cannot be the name of a case: results of asv are kept under it",
            f"python -m harness new {name}_case",
        )
    if folder.exists():
        raise AskedWrongly(f"{folder} exists already", "choose another name, or move it away")
    if (beside := folder.with_suffix(".py")).exists():
        raise AskedWrongly(
            f"{beside} exists already, and a folder of its name would hide it from imports",
            f"python -m harness new {_typed(folder.with_name(f'{folder.name}_case'))}",
        )
    for file, text in skeleton(folder.name, _typed(folder)).items():
        path = folder / file
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(typable(text), encoding="utf-8")
        except OSError as error:
            if error.errno == errno.ENOENT and not folder.is_absolute():
                raise  # the working directory itself is gone
            raise StoreError(
                f"{path}: cannot be written: {error.strerror}",
                "make room, or name another folder: --in",
            ) from None
        click.echo(f"wrote {path}")
    click.echo(typable(f"\nnext:  python -m harness run {_typed(folder)}"))


def _typed(folder: Path) -> str:
    path = folder.as_posix()
    return shlex.quote(path if folder.is_absolute() or path.startswith("..") else f"./{path}")
