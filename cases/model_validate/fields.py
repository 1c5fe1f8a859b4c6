"""How a model is declared: its fields, its shape, and the table that says what may be turned into what."""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from typing import Any, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
Fault: TypeAlias = tuple[Path, str]
"""Where, and one word: missing, type, malformed, small, large, short, long, choice."""
Answer: TypeAlias = tuple[list[Any], list[tuple[int, list[Fault]]]]
"""The objects that were made, and of each refused payload its number with all its faults, in the order of the fields."""


class Unset(Enum):
    """Stands for no value where None is one; an enumeration, so that there is one of it after pickling, too."""

    UNSET = "unset"


UNSET = Unset.UNSET


@dataclass(frozen=True, slots=True)
class Field:
    """One field's declaration; it says nothing of how it is checked."""

    kind: str
    least: float | None = None
    most: float | None = None
    shortest: int | None = None
    longest: int | None = None
    choices: tuple[str, ...] = ()
    item: Field | None = None
    model: Any = None
    """Of a nested field: a Shape, or a model class that was defined before."""
    optional: bool = False
    """Whether None is a value of it; that the key may be absent is said by a default."""
    default: Any = UNSET


@dataclass(frozen=True, slots=True)
class Shape:
    """A model as data: what a class body says, but it can be pickled and handed to any framework."""

    name: str
    fields: tuple[tuple[str, Field], ...]


class ValidationError(ValueError):
    """A payload is refused; ``faults`` holds everything that is wrong with it."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults)
        self.faults = faults

    def __str__(self) -> str:  # put together when somebody reads it: most errors are caught for their faults
        return "; ".join(f"{'.'.join(map(str, path)) or 'payload'}: {kind}" for path, kind in self.faults)


def integer(*, least: int | None = None, most: int | None = None, optional: bool = False, default: Any = UNSET) -> Any:
    """Declare a whole number of any size, within bounds that belong to it."""
    return Field("int", least=least, most=most, optional=optional, default=default)


def number(*, least: float | None = None, most: float | None = None, optional: bool = False, default: Any = UNSET) -> Any:
    """Declare a float; NaN is within no bounds."""
    return Field("float", least=least, most=most, optional=optional, default=default)


def flag(*, optional: bool = False, default: Any = UNSET) -> Any:
    """Declare a truth value."""
    return Field("bool", optional=optional, default=default)


def text(*, shortest: int | None = None, longest: int | None = None, optional: bool = False, default: Any = UNSET) -> Any:
    """Declare a string; lengths are counted in code points."""
    return Field("str", shortest=shortest, longest=longest, optional=optional, default=default)


def day(*, optional: bool = False, default: Any = UNSET) -> Any:
    """Declare a date, written YYYY-MM-DD in the payload."""
    return Field("date", optional=optional, default=default)


def choice(*choices: str, optional: bool = False, default: Any = UNSET) -> Any:
    """Declare one of some strings; anything else, whatever its type, is no choice."""
    return Field("choice", choices=choices, optional=optional, default=default)


def list_of(item: Field, *, optional: bool = False, default: Any = UNSET) -> Any:
    """Declare a list; a default list is copied for every object."""
    return Field("list", item=item, optional=optional, default=default)


def nested(model: Any, *, optional: bool = False, default: Any = UNSET) -> Any:
    """Declare an object of another model (a class), or of another shape (data)."""
    return Field("model", model=model, optional=optional, default=default)


# ---------------------------------------------------------------------- the table of coercions

Converter: TypeAlias = Callable[[Any], Any]
Coercions: TypeAlias = Mapping[str, Mapping[type, Converter | None]]
"""By kind of field and by *exact* type of the value: None keeps it, a function converts it (ValueError and OverflowError
say that it is malformed), and what is not listed is of the wrong type.  Exact, or True would be a whole number."""


def day_from_text(text: str) -> date:
    """Read YYYY-MM-DD, and none of the other forms that ``date.fromisoformat`` knows."""
    if len(text) != 10 or text[4] != "-" or text[7] != "-":
        raise ValueError(text)
    return date.fromisoformat(text)


def whole_from_text(text: str) -> int:
    """Read decimal digits with or without a minus, and none of the other forms that ``int`` knows."""
    if not text.isascii() or not text.removeprefix("-").isdecimal():
        raise ValueError(text)
    return int(text)


def flag_from_text(text: str) -> bool:
    """Read what query strings and forms send for a truth value."""
    if text not in _FLAGS:
        raise ValueError(text)
    return _FLAGS[text]


_FLAGS = {"true": True, "false": False, "1": True, "0": False, "on": True, "off": False}

STRICT: Coercions = {
    "int": {int: None},
    "float": {float: None, int: float},
    "bool": {bool: None},
    "str": {str: None},
    "date": {str: day_from_text},
}
"""What JSON cannot say is converted, and nothing else: it has no dates, and 3 is how it writes 3.0."""

LAX: Coercions = {
    **STRICT,
    "int": {int: None, str: whole_from_text},
    "float": {float: None, int: float, str: float},
    "bool": {bool: None, str: flag_from_text},
}
"""For query strings and forms, where everything arrives as text."""


# ---------------------------------------------------------------------- from declarations to classes


def take_fields(namespace: dict[str, Any], bases: Sequence[type]) -> dict[str, Field]:
    """Take the declarations out of a class body; fields of the bases come first."""
    fields: dict[str, Field] = {}
    for base in reversed(bases):
        fields |= getattr(base, "__fields__", {})
    for name in [name for name, value in namespace.items() if isinstance(value, Field)]:
        fields[checked_name(name)] = namespace.pop(name)
    return fields


def table_of(bases: Sequence[type], chosen: Coercions | None) -> Coercions:
    """Return the table that a class goes by: the one it chooses, else that of its base."""
    inherited: Coercions = getattr(bases[0], "__coercions__", STRICT) if bases else STRICT
    return chosen or inherited


def checked_name(name: str) -> str:
    """Return the name of a field if it can be an attribute's: generated code will hold it, so nothing else may get through."""
    if name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_") and name == unicodedata.normalize("NFKC", name):
        return name
    message = f"{name!r} cannot be a field's name: it must be an identifier, no keyword, without a leading underscore"
    raise ValueError(message)


def define(base: type, shape: Shape) -> Any:
    """Make a model class out of a shape, as if its class statement had been written under ``base``; nested shapes first."""
    namespace = {name: resolved(base, field) for name, field in shape.fields}
    return type(base)(shape.name, (base,), namespace)


def resolved(base: type, field: Field) -> Field:
    """Return the field with classes where there were shapes."""
    if field.kind == "list":
        assert field.item is not None
        return replace(field, item=resolved(base, field.item))
    if field.kind == "model" and isinstance(field.model, Shape):
        return replace(field, model=define(base, field.model))
    return field


def fresh(default: Any) -> Any:
    """Return a default that no other object shares."""
    return default.copy() if type(default) is list else default
