"""Aho and Corasick's automaton over arrays, compiled at the first call: rows for the states near the root, links for the others."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int32]

ROWS = 512
"""So many states have a row of 256 transitions: half a megabyte stays in the second cache."""


def scan(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """Return (number of the pattern, start) of every occurrence of every pattern; they may overlap."""
    letters = np.frombuffer(b"".join(patterns), dtype=np.uint8)
    sizes = np.fromiter(map(len, patterns), dtype=np.int64, count=len(patterns))
    child, sibling, by_letter, at_end, same = trie(letters, sizes)
    first, letter, ending = numbered(child, sibling, by_letter, at_end)
    fail, nearest, rows = linked(first, letter, ending)
    data = np.frombuffer(text, dtype=np.uint8)
    found = 1000  # room for so many; where that is too little, the second walk has enough
    numbers = starts = np.empty(0, np.int64)
    while found > len(numbers):
        numbers, starts = np.empty(found, np.int64), np.empty(found, np.int64)
        found = walk(data, sizes, first, letter, ending, fail, nearest, rows, same, numbers, starts)
    return list(zip(numbers[:found].tolist(), starts[:found].tolist(), strict=True))


@njit(cache=True)
def trie(letters: Bytes, sizes: NDArray[np.int64]) -> tuple[Numbers, Numbers, Bytes, Numbers, Numbers]:
    """Return the trie in the order of insertion: first child and next sibling of every state; 1 + number of the pattern that ends there.

    The last array links patterns that are the same.
    """
    most = len(letters) + 1
    child, sibling, at_end = np.zeros(most, np.int32), np.zeros(most, np.int32), np.zeros(most, np.int32)
    by_letter, same = np.zeros(most, np.uint8), np.zeros(len(sizes), np.int32)
    states, begin = 1, 0
    for number in range(len(sizes)):
        state = 0
        for place in range(begin, begin + sizes[number]):
            following = child[state]
            while following and by_letter[following] != letters[place]:
                following = sibling[following]
            if not following:
                following = states
                states += 1
                by_letter[following] = letters[place]
                sibling[following] = child[state]
                child[state] = following
            state = following
        same[number] = at_end[state]
        at_end[state] = number + 1
        begin += sizes[number]
    return child[:states], sibling, by_letter, at_end, same


@njit(cache=True)
def numbered(child: Numbers, sibling: Numbers, by_letter: Bytes, at_end: Numbers) -> tuple[Numbers, Bytes, Numbers]:
    """Number the states breadth first, so that children are neighbours: first child, letter, and pattern of every state."""
    states = len(child)
    order, first = np.zeros(states, np.int32), np.empty(states + 1, np.int32)
    letter, ending = np.empty(states, np.uint8), np.empty(states, np.int32)
    known = 1
    for state in range(states):
        first[state], letter[state], ending[state] = known, by_letter[order[state]], at_end[order[state]]
        following = child[order[state]]
        while following:
            order[known] = following
            known += 1
            following = sibling[following]
    first[states] = known
    return first, letter, ending


@njit(cache=True)
def linked(first: Numbers, letter: Bytes, ending: Numbers) -> tuple[Numbers, Numbers, NDArray[np.int32]]:
    """Return failure states, the nearest state on their way where a pattern ends, and the rows."""
    states = len(letter)
    fail, nearest = np.zeros(states, np.int32), np.zeros(states, np.int32)
    rows = np.zeros((min(ROWS, states), 256), np.int32)
    for state in range(states):
        if state < len(rows):
            if state:
                rows[state] = rows[fail[state]]
            for child in range(first[state], first[state + 1]):
                rows[state, letter[child]] = child
        nearest[state] = state if ending[state] else nearest[fail[state]]
        for child in range(first[state], first[state + 1]):
            fail[child] = step(fail[state], letter[child], first, letter, fail, rows) if state else 0
    return fail, nearest, rows


@njit(cache=True)
def step(state: int, byte: int, first: Numbers, letter: Bytes, fail: Numbers, rows: NDArray[np.int32]) -> int:
    """Return the state after one more byte."""
    while state >= len(rows):
        for child in range(first[state], first[state + 1]):
            if letter[child] == byte:
                return child
        state = fail[state]
    return rows[state, byte]


@njit(cache=True)
def walk(
    text: Bytes,
    sizes: NDArray[np.int64],
    first: Numbers,
    letter: Bytes,
    ending: Numbers,
    fail: Numbers,
    nearest: Numbers,
    rows: NDArray[np.int32],
    same: Numbers,
    numbers: NDArray[np.int64],
    starts: NDArray[np.int64],
) -> int:
    """Note numbers and starts of the hits as far as there is room, and return how many there are.

    `step` is written out, and no array is made here: references would be counted at every byte, which takes longer than a step.
    """
    found, state, dense = 0, 0, len(rows)
    for end in range(len(text)):
        byte = text[end]
        following = 0
        while state >= dense and not following:
            for child in range(first[state], first[state + 1]):
                if letter[child] == byte:
                    following = child
            state = fail[state]
        state = following or rows[state, byte]
        at = nearest[state]
        while at:
            pattern = ending[at]
            while pattern:
                if found < len(numbers):
                    numbers[found], starts[found] = pattern - 1, end + 1 - sizes[pattern - 1]
                found += 1
                pattern = same[pattern - 1]
            at = nearest[fail[at]]
    return found
