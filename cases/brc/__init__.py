"""How warm is every station?  Min, mean and max over a telemetry file (the one-billion-row task)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from harness import Case, Limits, Technique, Workload, exact, sweep

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

SIZES = (1000, 5000, 20_000, 70_000, 200_000, 1_000_000, 3_000_000, 10_000_000)
"""Rows.  A billion: make the file with cases.brc.files.telemetry(10**9, 0) and give it hours."""


def uniform(n: int, seed: int, stations: int = 400, skew: float = 0.0) -> tuple[str]:
    """Make a file of ``n`` rows over so many stations; ``skew`` makes the first ones frequent."""
    from cases.brc.files import telemetry

    return (telemetry(n, seed, stations=stations, skew=skew),)


def nasty() -> Iterator[tuple[str]]:
    """Yield files that break parsers: no row, no final newline, extremes, ties of the mean, long and alike names, odd bytes."""
    from cases.brc.files import written

    yield (written(b""),)
    yield (written(b"A;0.0\n"),)
    yield (written(b"A;0.0"),)
    yield (written(b"A;-0.0\nA;0.0\n"),)
    yield (written(b"Cold;-99.9\nHot;99.9\nCold;-99.8\nHot;0.1"),)
    for ties in (
        b"T;0.1\nT;0.2\n",
        b"T;-0.1\nT;-0.2\n",
        b"T;0.1\nT;0.0\n",
        b"T;-0.1\nT;0.0\n",
        b"T;0.1\nT;0.1\nT;0.2\n",
        b"T;-0.1\nT;-0.1\nT;-0.2\n",
    ):
        yield (written(ties),)
    yield (written("Zürich;1.0\nZu\u0308rich;2.0\n東京;3.3\nÜ;-4.4\n🌡;5.5\n".encode()),)
    long = ("x" * 99).encode()
    yield (written(long + b"a;1.1\n" + long + b"b;2.2\n" + long + b"a;3.3\n"),)
    yield (written(b"".join(b"%s;%d.%d\n" % (b"s" * size, size % 100, size % 10) for size in range(1, 101))),)
    yield (written(b"".join(b"ab%d;%d.0\nba%d;-%d.5\n" % (i, i % 90, i, i % 90) for i in range(300))),)
    yield (written(b" ;1.0\n-;2.0\n.;3.0\n1.5;4.0\n\"q\";5.0\n'q';6.0\n#c;7.0\na,b;8.0\nNULL;9.0\nnan;9.1\n"),)
    yield (written(b"one;9.9\n" * 1000),)
    yield (written(b"short;1.2\n" + b"a much longer name than that;-12.3\n" * 7 + b"x;3.4\n" * 5),)
    yield (written(b"".join(b"%s;5.%d\n" % (letter.encode() * 7, place % 10) for place, letter in enumerate("abcdefghijklmnop" * 40))),)


def examples() -> SearchStrategy[Any]:
    """Return a strategy of small files."""
    from hypothesis import strategies as st

    from cases.brc.files import written

    name = st.text(alphabet="abé;- 東".replace(";", ""), min_size=1, max_size=10)
    row = st.tuples(name, st.integers(-999, 999))

    def file(rows: list[tuple[str, int]], last_newline: bool) -> tuple[str]:
        lines = [f"{station};{'-' if tenths < 0 else ''}{abs(tenths) // 10}.{abs(tenths) % 10}" for station, tenths in rows]
        return (written(("\n".join(lines) + ("\n" if last_newline and lines else "")).encode()),)

    return st.builds(file, st.lists(row, max_size=12), st.booleans())


def least_seconds(limits: Limits, path: str) -> float:
    """Every byte of the file must be read once, by all cores together."""
    import os

    return limits.read_seconds(os.path.getsize(path)) / limits.parallel_capacity


case = Case(
    function="summarise",
    variants=(
        "naive",
        "bytes_partition",
        "distinct",
        "generators",
        "numpy",
        "cython",
        "numba",
        "pool",
        "threads",
        "dask",
        "polars",
        "duckdb",
    ),
    rivals=("polars", "duckdb"),
    techniques={"naive": Technique.PYTHON, "bytes_partition": Technique.STDLIB, "threads": Technique.THREADS},
    workloads=(
        *sweep(uniform, n=SIZES),
        Workload("stations-10", partial(uniform, stations=10), 200_000),
        Workload("stations-10000", partial(uniform, stations=10_000), 200_000),
        Workload("skewed", partial(uniform, stations=400, skew=1.2), 200_000),
    ),
    default=("1000", "20000", "1000000"),
    same=exact,
    bound=least_seconds,
    adversarial=nasty,
    strategy=examples,
    verify_up_to=20_000,
)
