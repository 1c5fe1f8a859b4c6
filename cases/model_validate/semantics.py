"""What a payload means, by a plain walk over the declaration; when two answers are the same; laws of every answer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from typing import Any, TypeAlias

from cases.model_validate.fields import STRICT, UNSET, Answer, Fault, Field, Path, Shape
from cases.model_validate.known import shape_of
from harness import Difference, exact, judged

Plain: TypeAlias = tuple[list[Any], list[tuple[int, list[Fault]]]]
"""An answer without classes: an object is its model's name and a dict of its attributes."""


# ---------------------------------------------------------------------- what is right


def meant(shape: Shape | str, payloads: list[Any]) -> Plain:
    """Return the plain answer, of no framework: this is the oracle that all variants are judged by, the reference included."""
    accepted: list[Any] = []
    refused: list[tuple[int, list[Fault]]] = []
    for number, payload in enumerate(payloads):
        faults: list[Fault] = []
        made = _object(shape_of(shape), payload, (), faults)
        if faults:
            refused.append((number, faults))
        else:
            accepted.append(made)
    return accepted, refused


def _object(shape: Shape, payload: Any, path: Path, faults: list[Fault]) -> tuple[str, dict[str, Any]]:
    made: dict[str, Any] = {}
    if type(payload) is not dict:
        faults.append((path, "type"))
        return shape.name, made
    for name, field in shape.fields:
        if name in payload:
            made[name] = _value(field, payload[name], (*path, name), faults)
        elif field.default is UNSET:
            faults.append(((*path, name), "missing"))
        else:
            made[name] = list(field.default) if isinstance(field.default, list) else field.default
    return shape.name, made


def _value(field: Field, value: Any, path: Path, faults: list[Fault]) -> Any:
    if value is None and field.optional:
        return None
    if field.kind == "model":
        return _object(field.model, value, path, faults)
    if field.kind == "list" and type(value) is list:
        assert field.item is not None
        return [_value(field.item, one, (*path, place), faults) for place, one in enumerate(value)]
    word, made = _scalar(field, value)
    if word:
        faults.append((path, word))
    return made


def _scalar(field: Field, value: Any) -> tuple[str, Any]:
    """Return what is wrong with a value (nothing: the empty word), and what it becomes."""
    if field.kind == "choice":
        return ("" if value in field.choices else "choice"), value
    row = STRICT.get(field.kind, {})  # a list that is none has no row: the wrong type
    if type(value) not in row:
        return "type", None
    try:
        convert = row[type(value)]
        made = value if convert is None else convert(value)
    except (ValueError, OverflowError):
        return "malformed", None
    return _out_of_bounds(field, made), made


def _out_of_bounds(field: Field, made: Any) -> str:
    if field.least is not None and not made >= field.least:
        return "small"
    if field.most is not None and not made <= field.most:
        return "large"
    if field.shortest is not None and len(made) < field.shortest:
        return "short"
    if field.longest is not None and len(made) > field.longest:
        return "long"
    return ""


# ---------------------------------------------------------------------- when two answers are the same


def plain(shape: Shape, made: Any) -> Any:
    """Return an object of any framework as its model's name and its attributes, read one by one as a user would."""
    if isinstance(made, tuple):  # the oracle's
        return made
    return type(made).__name__, {name: _plain_value(field, getattr(made, name)) for name, field in shape.fields}


def _plain_value(field: Field, value: Any) -> Any:
    if field.kind == "list" and type(value) is list:
        assert field.item is not None
        return [_plain_value(field.item, one) for one in value]
    return value if field.kind != "model" or value is None else plain(field.model, value)


def plain_answer(shape: Shape, answer: Answer) -> Any:
    """Return a whole answer so; what is no answer at all stays what it is, for the relation to refuse."""
    if not isinstance(answer, tuple) or len(answer) != 2 or not isinstance(answer[0], list):
        return answer
    return [_readable(shape, made) for made in answer[0]], answer[1]


def _readable(shape: Shape, made: Any) -> Any:
    try:
        return plain(shape, made)
    except AttributeError as error:
        return f"no object of {shape.name}: {error}"


def _differ(arguments: tuple[Any, ...], expected: Any, actual: Any) -> Difference | None:
    shape = shape_of(arguments[0])
    return exact.compare(plain_answer(shape, expected), plain_answer(shape, actual))


same_outcome = judged("same objects, attribute by attribute and exact; same refusals with every path and kind", _differ)


