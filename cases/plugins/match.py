"""The lists of calls, with `match` on the class of the event."""

from __future__ import annotations

from cases.plugins.board import served
from cases.plugins.contract import Disable, Enable, Handed, Outcome, Paid, Placed, Quote, Refunded, Report, Step
from cases.plugins.prebound import Lists


class Desk(Lists):
    """An order desk that matches."""

    def handle(self, number: int, step: Step) -> Outcome:
        """Do one step."""
        match step:
            case Placed():
                return self.collect("on_placed", number, step)
            case Paid():
                return self.collect("on_paid", number, step)
            case Refunded():
                return self.collect("on_refunded", number, step)
            case Quote():
                return self.first("quote", number, step)
            case Disable(name):
                return self.disable(name)
            case Enable(name):
                return self.enable(name)


def serve(site: str, handed: Handed, script: list[Step]) -> Report:
    """Find the plugins, open the desk, do every step."""
    return served(Desk, site, handed, script)
