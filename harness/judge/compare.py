"""Compares two sets of results: unlike machines are refused, what is missing is named, the rest gets an interval and a word."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from harness.errors import Inconclusive
from harness.judge.statistics import verdict
from harness.model.compared import Basis, Compared, ComparedKey, Given, MissingKey, Side, UnlikeKey
from harness.model.judged import Estimate
from harness.model.measured import Key

FEWEST_PROCESSES = 3
"""Of a key on either side."""
_MOST_FACTS = 3
"""Of those that differ: who wants more has both files."""
_MOST_SHOWN = 60
_LONGER_SECONDS = 60
"""Three times the usual budget."""


def compare(
    first: Side, second: Side, *, basis: Basis = Basis.RATIO, tolerance: float = 0.02
) -> Compared:
    """Compare key by key; a key that cannot be compared is named with the reason, the others are compared.

    Raises:
        Inconclusive: one side is incomplete, the two were measured on unlike machines, or there is no key that could be compared; the
            message has both values.
    """
    _require_complete(first, second)
    _require_like(first, second)
    unlike_keys = list(_unlike_keys(first, second, basis))
    barred = {one.key for one in unlike_keys}
    compared: list[ComparedKey] = []
    missing: list[MissingKey] = []
    for key in dict.fromkeys((*first.given, *second.given)):
        found = [(side, side.given.get(key)) for side in (first, second)]
        if key in barred or _is_one(found, basis):
            continue
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
    if unlike_keys and not compared:
        raise Inconclusive(unlike_keys[0].why, unlike_keys[0].remedy)
    return Compared(
        first, second, basis, tolerance, tuple(compared), tuple(missing), tuple(unlike_keys)
    )


def _is_one(found: Sequence[tuple[Side, Given | None]], basis: Basis) -> bool:
    """Whether it is the reference's ratio to itself: 1 by definition, on both sides."""
    return basis is Basis.RATIO and any(given is not None and given.reference for _, given in found)


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
    common = first.given.keys() & second.given.keys()
    if not common and (first.given or second.given):
        raise Inconclusive(
            f"0 of {len(first.given.keys() | second.given.keys())} keys compared: {first.asked} and {second.asked} have none in common",
            "compare runs of one case and size",
        )


def _unlike_keys(first: Side, second: Side, basis: Basis) -> Iterator[UnlikeKey]:
    """Keys that both have, and that say different things or too little; why, and what to do about it."""
    references = {key.case for key in _unlike_references(first, second, basis)}
    for key in dict.fromkeys((*first.given, *second.given)):
        if key not in first.given or key not in second.given:
            continue
        found = (
            _unlike_question(key, first, second)
            or _too_few(key, first, second)
            or (_unlike_reference(key, first, second) if key.case in references else None)
        )
        if found is not None:
            yield UnlikeKey(key, *found)


def _unlike_question(key: Key, first: Side, second: Side) -> tuple[str, str] | None:
    """Another declaration, or another size of the input; reason and remedy."""
    specs = [side.specs.get(key.case) for side in (first, second)]
    if None not in specs and specs[0] != specs[1]:
        return (
            f"{key.case}: baseline is for spec {specs[0]}, candidate for {specs[1]}: not compared",
            "its declaration or reference changed in between: measure both with one; python -m harness gate --against REV does so",
        )
    sizes = [side.given[key].n for side in (first, second)]
    if None not in sizes and sizes[0] != sizes[1]:
        return (
            f"unlike inputs: {key} has n = {sizes[0]} in {first.asked} and n = {sizes[1]} in {second.asked}",
            "compare runs of one declaration",
        )
    return None


def _too_few(key: Key, first: Side, second: Side) -> tuple[str, str] | None:
    """A few processes say nothing about the next one; reason and remedy."""
    for side in (first, second):
        given = side.given[key]
        if (
            given.status == "ok"
            and given.processes is not None
            and given.processes < FEWEST_PROCESSES
        ):
            return (
                f"{key} has {given.processes} of at least {FEWEST_PROCESSES} processes in {side.asked}: not compared",
                f"measure it longer: python -m harness run {key.case} -w {key.workload} --budget {_LONGER_SECONDS}",
            )
    return None


def _cut(value: str) -> str:
    return value if len(value) <= _MOST_SHOWN else f"{value[:_MOST_SHOWN]}..."


def _unlike_references(first: Side, second: Side, basis: Basis) -> list[Key]:
    """References of one side that the other side knows as a variant: a speed-up over another reference is another number."""
    known = any(given.reference for given in first.given.values()) and any(
        given.reference for given in second.given.values()
    )
    common = first.given.keys() & second.given.keys()
    return [
        key
        for key in common
        if basis is Basis.RATIO
        and known
        and first.given[key].reference != second.given[key].reference
    ]


def _unlike_reference(key: Key, first: Side, second: Side) -> tuple[str, str]:
    named = {
        side.asked: next(
            one.variant
            for one, given in side.given.items()
            if given.reference and one.case == key.case
        )
        for side in (first, second)
        if any(given.reference and one.case == key.case for one, given in side.given.items())
    }
    said = " and ".join(f"{variant} in {asked}" for asked, variant in named.items())
    return (
        f"unlike references: that of {key.case} is {said}",
        "--basis time compares seconds instead",
    )


def _why(given: Given | None, basis: Basis) -> str:
    if given is None:
        return "not in it"
    return given.status if given.status != "ok" else f"no {basis}"
