"""Slips a colleague could make.  Every one of them must be refused."""

from __future__ import annotations

import re

from cases.multiscan.aho_corasick import Automaton, walk
from cases.multiscan.naive import scan as right
from cases.multiscan.rare_bytes import FEW, around, everywhere


def without_overlaps(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """The search goes on behind a hit, so `aa` is in `aaaa` twice."""
    return [(number, found.start()) for number, pattern in enumerate(patterns) for found in re.finditer(re.escape(pattern), text)]


def first_only(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """One `find` a pattern: the second occurrence is never looked for."""
    return [(number, start) for number, pattern in enumerate(patterns) if (start := text.find(pattern)) >= 0]


def one_pattern_a_place(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """An alternation in a lookahead: at each place the first branch that fits hides all others."""
    if not patterns:
        return []
    order = sorted(range(len(patterns)), key=lambda number: -len(patterns[number]))
    expression = re.compile(b"(?=(" + b"|".join(re.escape(patterns[number]) for number in order) + b"))", re.DOTALL)
    numbers = {patterns[number]: number for number in reversed(order)}
    return [(numbers[found[1]], found.start()) for found in expression.finditer(text)]


def ends_for_starts(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """An automaton knows where a hit ends, and that is what is reported."""
    return [(number, start + len(patterns[number]) - 1) for number, start in right(patterns, text)]


def same_pattern_once(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """A dict of patterns: of equal ones only the last keeps its number."""
    last = {pattern: number for number, pattern in enumerate(patterns)}
    return [(number, start) for number, start in right(patterns, text) if last[patterns[number]] == number]


def chunks_without_overlap(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """The text is cut, and what lies across a cut is lost."""
    size = 64
    return [(number, begin + start) for begin in range(0, len(text), size) for number, start in right(patterns, text[begin : begin + size])]


def chunks_with_too_much_overlap(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """Chunks reach beyond by the longest pattern and not by one byte less: what begins there is found by both neighbours."""
    size, beyond = 64, max(map(len, patterns), default=0)
    return [
        (number, begin + start)
        for begin in range(0, len(text), size)
        for number, start in right(patterns, text[begin : begin + size + beyond])
    ]


def no_hits_of_failure_states(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """Only what ends in a state itself is reported: `he` in `she` is missed."""
    automaton = Automaton()
    for number, pattern in enumerate(patterns):
        automaton.insert(number, pattern)
    own = [list(ending) for ending in automaton.ending]
    automaton.link()
    automaton.ending = own
    return walk(automaton, text)


def whole_words(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """A set of the text's words: a pattern that is a part of one is missed."""
    return [
        (number, start)
        for number, start in right(patterns, text)
        if not text[max(0, start - 1) : start].isalnum()
        and not text[start + len(patterns[number]) : start + len(patterns[number]) + 1].isalnum()
    ]


def any_case(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """Upper and lower case are folded."""
    return right([pattern.lower() for pattern in patterns], text.lower())


def line_by_line(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """The text is read by lines: a pattern with a line break in it is nowhere."""
    hits, begin = [], 0
    for line in text.split(b"\n"):
        hits += [(number, begin + start) for number, start in right(patterns, line)]
        begin += len(line) + 1
    return hits


def letters_for_bytes(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """Everything is decoded first: places count letters, and what is no UTF-8 is all the same."""
    return [
        (number, found.start())
        for number, pattern in enumerate(patterns)
        for found in re.finditer(f"(?={re.escape(pattern.decode(errors='replace'))})", text.decode(errors="replace"))
    ]


def four_bytes_are_enough(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """A filter without the look at what it lets through."""
    return [
        (number, start)
        for number, pattern in enumerate(patterns)
        for (_, start) in right([pattern[:4]], text)
        if start + len(pattern) <= len(text)
    ]


def places_counted_in_a_byte(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """Room for 255 places of the rarest byte, though up to FEW are looked at: the rest of them is forgotten."""
    hits = []
    for number, pattern in enumerate(patterns):
        rarest = min(pattern, key=text.count)
        places = everywhere(text, bytes((rarest,)))
        starts = around(places[:255], pattern, rarest, text) if len(places) < FEW else everywhere(text, pattern)
        hits += [(number, start) for start in starts]
    return hits


def last_place_not_looked_at(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """Off by one: a pattern at the very end is not seen."""
    return [(number, start) for number, start in right(patterns, text) if start + len(patterns[number]) < len(text)]


def patterns_sorted_in_place(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """The caller's list is sorted on the way; the hits are right, the list is another."""
    hits = right(list(patterns), text)
    patterns.sort(key=len)
    return hits


AUTOMATA: dict[tuple[int, int], Automaton] = {}


def stale_automaton(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """The automaton is kept, under a key that does not say which patterns it is of."""
    key = (len(patterns), sum(map(len, patterns)))
    if key not in AUTOMATA:
        AUTOMATA[key] = Automaton()
        for number, pattern in enumerate(patterns):
            AUTOMATA[key].insert(number, pattern)
        AUTOMATA[key].link()
    return walk(AUTOMATA[key], text)
