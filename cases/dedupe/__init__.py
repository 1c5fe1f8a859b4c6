"""Which customer records are the same person?  All pairs within edit distance k."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from harness import Case, Limits, Workload, sweep, unordered

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

FIRST = (
    "Anna Björn Chloé Dmitri Elif François Grace Hüseyin Ines Jürgen Katarzyna Liam Mei Noël Olga Pedro Quentin Rosa Søren Tomáš".split()
)
LAST = "Müller Smith Nowak García Rossi Jensen Dubois Kowalska Öztürk Novák Andersson Silva Papadopoulos O'Brien Van-Dijk Lindqvist".split()
TOWNS = "Leeds,Lyon,Köln,Sevilla,Torino,Malmö,Gdańsk,Porto,Aarhus,Brno,Ghent,Patras".split(",")
LETTERS = "abcdefghijklmnopqrstuvwxyzäöüéø '-0123456789"


def records(n: int, seed: int) -> tuple[list[str], int]:
    """Make ``n`` customer records, every fourth a mistyped copy of an earlier one; k is 2."""
    source = random.Random(seed)
    made: list[str] = []
    for _ in range(n):
        made.append(mistyped(source, source.choice(made), source.randint(0, 3)) if made and source.random() < 0.25 else person(source))
    return made, 2


def long_records(n: int, seed: int) -> tuple[list[str], int]:
    """Make four records of ``n`` letters, two of them alike; k is a quarter of the length."""
    source = random.Random(seed)
    base = "".join(source.choices(LETTERS, k=n))
    return [base, mistyped(source, base, n // 8), "".join(source.choices(LETTERS, k=n)), mistyped(source, base, n // 5)], n // 4


def alike(n: int, seed: int) -> tuple[list[str], int]:
    """Make ``n`` records that all begin alike and differ little: blocking finds nothing to skip."""
    source = random.Random(seed)
    base = person(source)
    return [mistyped(source, base, source.randint(0, 4)) for _ in range(n)], 3


def person(source: random.Random) -> str:
    """Return name, number and town of somebody."""
    return f"{source.choice(FIRST)} {source.choice(LAST)}, {source.randint(1, 199)} {source.choice(TOWNS)}"


def mistyped(source: random.Random, text: str, slips: int) -> str:
    """Return ``text`` with so many letters inserted, dropped or replaced."""
    letters = list(text)
    for _ in range(slips):
        place = source.randrange(len(letters) + 1)
        slip = source.randrange(3)
        if slip == 0:
            letters.insert(place, source.choice(LETTERS))
        elif slip == 1 and place < len(letters):
            del letters[place]
        elif place < len(letters):
            letters[place] = source.choice(LETTERS)
    return "".join(letters)


def nasty() -> Iterator[tuple[list[str], int]]:
    """Yield what breaks programs: empty, one, equal, at and beside the threshold, word boundaries, odd letters."""
    yield [], 2
    yield ["alone"], 2
    yield ["", "", "a", "ab"], 1
    yield ["same", "same", "same"], 0
    yield ["kitten", "sitting", "sittin", "mitten"], 3
    yield ["kitten", "sitting", "sittin", "mitten"], 2
    yield ["abc", "xyz", "abcxyz"], 3
    yield ["ab", "ba", "abab", "baba"], 2
    yield ["naïve", "naive", "nai\u0308ve", "NAIVE"], 2
    yield ["\U0001f600a", "\U0001f601a", "a\U0001f600"], 1
    yield ["\u0161\u0161", "aa", "\u0261\u0161"], 1
    for length in (1, 2, 3, 31, 32, 33, 62, 63, 64, 65, 66, 127, 128, 129, 130, 191, 192, 193):
        base = ("abcdefgh" * 25)[:length]
        yield [base, base[:-1], base[1:], base + "z", "z" + base, base[: length // 2] + "z" + base[length // 2 + 1 :], base[::-1]], 1
        yield [base, base[2:] + "xy", "xy" + base, "y" + base[1:-1] + "y", base * 2], 4
    yield ["a" * 70, "a" * 72, "a" * 74, "b" * 70], 3
    yield ["a" * 64, "b" * 64, "a" * 32 + "b" * 32], 64
    yield ["short", "a very much longer record than that"], 100


def examples() -> SearchStrategy[Any]:
    """Return a strategy of short records over a small alphabet, where collisions are likely."""
    from hypothesis import strategies as st

    record = st.text(alphabet="abcé ", max_size=12) | st.text(alphabet="ab", min_size=60, max_size=70)
    return st.tuples(st.lists(record, max_size=7), st.integers(0, 5))


def least_seconds(limits: Limits, names: list[str], k: int) -> float:
    """Every record must be read once.

    Not cells / 64 per word operation: that bounds bit-parallel work on *all* pairs, and lossless blocking
    never looks at most of them.
    """
    del k
    return limits.read_seconds(sum(map(len, names)))


case = Case(
    function="pairs",
    variants=(
        "naive",
        "banded",
        "myers",
        "blocking",
        "matrix_c",
        "matrix_numba",
        "myers_c",
        "myers_numba",
        "pool",
        "blocking_c",
        "rapidfuzz",
    ),
    rivals=("rapidfuzz",),
    workloads=(
        *sweep(records, n=(10, 16, 25, 40, 70, 160, 400, 1000, 2500, 6000)),
        *sweep(long_records, n=(64, 256, 1024, 4096), name="long-{n}"),
        Workload("alike-60", alike, 60),
    ),
    default=("10", "25", "70"),
    same=unordered(),
    bound=least_seconds,
    adversarial=nasty,
    strategy=examples,
    verify_up_to=70,
)
