"""``python -m harness export RUN...``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands import options
from harness.errors import AskedWrongly

FORMATS = ("csv", "markdown", "pyperf", "json")


@click.command("export")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="csv",
    show_default=True,
    help="What to write.",
)
@click.option(
    "-o",
    "--output",
    default="-",
    show_default=True,
    metavar="FILE",
    help="Where to; - is standard output.",
)
@options.store
def command(runs: tuple[str, ...], form: str, output: str, store_folder: Path | None) -> None:
    """Write runs as CSV, Markdown, JSON or plain pyperf.  RUN is an id, a file, or a case's name for the run that stands for it: it says which.

    \b
    csv       one line a key; text that looks like a formula gets an apostrophe in front
    markdown  the tables, as in a README
    json      harness.run/1, or harness.runs/1 for several (docs/data.md)
    pyperf    every sample of one run, without our own metadata, for python -m pyperf
    """
    from harness.commands.chosen import chosen_runs, say_choices
    from harness.judge.summary import summarise
    from harness.lab import store
    from harness.show import documents, export, table, text

    options.require_writable(output)
    found = chosen_runs(runs, options.stores(store_folder))
    say_choices(found)
    if form == "pyperf":
        if len(found) > 1:
            raise AskedWrongly(
                f"a pyperf file holds one run, not {len(found)}", "export them one by one"
            )
        options.write_json(store.pure_pyperf(found[0].run), output)
        return
    summaries = [summarise(one.run, str(one.path)) for one in found]
    if form == "json":
        options.write_json(documents.runs_bytes(summaries), output)
    elif form == "markdown":
        options.write_text(
            "\n".join(
                f"## {text.markdown_cell(one.run.case)}\n\n{table.markdown(one)}"
                for one in summaries
            ),
            output,
        )
    else:
        options.write_text(export.csv_text(summaries), output)
