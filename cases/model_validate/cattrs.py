"""The libraries attrs and cattrs: classes with slots, a converter with a strict hook for each kind of field; its error groups are walked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NewType, Optional, TypeAlias

import attrs
from cattrs import AttributeValidationNote, BaseValidationError, Converter, IterableValidationNote

from cases.model_validate.fields import STRICT, UNSET, Answer, Fault, Field, Path, Shape
from cases.model_validate.known import Kept

Hook: TypeAlias = Callable[[Any, Any], Any]


class Refused(ValueError):
    """A value is refused, for one word."""


class Declared:
    """The classes of one shape with a converter of their own: hooks outlive what they were made for otherwise."""

    def __init__(self, shape: Shape) -> None:
        self.converter = Converter(detailed_validation=True)
        self.model: Any = self.define(shape)
        self.make = self.converter.get_structure_hook(self.model)

    def define(self, shape: Shape) -> Any:
        """Make an attrs class of a shape; nested shapes first."""
        made = attrs.make_class(shape.name, {name: self.declared(field) for name, field in shape.fields}, slots=True, kw_only=True)
        structure = self.converter.get_structure_hook(made)
        self.converter.register_structure_hook(made, guarded(dict, structure))
        return made

    def declared(self, field: Field) -> Any:
        """Return the attribute of a field."""
        if field.default is UNSET:
            return attrs.field(type=self.annotation(field))
        if type(field.default) is list:
            return attrs.field(type=self.annotation(field), factory=field.default.copy)
        return attrs.field(type=self.annotation(field), default=field.default)

    def annotation(self, field: Field) -> Any:
        """Return a type of the field's own, with a hook that does what the field says."""
        if field.kind == "model":
            made: Any = self.define(field.model)
        elif field.kind == "list":
            assert field.item is not None
            hook = self.converter.get_structure_hook(list[self.annotation(field.item)])  # type: ignore[misc]  # made of data
            made = self.with_hook(guarded(list, hook))
        else:
            made = self.with_hook(chosen(field.choices) if field.kind == "choice" else scalar(field))
        return Optional[made] if field.optional else made  # noqa: UP045  a NewType of data knows no |

    def with_hook(self, hook: Hook) -> Any:
        """Return a new type that is made by the hook."""
        made = NewType("made", object)
        self.converter.register_structure_hook(made, hook)
        return made


def guarded(kind: type, structure: Hook) -> Hook:
    """Return the hook, for values of that type only: the library's own takes whatever can be iterated or subscripted."""

    def hook(value: Any, target: Any) -> Any:
        if type(value) is not kind:
            raise Refused("type")
        return structure(value, target)

    return hook


def chosen(choices: tuple[str, ...]) -> Hook:
    """Return a hook that looks into the choices."""

    def hook(value: Any, target: Any) -> Any:
        if value not in choices:
            raise Refused("choice")
        return value

    return hook


def scalar(field: Field) -> Hook:
    """Return a hook that converts by the table, then compares."""
    row = STRICT[field.kind]

    def hook(value: Any, target: Any) -> Any:
        if type(value) not in row:
            raise Refused("type")
        convert = row[type(value)]
        if convert is not None:
            try:
                value = convert(value)
            except (ValueError, OverflowError):
                raise Refused("malformed") from None
        return value

    if field.least is not None or field.most is not None:
        return bounded(hook, field.least, field.most)
    return hook if field.shortest is None and field.longest is None else measured(hook, field.shortest, field.longest)


def bounded(convert: Hook, least: float | None, most: float | None) -> Hook:
    """Return the hook with bounds."""

    def hook(value: Any, target: Any) -> Any:
        value = convert(value, target)
        if least is not None and not value >= least:
            raise Refused("small")
        if most is not None and not value <= most:
            raise Refused("large")
        return value

    return hook


def measured(convert: Hook, shortest: int | None, longest: int | None) -> Hook:
    """Return the hook with bounds of the length."""

    def hook(value: Any, target: Any) -> Any:
        value = convert(value, target)
        if shortest is not None and len(value) < shortest:
            raise Refused("short")
        if longest is not None and len(value) > longest:
            raise Refused("long")
        return value

    return hook


def faults(error: BaseException, path: Path = ()) -> Iterator[Fault]:
    """Walk a group of errors: the library notes at each where it was."""
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            path = (*path, note.name)
        elif isinstance(note, IterableValidationNote):
            path = (*path, note.index)
    if isinstance(error, BaseValidationError):
        for inner in error.exceptions:
            yield from faults(inner, path)
    else:
        yield path, "missing" if isinstance(error, KeyError) else str(error)


MODELS = Kept(Declared)


def validate(shape: Shape | str, payloads: list[Any]) -> Answer:
    """Return the objects made, and the faults of each payload that is refused, by its number."""
    declared = MODELS.of(shape)
    make, model = declared.make, declared.model
    accepted: list[Any] = []
    refused: list[tuple[int, list[Fault]]] = []
    for number, payload in enumerate(payloads):
        try:
            accepted.append(make(payload, model))
        except (BaseValidationError, Refused) as error:
            refused.append((number, list(faults(error))))
    return accepted, refused
