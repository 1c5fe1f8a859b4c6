"""A dict of bound methods for every hook, read backwards: who comes last is called first, and coming or going makes nothing anew."""

from __future__ import annotations

from collections.abc import Callable

from cases.plugins.board import served
from cases.plugins.by_type import Desk as ByType
from cases.plugins.contract import HOOKS, Event, Handed, Plugin, Report, Step


class Desk(ByType):
    """An order desk whose tables grow at the end where the newest stand, as a dict keeps its order of insertion."""

    def __init__(self, plugins: dict[str, Plugin]) -> None:
        super().__init__(plugins)
        self.on: dict[str, None] = {}
        self.methods: dict[str, dict[str, Callable[[Event], int | None]]] = {hook: {} for hook in HOOKS.values()}
        for name in reversed(self.names):
            self.add(name)

    def add(self, name: str) -> None:
        """Put a plugin where the newest stand."""
        self.on[name] = None
        for hook, methods in self.methods.items():
            method = getattr(self.plugins[name], hook, None)
            if method is not None:
                methods[name] = method

    def disable(self, name: str) -> bool:
        """Switch a plugin off."""
        if name not in self.on:
            return False
        del self.on[name]
        for methods in self.methods.values():
            methods.pop(name, None)
        return True

    def enable(self, name: str) -> bool:
        """Switch a plugin on again."""
        if name in self.on or name not in self.plugins:
            return False
        self.add(name)
        return True

    def collect(self, hook: str, number: int, event: Event) -> list[int]:
        """Return what the plugins say."""
        said = []
        for name, call in reversed(self.methods[hook].items()):
            try:
                value = call(event)
            except Exception as error:
                self.failed(number, name, error)
            else:
                if value is not None:
                    said.append(value)
        return said

    def first(self, hook: str, number: int, event: Event) -> int | None:
        """Return what the first plugin says that says anything."""
        for name, call in reversed(self.methods[hook].items()):
            try:
                value = call(event)
            except Exception as error:
                self.failed(number, name, error)
            else:
                if value is not None:
                    return value
        return None


def serve(site: str, handed: Handed, script: list[Step]) -> Report:
    """Find the plugins, open the desk, do every step."""
    return served(Desk, site, handed, script)
