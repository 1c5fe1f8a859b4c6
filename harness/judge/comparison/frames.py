"""Tables: frames, series and indexes of pandas and polars, and what pyarrow has; nulls are not NaN."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from harness.judge.comparison.registry import Part, by_parts, no_parts

if TYPE_CHECKING:
    from harness.judge.comparison.walk import Handler


def handler(kind: type) -> Handler | None:
    """Return what compares the types of the three; None: another type of theirs."""
    for owner in kind.__mro__:
        root = owner.__module__.partition(".")[0]
        if find := _FIND.get(root):
            parts = find(kind, sys.modules[root])
            return None if parts is None else by_parts(parts)
    return None


# ------------------------------------------------------------------ pandas


def _of_pandas(kind: type, pandas: Any) -> Callable[[Any], Iterable[Part]] | None:
    known: list[tuple[Any, Callable[[Any], Iterable[Part]]]] = [
        (pandas.DataFrame, _frame),
        (pandas.Series, _series),
        (pandas.MultiIndex, _multi_index),
        (pandas.Index, _index),
        (pandas.Timestamp, _timestamp),
        (pandas.Timedelta, lambda one: [Part("", one.value), Part(".unit", one.unit, "dtype")]),
        (pandas.Period, lambda one: [Part(".freq", one.freqstr, "dtype"), Part("", one.ordinal)]),
        (
            pandas.Interval,
            lambda one: [Part(f".{n}", getattr(one, n)) for n in ("closed", "left", "right")],
        ),
        (pandas.api.extensions.ExtensionArray, _extension),
        (type(pandas.NaT), no_parts),
        (type(pandas.NA), no_parts),
        (pandas.api.extensions.ExtensionDtype, lambda one: [Part("", repr(one), "dtype")]),
    ]
    return next((parts for base, parts in known if issubclass(kind, base)), None)


def _frame(frame: Any) -> Iterator[Part]:
    yield Part("", frame.shape, "shape")
    yield Part(".columns", list(frame.columns))
    yield Part(".columns", type(frame.columns).__name__, "type")
    yield Part(".columns.names", list(frame.columns.names))
    yield from _index_of(frame)
    yield Part(".flags", frame.flags.allows_duplicate_labels)
    for place, name in enumerate(frame.columns):
        yield from _column(f"[{name!r}]", frame.iloc[:, place])


def _series(series: Any) -> Iterator[Part]:
    yield Part("", series.shape, "shape")
    yield Part(".name", series.name)
    yield from _index_of(series)
    yield Part(".flags", series.flags.allows_duplicate_labels)
    yield from _column("", series)


def _index_of(one: Any) -> Iterator[Part]:
    """The index, by value: whether it is kept as a range is not a part of it, as pandas' own tests have it."""
    index = one.index
    yield Part(".index", _kind_of(index), "type")
    yield Part(".index", list(index.names), "index")
    yield from (Part(f".index{part.where}", part.value, part.word) for part in _index_values(index))


def _kind_of(index: Any) -> str:
    return "Index" if type(index).__name__ == "RangeIndex" else type(index).__name__


def _index(index: Any) -> Iterator[Part]:
    yield Part("", len(index), "count")
    yield Part(".names", list(index.names))
    yield from _index_values(index)


def _index_values(index: Any) -> Iterator[Part]:
    if hasattr(index, "levels"):
        yield from _multi_index(index)
        return
    yield Part("", str(index.dtype), "dtype")
    yield Part(".freq", getattr(index, "freqstr", None), "index")
    yield Part("", _values_of(index))


def _multi_index(index: Any) -> Iterator[Part]:
    """By what each level says at each row, in whatever way that is kept."""
    yield Part(".names", list(index.names))
    for level in range(index.nlevels):
        yield from (
            Part(f".level{level}{part.where}", part.value, part.word)
            for part in _index_values(index.get_level_values(level))
        )


def _column(where: str, series: Any) -> Iterator[Part]:
    yield Part(where, str(series.dtype), "dtype")
    yield Part(where, _values_of(series))


def _values_of(one: Any) -> Any:
    array = one.array
    return (
        array.to_numpy()
        if type(array).__name__ in {"PandasArray", "NumpyExtensionArray"}
        else array
    )


