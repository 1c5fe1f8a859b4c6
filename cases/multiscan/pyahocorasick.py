"""The rival most often installed: pyahocorasick, a C automaton over str."""

from __future__ import annotations

import ahocorasick


def scan(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """Return (number of the pattern, start) of every occurrence of every pattern; they may overlap."""
    if not patterns:
        return []  # the library has no automaton of nothing
    numbers: dict[bytes, list[int]] = {}
    for number, pattern in enumerate(patterns):
        numbers.setdefault(pattern, []).append(number)
    automaton = ahocorasick.Automaton()
    for pattern, same in numbers.items():
        # its wheels take text only; in Latin-1 every byte is the letter of its number
        automaton.add_word(pattern.decode("latin-1"), (len(pattern), same))
    automaton.make_automaton()
    return [(number, end + 1 - size) for end, (size, same) in automaton.iter(text.decode("latin-1")) for number in same]
