"""Objects: by their fields, else by the state that pickling sees, else by their own ``==``."""

from __future__ import annotations

import copyreg
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cached_property, partial
from itertools import chain
from pathlib import PurePath
from pickle import PickleError
from typing import TYPE_CHECKING, Any

from harness.judge.comparison import containers, streams
from harness.judge.comparison.registry import Part, by_parts, has_own, unknown
from harness.judge.comparison.words import ABSENT, FIELD, PLACE, other_value, show, type_name
from harness.model.declared import Difference

if TYPE_CHECKING:
    from harness.judge.comparison.walk import Handler, Pairs, Walk

_POINTER = tuple.__itemsize__
_VALUES: dict[type, Callable[[Any], Any]] = {
    tuple: lambda value: list(tuple.__iter__(value)),
    list: lambda value: list(list.__iter__(value)),
    set: lambda value: set(set.__iter__(value)),
    frozenset: lambda value: set(frozenset.__iter__(value)),
    str: str.__str__,
    bytes: lambda value: bytes(memoryview(value)),
    bytearray: lambda value: bytes(memoryview(value)),
    int: int.__index__,
    float: float.__float__,
    complex: lambda value: complex(value.real, value.imag),
}
"""Built-in types, and how the plain value in an instance of a subclass is got at."""
_CONTAINERS = (OrderedDict, Counter, defaultdict, dict, deque)
_NO_FIELDS = ("__dict__", "__weakref__")
_REFUSALS = (TypeError, NotImplementedError, AttributeError, PickleError)
"""What a class raises that refuses to be pickled; else its code has failed, and this is said."""
_PICKLED = ("__reduce_ex__", "__reduce__", "__getnewargs__", "__getnewargs_ex__")


def python(kind: type) -> Handler | None:
    """Return what compares a type that Python itself, or a way of writing classes, makes plain."""
    for found in (_plain(kind), _callable(kind), _built_in(kind), _record(kind)):
        if found is not None:
            return found
    return None


def other(kind: type) -> Handler:
    """Return what compares any other class."""
    if issubclass(kind, Iterator):
        return streams.iterators(kind, None if _hides_state(kind) else _fielded)
    found = _container(kind)
    if found is not None:
        return found
    if _speaks_numpy(kind):
        return by_parts(_as_array)
    if _reduces(kind):
        return _reduced
    return _without_state(kind) if _hides_state(kind) else _fielded


def _without_state(kind: type) -> Handler:
    """By ``==``, else by nothing: this is said; what a subclass has added in fields is seen in any case."""
    return _with_fields(_equal if has_own(kind, "__eq__") else unknown(kind))


def _instead(expected: Any, actual: Any, *values: Any, walk: Walk) -> Pairs | None:
    """Walk other values in the place of these, unless that has been done."""
    if not walk.first_time(expected, actual):
        return None
    return iter(((*values, PLACE, ""),))  # type: ignore[arg-type]  # two values


# ------------------------------------------------------------------ of Python's own


def _plain(kind: type) -> Handler | None:
    if issubclass(kind, Enum):
        return by_parts(
            lambda value: [Part(".name", value.name, "value"), Part(".value", value.value)]
        )
    if issubclass(kind, types.SimpleNamespace):
        return _fielded
    if issubclass(kind, PurePath):
        return by_parts(lambda path: [Part("", str(path), "value")])
    if kind is types.MappingProxyType:
        return containers.mappings
    if kind.__module__ == "array" and kind.__name__ == "array":
        return containers.typed_arrays
    if kind is slice:
        return by_parts(
            lambda one: [Part(f".{n}", getattr(one, n)) for n in ("start", "stop", "step")]
        )
    if kind.__module__ == "re" and kind.__name__ == "Match":
        return by_parts(_match_parts)
    return _views_of_dicts(kind)


def _match_parts(match: Any) -> list[Part]:
    names = ("re", "string", "regs", "pos", "endpos")
    return [Part(f".{name}", getattr(match, name)) for name in names]


def _views_of_dicts(kind: type) -> Handler | None:
    if kind in {type({}.keys()), type({}.items())}:
        return lambda one, other, walk: _instead(one, other, set(one), set(other), walk=walk)
    return containers.sequences if kind is type({}.values()) else None


