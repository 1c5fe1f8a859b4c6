"""The comparison against each library's own strict one: a small share of what ``python -m tests.differential`` does."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness import close, exact, unordered
from harness.judge.equality import NotComparable
from tests import differential

HOME = Path(__file__).parents[2]
NEEDS = {"numpy.ma": "numpy", "dataclasses": "dataclasses", "datetime": "datetime"}
NAN = float("nan")


@pytest.mark.parametrize("name", differential.libraries())
def test_the_judge_says_what_the_library_says(name: str) -> None:
    """Over generated pairs, in both directions; both verdicts occur."""
    pytest.importorskip(NEEDS.get(name, name), reason=f"{name} is not installed")
    library = differential.libraries()[name]()
    source = random.Random(2)
    verdicts = {library.same(*library.make(source)) for _ in range(40)}

    assert {True, False} == verdicts
    assert [] == list(differential.disagreements(name, 200, seed=3))


def test_nulls_are_not_nan_and_the_policy_reaches_into_frames() -> None:
    """What the libraries' own comparisons leave to options."""
    pl = pytest.importorskip("polars")
    null, nan = pl.DataFrame({"a": [1.0, None]}), pl.DataFrame({"a": [1.0, NAN]})
    near = pl.DataFrame({"a": [1.0 + 1e-12, None]})

    assert exact.compare(null, nan) is not None
    assert exact.compare(null, near) is not None
    assert close(1e-9).compare(null, near) is None
    with pytest.raises(NotComparable, match="is no sequence, set or mapping"):
        unordered(exact).compare(null, null)


def test_differences_in_frames_have_places() -> None:
    """The column, the row, the word."""
    pd = pytest.importorskip("pandas")
    one = pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5]})

    def said(other: Any) -> tuple[str, str]:
        found = exact.compare(one, other)
        assert found is not None
        return found.kind, found.where

    assert ("value", "['b'][1]") == said(one.assign(b=[0.5, 2.5]))
    assert ("dtype", "['a']") == said(one.astype({"a": "float64"}))
    assert ("value", ".columns[0]") == said(one[["b", "a"]])
    assert ("value", ".index[0]") == said(one.set_axis([5, 6]))
    assert ("shape", "") == said(one[:1])


def test_arrow_nan_equals_nan() -> None:
    """pyarrow's own NaN equals nothing; here the policy decides."""
    pa = pytest.importorskip("pyarrow")
    one, other = (pa.table({"a": [1.0, NAN, None]}) for _ in range(2))

    assert not one.equals(other)
    assert exact.compare(one, other) is None
    assert exact.compare(one, pa.table({"a": [1.0, None, NAN]})) is not None


def test_no_library_is_imported_by_the_judge() -> None:
    """What a value is not of stays out of the process."""
    code = (
        "import sys, harness\n"
        "from harness import exact, unordered\n"
        "exact.compare([1, {'a': (2.0, 'b')}], [1, {'a': (2.0, 'b')}])\n"
        "unordered().compare([(1, 2)], [(1, 2)])\n"
        "print(sorted({'numpy', 'pandas', 'polars', 'pyarrow', 'scipy', 'torch', 'networkx', 'pydantic', 'msgspec', 'decimal'} & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HOME
    )

    assert "[]" == ended.stdout.strip()
