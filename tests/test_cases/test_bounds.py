"""Every number that is put into a fixed-width type: the right answer, or an error that says it."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from cases import dedupe, ratelimit, routes
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


def times_limit(variant: str, time: int) -> int | None:
    """The largest time that a limiter takes, where this one is larger."""
    largest = {"cython": 2**63 - 1, "numba": 2**63 - 1, "redis_lua": 2**53 - 1}.get(variant)
    return largest if largest is not None and time > largest else None


IN_C = {"csr_c", "astar_c", "dicts_c", "threads"}
"""The variants of routes that keep names and costs in C."""


def costs_limit(variant: str, cost: int) -> int | None:
    """The limit that a road of this cost is beyond."""
    if variant in IN_C and cost >= 2**62:
        return 2**62 if cost < 2**63 else 2**63 - 1
    if variant in {"csr_numba", "scipy"} and cost >= 2**62:
        return 2**62
    return 2**53 if variant in {"scipy", "rustworkx", "rustworkx_astar"} and cost >= 2**53 else None


def places_limit(variant: str, place: int) -> int | None:
    """The limit that a place is beyond, for those that measure lines in doubles."""
    if variant not in {"astar_c", "dicts_c"} or abs(place) <= 2**24:
        return None
    return 2**24 if place < 2**63 else 2**63 - 1


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
        times_limit,
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
    Parameter(
        routes.case,
        "routes",
        "name",
        lambda name: ({name: {7: 1}, 7: {name: 2}}, {name: (0, 0), 7: (0, 0)}, [(7, name)], None),
        lambda variant, name: 2**63 - 1 if variant in IN_C and name >= 2**63 else None,
    ),
    Parameter(
        routes.case,
        "routes",
        "cost",
        lambda cost: ({1: {2: cost}, 2: {}}, {1: (0, 0), 2: (1, 0)}, [(1, 2)], None),
        costs_limit,
        VALUES[1:-1],
    ),
    Parameter(
        routes.case,
        "routes",
        "place",
        lambda place: (
            {1: {2: 1}, 2: {}},
            {1: (place, place), 2: (place, place)},
            [(1, 2)],
            None,
        ),
        places_limit,
    ),
)


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
        # a library that adds in doubles knows the number only as near as they come
        assert {str(value), str(int(float(value)))} & set(re.findall(r"-?\d+", str(refusal.value)))
    elif raised is not None:
        with pytest.raises(type(raised)) as refusal:
            answer(parameter, variant, arguments)
        assert refusal.value.args == raised.args
        assert str(value) in str(raised)
    else:
        actual = answer(parameter, variant, arguments)
        relation = parameter.case.relation(variant)
        assert difference(relation, parameter.arguments(value), expected, actual) is None


@pytest.mark.parametrize("variant", ["csr_c", "astar_c", "dicts_c", "csr_numba"])
@pytest.mark.parametrize(
    ("cost", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError), (1.0, TypeError)]
)
def test_a_road_that_costs_nothing_or_a_part_is_refused(
    variant: str, cost: Any, error: type[Exception]
) -> None:
    """Nothing is cut to an integer, and no way is made shorter by going in circles."""
    network = ({1: {2: cost}, 2: {}}, {1: (0, 0), 2: (0, 0)}, [(1, 2)], None)
    parameter = next(one for one in PARAMETERS if one.folder == "routes")

    with pytest.raises(error):
        answer(parameter, variant, network)


@pytest.mark.parametrize("variant", ["csr_c", "astar_c", "dicts_c", "csr_numba"])
def test_costs_that_fit_one_by_one_must_fit_together(variant: str) -> None:
    """Two roads of 2**61 make a way that no signed sum with a line ahead may hold."""
    roads = {1: {2: 2**61}, 2: {3: 2**61}, 3: {}}
    network = (roads, dict.fromkeys(roads, (0, 0)), [(1, 3)], None)
    parameter = next(one for one in PARAMETERS if one.folder == "routes")

    with pytest.raises(OverflowError, match=f"{2**62}.*{2**62}"):
        answer(parameter, variant, network)
