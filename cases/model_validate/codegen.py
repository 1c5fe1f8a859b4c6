"""Source is written and compiled once per class: one straight function that makes an object, and nothing is looked up in it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from cases.model_validate.cached import Check, check_of
from cases.model_validate.fields import (
    UNSET,
    Answer,
    Coercions,
    Fault,
    Field,
    Shape,
    ValidationError,
    define,
    table_of,
    take_fields,
)
from cases.model_validate.known import Kept

INDENT = "    "
_BUILTINS = (int, float, bool, str, list, dict)


class Writer:
    """Writes the function of one class.  What is not a plain number becomes a name in its globals: no foreign text gets into source."""

    def __init__(self, coercions: Coercions) -> None:
        self.coercions = coercions
        self.names: dict[str, Any] = {}

    def constant(self, value: Any) -> str:
        """Return how the source may call a value."""
        if value is None or (type(value) in {int, float} and math.isfinite(value)):
            return repr(value)
        if value in _BUILTINS:
            return str(value.__name__)
        return self.name("constant", value)

    def name(self, stem: str, value: Any) -> str:
        """Give a value a name of its own."""
        made = f"{stem}_{len(self.names)}"
        self.names[made] = value
        return made

    def function(self, fields: dict[str, Field]) -> str:
        """Return the source of ``make(payload)``: the object, or None for whatever is wrong with it."""
        lines = ["def make(payload):", "    if type(payload) is not dict:", "        return None", "    try:"]
        for number, (key, field) in enumerate(fields.items()):
            lines += [INDENT * 2 + line for line in self.key(f"v{number}", key, field)]
        lines += [INDENT * 2 + "pass", "    except (KeyError, ValueError, OverflowError):", "        return None", "    self = bare()"]
        lines += [f"    self.{key} = v{number}" for number, key in enumerate(fields)]
        return "\n".join([*lines, "    self.__class__ = model", "    return self", ""])

    def key(self, variable: str, key: str, field: Field) -> Iterator[str]:
        """Fetch a field's value, if it must be there or is, and check it."""
        if field.default is UNSET:
            yield f"{variable} = payload[{key!r}]"
            yield from self.value(variable, field)
            return
        yield f"if {key!r} in payload:"
        yield f"{INDENT}{variable} = payload[{key!r}]"
        yield from (INDENT + line for line in self.value(variable, field))
        yield "else:"
        yield (
            f"{INDENT}{variable} = {self.constant(field.default)}"
            if type(field.default) is not list
            else (f"{INDENT}{variable} = {self.name('default', field.default)}.copy()")
        )

    def value(self, variable: str, field: Field) -> Iterator[str]:
        """Check a value in a variable, and leave there what is kept of it."""
        write = {"model": self.nested, "list": self.items, "choice": self.choice}.get(field.kind, self.scalar)
        if not field.optional:
            yield from write(variable, field)
            return
        yield f"if {variable} is not None:"
        yield from (INDENT + line for line in write(variable, field))

    def scalar(self, variable: str, field: Field) -> Iterator[str]:
        """Ask for the type, convert what the table converts, compare."""
        row = self.coercions[field.kind]
        kept = [self.constant(one) for one, convert in row.items() if convert is None]
        limits = list(self.limits(variable, field))
        if len(kept) == len(row) == 1:  # by far the most fields: one condition
            yield f"if {' or '.join([f'type({variable}) is not {kept[0]}', *limits])}:"
            yield f"{INDENT}return None"
            return
        word = "if"
        for one, convert in row.items():
            yield f"{word} type({variable}) is {self.constant(one)}:"
            yield INDENT + ("pass" if convert is None else f"{variable} = {self.constant(convert)}({variable})")
            word = "elif"
        yield "else:"
        yield f"{INDENT}return None"
        if limits:
            yield f"if {' or '.join(limits)}:"
            yield f"{INDENT}return None"

    def limits(self, variable: str, field: Field) -> Iterator[str]:
        """Write the conditions under which a value is out of its bounds; ``not``, because NaN is within none."""
        for subject, low, high in ((variable, field.least, field.most), (f"len({variable})", field.shortest, field.longest)):
            if low is not None or high is not None:
                before = "" if low is None else f"{self.constant(low)} <= "
                behind = "" if high is None else f" <= {self.constant(high)}"
                yield f"not {before}{subject}{behind}"

    def choice(self, variable: str, field: Field) -> Iterator[str]:
        """Ask for a string first: what cannot be hashed is in no set."""
        yield f"if type({variable}) is not str or {variable} not in {self.name('choices', frozenset(field.choices))}:"
        yield f"{INDENT}return None"

    def nested(self, variable: str, field: Field) -> Iterator[str]:
        """Call the function of the other class."""
        yield f"{variable} = {self.name('make', field.model.__make__)}({variable})"
        yield f"if {variable} is None:"
        yield f"{INDENT}return None"

    def items(self, variable: str, field: Field) -> Iterator[str]:
        """Check the items in a loop: a list of what is kept as it is can be copied as a whole."""
        assert field.item is not None
        item = f"{variable}_"  # longer by one at each level, so that lists of lists do not meet
        yield f"if type({variable}) is not list:"
        yield f"{INDENT}return None"
        as_it_is = field.item.kind == "choice" or set(self.coercions.get(field.item.kind, {}).values()) == {None}
        if not as_it_is:
            yield f"{item}all = []"
        yield f"for {item} in {variable}:"
        yield from (INDENT + line for line in self.value(item, field.item))
        if not as_it_is:
            yield f"{INDENT}{item}all.append({item})"
        yield f"{variable} = {variable}.copy()" if as_it_is else f"{variable} = {item}all"


