"""``python -m harness new NAME``."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from harness.errors import AskedWrongly, StoreError
from harness.lab import places
from harness.lab.catalogue import NAME, find_cases
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
    folder = parent / name
    if not NAME.fullmatch(folder.name) or not folder.name.isidentifier():
        raise AskedWrongly(
            f"{folder.name!r} cannot be the name of a case",
            "small letters, digits and underscores, and a letter first: my_case",
        )
    if folder.name == places.HISTORY:
        raise AskedWrongly(
            f"{folder.name!r} cannot be the name of a case: results of asv are kept under it",
            f"try: python -m harness new {name}_case",
        )
    if folder.name in find_cases():
        raise AskedWrongly(
            f"there is a case called {folder.name!r} already",
            f"look at it: python -m harness list {folder.name}",
        )
    if folder.exists():
        raise AskedWrongly(f"{folder} exists already", "choose another name, or move it away")
    typed = folder.as_posix() if folder.is_absolute() else f"./{folder.as_posix()}"
    for file, text in skeleton(folder.name, shlex.quote(typed)).items():
        path = folder / file
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise StoreError(
                f"{path}: cannot be written: {error.strerror}",
                "make room, or name another folder: --in",
            ) from None
        click.echo(f"wrote {path}")
    click.echo(f"\nnext:  python -m harness run {shlex.quote(typed)}")
