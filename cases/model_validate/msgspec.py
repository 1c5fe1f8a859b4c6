"""The library msgspec: Structs and ``convert``; its one error, a sentence, is read back into a path and a kind."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

import msgspec

from cases.model_validate.fields import UNSET, Answer, Fault, Field, Path, Shape
from cases.model_validate.known import Kept, shape_of


def define(shape: Shape) -> Any:
    """Make a Struct of a shape; nested shapes first."""
    return msgspec.defstruct(shape.name, [_declared(name, field) for name, field in shape.fields], kw_only=True)


def _declared(name: str, field: Field) -> Any:
    if field.default is UNSET:
        return name, annotation(field)
    if type(field.default) is list:
        return name, annotation(field), msgspec.field(default_factory=field.default.copy)
    return name, annotation(field), field.default


def annotation(field: Field) -> Any:
    """Return the type that says what the field says."""
    made: Any = _ANNOTATIONS.get(field.kind)
    if field.kind == "choice":
        made = Literal[field.choices]
    elif field.kind == "model":
        made = define(field.model)
    elif field.kind == "list":
        assert field.item is not None
        made = list[annotation(field.item)]  # type: ignore[misc]  # types made of data
    limits = {"ge": field.least, "le": field.most, "min_length": field.shortest, "max_length": field.longest}
    given: dict[str, Any] = {key: limit for key, limit in limits.items() if limit is not None}
    if given:
        made = Annotated[made, msgspec.Meta(**given)]
    return made | None if field.optional else made


_ANNOTATIONS: dict[str, Any] = {"int": int, "float": float, "bool": bool, "str": str, "date": date}


# ---------------------------------------------------------------------- from sentences to faults

_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_MISSING = "Object missing required field `"


def fault(shape: Shape, sentence: str) -> Fault:
    """Read path and kind out of an error's sentence: the path comes last, and a choice that looks like one does not mislead."""
    what, _, where = sentence.rpartition(" - at `$")
    what, where = (what, where[:-1]) if what else (where, "")  # a fault of the payload itself has no path
    path: Path = tuple(name or int(place) for name, place in _STEP.findall(where))
    if what.startswith(_MISSING):
        return (*path, what[len(_MISSING) : -1]), "missing"
    kind = _kind(what)
    return path, "choice" if kind == "type" and _is_choice(shape, path) else kind


def _kind(what: str) -> str:
    """Return our word for a sentence without its path, such as Expected `int` >= 0."""
    if what.startswith("Invalid enum value"):
        return "choice"
    if not what.startswith("Expected `"):
        return "malformed"  # Invalid RFC3339 encoded date, Number out of range
    tail = what[what.index("`", 10) + 1 :]
    if tail.startswith(" of length "):
        return "short" if tail.startswith(" of length >=") else "long"
    return "small" if tail.startswith(" >=") else "large" if tail.startswith(" <=") else "type"


def _is_choice(shape: Shape, path: Path) -> bool:
    """Whether a path leads to a field of choices: there we call any other type no choice, too."""
    field = Field("model", model=shape)
    for step in path:
        if isinstance(step, int):
            assert field.item is not None
            field = field.item
        else:
            field = next(inner for name, inner in field.model.fields if name == step)
    return field.kind == "choice"


MODELS = Kept(define)


def validate(shape: Shape | str, payloads: list[Any]) -> Answer:
    """Return the objects made, and the first fault of each payload that is refused, by its number."""
    model = MODELS.of(shape)
    declared = shape_of(shape)
    convert = msgspec.convert
    accepted: list[Any] = []
    refused: list[tuple[int, list[Fault]]] = []
    for number, payload in enumerate(payloads):
        try:
            accepted.append(convert(payload, model))
        except msgspec.ValidationError as error:
            refused.append((number, [fault(declared, str(error))]))
    return accepted, refused
