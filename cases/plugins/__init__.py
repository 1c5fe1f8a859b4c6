"""What does a plugin cost?  Installed packages are discovered, and events dispatched to their hooks.

What is installed is what ``importlib.metadata.entry_points`` says: of several versions of one distribution one counts, eggs do, and so does
any spelling of the folders that describe them.  Variants that read a folder themselves read what pip writes, and ask it for all else.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from cases.plugins.contract import (
    FIRST,
    GROUP,
    HOOKS,
    Disable,
    Enable,
    Event,
    Express,
    Handed,
    Paid,
    Placed,
    Quote,
    Refunded,
    Report,
    Routes,
    Rush,
    Step,
)
from harness import Case, Gate, Limits, Workload, exact, sweep

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from cases.plugins.inputs import Distribution, Made

Arguments: TypeAlias = tuple[str, Handed, list[Step]]

STEPS = 400
_EVENTS: tuple[type[Event], ...] = (Placed, Express, Rush, Paid, Refunded, Quote)
_SHARES = (6, 2, 1, 5, 3, 4)


def dispatch(n: int, seed: int, steps: int = STEPS, switches: float = 0.02, kinds: tuple[str, ...] = ()) -> Arguments:
    """Make ``n`` plugins that are loaded already, and a script of events; now and then somebody is switched off or on."""
    from cases.plugins import inputs

    made = inputs.plugins(n, seed, kinds) if kinds else inputs.plugins(n, seed)
    handed = inputs.loaded(inputs.install(inputs.distributions(made, seed)))
    return "", handed, script([one.name for one in made], steps, seed, switches)


def installed(n: int, seed: int) -> Arguments:
    """Make a folder with ``n`` installed plugins, and a script of four events: what it costs to start."""
    from cases.plugins import inputs

    made = inputs.plugins(n, seed)
    site = inputs.install(inputs.distributions(made, seed, broken=0.03))
    source = random.Random(seed)
    return site, [], [kind(source.randrange(10_000), source.randrange(10_000)) for kind in (Placed, Quote, Paid, Refunded)]


def script(names: Sequence[str], steps: int, seed: int, switches: float) -> list[Step]:
    """Make a script: who is switched off comes back sooner or later."""
    source = random.Random(seed)
    off: list[str] = []
    made: list[Step] = []
    for _ in range(steps):
        if source.random() >= switches:
            (kind,) = source.choices(_EVENTS, _SHARES)
            made.append(kind(source.randrange(10_000), source.randrange(10_000)))
        elif off and source.random() < 0.5:
            made.append(Enable(off.pop(source.randrange(len(off)))))
        else:
            off.append(source.choice(names))
            made.append(Disable(off[-1]))
    return made


def nasty() -> Iterator[Arguments]:
    """Yield what breaks plugin systems: nobody there, one name twice, odd files, broken packages, hooks that are none."""
    from cases.plugins import inputs

    yield "", inputs.loaded(inputs.install([])), _all_steps("nobody")
    yield inputs.install([]), [], _all_steps("nobody")
    yield inputs.install([]), [], []
    for packages in (*_orders(), *_packages(), *_descriptions(), *_modules(), *_hooks()):
        site = inputs.install(packages)
        names = sorted({line.partition("=")[0].strip() for one in packages for line in (one.entry_points or "").split("\n") if "=" in line})
        steps = _all_steps(*names)
        yield site, [], steps
        yield "", inputs.loaded(site), steps
    yield from _long_files()
    yield from _both_ways()


def _all_steps(*names: str) -> list[Step]:
    """Every kind of event before, between and after names go off and on, unknown ones and twice the same among them."""
    events: list[Step] = [kind(number, 100 * number) for number in range(3) for kind in _EVENTS]
    steps = [*events, Disable("unknown"), Enable("unknown"), *(Enable(name) for name in names[:1]), *events]
    for name in names:
        steps += [Disable(name), Disable(name), Placed(1, 500), Quote(1, 500)]
    for name in (*names[1:], *names[:1]):
        steps += [Enable(name), Paid(1, 700), Quote(2, 700), Enable(name)]
    return [*steps, *(Disable(name) for name in names[::2]), *events, *(Enable(name) for name in names[::2]), *events]


def _says(name: str, value: str, order: int = 0, hooks: dict[str, str] | None = None, *, head: str = "", **more: str) -> Made:
    """Return a plugin with these hooks."""
    from cases.plugins.inputs import Made

    return Made(name, value, order, tuple({**(hooks or {}), **more}.items()), head)


def _numbered(order: int) -> dict[str, str]:
    """Return hooks that say a number of their own."""
    return dict.fromkeys(HOOKS.values(), f"return event.amount + {order}")


def _orders() -> Iterator[list[Distribution]]:
    """One plugin; ties of the order go by name, and names are text; numbers are not."""
    yield [_says("one", "one:plugin", 0, _numbered(1)).distribution()]
    names = ("b-10", "b-9", "B", "a", "ä", "a.b", "z")
    yield [_says(name, f"tie_{place}:plugin", 0, _numbered(place)).distribution() for place, name in enumerate(names)]
    orders = (10, 9, -1, 0, 100, -20, 2**70)
    yield [_says(f"p{place}", f"order_{place}", order, _numbered(place)).distribution() for place, order in enumerate(orders)]


def _packages() -> Iterator[list[Distribution]]:
    """Odd files, names offered twice, packages that cannot be loaded, some of which import what is installed elsewhere."""
    from cases.plugins.inputs import Distribution, Made

    a, b = _says("a", "odd_a:plugin", 0, _numbered(1)), _says("b", "odd_b.hooks:Registry.plugin", 0, _numbered(2))
    modules = (*a.modules(), *b.modules())
    yield [
        Distribution("two", f"# {GROUP}\n[{GROUP}]\n\n  a=odd_a:plugin\n# c = odd_c\nb =odd_b.hooks:Registry.plugin [fast,safe]\n", modules)
    ]
    other = f"[other]\na = odd_a:plugin\n[{GROUP}2]\nc = odd_c:plugin\n[{GROUP.rpartition('.')[0]}]\nd = odd_d\n"
    yield [
        Distribution("others", f"{other}[{GROUP}]\na = odd_a:plugin\n[x]\nb = odd_b\n[{GROUP}]\nb = odd_b.hooks:Registry.plugin", modules)
    ]
    yield [Distribution("none", None, modules), Distribution("empty", "", ()), Distribution("comment", f"# [{GROUP}]\n[x]\na = b\n", ())]
    yield [Distribution("alias", f"[{GROUP}]\na = odd_a:plugin\nz = odd_a:plugin\nm = odd_a:Plugin\n", modules)]
    twice = [_says("twice", f"twice_{place}:plugin", place, _numbered(place)) for place in (2, 1, 3)]
    yield [one.distribution() for one in twice]
    yield [
        _says("twice", "twice_0:plugin", hooks=_numbered(0), head="raise ValueError").distribution(),
        *(one.distribution() for one in twice),
    ]
    heads = (
        "import not_there",
        "raise KeyError('x')",
        "this is no Python",
        "class Odd(Exception): pass\nraise Odd",
        "from fine import nothing",
    )
    broken = [_says(f"b{place}", f"broken_{place}:plugin", hooks=_numbered(place), head=head) for place, head in enumerate(heads)]
    fine = _says("fine", "fine", 5, _numbered(9))
    missing = Made("missing", "fine:nobody.plugin", 0, ())
    absent = Distribution("absent", f"[{GROUP}]\nabsent = not_there.at_all:plugin\nmissing = {missing.value}\n", ())
    yield [*(one.distribution() for one in broken), fine.distribution(), absent]
    borrower = _says(
        "borrower", "borrower:plugin", 7, head="import colorsys, fine, odd_a", on_placed="return odd_a.Plugin.order + fine.order"
    )
    yield [borrower.distribution(), fine.distribution(), a.distribution()]
    late = _says("late", "late.hooks:plugin", on_placed="from late import extra\nreturn extra.FEE", quote="import late.more\nreturn 1")
    yield [
        Distribution("late", f"[{GROUP}]\nlate = late.hooks:plugin\n", (*late.modules(), ("late/extra.py", "FEE = 7\n"))),
        fine.distribution(),
    ]


def _descriptions() -> Iterator[list[Distribution]]:
    """Folders that describe packages otherwise than pip does today: eggs, letters of another case, two versions of one package."""

    def described(place: int, *infos: str, name: str = "") -> list[Distribution]:
        made = [_says(name or f"d{number}", f"described_{place}_{number}", number, _numbered(number)) for number in range(len(infos))]
        return [replace(one.distribution(), info=info) for one, info in zip(made, infos, strict=True)]

    yield described(0, "egg-1.0.egg-info")
    yield described(1, "egg.egg-info", "wheel-1.0.dist-info")
    yield described(2, "Egg-1.0.EGG-INFO", "SHOUT-1.0.DIST-INFO", "quiet-1.0.Dist-Info")
    yield described(3, "twice-1.0.dist-info", "twice-2.0.dist-info", "once-1.0.dist-info")
    yield described(4, "Twin-1.0.dist-info", "twin-2.0.dist-info")
    yield described(5, "tw_in-1.0.dist-info", "tw.in-2.0.dist-info", "Tw__In-3.0.dist-info")
    yield described(6, "both-1.0.dist-info", "both-1.0.egg-info", name="same")
    yield described(7, "Capital_Letters-1.0.dist-info", "no_version.dist-info")


def _modules() -> Iterator[list[Distribution]]:
    """Compiled files of another source, as a bad upgrade leaves them; a module and a package of one name, side by side."""
    fine = _says("fine", "fine", 5, _numbered(9)).distribution()
    changes = ((0, 0), (0, 1), (2, 0), (-3600, 0))
    yield [*(_upgraded(seconds, longer, inside) for inside in ("", "inside") for seconds, longer in changes), fine]
    yield [_beside("pair.py", "pair/__init__.py"), _beside("nest/hooks.py", "nest/hooks/__init__.py"), _beside("bare/data.py", "bare.py")]


def _upgraded(seconds: int, longer: int, inside: str) -> Distribution:
    """Return a plugin whose source is so many seconds newer and bytes longer than its compiled file says; 0 and 0: as it says, so that one is run.

    The new source is no Python: an import that could compile it would leave a new compiled file in the folder.
    """
    name = f"{inside or 'module'}-{'older' if seconds < 0 else 'newer' if seconds else 'as-old'}-{longer}"
    made = _says(name, f"{name.replace('-', '_')}{'.hooks' if inside else ''}:plugin", longer, _numbered(seconds))
    path, source = made.modules()[-1]
    return replace(made.distribution(), upgrades=((path, "(" * longer + "(" + source[1:], seconds),))


def _beside(other: str, file: str) -> Distribution:
    """Return a package that offers the plugin of one file; the other one could be imported by the same name, but has to stand back."""
    module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    made, hidden = (_says(module, f"{module}:plugin", order, _numbered(order)) for order in (1, 2))
    return replace(made.distribution(), modules=(*made.modules()[:-1], (file, made.source()), (other, hidden.source())))


def _long_files() -> Iterator[Arguments]:
    """Packages that offer much, and to us last: more than 4 KiB and more than 64 KiB come before it, which is what one reads at a time."""
    from cases.plugins import inputs

    first, last, only = (_says(name, f"long_{name}:plugin", 0, _numbered(1)) for name in ("first", "last", "only"))
    for groups in (1, 14):
        lines = [f"tool-{number} = others.{number:01000}:main" for number in range(5)]
        others = "".join("\n".join((f"[others.{group}]", *lines, "")) for group in range(groups))
        between = replace(first.distribution(), entry_points=f"[{GROUP}]\nfirst={first.value}\n{others}[{GROUP}]\nlast={last.value}\n")
        after = replace(only.distribution(), entry_points=f"{others}[{GROUP}]\nonly={only.value}\n")
        modules = replace(last.distribution(), entry_points=None)
        yield inputs.install([between, after, modules]), [], [Placed(1, 100), Disable("last"), Enable("only"), Paid(2, 200), Quote(3, 300)]


def _hooks() -> Iterator[list[Distribution]]:
    """Hooks that say 0, say nothing, raise everything there is, are no functions, or want other arguments."""
    zero, nothing = "return 0", "return None"
    yield [
        _says("zero", "zero", 0, on_placed=zero, on_paid=zero, on_refunded="return -event.amount", quote=zero).distribution(),
        _says("after", "after:Plugin", 1, _numbered(1)).distribution(),
    ]
    yield [_says(f"n{place}", f"nothing_{place}:plugin", 0, dict.fromkeys(HOOKS.values(), nothing)).distribution() for place in range(3)]
    raised = (
        "ValueError",
        "StopIteration",
        "KeyError('k')",
        "RecursionError",
        "AssertionError",
        "Odd",
        "GeneratorExit and TypeError",
        "OSError(2, 'x')",
    )
    head = "class Odd(Exception): pass"
    hooks = [dict.fromkeys(HOOKS.values(), f"raise {one}") for one in raised]
    raising = [_says(f"r{place}", f"raises_{place}:plugin", place, hook, head=head).distribution() for place, hook in enumerate(hooks)]
    yield raising
    yield [*raising[:3], _says("calm", "calm:plugin", 1, _numbered(3)).distribution()]
    yield [
        _says("none", "hook_none:plugin", 0, on_placed="= None", quote="= None", on_paid=zero).distribution(),
        _says("value", "hook_value:plugin", 1, on_placed="= 5", quote="= 'no function'", on_paid=zero).distribution(),
        _says(
            "partial", "hook_partial", 2, head="import functools", on_placed="= functools.partial(max, (7,))", quote="= len"
        ).distribution(),
        _says("many", "hook_many:plugin", 3, on_placed="= lambda self: 1", quote="= lambda self, event, more: 1").distribution(),
        _says("last", "hook_last:plugin", 4, _numbered(4)).distribution(),
    ]
    yield [_says("only", "only:plugin", on_refunded="return event.number").distribution()]
    yield [_says(f"odd{place}", f"odd_{place}", -place, {hook: zero}).distribution() for place, hook in enumerate(HOOKS.values())]


def _both_ways() -> Iterator[Arguments]:
    """Some are handed over, others installed, and some are both: then what is handed over stays."""
    from cases.plugins import inputs

    over = [_says(name, f"over_{place}:plugin", place, _numbered(place)).distribution() for place, name in enumerate("acx")]
    there = [_says(name, f"there_{place}:plugin", place, _numbered(10 + place)).distribution() for place, name in enumerate("abcd")]
    yield inputs.install(there), inputs.loaded(inputs.install(over)), _all_steps(*"abcdx")
    yield dispatch(40, 3, steps=60, switches=0.4, kinds=("speaks", "fails", "silent", "raises"))
    yield dispatch(3, 4, steps=900, switches=0.01)  # long enough for what waits until something is used often


def examples() -> SearchStrategy[Any]:
    """Return a strategy of a few plugins, handed over or installed, and a short script."""
    from hypothesis import strategies as st

    names = st.sampled_from(("a", "b", "c", "d"))
    number = st.integers(0, 5)
    bodies = st.sampled_from(
        ("return event.amount", "return 0", "return None", "raise ValueError", "return 1 if event.number % 2 else None")
    )
    hooks = st.dictionaries(st.sampled_from(tuple(HOOKS.values())), bodies, min_size=1)
    made = st.tuples(names, st.integers(-1, 1), hooks, st.sampled_from(("", "", "", "import not_there")))
    events = st.builds(lambda kind, one, other: kind(one, other), st.sampled_from(_EVENTS), number, number)
    steps = st.lists(events | st.builds(Disable, names) | st.builds(Enable, names), max_size=14)
    return st.builds(_example, st.lists(made, max_size=5), steps, st.booleans())


def _example(made: list[tuple[str, int, dict[str, str], str]], steps: list[Step], handed: bool) -> Arguments:
    from cases.plugins import inputs

    shapes = ("ex_{}:plugin", "ex_{}", "ex_{}.hooks:Registry.plugin", "ex_{}:Plugin")
    plugins = [
        _says(name, shapes[(place + order) % 4].format(place), order, hooks, head=head)
        for place, (name, order, hooks, head) in enumerate(made)
    ]
    site = inputs.install([one.distribution() for one in plugins])
    return ("", inputs.loaded(site), steps) if handed else (site, [], steps)


def folders_are_unchanged(arguments: Arguments, answer: Report) -> str | None:
    """Nobody may leave anything in the folder of installed packages (a list of what is there, say)."""
    from cases.plugins import inputs

    del answer
    sites = [site for site in (arguments[0], getattr(arguments[1], "site", "")) if site]
    return next((f"{site} has been changed" for site in sites if not inputs.is_unchanged(site)), None)


def every_step_is_answered(arguments: Arguments, answer: Report) -> str | None:
    """One outcome a step, of the kind that the step has; failures in the order of steps."""
    kinds = {Quote: (int, type(None)), Disable: (bool,), Enable: (bool,)}
    for number, (step, outcome) in enumerate(zip(arguments[2], answer.outcomes, strict=True)):
        if not isinstance(outcome, kinds.get(type(step), (list,))):
            return f"step {number}, {step}, was answered by a {type(outcome).__name__}"
    numbers = [number for number, _, _ in answer.failures]
    return None if numbers == sorted(numbers) else "failures are not in the order of steps"


def least_seconds(limits: Limits, site: str, handed: Handed, steps: list[Step]) -> float:
    """The call; a bare call of every hook that must be called; of each package installed, what it offers opened and read; of each module the same.

    A list of all answers needs every plugin's answer, so nobody who has the hook and is on can be left out; of a quote one call is counted
    if anybody can be asked.  Modules are code, each of which is run once, like a function.  Nothing for looking, ordering, or loops.
    """
    plugins = dict(handed)
    seconds = limits.c_call_seconds
    if site:
        packages, modules, plugins = _installed(site, handed)
        seconds += (packages + modules) * 2 * limits.system_call_seconds + modules * limits.call_seconds
    return seconds + _calls(plugins, steps) * limits.call_seconds


def _installed(site: str, handed: Handed) -> tuple[int, int, dict[str, Any]]:
    """Return how many packages there are, how many modules of plugins that can be loaded, and all plugins."""
    import os

    from cases.plugins import inputs

    found = inputs.loaded(site)
    return sum(name.endswith(".dist-info") for name in os.listdir(site)), len(found), {**dict(found), **dict(handed)}


def _calls(plugins: dict[str, Any], steps: list[Step]) -> int:
    """Count the calls that no desk can do without."""
    hooks = {name: [hook for hook in HOOKS.values() if getattr(plugin, hook, None) is not None] for name, plugin in plugins.items()}
    there = Counter(hook for known in hooks.values() for hook in known)
    on, calls, routes = set(plugins), 0, Routes()
    for step in steps:
        if isinstance(step, Disable) and step.name in on:
            on.remove(step.name)
            there.subtract(hooks[step.name])
        elif isinstance(step, Enable) and step.name in hooks and step.name not in on:
            on.add(step.name)
            there.update(hooks[step.name])
        elif not isinstance(step, (Disable, Enable)):
            hook = routes[type(step)]
            calls += min(1, there[hook]) if hook == FIRST else there[hook]
    return calls


case = Case(
    function="serve",
    variants=(
        "naive",
        "registry",
        "prebound",
        "singledispatch",
        "match",
        "by_type",
        "backwards",
        "fused",
        "scandir",
        "importer",
        "cython",
        "pluggy",
        "stevedore",
    ),
    rivals=("pluggy", "stevedore"),
    workloads=(
        *sweep(dispatch, n=(1, 2, 5, 10, 20, 50, 100, 200, 500)),
        *sweep(installed, n=(1, 3, 10, 25, 50, 100, 250, 500), name="discover-{n}"),
        Workload("long", partial(dispatch, steps=4000, switches=0.0005), 30),
        Workload("churn", partial(dispatch, switches=0.5), 100),
        Workload("failing", partial(dispatch, kinds=("fails",)), 20),
        Workload("silent", partial(dispatch, kinds=("silent",)), 100),
        Workload("brief", partial(dispatch, steps=8), 3),
    ),
    default=("10", "100", "discover-100"),
    same=exact,
    invariants=(folders_are_unchanged, every_step_is_answered),
    bound=least_seconds,
    growth=1.0,
    adversarial=nasty,
    strategy=examples,
    verify_up_to=25,
    gate=Gate(workloads=("brief", "1", "5"), tolerances=dict.fromkeys(("pluggy", "stevedore"), 0.05)),
)