def _callable(kind: type) -> Handler | None:
    if issubclass(kind, type):
        return _identity
    if issubclass(kind, types.FunctionType):
        return _functions
    if issubclass(kind, types.MethodType):
        return by_parts(
            lambda one: [Part(".__func__", one.__func__), Part(".__self__", one.__self__)]
        )
    if issubclass(kind, (types.BuiltinFunctionType, types.MethodWrapperType)):
        return by_parts(_built_in_function)
    if issubclass(kind, partial):
        return by_parts(
            lambda one: [Part(f".{n}", getattr(one, n)) for n in ("func", "args", "keywords")]
        )
    return _identity if kind in {types.ModuleType, type(NotImplemented)} else None


def _identity(expected: Any, actual: Any, walk: Walk) -> Difference | None:
    """A class or a module is itself, or another one; classes may count as one, in the settings."""
    both = isinstance(expected, type) and isinstance(actual, type)
    if expected is actual or (both and walk.settings.one_type(expected, actual)):
        return None
    return other_value(expected, actual)


def _functions(expected: Any, actual: Any, walk: Walk) -> Difference | Pairs | None:
    """Functions are the same that have one name and one code, and hold and default to the same values."""
    for name in ("__module__", "__qualname__"):
        if getattr(expected, name) != getattr(actual, name):
            return other_value(expected, actual, where=f".{name}")
    if expected.__code__ != actual.__code__:
        return other_value(expected, actual, "one name, but other code", ".__code__")
    if not walk.first_time(expected, actual):
        return None
    names = ("__defaults__", "__kwdefaults__", "__dict__")
    held = [(getattr(expected, name), getattr(actual, name), FIELD, name) for name in names]
    return iter((*held, (_cells(expected), _cells(actual), FIELD, "__closure__")))


def _cells(function: Any) -> list[Any]:
    found = []
    for cell in function.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:  # not set yet
            found.append(ABSENT)
    return found


def _built_in_function(one: Any) -> list[Part]:
    of = one.__self__
    held = None if isinstance(of, types.ModuleType) else of
    return [Part(".__qualname__", one.__qualname__, "value"), Part(".__self__", held)]


# ------------------------------------------------------------------ subclasses of what is built in


def _built_in(kind: type) -> Handler | None:
    if issubclass(kind, BaseException):
        return _exceptions
    if base := next((base for base in _CONTAINERS if issubclass(kind, base)), None):
        return _with_fields(containers.HANDLERS[base])
    plain = next((base for base in _VALUES if issubclass(kind, base)), None)
    return None if plain is None else _with_fields(_plain_value(plain, kind))


def _plain_value(base: type, kind: type) -> Handler:
    """Compare what the built-in type itself holds, whatever the subclass says of it."""
    compare = containers.HANDLERS[base]
    names = getattr(kind, "_fields", ()) if base is tuple else ()
    steps = [(FIELD, name) for name in names] if isinstance(names, tuple) else []

    def handler(expected: Any, actual: Any, walk: Walk) -> Difference | Pairs | None:
        if not walk.first_time(expected, actual):
            return None
        found = compare(_value(base, expected), _value(base, actual), walk)
        return _named(found, steps) if steps and isinstance(found, Iterator) else found

    return handler


def _named(pairs: Pairs, steps: list[tuple[str, str]]) -> Pairs:
    """The items of a named tuple by their names."""
    names = iter(steps)
    for one, other, kind, label in pairs:
        yield one, other, *next(names, (kind, label))


def _value(base: type, one: Any) -> Any:
    """A type that was declared interchangeable stays what it is."""
    return _VALUES[base](one) if isinstance(one, base) else one


def _with_fields(compare: Handler) -> Handler:
    """Compare as the built-in type does, then what a subclass has added in fields."""

    def handler(expected: Any, actual: Any, walk: Walk) -> Difference | Pairs | None:
        found = compare(expected, actual, walk)
        if isinstance(found, Difference):
            return found
        return iter(chain(found or (), added_fields(expected, actual, walk)))

    return handler


def added_fields(expected: Any, actual: Any, walk: Walk) -> Pairs:
    """What subclasses of built-in types have added; types that were declared interchangeable add nothing."""
    kinds = type(expected), type(actual)
    declared = kinds[0] is not kinds[1] and set(kinds) <= set(walk.settings.interchangeable)
    if declared or not walk.first_time(expected, actual, "fields"):
        return iter(())
    return _pairs_of(fields_of(expected, kinds[0]), fields_of(actual, kinds[1]))


