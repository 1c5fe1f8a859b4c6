"""From stacks to answers: which functions and lines are hot, and what changed between two profiles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePath

from harness.model.profiled import Change, Frame, Profile, ProfileDiff, Spot, Stack

_FEW_LINES = 3


def spots(profile: Profile) -> list[Spot]:
    """The functions of a profile, those with most of their own first.

    A function's own share is that of the stacks it ends; its total share is that of the stacks it is on, once each,
    however often it calls itself.
    """
    whole = profile.total
    own: defaultdict[tuple[str, str], float] = defaultdict(float)
    total: defaultdict[tuple[str, str], float] = defaultdict(float)
    lines: defaultdict[tuple[str, str], defaultdict[int, float]] = defaultdict(
        lambda: defaultdict(float)
    )
    for stack in profile.stacks:
        leaf = stack.frames[-1]
        own[_name(leaf)] += stack.weight
        for name in {_name(frame) for frame in stack.frames}:
            total[name] += stack.weight
        for frame in {(_name(frame), frame.line): frame for frame in stack.frames}.values():
            if frame.line:
                lines[_name(frame)][frame.line] += stack.weight
    if not whole:
        return []
    found = [
        Spot(*name, own[name] / whole, total[name] / whole, _hottest(lines[name], whole))
        for name in total
    ]
    return sorted(found, key=lambda spot: (-spot.own, -spot.total, spot.function, spot.file))


def _name(frame: Frame) -> tuple[str, str]:
    return frame.function, frame.file


def _hottest(lines: dict[int, float], whole: float) -> tuple[tuple[int, float], ...]:
    ranked = sorted(lines.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple((line, weight / whole) for line, weight in ranked[:_FEW_LINES])


def diff(before: Profile, after: Profile) -> ProfileDiff:
    """What each function itself costs in one call, before and after: seconds, or bytes or instructions.

    A function is the same one if its name is and its file's, whichever folder a revision was checked out in.
    """
    costs = (_costs(before), _costs(after))
    files: dict[tuple[str, str], str] = {}
    for profile in (before, after):
        files |= {(spot.function, PurePath(spot.file).stem): spot.file for spot in spots(profile)}
    changes = [
        Change(name[0], file, costs[0].get(name, 0.0), costs[1].get(name, 0.0))
        for name, file in files.items()
    ]
    return ProfileDiff(
        before, after, tuple(sorted(changes, key=lambda change: (-abs(change.by), change.function)))
    )


def _costs(profile: Profile) -> dict[tuple[str, str], float]:
    costs: defaultdict[tuple[str, str], float] = defaultdict(float)
    for spot in spots(profile):
        costs[spot.function, PurePath(spot.file).stem] += spot.own * profile.cost
    return costs


def merged(stacks: Sequence[Stack]) -> tuple[Stack, ...]:
    """Add up stacks that are the same."""
    weights: defaultdict[tuple[Frame, ...], float] = defaultdict(float)
    for stack in stacks:
        weights[stack.frames] += stack.weight
    return tuple(Stack(frames, weight) for frames, weight in sorted(weights.items()))
