"""Slips a colleague could make.  Every one of them must be refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from cases.model_validate.fields import STRICT, UNSET, Shape, ValidationError, define
from cases.model_validate.known import Kept, shape_of
from cases.model_validate.naive import Model, validate as right


def changed(shape: Any, change: Any) -> Shape:
    """Return the shape with every field changed, at all levels."""

    def field(one: Any) -> Any:
        one = change(one)
        if one.item is not None:
            return replace(one, item=field(one.item))
        return one if one.model is None else replace(one, model=changed(one.model, change))

    whole = shape_of(shape)
    return Shape(whole.name, tuple((name, field(one)) for name, one in whole.fields))


def with_table(kind: str, row: dict[type, Any]) -> Any:
    """Return the right program with another row in the table of coercions."""

    class Other(Model, coercions={**STRICT, kind: row}):
        pass

    models = Kept(lambda shape: define(Other, shape))

    def validate(shape: Any, payloads: list[Any]) -> Any:
        model, accepted, refused = models.of(shape), [], []
        for number, payload in enumerate(payloads):
            try:
                accepted.append(model(payload))
            except ValidationError as error:
                refused.append((number, error.faults))
        return accepted, refused

    return validate


_true_is_one = with_table("int", {int: None, bool: None})
_whole_stays_whole = with_table("float", {float: None, int: None})
_text_is_read = with_table("int", {int: None, str: int})
_float_is_cut = with_table("int", {int: None, float: int})
_zero_is_false = with_table("bool", {bool: None, int: bool})
_any_iso = with_table("date", {str: date.fromisoformat})
_moment = with_table("date", {str: lambda text: datetime.strptime(text, "%Y-%m-%d").date()})


def true_is_a_number(shape: Any, payloads: list[Any]) -> Any:
    """isinstance(True, int) holds: a truth value passes for a whole number."""
    return _true_is_one(shape, payloads)


def whole_numbers_stay_whole(shape: Any, payloads: list[Any]) -> Any:
    """3 is accepted for a float, but stays an int."""
    return _whole_stays_whole(shape, payloads)


def text_is_read_as_a_number(shape: Any, payloads: list[Any]) -> Any:
    """int(value): "1" passes."""
    return _text_is_read(shape, payloads)


def floats_are_cut(shape: Any, payloads: list[Any]) -> Any:
    """int(value): 2.5 becomes 2."""
    return _float_is_cut(shape, payloads)


def zero_is_false(shape: Any, payloads: list[Any]) -> Any:
    """bool(value): numbers pass for truth values."""
    return _zero_is_false(shape, payloads)


def any_iso_date(shape: Any, payloads: list[Any]) -> Any:
    """date.fromisoformat alone: from 3.11 on it reads 20240229 and week dates."""
    return _any_iso(shape, payloads)


def strptime_is_lenient(shape: Any, payloads: list[Any]) -> Any:
    """strptime reads 2024-2-29."""
    return _moment(shape, payloads)


def bounds_are_exclusive(shape: Any, payloads: list[Any]) -> Any:
    """`>` for `>=`: whole numbers at their least are refused."""
    return right(changed(shape, lambda one: one if one.kind != "int" or one.least is None else replace(one, least=one.least + 1)), payloads)


def length_in_bytes(shape: Any, payloads: list[Any]) -> Any:
    """Lengths are counted in UTF-8 bytes: text of other alphabets is too long too soon."""
    longest = {name: one.longest for name, one in shape_of(shape).fields if one.kind == "str" and one.longest is not None}

    def widened(key: Any, value: Any) -> Any:
        return value + "x" * (len(value.encode()) - len(value)) if key in longest and type(value) is str else value

    accepted, _ = right(shape, payloads)
    _, refused = right(shape, [{k: widened(k, v) for k, v in one.items()} if type(one) is dict else one for one in payloads])
    return accepted, refused


def empty_text_is_missing(shape: Any, payloads: list[Any]) -> Any:
    """`if not value`: what is empty, zero or false counts as absent."""
    return right(shape, [{k: v for k, v in one.items() if v or v is None} if type(one) is dict else one for one in payloads])


def none_takes_the_default(shape: Any, payloads: list[Any]) -> Any:
    """`payload.get(name) is None`: an explicit null is taken for an absent key."""
    return right(shape, [{k: v for k, v in one.items() if v is not None} if type(one) is dict else one for one in payloads])


def everything_is_optional(shape: Any, payloads: list[Any]) -> Any:
    """None passes everywhere."""
    return right(changed(shape, lambda one: replace(one, optional=True)), payloads)


def missing_is_none(shape: Any, payloads: list[Any]) -> Any:
    """A field that is not there becomes None instead of a fault."""
    return right(changed(shape, lambda one: replace(one, default=None) if one.default is UNSET else one), payloads)


def optional_has_a_default(shape: Any, payloads: list[Any]) -> Any:
    """Optional is taken for "may be absent": that it may be None does not say so."""
    return right(changed(shape, lambda one: replace(one, default=None) if one.optional and one.default is UNSET else one), payloads)


def first_fault_only(shape: Any, payloads: list[Any]) -> Any:
    """Stops at the first fault."""
    accepted, refused = right(shape, payloads)
    return accepted, [(number, faults[:1]) for number, faults in refused]


def last_fault_lost(shape: Any, payloads: list[Any]) -> Any:
    """Of several faults the last is lost."""
    accepted, refused = right(shape, payloads)
    return accepted, [(number, faults[:-1] or faults) for number, faults in refused]


def faults_sorted(shape: Any, payloads: list[Any]) -> Any:
    """Faults come in the order of the alphabet, not of the fields."""
    accepted, refused = right(shape, payloads)
    return accepted, [(number, sorted(faults, key=repr)) for number, faults in refused]


def path_without_places(shape: Any, payloads: list[Any]) -> Any:
    """Paths name the list, not the item."""
    accepted, refused = right(shape, payloads)
    return accepted, [(n, [(tuple(step for step in path if type(step) is str), kind) for path, kind in faults]) for n, faults in refused]


def places_from_one(shape: Any, payloads: list[Any]) -> Any:
    """Items are counted from one."""
    accepted, refused = right(shape, payloads)
    return accepted, [(n, [(tuple(s + 1 if type(s) is int else s for s in path), kind) for path, kind in faults]) for n, faults in refused]


def path_cut_to_its_end(shape: Any, payloads: list[Any]) -> Any:
    """Of a nested path only the last step is told."""
    accepted, refused = right(shape, payloads)
    return accepted, [(number, [(path[-1:], kind) for path, kind in faults]) for number, faults in refused]


def one_word_for_all(shape: Any, payloads: list[Any]) -> Any:
    """Every value that does not fit is of the wrong type."""
    accepted, refused = right(shape, payloads)
    return accepted, [(n, [(path, kind if kind == "missing" else "type") for path, kind in faults]) for n, faults in refused]


def a_wrong_choice_of_another_type(shape: Any, payloads: list[Any]) -> Any:
    """What is no string is called a wrong type where a choice is asked for."""
    accepted, refused = right(shape, payloads)
    fields = dict(shape_of(shape).fields)

    def word(n: int, path: Any, kind: str) -> str:
        given = kind == "choice" and len(path) == 1 and path[0] in fields and payloads[n][path[0]]
        return "type" if kind == "choice" and type(given) is not str and type(given) is not bool else kind

    return accepted, [(n, [(path, word(n, path, kind)) for path, kind in faults]) for n, faults in refused]


def unknown_keys_refused(shape: Any, payloads: list[Any]) -> Any:
    """A key that nobody asked for is a fault."""
    names = {name for name, _ in shape_of(shape).fields}
    known = [one if type(one) is not dict or one.keys() <= names else None for one in payloads]
    return right(shape, known)


def refused_ones_number_from_the_accepted(shape: Any, payloads: list[Any]) -> Any:
    """Refusals are numbered among themselves."""
    accepted, refused = right(shape, payloads)
    return accepted, [(number, faults) for number, (_, faults) in enumerate(refused)]


def default_list_lost(shape: Any, payloads: list[Any]) -> Any:
    """Every default list becomes an empty one."""
    return right(changed(shape, lambda one: replace(one, default=[]) if type(one.default) is list else one), payloads)


def default_list_shared(shape: Any, payloads: list[Any]) -> Any:
    """The default itself is handed out, not a copy: who appends to it has changed all objects to come."""
    accepted, refused = right(shape, payloads)
    for name, field in shape_of(shape).fields:
        for made in accepted:
            if type(field.default) is list and getattr(made, name) == field.default:
                vars(made)[name] = field.default
    return accepted, refused


def list_of_the_payload(shape: Any, payloads: list[Any]) -> Any:
    """A list of texts that are all right need not be made anew: the payload's own does."""
    accepted, refused = right(shape, payloads)
    numbers = {number for number, _ in refused}
    for made, payload in zip(accepted, [one for number, one in enumerate(payloads) if number not in numbers], strict=True):
        names = [name for name, field in shape_of(shape).fields if field.item is not None and field.item.kind == "str"]
        vars(made).update({name: payload[name] for name in names if name in payload})
    return accepted, refused


def lists_are_kept_unchecked(shape: Any, payloads: list[Any]) -> Any:
    """The items of lists are not looked at."""
    accepted, refused = right(shape, payloads)
    return accepted, [(n, kept) for n, faults in refused if (kept := [one for one in faults if not any(type(s) is int for s in one[0])])]


def nan_passes(shape: Any, payloads: list[Any]) -> Any:
    """`value < least` for `not value >= least`: NaN is within all bounds."""
    finite = [{k: 0.0 if v != v else v for k, v in one.items()} if type(one) is dict else one for one in payloads]
    return right(shape, finite)


def last_payload_dropped(shape: Any, payloads: list[Any]) -> Any:
    """Off by one: the last payload is never looked at."""
    return right(shape, payloads[:-1])


def the_payload_is_eaten(shape: Any, payloads: list[Any]) -> Any:
    """payload.pop(name): the caller's dicts are empty afterwards."""
    answer = right(shape, payloads)
    for one in payloads:
        if type(one) is dict:
            one.clear()
    return answer


def plain_dicts(shape: Any, payloads: list[Any]) -> Any:
    """Dicts instead of objects: nobody can ask them for an attribute."""
    accepted, refused = right(shape, payloads)
    return [vars(made) for made in accepted], refused
