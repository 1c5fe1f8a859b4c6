"""``python -m harness report``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands import options
from harness.errors import AskedWrongly
from harness.lab import catalogue

BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"


@click.command("report")
@click.option(
    "--readme",
    "readmes",
    multiple=True,
    required=True,
    metavar="CASE|FILE",
    help="The README of this case, or this file, which must say which case it shows; may be repeated.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit 3 when a block is not what its result file says.")
@options.store
def command(readmes: tuple[str, ...], check: bool, store_folder: Path | None) -> None:
    """Write the results of a stored run into a README, between its two markers.

    The block names the run it was generated from.  A file other than a case's README shows the case named
    in its first marker: <!-- results:begin dedupe -->.
    """
    stale = [str(path) for path in (_write(readme, options.store_path(store_folder), check=check) for readme in readmes) if path]
    if stale and check:
        click.echo(
            f"not what the result files say: {', '.join(stale)}; run: python -m harness report "
            + " ".join(f"--readme {name}" for name in readmes),
            err=True,
        )
        raise click.exceptions.Exit(3)


def _write(readme: str, store_path: Path, *, check: bool) -> Path | None:
    """Bring one file up to date; return its path when it was not."""
    path = Path(readme) if readme.endswith(".md") else catalogue.find_case(readme).folder / "README.md"
    before = path.read_text(encoding="utf-8")
    head, marker, rest = before.partition("<!-- results:begin")
    named, closing, rest = rest.partition("-->")
    _, end, tail = rest.partition(END)
    if not (marker and closing and end):
        raise AskedWrongly(f"{path} has no block between {BEGIN} and {END}", "put the two markers where the results belong")
    case = named.strip() or path.parent.name
    after = f"{head}{marker}{named}-->\n{_block(case, store_path)}{END}{tail}"
    if after == before:
        return None
    if not check:
        path.write_text(after, encoding="utf-8")
        click.echo(f"wrote {path}")
    return path


def _block(case: str, store_path: Path) -> str:
    from harness.judge.summary import summarise
    from harness.lab import store
    from harness.show.table import markdown

    files = sorted((store_path / case).glob("*.json"))
    runs = [run for run in map(store.read, files) if run.complete]
    if not runs:
        raise AskedWrongly(f"{store_path / case} holds no complete run", f"python -m harness run {case}")
    newest = max(runs, key=lambda run: run.id)
    return markdown(summarise(newest))
