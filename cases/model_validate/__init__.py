"""What does it cost to trust a payload?  A model framework validates decoded JSON into objects, and says all that is wrong."""

from __future__ import annotations

from datetime import date
from typing import Any

from cases.model_validate.examples import examples, nasty
from cases.model_validate.fields import Field, Shape
from cases.model_validate.known import FLAT_SIZES, KNOWN, ORDER, POINT, TICKET, payloads, shape_of, shuffled
from cases.model_validate.semantics import (
    every_payload_has_one_outcome,
    lists_are_ones_own,
    meant,
    one_fault,
    same_outcome,
    what_is_accepted_is_in_its_domain,
)
from harness import Case, Gate, Limits, Work, Workload, sweep


def tickets(n: int, seed: int) -> tuple[str, list[Any]]:
    """Make ``n`` payloads of ten fields, one of them an object of three, for a class that is there already; 3 % are wrong."""
    return "ticket", payloads(TICKET, n, seed)


def defined(n: int, seed: int) -> tuple[Shape, list[Any]]:
    """Make the same payloads, but for a class that has to be defined first, inside the clock."""
    return TICKET, payloads(TICKET, n, seed)


def points(n: int, seed: int) -> tuple[str, list[Any]]:
    """Make ``n`` payloads of three scalar fields: little to check, so that making the object counts."""
    return "point", payloads(POINT, n, seed)


def orders(n: int, seed: int) -> tuple[str, list[Any]]:
    """Make ``n`` payloads of four levels: objects in lists in objects."""
    return "order", payloads(ORDER, n, seed)


def wide(n: int, seed: int) -> tuple[str, list[Any]]:
    """Make a hundred payloads of ``n`` scalar fields."""
    return f"flat-{n}", payloads(KNOWN[f"flat-{n}"], 100, seed)


def refused(n: int, seed: int) -> tuple[str, list[Any]]:
    """Make ``n`` payloads all of which have one to three places spoiled: what does saying no cost?"""
    return "ticket", payloads(TICKET, n, seed, wrong=1.0)


def disordered(n: int, seed: int) -> tuple[str, list[Any]]:
    """Make ``n`` payloads with their keys in any order, and keys that nobody asked for among them."""
    return "ticket", shuffled(TICKET, n, seed)


# ---------------------------------------------------------------------- limits


def least_seconds(limits: Limits, shape: Shape | str, given: list[Any]) -> float:
    """The call; an object made for each that the answer holds, nested ones and dates too, or a refusal; a reference read for each field.

    A dict copy, but for the hash table: that much is certain of any program.  Nothing for lists, of which an empty one costs
    next to nothing, nor for the checks, which may be as cheap as comparing a pointer.  Of the payloads behind the first
    ten thousand one object each is counted, so that a bound takes no minute.
    """
    fields = len(shape_of(shape).fields)
    references = sum(min(fields, len(payload)) for payload in given if isinstance(payload, dict))
    accepted, refusals = meant(shape, given[:_COUNTED])
    objects = len(refusals) + sum(map(_objects, accepted)) + len(given[_COUNTED:])
    return limits.c_call_seconds + objects * limits.object_seconds + limits.read_seconds(8 * references)


_COUNTED = 10_000


def _objects(made: Any) -> int:
    """How many objects and dates there are in what the oracle says of a payload."""
    if isinstance(made, tuple):
        return 1 + sum(map(_objects, made[1].values()))
    return sum(map(_objects, made)) if isinstance(made, list) else isinstance(made, date)


def checks(shape: Shape | str, given: list[Any]) -> Work:
    """A look-up, a test of the type and a comparison for each value; its reference is read once and written once."""
    field = Field("model", model=shape_of(shape))
    values = sum(_values(field, payload) for payload in given)
    return Work(operations=3.0 * values, n_bytes=16.0 * values)


def _values(field: Field, value: Any) -> int:
    if field.kind == "list" and isinstance(value, list):
        assert field.item is not None
        return 1 + sum(_values(field.item, one) for one in value)
    if field.kind == "model" and isinstance(value, dict):
        return 1 + sum(_values(inner, value.get(name)) for name, inner in field.model.fields)
    return 1


case = Case(
    function="validate",
    variants=("naive", "dataclass", "cached", "codegen", "cython", "msgspec", "pydantic", "cattrs"),
    rivals=("msgspec", "pydantic", "cattrs"),
    workloads=(
        *sweep(tickets, n=(1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000)),
        *sweep(defined, n=(1, 3, 10, 30, 100, 300, 1000, 3000), name="define-{n}"),
        *sweep(wide, n=FLAT_SIZES, name="fields-{n}"),
        *sweep(points, n=(10, 1000, 30_000, 1_000_000), name="points-{n}"),
        *sweep(orders, n=(3, 100, 3000), name="orders-{n}"),
        Workload("refused", refused, 300),
        Workload("disordered", disordered, 300),
    ),
    default=("10", "300", "10000"),
    same=same_outcome,
    relations={"msgspec": one_fault},  # it stops at the first fault
    oracle=meant,  # plain data, of no framework: objects of classes that a call has made could not be kept on a sheet
    invariants=(every_payload_has_one_outcome, what_is_accepted_is_in_its_domain, lists_are_ones_own),
    bound=least_seconds,
    growth=1.0,
    work=checks,
    adversarial=nasty,
    strategy=examples,
    verify_up_to=300,
    gate=Gate(workloads=("1", "3", "10", "30", "define-1")),
)
