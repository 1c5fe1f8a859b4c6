"""Blocks in READMEs and documents, brought up to date from result files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import click

from harness.errors import AskedWrongly, ExitCode
from harness.lab import catalogue
from harness.show.blocks import BEGIN, BLOCK, END

_DOCUMENTS = {"selftest": "gate --self-test", "profile": "profile CASE"}
"""Blocks that are made from a JSON document, and the command that writes it."""


def renew(readmes: Sequence[str], store_path: Path, *, check: bool) -> ExitCode:
    """Write the blocks of these READMEs anew; with ``check`` only say which are not what their result files say."""
    stale = [
        str(path)
        for path in (_write(readme, store_path, check=check) for readme in readmes)
        if path
    ]
    if not stale or not check:
        return ExitCode.OK
    again = " ".join(f"--readme {name}" for name in readmes)
    click.echo(
        f"not what the result files say: {', '.join(stale)}; run: python -m harness report {again}",
        err=True,
    )
    return ExitCode.WRONG_ANSWER


def _write(readme: str, store_path: Path, *, check: bool) -> Path | None:
    """Bring one file up to date; return its path when it was not."""
    path = (
        Path(readme) if readme.endswith(".md") else catalogue.find_case(readme).folder / "README.md"
    )
    before = path.read_text(encoding="utf-8")
    if not BLOCK.search(before):
        raise AskedWrongly(
            f"{path} has no block between {BEGIN} and {END}",
            "put the two markers where the results belong",
        )

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
        raise AskedWrongly(
            f"{file} cannot be read: {error.strerror}",
            f"python -m harness {_DOCUMENTS[kind]} --json {file}",
        ) from None
    return (
        selftest.markdown(selftest.read_selftest(data))
        if kind == "selftest"
        else profile.markdown(profile.read_profiles(data))
    )


def _block(case: str, store_path: Path, *, sweep: bool) -> str:
    """The newest complete run of a case, or its newest sweep, as Markdown."""
    from harness.judge.summary import summarise
    from harness.lab import store
    from harness.show import scaling, table

    files = sorted((store_path / case).glob("*.json"))
    runs = [run for run in map(store.read, files) if run.complete and run.plan.sweep is sweep]
    if not runs:
        kind = "sweep" if sweep else "run"
        raise AskedWrongly(
            f"{store_path / case} holds no complete {kind}",
            f"python -m harness run {case}{' --sweep' if sweep else ''}",
        )
    newest = summarise(max(runs, key=lambda run: run.id))
    return scaling.markdown(newest) if sweep else table.markdown(newest)
