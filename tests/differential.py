"""The judge's comparison against each library's own strict one, over generated pairs.

    python -m tests.differential 100000 pandas polars

prints how many pairs there were, and every disagreement.  The suite runs a few hundred pairs each.
A pair is a value and its copy, the copy mostly with one small change.
"""

from __future__ import annotations

import copy
import enum
import pickle
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from harness import exact

NAN = float("nan")
Oracle = Callable[[Any, Any], bool]
Make = Callable[[random.Random], tuple[Any, Any]]


class Colour(enum.Enum):
    """Something to choose from."""

    RED = 1
    BLUE = 2


@dataclass(frozen=True)
class Library:
    """A library: how a pair is made, and what its own strict comparison says of one."""

    make: Make
    same: Oracle


def passes(check: Callable[..., Any], *values: Any, **how: Any) -> bool:
    """Whether an assertion of a library passes."""
    try:
        check(*values, **how)
    except AssertionError:
        return False
    return True


def again(value: Any) -> Any:
    """Return an equal value, made apart."""
    return pickle.loads(pickle.dumps(value))


# ------------------------------------------------------------------ numpy


def numpy_pair(source: random.Random) -> tuple[Any, Any]:
    """Arrays of every kind of dtype; the other one often of another dtype or shape, or with one other value."""
    import numpy as np

    dtype = source.choice(
        ["f8", "f4", ">f8", "i8", "i4", "u1", "b1", "U2", "S2", "M8[s]", "m8[ns]", "c16"]
    )
    shape = source.choice([(), (0,), (1,), (3,), (2, 2), (1, 3)])
    size = int(np.prod(shape))
    values = [source.choice([0, 1, 1, 2]) for _ in range(size)]
    one = np.array(values).astype(dtype if dtype[0] != "M" else "i8").astype(dtype).reshape(shape)
    if dtype[1] == "8" and dtype[0] == "f" and size and source.random() < 0.4:
        one.flat[source.randrange(size)] = source.choice([NAN, float("inf"), -0.0])
    if dtype[0] in "mM" and size and source.random() < 0.4:
        one.flat[source.randrange(size)] = "NaT"
    other, how = one.copy(), source.random()
    if how < 0.3 and size:
        other.flat[source.randrange(size)] = one.flat[source.randrange(size)] if how < 0.2 else 0
    elif how < 0.4:
        other = other.reshape((*shape, 1))
    elif how < 0.5 and dtype[0] in "fiu":
        other = other.astype(source.choice(["f8", "i8", "f4"]))
    elif how < 0.55:
        other = np.asfortranarray(other)
    return one, other


def numpy_same(one: Any, other: Any) -> bool:
    """numpy.testing.assert_array_equal(strict=True); 0-d arrays stay arrays."""
    import numpy as np

    return passes(np.testing.assert_array_equal, other, one, strict=True)


def masked_pair(source: random.Random) -> tuple[Any, Any]:
    """Masked arrays; what lies under the mask often differs."""
    import numpy as np

    size = source.choice([0, 1, 3, 5])
    one = np.ma.array(
        [source.choice([0.0, 1.0, NAN]) for _ in range(size)],
        mask=[source.random() < 0.3 for _ in range(size)],
    )
    other = one.copy()
    if size and source.random() < 0.6:
        place = source.randrange(size)
        if source.random() < 0.5:
            other.data[place] = 7.0
        else:
            other.mask[place] = not other.mask[place]
    return one, other


def masked_same(one: Any, other: Any) -> bool:
    """Masks, then the values that are left."""
    import numpy as np

    masks = np.array_equal(np.ma.getmaskarray(one), np.ma.getmaskarray(other))
    return masks and np.array_equal(one.compressed(), other.compressed(), equal_nan=True)


# ------------------------------------------------------------------ tables


def _columns(source: random.Random, rows: int, missing: Any) -> dict[str, list[Any]]:
    kinds: list[Callable[[], Any]] = [
        lambda: source.choice([1, 2, 3]),
        lambda: source.choice([0.5, 1.5, NAN]),
        lambda: source.choice(["a", "b", missing]),
        lambda: source.choice([True, False]),
        lambda: datetime(2026, 1, source.randint(1, 3)),  # noqa: DTZ001  frames have naive ones, too
    ]
    chosen = source.sample(kinds, source.randint(1, 3))
    return {"abc"[place]: [kind() for _ in range(rows)] for place, kind in enumerate(chosen)}


