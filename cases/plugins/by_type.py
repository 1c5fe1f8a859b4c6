"""The lists of calls, with a dict from the class of the event to what is done; a subclass is looked up along its bases, once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from cases.plugins.board import served
from cases.plugins.contract import FIRST, HOOKS, Disable, Enable, Handed, Outcome, Plugin, Report, Step
from cases.plugins.prebound import Lists

Handler: TypeAlias = Callable[[int, Any], Outcome]


class Handlers(dict[type, Handler]):
    """What is done with a step, by its class."""

    def __missing__(self, kind: type) -> Handler:
        handler = self[kind] = next(self[base] for base in kind.__mro__[1:] if base in self)
        return handler


class Desk(Lists):
    """An order desk with a table of classes."""

    def __init__(self, plugins: dict[str, Plugin]) -> None:
        super().__init__(plugins)
        self.handlers = Handlers({kind: partial(self.first if hook == FIRST else self.collect, hook) for kind, hook in HOOKS.items()})
        self.handlers[Disable] = lambda _, step: self.disable(step.name)
        self.handlers[Enable] = lambda _, step: self.enable(step.name)

    def handle(self, number: int, step: Step) -> Outcome:
        """Do one step."""
        return self.handlers[type(step)](number, step)


def serve(site: str, handed: Handed, script: list[Step]) -> Report:
    """Find the plugins, open the desk, do every step."""
    return served(Desk, site, handed, script)
