"""The library `stevedore`, which OpenStack is made of."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

from stevedore._cache import Cache
from stevedore.extension import Extension, ExtensionManager

from cases.plugins.contract import (
    FIRST,
    GROUP,
    HOOKS,
    Disable,
    Enable,
    Event,
    Failure,
    Handed,
    Outcome,
    Plugin,
    Report,
    Routes,
    Step,
    call_order,
)
from cases.plugins.site import activated

_NOWHERE = EntryPoint("", "", GROUP)
"""Where a plugin is from that was handed over: the library insists on something."""


class Manager(ExtensionManager[Any]):
    """Loads what is installed, and remembers nothing for the next manager of this process or for the next process."""

    def __init__(self) -> None:
        cache = Cache()
        cache._disable_caching = True  # what a file named .disable in the user's cache folder does
        self.ENTRY_POINT_CACHE = {GROUP: cache.get_group_all(GROUP)}
        self.broken: dict[str, str] = {}
        super().__init__(GROUP, on_load_failure_callback=self.note_broken)

    def note_broken(self, manager: ExtensionManager[Any], point: EntryPoint, error: BaseException) -> None:
        """Put down what could not be loaded."""
        self.broken[point.value] = type(error).__name__


def found_by_stevedore(site: str, handed: Handed) -> tuple[dict[str, Plugin], dict[str, str]]:
    """Return the plugins by name, and what could not be loaded."""
    plugins = dict(handed)
    if not site:
        return plugins, {}
    manager = Manager()
    for extension in sorted(manager.extensions, key=lambda one: (one.name, one.entry_point.value)):
        plugins.setdefault(extension.name, extension.plugin)
    return plugins, manager.broken


class Desk:
    """An order desk with a manager for every hook, of the extensions that have it."""

    def __init__(self, plugins: dict[str, Plugin]) -> None:
        self.failures: list[Failure] = []
        self.routes = Routes()
        self.started = call_order(plugins)
        self.on = set(plugins)
        self.extensions = {hook: extensions_of(plugins, hook) for hook in HOOKS.values()}
        self.managers: dict[str, Any] = {}
        for hook, extensions in self.extensions.items():
            ours = [extensions[name] for name in self.started if name in extensions]
            self.managers[hook] = ExtensionManager.make_test_instance(ours, GROUP)
        self.known = frozenset(plugins)

    def handle(self, number: int, step: Step) -> Outcome:
        """Do one step."""
        if isinstance(step, Disable):
            return self.disable(step.name)
        if isinstance(step, Enable):
            return self.enable(step.name)
        hook = self.routes[type(step)]
        return self.first(hook, number, step) if hook == FIRST else self.collect(hook, number, step)

    def disable(self, name: str) -> bool:
        """Switch a plugin off."""
        if name not in self.on:
            return False
        self.on.remove(name)
        for hook, extensions in self.extensions.items():
            if name in extensions:
                self.managers[hook].extensions.remove(extensions[name])
        return True

    def enable(self, name: str) -> bool:
        """Switch a plugin on again."""
        if name not in self.known or name in self.on:
            return False
        self.on.add(name)
        for hook, extensions in self.extensions.items():
            if name in extensions:
                self.managers[hook].extensions.insert(0, extensions[name])
        return True

    def collect(self, hook: str, number: int, event: Event) -> list[int]:
        """Let the library call every extension; it would only log what they raise, so it is caught before."""
        manager = self.managers[hook]
        if not manager.extensions:  # for the library that is an error
            return []
        return [value for value in manager.map(self.called, number, event) if value is not None]

    def first(self, hook: str, number: int, event: Event) -> int | None:
        """Go through the extensions: the library has no call that ends at the first answer."""
        for extension in self.managers[hook]:
            value: int | None = self.called(extension, number, event)
            if value is not None:
                return value
        return None

    def called(self, extension: Any, number: int, event: Event) -> Any:
        """Call one extension; its object is the bound method."""
        try:
            return extension.obj(event)
        except Exception as error:
            self.failures.append((number, extension.name, type(error).__name__))
            return None


def extensions_of(plugins: dict[str, Plugin], hook: str) -> dict[str, Any]:
    """Return an extension for every plugin that has the hook; its object is the bound method."""
    methods = {name: getattr(plugin, hook, None) for name, plugin in plugins.items()}
    return {name: Extension(name, _NOWHERE, plugins[name], method) for name, method in methods.items() if method is not None}


def serve(site: str, handed: Handed, script: list[Step]) -> Report:
    """Find the plugins, open the desk, do every step."""
    with activated(site):
        plugins, broken = found_by_stevedore(site, handed)
        desk = Desk(plugins)
        outcomes = [desk.handle(number, step) for number, step in enumerate(script)]
    return Report(desk.started, broken, outcomes, desk.failures)
