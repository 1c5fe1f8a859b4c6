"""The strict comparison against others: numpy's own strict assertions, and plain equality with types, over generated nested data.

Where they disagree it is on purpose: the last tests of this file are those places, each with its reason.
"""

from __future__ import annotations

import math
import pickle
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from harness import close, exact, ulps, unordered
from harness.judge.equality import Strict

SETTINGS = settings(max_examples=300, deadline=None)
NAN = float("nan")
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([0.0, -0.0, 1.0, -1.0, 1.5, math.inf, -math.inf, NAN]),
    st.sampled_from(["", "a", "b"]), st.sampled_from([b"", b"a"]), st.sampled_from([1j, 0j, 1 + 0j]),
)  # fmt: skip
KEYS = st.one_of(
    st.integers(-1, 1),
    st.sampled_from(["a", "b"]),
    st.booleans(),
    st.sampled_from([0.0, 1.0]),
    st.none(),
)
NESTED = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(KEYS, inner, max_size=3)
        | st.frozensets(KEYS, max_size=3)
    ),
    max_leaves=8,
)
DTYPES = st.sampled_from(
    ["f8", "f4", "i8", "i4", "u1", "b1", "c16", "c8", "U2", "S2", "M8[s]", "m8[ns]"]
)
SHAPES = arrays.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3)


def alike(one: Any, other: Any) -> bool:
    """Plain equality with types, all the way down; NaN equals NaN.  An oracle of a few lines, written without looking at the judge."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return one == other or (one != one and other != other)  # both are NaN
    if isinstance(one, complex):
        return alike(one.real, other.real) and alike(one.imag, other.imag)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, dict):
        return typed(one) == typed(other) and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, frozenset):
        return typed(one) == typed(other)
    return bool(one == other)


def typed(keys: Any) -> set[tuple[type, Any]]:
    """Keys that know their type."""
    return {(type(key), key) for key in keys}


def apart(tree: Any) -> Any:
    """A copy as another process would send it: its NaN are others."""
    return pickle.loads(pickle.dumps(tree))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    """Two answers that are often the same, often almost, and sometimes strangers."""
    one = draw(NESTED)
    how = draw(st.integers(0, 3))
    return one, apart(one) if how == 0 else draw(NESTED) if how == 1 else _nudged(draw, one)


def _nudged(draw: st.DrawFn, tree: Any) -> Any:
    """The same but for one thing, somewhere."""
    if isinstance(tree, (list, tuple)) and tree and draw(st.booleans()):
        place = draw(st.integers(0, len(tree) - 1))
        changed = [_nudged(draw, one) if place == index else one for index, one in enumerate(tree)]
        return changed if isinstance(tree, list) or draw(st.integers(0, 5)) == 0 else tuple(changed)
    if isinstance(tree, dict) and tree:
        key = draw(st.sampled_from(list(tree)))
        return {**tree, key: _nudged(draw, tree[key])}
    equal = (
        [1, 1.0, True, 1 + 0j]
        if tree == 1
        else [0, 0.0, -0.0, False, 0j]
        if tree == 0 and not isinstance(tree, frozenset)
        else [tree]
    )
    return draw(st.sampled_from(equal) | LEAVES)


@SETTINGS
@given(pairs())
def test_exact_is_equality_with_types(pair: tuple[Any, Any]) -> None:
    """Over nested data of every kind: what the oracle tells apart, exact tells apart, and nothing else."""
    one, other = pair

    assert alike(one, other) == (exact.compare(one, other) is None)
    assert alike(one, other) == (exact.compare(other, one) is None)


@SETTINGS
@given(pairs())
def test_every_relation_is_reflexive_and_the_looser_ones_are_looser(pair: tuple[Any, Any]) -> None:
    """Everything equals its copy; what is exactly the same is close, within ulps, and the same in any order."""
    one, other = pair
    relations = [close(1e-9, 1e-12), ulps(4), exact.accepting(list, tuple)]

    assert [None] * 3 == [relation.compare(one, apart(one)) for relation in relations]
    if exact.compare(one, other) is None:
        assert [None] * 3 == [relation.compare(one, other) for relation in relations]


@st.composite
def two_arrays(draw: st.DrawFn) -> tuple[Any, Any]:
    """Two arrays: often of one dtype and shape, and few values, so that they often agree."""
    few = st.sampled_from([0, 1, 1, 1])
    dtype, shape = draw(DTYPES), draw(SHAPES)
    one = draw(
        arrays.arrays(
            dtype,
            shape,
            elements=few if np.dtype(dtype).kind in "iufb" else None,
            fill=st.nothing(),
        )
    )
    how = draw(st.integers(0, 5))
    if how == 0:
        return one, draw(arrays.arrays(draw(DTYPES), draw(SHAPES), fill=st.nothing()))
    other = one.copy()
    if how == 1 and other.size:
        other = draw(
            arrays.arrays(
                dtype,
                shape,
                elements=few if np.dtype(dtype).kind in "iufb" else None,
                fill=st.nothing(),
            )
        )
    if how == 2 and np.dtype(dtype).kind in "fc" and other.size:
        other.flat[draw(st.integers(0, other.size - 1))] = draw(
            st.sampled_from([NAN, math.inf, -math.inf, -0.0])
        )
    if how == 3:
        other = other.reshape((*shape, 1))
    if how == 4 and np.dtype(dtype).kind in "iuf":
        other = other.astype("f4")
    return one, other


def numpy_says(check: Any, expected: Any, actual: Any, **how: Any) -> bool:
    """Whether one of numpy's assertions passes."""
    try:
        check(actual, expected, strict=True, **how)
    except AssertionError:
        return False
    return True


