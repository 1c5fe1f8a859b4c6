"""Compares two sets of results: unlike machines are refused, what is missing is named, the rest gets an interval and a word."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from harness.errors import Inconclusive
from harness.judge.statistics import verdict
from harness.model.compared import Basis, Compared, ComparedKey, Given, MissingKey, Side
from harness.model.judged import Estimate
from harness.model.measured import Key

FEWEST_PROCESSES = 3
"""Of a key on either side."""
_MOST_FACTS = 3
"""Of those that differ: who wants more has both files."""
_MOST_SHOWN = 60


def compare(
    first: Side, second: Side, *, basis: Basis = Basis.RATIO, tolerance: float = 0.02
) -> Compared:
    """Compare key by key.

    Raises:
        Inconclusive: one side is incomplete or has too little, or the two were measured on unlike machines, of unlike declarations or on
            unlike inputs, or have nothing in common; the message has both values.
    """
    _require_complete(first, second)
    _require_like(first, second)
    _require_enough(first, second)
    compared: list[ComparedKey] = []
    missing: list[MissingKey] = []
    for key in dict.fromkeys((*first.given, *second.given)):
        found = [(side, side.given.get(key)) for side in (first, second)]
        if basis is Basis.RATIO and any(
            given is not None and given.reference for _, given in found
        ):
            _require_same_reference(key, first, second)
            continue  # 1 by definition, on both sides
        gaps = [
            MissingKey(key, side.asked, _why(given, basis))
            for side, given in found
            if given is None or given.estimate(basis) is None
        ]
        missing += gaps
        if not gaps:
            before, after = (given.estimate(basis) for _, given in found if given is not None)
            assert before is not None
            assert after is not None
            ratio = quotient(after, before) if basis is Basis.RATIO else quotient(before, after)
            compared.append(ComparedKey(key, before, after, ratio, verdict(ratio, tolerance)))
    return Compared(first, second, basis, tolerance, tuple(compared), tuple(missing))


def best_pair(firsts: Sequence[Side], seconds: Sequence[Side]) -> tuple[Side, Side]:
    """Of several that a name may mean (machines, environments), the two that are alike and share most keys; else the first two."""
    pairs = [(one, other) for one in firsts for other in seconds]
    return max(
        pairs,
        key=lambda pair: (
            not list(unlike(pair[0].facts, pair[1].facts)),
            len(pair[0].given.keys() & pair[1].given.keys()),
        ),
    )


def unlike(one: Mapping[str, str], other: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Facts that both state and that do not agree, with both values; ``3.11`` and ``3.11.7`` agree."""
    for name, value in one.items():
        there = other.get(name)
        if there is None or value == there:
            continue
        if name == "python" and (value.startswith(f"{there}.") or there.startswith(f"{value}.")):
            continue
        yield name, value, there


def quotient(above: Estimate, below: Estimate) -> Estimate:
    """The ratio of two independent estimates: on the log scale their half-widths add as squares."""
    value = above.value / below.value
    down = math.hypot(math.log(above.value / above.low), math.log(below.high / below.value))
    up = math.hypot(math.log(above.high / above.value), math.log(below.value / below.low))
    return Estimate(value, value * math.exp(-down), value * math.exp(up))


def _require_complete(first: Side, second: Side) -> None:
    for case, run in (*first.unfinished, *second.unfinished):
        raise Inconclusive(
            f"run {run} is incomplete: not compared", f"python -m harness run {case} --resume {run}"
        )


def _require_like(first: Side, second: Side) -> None:
    different = list(unlike(first.facts, second.facts))
    if different:
        said = "; ".join(
            f"{name} is {_cut(value)!r} in {first.asked} and {_cut(other)!r} in {second.asked}"
            for name, value, other in different[:_MOST_FACTS]
        )
        more = f"; and {len(different) - _MOST_FACTS} more" if len(different) > _MOST_FACTS else ""
        raise Inconclusive(
            f"measured on unlike machines: {said}{more}",
            "measure both on one machine; the gate does so: python -m harness gate --against REV",
        )
    _require_same_question(first, second)


def _require_same_question(first: Side, second: Side) -> None:
    common = first.given.keys() & second.given.keys()
    for case in sorted({key.case for key in common}):
        specs = [side.specs.get(case) for side in (first, second)]
        if None not in specs and specs[0] != specs[1]:
            raise Inconclusive(
                f"{case}: baseline is for spec {specs[0]}, candidate for {specs[1]}: not compared",
                "its declaration or reference changed in between: measure both with one; python -m harness gate --against REV does so",
            )
    if not common and (first.given or second.given):
        raise Inconclusive(
            f"0 of {len(first.given.keys() | second.given.keys())} keys compared: {first.asked} and {second.asked} have none in common",
            "compare runs of one case and size",
        )
    for key in first.given.keys() & second.given.keys():
        sizes = [side.given[key].n for side in (first, second)]
        if None not in sizes and sizes[0] != sizes[1]:
            raise Inconclusive(
                f"unlike inputs: {key} has n = {sizes[0]} in {first.asked} and n = {sizes[1]} in {second.asked}",
                "compare runs of one declaration",
            )


def _require_enough(first: Side, second: Side) -> None:
    """A few processes say nothing about the next one."""
    for key in first.given.keys() & second.given.keys():
        for side in (first, second):
            processes = side.given[key].processes
            if (
                side.given[key].status == "ok"
                and processes is not None
                and processes < FEWEST_PROCESSES
            ):
                raise Inconclusive(
                    f"{key} has {processes} of at least {FEWEST_PROCESSES} processes in {side.asked}: not compared",
                    f"measure it longer: python -m harness run {key.case} --budget 20",
                )


def _cut(value: str) -> str:
    return value if len(value) <= _MOST_SHOWN else f"{value[:_MOST_SHOWN]}..."


def _require_same_reference(key: Key, first: Side, second: Side) -> None:
    """A speed-up over another reference is another number."""
    theirs = [side.given[key].reference for side in (first, second) if key in side.given]
    known = any(given.reference for given in first.given.values()) and any(
        given.reference for given in second.given.values()
    )
    if known and len(set(theirs)) > 1:
        raise Inconclusive(
            f"unlike references: {key.variant} is the reference of {key.case} in {first.asked if first.given[key].reference else second.asked} only",
            "--basis time compares seconds instead",
        )


def _why(given: Given | None, basis: Basis) -> str:
    if given is None:
        return "not in it"
    return given.status if given.status != "ok" else f"no {basis}"
