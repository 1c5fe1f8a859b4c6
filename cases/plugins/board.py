"""What the desks share that look for plugins only once: who is on, in the order of calls, and how a script is served."""

from __future__ import annotations

from collections.abc import Callable

from cases.plugins.contract import Failure, Handed, Outcome, Plugin, Report, Step, call_order
from cases.plugins.discovery import Found, discover
from cases.plugins.site import activated


class Board:
    """Names in the order of calls; a desk says what a step does, and what to forget when somebody comes or goes."""

    def __init__(self, plugins: dict[str, Plugin]) -> None:
        self.plugins = plugins
        self.names = call_order(plugins)
        self.failures: list[Failure] = []

    def handle(self, number: int, step: Step) -> Outcome:
        """Do one step."""
        raise NotImplementedError

    def disable(self, name: str) -> bool:
        """Switch a plugin off."""
        if name not in self.names:
            return False
        self.names.remove(name)
        self.changed()
        return True

    def enable(self, name: str) -> bool:
        """Switch a plugin on again: it is the newest now, so it is called first."""
        if name not in self.plugins or name in self.names:
            return False
        self.names.insert(0, name)
        self.changed()
        return True

    def changed(self) -> None:
        """Forget what was made of the names."""

    def failed(self, number: int, name: str, error: Exception) -> None:
        """Put down that a plugin raised."""
        self.failures.append((number, name, type(error).__name__))


def served(
    desk_of: Callable[[dict[str, Plugin]], Board],
    site: str,
    handed: Handed,
    script: list[Step],
    find: Callable[[str, Handed], Found] = discover,
) -> Report:
    """Find the plugins, open the desk, do every step."""
    with activated(site):
        found = find(site, handed)
        desk = desk_of(found.plugins)
        started = desk.names[:]
        handle = desk.handle
        outcomes = [handle(number, step) for number, step in enumerate(script)]
    return Report(started, found.broken, outcomes, desk.failures)