def _exceptions(expected: Any, actual: Any, walk: Walk) -> Pairs | None:
    """Compare arguments (with those that only pickling sees, a file's name say), then attributes."""
    if not walk.first_time(expected, actual):
        return None
    one, other = (_said_to_pickle(each) for each in (expected, actual))
    args = ((expected.args, actual.args, FIELD, "args"), (one, other, PLACE, ".args"))
    return iter(chain(args, added_fields(expected, actual, walk)))


def _said_to_pickle(error: BaseException) -> Any:
    try:
        return tuple(error.__reduce__()[1:2])
    except Exception:  # a class's own, which refuses: arguments and attributes are seen without it
        return ()


# ------------------------------------------------------------------ classes with fields


def _record(kind: type) -> Handler | None:
    """Dataclasses, attrs and msgspec say which fields count; where we watch, all do."""
    if is_dataclass(kind):
        compared = [one.name for one in fields(kind) if one.compare]
        return _named_fields(compared, [one.name for one in fields(kind)])
    if isinstance(
        made := kind.__dict__.get("__attrs_attrs__", getattr(kind, "__attrs_attrs__", None)), tuple
    ):
        compared = [one.name for one in made if getattr(one, "eq", True)]
        return _named_fields(compared, [one.name for one in made])
    if isinstance(named := getattr(kind, "__struct_fields__", None), tuple):
        return _named_fields(list(named), list(named))
    return None


def _named_fields(compared: list[str], every: list[str]) -> Handler:
    def handler(expected: Any, actual: Any, walk: Walk) -> Pairs | None:
        if not walk.first_time(expected, actual):
            return None
        names = every if walk.settings.watching else compared
        return (
            (getattr(expected, name, ABSENT), getattr(actual, name, ABSENT), FIELD, name)
            for name in names
        )

    return handler


def _fielded(expected: Any, actual: Any, walk: Walk) -> Pairs | None:
    """Compare slots and ``__dict__``.

    Of a class that says what to pickle just that: the reference's answer comes from another process.
    """
    if not walk.first_time(expected, actual):
        return None
    if not has_own(type(expected), "__getstate__"):
        return added_fields(expected, actual, walk)
    try:
        one, other = expected.__getstate__(), actual.__getstate__()
    except Exception as error:
        if not _goes_on(error, walk):
            raise
        return added_fields(expected, actual, walk)
    if isinstance(one, dict) and isinstance(other, dict):
        return _pairs_of(one, other)
    return iter(((one, other, FIELD, "_state"),))


def plain_fields(value: Any, kind: type) -> dict[str, Any] | None:
    """Return the fields by which an object is compared; None: it is compared in another way."""
    if is_dataclass(kind):
        return {one.name: getattr(value, one.name) for one in fields(kind) if one.compare}
    if _hides_state(kind) or _reduces(kind) or has_own(kind, "__getstate__"):
        return None
    return fields_of(value, kind)


def fields_of(value: Any, kind: type) -> dict[str, Any]:
    """Return what is in the slots and in the ``__dict__`` of an object, but for what it can work out again."""
    found: dict[str, Any] = {}
    for owner in reversed(kind.__mro__):
        for name, slot in vars(owner).items():
            member = isinstance(slot, types.MemberDescriptorType) and name not in _NO_FIELDS
            if member and owner.__module__ != "builtins":
                found[name] = _slot(slot, value)
    try:
        own = object.__getattribute__(value, "__dict__")
    except AttributeError:
        own = {}
    if isinstance(own, dict):
        found |= {name: one for name, one in own.items() if not _cached(kind, name)}
    return {name: one for name, one in found.items() if one is not ABSENT}


def _slot(slot: Any, value: Any) -> Any:
    try:
        return slot.__get__(value)
    except AttributeError:  # never set
        return ABSENT


def _cached(kind: type, name: str) -> bool:
    return any(isinstance(vars(owner).get(name), cached_property) for owner in kind.__mro__)


