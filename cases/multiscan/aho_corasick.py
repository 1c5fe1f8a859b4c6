"""The textbook's automaton (Aho and Corasick, 1975) on dicts: one step a byte, whatever the number of patterns."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Automaton:
    """The trie of the patterns; a state is a number, 0 the root."""

    children: list[dict[int, int]] = field(default_factory=lambda: [{}])
    """Of every state, by the next byte."""
    failure: list[int] = field(default_factory=lambda: [0])
    """The state of the longest end of what was read that is a beginning of a pattern too."""
    ending: list[list[tuple[int, int]]] = field(default_factory=lambda: [[]])
    """(number, size) of the patterns that end there, those of the failure states among them."""

    def insert(self, number: int, pattern: bytes) -> None:
        """Add a pattern to the trie."""
        state = 0
        for byte in pattern:
            following = self.children[state].setdefault(byte, len(self.children))
            if following == len(self.children):
                self.children.append({})
                self.failure.append(0)
                self.ending.append([])
            state = following
        self.ending[state].append((number, len(pattern)))

    def link(self) -> None:
        """Set the failure states, breadth first: they are nearer to the root."""
        row = list(self.children[0].values())
        while row:
            deeper = []
            for state in row:
                for byte, child in self.children[state].items():
                    self.failure[child] = self.step(self.failure[state], byte)
                    self.ending[child] = self.ending[child] + self.ending[self.failure[child]]
                    deeper.append(child)
            row = deeper

    def step(self, state: int, byte: int) -> int:
        """Return the state after one more byte."""
        while state and byte not in self.children[state]:
            state = self.failure[state]
        return self.children[state].get(byte, 0)


def scan(patterns: list[bytes], text: bytes) -> list[tuple[int, int]]:
    """Return (number of the pattern, start) of every occurrence of every pattern; they may overlap."""
    automaton = Automaton()
    for number, pattern in enumerate(patterns):
        automaton.insert(number, pattern)
    automaton.link()
    return walk(automaton, text)


def walk(automaton: Automaton, text: bytes) -> list[tuple[int, int]]:
    """Go through the text: `step` written out, because a call a byte would double the time."""
    children, failure, ending = automaton.children, automaton.failure, automaton.ending
    hits = []
    state = 0
    for end, byte in enumerate(text, 1):
        following = children[state].get(byte)
        while following is None and state:
            state = failure[state]
            following = children[state].get(byte)
        state = following or 0
        if ending[state]:
            hits += [(number, end - size) for number, size in ending[state]]
    return hits
