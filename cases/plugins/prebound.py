"""A list of bound methods for every hook, made again when somebody comes or goes: an event looks nothing up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from cases.plugins.board import Board, served
from cases.plugins.contract import Disable, Enable, Event, Handed, Outcome, Paid, Placed, Plugin, Quote, Refunded, Report, Step

Calls: TypeAlias = list[tuple[str, Callable[[Event], "int | None"]]]


class Lists(Board):
    """What is to be called, by hook; other desks build on it."""

    def __init__(self, plugins: dict[str, Plugin]) -> None:
        super().__init__(plugins)
        self.calls: dict[str, Calls] = {}

    def changed(self) -> None:
        """Forget the lists."""
        self.calls.clear()

    def bound(self, hook: str) -> Calls:
        """Return the names and methods to be called, in the order of calls."""
        calls = self.calls.get(hook)
        if calls is None:
            methods = [(name, getattr(self.plugins[name], hook, None)) for name in self.names]
            calls = self.calls[hook] = [(name, method) for name, method in methods if method is not None]
        return calls

    def collect(self, hook: str, number: int, event: Event) -> list[int]:
        """Return what the plugins say."""
        said = []
        for name, call in self.bound(hook):
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
        for name, call in self.bound(hook):
            try:
                value = call(event)
            except Exception as error:
                self.failed(number, name, error)
            else:
                if value is not None:
                    return value
        return None


class Desk(Lists):
    """An order desk with lists of calls."""

    def handle(self, number: int, step: Step) -> Outcome:
        """Do one step."""
        if isinstance(step, Placed):
            return self.collect("on_placed", number, step)
        if isinstance(step, Paid):
            return self.collect("on_paid", number, step)
        if isinstance(step, Refunded):
            return self.collect("on_refunded", number, step)
        if isinstance(step, Quote):
            return self.first("quote", number, step)
        if isinstance(step, Disable):
            return self.disable(step.name)
        assert isinstance(step, Enable)
        return self.enable(step.name)


def serve(site: str, handed: Handed, script: list[Step]) -> Report:
    """Find the plugins, open the desk, do every step."""
    return served(Desk, site, handed, script)
