"""Slips a colleague could make.  Every one of them must be refused."""

from __future__ import annotations

from collections import Counter

from cases.dedupe.naive import levenshtein
from cases.dedupe.naive import pairs as right


def strictly_less(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """`<` for `<=`: pairs exactly at the threshold are lost."""
    return [pair for pair in right(names, k) if pair[2] < k]


def last_record_dropped(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """Off by one: the last record has no partner."""
    return right(names[:-1], k)


def both_ways(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """Every pair is reported twice, as (i, j) and (j, i)."""
    return [pair for i, j, d in right(names, k) for pair in ((i, j, d), (j, i, d))]


def case_folded(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """Letters are folded first: A and a become equal."""
    return right([name.casefold() for name in names], k)


def hamming(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """Positions are compared one by one: an insertion shifts everything."""
    found = []
    for i, a in enumerate(names):
        for j, b in enumerate(names[i + 1 :], i + 1):
            distance = sum(x != y for x, y in zip(a, b, strict=False)) + abs(len(a) - len(b))
            if distance <= k:
                found.append((i, j, distance))
    return found


def transposition_is_one(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """Damerau's distance: swapping two neighbours costs one, not two."""

    def damerau(a: str, b: str) -> int:
        rows = [[i + j if i * j == 0 else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
        for i in range(1, len(a) + 1):
            for j in range(1, len(b) + 1):
                rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]))
                if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                    rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
        return rows[-1][-1]

    found = []
    for i, a in enumerate(names):
        for j, b in enumerate(names[i + 1 :], i + 1):
            if abs(len(a) - len(b)) <= k and (distance := damerau(a, b)) <= k:
                found.append((i, j, distance))
    return found


def first_letter_blocks(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """Blocking that loses pairs: only records with the same first letter are compared."""
    return [(i, j, d) for i, j, d in right(names, k) if names[i][:1] == names[j][:1]]


def bytes_for_letters(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """UTF-8 bytes are compared: é for e costs two."""
    found = []
    for i, a in enumerate(names):
        for j, b in enumerate(names[i + 1 :], i + 1):
            distance = levenshtein(_bytes(a), _bytes(b))
            if distance <= k:
                found.append((i, j, distance))
    return found


def distance_capped(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """The distance itself is forgotten: every pair found is reported at k."""
    return [(i, j, k) for i, j, _ in right(names, k)]


def one_word_only(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """Records are cut to 64 letters, as one machine word would."""
    return right([name[:64] for name in names], k)


def records_sorted_in_place(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """The caller's list is sorted by length on the way; the numbers found are right, the list is another."""
    order = sorted(range(len(names)), key=lambda number: len(names[number]))
    names.sort(key=len)
    return [(min(order[i], order[j]), max(order[i], order[j]), d) for i, j, d in right(names, k)]


def bags_too_strict(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """A filter that loses pairs: a replacement changes two counts of letters, so 2 k may differ, not k."""
    bags = [Counter(name) for name in names]
    return [(i, j, d) for i, j, d in right(names, k) if ((bags[i] - bags[j]) + (bags[j] - bags[i])).total() <= k]


def equal_records_once(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """Records are put into a dict first: of several equal ones only the last keeps its number."""
    last = {name: number for number, name in enumerate(names)}
    return [(i, j, d) for i, j, d in right(names, k) if last[names[i]] == i and last[names[j]] == j]


def low_bits_of_letters(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """Letters are looked up by their lowest eight bits: š and a are the same."""
    found = []
    for i, a in enumerate(names):
        for j, b in enumerate(names[i + 1 :], i + 1):
            distance = levenshtein("".join(chr(ord(x) & 255) for x in a), "".join(chr(ord(x) & 255) for x in b))
            if distance <= k:
                found.append((i, j, distance))
    return found


def doubled_in_a_machine_word(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """The filter's 2 k is computed in 64 bits: from 2**62 on it is negative, and nothing passes."""
    doubled = (2 * k + 2**63) % 2**64 - 2**63
    bags = [Counter(name) for name in names]
    return [(i, j, d) for i, j, d in right(names, k) if ((bags[i] - bags[j]) + (bags[j] - bags[i])).total() <= doubled]


def one_more_in_a_machine_word(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """What is too far is k + 1 in 64 bits: at 2**63 - 1 that is the smallest number there is."""
    too_far = (k + 1 + 2**63) % 2**64 - 2**63
    return [pair for pair in right(names, k) if pair[2] < too_far]


def k_in_32_bits(names: list[str], k: int) -> list[tuple[int, int, int]]:
    """k is cut to a C int without a word."""
    return right(names, (k + 2**31) % 2**32 - 2**31)


def _bytes(name: str) -> str:
    return name.encode("utf-8", "surrogatepass").decode("latin-1")
