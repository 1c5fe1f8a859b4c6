"""Each field's check is put together once, as a closure, when the class is made; construction goes round the descriptors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeAlias

from cases.model_validate.fields import (
    UNSET,
    Answer,
    Coercions,
    Converter,
    Fault,
    Field,
    Shape,
    ValidationError,
    define,
    table_of,
    take_fields,
)
from cases.model_validate.known import Kept

Check: TypeAlias = Callable[[Any], Any]
"""Returns what is kept of a value, or raises ValidationError."""


def refusal(kind: str) -> ValidationError:
    """Return the error of a value, whose path is still to be told."""
    return ValidationError([((), kind)])


def converter(row: Mapping[type, Converter | None]) -> Check:
    """Return the look into one row of the table; the type that is kept as it is is asked for first."""
    as_it_is = next(kept for kept, convert in row.items() if convert is None) if None in row.values() else UNSET

    def check(value: Any) -> Any:
        if type(value) is as_it_is:
            return value
        if type(value) not in row:
            raise refusal("type")
        convert = row[type(value)]
        if convert is None:
            return value
        try:
            return convert(value)
        except (ValueError, OverflowError):
            raise refusal("malformed") from None

    return check


def bounded(convert: Check, least: float | None, most: float | None) -> Check:
    """Return a check of the size."""

    def check(value: Any) -> Any:
        value = convert(value)
        if least is not None and not value >= least:
            raise refusal("small")
        if most is not None and not value <= most:
            raise refusal("large")
        return value

    return check


def measured(convert: Check, shortest: int | None, longest: int | None) -> Check:
    """Return a check of the length."""

    def check(value: Any) -> Any:
        value = convert(value)
        if shortest is not None and len(value) < shortest:
            raise refusal("short")
        if longest is not None and len(value) > longest:
            raise refusal("long")
        return value

    return check


def chosen(choices: tuple[str, ...]) -> Check:
    """Return a look into the choices."""

    def check(value: Any) -> Any:
        if value not in choices:  # a list cannot be looked up in a set, and there are few choices
            raise refusal("choice")
        return value

    return check


def each(item: Check) -> Check:
    """Return a check of every item of a list."""

    def check(values: Any) -> list[Any]:
        if type(values) is not list:
            raise refusal("type")
        try:
            return [item(value) for value in values]
        except ValidationError:
            raise ValidationError(list(faults_of(enumerate(values), item))) from None

    return check


def faults_of(places: Any, check: Check) -> Any:
    """Yield the faults of all items, each with its place in front."""
    for place, value in places:
        try:
            check(value)
        except ValidationError as error:
            yield from (((place, *path), kind) for path, kind in error.faults)


def or_none(check: Check) -> Check:
    """Return a check that lets None through."""
    return lambda value: None if value is None else check(value)


def check_of(field: Field, coercions: Coercions) -> Check:
    """Put the check of a field together: what it need not ask is not in it."""
    if field.kind == "model":
        check: Check = field.model
    elif field.kind == "choice":
        check = chosen(field.choices)
    elif field.kind == "list":
        assert field.item is not None
        check = each(check_of(field.item, coercions))
    else:
        check = converter(coercions[field.kind])
        if field.least is not None or field.most is not None:
            check = bounded(check, field.least, field.most)
        if field.shortest is not None or field.longest is not None:
            check = measured(check, field.shortest, field.longest)
    return or_none(check) if field.optional else check


class Guarded:
    """A field after construction: whoever assigns to it is checked; reading is that of any attribute."""

    def __init__(self, name: str, check: Check) -> None:
        self.name = name
        self.check = check

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.name] = self.check(value)


class ModelType(type):
    """Puts the checks together when a class is made."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], *, coercions: Coercions | None = None) -> ModelType:
        """Make the class; ``coercions=`` chooses another table than that of the base."""
        fields = take_fields(namespace, bases)
        table = table_of(bases, coercions)
        checks = {key: check_of(field, table) for key, field in fields.items()}
        namespace |= {key: Guarded(key, check) for key, check in checks.items()}
        plan = tuple((key, checks[key], field.default, type(field.default) is list) for key, field in fields.items())
        return super().__new__(cls, name, bases, {**namespace, "__fields__": fields, "__coercions__": table, "__plan__": plan})


class Model(metaclass=ModelType):
    """An object made of a payload; assigning to a field checks it, too."""

    __fields__: ClassVar[dict[str, Field]]
    __plan__: ClassVar[tuple[tuple[str, Check, Any, bool], ...]]

    def __init__(self, payload: Any) -> None:
        if type(payload) is not dict:
            raise refusal("type")
        faults: list[Fault] = []
        values = self.__dict__
        for name, check, default, copied in self.__plan__:
            if name in payload:
                try:
                    values[name] = check(payload[name])
                except ValidationError as error:
                    faults += [((name, *path), kind) for path, kind in error.faults]
            elif default is UNSET:
                faults.append(((name,), "missing"))
            else:
                values[name] = default.copy() if copied else default
        if faults:
            raise ValidationError(faults)


MODELS = Kept(lambda shape: define(Model, shape))


def validate(shape: Shape | str, payloads: list[Any]) -> Answer:
    """Return the objects made, and the faults of each payload that is refused, by its number."""
    model = MODELS.of(shape)
    accepted: list[Any] = []
    refused: list[tuple[int, list[Fault]]] = []
    for number, payload in enumerate(payloads):
        try:
            accepted.append(model(payload))
        except ValidationError as error:
            refused.append((number, error.faults))
    return accepted, refused
