"""What counts as the same: tolerances, NaN, zeros, types, order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

SameClass: TypeAlias = Callable[[type, type], bool]
"""Whether two classes count as one: those of two revisions in one process, say."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The policy of one comparison; with all tolerances 0 it is exact."""

    rtol: float = 0.0
    atol: float = 0.0
    most_ulps: int = 0
    nan_equal: bool = True
    signed_zero: bool = False
    interchangeable: tuple[type, ...] = ()
    order: bool = True
    """Whether the order of an OrderedDict is a part of it."""
    same_class: SameClass | None = field(default=None, compare=False, repr=False)
    """None: a class is itself only."""
    watching: bool = False
    """Looks for changes of one's own argument: all fields and flags count, and what the walk does
    not know is passed over."""
    positions: bool = True
    """Whether it counts how far a file, an iterator or a random generator has been used."""

    @property
    def tolerant(self) -> bool:
        """Whether numbers need not be the same."""
        return bool(self.rtol or self.atol)

    @property
    def near(self) -> bool:
        """Whether any other number may do, by a tolerance or by its bits."""
        return bool(self.rtol or self.atol or self.most_ulps)

    def one_type(self, expected: type, actual: type) -> bool:
        """Whether two types that differ count as one."""
        if expected in self.interchangeable and actual in self.interchangeable:
            return True
        return self.same_class is not None and self.same_class(expected, actual)
