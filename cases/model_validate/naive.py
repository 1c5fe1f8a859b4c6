"""A metaclass collects the fields, and a descriptor's ``__set__`` checks what is assigned to each: the textbook's framework."""

from __future__ import annotations

from typing import Any, ClassVar

from cases.model_validate.fields import (
    UNSET,
    Answer,
    Coercions,
    Fault,
    Field,
    Shape,
    ValidationError,
    define,
    fresh,
    table_of,
    take_fields,
)
from cases.model_validate.known import Kept


class Attribute:
    """A field of a model: converts by the table, and keeps what it accepts in the instance's dict."""

    name: str

    def __init__(self, field: Field, coercions: Coercions) -> None:
        self.field = field
        self.coercions = coercions

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else instance.__dict__[self.name]

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.name] = self.accepted(value)

    def accepted(self, value: Any) -> Any:
        """Return what is kept of the value, or raise ValidationError."""
        if value is None and self.field.optional:
            return None
        return self.checked(value)

    def checked(self, value: Any) -> Any:
        """Convert by the table of coercions."""
        row = self.coercions[self.field.kind]
        if type(value) not in row:
            raise ValidationError([((), "type")])
        convert = row[type(value)]
        if convert is None:
            return value
        try:
            return convert(value)
        except (ValueError, OverflowError):
            raise ValidationError([((), "malformed")]) from None


class Number(Attribute):
    """A whole number or a float, within bounds."""

    def checked(self, value: Any) -> Any:
        """Convert, then compare; NaN is neither at least nor at most anything."""
        value = super().checked(value)
        if self.field.least is not None and not value >= self.field.least:
            raise ValidationError([((), "small")])
        if self.field.most is not None and not value <= self.field.most:
            raise ValidationError([((), "large")])
        return value


class Text(Attribute):
    """A string, within lengths."""

    def checked(self, value: Any) -> Any:
        """Convert, then count."""
        value = super().checked(value)
        if self.field.shortest is not None and len(value) < self.field.shortest:
            raise ValidationError([((), "short")])
        if self.field.longest is not None and len(value) > self.field.longest:
            raise ValidationError([((), "long")])
        return value


class Choice(Attribute):
    """One of some strings."""

    def checked(self, value: Any) -> Any:
        """Look for it."""
        if value not in self.field.choices:
            raise ValidationError([((), "choice")])
        return value


class Nested(Attribute):
    """An object of another model."""

    def checked(self, value: Any) -> Any:
        """Make the object."""
        return self.field.model(value)


class ListOf(Attribute):
    """A list, every item of which is checked like a field."""

    def __init__(self, field: Field, coercions: Coercions) -> None:
        super().__init__(field, coercions)
        assert field.item is not None
        self.item = attribute(field.item, coercions)

    def checked(self, value: Any) -> Any:
        """Check all items, and name all that are wrong."""
        if type(value) is not list:
            raise ValidationError([((), "type")])
        accepted: list[Any] = []
        faults: list[Fault] = []
        for place, one in enumerate(value):
            try:
                accepted.append(self.item.accepted(one))
            except ValidationError as error:
                faults += [((place, *path), kind) for path, kind in error.faults]
        if faults:
            raise ValidationError(faults)
        return accepted


ATTRIBUTES = {"int": Number, "float": Number, "str": Text, "choice": Choice, "model": Nested, "list": ListOf}


def attribute(field: Field, coercions: Coercions) -> Attribute:
    """Return the descriptor of a declaration."""
    return ATTRIBUTES.get(field.kind, Attribute)(field, coercions)


class ModelType(type):
    """Turns the declarations of a class body into descriptors."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], *, coercions: Coercions | None = None) -> ModelType:
        """Make the class; ``coercions=`` chooses another table than that of the base."""
        fields = take_fields(namespace, bases)
        table = table_of(bases, coercions)
        own = {key: attribute(field, table) for key, field in fields.items()}
        return super().__new__(cls, name, bases, {**namespace, **own, "__fields__": fields, "__coercions__": table})


class Model(metaclass=ModelType):
    """An object made of a payload; assigning to a field checks it, too."""

    __fields__: ClassVar[dict[str, Field]]

    def __init__(self, payload: Any) -> None:
        if type(payload) is not dict:
            raise ValidationError([((), "type")])
        faults: list[Fault] = []
        for name, field in self.__fields__.items():
            if name in payload:
                try:
                    setattr(self, name, payload[name])
                except ValidationError as error:
                    faults += [((name, *path), kind) for path, kind in error.faults]
            elif field.default is UNSET:
                faults.append(((name,), "missing"))
            else:
                self.__dict__[name] = fresh(field.default)
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
