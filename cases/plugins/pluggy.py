"""The library `pluggy`, which pytest is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pluggy import HookspecMarker, PluginManager

from cases.plugins.contract import (
    HOOKS,
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
    Routes,
    Step,
    call_order,
)
from cases.plugins.discovery import discover
from cases.plugins.site import activated

specification = HookspecMarker("desk")
_HOOKS = frozenset(HOOKS.values())
_PLAIN = {"wrapper": False, "hookwrapper": False, "optionalhook": False, "tryfirst": False, "trylast": False, "specname": None}


class Specifications:
    """The hooks, as pluggy wants to know them."""

    @specification
    def on_placed(self, event: Placed) -> int | None:
        """Hear of a new order."""

    @specification
    def on_paid(self, event: Paid) -> int | None:
        """Hear of a payment."""

    @specification
    def on_refunded(self, event: Refunded) -> int | None:
        """Hear of a refund."""

    @specification(firstresult=True)
    def quote(self, event: Quote) -> int | None:
        """Say what shipping costs."""


class Manager(PluginManager):
    """Takes hooks by their names, as pytest does, since the plugins are not marked for pluggy."""

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        """Return the options of a hook."""
        return _PLAIN.copy() if name in _HOOKS else None


class Guarded:
    """A plugin whose exceptions are put down: pluggy stops at the first one."""

    def __init__(self, desk: Desk, name: str, plugin: Plugin) -> None:
        for hook in _HOOKS:
            method = getattr(plugin, hook, None)
            if method is not None:
                setattr(self, hook, guard(desk, name, method))

    def __dir__(self) -> Iterator[str]:
        return iter(vars(self))  # nothing else is worth pluggy's while


def guard(desk: Desk, name: str, method: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a hook that says nothing where the plugin raises."""

    def call(event: Any) -> Any:
        try:
            return method(event)
        except Exception as error:
            desk.failures.append((desk.number, name, type(error).__name__))
            return None

    return call


class Desk:
    """An order desk around pluggy's manager."""

    def __init__(self, plugins: dict[str, Plugin]) -> None:
        self.failures: list[Failure] = []
        self.number = 0
        self.routes = Routes()
        self.manager = Manager("desk")
        self.manager.add_hookspecs(Specifications)
        self.hooks: dict[str, Any] = {hook: getattr(self.manager.hook, hook) for hook in _HOOKS}
        self.guarded = {name: Guarded(self, name, plugin) for name, plugin in plugins.items()}
        self.started = call_order(plugins)
        for name in reversed(self.started):  # pluggy calls first what was registered last, and so do we
            self.manager.register(self.guarded[name], name)

    def handle(self, number: int, step: Step) -> Outcome:
        """Do one step."""
        if isinstance(step, Disable):
            return self.manager.unregister(name=step.name) is not None
        if isinstance(step, Enable):
            return self.enable(step.name)
        self.number = number
        said: Outcome = self.deliver(step)
        return said

    def enable(self, name: str) -> bool:
        """Register a plugin again."""
        if name not in self.guarded or self.manager.has_plugin(name):
            return False
        self.manager.register(self.guarded[name], name)
        return True

    def deliver(self, event: Event) -> Any:
        """Call the hook."""
        return self.hooks[self.routes[type(event)]](event=event)


def serve(site: str, handed: Handed, script: list[Step]) -> Report:
    """Find the plugins, open the desk, do every step."""
    with activated(site):
        # its own load_setuptools_entrypoints() ends at the first package that cannot be imported
        found = discover(site, handed)
        desk = Desk(found.plugins)
        outcomes = [desk.handle(number, step) for number, step in enumerate(script)]
    return Report(desk.started, found.broken, outcomes, desk.failures)