def pandas_pair(source: random.Random) -> tuple[Any, Any]:
    """Frames: other values, dtypes, indexes, names, orders of columns."""
    import pandas as pd

    rows = source.choice([0, 1, 3])
    one = pd.DataFrame(_columns(source, rows, None))
    if rows and source.random() < 0.3:
        one["z"] = pd.Categorical([source.choice("xy") for _ in range(rows)])
    if source.random() < 0.3:
        one["i"] = pd.array([source.choice([1, None]) for _ in range(rows)], "Int64")
    if source.random() < 0.2:
        one["t"] = pd.to_datetime(["2026-01-01"] * rows).tz_localize("Europe/Rome")
    if source.random() < 0.3 and rows:
        one.index = pd.Index(source.sample("klmnop", rows), name="key")
    return one, _pandas_changed(again(one), source, pd)


def _pandas_changed(other: Any, source: random.Random, pd: Any) -> Any:
    how = source.randrange(12)
    column = source.choice(list(other.columns))
    if how == 0 and len(other):
        values = list(other[column])
        values[0] = values[-1]
        other[column] = pd.Series(values, index=other.index, dtype=other[column].dtype)
    elif how == 1:
        other = other[list(other.columns)[::-1]]
    elif how == 2:
        other = other.rename(columns={column: f"{column}2"})
    elif how == 3:
        other.index = pd.Index(list(other.index), dtype=other.index.dtype, name=other.index.name)
    elif how == 4:
        other.index.name = "another"
    elif how == 5 and other[column].dtype.kind in "ib":
        other[column] = other[column].astype(
            "float64" if other[column].isna().sum() == 0 else "Float64"
        )
    elif how == 6 and len(other) > 1:
        other = other.iloc[::-1]
    elif how == 7 and len(other):
        other = other.iloc[1:]
    elif how == 8 and "z" in other and len(other):
        other["z"] = other["z"].cat.add_categories(["w"])
    elif how == 9 and "t" in other:
        other["t"] = other["t"].dt.tz_convert("UTC")
    return other


def pandas_same(one: Any, other: Any) -> bool:
    """pandas.testing.assert_frame_equal, exact."""
    import pandas as pd

    return passes(pd.testing.assert_frame_equal, one, other, check_exact=True, check_freq=True)


def polars_pair(source: random.Random) -> tuple[Any, Any]:
    """Frames: nulls are not NaN, and the columns have an order."""
    import polars as pl

    rows = source.choice([0, 1, 3])
    one = pl.DataFrame(_columns(source, rows, None))
    if source.random() < 0.4:
        one = one.with_columns(
            n=pl.Series([source.choice([1, None]) for _ in range(rows)], dtype=pl.Int64)
        )
    if source.random() < 0.3:
        one = one.with_columns(
            s=pl.Series([[source.choice([1, 2])] for _ in range(rows)], dtype=pl.List(pl.Int64))
        )
    if source.random() < 0.2:
        one = one.with_columns(
            k=pl.Series([source.choice("uv") for _ in range(rows)], dtype=pl.Categorical)
        )
    other = again(one)
    how, column = source.randrange(8), source.choice(one.columns)
    if how == 0 and rows:
        other = other.with_columns(pl.concat([other[column][-1:], other[column][1:]]).alias(column))
    elif how == 1:
        other = other.select(reversed(other.columns))
    elif how == 2:
        other = other.rename({column: f"{column}2"})
    elif how == 3 and other[column].dtype.is_numeric():
        other = other.with_columns(
            other[column].cast(pl.Float32 if source.random() < 0.5 else pl.Int32, strict=False)
        )
    elif how == 4 and rows:
        other = other[1:]
    elif how == 5:
        other = other.with_columns(
            other[column].fill_nan(None)
            if other[column].dtype.is_float()
            else other[column].fill_null(strategy="zero")
            if other[column].dtype.is_integer()
            else other[column]
        )
    return one, other


def polars_same(one: Any, other: Any) -> bool:
    """polars.testing.assert_frame_equal, exact."""
    from polars.testing import assert_frame_equal

    return passes(assert_frame_equal, one, other, check_exact=True)