def _pairs_of(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> Pairs:
    for name, one in expected.items():
        yield one, actual.get(name, ABSENT), FIELD, name
    for name, one in actual.items():
        if name not in expected:
            yield ABSENT, one, FIELD, name


# ------------------------------------------------------------------ what is written in C


def _hides_state(kind: type) -> bool:
    """Whether instances hold more than their slots and ``__dict__``: what pickle asks, too."""
    slots = sum(
        isinstance(one, types.MemberDescriptorType)
        for owner in kind.__mro__
        for one in vars(owner).values()
    )
    seen = object.__basicsize__ + _POINTER * slots
    seen += _POINTER * sum(
        getattr(kind, name) > 0 for name in ("__dictoffset__", "__weakrefoffset__")
    )
    return kind is object or kind.__basicsize__ > seen or bool(kind.__itemsize__)


def _container(kind: type) -> Handler | None:
    """Containers of others, of whose inside nothing is to be seen: by what they give."""
    if not _hides_state(kind):
        return None
    if issubclass(kind, Mapping):
        return lambda one, other, walk: _instead(one, other, _items(one), _items(other), walk=walk)
    if issubclass(kind, AbstractSet):
        return lambda one, other, walk: _instead(one, other, set(one), set(other), walk=walk)
    return containers.sequences if issubclass(kind, Sequence) else None


def _items(mapping: Any) -> Any:
    """A dict of the items; a list where a key comes twice."""
    items = [(key, one) for key, one in mapping.items()]
    found = dict(items)
    return found if len(found) == len(items) else items


def _speaks_numpy(kind: type) -> bool:
    return all(hasattr(kind, name) for name in ("__array__", "dtype", "shape"))


def _as_array(value: Any) -> Iterator[Part]:
    import numpy as np

    yield Part("", str(value.dtype), "dtype")
    yield Part("", tuple(value.shape), "shape")
    yield Part("", np.asarray(value))


def _reduces(kind: type) -> bool:
    """Whether a type says how it is pickled; a default that knows nothing of its state does not count."""
    if kind in copyreg.dispatch_table:
        return True
    names = (*_PICKLED, "__getstate__") if _hides_state(kind) else _PICKLED[:2]
    return any(has_own(kind, name) for name in names)


def _reduced(expected: Any, actual: Any, walk: Walk) -> Difference | Pairs | None:
    """Compare the states that pickling sees; where they differ, a type's own ``==`` may still say equal.

    What refuses to be pickled, or gives only the name by which it is found, is compared without.
    """
    if not walk.first_time(expected, actual, "pickled"):
        return None
    try:
        one, other = _state(expected), _state(actual)
    except Exception as error:
        if not _goes_on(error, walk):
            raise
        return _unpickled(expected, actual, walk)
    if not (isinstance(one, str) and isinstance(other, str)):
        return iter(((one, other, FIELD, "_state"),))
    return other_value(expected, actual) if one != other else _named_alike(expected, actual, walk)


def _goes_on(error: Exception, walk: Walk) -> bool:
    """Whether fields are compared after this: a class may refuse to be pickled, and a change is sought in any case."""
    return walk.settings.watching or isinstance(error, _REFUSALS)


def _unpickled(expected: Any, actual: Any, walk: Walk) -> Difference | Pairs | None:
    kind = type(expected)
    return (_without_state(kind) if _hides_state(kind) else _fielded)(expected, actual, walk)


def _named_alike(expected: Any, actual: Any, walk: Walk) -> Difference | Pairs | None:
    """Two of one name are two in spite of it; a wrapper holds what it wraps (``lru_cache``) as a field."""
    kind = type(expected)
    if "__wrapped__" in fields_of(expected, kind) and "__wrapped__" in fields_of(actual, kind):
        return added_fields(expected, actual, walk)
    return _unpickled(expected, actual, walk)


def _state(value: Any) -> Any:
    reduce = copyreg.dispatch_table.get(type(value))
    state = value.__reduce_ex__(4) if reduce is None else reduce(value)
    if not isinstance(state, tuple):
        return state
    return [list(one) if isinstance(one, Iterator) else one for one in state]


def _equal(expected: Any, actual: Any, walk: Walk) -> Difference | None:
    """Compare by ``==``, the type's own: nothing else is to be seen of it."""
    answer = expected == actual
    if answer is True or (type(answer).__name__ in {"bool", "bool_"} and bool(answer)):
        return None
    if answer is False or type(answer).__name__ in {"bool", "bool_"}:
        return Difference("value", "", show(expected), show(actual))
    raise TypeError(f"== gave {type_name(type(answer))} {show(answer)}, and no bool")
