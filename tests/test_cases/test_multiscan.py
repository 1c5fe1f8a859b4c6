"""Laws of the pattern search: strides and windows of every shape lose nothing, parts fit together, inputs are what they promise."""

from __future__ import annotations

import importlib
import random
import sys
from collections import Counter
from pathlib import Path

import pytest

from cases.multiscan import (
    alternation,
    automaton_numba,
    case,
    inputs,
    least_seconds,
    nasty,
    pieces,
    pool,
    rare_bytes,
    tokens,
    traps,
)
from cases.multiscan.naive import scan as reference
from harness.lab.limits.message import limits_of
from harness.model.limited import MachineLimits

COMPILED = ("automaton_c", "filter_c")
QUICK = (*COMPILED, "alternation", "rare_bytes", "tokens", "pieces", "aho_corasick")


def scan(variant: str, patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    hits: list[tuple[int, int]] = importlib.import_module(f"cases.multiscan.{variant}").scan(
        patterns, text
    )
    return hits


def question(
    seed: int, *, sizes: tuple[int, int], letters: bytes = b"abc", n: int = 30
) -> tuple[list[bytes], bytes]:
    """Make patterns of these sizes, half of them cut out of the text."""
    source = random.Random(seed)
    text = bytes(source.choices(letters, k=700))
    patterns = []
    for number in range(n):
        size = source.randint(*sizes)
        start = source.randrange(len(text) - size)
        patterns.append(
            text[start : start + size] if number % 2 else bytes(source.choices(letters, k=size))
        )
    return patterns, text


@pytest.mark.parametrize("variant", QUICK)
@pytest.mark.parametrize("shortest", [1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 31, 40])
def test_every_shortest_size_gives_its_own_stride_and_loses_nothing(
    variant: str, shortest: int
) -> None:
    """What the shortest pattern allows decides how much of the text is looked at, never what is found."""
    for seed, n in ((1, 1), (2, 3), (3, 30), (4, 300)):
        patterns, text = question(seed, sizes=(shortest, shortest + 9), n=n)

        assert sorted(reference(patterns, text)) == sorted(scan(variant, patterns, text))


@pytest.mark.parametrize("variant", COMPILED)
def test_nothing_is_read_beyond_the_end_and_nothing_before_it_is_missed(variant: str) -> None:
    """Whatever follows the end of a text, it is no part of it; whatever is the last byte, it is."""
    text = b"0123456789abcdefghijklmnopqrstuvwxyz" * 2
    for size in range(1, 40):
        needle = text[:size]
        for end in range(size, len(text)):
            assert reference([needle, needle + b"?"], text[:end]) == scan(
                variant, [needle, needle + b"?"], text[:end]
            )


@pytest.mark.parametrize("variant", COMPILED)
def test_the_order_of_patterns_only_renames_the_hits(variant: str) -> None:
    patterns, text = question(5, sizes=(1, 20))
    order = random.Random(5).sample(range(len(patterns)), len(patterns))

    shuffled = scan(variant, [patterns[place] for place in order], text)

    assert sorted(scan(variant, patterns, text)) == sorted(
        (order[number], start) for number, start in shuffled
    )


@pytest.mark.parametrize("variant", COMPILED)
def test_patterns_do_not_disturb_each_other(variant: str) -> None:
    """The hits of all are the hits of each."""
    patterns, text = question(6, sizes=(1, 20))
    alone = [
        (number, start)
        for number, pattern in enumerate(patterns)
        for _, start in scan(variant, [pattern], text)
    ]

    assert alone == sorted(scan(variant, patterns, text))


def test_false_alarms_without_end_are_given_up_and_nothing_is_lost_or_doubled() -> None:
    """Patterns made to look like the text wherever the filter looks: the automaton takes over, hits noted before do not count twice."""
    patterns, text = traps(200, 1)
    patterns.append(b"ab" * 30)

    hits = scan("filter_c", patterns, text)

    assert Counter(reference(patterns, text)) == Counter(hits)


@pytest.mark.parametrize("rival", ["ahocorasick_rs", "pyahocorasick"])
@pytest.mark.parametrize("letters", [b"ab", bytes(range(256)), b"\x00\xff"])
def test_the_rivals_agree_on_what_an_occurrence_is(rival: str, letters: bytes) -> None:
    pytest.importorskip("ahocorasick" if rival == "pyahocorasick" else rival)
    for seed in range(5):
        patterns, text = question(seed, sizes=(1, 12), letters=letters)

        assert sorted(scan("filter_c", patterns, text)) == sorted(scan(rival, patterns, text))


@pytest.mark.parametrize("variant", COMPILED)
def test_what_is_no_pattern_is_refused(variant: str) -> None:
    for wrong in ([b"a", b""], ["text"], [b"a", None]):
        with pytest.raises(ValueError, match="is no bytes, or empty"):
            scan(variant, wrong, b"text")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        scan(variant, [b"a"], "text")  # type: ignore[arg-type]


@pytest.mark.parametrize("variant", COMPILED)
def test_the_patterns_are_given_back(variant: str) -> None:
    """No reference is kept, whether something was found, nothing was, or the call was refused."""
    pattern, text = b"".join([b"indi", b"cator"]), b"".join([b"an indi", b"cator"])
    before = sys.getrefcount(pattern), sys.getrefcount(text)
    for _ in range(5):
        scan(variant, [pattern, pattern], text)
        scan(variant, [pattern], b"nothing")
        with pytest.raises(ValueError):
            scan(variant, [pattern, b""], text)

    assert before == (sys.getrefcount(pattern), sys.getrefcount(text))


def test_the_numba_automaton_walks_again_where_hits_are_more_than_it_expected() -> None:
    text = b"a" * 1500

    assert [(number, start) for number in (0, 1) for start in range(1500)] == sorted(
        automaton_numba.scan([b"a", b"a"], text)
    )


@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_hits_belong_to_the_chunk_they_start_in(size: int) -> None:
    """Neighbouring chunks overlap by the longest pattern less one byte, and share no hit."""
    patterns, text = question(7, sizes=(1, 12))
    beyond = max(map(len, patterns)) - 1

    hits = [
        hit
        for begin in range(0, len(text), size)
        for hit in pool.chunk_hits(begin, size, patterns, text[begin : begin + size + beyond])
    ]

    assert sorted(reference(patterns, text)) == sorted(hits)


def test_beginnings_of_a_pattern_are_those_that_occur_where_it_does() -> None:
    assert alternation.beginnings([b"ab", b"abc", b"b", b"ab", b"a"]) == {
        b"ab": [4, 0, 3],
        b"abc": [4, 0, 3, 1],
        b"b": [2],
        b"a": [4],
    }


def test_the_expression_is_not_remembered() -> None:
    """Or a benchmark would compile it once, and a service's cache would be full of patterns."""
    import re

    patterns, text = question(8, sizes=(3, 9))
    scan("alternation", patterns, text)

    assert not re._cache  # type: ignore[attr-defined]  # there is no public look at it


def test_filters_say_no_only_where_it_is_certain() -> None:
    """Every pattern that occurs passes each of the filters, wherever its words are cut."""
    text = b"GET /cart-old/items?id=7 from 10.0.0.1, x_y"
    words = set(tokens.WORD.findall(text))
    grams = {text[place : place + pieces.PIECE] for place in range(len(text) - pieces.PIECE + 1)}
    for begin in range(len(text)):
        for end in range(begin + 1, len(text) + 1):
            assert tokens.possible(text[begin:end], words, b" ".join(words))
            assert pieces.is_possible(text[begin:end], grams)
    assert not tokens.possible(b"/art-old/", words, b" ".join(words))
    assert not pieces.is_possible(b"cart_old", grams)


def test_a_rare_byte_may_stand_anywhere_in_its_pattern() -> None:
    assert [2] == rare_bytes.around([0, 1, 4], b"..!", ord("!"), b"!!..!")


def test_some_rarest_bytes_are_just_few_and_some_just_many() -> None:
    """There are inputs between what a byte can count and the limit, and on both sides of that."""
    rarest = {min(map(text.count, pattern)) for patterns, text in nasty() for pattern in patterns}

    assert {255, 256, rare_bytes.FEW - 1, rare_bytes.FEW, rare_bytes.FEW + 1} <= rarest


def test_logs_hold_indicators_and_have_the_size_that_was_asked_for() -> None:
    patterns, text = case.workloads[3].arguments()

    assert len(text) == 100_000
    assert len(set(patterns)) == 30
    assert 3 <= len(reference(patterns, text)) <= 100
    with pytest.raises(UnicodeDecodeError):
        text.decode()


def test_the_source_is_the_standard_librarys_and_half_of_the_phrases_are_in_it() -> None:
    text = inputs.library_source()
    patterns = inputs.phrases(text, 40, 3)

    assert Path(random.__file__).read_bytes() in text
    assert all(pattern in text for pattern in patterns[::2])
    assert [len(pattern) for pattern in patterns if not 5 <= len(pattern) <= 24] == []


def test_the_bound_asks_for_no_more_than_a_skipping_search_sees(
    machines_limits: MachineLimits,
) -> None:
    """Long patterns allow long skips: the longer the shortest, the less has to be seen; without a pattern, nothing has."""
    limits, text = limits_of(machines_limits), b"." * 10**6
    seconds = [least_seconds(limits, [b"x" * size], text) for size in (1, 8, 64, 1000)]

    assert sorted(seconds, reverse=True) == seconds
    assert seconds[0] <= limits.c_call_seconds + limits.read_seconds(len(text) + 16)
    assert limits.c_call_seconds == least_seconds(limits, [], text)