def pyarrow_pair(source: random.Random) -> tuple[Any, Any]:
    """Tables, often in other chunks; NaN left out, since pyarrow's NaN equals nothing."""
    import pyarrow as pa

    rows = source.choice([0, 1, 4])
    columns = _columns(source, rows, None)
    one = pa.table(
        {name: [None if one != one else one for one in values] for name, values in columns.items()}
    )
    other, how = one, source.randrange(6)
    if how == 0 and rows:
        other = pa.concat_tables([one[:1], one[1:]])
    elif how == 1 and rows:
        other = pa.concat_tables([one[1:], one[:1]])
    elif how == 2:
        other = one.rename_columns([f"{name}2" for name in one.column_names])
    elif how == 3:
        other = one.select(one.column_names[::-1])
    elif how == 4 and pa.types.is_int64(one.schema.field(0).type):
        other = one.set_column(0, one.column_names[0], one.column(0).cast(pa.int32()))
    return one, again(other)


def pyarrow_same(one: Any, other: Any) -> bool:
    """pyarrow.Table.equals."""
    return bool(one.equals(other))


# ------------------------------------------------------------------ matrices and tensors


def scipy_pair(source: random.Random) -> tuple[Any, Any]:
    """Sparse matrices of every format; explicit zeros, unsorted entries and duplicates are no difference."""
    import numpy as np
    import scipy.sparse as sp

    form = source.choice(["csr", "csc", "coo", "dok", "lil", "dia", "bsr"])
    dense = np.array([[source.choice([0, 0, 1, 2.5]) for _ in range(3)] for _ in range(3)])
    one = sp.coo_array(dense).asformat(form)
    changed = dense.copy()
    how = source.randrange(5)
    if how == 0:
        changed[source.randrange(3), source.randrange(3)] = 7
    other: Any = sp.coo_array(changed)
    if how == 1 and other.nnz:
        coords = [np.append(axis, axis[:1]) for axis in other.coords]
        data = np.append(other.data, 0.0)
        other = sp.coo_array((data, tuple(coords)), shape=other.shape)
    if how == 2:
        other = other.astype(source.choice(["f4", "f8"]))
    return one, other.asformat(form)


def scipy_same(one: Any, other: Any) -> bool:
    """Their dense forms by numpy's strict comparison."""
    return type(one) is type(other) and numpy_same(one.toarray(), other.toarray())


def torch_pair(source: random.Random) -> tuple[Any, Any]:
    """Tensors of several dtypes; strides are no difference."""
    import torch

    dtype = source.choice(
        [torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.bool, torch.complex64]
    )
    shape = source.choice([(), (0,), (3,), (2, 2)])
    one = torch.tensor(
        [source.choice([0, 1, 1, 2]) for _ in range(_product(shape))], dtype=dtype
    ).reshape(shape)
    if dtype.is_floating_point and one.numel() and source.random() < 0.3:
        one.view(-1)[0] = NAN
    other, how = one.clone(), source.randrange(6)
    if how == 0 and other.numel():
        other.view(-1)[-1] = 1
    elif how == 1 and not dtype.is_complex:
        other = other.to(torch.float64)
    elif how == 2:
        other = other.reshape((*shape, 1))
    elif how == 3:
        other = other.t().contiguous().t() if other.dim() == 2 else other
    return one, other


def _product(shape: tuple[int, ...]) -> int:
    size = 1
    for one in shape:
        size *= one
    return size


def torch_same(one: Any, other: Any) -> bool:
    """torch.testing.assert_close without tolerances."""
    import torch

    return passes(torch.testing.assert_close, other, one, rtol=0, atol=0, equal_nan=True)


# ------------------------------------------------------------------ records


@dataclass
class Row:
    """A dataclass."""

    number: int
    name: str
    inner: Any = None


def _attrs() -> Any:
    import attrs

    return attrs.make_class("AttrsRow", ["number", "name", "inner"])


def _msgspec() -> Any:
    import msgspec

    return msgspec.defstruct("StructRow", [("number", int), ("name", str), ("inner", Any)])


def _pydantic() -> Any:
    import pydantic

    return pydantic.create_model("ModelRow", number=(int, 0), name=(str, ""), inner=(Any, None))


def records(kind: Any) -> Make:
    """Make pairs of nested records of one class."""

    def made(source: random.Random, depth: int) -> Any:
        inner = (
            made(source, depth - 1)
            if depth and source.random() < 0.7
            else source.choice([None, [1], (1, "a"), {"k": 2}, Colour.RED, 0.5])
        )
        return kind(number=source.randint(0, 2), name=source.choice("ab"), inner=inner)

    def pair(source: random.Random) -> tuple[Any, Any]:
        one = made(source, 3)
        other = copy.deepcopy(one)
        place = other
        while source.random() < 0.5 and isinstance(place.inner, kind):
            place = place.inner
        how = source.randrange(5)
        if how == 0:
            place.number = source.randint(0, 2)
        elif how == 1:
            place.name = source.choice("ab")
        elif how == 2:
            place.inner = source.choice([None, [1], [2], {"k": 2}, {"k": 3}, Colour.BLUE])
        return one, other

    return pair