def _first_fault(arguments: tuple[Any, ...], expected: Any, actual: Any) -> Difference | None:
    shape = shape_of(arguments[0])
    expected, actual = plain_answer(shape, expected), plain_answer(shape, actual)
    if not isinstance(actual, tuple) or type(actual[1]) is not list or len(actual[1]) != len(expected[1]):
        return exact.compare(expected, actual)
    untrue = (place for place, pair in enumerate(zip(expected[1], actual[1], strict=True)) if not _is_one_of(*pair))
    place = next(untrue, None)
    if place is None:
        return exact.compare(expected[0], actual[0])
    return Difference("fault", f"[1][{place}]", f"one fault of {expected[1][place]}", str(actual[1][place]))


def _is_one_of(refusal: tuple[int, list[Fault]], said: Any) -> bool:
    """Whether a refusal with one fault is that of the payload, and a true one."""
    number, faults = refusal
    return any(exact.compare((number, [fault]), said) is None for fault in faults)


one_fault = judged("same objects, attribute by attribute and exact; same refusals, of each one true path and kind", _first_fault)
"""For a library that stops at the first thing that is wrong, in an order of its own."""


# ---------------------------------------------------------------------- laws


def every_payload_has_one_outcome(arguments: tuple[Any, ...], answer: Answer) -> str | None:
    """Objects and refusals together are as many as payloads; refusals ascend, and each has a fault."""
    _, payloads = arguments
    accepted, refused = answer
    numbers = [number for number, _ in refused]
    if len(accepted) + len(refused) != len(payloads):
        return f"{len(payloads)} payloads, but {len(accepted)} objects and {len(refused)} refusals"
    if numbers != sorted(set(numbers)) or any(not 0 <= number < len(payloads) for number in numbers):
        return f"refusals are numbered {numbers[:10]}"
    return next((f"payload {number} is refused for nothing" for number, faults in refused if not faults), None)


def what_is_accepted_is_in_its_domain(arguments: tuple[Any, ...], answer: Answer) -> str | None:
    """Every attribute has its field's type and lies within its bounds."""
    shape = shape_of(arguments[0])
    for made in answer[0]:
        for name, field in shape.fields:
            if not _in_domain(field, getattr(made, name)) and getattr(made, name) != field.default:
                return f"{shape.name}.{name} is {getattr(made, name)!r}"
    return None


_TYPES: dict[str, type[Any]] = {"int": int, "float": float, "bool": bool, "str": str, "choice": str, "date": date, "list": list}


def _in_domain(field: Field, value: Any) -> bool:
    if value is None:
        return field.optional
    if field.kind == "model":
        return all(_in_domain(inner, getattr(value, name)) or getattr(value, name) == inner.default for name, inner in field.model.fields)
    if type(value) is not _TYPES[field.kind]:
        return False
    if field.kind == "list":
        assert field.item is not None
        return all(_in_domain(field.item, one) for one in value)
    if field.kind == "choice":
        return value in field.choices
    size = len(value) if field.kind == "str" else 0
    low, high = (value, value) if field.kind in {"int", "float"} else (math.inf, -math.inf)
    return (
        (field.least is None or low >= field.least)
        and (field.most is None or high <= field.most)
        and (field.shortest or 0) <= size <= (math.inf if field.longest is None else field.longest)
    )


def lists_are_ones_own(arguments: tuple[Any, ...], answer: Answer) -> str | None:
    """Whoever has an object may change its lists: no two places hold one and the same, be it a default or what came twice in the payloads.

    That a payload's own list was handed out cannot be seen by itself, since a law is told the arguments in a copy; but where
    two payloads hold one list, as some of `nasty` do, two objects do then.
    """
    shape = Field("model", model=shape_of(arguments[0]))
    held = [found for place, made in enumerate(answer[0]) for found in _lists(shape, made, f"[{place}]")]  # all alive: no address twice
    seen: dict[int, str] = {}
    for where, one in held:
        if seen.setdefault(id(one), where) != where:
            return f"{seen[id(one)]} and {where} are one and the same list"
    return None


def _lists(field: Field, value: Any, where: str) -> Iterator[tuple[str, list[Any]]]:
    """Yield all lists in a value, those in objects and in lists too, each with its place."""
    if field.kind == "model" and value is not None:
        for name, inner in field.model.fields:
            yield from _lists(inner, getattr(value, name), f"{where}.{name}")
    elif type(value) is list:
        assert field.item is not None
        yield where, value
        for place, one in enumerate(value):
            yield from _lists(field.item, one, f"{where}[{place}]")
