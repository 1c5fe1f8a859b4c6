"""Ask the installed packages who is there, and each plugin whether it knows the hook, at every event."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Protocol, runtime_checkable

from cases.plugins.contract import (
    GROUP,
    Disable,
    Enable,
    Event,
    Failure,
    Handed,
    Outcome,
    Paid,
    Placed,
    Plugin,
    Quote,
    Refunded,
    Report,
    Said,
    Step,
)
from cases.plugins.site import activated


@runtime_checkable
class OnPlaced(Protocol):
    """Wants to hear of new orders."""

    def on_placed(self, event: Placed) -> Said:
        """Say something, or nothing."""


@runtime_checkable
class OnPaid(Protocol):
    """Wants to hear of payments."""

    def on_paid(self, event: Paid) -> Said:
        """Say something, or nothing."""


@runtime_checkable
class OnRefunded(Protocol):
    """Wants to hear of refunds."""

    def on_refunded(self, event: Refunded) -> Said:
        """Say something, or nothing."""


@runtime_checkable
class Quotes(Protocol):
    """May know what shipping costs."""

    def quote(self, event: Quote) -> Said:
        """Say what it costs, or nothing."""


class Desk:
    """An order desk that remembers names only; everything else it looks up."""

    def __init__(self, site: str, handed: Handed) -> None:
        self.site = site
        self.handed = handed
        self.broken: dict[str, str] = {}
        self.failures: list[Failure] = []
        plugins = self.plugins()
        self.names = sorted(plugins, key=lambda name: (plugins[name].order, name))

    def plugins(self) -> dict[str, Plugin]:
        """Return the plugins by name: those handed over, then those installed; the first of a name stays."""
        plugins = dict(self.handed)
        points = entry_points(group=GROUP) if self.site else ()
        for point in sorted(points, key=lambda point: (point.name, point.value)):
            try:
                plugin = point.load()
            except Exception as error:
                self.broken[point.value] = type(error).__name__
            else:
                plugins.setdefault(point.name, plugin)
        return plugins

    def handle(self, number: int, step: Step) -> Outcome:
        """Do one step."""
        if isinstance(step, Disable):
            return self.disable(step.name)
        if isinstance(step, Enable):
            return self.enable(step.name)
        return self.deliver(number, step)

    def disable(self, name: str) -> bool:
        """Switch a plugin off."""
        if name not in self.names:
            return False
        self.names.remove(name)
        return True

    def enable(self, name: str) -> bool:
        """Switch a plugin on again: it is the newest now, so it is called first."""
        if name in self.names or name not in self.plugins():
            return False
        self.names.insert(0, name)
        return True

    def deliver(self, number: int, event: Event) -> Outcome:
        """Call the plugins; one that raises does not keep the others from hearing of the event."""
        plugins = self.plugins()
        said: list[int] = []
        for name in self.names:
            try:
                value = call(plugins[name], event)
            except Exception as error:
                self.failures.append((number, name, type(error).__name__))
                continue
            if value is not None and isinstance(event, Quote):
                return value
            if value is not None:
                said.append(value)
        return None if isinstance(event, Quote) else said


def call(plugin: Plugin, event: Event) -> Said:
    """Call the hook that an event goes to, if the plugin has it."""
    if isinstance(event, Placed):
        return plugin.on_placed(event) if isinstance(plugin, OnPlaced) else None
    if isinstance(event, Paid):
        return plugin.on_paid(event) if isinstance(plugin, OnPaid) else None
    if isinstance(event, Refunded):
        return plugin.on_refunded(event) if isinstance(plugin, OnRefunded) else None
    return plugin.quote(event) if isinstance(plugin, Quotes) else None


def serve(site: str, handed: Handed, script: list[Step]) -> Report:
    """Find the plugins, open the desk, do every step."""
    with activated(site):
        desk = Desk(site, handed)
        started = list(desk.names)
        outcomes = [desk.handle(number, step) for number, step in enumerate(script)]
    return Report(started, desk.broken, outcomes, desk.failures)
