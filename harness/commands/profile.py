"""``python -m harness profile CASE``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands import options
from harness.errors import AskedWrongly
from harness.lab import building, catalogue
from harness.model.profiled import Tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.lab.profiling.session import Looked
    from harness.model.profiled import Profile, ProfileDiff

_TOOLS = [str(tool) for tool in Tool]


@click.command("profile")
@click.argument("name", metavar="CASE", shell_complete=options.complete_cases)
@click.option(
    "-V",
    "--variant",
    "variants",
    multiple=True,
    metavar="NAME",
    help="This variant instead; may be repeated.",
)
@click.option(
    "-w",
    "--workload",
    default="M",
    show_default=True,
    metavar="NAME",
    help="A workload's name, S, M or L, or any size of a series.",
)
@click.option(
    "--with", "tool", type=click.Choice(_TOOLS), default="py-spy", show_default=True,
    help="py-spy: functions, Python's and native; scalene: lines, with memory and copies; memray: allocations; callgrind: instructions.",
)  # fmt: skip
@click.option(
    "--seconds",
    type=options.Finite(0.2, 600),
    default=3.0,
    show_default=True,
    metavar="SECONDS",
    help="Look at each about this long.",
)
@click.option(
    "--diff", "against", metavar="REV", help="Compare one variant with itself at this revision."
)
@options.timeout
@options.memory
@options.store
@options.json_to
@options.quiet
def command(
    name: str, variants: tuple[str, ...], workload: str, tool: str, seconds: float, against: str | None, timeout: float, memory: int,
    store_folder: Path | None, json_to: str | None, quiet: bool,
) -> None:  # fmt: skip
    """Say where a variant spends its time, its memory or its instructions.

    Without --variant: the reference, and the best of ours beside it.  Only the variant's own calls are looked at,
    after warming up; nothing is shared with the samples of run.  Flame graph, speedscope file and the tool's own
    files are kept beside the results.

    \b
    python -m harness profile dedupe
    python -m harness profile heat2d -V cython -V numba -w L
    python -m harness profile brc -V numpy --with scalene
    python -m harness profile dedupe -V myers_c --diff HEAD~1
    """
    from harness.commands.lock import the_machine
    from harness.lab.profiling import session
    from harness.lab.supervisor import Confines

    options.require_writable(json_to)
    found = catalogue.find_case(name)
    case = found.load()
    (size,) = catalogue.pick_workloads(case, [workload])
    asked = session.Asked(Tool(tool), seconds, Confines(timeout, memory))
    stores = options.stores(store_folder)
    tell = _teller(quiet=quiet)
    wanted = _wanted(variants, against, case.variants)
    chosen = dict.fromkeys(wanted, "") or _reference_and_best(
        case.reference, session.best_of(found, case, size, stores)
    )
    looked: list[Looked] = []
    with the_machine(wait=True):
        needed = set(building.referees(counting=Tool(tool) is Tool.CALLGRIND))
        building.provide(needed | building.bodies(found, chosen), options.teller(quiet=quiet))
        if against is not None:
            from harness.lab.profiling.revisions import at_revision

            looked.append(at_revision(found, asked, (wanted[0], size.name), against, tell))
        with session.looking(found, case, asked) as look:
            for variant in chosen:
                tell(f"{variant} under {tool}")
                looked.append(look(variant, size))
            folder = session.artefact_folder(found.name, stores.runs)
            artefacts = [_keep(one, folder) for one in looked]
            sources = session.source_lines(found, [one.profile for one in looked])
    _say(
        looked, list(chosen.values()) if against is None else ["", ""], artefacts, sources, json_to
    )


def _reference_and_best(reference: str, best: tuple[str, str]) -> dict[str, str]:
    """What to look at when nothing was named, with the reason for each; a case may have a reference only."""
    variant, why = best
    return {reference: "the reference"} | ({} if variant == reference else {variant: why})


def _wanted(variants: Sequence[str], against: str | None, known: Sequence[str]) -> list[str]:
    for one in variants:
        if one not in known:
            raise AskedWrongly(
                f"there is no variant {one!r}",
                catalogue.did_you_mean(one, known) or f"there are: {', '.join(known)}",
            )
    if against is not None and len(variants) != 1:
        raise AskedWrongly(
            "--diff compares one variant with itself at another revision",
            "name it: --variant myers_c --diff HEAD~1",
        )
    return list(dict.fromkeys(variants))


def _teller(*, quiet: bool) -> options.Told:
    def tell(what: str) -> None:
        if not quiet:
            click.echo(f"profiling {what}", err=True)

    return tell


def _keep(looked: Looked, folder: Path) -> list[str]:
    """Write flame graph, speedscope file and the tool's own files; return their paths."""
    from harness.judge.profile import spots
    from harness.lab.profiling import artefacts
    from harness.show import flamegraph

    profile = looked.profile
    stem = f"{profile.key.workload}-{profile.key.variant}{'-before' if profile.revision else ''}"
    rows = [
        (spot.own, spot.total, f"{spot.function} ({spot.file})" if spot.file else spot.function)
        for spot in spots(profile)[:200]
    ]
    made = {
        folder / f"{stem}.html": flamegraph.page(
            profile, rows, f"{profile.calls} calls on this machine, {profile.total:,.0f} in all"
        ),
        folder / f"{stem}.speedscope.json": flamegraph.speedscope(profile),
    }
    for file, data in made.items():
        options.write_bytes(data, file)
    return [
        str(path)
        for path in (*made, *artefacts.own_files(looked.subject, profile.tool, folder, stem))
    ]


def _say(
    looked: Sequence[Looked],
    whys: Sequence[str],
    artefacts: Sequence[Sequence[str]],
    sources: dict[tuple[str, int], str],
    json_to: str | None,
) -> None:
    from harness.show import profile as shown
    from harness.show.table import Terminal

    profiles = [one.profile for one in looked]
    diff = _difference(profiles)
    if json_to:
        options.write_json(shown.document(profiles, artefacts, diff), json_to)
    if json_to == "-":
        return
    console = Terminal()
    for profile, why in zip(profiles, whys, strict=True):
        shown.print_profile(console, profile, sources, why)
    if diff is not None:
        shown.print_diff(console, diff)
    elif len(profiles) == 2 and (sentence := shown.left_over(*profiles)):
        click.echo(sentence)
    for files in artefacts:
        click.echo("kept: " + "  ".join(files))


def _difference(profiles: Sequence[Profile]) -> ProfileDiff | None:
    """Two looks at one variant are compared; two variants have different functions, and their sentence says more."""
    from harness.judge.profile import diff

    if len(profiles) == 2 and profiles[0].key == profiles[1].key:
        return diff(*profiles)
    return None
