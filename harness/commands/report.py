"""``python -m harness report``."""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands import options
from harness.commands.spelling import typable
from harness.errors import AskedWrongly, ExitCode

if TYPE_CHECKING:
    from harness.lab.places import Stores
    from harness.model.published import CasePage, CommitHistory, Site


@click.command("report")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="PATH", help="The site's folder (default: .perflab/site at the top of the repository); of a plot, its file (default: beside the recording)."
)  # fmt: skip
@click.option(
    "--verify",
    is_flag=True,
    help="Write nothing: make every page again and compare byte for byte; exit 3 when one differs.",
)
@click.option(
    "--vendor",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="Put asv's own pages into the site, too, with the scripts that this folder holds (a node_modules will do).",
)
@click.option(
    "--readme",
    "readmes",
    multiple=True,
    metavar="CASE|FILE",
    help="No site: the blocks in the README of this case, or in this file, which must say which case it shows; may be repeated.",
)
@click.option(
    "--check",
    is_flag=True,
    help="With --readme: write nothing; exit 3 when a block is not what its result file says.",
)
@click.option(
    "--monitor", "recording", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="No site: plot what monitor --record wrote."
)  # fmt: skip
@options.store
@options.quiet
def command(
    output: Path | None, verify: bool, vendor: Path | None, readmes: tuple[str, ...], check: bool, recording: Path | None, store_folder: Path | None, quiet: bool
) -> None:  # fmt: skip
    """Make a site of all runs: pages that need no server, no network and no script.

    A page a case, a page a machine, the history of commits, and how each number was made.  Only what changed is written.
    A page is about the run that covers most of its case, then the most precise, then the newest one, and says which; with --store results
    only published runs are read.

    \b
    python -m harness report                   # into .perflab/site/
    python -m harness report --verify          # is every page what the result files say?
    python -m harness report --readme dedupe   # the tables in a README
    python -m harness report --monitor FILE    # a plot of a recording

    A README's block names the run it was made from, a published one (store publish), and --check compares it with that run.  A file other than a case's README shows the case named in its first marker:
    <!-- results:begin dedupe -->.  <!-- sweep:begin --> shows a sweep, <!-- selftest:begin selftest.json --> a gate's self-test, and
    <!-- profile:begin profile.json --> a profile, from the file of that name beside it.
    """
    if sum((verify or vendor is not None, bool(readmes), recording is not None)) > 1:
        raise AskedWrongly(
            "--verify and --vendor, --readme, and --monitor are three different things",
            "ask for one at a time",
        )
    if check and not readmes:
        raise AskedWrongly(
            "--check looks at READMEs", "--readme CASE --check; for the site: --verify"
        )
    if recording is not None:
        _plot(recording, output or recording.with_suffix(".svg"))
    elif readmes:
        from harness.commands.readme import renew

        raise click.exceptions.Exit(int(renew(readmes, options.stores(store_folder), check=check)))
    elif verify:
        raise click.exceptions.Exit(
            int(_verify(_site_folder(output), options.stores(store_folder)))
        )
    else:
        _publish(_site_folder(output), options.stores(store_folder), vendor, quiet=quiet)


def _site_folder(asked: Path | None) -> Path:
    from harness.lab import places

    return asked or places.own_folder("site")


@dataclass(frozen=True, slots=True)
class _Gathered:
    """What a site is made of, and the digest of every result file behind it."""

    site: Site
    made_from: Mapping[str, str]


def _publish(folder: Path, stores: Stores, vendor: Path | None, *, quiet: bool) -> None:
    from harness.commands.history import publish_asv
    from harness.lab import publishing
    from harness.lab.history import airspeed
    from harness.show.drawing import require_matplotlib
    from harness.show.site.pages import pages

    require_matplotlib()
    publishing.require_ours(folder)
    gathered = _gathered(stores, quiet=quiet)
    with tempfile.TemporaryDirectory(prefix="perflab-") as scratch:
        made = Path(scratch, "asv") if vendor is not None else folder / "asv"
        if vendor is not None:
            publish_asv(
                airspeed.project_at(Path.cwd()), made, vendor, shown=None if quiet else sys.stderr
            )
        done = publishing.write(pages(_with_asv(gathered.site, made)), gathered.made_from, folder)
        if vendor is not None:
            publishing.replace_folder(folder, made)
    click.echo(
        f"{folder / 'index.html'}: {done.written} files written, {done.unchanged} unchanged, {done.removed} removed"
    )


def _verify(folder: Path, stores: Stores) -> ExitCode:
    from harness.lab import publishing
    from harness.show.drawing import require_matplotlib
    from harness.show.site.pages import pages
    from harness.show.text import clean

    require_matplotlib()
    if publishing.manifest(folder) is None:
        raise AskedWrongly(
            f"there is no site in {folder}",
            f"python -m harness report -o {shlex.quote(str(folder))}",
        )
    gathered = _gathered(stores, quiet=True)
    site = _with_asv(gathered.site, folder / "asv")
    found = list(publishing.problems(pages(site), gathered.made_from, folder))
    for problem in found:
        click.echo(clean(problem))
    if found:
        again = f"python -m harness report -o {shlex.quote(str(folder))}"
        said = f"{folder}: {len(found)} differences; {again} writes it anew"
        click.echo(typable(said))
        return ExitCode.WRONG_ANSWER
    manifest = publishing.manifest(folder)
    assert manifest is not None
    click.echo(
        f"{folder}: {len(manifest.pages)} files, each byte as {len(manifest.made_from)} result files and the sources say"
    )
    return ExitCode.OK


def _gathered(stores: Stores, *, quiet: bool) -> _Gathered:
    """Read the store and the catalogue, one case at a time.

    Raises:
        AskedWrongly: there is nothing to show.
        StoreError: a file is damaged; no page is made without it.
    """
    from harness.judge.publish import case_page
    from harness.lab import archive, catalogue, studies
    from harness.lab.store import choosing
    from harness.show.flamegraph import read_speedscope

    known = catalogue.find_cases()
    stored = stores.cases()
    cases: list[CasePage] = []
    made_from: dict[str, str] = {}
    for name in [*known, *(name for name in stored if name not in known)]:
        if not quiet:
            click.echo(f"reading {name}", err=True)
        question = choosing.question_of(known[name]) if name in known else None
        shelf = archive.shelf(name, stores, question) if name in stored else None
        profiles = (
            []
            if shelf is None
            else [read_speedscope(data, file) for file, data in shelf.profiles.items()]
        )
        made_from |= {} if shelf is None else shelf.files
        cases.append(
            case_page(name, shelf, studies.study(known[name]) if name in known else None, profiles)
        )
    if not made_from:
        raise AskedWrongly(
            f"there is no run in {stores}", f"python -m harness run dedupe{stores.option}"
        )
    return _Gathered(_site(cases), made_from)


def _site(cases: Sequence[CasePage]) -> Site:
    from harness.model.published import Site

    machines = {
        summary.run.machine.id: summary.run.machine for case in cases for summary in case.runs
    }
    return Site(tuple(cases), tuple(machines[name] for name in sorted(machines)), _commits())


def _commits() -> CommitHistory | None:
    """The history of the project that we are in, if it has one."""
    from harness.commands.history import commit_history
    from harness.lab.history import airspeed

    try:
        project = airspeed.project_at(Path.cwd())
    except AskedWrongly:  # no repository, or one without asv
        return None
    return commit_history(project)


def _with_asv(site: Site, folder: Path) -> Site:
    """Say whether asv's own pages stand in the site."""
    if site.history is None:
        return site
    return replace(site, history=replace(site.history, asv_pages=(folder / "index.html").is_file()))


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
