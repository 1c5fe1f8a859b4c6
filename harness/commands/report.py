"""``python -m harness report``."""

from __future__ import annotations

import re
from pathlib import Path

import click

from harness.commands import options
from harness.errors import AskedWrongly
from harness.lab import catalogue

BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"
BLOCK = re.compile(r"<!-- (?P<kind>results|sweep|selftest):begin(?P<named>[^>]*?)-->.*?<!-- (?P=kind):end -->", re.DOTALL)


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
    in its first marker: <!-- results:begin dedupe -->.  <!-- sweep:begin --> shows the newest sweep, <!-- selftest:begin selftest.json --> shows a gate's
    self-test from the file of that name beside it.
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
    if not BLOCK.search(before):
        raise AskedWrongly(f"{path} has no block between {BEGIN} and {END}", "put the two markers where the results belong")

    def renewed(found: re.Match[str]) -> str:
        kind, named = found["kind"], found["named"].strip()
        block = (
            _self_test(path.parent / named) if kind == "selftest" else _block(named or path.parent.name, store_path, sweep=kind == "sweep")
        )
        return f"<!-- {kind}:begin{found['named']}-->\n{block}<!-- {kind}:end -->"

    after = BLOCK.sub(renewed, before)
    if after == before:
        return None
    if not check:
        path.write_text(after, encoding="utf-8")
        click.echo(f"wrote {path}")
    return path


def _self_test(file: Path) -> str:
    from harness.show.selftest import markdown, read_selftest

    try:
        return markdown(read_selftest(file.read_bytes()))
    except OSError as error:
        raise AskedWrongly(f"{file} cannot be read: {error.strerror}", f"python -m harness gate --self-test --json {file}") from None


def _block(case: str, store_path: Path, *, sweep: bool) -> str:
    """The newest complete run of a case, or its newest sweep, as Markdown."""
    from harness.judge.summary import summarise
    from harness.lab import store
    from harness.show import scaling, table

    files = sorted((store_path / case).glob("*.json"))
    runs = [run for run in map(store.read, files) if run.complete and run.plan.sweep is sweep]
    if not runs:
        kind = "sweep" if sweep else "run"
        raise AskedWrongly(f"{store_path / case} holds no complete {kind}", f"python -m harness run {case}{' --sweep' if sweep else ''}")
    newest = summarise(max(runs, key=lambda run: run.id))
    return scaling.markdown(newest) if sweep else table.markdown(newest)
