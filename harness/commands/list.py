"""``python -m harness list``."""

from __future__ import annotations

import json
from typing import Any

import click

from harness.commands import options
from harness.commands.spelling import typable
from harness.lab import catalogue, places

_MOST_RUNS = 5


@click.command("list")
@click.argument("names", nargs=-1, metavar="[CASE]...")
@options.json_to
def command(names: tuple[str, ...], json_to: str | None) -> None:
    """List the cases: their question, variants and sizes.

    With names: every variant with its technique and idea, and the newest runs.
    """
    found = (
        [catalogue.find_case(name) for name in names]
        if names
        else list(catalogue.find_cases().values())
    )
    if json_to:
        document = {"schema": "harness.list/1", "cases": [_document(one) for one in found]}
        options.write_json(json.dumps(document, indent=2, ensure_ascii=False).encode(), json_to)
        return
    for one in found:
        _show(one, whole=bool(names))
    if not names:
        click.echo(typable("\nnext:  python -m harness list CASE    python -m harness run CASE"))


def _show(one: catalogue.Found, *, whole: bool) -> None:
    case = one.load()
    defaults = ", ".join(workload.name for workload in case.default_workloads())
    click.echo(f"{one.name:<12} {one.question()}")
    if not whole:
        click.echo(
            f"{'':<12} {len(case.variants)} variants, {len(case.workloads)} sizes (S, M, L: {defaults})"
        )
        return
    click.echo(
        f"{'':<12} sizes: {', '.join(workload.name for workload in case.workloads)}  (S, M, L: {defaults})"
    )
    click.echo(f"{'':<12} {len(one.mutants())} mutants; {one.origin}")
    for variant in one.variants(case):
        mark = "rival" if variant.rival else "reference" if variant.name == case.reference else ""
        click.echo(f"  {variant.name:<20} {variant.technique:<16} {mark:<10} {variant.idea}")
    stored = places.stores().files(one.name)
    for run in stored[: -_MOST_RUNS - 1 : -1]:
        click.echo(f"  {'published run' if run.published else 'run':<20} {run.path}")
    if len(stored) > _MOST_RUNS:
        click.echo(f"  and {len(stored) - _MOST_RUNS} older runs")


def _document(one: catalogue.Found) -> dict[str, Any]:
    case = one.load()
    return {
        "name": one.name,
        "question": one.question(),
        "origin": one.origin,
        "workloads": [
            {
                "name": workload.name,
                "n": workload.n,
                "default": workload in case.default_workloads(),
            }
            for workload in case.workloads
        ],
        "variants": [
            {
                "name": v.name,
                "technique": str(v.technique),
                "rival": v.rival,
                "reference": v.name == case.reference,
                "idea": v.idea,
            }
            for v in one.variants(case)
        ],
        "mutants": list(one.mutants()),
        "runs": [
            {"file": str(run.path), "published": run.published}
            for run in places.stores().files(one.name)
        ],
    }
