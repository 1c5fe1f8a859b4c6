"""A registry: look for plugins once, and ask each with `getattr` whether it knows the hook."""

from __future__ import annotations

from cases.plugins.board import Board, served
from cases.plugins.contract import Disable, Enable, Event, Handed, Outcome, Paid, Placed, Quote, Refunded, Report, Step


class Desk(Board):
    """An order desk with a registry."""

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

    def collect(self, hook: str, number: int, event: Event) -> list[int]:
        """Return what the plugins say."""
        said = []
        for name in self.names:
            call = getattr(self.plugins[name], hook, None)
            if call is not None:
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
        for name in self.names:
            call = getattr(self.plugins[name], hook, None)
            if call is not None:
                try:
                    value: int | None = call(event)
                except Exception as error:
                    self.failed(number, name, error)
                else:
                    if value is not None:
                        return value
        return None


def serve(site: str, handed: Handed, script: list[Step]) -> Report:
    """Find the plugins, open the desk, do every step."""
    return served(Desk, site, handed, script)
