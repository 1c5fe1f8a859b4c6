"""Options and arguments that several commands share, and how their values are completed."""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import click

from harness.errors import AskedWrongly, StoreError
from harness.lab import catalogue, places

_STEERING = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
Told: TypeAlias = Callable[[str], None]
"""``tell(what)``: something is being done."""


class Finite(click.FloatRange):
    """A number within its bounds; neither infinite nor NaN, which no comparison refuses."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number, or refuse it with its value."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is no finite number", param, ctx)
        return number


def teller(*, quiet: bool) -> Told:
    """Say on standard error what is being done, one line each; nothing if it is to be quiet."""

    def tell(what: str) -> None:
        if not quiet:
            click.echo(what, err=True)

    return tell


if TYPE_CHECKING:
    _Integer = click.ParamType[int]
else:  # a type parameter for type checkers only: most releases of click have none
    _Integer = click.ParamType


class Size(_Integer):
    """Bytes, as people write them: 512MiB, 4G, 1000000."""

    name = "size"
    _UNITS: ClassVar = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return bytes."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", str(value).strip().lower())
        if not match:
            self.fail(f"{value!r} is no size; write 512MiB or 4GiB", param, ctx)
        return int(float(match[1]) * self._UNITS[match[2]])


def complete_cases(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of cases that begin so."""
    del ctx, param
    return [name for name in catalogue.find_cases() if name.startswith(incomplete)]


def _complete_variants(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    del param
    return [
        name
        for one in ctx.params.get("cases") or ()
        for name in catalogue.find_case(one).load().variants
        if name.startswith(incomplete)
    ]


variants = click.option(
    "-V",
    "--variant",
    "variants",
    multiple=True,
    metavar="NAME",
    shell_complete=_complete_variants,
    help="Only this variant (and the reference); may be repeated.",
)
workloads = click.option(
    "-w",
    "--workload",
    "workloads",
    multiple=True,
    metavar="NAME",
    help="A workload's name, or S, M, L, or all; may be repeated.",
)
json_to = click.option(
    "--json",
    "json_to",
    metavar="PATH",
    help="Write JSON to this file; - is standard output, then nothing else goes there.",
)
timeout = click.option(
    "--timeout",
    type=Finite(min=0.1),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="For any single step of one variant.",
)
memory = click.option(
    "--memory",
    type=Size(),
    default="4GiB",
    show_default=True,
    metavar="SIZE",
    help="What one variant's process tree may use.",
)
quiet = click.option("-q", "--quiet", is_flag=True, help="No progress on standard error.")
store = click.option(
    "--store",
    "store_folder",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FOLDER",
    help="The only folder of result files, read and written (default: PERFLAB_STORE; else runs go to .perflab/results at the top of the repository, and published ones in results/ are read as well).",
)


def stores(asked: Path | None) -> places.Stores:
    """Where runs are kept, and where they are looked for."""
    return places.stores(str(asked) if asked else None)


def require_writable(*wanted: str | None) -> None:
    """Refuse a file that could not be written in the end, before anything is measured.

    Raises:
        AskedWrongly: its folder is not there, or not ours to write to.
    """
    for where in wanted:
        if where and where != "-":
            folder = Path(where).absolute().parent
            if not folder.is_dir() or not os.access(folder, os.W_OK) or Path(where).is_dir():
                raise AskedWrongly(
                    f"{where} cannot be written", "name a file in a folder that is there"
                )


def write_json(data: bytes, where: str) -> None:
    """Write a document to a file or, for ``-``, to standard output.

    What steers a terminal or turns the direction of a line is written as JSON's escapes: the same document, harmless to look at.
    """
    _write(
        _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", data.decode()).encode() + b"\n",
        where,
    )


def write_text(text: str, where: str) -> None:
    """Write text to a file or, for ``-``, to standard output."""
    _write(text.encode() + (b"\n" if where == "-" and not text.endswith("\n") else b""), where)


def write_bytes(data: bytes, where: Path) -> None:
    """Write a picture to a file."""
    _write(data, str(where))


def _write(data: bytes, where: str) -> None:
    try:
        if where == "-":
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        else:
            Path(where).write_bytes(data)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StoreError(
            f"{where} cannot be written: {error.strerror}", "make room, or name another file"
        ) from None
