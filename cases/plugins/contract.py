"""What the order desk and its plugins agree on: events, the hooks they go to, the order of calls, the report.

A plugin is any object with an integer ``order`` and some of the hooks; a hook that is None is no hook.  At the start plugins are
called in the order of (``order``, name).  A plugin that is switched off is not called; one that is switched on again is the newest, and
the newest is called first.  A hook returns a number, or None for "nothing to say".  ``quote`` is answered by the first plugin that says
something, the other hooks by the list of all that was said.  A plugin that raises is put down in the report, and the next one is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

GROUP = "perflab.desk"
"""Installed packages offer their plugins as entry points of this group."""


class Placed(NamedTuple):
    """An order came in; the amount is in cents."""

    number: int
    amount: int


class Express(Placed):
    """An order that is in a hurry: whoever wants to hear of orders hears of this one as well."""

    __slots__ = ()


class Rush(Express):
    """An order that is in a greater hurry still."""

    __slots__ = ()


class Paid(NamedTuple):
    """An order was paid."""

    number: int
    amount: int


class Refunded(NamedTuple):
    """An order was paid back."""

    number: int
    amount: int


class Quote(NamedTuple):
    """What would it cost to ship this?"""

    number: int
    amount: int


class Disable(NamedTuple):
    """Switch a plugin off.  Answered by whether it was on."""

    name: str


class Enable(NamedTuple):
    """Switch a plugin on again.  Answered by whether it is known and was off."""

    name: str


Event: TypeAlias = Placed | Paid | Refunded | Quote
Step: TypeAlias = Event | Disable | Enable
Plugin: TypeAlias = Any
Handed: TypeAlias = list[tuple[str, Plugin]]
"""Plugins that the program itself hands over, under distinct names."""
Said: TypeAlias = int | None
"""What a hook says: a number, or nothing."""
Outcome: TypeAlias = "list[int] | int | bool | None"
Failure: TypeAlias = tuple[int, str, str]
"""Number of the step, name of the plugin, name of the exception's class."""

HOOKS: Mapping[type, str] = {Placed: "on_placed", Paid: "on_paid", Refunded: "on_refunded", Quote: "quote"}
FIRST = "quote"
"""The hook of which the first answer counts."""


class Report(NamedTuple):
    """All that happened at the desk."""

    started: list[str]
    """Names in the order of calls, before the first step."""
    broken: dict[str, str]
    """Entry points (``module:attribute``) that could not be loaded, with the name of the exception's class."""
    outcomes: list[Outcome]
    """One for each step."""
    failures: list[Failure]


class Routes(dict[type, str]):
    """Which hook an event goes to, by its type; a subclass goes where its nearest base goes."""

    def __init__(self) -> None:
        super().__init__(HOOKS)

    def __missing__(self, kind: type) -> str:
        hook = self[kind] = next(HOOKS[base] for base in kind.__mro__ if base in HOOKS)
        return hook


def call_order(plugins: Mapping[str, Plugin]) -> list[str]:
    """Return the names in the order in which plugins are called at the start."""
    return sorted(plugins, key=lambda name: (plugins[name].order, name))
