"""Strict relations: what counts as the same answer, and the word for what does not."""

from __future__ import annotations

import math
from array import array
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from harness import Difference, close, exact, judged, relation, ulps, unordered
from harness.judge.equality import Strict, difference, ulps_between

NAN = float("nan")
UNHURRIED = settings(deadline=None)
LEAF = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.binary(max_size=5)
)
NESTED = st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@dataclass
class Point:
    """Something with fields."""

    x: float
    y: list[int]


@pytest.mark.parametrize(
    ("expected", "actual", "kind"),
    [
        (1, 1.0, "type"),
        (True, 1, "type"),
        ([1, 2], (1, 2), "type"),
        ([1, 2, 3], [1, 2], "count"),
        ([], [1], "count"),
        ({"a": 1}, {"b": 1}, "keys"),
        ({1: "a"}, {True: "a"}, "type"),
        ({1, 2}, {1, 3}, "value"),
        (1.0, 1.0 + 1e-9, "precision"),
        (1.0, 2.0, "value"),
        (math.inf, -math.inf, "value"),
        (NAN, 1.0, "value"),
        ("a", "b", "value"),
        (Point(1.0, [1]), Point(1.0, [2]), "value"),
        (array("d", [1.0]), array("f", [1.0]), "dtype"),
        (deque([1]), deque([1, 2]), "count"),
        (np.ones(3), np.float64(1.0), "type"),
        (np.ones(3), np.ones((3, 1)), "shape"),
        (np.ones(3), np.ones(3, dtype=np.float32), "dtype"),
        (np.ones(3), np.ones(3, dtype=int), "dtype"),
        (np.ones(3), np.array([1.0, 1.0, 1.5]), "value"),
        (np.array(1.0), np.array(2.0), "value"),
        (np.array([1, "a"], dtype=object), np.array([1, "b"], dtype=object), "value"),
    ],
)
def test_differences_have_a_word(expected: Any, actual: Any, kind: str) -> None:
    """Type before count before dtype before value."""
    found = exact.compare(expected, actual)

    assert found is not None
    assert found.kind == kind


@pytest.mark.parametrize(
    "same",
    [
        NAN,
        [NAN],
        np.array([NAN, math.inf]),
        -0.0,
        [],
        {},
        np.zeros((0, 3)),
        Point(NAN, []),
        1 + 2j,
        None,
    ],
)
def test_everything_equals_itself(same: Any) -> None:
    """NaN too, by default, and what is empty."""
    assert exact.compare(same, same) is None


@UNHURRIED
@given(NESTED, NESTED)
def test_exact_is_at_least_as_strict_as_equality(one: Any, other: Any) -> None:
    """Whatever == tells apart, exact tells apart; what exact calls the same has the same repr but for zeros."""
    if exact.compare(one, other) is None:
        assert one == other


@UNHURRIED
@given(NESTED)
def test_a_copy_is_the_same(one: Any) -> None:
    """Equal data made apart is equal."""
    import pickle

    assert exact.compare(one, pickle.loads(pickle.dumps(one))) is None


SMALL = arrays.array_shapes(max_dims=2, max_side=3)
FLOATS = st.floats(-100, 100)


@UNHURRIED
@given(st.data())
def test_close_agrees_with_numpys_strict_allclose(data: st.DataObject) -> None:
    """A differential test against numpy.testing.assert_allclose(strict=True)."""
    shape = data.draw(SMALL)
    one = data.draw(arrays.arrays(np.float64, shape, elements=FLOATS))
    other = one * (
        1
        + data.draw(
            arrays.arrays(np.float64, shape, elements=st.sampled_from([0.0, 1e-13, 1e-6, 0.5]))
        )
    )
    try:
        np.testing.assert_allclose(other, one, rtol=1e-9, atol=1e-12, strict=True)
        same = True
    except AssertionError:
        same = False

    assert (close(1e-9, 1e-12).compare(one, other) is None) == same


def test_zeros_and_nans_by_policy() -> None:
    """The policy is in the relation, and in its description."""
    assert exact.compare(0.0, -0.0) is None
    assert Strict(signed_zero=True).compare(0.0, -0.0) is not None
    assert Strict(nan_equal=False).compare([NAN], [NAN]) is not None
    assert "NaN differs" in Strict(nan_equal=False).describe()


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [(1.0, 1.0, 0), (1.0, math.nextafter(1.0, 2), 1), (0.0, -0.0, 0), (-5e-324, 5e-324, 2)],
)
def test_ulps_are_counted(one: float, other: float, apart: int) -> None:
    """Neighbouring doubles are one apart, across zero too."""
    assert ulps_between(one, other) == apart
    assert (ulps(0).compare(one, other) is None) == (apart == 0)
    assert ulps(2).compare(one, other) is None


def test_float32_is_recognised() -> None:
    """Seven digits look like float32."""
    found = close(1e-12).compare([0.1], [float(np.float32(0.1))])

    assert found is not None
    assert "looks like float32" in found.detail


def test_unordered_counts() -> None:
    """A multiset: order is free, number is not."""
    assert unordered().compare([(1, 2), (3, 4)], [(3, 4), (1, 2)]) is None
    assert unordered().compare([1, 1, 2], [1, 2, 2]) is not None
    assert unordered().compare([1, 2], (1, 2)) is not None
    assert unordered().compare([1, 2], [1, 2, 2]) is not None
    assert unordered().compare([[1], [2]], [[2], [1]]) is None
    assert (
        unordered(close(1e-6), key=lambda pair: pair[0]).compare(
            [("a", 1.0), ("b", 2.0)], [("b", 2.0 + 1e-9), ("a", 1.0)]
        )
        is None
    )


def test_lists_that_contain_themselves_are_walked_once() -> None:
    """Equal ones are equal, unequal ones differ where they do."""
    one: list[Any] = [1]
    one.append(one)
    other: list[Any] = [1]
    other.append(other)
    unlike: list[Any] = [2]
    unlike.append(unlike)
    found = exact.compare([one], [unlike])

    assert exact.compare(one, other) is None
    assert found is not None
    assert found.where == "[0][0]"


def test_a_hostile_repr_does_not_hide_the_difference() -> None:
    """Whatever repr does, the difference is reported."""

    class Hostile:
        def __repr__(self) -> str:
            raise RuntimeError

    assert exact.compare([Hostile()], [1]) is not None


def test_interchangeable_types_are_declared() -> None:
    """A list for a tuple passes only where the case says so."""
    assert exact.accepting(list, tuple).compare([1, (2,)], (1, [2])) is None
    assert exact.accepting(list, tuple).compare([1], [1.0]) is not None


def test_relations_of_ones_own() -> None:
    """With and without the arguments."""

    def never(expected: Any, actual: Any) -> Difference | None:
        return Difference("mine", "", str(expected), str(actual))

    found = difference(relation("never the same", never), (), 1, 1)
    by_arguments = judged(
        "the argument decides",
        lambda arguments, expected, actual: (
            None if arguments == (actual,) else never(expected, actual)
        ),
    )

    assert found is not None
    assert found.kind == "mine"
    assert difference(by_arguments, (7,), 0, 7) is None
    assert difference(by_arguments, (8,), 0, 7) is not None
