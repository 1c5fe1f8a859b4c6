"""Where the time, the memory or the instructions of a variant go: stacks of frames with weights."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.model.measured import Key


class Tool(StrEnum):
    """Who looked."""

    PY_SPY = "py-spy"
    SCALENE = "scalene"
    MEMRAY = "memray"
    CALLGRIND = "callgrind"


UNITS = {
    Tool.PY_SPY: "samples",
    Tool.SCALENE: "samples",
    Tool.MEMRAY: "bytes",
    Tool.CALLGRIND: "instructions",
}
"""What a profile's weights are."""


@dataclass(frozen=True, slots=True, order=True)
class Frame:
    """One function on a stack, at one of its lines."""

    function: str
    file: str
    """Relative to the project where it is one of its files, else the library's name; empty: unknown."""
    line: int = 0
    """0: not known."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{self.function} ({place})" if place else self.function


@dataclass(frozen=True, slots=True)
class Stack:
    """The frames of one place in the program, outermost first, and how much was seen there."""

    frames: tuple[Frame, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class LineCost:
    """One line, as scalene sees it; shares are of the whole program's time, 0 to 1."""

    function: str
    file: str
    line: int
    python: float
    """Share of the time in which this line was interpreted."""
    native: float
    """In compiled code it called."""
    system: float
    """In the kernel, or waiting."""
    allocated_bytes: int
    copied_bytes_per_second: float


@dataclass(frozen=True, slots=True)
class Profile:
    """One variant on one workload, looked at by one tool; only what its own calls do is in it."""

    key: Key
    tool: Tool
    seconds: float | None
    """Of one call while it was looked at; None: the tool slows it down too much to say."""
    calls: int
    stacks: tuple[Stack, ...]
    revision: str = ""
    """What was checked out; empty: the working tree."""
    lines: tuple[LineCost, ...] = ()
    """Where the tool knows lines and not only stacks."""

    @property
    def total(self) -> float:
        """All that was seen."""
        return sum(stack.weight for stack in self.stacks)

    @property
    def cost(self) -> float:
        """Of one call: its seconds, or bytes or instructions where the tool counts those."""
        if UNITS[self.tool] == "samples":
            return self.seconds or 0.0
        return self.total / max(1, self.calls)


@dataclass(frozen=True, slots=True)
class Spot:
    """One function: what is spent in it, and in it and all it calls."""

    function: str
    file: str
    own: float
    """Share of the whole, 0 to 1."""
    total: float
    lines: tuple[tuple[int, float], ...] = ()
    """Its hottest lines, each with its share of the whole spent on that line itself."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one function itself costs in one call, before and after."""

    function: str
    file: str
    before: float
    after: float

    @property
    def by(self) -> float:
        """How much more."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class ProfileDiff:
    """Two profiles beside each other; the functions that changed most first."""

    before: Profile
    after: Profile
    changes: tuple[Change, ...]
