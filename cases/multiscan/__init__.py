"""Which of ten thousand indicators occur in these logs, and where?  Every occurrence of every pattern, overlaps included.

Patterns are bytes, at least one each; the same pattern twice is reported under both numbers.  A hit is (number of the
pattern, start), the answer a list of them in no particular order.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from cases.multiscan import inputs
from harness import Case, Gate, Limits, Technique, Work, Workload, sweep, unordered

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

LOG_BYTES = 100_000
SOURCE_BYTES = 500_000
Question = tuple[list[bytes], bytes]
Hit = tuple[int, int]


def triage(n: int, seed: int, size: int = LOG_BYTES) -> Question:
    """Make ``n`` indicators, and logs that hold some of them in one line out of fifty."""
    patterns = inputs.indicators(n, seed)
    return patterns, inputs.logs(size, seed, patterns)


def volume(n: int, seed: int) -> Question:
    """Make a thousand indicators, and ``n`` bytes of logs."""
    return triage(1000, seed, n)


def source(n: int, seed: int) -> Question:
    """Take ``n`` phrases of the standard library's own source, every other one misspelt, and that source."""
    text = inputs.library_source()[:SOURCE_BYTES]
    return inputs.phrases(text, n, seed), text


def prefixes(n: int, seed: int) -> Question:
    """Make ``n`` URLs that begin alike, and a text of URLs that begin like them: only the end can tell."""
    chooser = random.Random(seed)
    begin = b"https://cdn-static.example.org/assets/js/vendor/"
    patterns = [begin + b"%08x.js" % chooser.getrandbits(32) for _ in range(n)]
    lines = [begin + b"%08x.js\n" % chooser.getrandbits(32) if chooser.random() < 0.99 else chooser.choice(patterns) for _ in range(1500)]
    return patterns, b"".join(lines)


def nested(n: int, seed: int) -> Question:
    """Make ``n`` runs of one letter, all lengths, and a text of hardly any other letter: nearly everything matches everywhere."""
    chooser = random.Random(seed)
    return [b"a" * size for size in range(1, n + 1)], bytes(chooser.choices(b"ab", (200, 1), k=1500))


def two_letters(n: int, seed: int) -> Question:
    """Make ``n`` words of two letters, and a text of these: every place is a beginning of something."""
    chooser = random.Random(seed)
    patterns = [bytes(chooser.choices(b"ab", k=chooser.randint(12, 20))) for _ in range(n)]
    return patterns, bytes(chooser.choices(b"ab", k=20_000))


def traps(n: int, seed: int) -> Question:
    """Make ``n`` patterns that look like the text at both ends and in the middle, and differ from it where no filter looks."""
    chooser = random.Random(seed)
    return [trap(chooser, 1 + number % 7) for number in range(n)], b"ab" * 10_000 + trap(chooser, 3) + b"ab" * 10_000


def trap(chooser: random.Random, at: int) -> bytes:
    """Return a run of `ab`, ninety bytes, with a digit a little before or behind the first quarter."""
    run = bytearray(b"ab" * 45)
    run[17 + at] = chooser.choice(b"0123456789")
    return bytes(run)


def nasty() -> Iterator[Question]:
    """Yield what breaks programs: nothing, all, ends, overlaps, duplicates, all bytes, hits by the hundred, and sizes around words, windows and blocks."""
    yield from tiny()
    yield from ends()
    yield from odd_bytes()
    yield from rare_but_not_very()
    for make, n in ((prefixes, 20), (nested, 12), (two_letters, 60), (traps, 40)):
        yield make(n, 5)
    long = random.Random(8).randbytes(66_000)  # longer than any window reaches
    yield [long, long[-9:], long[:9]], b"x" + long + long[:100] + long


def tiny() -> Iterator[Question]:
    """No pattern, no text, overlaps, patterns in patterns, the same pattern twice."""
    yield [], b"text"
    yield [b"a"], b""
    yield [b"a"], b"a"
    yield [b"b"], b"a"
    yield [b"ab"], b"a"
    yield [b"aa"], b"aaaaa"
    yield [b"a", b"aa", b"aaa"], b"aaaa"
    yield [b"he", b"she", b"his", b"hers"], b"ushers his she"
    yield [b"same", b"other", b"same", b"am"], b"samesame"
    yield [b"abcd", b"bc", b"b", b"bcd", b"abcde"], b"abcdabcdeabc"
    yield [b"abab", b"baba", b"abababab"], b"abababababab"
    yield [b"ab", b"a|b", b"a.b", b"(", b"\\", b"[a]", b"^a", b"b$", b"*"], b"ab a|b a.b axb ( \\ [a] ^a b$ *"
    yield [b"Evil", b"evil", b"EVIL"], b"evil EVIL eViL Evil"
    yield [b"two\nlines", b"\r\n", b"\n"], b"two\nlines\r\ntwo\n\nlines"
    yield [b"word", b"ord", b"wor", b"a word", b"word b", b" word ", b"key=word"], b"word sword words a word, key=word b word b"


def ends() -> Iterator[Question]:
    """Hits at both ends of texts and of parts of texts, near misses beyond them."""
    for size in (1, 2, 3, 4, 5, 7, 8, 9, 11, 15, 16, 17, 31, 33):
        pattern = b"abcdefghijklmnopqrstuvwxyz0123456789"[:size]
        yield [pattern, pattern[:-1] or b"z", pattern[1:] or b"z"], pattern
        yield [pattern], pattern[:-1] + pattern + pattern[1:]
        yield [pattern, pattern + b"!"], pattern + b"." * 40 + pattern
        for before in (0, 1, 7, 8, 63, 64, 65, 509, 510, 511, 512, 513):
            yield [pattern, b"." + pattern, pattern + b"."], b"." * before + pattern + b"." * (600 - before)
    for size in range(1, 20):
        yield [b"needle in hay", b"in", b"needles"], (b"needle in hay" * 3)[:size]


