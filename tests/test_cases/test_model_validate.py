"""Laws of the model framework: all variants agree on whatever hypothesis finds, and four of them are one framework to their users."""

from __future__ import annotations

import gc
import importlib
import math
import os
import sys
import weakref
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from cases.model_validate import (
    KNOWN,
    case,
    checks,
    defined,
    disordered,
    examples,
    least_seconds,
    refused,
    tickets,
)
from cases.model_validate.fields import (
    LAX,
    STRICT,
    Shape,
    ValidationError,
    choice,
    day,
    flag,
    integer,
    list_of,
    nested,
    number,
    text,
)
from cases.model_validate.known import Kept, payloads
from cases.model_validate.semantics import (
    every_payload_has_one_outcome,
    lists_are_ones_own,
    meant,
    one_fault,
    same_outcome,
    what_is_accepted_is_in_its_domain,
)
from harness import Limits
from harness.judge.equality import difference

EXAMPLES = int(os.environ.get("MODEL_VALIDATE_EXAMPLES", "150"))
"""How many examples the differential test draws: MODEL_VALIDATE_EXAMPLES=100000 takes a quarter of an hour of computing."""
FRAMEWORKS = ("naive", "cached", "codegen", "cython")
OURS = ("naive", "dataclass", "cached", "codegen", "cython")


def variant(name: str) -> ModuleType:
    """A variant's module; skips where it is not built or its library is missing."""
    try:
        return importlib.import_module(f"cases.model_validate.{name}")
    except ImportError as missing:
        pytest.skip(f"{name}: {missing}")


