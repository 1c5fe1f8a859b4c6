"""``python -m harness report``."""

from __future__ import annotations

import re
from pathlib import Path

import click

from harness.commands import options
from harness.errors import AskedWrongly
from harness.lab import catalogue

BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"
BLOCK = re.compile(r"<!-- (?P<kind>results|sweep|selftest|profile):begin(?P<named>[^>]*?)-->.*?<!-- (?P=kind):end -->", re.DOTALL)


_DOCUMENTS = {"selftest": "gate --self-test", "profile": "profile CASE"}
"""Blocks that are made from a JSON document, and the command that writes it."""


@click.command("report")
@click.option(
    "--readme",
    "readmes",
    multiple=True,
    metavar="CASE|FILE",
    help="The README of this case, or this file, which must say which case it shows; may be repeated.",
)
@click.option(
    "--monitor", "recording", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Plot what monitor --record wrote."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where the plot goes (default: beside the recording, as SVG).",
)
@click.option("--check", is_flag=True, help="Write nothing; exit 3 when a block is not what its result file says.")
@options.store
def command(readmes: tuple[str, ...], recording: Path | None, output: Path | None, check: bool, store_folder: Path | None) -> None:
    """Write the results of a stored run into a README, between its two markers; or plot a recording.

    The block names the run it was generated from.  A file other than a case's README shows the case named
    in its first marker: <!-- results:begin dedupe -->.  <!-- sweep:begin --> shows the newest sweep, <!-- selftest:begin selftest.json --> shows a gate's
    self-test, and <!-- profile:begin profile.json --> a profile, from the file of that name beside it.
    """
    if (recording is None) == (not readmes):
        raise AskedWrongly("say what to report: --readme CASE, or --monitor FILE", "python -m harness report --readme dedupe")
    if recording is not None:
        _plot(recording, output or recording.with_suffix(".svg"))
        return
    stale = [str(path) for path in (_write(readme, options.store_path(store_folder), check=check) for readme in readmes) if path]
    if stale and check:
        click.echo(
            f"not what the result files say: {', '.join(stale)}; run: python -m harness report "
            + " ".join(f"--readme {name}" for name in readmes),
            err=True,
        )
        raise click.exceptions.Exit(3)


def _plot(recording: Path, output: Path) -> None:
    """Plot a recording, and say what is in it."""
    from harness.lab.monitor.recording import read
    from harness.model.watched import watched
    from harness.show import monitor

    options.require_writable(str(output))
    found = read(recording)
    summary = watched(found.readings)
    if summary is None:
        raise AskedWrongly(f"{recording} holds no look", "record for longer than one interval")
    from harness.show.monitor_plot import svg

    options.write_bytes(svg(found), output)
    click.echo("\n".join(monitor.summary(summary)))
    if found.cut:
        click.echo("the recording is cut: whoever wrote it was stopped within a line")
    click.echo(f"plot: {output}")


def _write(readme: str, store_path: Path, *, check: bool) -> Path | None:
    """Bring one file up to date; return its path when it was not."""
    path = Path(readme) if readme.endswith(".md") else catalogue.find_case(readme).folder / "README.md"
    before = path.read_text(encoding="utf-8")
    if not BLOCK.search(before):
        raise AskedWrongly(f"{path} has no block between {BEGIN} and {END}", "put the two markers where the results belong")

    def renewed(found: re.Match[str]) -> str:
        kind, named = found["kind"], found["named"].strip()
        if kind in _DOCUMENTS:
            block = _from_document(kind, path.parent / named)
        else:
            block = _block(named or path.parent.name, store_path, sweep=kind == "sweep")
        return f"<!-- {kind}:begin{found['named']}-->\n{block}<!-- {kind}:end -->"

    after = BLOCK.sub(renewed, before)
    if after == before:
        return None
    if not check:
        path.write_text(after, encoding="utf-8")
        click.echo(f"wrote {path}")
    return path


def _from_document(kind: str, file: Path) -> str:
    """What a JSON document beside the page says, as Markdown."""
    from harness.show import profile, selftest

    try:
        data = file.read_bytes()
    except OSError as error:
        raise AskedWrongly(f"{file} cannot be read: {error.strerror}", f"python -m harness {_DOCUMENTS[kind]} --json {file}") from None
    return selftest.markdown(selftest.read_selftest(data)) if kind == "selftest" else profile.markdown(profile.read_profiles(data))


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
