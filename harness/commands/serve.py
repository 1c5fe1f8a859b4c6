"""``python -m harness serve``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands import options
from harness.errors import AskedWrongly

if TYPE_CHECKING:
    from harness.lab.places import Stores
    from harness.lab.serving import Made, Served


@click.command("serve")
@click.argument("folder", type=click.Path(path_type=Path), default=None, metavar="[SITE]")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="On 127.0.0.1 (default: a free one)."
)
@click.option("--verbose", is_flag=True, help="Log every request on standard error.")
@options.store
def command(folder: Path | None, port: int, verbose: bool, store_folder: Path | None) -> None:
    """Show the site that `report` has made, and the runs in progress, on this machine only.

    It listens on 127.0.0.1, answers to that name and localhost alone, and only reads.  /live.html shows what runs in progress have so far, and
    looks again by itself (/live.html?still does not); without a site it is the start page.  Ctrl-C ends it.
    """
    from harness.lab import places, serving
    from harness.show.text import clean

    if folder is not None and not (folder / "index.html").is_file():
        raise AskedWrongly(
            f"there is no site in {folder}",
            f"python -m harness report -o {shlex.quote(str(folder))}",
        )
    served = _served(folder or places.own_folder("site"), options.stores(store_folder))
    log = (lambda line: click.echo(clean(line), err=True)) if verbose else None
    with serving.serving(served, port, log) as server:
        address = f"http://{serving.HOST}:{server.server_port}/"
        click.echo(f"runs in progress: {address}live.html", err=True)
        click.echo(address)
        server.serve_forever(poll_interval=0.1)


def _served(folder: Path, stores: Stores) -> Served:
    from harness.lab import archive
    from harness.lab.serving import Made, Served
    from harness.show.site.live import live_page
    from harness.show.site.rendering import STYLE, style

    site = (folder / "index.html").is_file()

    def live(question: str) -> Made:
        history = site and (folder / "history.html").is_file()
        page = live_page(
            archive.workshop(stores),
            store=str(stores),
            site=site,
            has_history=history,
            still=question == "still",
        )
        return Made(page, ".html")

    if site:
        return Served(folder, {"/live.html": live})
    return Served(
        None, {"/": live, "/live.html": live, f"/{STYLE}": lambda _: Made(style(), ".css")}
    )