@pytest.fixture(params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> ModuleType:
    """One of the variants with a ``Model`` to derive from."""
    return variant(request.param)


def available() -> dict[str, Callable[..., Any]]:
    """All variants that can be imported."""
    found = {}
    for name in case.variants:
        try:
            found[name] = importlib.import_module(f"cases.model_validate.{name}").validate
        except ImportError:
            continue
    return found


@pytest.mark.timeout(180 if EXAMPLES <= 1000 else 0)
def test_every_variant_accepts_and_refuses_what_is_meant() -> None:
    """Differential: objects, paths and kinds of all variants against the plain walk, on as many examples as asked for."""
    variants = available()

    drawn = 0

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(examples())
    def agree(arguments: Any) -> None:
        nonlocal drawn
        drawn += 1
        shape, given_payloads = arguments
        expected = meant(shape, given_payloads)
        for name, validate in variants.items():
            found = difference(
                case.relation(name), arguments, expected, validate(shape, given_payloads)
            )

            assert found is None, f"{name}: {found}"

    agree()

    assert drawn >= EXAMPLES


# ---------------------------------------------------------------------- a framework to its users


def shop(framework: ModuleType) -> tuple[Any, Any]:
    """Two models as somebody would write them."""

    class Line(framework.Model):  # type: ignore[name-defined, misc]  # made in a test
        sku: str = text(shortest=3)
        quantity: int = integer(least=1, default=1)

    class Order(framework.Model):  # type: ignore[name-defined, misc]
        id: int = integer(least=1)
        placed: date = day()
        status: str = choice("open", "closed", default="open")
        total: float = number(least=0)
        lines: list[Any] = list_of(nested(Line))
        tags: list[str] = list_of(text(), default=[])
        note: str | None = text(optional=True, default=None)

        def quantity(self) -> int:
            return sum(line.quantity for line in self.lines)

    return Line, Order


RIGHT = {
    "id": 7,
    "placed": "2024-02-29",
    "total": 3,
    "lines": [{"sku": "abc", "quantity": 2}, {"sku": "xyz"}],
}


def test_a_class_statement_makes_a_model(framework: ModuleType) -> None:
    """Fields are attributes with their types, nested models are objects, methods work."""
    line, order = shop(framework)
    made = order(RIGHT)

    assert (7, date(2024, 2, 29), "open", 3.0, [], None) == (
        made.id,
        made.placed,
        made.status,
        made.total,
        made.tags,
        made.note,
    )
    assert type(made.total) is float
    assert [line, line] == [type(one) for one in made.lines]
    assert made.quantity() == 3
    assert "Order" == type(made).__name__ == order.__name__


def test_an_error_names_everything_that_is_wrong(framework: ModuleType) -> None:
    """All faults, in the order of the fields, each with its path and a word; and a text for people."""
    _, order = shop(framework)

    with pytest.raises(ValidationError) as caught:
        order(
            {
                "id": 0,
                "placed": "yesterday",
                "status": "lost",
                "lines": [{"sku": "ab"}, 5, {"sku": "abc", "quantity": True}],
                "tags": "x",
            }
        )

    assert [
        (("id",), "small"),
        (("placed",), "malformed"),
        (("status",), "choice"),
        (("total",), "missing"),
        (("lines", 0, "sku"), "short"),
        (("lines", 1), "type"),
        (("lines", 2, "quantity"), "type"),
        (("tags",), "type"),
    ] == caught.value.faults
    assert str(caught.value).startswith("id: small; placed: malformed; ")
    assert "lines.0.sku: short" in str(caught.value)
    with pytest.raises(ValidationError, match="payload: type"):
        order([RIGHT])


def test_assigning_is_checked_and_converted_too(framework: ModuleType) -> None:
    """A model stays valid: assignment goes by the same table and bounds."""
    line, order = shop(framework)
    made = order(RIGHT)
    made.total, made.placed, made.lines, made.note = 4, "2025-01-01", [{"sku": "new"}], "read"

    assert (4.0, date(2025, 1, 1), line, "read") == (
        made.total,
        made.placed,
        type(made.lines[0]),
        made.note,
    )
    for name, value in (
        ("id", 0),
        ("id", True),
        ("status", "lost"),
        ("lines", [{}]),
        ("placed", 5),
        ("total", None),
    ):
        with pytest.raises(ValidationError):
            setattr(made, name, value)
    assert (7, "open") == (made.id, made.status)


def test_a_subclass_adds_and_replaces_fields(framework: ModuleType) -> None:
    """Fields of the base come first; a redeclared one keeps its place."""
    line, _ = shop(framework)

    class Gift(line):  # type: ignore[misc, valid-type]
        wrapped: bool = flag()
        sku: str = text(shortest=5)

    made = Gift({"sku": "abcde", "wrapped": True})

    assert isinstance(made, line)
    assert ("abcde", 1, True) == (made.sku, made.quantity, made.wrapped)
    with pytest.raises(ValidationError) as caught:
        Gift({"sku": "abc"})
    assert [(("sku",), "short"), (("wrapped",), "missing")] == caught.value.faults
    assert line({"sku": "abc"}).sku == "abc"


def test_lists_belong_to_one_object(framework: ModuleType) -> None:
    """Neither the payload's list nor the default is handed out."""
    _, order = shop(framework)
    payload = RIGHT | {"tags": ["a"]}
    made, first, second = order(payload), order(RIGHT), order(RIGHT)
    made.tags.append("b")
    first.tags.append("c")

    assert payload["tags"] == ["a"]
    assert second.tags == []


def test_the_table_of_coercions_can_be_another(framework: ModuleType) -> None:
    """The lax table reads text; a converter of one's own works; a subclass keeps its base's table."""

    def money(value: str) -> Decimal:
        try:
            return Decimal(value)
        except InvalidOperation:
            raise ValueError(value) from None

    class Query(framework.Model, coercions=LAX):  # type: ignore[name-defined, misc]
        page: int = integer(least=1, most=99)
        ratio: float = number(most=1, default=0.5)
        deep: bool = flag(default=False)

    class Later(Query):
        size: int = integer(default=10)

    class Price(framework.Model, coercions={**STRICT, "float": {str: money}}):  # type: ignore[name-defined, misc]
        amount: Decimal = number(least=0)

    made = Later({"page": "12", "ratio": "0.25", "deep": "on", "size": "-3"})
    assert (12, 0.25, True, -3) == (made.page, made.ratio, made.deep, made.size)
    assert Query({"page": 3, "ratio": 1}).ratio == 1.0
    assert Price({"amount": "12.50"}).amount == Decimal("12.5")
    for model, payload, faults in (
        (
            Query,
            {"page": "0", "ratio": "2", "deep": "maybe"},
            [(("page",), "small"), (("ratio",), "large"), (("deep",), "malformed")],
        ),
        (Query, {"page": "1_0", "ratio": None}, [(("page",), "malformed"), (("ratio",), "type")]),
        (Query, {"page": 1.0}, [(("page",), "type")]),
        (Price, {"amount": "much"}, [(("amount",), "malformed")]),
        (Price, {"amount": 1.5}, [(("amount",), "type")]),
        (Price, {"amount": "-1"}, [(("amount",), "small")]),
    ):
        with pytest.raises(ValidationError) as caught:
            model(payload)
        assert faults == caught.value.faults


@pytest.mark.parametrize("name", ["a b", "class", "_hidden", "x=1;import os", "", "ﬁeld", "1st"])
def test_what_cannot_be_an_attribute_is_no_field(framework: ModuleType, name: str) -> None:
    """Names go into generated source: they are refused before."""
    with pytest.raises(ValueError, match="cannot be a field's name"):
        type(framework.Model)("Bad", (framework.Model,), {name: integer()})


def test_no_foreign_text_gets_into_generated_source() -> None:
    """Choices and defaults are values of the function's globals, not text in it."""
    codegen = variant("codegen")
    evil = '"); raise SystemExit("'
    shape = Shape(
        "Evil",
        (
            ("a", choice(evil)),
            ("b", text(default=evil)),
            ("c", number(least=-math.inf, default=math.nan)),
        ),
    )

    accepted, _ = codegen.validate(shape, [{"a": evil}])
    assert evil == accepted[0].a == accepted[0].b
    model = type(codegen.Model)("Evil", (codegen.Model,), dict(shape.fields))
    assert "SystemExit" not in model.__source__
    assert "inf" not in model.__source__


# ---------------------------------------------------------------------- beyond what rivals can do


@pytest.mark.parametrize("name", OURS)
def test_numbers_beyond_64_bits_and_beyond_all_bounds(name: str) -> None:
    """Bounds may be of any size; NaN is within none; a whole number too large for a float is malformed."""
    validate = variant(name).validate
    big = 2**80
    fields = (
        ("a", integer(least=big, most=big + 1, default=None)),
        ("b", number(least=0, most=1, default=None)),
        ("c", number(least=2**53 + 1, default=None)),
    )
    wrong = [
        {"a": big - 1},
        {"a": big + 2},
        {"a": 0},
        {"b": math.nan},
        {"b": 10**400},
        {"c": 2.0**53},
    ]

    accepted, said = validate(
        Shape("Big", fields), [{"a": big}, {"a": big + 1}, {"b": 1}, {"c": 2.0**53 + 2}, *wrong]
    )
    assert [big, big + 1, None, None] == [made.a for made in accepted]
    assert ["small", "large", "small", "small", "malformed", "small"] == [
        faults[0][1] for _, faults in said
    ]


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_nothing_is_kept_alive(name: str) -> None:
    """References are given back: of objects that go away, and of payloads that were refused halfway."""
    module = variant(name)
    line, order = shop(module)
    marker = str(object())  # no constant, which others might hold
    rights = [
        {
            "id": 1,
            "placed": "2024-01-01",
            "total": 1.5,
            "lines": [{"sku": marker}],
            "tags": [marker],
            "note": marker,
        }
    ]
    wrongs = [
        {**rights[0], "total": -1.0},
        {**rights[0], "lines": [{"sku": marker}, {"sku": ""}]},
        {**rights[0], "placed": "x"},
    ]
    module.validate("order", wrongs)  # whose class is kept from now on
    gc.collect()
    before = sys.getrefcount(marker), sys.getrefcount(None)
    for _ in range(60):
        order(rights[0])
        for wrong in wrongs:
            with pytest.raises(ValidationError):
                order(wrong)
        module.validate("order", wrongs)
    gc.collect()

    assert before[0] == sys.getrefcount(marker)
    assert abs(sys.getrefcount(None) - before[1]) < 50
    gone = weakref.ref(line)
    del line, order
    gc.collect()
    assert gone() is None


def test_kept_classes_are_defined_once_and_others_anew() -> None:
    """A known name is one class for good; a shape given as data is a new class each time."""
    kept = Kept(lambda shape: type(shape.name, (), {}))

    assert kept.of("ticket") is kept.of("ticket")
    assert kept.of(KNOWN["ticket"]) is not kept.of(KNOWN["ticket"])


# ---------------------------------------------------------------------- rivals' words


@pytest.mark.parametrize(
    ("sentence", "fault"),
    [
        ("Expected `object`, got `array`", ((), "type")),
        ("Object missing required field `id`", (("id",), "missing")),
        (
            "Object missing required field `sku` - at `$.lines[12]`",
            (("lines", 12, "sku"), "missing"),
        ),
        ("Expected `int` >= 1 - at `$.lines[0].quantity`", (("lines", 0, "quantity"), "small")),
        ("Expected `int | null` <= 1 - at `$.id`", (("id",), "large")),
        ("Expected `str` of length >= 3 - at `$.lines[0].sku`", (("lines", 0, "sku"), "short")),
        (
            "Expected `str | null` of length <= 3 - at `$.lines[0].sku`",
            (("lines", 0, "sku"), "long"),
        ),
        ("Invalid RFC3339 encoded date - at `$.placed`", (("placed",), "malformed")),
        (
            "Invalid enum value ' - at `$.id`' - at `$.billing.country`",
            (("billing", "country"), "choice"),
        ),
        ("Expected `str`, got `int` - at `$.billing.country`", (("billing", "country"), "choice")),
        ("Expected `str`, got `int` - at `$.billing.city`", (("billing", "city"), "type")),
    ],
)
def test_sentences_of_msgspec_are_read_back(sentence: str, fault: Any) -> None:
    assert fault == variant("msgspec").fault(KNOWN["order"], sentence)


def test_a_library_that_stops_early_must_still_say_something_true() -> None:
    """The relation for it wants one fault of each refused payload, and one of those that there are."""
    arguments = ("point", [{"sensor": "", "value": "x", "tick": 0}])
    expected = meant(*arguments)
    faults = expected[1][0][1]

    assert difference(one_fault, arguments, expected, ([], [(0, faults[:1])])) is None
    assert difference(one_fault, arguments, expected, ([], [(0, faults[1:])])) is None
    for answer in (
        ([], [(0, faults)]),
        ([], [(0, [])]),
        ([], [(0, [(("tick",), "small")])]),
        ([], [(1, faults[:1])]),
        ([], []),
        None,
        ([], 3),
    ):
        assert difference(one_fault, arguments, expected, answer) is not None
    assert difference(same_outcome, arguments, expected, ([], [(0, faults[:1])])) is not None


# ---------------------------------------------------------------------- the question itself


def test_the_relation_reads_objects_as_their_users_do() -> None:
    """Another class name, a missing attribute, a dict or a float for an int are differences."""
    arguments = ("point", [{"sensor": "s", "value": 1.0, "tick": 0}])
    expected = meant(*arguments)
    right = {"sensor": "s", "value": 1.0, "tick": 0}

    def point(name: str, values: dict[str, Any]) -> Any:
        made = type(name, (), {})()
        vars(made).update(values)
        return ([made], [])

    assert difference(same_outcome, arguments, expected, point("Point", right)) is None
    for answer in (
        point("Other", right),
        point("Point", {"sensor": "s", "value": 1.0}),
        point("Point", right | {"value": 1}),
        ([right], []),
        ([], []),
        [right],
    ):
        assert difference(same_outcome, arguments, expected, answer) is not None


def test_laws_say_what_is_broken() -> None:
    arguments = tickets(3, 1)
    accepted, _ = variant("naive").validate(*arguments)

    assert every_payload_has_one_outcome(arguments, (accepted, [])) is None
    assert "2 objects" in (every_payload_has_one_outcome(arguments, (accepted[1:], [])) or "")
    assert "for nothing" in (
        every_payload_has_one_outcome(arguments, (accepted[1:], [(1, [])])) or ""
    )
    assert "numbered" in (
        every_payload_has_one_outcome(arguments, (accepted[1:], [(7, [((), "type")])])) or ""
    )
    vars(accepted[0])["hours"] = 3
    assert what_is_accepted_is_in_its_domain(arguments, (accepted, [])) == "Ticket.hours is 3"


def test_lists_in_two_places_are_told_from_equal_ones() -> None:
    """In one object or in two, in lists and in nested objects; empty ones too, and whatever equals another is no other's."""
    inner = Shape("In", (("tags", list_of(text())),))
    shape = Shape(
        "Lists",
        (("a", list_of(list_of(integer()), optional=True)), ("b", nested(inner, optional=True))),
    )
    equal = [
        {"a": [[1], [1]], "b": {"tags": []}},
        {"a": [[1], []], "b": {"tags": []}},
        {"a": None, "b": None},
    ]
    for name, validate in available().items():
        accepted, refused = validate(shape, equal)
        assert lists_are_ones_own((shape, equal), (accepted, refused)) is None, name

    for one, expected in (
        ([[], []], None),
        ([inner_list := [1], [1], inner_list], "[0].a[0] and [0].a[2] are one and the same list"),
    ):
        (made, *_), _ = variant("naive").validate(shape, equal)
        vars(made)["a"] = one
        assert expected == lists_are_ones_own((shape, equal), ([made], []))
    (first, second, _), _ = variant("naive").validate(shape, equal)
    vars(second.b)["tags"] = first.b.tags
    assert (
        lists_are_ones_own((shape, equal), ([first, second], []))
        == "[0].b.tags and [1].b.tags are one and the same list"
    )


def test_payloads_are_mostly_right_and_those_that_should_not_be_are_not() -> None:
    """3 % are wrong, nearly all of the refused workload's, and keys in disorder do not matter."""
    assert 5 <= len(meant(*tickets(600, 0))[1]) <= 40
    assert len(meant(*refused(200, 0))[1]) > 180
    shape, given_payloads = disordered(50, 0)
    assert any(next(iter(one)).startswith("x_") for one in given_payloads)
    assert meant(*tickets(50, 0))[1] == meant("ticket", payloads(KNOWN["ticket"], 50, 0))[1]
    assert len(meant(shape, given_payloads)[0]) > 40
    kinds = {kind for _, faults in meant(*refused(400, 1))[1] for _, kind in faults}
    assert kinds == {"missing", "type", "malformed", "small", "large", "short", "long", "choice"}


def test_the_bound_counts_what_is_certain() -> None:
    """An object for each in the answer, dates included, or a refusal; eight bytes a field; a class to be defined does not count."""
    limits = Limits(
        read_bytes_per_second={1 << 40: 8.0},  # a reference a second
        copy_bytes_per_second={},
        word_operations_per_second=1.0,
        call_seconds=0.0,
        system_call_seconds=0.0,
        loopback_roundtrip_seconds=0.0,
        file_read_bytes_per_second=1.0,
        parallel_capacity=1.0,
        object_seconds=100.0,
        c_call_seconds=10_000.0,
    )
    payload = {
        "id": 1,
        "title": "t",
        "status": "open",
        "hours": 1,
        "opened": "2024-01-01",
        "reporter": {"name": "n", "email": "e"},
    }

    assert 10_000 + 300 + 6 == least_seconds(limits, "ticket", [payload])
    assert 10_000 + 100 + 6 == least_seconds(limits, "ticket", [payload | {"id": 0}])
    assert 10_000 + 700 + 12 == least_seconds(limits, "ticket", [payload, payload, None])
    assert least_seconds(limits, *tickets(9, 0)) == least_seconds(limits, *defined(9, 0))


def test_work_counts_values_at_all_levels() -> None:
    """Three operations and sixteen bytes a value, the containers included."""
    work = checks("point", [{"sensor": "s", "value": 1, "tick": 2}, None])

    assert (3.0 * 5, 16.0 * 5) == (work.operations, work.n_bytes)
    lists = checks(Shape("Lists", (("a", list_of(integer())),)), [{"a": [1, 2, 3]}])
    assert 3.0 * 5 == lists.operations