class ModelType(type):
    """Writes and compiles the function that makes objects, when a class is made."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], *, coercions: Coercions | None = None) -> ModelType:
        """Make two classes: a bare one, whose attributes take anything, and the model, whose attributes are guarded.

        The function fills a bare object and then lets it become a model's: one assignment instead of a guard a field.
        """
        fields = take_fields(namespace, bases)
        table = table_of(bases, coercions)
        known = getattr(bases[0], "__fields__", {}) if bases else {}
        bare_bases = tuple(vars(base)["__bare__"] for base in bases if "__bare__" in vars(base))
        bare: Any = type(name, bare_bases, {"__slots__": tuple(key for key in fields if key not in known)})
        namespace |= {"__slots__": (), "__fields__": fields, "__coercions__": table, "__bare__": bare, "__checks__": {}}
        model = super().__new__(cls, name, (bare, *bases), namespace)
        writer = Writer(table)
        source = writer.function(fields)
        scope = writer.names | {"bare": bare, "model": model}
        exec(compile(source, f"<model {name}>", "exec"), scope)  # noqa: S102  numbers, checked identifiers and names of our own
        model.__make__, model.__source__ = scope["make"], source  # type: ignore[attr-defined]  # as declared below
        return model


class Model(metaclass=ModelType):
    """An object made of a payload; assigning to a field checks it, too."""

    __fields__: ClassVar[dict[str, Field]]
    __coercions__: ClassVar[Coercions]
    __make__: ClassVar[Callable[[Any], Any]]
    __source__: ClassVar[str]
    __checks__: ClassVar[dict[str, Check]]

    def __new__(cls, payload: Any) -> Any:
        """Make the object, or say all that is wrong with the payload."""
        made = cls.__make__(payload)
        if made is None:
            raise ValidationError(explained(cls, payload))
        return made

    def __setattr__(self, name: str, value: Any) -> None:
        check = checks_of(type(self)).get(name)
        object.__setattr__(self, name, value if check is None else check(value))


def checks_of(model: type[Model]) -> dict[str, Check]:
    """Return the slow checks, put together when the first payload is refused."""
    if not model.__checks__:
        model.__checks__.update({key: check_of(field, model.__coercions__) for key, field in model.__fields__.items()})
    return model.__checks__


def explained(model: type[Model], payload: Any) -> list[Fault]:
    """Return what is wrong with a payload of which the function has said no more than that."""
    if type(payload) is not dict:
        return [((), "type")]
    faults: list[Fault] = []
    for name, check in checks_of(model).items():
        if name not in payload:
            if model.__fields__[name].default is UNSET:
                faults.append(((name,), "missing"))
            continue
        try:
            check(payload[name])
        except ValidationError as error:
            faults += [((name, *path), kind) for path, kind in error.faults]
    return faults


MODELS = Kept(lambda shape: define(Model, shape))


def validate(shape: Shape | str, payloads: list[Any]) -> Answer:
    """Return the objects made, and the faults of each payload that is refused, by its number."""
    model = MODELS.of(shape)
    make = model.__make__
    accepted: list[Any] = []
    refused: list[tuple[int, list[Fault]]] = []
    for number, payload in enumerate(payloads):
        made = make(payload)
        if made is None:
            refused.append((number, explained(model, payload)))
        else:
            accepted.append(made)
    return accepted, refused
