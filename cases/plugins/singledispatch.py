"""The lists of calls, with `functools.singledispatch` on the class of the event."""

from __future__ import annotations

from functools import singledispatch

from cases.plugins.board import served
from cases.plugins.contract import Disable, Enable, Handed, Outcome, Paid, Placed, Quote, Refunded, Report, Step
from cases.plugins.prebound import Lists


@singledispatch
def handle(step: Step, desk: Lists, number: int) -> Outcome:
    """Do one step, by the class of its first argument."""
    message = f"nobody knows what to do with a {type(step).__name__}"
    raise TypeError(message)


@handle.register
def _(step: Placed, desk: Lists, number: int) -> Outcome:
    return desk.collect("on_placed", number, step)


@handle.register
def _(step: Paid, desk: Lists, number: int) -> Outcome:
    return desk.collect("on_paid", number, step)


@handle.register
def _(step: Refunded, desk: Lists, number: int) -> Outcome:
    return desk.collect("on_refunded", number, step)


@handle.register
def _(step: Quote, desk: Lists, number: int) -> Outcome:
    return desk.first("quote", number, step)


@handle.register
def _(step: Disable, desk: Lists, number: int) -> Outcome:
    return desk.disable(step.name)


@handle.register
def _(step: Enable, desk: Lists, number: int) -> Outcome:
    return desk.enable(step.name)


class Desk(Lists):
    """An order desk with a generic function."""

    def handle(self, number: int, step: Step) -> Outcome:
        """Do one step."""
        return handle(step, self, number)


def serve(site: str, handed: Handed, script: list[Step]) -> Report:
    """Find the plugins, open the desk, do every step."""
    return served(Desk, site, handed, script)