def _extension(array: Any) -> Iterator[Part]:
    """What a column holds: numbers where it has numbers behind it, else its items."""
    yield Part("", str(array.dtype), "dtype")
    yield Part("", len(array), "count")
    if hasattr(array, "categories"):
        yield Part(".categories", _values_of(array.categories))
        yield Part(".ordered", array.ordered, "dtype")
        yield Part(".codes", array.codes)
    elif hasattr(array, "asi8"):
        yield Part("", array.asi8)
    elif hasattr(array, "_pa_array"):
        yield Part("", array._pa_array)
    else:
        yield from _nullable(array)


def _nullable(array: Any) -> Iterator[Part]:
    missing = array.isna()
    kind = getattr(array.dtype, "kind", "O")
    if kind in "biufc" and hasattr(array, "_data"):
        yield Part(".isna()", missing)
        yield Part("", array._data[~missing])
    else:
        yield Part("", list(array))


def _timestamp(stamp: Any) -> Iterator[Part]:
    from harness.judge.comparison.times import zone_name

    yield Part("", str(stamp), "value")
    yield Part(".unit", stamp.unit, "dtype")
    yield Part("", zone_name(stamp.tzinfo), "zone")
    yield Part(".fold", stamp.fold, "fold")


# ------------------------------------------------------------------ polars


def _of_polars(kind: type, polars: Any) -> Callable[[Any], Iterable[Part]] | None:
    if issubclass(kind, polars.DataFrame):
        return _polars_frame
    if issubclass(kind, polars.Series):
        return lambda one: [Part(".name", one.name, "value"), *_polars_column("", one)]
    if issubclass(kind, (polars.LazyFrame, polars.Expr)):
        return lambda one: [Part("", str(one), "value")]
    return None


def _polars_frame(frame: Any) -> Iterator[Part]:
    yield Part(".columns", frame.columns)
    yield Part("", frame.shape, "shape")
    for column in frame.get_columns():
        yield from _polars_column(f"[{column.name!r}]", column)


def _polars_column(where: str, series: Any) -> Iterator[Part]:
    yield Part(where, str(series.dtype), "dtype")
    yield Part(where, len(series), "count")
    if series.dtype.is_numeric() and not series.dtype.is_decimal():
        yield Part(f"{where}.is_null()", series.is_null().to_numpy())
        yield Part(where, series.drop_nulls().to_numpy())
    elif series.dtype.is_temporal():
        yield Part(where, series.to_physical().to_list())
    else:
        yield Part(where, series.to_list())


# ------------------------------------------------------------------ pyarrow


def _of_pyarrow(kind: type, pyarrow: Any) -> Callable[[Any], Iterable[Part]] | None:
    if issubclass(kind, (pyarrow.Table, pyarrow.RecordBatch)):
        return _arrow_table
    if issubclass(kind, (pyarrow.Array, pyarrow.ChunkedArray)):
        return lambda one: _arrow_column("", one)
    if issubclass(kind, pyarrow.Scalar):
        return lambda one: [Part("", str(one.type), "dtype"), Part("", one.as_py())]
    if issubclass(kind, (pyarrow.Schema, pyarrow.Field, pyarrow.DataType)):
        return lambda one: [Part("", str(one), "dtype")]
    if issubclass(kind, pyarrow.Buffer):
        return lambda one: [Part("", one.to_pybytes())]
    return None


def _arrow_table(table: Any) -> Iterator[Part]:
    yield Part(".schema.names", list(table.schema.names))
    yield Part("", table.shape, "shape")
    for field, column in zip(table.schema, table.columns, strict=True):
        yield Part(f"[{field.name!r}].nullable", field.nullable, "dtype")
        yield from _arrow_column(f"[{field.name!r}]", column)


def _arrow_column(where: str, column: Any) -> Iterator[Part]:
    """How a column is cut into chunks is not a part of it."""
    yield Part(where, str(column.type), "dtype")
    yield Part(where, len(column), "count")
    if str(column.type) in _ARROW_NUMBERS:
        yield Part(f"{where}.is_null()", _as_numpy(column.is_null()))
        yield Part(where, _as_numpy(column.drop_null()))
    else:
        yield Part(where, column.to_pylist())


def _as_numpy(column: Any) -> Any:
    chunked = hasattr(column, "chunks")
    return column.to_numpy() if chunked else column.to_numpy(zero_copy_only=False)


_ARROW_NUMBERS = {
    "double",
    "float",
    *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
}
_FIND: dict[str, Callable[[type, Any], Callable[[Any], Iterable[Part]] | None]] = {
    "pandas": _of_pandas,
    "polars": _of_polars,
    "pyarrow": _of_pyarrow,
}
