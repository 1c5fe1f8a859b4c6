"""How warm is every station?  Lowest, mean and highest reading over a telemetry file (the one-billion-row task).

A file holds lines `Station name;-12.3`, UTF-8; the last one may lack its newline.  A name has 1 to 100 bytes without
semicolon, line break or NUL (and the file no byte order mark); a reading has one or two digits before the point and one
behind it.  The answer is exact, in integer tenths: {station: (lowest, mean, highest, number)}, in no particular order,
where the mean is floor(total / number + 1/2), so that ties go towards the warmer tenth on both sides of zero.

What is no such file is refused with a ValueError that shows the line by ``cython``, ``threads``, ``numba`` and ``numpy``, which look at bytes themselves; the
others take what the parser takes that they call, and some of them more than there is in the form.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from cases.brc import inputs
from cases.brc.inputs import Distribution
from harness import Case, Gate, Limits, Technique, Work, Workload, exact, sweep

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from cases.brc.rollup import Summary


def uniform(n: int, seed: int) -> tuple[str]:
    """Make a file of ``n`` rows of 400 stations that report alike."""
    return (str(inputs.telemetry(Distribution("uniform", 400), n, seed)),)


def few(n: int, seed: int) -> tuple[str]:
    """Make a file of ``n`` rows of 10 stations: few distinct lines, and the tables sit in the first cache."""
    return (str(inputs.telemetry(Distribution("few", 10), n, seed)),)


def many(n: int, seed: int) -> tuple[str]:
    """Make a file of ``n`` rows of 10 000 stations: no table sits in the first cache."""
    return (str(inputs.telemetry(Distribution("many", 10_000), n, seed)),)


def skewed(n: int, seed: int) -> tuple[str]:
    """Make a file of ``n`` rows of 400 stations, of which the k-th reports in proportion to 1/k."""
    return (str(inputs.telemetry(Distribution("skewed", 400, skewed=True), n, seed)),)


def nasty() -> Iterator[tuple[str]]:
    """Yield small files that break parsers, tables and roundings."""
    for data in (*endings(), *means(), *odd_names(), *sizes()):
        yield (str(inputs.content(data)),)
    for make in (few, many, skewed):
        yield make(20_000, 5)


def endings() -> Iterable[bytes]:
    """No row, one row, with and without the last newline; the extremes, and both zeros."""
    yield b""
    for reading in (b"0.0", b"-0.0", b"0.1", b"-0.1", b"9.9", b"-9.9", b"10.0", b"-10.0", b"99.9", b"-99.9"):
        yield b"A;" + reading
        yield b"A;" + reading + b"\n"
    yield b"A;-99.9\nA;99.9"
    yield b"A;99.9\nB;-99.9\nA;-99.9\nB;99.9\n"
    yield b"A;1.0\nB;2.0\nA;1.0\nB;2.0"
    yield b"A;-0.0\nA;0.0\nB;0.0\nB;-0.5\n"


def means() -> Iterable[bytes]:
    """Ties of the mean on both sides of zero and just beside them, and totals that doubles get wrong."""
    yield rows(("up", (1, 2)), ("down", (-1, -2)), ("zero", (0, 1)), ("below", (0, -1)), ("odd", (2, 3)), ("cold", (-3, -2)))
    yield rows(("tie", (1, 1, 2, 2)), ("over", (1, 2, 2)), ("under", (1, 1, 2)))
    yield rows(("tie below", (-1, -1, -2, -2)), ("over below", (-1, -1, -2)), ("under below", (-1, -2, -2)))
    yield rows(("warm", (998, 999)), ("cold", (-999, -998)), ("both", (-999, 999)), ("a hair", (-999, 998)), ("five", (1, 2, 3, 4, 3)))
    # a tie or not, by a rounding error: every odd total, as many small sums of doubles
    yield rows(*((f"{a} and {b}", (a, b)) for a in range(1, 40, 3) for b in range(a + 1, 60, 2)))
    yield rows(*((f"six from {a}", (a, a + 1, a + 3, a + 4, a + 7, a + 6)) for a in range(-60, 60, 7)))
    yield rows(("all", tuple(range(-999, 1000))))
    yield b"same;12.3\n" * 1000 + b"other;-4.5\n" * 999


def odd_names() -> Iterable[bytes]:
    """Names that look like readings, quotes, comments or nothing; that are long, alike, or collide."""
    yield b" ;1.0\n A;1.1\nA ;1.2\nA;1.3\n\t;1.4\n\tA;1.5\n"
    yield b'-;2.0\n.;3.0\n1.5;4.0\n-1.5;4.1\n"q";5.0\n"half;5.1\n\'q\';6.0\n#c;7.0\na,b;8.0\na|b;8.1\n\\n;8.2\n'
    yield b"NULL;9.0\nnull;9.1\nnan;9.2\nNone;9.3\ntrue;9.4\n0;9.5\n-0;9.6\n"
    yield "Zürich;1.0\nZu\u0308rich;2.0\nzürich;2.1\nZÜRICH;2.2\n東京;3.3\nÜ;-4.4\n🌡;5.5\nß;6.6\nss;7.7\n".encode()
    yield "\u00a0x;1.0\nx;2.0\nx\u00a0;3.0\n".encode()
    yield "above\u2028below;1.0\nline\u2029end;2.0\nnext\u3000wide;3.0\nabove;4.0\nbelow;5.0\n".encode()
    for first in (7, 8, 9, 15, 16, 17, 24, 25, 63, 64, 65, 98, 99):
        begin = "x" * first
        yield rows((begin, (1,)), (begin + "a", (2, 3)), (begin + "b", (4, 6)), ("a" + begin, (-5,)), ("b" + begin, (-7,)))
    yield rows(*((letter * length, (length, -length)) for length in range(1, 101) for letter in "sS"))
    yield rows(("ü" * 50, (1, 2)), ("ü" * 49 + "ö", (3,)), ("ö" + "ü" * 49, (4,)), ("€" * 33 + "!", (5,)), ("🌡" * 25, (6,)))
    yield rows(*((f"{a}{b}", (17,)) for a in "ab" for b in ("ba" * 4, "ab" * 4, "ba" * 8, "ab" * 8)))
    for number in range(3):
        yield rows(*((name, (place % 7,)) for place, name in enumerate(inputs.colliding(300, number) * 2)))
        yield rows(*((name, (place % 7,)) for place, name in enumerate(inputs.colliding_by_bytes(150, number) * 2)))
    yield rows(*((name, (place % 7,)) for place, name in enumerate(inputs.alike_at_both_ends(300) * 2)))
    # one row each: more stations than any first table has room for
    yield rows(*((f"station {number}", (number % 1999 - 999,)) for number in range(3000)))


def sizes() -> Iterable[bytes]:
    """Rows longer than a chunk, rows that end where a chunk does, files about as long as a kernel looks ahead."""
    long = "l" * 100
    yield rows((long, (-999,)), ("s", (1,)))
    yield rows(("s", (1,)), (long, (-999,)))[:-1]
    yield rows(("a", (1,)), (long, (-999, 999, -1)), ("b", (2,)), (long, (5,)), ("c", (-3,)))
    for number in range(1, 20):
        yield b"A;1.0\n" * number + b"B;-1.0"
    for size in range(120, 138):
        yield (b"near;-12.3\n" * 20)[: (size - 8) // 11 * 11] + b"n" * ((size - 8) % 11 + 1) + b";-45.6\n"
    for page in (4096, 1 << 16):  # nothing lies behind the last byte of a file that fills its last page
        for last in (b"L;1.2", b"L;1.2\n", b"last;-98.7", b"last;-98.7\n", b"l" * 100 + b";-1.0"):
            yield filled(page, last)
    yield filled(1 << 20, b"L;1.2")  # as long as what is read at a time
    yield b"A;1.0\n" * 48  # every chunk ends where a row does
    yield b"A;1.0\n" * 47 + b"B;2.0"
    yield b"x;1.0\n" * 2 + rows((long, (123,) * 3)) + b"y;-1.0\n" * 5


def filled(size: int, last: bytes) -> bytes:
    """Return a file of so many bytes that ends with these."""
    left = size - len(last)
    short = (left - 7) // 6
    return b"A;1.0\n" * short + b"n" * (left - 6 * short - 5) + b";1.0\n" + last


def rows(*stations: tuple[str, Iterable[int]]) -> bytes:
    """Return a file with these readings, in tenths."""
    return b"".join(row(station, tenths) for station, readings in stations for tenths in readings)


def row(station: str, tenths: int) -> bytes:
    """Return one line."""
    sign = "-" if tenths < 0 else ""
    return f"{station};{sign}{abs(tenths) // 10}.{abs(tenths) % 10}\n".encode()


def examples() -> SearchStrategy[Any]:
    """Return a strategy of files of up to 60 rows: a few stations again and again, and any names at all."""
    from hypothesis import strategies as st

    letters = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters=";\ufeff")
    names = st.sampled_from(("A", "B", "Hamburg", "Saint-Ex", "Saint-Exu", "Å")) | st.text(letters, min_size=1, max_size=25)
    readings = st.sampled_from((-999, -1, 0, 1, 999)) | st.integers(-inputs.HOTTEST, inputs.HOTTEST)

    def file(lines: list[tuple[str, int]], newline: bool) -> tuple[str]:
        data = b"".join(row(station, tenths) for station, tenths in lines)
        return (str(inputs.content(data if newline else data.removesuffix(b"\n"))),)

    return st.builds(file, st.lists(st.tuples(names, readings), max_size=60), st.booleans())


def file_is_unchanged(arguments: tuple[str], answer: Summary) -> str | None:
    """Nobody may mend the file while reading it (a missing last newline, say)."""
    del answer
    return None if inputs.is_unchanged(*arguments) else f"{arguments[0]} has been changed"


def least_seconds(limits: Limits, path: str) -> float:
    """The call; the file opened, read or mapped, and closed; its bytes got at by all cores together; a name and a tuple a station.

    The bytes come out of the page cache, and no program gets at them sooner than the kernel copies or maps them.  That every
    station is a new string and a new tuple in the answer is counted over the first rows, so that a bound takes no minute.
    Not the rows: how few instructions a row can take, nobody knows.
    """
    import os
    from itertools import islice

    size = os.path.getsize(path)
    with open(path, "rb") as file:
        stations = len({line.partition(b";")[0] for line in islice(file, _COUNTED)})
    reading = max(limits.read_seconds(size), size / limits.file_read_bytes_per_second) / limits.parallel_capacity
    return limits.c_call_seconds + 3 * limits.system_call_seconds + reading + 2 * stations * limits.object_seconds


_COUNTED = 100_000


def every_byte(path: str) -> Work:
    """One comparison a byte, which is read once: no row can be told from the next without."""
    import os

    size = os.path.getsize(path)
    return Work(operations=size, n_bytes=size)


case = Case(
    function="summarise",
    variants=(
        "naive",
        "generators",
        "bytes_partition",
        "distinct",
        "pool",
        "dask",
        "numpy",
        "numba",
        "cython",
        "threads",
        "polars",
        "duckdb",
    ),
    rivals=("polars", "duckdb"),
    workloads=(
        *sweep(uniform, n=(100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)),
        Workload("stations-10", few, 1_000_000),
        Workload("stations-10000", many, 1_000_000),
        Workload("skewed", skewed, 1_000_000),
    ),
    default=("1000", "30000", "1000000"),
    same=exact,
    bound=least_seconds,
    growth=1.0,
    work=every_byte,
    techniques={"bytes_partition": Technique.STDLIB, "generators": Technique.PYTHON, "dask": Technique.DASK},
    invariants=(file_is_unchanged,),
    adversarial=nasty,
    strategy=examples,
    verify_up_to=100_000,
    gate=Gate(
        workloads=("100", "300", "1000", "3000", "10000"),
        tolerances={"pool": 0.25, "dask": 0.25, "threads": 0.25, "polars": 0.1, "duckdb": 0.1},
        uncounted=dict.fromkeys(("polars", "duckdb"), "the library works in threads of its own"),
    ),
)
