"""What a block is used for: which variants need it, and the rounds in which they are timed; no clock, no process."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.judge.network import Network

MOST_ROUNDS = 60
_SLOW_SECONDS = 0.02
"""A slice of this length is as long as what disturbs the machine: it gets rounds of its own, between shorter ones."""
_COMPANIONS = 5
_SHORTER = 8
"""A companion's slice is at most this fraction (one in so many) of the slow one's."""
_BRACKET_SHARE = 0.1
"""Of a slow slice's time, what its companions may take, on both sides together."""
_MOST_REPEATS = 3
_PART_SECONDS = 0.02
"""A divisible slice goes on for so long at a time: the machine's slow moments last longer."""
_PAUSE_SHARE = 0.4
"""Of that time, what its companions may take in a pause."""
_SHARE, _SHARE_OF_WIDE = 0.25, 0.5
"""Of a block's time, what the slices of one variant may take; more where its intervals are too wide."""
_OWN_SHARE = 0.5
"""A variant that alone would give at most this part of the width asked for need not come again."""
_CONNECTORS = 4
_NEARLY_ALL = 0.75


@dataclass(frozen=True, slots=True)
class Pace:
    """One variant in a block."""

    name: str
    seconds: float
    """Of one slice, with everything around it."""
    wide: bool = False
    """Whether it makes an interval too wide."""
    divisible: bool = False
    """Whether its slice can be stopped for a moment and go on."""


@dataclass(frozen=True, slots=True)
class Round:
    """Slices that are neighbours in time."""

    names: tuple[str, ...]
    """To be timed in this order; with ``divided``: again and again in any order, while that slice goes on."""
    divided: str = ""
    """The variant whose one slice is stopped every ``seconds`` of its own time for the others."""
    seconds: float = 0.0

    @property
    def playing(self) -> tuple[str, ...]:
        """All of its variants."""
        return (self.divided, *self.names) if self.divided else self.names


def rounds(paces: Sequence[Pace], seconds: float, order: random.Random) -> list[Round]:
    """Plan a block's rounds.

    Quick variants meet in many rounds.  A slow one has rounds of its own, spread over the block, with quick ones in its
    pauses, or where it cannot be stopped right before and after it; without quick ones it plays with the others.
    Every variant is timed once at least, however long that takes.

    Args:
        paces: the variants of the block.
        seconds: the block's time, but for the first slice of each variant that has a round of its own.
        order: the order is random, but can be repeated.
    """
    flanks = {pace.name: _companions(pace, paces) for pace in paces}
    counts = _counts(paces, seconds, {name for name, quick in flanks.items() if quick})
    placed: list[tuple[float, Round]] = []
    for pace in paces:
        if flanks[pace.name]:
            for at in range(counts[pace.name]):
                place = (at + order.random()) / counts[pace.name]
                placed.append((place, _of_its_own(pace, flanks[pace.name], order)))
    together = [pace for pace in paces if not flanks[pace.name]]
    placed += _meetings(together, counts, alone=len(paces) == 1, order=order)
    return [round_ for _, round_ in sorted(placed, key=lambda one: one[0])]


def _counts(paces: Sequence[Pace], seconds: float, apart: set[str]) -> dict[str, int]:
    """How often each variant is timed: as its share of the block allows, and all together as the block allows.

    The first slice of those ``apart`` takes the others nothing away: what a slow variant needs, quick ones must not lack.
    """
    seconds += sum(pace.seconds for pace in paces if pace.name in apart)
    wished = {
        pace.name: min(MOST_ROUNDS, seconds * _share(pace) / max(pace.seconds, 1e-6))
        for pace in paces
    }
    total = sum(max(1.0, wished[pace.name]) * pace.seconds for pace in paces)
    fits = min(1.0, seconds / total) if total > 0 else 1.0
    return {name: max(1, int(count * fits)) for name, count in wished.items()}


def _share(pace: Pace) -> float:
    return _SHARE_OF_WIDE if pace.wide else _SHARE


def _companions(slow: Pace, paces: Sequence[Pace]) -> tuple[Pace, ...]:
    """The quickest variants, if they are much quicker than this one."""
    if slow.seconds < _SLOW_SECONDS:
        return ()
    much = [pace for pace in paces if pace.seconds * _SHORTER <= slow.seconds]
    return tuple(sorted(much, key=lambda pace: pace.seconds)[:_COMPANIONS])


def _of_its_own(slow: Pace, companions: Sequence[Pace], order: random.Random) -> Round:
    names = tuple(pace.name for pace in companions)
    once = sum(pace.seconds for pace in companions)
    if slow.divisible:
        return Round(names, slow.name, max(_PART_SECONDS, once / _PAUSE_SHARE))
    once *= 2
    repeats = int(slow.seconds * _BRACKET_SHARE / max(once, 1e-9))
    sides = [
        [
            name
            for _ in range(max(1, min(_MOST_REPEATS, repeats)))
            for name in _shuffled(names, order)
        ]
        for _ in range(2)
    ]
    return Round((*sides[0], slow.name, *sides[1]))


def _meetings(
    paces: Sequence[Pace], counts: Mapping[str, int], *, alone: bool, order: random.Random
) -> list[tuple[float, Round]]:
    """Rounds of those that play together, at places from 0 to 1; who is timed less often sits evenly many of them out."""
    most = max((counts[pace.name] for pace in paces), default=0)
    found = []
    for at in range(most):
        names = [
            pace.name
            for pace in paces
            if (at + 1) * counts[pace.name] // most > at * counts[pace.name] // most
        ]
        if len(names) > 1 or alone:
            found.append(((at + 0.5) / most, Round(tuple(_shuffled(names, order)))))
    return found


def _shuffled(names: Sequence[str], order: random.Random) -> list[str]:
    return order.sample(names, len(names))


def wanted(network: Network, names: Sequence[str], reference: str, precision: float) -> set[str]:
    """The variants whose further blocks would narrow a ratio to the reference that is too wide."""
    found: set[str] = set()
    for name in names:
        ratio = network.ratio(reference, name) if name != reference else None
        if name == reference or (ratio is not None and ratio.relative_half_width <= precision):
            continue
        doubts = {one: network.doubt(one, other) for one, other in _both_ways(name, reference)}
        found |= {one for one, doubt in doubts.items() if doubt > precision * _OWN_SHARE} or set(
            doubts
        )
    return found


def _both_ways(one: str, other: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return (one, other), (other, one)


def taking_part(
    network: Network, costs: Mapping[str, float], reference: str, precision: float
) -> set[str]:
    """Choose the variants of the next block: those that make an interval too wide, and the cheapest that tie them to the rest.

    A variant that was in every block ties the new one to the others.  Where nearly all are chosen, all are.

    Args:
        network: what the blocks so far say.
        costs: seconds that one more process of each variant costs; their names are all that can take part.
        reference: the variant whose ratios must become precise.
        precision: half-width asked for.
    """
    first = reference if reference in costs else next(iter(costs), "")
    chosen = wanted(network, list(costs), first, precision)
    steady = [name for name in network.always() if name in costs]
    ties = sorted(steady, key=lambda name: costs[name])[:_CONNECTORS]
    chosen |= set(ties)
    if not ties or len(chosen) >= math.ceil(_NEARLY_ALL * len(costs)):
        return set(costs)
    return chosen