def odd_bytes() -> Iterator[Question]:
    """All bytes, zeros, text that is no UTF-8, and pieces that are equal but for what lies behind the end."""
    every = bytes(range(256))
    yield [bytes((byte,)) for byte in every], every
    yield [every, every[1:], every[:-1], every[100:130], b"\xff\x00"], every + every
    yield [every[:255], b"\xfe"], every[:255]  # one byte is in no pattern
    yield [b"\x00", b"\x00\x00\x00", b"a\x00", b"\x00" * 9], b"\x00" * 20 + b"a\x00"
    yield [b"abc", b"abc\x00", b"abc\x00\x00\x00\x00\x00"], b"abc\x00\x00 abc\x00\x00\x00\x00\x00"
    yield ["é".encode(), "é".encode("latin-1"), "\u0308".encode(), b"\xc3", b"\xa9"], "né ne\u0308 ".encode() + "né".encode("latin-1")
    yield [b"\x80", b"\xff\xff", b"\x7f\x80"], b"\x7f\x80\xff\xff\xff\x80"


def rare_but_not_very() -> Iterator[Question]:
    """Patterns that occur more often than a byte can count, below the number at which `rare_bytes` gives up, at it, and above."""
    for times in (255, 256, 280, 299, 300, 301):
        yield [b"needleQ", b"Q", b"Qx", b"eedleQxxx", b"xneed", b"needleZ"], (b"x" * 7 + b"needleQ") * times


def examples() -> SearchStrategy[Any]:
    """Return a strategy of few letters, where hits overlap; patterns are cut out of the text or made of its letters."""
    from hypothesis import strategies as st

    @st.composite
    def question(draw: Any) -> Question:
        letters = draw(st.sampled_from((b"a", b"ab", b"ab. ", b"\x00\x80\xff")))
        text = bytes(draw(st.lists(st.sampled_from(letters), max_size=120)))
        pattern = st.lists(st.sampled_from(letters), min_size=1, max_size=20).map(bytes)
        if text:
            place = st.integers(0, len(text) - 1)
            pattern |= st.builds(lambda begin, size: text[begin : begin + size], place, st.integers(1, 40))
        return draw(st.lists(pattern, max_size=8)), text

    return question()


def every_hit_is_one(arguments: Question, answer: list[Hit]) -> str | None:
    """Whoever reports a hit can show it, and shows it once."""
    patterns, text = arguments
    for number, start in answer:
        if start < 0 or not text.startswith(patterns[number], start):
            return f"pattern {number} does not stand at {start}"
    return None if len(set(answer)) == len(answer) else "a hit is reported twice"


def least_seconds(limits: Limits, patterns: list[bytes], text: bytes) -> float:
    """The call; of every pattern its reference and size; of the text the cache lines that must come; a tuple a hit.

    Not all of the text: of as many bytes in a row as the shortest pattern has, one must be seen, or it could stand there.  So
    a text of N bytes needs N / shortest looks.  A cache line of 64 bytes comes as a whole, and no more than 63 / shortest + 2 of these looks
    can fall into one.  Hits are counted among the first patterns and bytes, so that a bound takes no minute, and without overlaps.
    """
    if not patterns:
        return limits.c_call_seconds
    shortest = min(map(len, patterns))
    lines = len(text) // shortest // (63 // shortest + 2)
    begin = text[:_COUNTED_BYTES]
    hits = sum(begin.count(pattern) for pattern in patterns[:_COUNTED_PATTERNS])
    return limits.c_call_seconds + limits.read_seconds(64 * lines + 16 * len(patterns)) + hits * limits.object_seconds


_COUNTED_PATTERNS = 100
_COUNTED_BYTES = 100_000


def comparisons(patterns: list[bytes], text: bytes) -> Work:
    """One comparison of each pattern at each place; text and patterns are read once."""
    return Work(operations=float(len(patterns)) * len(text), n_bytes=len(text) + sum(map(len, patterns)))


case = Case(
    function="scan",
    variants=(
        "naive",
        "alternation",
        "rare_bytes",
        "tokens",
        "pieces",
        "aho_corasick",
        "pool",
        "automaton_numba",
        "automaton_c",
        "filter_c",
        "ahocorasick_rs",
        "pyahocorasick",
    ),
    rivals=("ahocorasick_rs", "pyahocorasick"),
    techniques={"alternation": Technique.STDLIB, "tokens": Technique.PYTHON},
    workloads=(
        *sweep(triage, n=(1, 3, 10, 30, 100, 300, 1000, 3000, 10_000)),
        *sweep(volume, n=(100_000, 300_000, 1_000_000, 3_000_000, 10_000_000, 30_000_000), name="bytes-{n}"),
        *sweep(source, n=(10, 100, 1000), name="source-{n}"),
        Workload("prefixes", prefixes, 300),
        Workload("nested", nested, 30),
        Workload("two-letters", two_letters, 300),
        Workload("traps", traps, 300),
        Workload("brief", partial(triage, size=200), 4),
    ),
    default=("10", "300", "10000"),
    same=unordered(),
    bound=least_seconds,
    growth=1.0,  # searching a pattern, or building something of it; and a longer text
    work=comparisons,
    invariants=(every_hit_is_one,),
    adversarial=nasty,
    strategy=examples,
    verify_up_to=300,
    gate=Gate(
        workloads=("brief", "1", "3", "10"),
        tolerances={"pool": 0.25},  # processes on what processors there are: nothing finer can be told
    ),
)
