"""Blocks in READMEs and documents, brought up to date from result files."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands.spelling import typable
from harness.errors import AskedWrongly, ExitCode, PerflabError
from harness.lab import catalogue, places
from harness.show.blocks import BEGIN, BLOCK, END, RUN_SHOWN

if TYPE_CHECKING:
    from harness.lab.places import Stores
    from harness.model.measured import Run

_OF_RUNS = frozenset({"results", "sweep"})
_DOCUMENTS = {
    "selftest": "gate --self-test",
    "alike": "gate --self-test --all",
    "profile": "profile CASE",
}
"""Blocks that are made from a JSON document, and the command that writes it."""


def renew(readmes: Sequence[str], stores: Stores, *, check: bool) -> ExitCode:
    """Write the blocks of these READMEs anew from published runs; with ``check`` only say which are not what the runs that they name say."""
    stale = [
        str(path) for path in (_write(readme, stores, check=check) for readme in readmes) if path
    ]
    if not stale or not check:
        return ExitCode.OK
    again = " ".join(f"--readme {shlex.quote(name)}" for name in readmes)
    said = f"not what the result files say: {', '.join(stale)}; run: python -m harness report"
    click.echo(typable(f"{said} {again}"), err=True)
    return ExitCode.WRONG_ANSWER


def showing(case: str) -> Iterator[Path]:
    """The Markdown files of this repository that have a block of results of a case."""
    for path in _pages():
        for block in BLOCK.finditer(path.read_text(encoding="utf-8", errors="replace")):
            if block["kind"] in _OF_RUNS and (block["named"].strip() or path.parent.name) == case:
                yield path
                break


def _pages() -> list[Path]:
    """The Markdown files that git knows or would add; without git, those here and one folder down."""
    from harness.lab.repository import repository_of

    top = places.top()
    try:
        found = repository_of(top).files()
    except PerflabError:
        return sorted([*top.glob("*.md"), *top.glob("*/*.md")])
    return [top / name for name in found if name.endswith(".md")]


def _write(readme: str, stores: Stores, *, check: bool) -> Path | None:
    """Bring one file up to date; return its path when it was not."""
    path = (
        Path(readme) if readme.endswith(".md") else catalogue.find_case(readme).folder / "README.md"
    )
    before = _text(path)
    if not BLOCK.search(before):
        raise AskedWrongly(
            f"{path} has no block between {BEGIN} and {END}",
            f"put the two markers where the results belong; at its end: {_append(path)}",
        )

    def renewed(found: re.Match[str]) -> str:
        kind, named = found["kind"], found["named"].strip()
        if kind in _DOCUMENTS:
            block = _from_document(kind, path.parent / named)
        else:
            shown = RUN_SHOWN.search(found[0]) if check else None
            asked = _Shown(named or path.parent.name, kind == "sweep", shown[1] if shown else "")
            block = _block(asked, stores)
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
    from harness.show import alike, profile, selftest

    try:
        data = file.read_bytes()
    except OSError as error:
        raise AskedWrongly(
            f"{file} cannot be read: {error.strerror}",
            f"python -m harness {_DOCUMENTS[kind]} --json {shlex.quote(str(file))}",
        ) from None
    if kind == "selftest":
        return selftest.markdown(selftest.read_selftest(data))
    if kind == "alike":
        return alike.markdown(alike.read_alike(data))
    return profile.markdown(profile.read_profiles(data))


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a block shows."""

    case: str
    sweep: bool
    run: str
    """That it must show; empty: the one that stands for the case."""


def _block(asked: _Shown, stores: Stores) -> str:
    """A published run of a case, or a published sweep, as Markdown."""
    from harness.judge.summary import summarise
    from harness.lab import store
    from harness.show import scaling, table

    run = (
        store.read(store.find(asked.run, stores.evidence)) if asked.run else _chosen(asked, stores)
    )
    summary = summarise(run)
    return scaling.markdown(summary) if asked.sweep else table.markdown(summary)


def _chosen(asked: _Shown, stores: Stores) -> Run:
    from harness.commands.chosen import Chosen, say_choices
    from harness.lab.store import choosing

    case, kind = asked.case, "sweep" if asked.sweep else "run"
    found = choosing.chosen(case, stores.evidence, sweep=asked.sweep)
    if found is not None:
        say_choices([Chosen(found.run, found.path, found.selection)])
        return found.run
    measured = choosing.chosen(case, stores, sweep=asked.sweep)
    raise AskedWrongly(
        f"{stores.evidence.runs / case} holds no complete {kind}",
        f"python -m harness store publish {measured.run.id}"
        if measured is not None
        else f"measure one, then publish it: python -m harness run {case}{' --sweep' if asked.sweep else ''}",
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise AskedWrongly(
            f"there is no {path}: nowhere to write the results",
            f"write one with the two markers: {_append(path)}",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise AskedWrongly(
            f"{path} cannot be read: {error}", "name a text file, or a case with a README.md"
        ) from None


def _append(path: Path) -> str:
    """A shell command that puts the two markers at the end of a file."""
    markers = " ".join(map(shlex.quote, (BEGIN, END)))
    return f"printf '%s\\n' {markers} >> {shlex.quote(str(path))}"
