"""Every number that is put into a fixed-width type: the right answer, or an error that says it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from cases import dedupe, ratelimit
from harness import Case
from harness.errors import EnvironmentLacks
from harness.judge.equality import difference

VALUES = (0, 1, 2**31 - 1, 2**31, 2**32, 2**62, 2**63 - 1, 2**63, 2**64, -1)
"""The edges of 32 and 64 bits, with and without a sign, and what lies just beyond."""


@dataclass(frozen=True)
class Parameter:
    """One integer of a case's arguments, and which of its values a variant may refuse.

    ``refuses`` names, for a variant and a value, the limit that the refusal must state; None where
    the right answer is due.
    """

    case: Case
    folder: str
    name: str
    arguments: Callable[[int], tuple[Any, ...]]
    refuses: Callable[[str, int], int | None] = lambda variant, value: None
    values: tuple[int, ...] = VALUES


PARAMETERS = (
    Parameter(
        dedupe.case, "dedupe", "k", lambda k: (["kitten", "sitting", "", "kitten", "x" * 70], k)
    ),
    Parameter(
        ratelimit.case,
        "ratelimit",
        "limit",
        lambda limit: (limit, 10, [0, 0, 0, 5, 10, 11], [1, 1, 2, 1, 1, 1]),
    ),
    Parameter(
        ratelimit.case,
        "ratelimit",
        "window_ns",
        lambda window: (2, window, [0, 0, 0, 1, 2**32, 2**32, 2**52], [1] * 7),
    ),
    Parameter(
        ratelimit.case,
        "ratelimit",
        "time",
        lambda time: (1, 10, sorted([0, time, time, time]), [1, 1, 2, 2]),
        lambda variant, time: times_limit(variant, time),
    ),
    Parameter(
        ratelimit.case,
        "ratelimit",
        "tenant",
        lambda tenant: (1, 10, [0, 0, 0, 0], [0, tenant, tenant, tenant % 2**32]),
        lambda variant, tenant: (
            2**63 - 1 if variant in {"cython", "numba"} and tenant >= 2**63 else None
        ),
    ),
)


def times_limit(variant: str, time: int) -> int | None:
    """The largest time that a limiter takes, where this one is larger."""
    largest = {"cython": 2**63 - 1, "numba": 2**63 - 1, "redis_lua": 2**53 - 1}.get(variant)
    return largest if largest is not None and time > largest else None


@pytest.fixture(scope="module")
def services() -> Iterator[Callable[[Parameter, str], tuple[Any, ...]]]:
    """Start what a variant needs beside its arguments, once; skips where the machine has it not."""
    with ExitStack() as stack:
        handles: dict[tuple[str, str], Any] = {}

        def handle(parameter: Parameter, variant: str) -> tuple[Any, ...]:
            start = parameter.case.services.get(variant)
            if start is None:
                return ()
            if (parameter.folder, variant) not in handles:
                try:
                    handles[parameter.folder, variant] = stack.enter_context(start())
                except EnvironmentLacks as lacking:
                    pytest.skip(str(lacking))
            return (handles[parameter.folder, variant],)

        yield handle


def probes() -> Iterator[Any]:
    for parameter in PARAMETERS:
        for variant in parameter.case.variants:
            for value in parameter.values:
                where = f"{parameter.folder}-{variant}-{parameter.name}-{value}"
                yield pytest.param(parameter, variant, value, id=where)


def answer(parameter: Parameter, variant: str, arguments: tuple[Any, ...]) -> Any:
    """Call a variant as the lab does; skips where it is not built or not installed."""
    try:
        module = importlib.import_module(f"cases.{parameter.folder}.{variant}")
    except ImportError as missing:
        pytest.skip(f"{variant}: {missing}")
    function = getattr(module, parameter.case.function)
    wanted = str(function.__annotations__.get("executor", ""))
    if "Executor" not in wanted:
        return function(*arguments)
    kind = ProcessPoolExecutor if "Process" in wanted else ThreadPoolExecutor
    with kind(1) as executor:
        return function(*arguments, executor=executor)


@pytest.mark.parametrize(("parameter", "variant", "value"), list(probes()))
def test_a_number_at_the_edge_of_a_type_is_answered_rightly_or_refused_by_name(
    parameter: Parameter,
    variant: str,
    value: int,
    services: Callable[[Parameter, str], tuple[Any, ...]],
) -> None:
    """As the reference answers, raises as it raises, or says the value and the limit."""
    expected: Any = None
    raised: Exception | None = None
    try:
        expected = answer(parameter, parameter.case.variants[0], parameter.arguments(value))
    except Exception as error:
        raised = error
    limit = parameter.refuses(variant, value)
    arguments = (*services(parameter, variant), *parameter.arguments(value))

    if limit is not None:
        with pytest.raises((ValueError, OverflowError), match=str(limit)) as refusal:
            answer(parameter, variant, arguments)
        assert str(value) in str(refusal.value)
    elif raised is not None:
        with pytest.raises(type(raised)) as refusal:
            answer(parameter, variant, arguments)
        assert refusal.value.args == raised.args
        assert str(value) in str(raised)
    else:
        actual = answer(parameter, variant, arguments)
        relation = parameter.case.relation(variant)
        assert difference(relation, parameter.arguments(value), expected, actual) is None
