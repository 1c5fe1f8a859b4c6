"""``python -m harness new NAME``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.errors import AskedWrongly, StoreError
from harness.lab.catalogue import NAME, find_cases
from harness.show.skeleton import skeleton


@click.command("new")
@click.argument("name")
@click.option(
    "--in",
    "parent",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    metavar="FOLDER",
    help="Where the case's folder goes (default: cases/ if there is one here, else here).",
)
def command(name: str, parent: Path | None) -> None:
    """Write the working skeleton of a case: three variants, five mutants, a story to tell.

    It verifies and runs as it is; change it step by step into yours.
    """
    if not NAME.fullmatch(name) or not name.isidentifier():
        raise AskedWrongly(
            f"{name!r} cannot be the name of a case",
            "small letters, digits and underscores, and a letter first: my_case",
        )
    if name in find_cases():
        raise AskedWrongly(
            f"there is a case called {name!r} already", f"look at it: python -m harness list {name}"
        )
    place = parent if parent is not None else Path("cases") if Path("cases").is_dir() else Path()
    folder = place / name
    if folder.exists():
        raise AskedWrongly(f"{folder} exists already", "choose another name, or move it away")
    for file, text in skeleton(name).items():
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
    click.echo(f"\nnext:  python -m harness run ./{folder.as_posix()}")
