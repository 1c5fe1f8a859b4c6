"""Laws of edit distance: what the filters skip is truly too far, and the compiled bodies are exact where words and bounds meet."""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable
from typing import TypeAlias

import pytest

from cases.dedupe import (
    LETTERS,
    alike,
    case,
    letters_to_see,
    long_records,
    mistyped,
    nasty,
    records,
    textbook,
    within,
)
from cases.dedupe.blocking import letter_bags
from cases.dedupe.myers import letter_masks, levenshtein

Pairs: TypeAlias = Callable[[list[str], int], list[tuple[int, int, int]]]
WITH_WORDS = ("myers_c", "blocking_c", "myers_numba")


def variant(name: str) -> Pairs:
    """The function of a compiled variant; skips where it is not built."""
    try:
        found: Pairs = importlib.import_module(f"cases.dedupe.{name}").pairs
    except ImportError as missing:
        pytest.skip(f"{name}: {missing}")
    return found


def distance_of(a: str, b: str) -> int:
    """By big integers, which know no words."""
    return levenshtein(letter_masks(a), len(a), b)


@pytest.mark.parametrize("name", WITH_WORDS)
def test_long_records_are_exact_at_the_threshold_and_one_below(name: str) -> None:
    """k = distance finds a pair, k = distance - 1 does not, however many words the path crosses."""
    pairs = variant(name)
    source = random.Random(1)
    for _ in range(120):
        length = source.randint(60, 700)
        a = "".join(source.choices("ab" if source.random() < 0.3 else LETTERS, k=length))
        turned = source.randint(0, 90)
        b = mistyped(
            source, a[turned:] + a[:turned], source.choice((0, 1, 3, length // 8, length // 2))
        )
        distance = distance_of(a, b)

        assert pairs([a, b], distance) == [(0, 1, distance)]
        assert pairs([a, b], distance - 1) == []


@pytest.mark.parametrize("name", WITH_WORDS)
@pytest.mark.parametrize("make", [records, long_records, alike])
def test_order_of_records_is_of_no_consequence(
    name: str, make: Callable[[int, int], tuple[list[str], int]]
) -> None:
    """Shuffled records give the same pairs under their new numbers."""
    pairs = variant(name)
    names, k = make(130, 2)
    order = random.Random(3).sample(range(len(names)), len(names))
    place = {old: new for new, old in enumerate(order)}

    expected = {
        (min(place[i], place[j]), max(place[i], place[j]), distance)
        for i, j, distance in pairs(names, k)
    }
    assert expected == set(pairs([names[old] for old in order], k))


def test_one_edit_changes_the_bag_by_two_letters_at_most() -> None:
    """The law on which blocking stands."""
    source = random.Random(4)
    for _ in range(300):
        text = records(1, source.randrange(10**6))[0][0]
        before, after = letter_bags([text, mistyped(source, text, 1)])

        assert (before ^ after).bit_count() <= 2


def test_a_bag_counts_every_letter() -> None:
    """Bags of two texts differ by as many bits as one has letters that the other has not."""
    same, other, longer = letter_bags(["listen", "silent", "listens!"])

    assert same == other
    assert (same ^ longer).bit_count() == 2


def test_records_look_like_those_of_customers() -> None:
    """Lengths from 20 to 60, letters beyond ASCII, and true duplicates."""
    names, k = records(400, 0)

    assert all(18 <= len(name) <= 62 for name in names)
    assert any(not name.isascii() for name in names)
    assert any(distance_of(a, b) <= k for i, a in enumerate(names[:60]) for b in names[i + 1 : 60])
    assert case.default == ("10", "25", "50")


def test_the_bound_counts_true_pairs_only() -> None:
    """Its own test of nearness agrees with the distance, on what breaks programs and on records: or it would be no lower bound."""
    for names, k in (*nasty(), records(40, 3), alike(12, 1)):
        for place, one in enumerate(names):
            for other in names[:place]:
                assert within(one, other, k) is (distance_of(one, other) <= k)


def test_letters_that_must_be_seen() -> None:
    """Of records alike in length k + 1 letters, fewer where lengths differ, none of a lonely one; never more than there are."""
    assert list(letters_to_see([1, 10, 10, 12, 40], 2)) == [0, 3, 3, 1, 0]
    assert list(letters_to_see([1, 1], 5)) == [1, 1]
    assert list(letters_to_see([7], 2)) == list(letters_to_see([3, 3], -1))[:1] == [0]


def test_the_textbooks_work_is_its_cells() -> None:
    """Lengths 2, 3 and 4: 6 + 8 + 12 cells of six operations; nine letters and three references."""
    work = textbook(["ab", "abc", "abcd"], 1)

    assert (work.operations, work.n_bytes) == (6 * 26, 9 + 24)
