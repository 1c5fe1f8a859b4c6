"""``python -m harness doctor``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from harness.commands import options
from harness.commands.spelling import typable
from harness.errors import ExitCode

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from harness.lab.doctor import Check

_MARKS = {"ok": ("ok", "green"), "warn": ("warn", "yellow"), "bad": ("bad", "bold red")}


@click.command("doctor")
@options.json_to
def command(json_to: str | None) -> None:
    """Say what on this machine spoils measurements, and the remedy.

    Looks at the processors, other load, the clock, memory, Python, compiler and builds, and times two
    identical loops against each other: what they differ by is what no measurement here can see.
    Exits with 7 only if measuring is impossible.
    """
    from harness.lab import doctor
    from harness.show import documents

    checks = doctor.examine()
    code = ExitCode.OK if doctor.usable(checks) else ExitCode.ENVIRONMENT
    if json_to:
        made = [
            documents.CheckDocument(
                check.name, check.state.value, check.found, check.why, check.remedy
            )
            for check in checks
        ]
        options.write_json(documents.to_bytes(documents.doctor_document(made, code)), json_to)
    if json_to != "-":
        from harness.show.table import Terminal

        _show(Terminal(), checks)
    raise click.exceptions.Exit(int(code))


def _show(console: Console, checks: Sequence[Check]) -> None:
    from rich.text import Text

    from harness.show.table import put

    put(console, _table(checks))
    troubled = [check for check in checks if check.state != "ok"]
    if any(check.state == "bad" for check in checks):
        said = "Measuring is impossible here until what is marked bad has been mended."
    elif troubled:
        said = f"This machine can measure; {len(troubled)} of {len(checks)} things could be better."
    else:
        said = "This machine can measure; nothing to mend."
    put(console, Text(f"\n{said}", style="bold"))


def _table(checks: Sequence[Check]) -> Table:
    """One line per check; what is not well also says why, and what to do."""
    from rich.table import Table
    from rich.text import Text

    from harness.show.text import clean

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for check in checks:
        mark, style = _MARKS[check.state]
        said = Text(clean(check.found))
        if check.why:
            said.append(f"\n{clean(check.why)}", style="dim")
        if check.remedy:
            said.append(f"\ntry: {clean(typable(check.remedy))}", style="cyan")
        table.add_row(Text(mark, style=style), Text(check.name, style="bold"), said)
    return table
