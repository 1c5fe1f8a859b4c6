"""Which customer records are the same person?  All pairs within edit distance k.

``k`` is an integer of any size; nothing is nearer than 0, and everything is within the longest record.  Records are a sequence of str,
each of fewer than 2**31 - 1 letters: the variants that fill a matrix, or take the library's, count in 32 bits, and refuse longer ones.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from harness import Case, Gate, Limits, Work, sweep, unordered

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

FIRST = (
    "Anna Björn Chloé Dmitri Elif François Grace Hüseyin Ines Jürgen Katarzyna Liam Mei Noël Olga Pedro Quentin Rosa Søren Tomáš".split()
)
LAST = "Müller Smith Nowak García Rossi Jensen Dubois Kowalska Öztürk Novák Andersson Silva Papadopoulos O'Brien Van-Dijk Lindqvist".split()
STREETS = (
    "High Street,Hauptstraße,Rue de la Gare,Calle Mayor,Via Roma,Storgatan,ul. Długa,Rua Nova,Elm Lane,Am Markt,Lípová,Sankt-Annæ-Gade"
).split(",")
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
    """Make ``n`` mistyped copies of one record; k is 3.  Filters find next to nothing to skip, and half of all pairs is found."""
    source = random.Random(seed)
    base = person(source)
    return [mistyped(source, base, source.randint(0, 4)) for _ in range(n)], 3


def person(source: random.Random) -> str:
    """Return name, street and town of somebody: 20 to 60 letters; every third has a second first name."""
    name = source.choice(FIRST)
    if source.random() < 1 / 3:
        name += f" {source.choice(FIRST)}"
    return f"{name} {source.choice(LAST)}, {source.choice(STREETS)} {source.randint(1, 199)}, {source.choice(TOWNS)}"


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
    yield ["", "", "abc"], 0
    yield ["same", "same", "same"], 0
    yield ["same", "same", ""], -1  # nothing is nearer than equal
    yield ["kitten", "sitting", "sittin", "mitten"], 3
    yield ["kitten", "sitting", "sittin", "mitten"], 2
    yield ["abc", "xyz", "abcxyz"], 3
    yield ["ab", "ba", "abab", "baba"], 2
    yield ["listen", "silent", "enlist", "tinsel"], 4  # one bag of letters, far apart
    yield ["abcdef", "uvcdef", "uvwdef", "cdefab"], 2  # bags exactly 2 k apart, and just beyond
    yield ["naïve", "naive", "nai\u0308ve", "NAIVE"], 2
    yield ["\U0001f600a", "\U0001f601a", "a\U0001f600"], 1
    yield ["\u0161\u0161", "aa", "\u0261\u0161"], 1  # letters alike in their lowest eight bits
    yield ["\x00", "", "\x00\x00", "\ud800", "\U0010ffff"], 1
    yield ["".join(map(chr, range(start, 1200, 19))) for start in (40, 41, 59)], 60  # more letters than a byte can number
    for length in (1, 2, 3, 31, 32, 33, 62, 63, 64, 65, 66):
        base = ("abcdefgh" * 9)[:length]
        yield [base, base[:-1], base[1:], base + "z", "z" + base, base[: length // 2] + "z" + base[length // 2 + 1 :], base[::-1]], 1
        yield [base, base[2:] + "xy", "xy" + base, "y" + base[1:-1] + "y", base * 2], 4
    for length in (127, 128, 129, 130, 191, 192, 193):
        base = ("abcdefgh" * 25)[:length]
        yield [base, "z" + base[:-1], base[: length // 2] + "zz" + base[length // 2 + 1 :]], 2
        yield [base, base[70:] + "x" * 70], 140  # the way leads far off the diagonal
    yield ["a" * 70, "a" * 72, "a" * 74, "b" * 70], 3
    yield ["a" * 64, "b" * 64, "a" * 32 + "b" * 32], 64
    yield ["a" * 300, "a" * 257 + "b" * 44], 44  # more of one letter than a byte can count
    for k in (0, 1, 2**31 - 1, 2**31, 2**32, 2**62, 2**63 - 1, 2**63, 2**64):  # all pairs, whatever `2 * k` or `k + 1` fits into
        yield ["kitten", "sitting", "", "an entirely different one"], k
        yield ["same", "same", "x"], -k - 1
    yield ["short", "a very much longer record than that"], 100


def examples() -> SearchStrategy[Any]:
    """Return a strategy of records over a small alphabet, where near pairs are likely; some longer than a word."""
    from hypothesis import strategies as st

    record = st.text(alphabet="abcé ", max_size=12) | st.text(alphabet="ab", min_size=60, max_size=70)
    return st.tuples(st.lists(record, max_size=7), st.integers(0, 5))


def least_seconds(limits: Limits, names: list[str], k: int) -> float:
    """The call; every record looked into; every pair that is found made into a tuple.

    Looked into: its reference in the list, its length, and where another's length differs by d <= k, at least k - d + 1 of its
    letters.  Whoever has seen fewer cannot know that the two are far apart: let all letters that nobody looked at be equal,
    and d insertions with k - d replacements turn one into the other.  A pair that is found is a tuple that was not there before; those among the first records
    are counted here, so that a bound takes no minute.

    Not the cells of any matrix, nor a comparison a pair: the filters of `blocking` never look at most pairs, and nobody
    has shown how many have to be looked at.  So the bound grows with the records and all programs with their pairs.
    """
    opened = 16 * len(names) + sum(letters_to_see(sorted(map(len, names)), k))
    first = names[:_COUNTED]
    found = sum(within(one, other, k) for place, one in enumerate(first) for other in first[:place])
    return limits.c_call_seconds + limits.read_seconds(opened) + found * limits.object_seconds


_COUNTED = 50


def letters_to_see(lengths: list[int], k: int) -> Iterator[int]:
    """How many letters of each record must be seen at least, of the shortest first: its nearest neighbours in length decide."""
    for place, length in enumerate(lengths):
        neighbours = lengths[max(0, place - 1) : place] + lengths[place + 1 : place + 2]
        nearest = min((abs(length - other) for other in neighbours), default=k + 1)
        yield min(length, max(0, k - nearest + 1))


def within(a: str, b: str, k: int) -> bool:
    """Whether two records are within edit distance ``k``: only cells within k of the diagonal can say so (Ukkonen, 1985)."""
    if abs(len(a) - len(b)) > k:
        return False
    row = {j: j for j in range(min(len(b), k) + 1)}
    for i, letter in enumerate(a, 1):
        above, row = row, {}
        for j in range(max(0, i - k), min(len(b), i + k) + 1):
            cell = above.get(j, k) + 1
            if j:
                cell = min(cell, row.get(j - 1, k) + 1, above.get(j - 1, k) + (letter != b[j - 1]))
            row[j] = cell
        if min(row.values()) > k:
            return False
    return row[len(b)] <= k


def textbook(names: list[str], k: int) -> Work:
    """Every cell of every pair's matrix: a comparison, three additions and a minimum of three; every letter read once."""
    del k
    letters = sum(map(len, names))
    cells = (letters * letters - sum(len(name) ** 2 for name in names)) / 2
    return Work(operations=6 * cells, n_bytes=letters + 8 * len(names))


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
        *sweep(records, n=(2, 4, 10, 16, 25, 50, 100, 250, 640, 1600, 4000, 10000, 25000)),
        *sweep(long_records, n=(64, 256, 1024, 4096), name="long-{n}"),
        *sweep(alike, n=(40, 400, 1500), name="alike-{n}"),
    ),
    default=("10", "25", "50"),
    same=unordered(),
    bound=least_seconds,
    growth=2.0,  # all pairs
    work=textbook,
    adversarial=nasty,
    strategy=examples,
    verify_up_to=50,
    gate=Gate(
        workloads=("2", "4", "10", "25", "50", "100", "250", "640"),
        tolerances={"pool": 0.25},  # two processes on what processors there are: nothing finer can be told
    ),
)