@SETTINGS
@given(two_arrays())
def test_exact_is_numpys_strict_array_equal(pair: tuple[Any, Any]) -> None:
    """Shape, dtype, values, NaN beside NaN: numpy.testing.assert_array_equal(strict=True), for every kind of dtype."""
    one, other = pair
    assume(
        {one.dtype.kind, other.dtype.kind} != {"c"}
        or not (np.isnan(one).any() and np.isnan(other).any())
    )  # see test_the_parts_of_complex_numbers

    assert numpy_says(np.testing.assert_array_equal, one, other) == (
        exact.compare(one, other) is None
    )


@SETTINGS
@given(st.data())
def test_close_is_numpys_strict_allclose(data: st.DataObject) -> None:
    """With infinities and NaN, float32 and complex, for tolerances of every size: numpy.testing.assert_allclose(strict=True)."""
    dtype, shape = data.draw(st.sampled_from(["f8", "f4", "c16", "i8"])), data.draw(SHAPES)
    rtol, atol = (
        data.draw(st.sampled_from([0.0, 1e-12, 1e-6, 0.5])),
        data.draw(st.sampled_from([0.0, 1e-12, 1e-3])),
    )
    elements = (
        None
        if dtype == "c16"
        else st.integers(-5, 5)
        if dtype == "i8"
        else st.sampled_from([0.0, -0.0, 1.0, 1e-12, 3.5, -2e10, math.inf, NAN])
    )
    one = data.draw(arrays.arrays(dtype, shape, elements=elements, fill=st.nothing()))
    factors = data.draw(
        arrays.arrays(
            "f8",
            shape,
            elements=st.sampled_from([1.0, 1.0, 1 + 1e-13, 1 + 1e-7, 1.4, -1.0]),
            fill=st.nothing(),
        )
    )
    with np.errstate(all="ignore"):
        other = np.asarray(one * factors).astype(dtype)
    assume(
        dtype != "c16" or not np.isnan([one, other]).any()
    )  # see test_the_parts_of_complex_numbers
    assume(
        dtype != "i8" or not (rtol or atol) or (one == other).all()
    )  # see test_close_is_for_floats

    assert numpy_says(np.testing.assert_allclose, one, other, rtol=rtol, atol=atol) == (
        close(rtol, atol).compare(one, other) is None
    )


@SETTINGS
@given(st.data())
def test_close_treats_a_list_of_floats_as_numpy_treats_an_array(data: st.DataObject) -> None:
    """One by one or all at once: the same word."""
    values = st.lists(
        st.floats(width=64) | st.sampled_from([0.0, 1.0, 1 + 1e-10, math.inf, NAN]),
        min_size=1,
        max_size=4,
    )
    one = data.draw(values)
    other = [data.draw(st.sampled_from([value, value * (1 + 1e-10), -value, 0.0])) for value in one]
    rtol, atol = (
        data.draw(st.sampled_from([0.0, 1e-12, 1e-9])),
        data.draw(st.sampled_from([0.0, 1e-12])),
    )
    relation = close(rtol, atol)

    assert (relation.compare(np.array(one), np.array(other)) is None) == (
        relation.compare(one, other) is None
    )


