"""A profile in ten lines: who spends what, on which lines of the source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
from rich.text import Text

from harness.errors import StoreError
from harness.judge.profile import spots
from harness.model.profiled import UNITS, Tool
from harness.show import text
from harness.show.documents import to_bytes
from harness.show.table import put

if TYPE_CHECKING:
    from rich.console import Console

    from harness.model.profiled import Change, LineCost, Profile, ProfileDiff, Spot

SCHEMA = "harness.profile/1"
_TOP = 5
_LEAST = 0.01
_BLIND = {
    Tool.PY_SPY: "",
    Tool.SCALENE: "lines of other processes are not seen; what compiled code spends is its caller's",
    Tool.MEMRAY: "bytes alive at the peak of one call, of this process alone",
    Tool.CALLGRIND: "instructions by C function: which Python function is interpreted is not known",
}
Sources = Mapping[tuple[str, int], str]
"""Source lines by file and number, as far as they could be read."""


class SpotDocument(msgspec.Struct, frozen=True):
    """One function; shares are 0 to 1."""

    function: str
    file: str
    own_share: float
    total_share: float
    lines: list[tuple[int, float]]


class ProfileDocument(msgspec.Struct, frozen=True):
    """One variant looked at by one tool."""

    case: str
    variant: str
    workload: str
    revision: str
    tool: str
    unit: str
    call_seconds: float | None
    calls: int
    total: float
    spots: list[SpotDocument]
    artefacts: list[str]


class ChangeDocument(msgspec.Struct, frozen=True):
    """What one function itself costs in one call, in ``unit``: seconds, bytes or instructions."""

    function: str
    file: str
    before: float
    after: float


class DiffDocument(msgspec.Struct, frozen=True):
    """Two profiles beside each other."""

    unit: str
    before: float
    after: float
    changes: list[ChangeDocument]


class ProfilesDocument(msgspec.Struct, frozen=True):
    """``harness.profile/1``: the profiles of one command, and how two of them differ."""

    schema: str
    exit_code: int
    profiles: list[ProfileDocument]
    diff: DiffDocument | None


def print_profile(console: Console, profile: Profile, sources: Sources, why: str = "") -> None:
    """Print where one variant spends what it spends, with the source of its hottest lines."""
    put(console, Text(text.clean(_title(profile, why)), style="bold"))
    found = [spot for spot in spots(profile) if spot.own >= _LEAST][:_TOP]
    if not found:
        put(
            console,
            Text(
                "  nothing was seen: one call is too short, or it had nothing to do; give it longer (--seconds)"
            ),
        )
    for spot in found:
        _put(console, _spot(spot))
        if source := _source(spot, sources):
            _put(console, source, "dim")
    for line in sorted(profile.lines, key=lambda line: -line.allocated_bytes)[:2]:
        if line.allocated_bytes:
            _put(console, _memory(line))
    if _BLIND[profile.tool]:
        put(console, Text(f"  ({_BLIND[profile.tool]})", style="dim"))


def _put(console: Console, words: str, style: str = "") -> None:
    """Print one line, however long: ten lines stay ten lines."""
    line = Text(text.clean(words), style=style)
    line.truncate(console.width, overflow="ellipsis")
    put(console, line)


def _title(profile: Profile, why: str) -> str:
    cost = {
        Tool.MEMRAY: f"{text.size(round(profile.total))} at the peak of a call",
        Tool.CALLGRIND: f"{profile.cost:,.0f} instructions a call".replace(",", " "),
    }.get(profile.tool, f"{text.seconds(profile.seconds)} a call")
    at = f" at {profile.revision}" if profile.revision else ""
    reason = f" ({why})" if why else ""
    return f"{profile.key}{at}{reason}: {cost}, {profile.calls} calls under {profile.tool}"


def _spot(spot: Spot) -> str:
    total = f", {spot.total:.0%} with what it calls" if spot.total > spot.own + _LEAST else ""
    place = f"  ({spot.file})" if spot.file else ""
    return f"  {spot.own:4.0%}  {spot.function}{place}{total}"


def _source(spot: Spot, sources: Sources) -> str:
    for line, share in spot.lines:
        if (spot.file, line) in sources:
            return f"        {share:4.0%} line {line}: {sources[spot.file, line].strip()}"
    return ""


def _memory(line: LineCost) -> str:
    copied = (
        f", copies {text.size(round(line.copied_bytes_per_second))}/s"
        if line.copied_bytes_per_second
        else ""
    )
    return f"  allocates {text.size(line.allocated_bytes)} in {line.function} ({line.file}:{line.line}){copied}"


def left_over(reference: Profile, best: Profile) -> str:
    """One sentence: what the reference spends its time on, and what is left of it in the best."""
    hot, rest = (next(iter(spots(profile)), None) for profile in (reference, best))
    if hot is None or rest is None or not reference.seconds or not best.seconds:
        return ""
    return (
        f"{reference.key.variant} spends {hot.own:.0%} of {text.seconds(reference.seconds)} in {hot.function}; "
        f"{best.key.variant} needs {text.seconds(best.seconds)}, {rest.own:.0%} of it in {rest.function}"
    )


def print_diff(console: Console, diff: ProfileDiff) -> None:
    """Print which functions cost more, or less, than before."""
    for line in diff_lines(diff):
        _put(console, line)


def diff_lines(diff: ProfileDiff, top: int = _TOP) -> list[str]:
    """The functions whose own cost in a call changed most, one line each."""
    before, after = diff.before, diff.after
    names = [
        f"{profile.key.variant}{f' at {profile.revision}' if profile.revision else ''}"
        for profile in (before, after)
    ]
    lines = [
        f"{names[0]} -> {names[1]}: {_cost(before.cost, before.tool)} -> {_cost(after.cost, after.tool)} a call"
    ]
    least = _LEAST * max(before.cost, after.cost)
    return lines + [
        f"  {_changed(change, after.tool)}"
        for change in diff.changes[:top]
        if abs(change.by) >= least
    ]


def _changed(change: Change, tool: Tool) -> str:
    sign = "+" if change.by >= 0 else "-"
    place = f"  ({change.file})" if change.file else ""
    return f"{sign}{_cost(abs(change.by), tool)}  {change.function}{place}: {_cost(change.before, tool)} -> {_cost(change.after, tool)}"


def _cost(value: float, tool: Tool) -> str:
    if UNITS[tool] == "bytes":
        return text.size(round(value))
    if UNITS[tool] == "instructions":
        return f"{value:,.0f}".replace(",", " ")
    return text.seconds(value) if value else "0 s"


def document(
    profiles: Sequence[Profile], artefacts: Sequence[Sequence[str]], diff: ProfileDiff | None
) -> bytes:
    """``harness.profile/1``."""
    made = [
        _profile(profile, list(files)) for profile, files in zip(profiles, artefacts, strict=True)
    ]
    return to_bytes(
        ProfilesDocument(SCHEMA, 0, made, None if diff is None else diff_document(diff))
    )


def _profile(profile: Profile, artefacts: list[str]) -> ProfileDocument:
    found = [
        SpotDocument(spot.function, spot.file, spot.own, spot.total, list(spot.lines))
        for spot in spots(profile)
    ]
    return ProfileDocument(
        profile.key.case, profile.key.variant, profile.key.workload, profile.revision, profile.tool, UNITS[profile.tool],
        profile.seconds, profile.calls, profile.total, found, artefacts,
    )  # fmt: skip


def diff_document(diff: ProfileDiff) -> DiffDocument:
    """A difference, for readers of JSON."""
    unit = "seconds" if UNITS[diff.after.tool] == "samples" else UNITS[diff.after.tool]
    changes = [
        ChangeDocument(change.function, change.file, change.before, change.after)
        for change in diff.changes
    ]
    return DiffDocument(unit, diff.before.cost, diff.after.cost, changes)


def read_profiles(data: bytes) -> ProfilesDocument:
    """Read what ``profile --json`` wrote.

    Raises:
        StoreError: it is something else.
    """
    remedy = "python -m harness profile CASE --json FILE writes one"
    try:
        found = msgspec.json.decode(data, type=ProfilesDocument)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise StoreError(f"this is no {SCHEMA} document: {error}", remedy) from None
    if found.schema != SCHEMA:
        raise StoreError(f"schema {found.schema!r} is not {SCHEMA!r}", remedy)
    return found


def markdown(document: ProfilesDocument) -> str:
    """The hottest functions of each profile as Markdown tables."""
    lines: list[str] = []
    for one in document.profiles:
        cost = (
            f"{text.seconds(one.call_seconds)} a call"
            if one.call_seconds is not None
            else f"{one.total / max(1, one.calls):,.0f} {one.unit} a call"
        )
        lines += [
            "",
            f"**{text.markdown_cell(f'{one.variant} at {one.workload}')}**: {cost}, {one.calls} calls under {text.markdown_cell(one.tool)}",
        ]
        lines += ["", "| own | with what it calls | function | where |", "|---:|---:|---|---|"]
        for spot in [spot for spot in one.spots if spot.own_share >= _LEAST][:_TOP]:
            place = f"{spot.file}:{spot.lines[0][0]}" if spot.lines else spot.file
            lines.append(
                f"| {spot.own_share:.0%} | {spot.total_share:.0%} | {text.markdown_cell(spot.function)} | {text.markdown_cell(place)} |"
            )
    return "\n".join(lines[1:]) + "\n"
