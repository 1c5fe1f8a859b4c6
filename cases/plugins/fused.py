"""A hook that has been called often enough becomes a function of its own, generated: one call after another, and no loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from cases.plugins.board import served
from cases.plugins.by_type import Desk as ByType
from cases.plugins.contract import FIRST, Event, Handed, Plugin, Report, Step

Fused: TypeAlias = Callable[[int, Event], Any]
HOT = 400
"""Generating costs some twenty microseconds a plugin and saves some tens of nanoseconds at each of its calls."""


class Desk(ByType):
    """An order desk that compiles its busy hooks."""

    def __init__(self, plugins: dict[str, Plugin]) -> None:
        super().__init__(plugins)
        self.fused: dict[str, Fused] = {}
        self.used: dict[str, int] = {}

    def changed(self) -> None:
        """Forget the functions as well, and count anew."""
        super().changed()
        self.fused.clear()
        self.used.clear()

    def collect(self, hook: str, number: int, event: Event) -> list[int]:
        """Return what the plugins say."""
        fused = self.fused.get(hook) or self.warmer(hook)
        said: list[int] = super().collect(hook, number, event) if fused is None else fused(number, event)
        return said

    def first(self, hook: str, number: int, event: Event) -> int | None:
        """Return what the first plugin says that says anything."""
        fused = self.fused.get(hook) or self.warmer(hook)
        value: int | None = super().first(hook, number, event) if fused is None else fused(number, event)
        return value

    def warmer(self, hook: str) -> Fused | None:
        """Count a call of the hook; return its function once there have been enough."""
        used = self.used[hook] = self.used.get(hook, 0) + 1
        if used < HOT:
            return None
        fused = self.fused[hook] = self.generated(hook)
        return fused

    def generated(self, hook: str) -> Fused:
        """Write and compile the function; what it calls are its globals, so each call has an inline cache to itself."""
        names: dict[str, Any] = {"failed": self.failed}
        lines = ["def fused(number, event):", " said = []"]
        answer = "return value" if hook == FIRST else "said.append(value)"
        for place, (name, call) in enumerate(self.bound(hook)):
            names[f"name{place}"], names[f"call{place}"] = name, call
            lines += [
                " try:",
                f"  value = call{place}(event)",
                " except Exception as error:",
                f"  failed(number, name{place}, error)",
                " else:",
                f"  if value is not None: {answer}",
            ]
        lines.append(" return None" if hook == FIRST else " return said")
        exec("\n".join(lines), names)  # noqa: S102  our own text; names and plugins come in as values
        fused: Fused = names["fused"]
        return fused


def serve(site: str, handed: Handed, script: list[Step]) -> Report:
    """Find the plugins, open the desk, do every step."""
    return served(Desk, site, handed, script)