@SETTINGS
@given(st.data())
def test_ulps_are_the_same_one_by_one_and_in_arrays(data: st.DataObject) -> None:
    """Neighbours counted in the bits, as integers: an array, a list and a count of one's own agree, in double and in single precision."""
    dtype, code, integer = data.draw(st.sampled_from([("f8", "d", "q"), ("f4", "f", "i")]))
    width = 64 if dtype == "f8" else 32
    one = data.draw(st.floats(width=width, allow_nan=False, allow_infinity=False))
    most, steps = data.draw(st.integers(1, 6)), data.draw(st.integers(-8, 8))
    other = np.array(one, dtype)
    with np.errstate(all="ignore"):
        for _ in range(abs(steps)):
            other = np.nextafter(other, np.array(math.copysign(math.inf, steps), dtype))
    assume(bool(np.isfinite(other)))
    bits = [struct.unpack(integer, struct.pack(code, value))[0] for value in (one, float(other))]
    places = [bit if bit >= 0 else -(bit & ((1 << (width - 1)) - 1)) for bit in bits]
    within = abs(places[0] - places[1]) <= most

    assert within == (ulps(most).compare(np.array([one], dtype), other.reshape(1)) is None)
    if dtype == "f8":
        assert within == (ulps(most).compare([one], [float(other)]) is None)


@SETTINGS
@given(st.lists(NESTED, max_size=4), st.data())
def test_unordered_is_a_multiset(items: list[Any], data: st.DataObject) -> None:
    """A shuffled copy is the same, one item more or another is not; by a greedy matching with the oracle, which an equivalence allows."""
    other = apart(data.draw(st.permutations(items)))
    if items and data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(items) - 1))
        other[place] = data.draw(st.sampled_from(items) | NESTED)

    assert _matched(items, other) == (unordered().compare(items, other) is None)


def _matched(items: list[Any], other: list[Any]) -> bool:
    left = list(other)
    for item in items:
        place = next((place for place, one in enumerate(left) if alike(item, one)), None)
        if place is None:
            return False
        del left[place]
    return not left


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([NAN, 1.0], [1.0, NAN]),
        ([0.0, -1.0], [-1.0, -0.0]),
        ([{"a": 1, "b": 2}], [{"b": 2, "a": 1}]),
        ([frozenset({0.0}), 1], [1, frozenset({-0.0})]),
        ([(1, 0j), None], [None, (1, complex(0.0, -0.0))]),
    ],
)
def test_items_that_look_unlike_may_be_alike(one: Any, other: Any) -> None:
    """Found here: NaN, the sign of a zero, the order of keys are nothing to ``exact``, and so nothing to a multiset of such items."""
    assert unordered().compare(one, apart(other)) is None
    assert unordered().compare(one, [*other[1:], "another"]) is not None


@pytest.mark.parametrize(
    "same",
    [
        np.array(["NaT", "2026-01-01"], "M8[s]"),
        np.datetime64("NaT", "s"),
        np.array([(1, NAN), (2, 1.0)], [("a", "i4"), ("b", "f8")]),
        np.array([[NAN]], "c16"),
        np.array(
            [(np.datetime64("NaT", "s"), (1.0, 2.0))], [("when", "M8[s]"), ("where", "f4", 2)]
        ),
        {NAN},
        {(1, "a"), NAN},
        np.array([None, NAN, [1]], object),
    ],
)
def test_what_holds_no_value_equals_itself(same: Any) -> None:
    """Found here: NaT, a NaN in a field or in a set, were not equal to their own copies; and where NaN differs from NaN, they are not."""
    assert exact.compare(same, apart(same)) is None
    assert (Strict(nan_equal=False).compare(same, apart(same)) is None) == (
        isinstance(same, np.datetime64) and not np.isnat(same)
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({1, 2}, {True, 2}),
        ({1}, {1.0}),
        ({(1, 2)}, {(1, True)}),
        (frozenset({0}), frozenset({False})),
        ({(1,): 0}, {(True,): 0}),
        ({NAN}, {1.0}),
        ({NAN}, set()),
    ],
)
def test_members_and_keys_have_types(one: Any, other: Any) -> None:
    """Found here: what is one member or one key to Python was taken for one answer, where it was inside another thing."""
    assert exact.compare(one, other) is not None
    assert exact.compare(other, one) is not None


