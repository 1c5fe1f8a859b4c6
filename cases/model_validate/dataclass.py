"""The standard library's way: a dataclass whose fields carry their declaration, and one function that matches on its kind."""

from __future__ import annotations

from dataclasses import MISSING, field, fields, make_dataclass, replace
from typing import Any

from cases.model_validate.fields import STRICT, UNSET, Answer, Fault, Field, Shape, ValidationError
from cases.model_validate.known import Kept


class Record:
    """What the dataclasses have in common; their objects are made by ``__init__``, which checks nothing."""

    __slots__ = ()

    @classmethod
    def of(cls, payload: Any) -> Any:
        """Make an object of a payload, or raise ValidationError."""
        if type(payload) is not dict:
            raise ValidationError([((), "type")])
        values: dict[str, Any] = {}
        faults: list[Fault] = []
        for one in fields(cls):  # type: ignore[arg-type]  # every subclass is a dataclass
            if one.name in payload:
                try:
                    values[one.name] = accepted_value(one.metadata["field"], payload[one.name])
                except ValidationError as error:
                    faults += [((one.name, *path), kind) for path, kind in error.faults]
            elif one.default is MISSING and one.default_factory is MISSING:
                faults.append(((one.name,), "missing"))
        if faults:
            raise ValidationError(faults)
        return cls(**values)


def accepted_value(declared: Field, value: Any) -> Any:
    """Return what is kept of a value, or raise ValidationError."""
    if value is None and declared.optional:
        return None
    match declared.kind:
        case "model":
            return declared.model.of(value)
        case "list":
            return accepted_items(declared, value)
        case "choice":
            return checked(value, value in declared.choices, "choice")
        case "str":
            text = converted(declared, value)
            checked(text, declared.shortest is None or len(text) >= declared.shortest, "short")
            return checked(text, declared.longest is None or len(text) <= declared.longest, "long")
        case _:
            made = converted(declared, value)
            checked(made, declared.least is None or made >= declared.least, "small")
            return checked(made, declared.most is None or made <= declared.most, "large")


def converted(declared: Field, value: Any) -> Any:
    """Convert by the table."""
    row = STRICT[declared.kind]
    checked(value, type(value) in row, "type")
    try:
        convert = row[type(value)]
        return value if convert is None else convert(value)
    except (ValueError, OverflowError):
        raise ValidationError([((), "malformed")]) from None


def checked(value: Any, holds: bool, kind: str) -> Any:
    """Return the value if the condition holds, or raise ValidationError with the word for it."""
    if not holds:
        raise ValidationError([((), kind)])
    return value


def accepted_items(declared: Field, values: Any) -> list[Any]:
    """Check the items of a list, and name all that are wrong."""
    checked(values, type(values) is list, "type")
    assert declared.item is not None
    made: list[Any] = []
    faults: list[Fault] = []
    for place, value in enumerate(values):
        try:
            made.append(accepted_value(declared.item, value))
        except ValidationError as error:
            faults += [((place, *path), kind) for path, kind in error.faults]
    if faults:
        raise ValidationError(faults)
    return made


def define(shape: Shape) -> Any:
    """Make a dataclass of a shape; nested shapes first."""
    declared = [(name, Any, declaration(resolved(one))) for name, one in shape.fields]
    return make_dataclass(shape.name, declared, bases=(Record,), kw_only=True, slots=True)


def declaration(declared: Field) -> Any:
    """Return the dataclass's own field."""
    metadata = {"field": declared}
    if declared.default is UNSET:
        return field(metadata=metadata)
    if type(declared.default) is list:
        return field(default_factory=declared.default.copy, metadata=metadata)
    return field(default=declared.default, metadata=metadata)


def resolved(declared: Field) -> Field:
    """Return the declaration with classes where there were shapes."""
    if declared.item is not None:
        return replace(declared, item=resolved(declared.item))
    return declared if declared.model is None else replace(declared, model=define(declared.model))


MODELS = Kept(define)


def validate(shape: Shape | str, payloads: list[Any]) -> Answer:
    """Return the objects made, and the faults of each payload that is refused, by its number."""
    model = MODELS.of(shape)
    accepted: list[Any] = []
    refused: list[tuple[int, list[Fault]]] = []
    for number, payload in enumerate(payloads):
        try:
            accepted.append(model.of(payload))
        except ValidationError as error:
            refused.append((number, error.faults))
    return accepted, refused
