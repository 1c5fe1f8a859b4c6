"""The library pydantic: models with strict fields; its list of errors becomes paths and kinds by a table."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field as Limits
from pydantic import GetCoreSchemaHandler, ValidationError, create_model
from pydantic_core import core_schema

from cases.model_validate.fields import UNSET, Answer, Fault, Field, Shape
from cases.model_validate.known import Kept


class WrittenDay:
    """A date written YYYY-MM-DD and nothing else: a pattern before the library's own reading, both in its compiled core."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Chain the two."""
        written = core_schema.str_schema(strict=True, pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
        return core_schema.chain_schema([written, core_schema.date_schema(strict=False)])


def define(shape: Shape) -> Any:
    """Make a model of a shape; nested shapes first."""
    declared: dict[str, Any] = {name: (annotation(field), _default(field)) for name, field in shape.fields}
    return create_model(shape.name, **declared)


def _default(field: Field) -> Any:
    if field.default is UNSET:
        return ...
    return Limits(default_factory=field.default.copy) if type(field.default) is list else field.default


def annotation(field: Field) -> Any:
    """Return the type that says what the field says."""
    if field.kind == "model":
        made: Any = define(field.model)
    elif field.kind == "choice":
        made = Literal[field.choices]
    elif field.kind == "date":
        made = Annotated[date, WrittenDay]
    elif field.kind == "list":
        assert field.item is not None
        made = Annotated[list[annotation(field.item)], Limits(strict=True)]  # type: ignore[misc]  # types made of data
    else:
        limits = {"ge": field.least, "le": field.most, "min_length": field.shortest, "max_length": field.longest}
        given: dict[str, Any] = {key: limit for key, limit in limits.items() if limit is not None}
        made = Annotated[_SCALARS[field.kind], Limits(strict=True, **given)]
    return made | None if field.optional else made


_SCALARS = {"int": int, "float": float, "bool": bool, "str": str}
_KINDS = {
    "missing": "missing",
    "greater_than_equal": "small",
    "less_than_equal": "large",
    "string_too_short": "short",
    "string_too_long": "long",
    "literal_error": "choice",
    "string_pattern_mismatch": "malformed",
    "date_parsing": "malformed",
    "date_from_datetime_parsing": "malformed",
}
"""Every other word of the library's says that the type is wrong: int_type, list_type, model_type ..."""


def faults(error: ValidationError) -> list[Fault]:
    """Return an error's list, in our words."""
    said = error.errors(include_url=False, include_context=False, include_input=False)
    return [(one["loc"], _KINDS.get(one["type"], "type")) for one in said]


MODELS = Kept(define)


def validate(shape: Shape | str, payloads: list[Any]) -> Answer:
    """Return the objects made, and the faults of each payload that is refused, by its number."""
    model = MODELS.of(shape)
    make = model.__pydantic_validator__.validate_python  # what model_validate calls, without the call between
    accepted: list[Any] = []
    refused: list[tuple[int, list[Fault]]] = []
    for number, payload in enumerate(payloads):
        try:
            accepted.append(make(payload))
        except ValidationError as error:
            refused.append((number, faults(error)))
    return accepted, refused