def equal(one: Any, other: Any) -> bool:
    """Plain ``==``: the values in these pairs have one type each."""
    return bool(one == other)


def networkx_pair(source: random.Random) -> tuple[Any, Any]:
    """Graphs, made in another order or with one thing changed."""
    import networkx as nx

    kind = source.choice([nx.Graph, nx.DiGraph, nx.MultiGraph])
    edges = [
        (source.randrange(4), source.randrange(4), {"w": source.choice([1, 2])}) for _ in range(5)
    ]
    one, other = kind(), kind()
    one.add_edges_from(edges)
    changed = copy.deepcopy(edges)
    how = source.randrange(4)
    if how == 0:
        changed[0][2]["w"] = 3
    if how == 1:
        changed.pop()
    other.add_edges_from(changed)
    if how == 2:
        other.add_node(9)
    _ = one.nodes, one.adj, other.edges  # cached views are no difference
    return one, other


def networkx_same(one: Any, other: Any) -> bool:
    """networkx.utils.graphs_equal."""
    import networkx as nx

    return bool(nx.utils.graphs_equal(one, other))


def plain_pair(source: random.Random) -> tuple[Any, Any]:
    """Times with zones and folds, decimals, nested in containers."""
    zones = [
        None,
        UTC,
        timezone(timedelta(hours=1)),
        ZoneInfo("Europe/Rome"),
        ZoneInfo("UTC"),
    ]
    hour = datetime(2023, 10, 29, 2)  # noqa: DTZ001  its zone is chosen below

    def one() -> Any:
        if source.random() < 0.5:
            return hour.replace(
                tzinfo=source.choice(zones), fold=source.choice([0, 1]), day=source.choice([28, 29])
            )
        return Decimal(source.choice(["1", "1.0", "1.00", "NaN", "-NaN", "Infinity", "2"]))

    values = [one() for _ in range(3)]
    other = again(values)
    if source.random() < 0.6:
        other[source.randrange(3)] = one()
    return values, other


def plain_same(one: Any, other: Any) -> bool:
    """Their reprs, which have the zone, the fold and the exponent; which NaN it is does not count."""
    return repr(one).replace("-NaN", "NaN") == repr(other).replace("-NaN", "NaN")


def libraries() -> dict[str, Callable[[], Library]]:
    """Every library by its name."""
    return {
        "numpy": lambda: Library(numpy_pair, numpy_same),
        "numpy.ma": lambda: Library(masked_pair, masked_same),
        "pandas": lambda: Library(pandas_pair, pandas_same),
        "polars": lambda: Library(polars_pair, polars_same),
        "pyarrow": lambda: Library(pyarrow_pair, pyarrow_same),
        "scipy": lambda: Library(scipy_pair, scipy_same),
        "torch": lambda: Library(torch_pair, torch_same),
        "networkx": lambda: Library(networkx_pair, networkx_same),
        "dataclasses": lambda: Library(records(Row), equal),
        "attrs": lambda: Library(records(_attrs()), equal),
        "msgspec": lambda: Library(records(_msgspec()), equal),
        "pydantic": lambda: Library(records(_pydantic()), equal),
        "datetime": lambda: Library(plain_pair, plain_same),
    }


def disagreements(name: str, pairs: int, seed: int = 1) -> Iterator[tuple[Any, Any, bool, str]]:
    """Yield the pairs of which the judge and the library say different things: values, theirs, ours."""
    library, source = libraries()[name](), random.Random(seed)
    for _ in range(pairs):
        one, other = library.make(source)
        theirs = library.same(one, other)
        for ours in (exact.compare(one, other), exact.compare(other, one)):
            if (ours is None) != theirs:
                yield one, other, theirs, str(ours)
                break


def main() -> None:
    """Run many pairs of the libraries that are named."""
    number, *names = sys.argv[1:]
    for name in names or libraries():
        try:
            found = list(disagreements(name, int(number)))
        except ImportError as error:
            print(f"{name}: not installed ({error})")
            continue
        print(f"{name}: {number} pairs, {len(found)} disagreements", flush=True)
        for one, other, theirs, ours in found[:20]:
            print(
                f"  {name} says {'same' if theirs else 'different'}, the judge {ours}\n{one!r}\n{other!r}"
            )


if __name__ == "__main__":
    main()