def test_policies_hold_for_complex_numbers() -> None:
    """Found here: the sign of a zero in a complex array raised TypeError; a tolerance is a distance in the plane, in arrays and outside."""
    one, noisy = 1 + 0j, 1 + 1e-12j
    for wrap in (complex, lambda value: np.array([value])):
        assert Strict(signed_zero=True).compare(wrap(one), wrap(complex(1, -0.0))) is not None
        assert Strict(signed_zero=True).compare(wrap(one), wrap(one)) is None
        assert close(1e-9).compare(wrap(one), wrap(noisy)) is None
        assert close(1e-15).compare(wrap(one), wrap(noisy)) is not None


def test_a_tolerance_does_not_undo_the_sign_of_a_zero() -> None:
    """Found here: in arrays, 0.0 and -0.0 are as close as can be; who asks for signs gets them."""
    relation = Strict(rtol=1e-9, atol=1e-9, signed_zero=True)

    assert relation.compare(np.array([0.0]), np.array([-0.0])) is not None
    assert relation.compare(0.0, -0.0) is not None
    assert (
        Strict(most_ulps=4, signed_zero=True).compare(np.array([0.0]), np.array([-0.0])) is not None
    )


@pytest.mark.parametrize("dtype", [">f8", "<f4", ">f4", "f2", "c8", "c16"])
def test_ulps_of_every_precision(dtype: str) -> None:
    """Two neighbours on, from below a power of two, whatever the order of the bytes: three are too many."""
    real = np.dtype(dtype).type(0).real.dtype
    two = np.nextafter(np.nextafter(real.type(1), real.type(0)), real.type(0))
    three = np.nextafter(two, real.type(0))

    assert ulps(2).compare(np.ones(2, dtype), np.array([1, two], dtype)) is None
    assert ulps(2).compare(np.ones(2, dtype), np.array([1, three], dtype)) is not None


# --------------------------------------------------------------------------- where they part


def test_a_numpy_scalar_is_no_array() -> None:
    """numpy's strict=True demands equal shapes and dtypes, but not types; here the type is a part of the answer."""
    assert numpy_says(np.testing.assert_array_equal, np.array(1.0), np.float64(1.0))
    assert exact.compare(np.array(1.0), np.float64(1.0)) is not None


def test_close_is_for_floats() -> None:
    """numpy's tolerance holds for integers too; here integers are counted, not measured."""
    assert numpy_says(np.testing.assert_allclose, np.array([10]), np.array([11]), rtol=0.5)
    assert close(0.5).compare(np.array([10]), np.array([11])) is not None
    assert close(0.5).compare([10], [11]) is not None


def test_the_parts_of_complex_numbers() -> None:
    """numpy takes any two complex numbers with a NaN somewhere in them as equal; here each part must agree with its own."""
    one, other = np.array([complex(NAN, 1)]), np.array([complex(2, NAN)])

    assert numpy_says(np.testing.assert_array_equal, one, other)
    assert exact.compare(one, other) is not None
    assert exact.compare(one[0].item(), other[0].item()) is not None
    assert exact.compare(one, one.copy()) is None


def test_nan_is_a_policy_and_no_identity() -> None:
    """[nan] == [nan] in Python where both are one object; here NaN equals NaN because the relation says so, and not where it says otherwise."""
    one = [NAN]

    assert one == one.copy()
    assert exact.compare(one, apart(one)) is None
    assert Strict(nan_equal=False).compare(one, one.copy()) is not None


def test_nan_inside_a_member_or_as_a_key_is_found() -> None:
    """A NaN in a tuple in a set, or as a key, hashes by its identity: from another process it is found by its value."""
    for one in ({(NAN,)}, {NAN: 1}, {(1, NAN): [NAN]}, frozenset({(NAN, (NAN,))})):
        assert exact.compare(one, apart(one)) is None
        assert Strict(nan_equal=False).compare(one, apart(one)) is not None
    assert exact.compare({NAN: 1}, {NAN: 2}) is not None
    assert exact.compare({NAN: 1}, {1.0: 1}) is not None
