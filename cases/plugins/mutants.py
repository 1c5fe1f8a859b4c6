"""Slips a colleague could make.  Every one of them must be refused."""

from __future__ import annotations

import marshal
import sys
from collections import Counter
from importlib.metadata import entry_points
from pathlib import Path
from types import CodeType
from typing import Any

from cases.plugins import by_type, importer
from cases.plugins.board import served
from cases.plugins.contract import GROUP, HOOKS, Disable, Enable, Handed, Report, Step
from cases.plugins.discovery import Found, discover, load
from cases.plugins.naive import serve as right
from cases.plugins.scandir import contents, parsed


class _Desk(by_type.Desk):
    """Right, in a way that is easy to do wrong: every plugin is asked through one method."""

    def collect(self, hook: str, number: int, event: Any) -> Any:
        return [value for value in self.asked(hook, number, event) if value is not None]

    def first(self, hook: str, number: int, event: Any) -> Any:
        return next((value for value in self.asked(hook, number, event) if value is not None), None)

    def asked(self, hook: str, number: int, event: Any) -> Any:
        for name, call in self.bound(hook):
            try:
                value = call(event)
            except Exception as error:
                self.failed(number, name, error)
            else:
                yield value


def higher_order_first(site: str, handed: Handed, script: list[Step]) -> Report:
    """A priority is taken for "the more, the sooner"."""

    class Desk(_Desk):
        def __init__(self, plugins: dict[str, Any]) -> None:
            super().__init__(plugins)
            self.names.sort(key=lambda name: plugins[name].order, reverse=True)

    return served(Desk, site, handed, script)


def ties_as_they_come(site: str, handed: Handed, script: list[Step]) -> Report:
    """Plugins of one order are called as they were found."""

    class Desk(_Desk):
        def __init__(self, plugins: dict[str, Any]) -> None:
            super().__init__(plugins)
            self.names = sorted(plugins, key=lambda name: plugins[name].order)

    return served(Desk, site, handed, script)


def ties_regardless_of_case(site: str, handed: Handed, script: list[Step]) -> Report:
    """Names are compared as people read them."""

    class Desk(_Desk):
        def __init__(self, plugins: dict[str, Any]) -> None:
            super().__init__(plugins)
            self.names.sort(key=lambda name: (plugins[name].order, name.casefold()))

    return served(Desk, site, handed, script)


def one_failure_ends_the_event(site: str, handed: Handed, script: list[Step]) -> Report:
    """The `try` stands around the loop."""

    class Desk(_Desk):
        def asked(self, hook: str, number: int, event: Any) -> Any:
            name = ""
            try:
                for name, call in self.bound(hook):
                    yield call(event)
            except Exception as error:
                self.failed(number, name, error)

    return served(Desk, site, handed, script)


def expected_failures_only(site: str, handed: Handed, script: list[Step]) -> Report:
    """Only what the author thought of is caught."""

    class Desk(_Desk):
        def asked(self, hook: str, number: int, event: Any) -> Any:
            for name, call in self.bound(hook):
                try:
                    value = call(event)
                except (ValueError, LookupError, OSError, RuntimeError, TypeError) as error:
                    self.failed(number, name, error)
                else:
                    yield value

    return served(Desk, site, handed, script)


def failures_kept_quiet(site: str, handed: Handed, script: list[Step]) -> Report:
    """`except Exception: pass`."""
    return right(site, handed, script)._replace(failures=[])


def failures_say_something(site: str, handed: Handed, script: list[Step]) -> Report:
    """A plugin that raised is taken to have said 0."""

    class Desk(_Desk):
        def asked(self, hook: str, number: int, event: Any) -> Any:
            for name, call in self.bound(hook):
                value = 0
                try:
                    value = call(event)
                except Exception as error:
                    self.failed(number, name, error)
                yield value

    return served(Desk, site, handed, script)


def zero_is_nothing(site: str, handed: Handed, script: list[Step]) -> Report:
    """`if value:` where `is not None` is meant."""

    class Desk(_Desk):
        def asked(self, hook: str, number: int, event: Any) -> Any:
            return (value or None for value in super(Desk, self).asked(hook, number, event))

    return served(Desk, site, handed, script)


def everybody_quotes(site: str, handed: Handed, script: list[Step]) -> Report:
    """All are asked for a price, and the first answer is taken: those behind it raise for nothing."""

    class Desk(_Desk):
        def first(self, hook: str, number: int, event: Any) -> Any:
            return next(iter(self.collect(hook, number, event)), None)

    return served(Desk, site, handed, script)


def last_answer_counts(site: str, handed: Handed, script: list[Step]) -> Report:
    """The last answer is taken for the one that overrides the others."""

    class Desk(_Desk):
        def first(self, hook: str, number: int, event: Any) -> Any:
            return next(reversed(self.collect(hook, number, event)), None)

    return served(Desk, site, handed, script)


def first_plugin_counts(site: str, handed: Handed, script: list[Step]) -> Report:
    """The first plugin's answer is taken even if it is none."""

    class Desk(_Desk):
        def first(self, hook: str, number: int, event: Any) -> Any:
            return next(self.asked(hook, number, event), None)

    return served(Desk, site, handed, script)


def quotes_are_collected(site: str, handed: Handed, script: list[Step]) -> Report:
    """Nobody told this desk that quotes are another kind of hook."""

    class Desk(_Desk):
        def first(self, hook: str, number: int, event: Any) -> Any:
            return self.collect(hook, number, event)

    return served(Desk, site, handed, script)


def newest_called_last(site: str, handed: Handed, script: list[Step]) -> Report:
    """Who is switched on again queues up behind the others."""

    class Desk(_Desk):
        def enable(self, name: str) -> bool:
            done = super().enable(name)
            if done:
                self.names.append(self.names.pop(0))
            return done

    return served(Desk, site, handed, script)


def newest_at_its_old_place(site: str, handed: Handed, script: list[Step]) -> Report:
    """Who is switched on again stands where it stood."""

    class Desk(_Desk):
        def enable(self, name: str) -> bool:
            done = super().enable(name)
            self.names.sort(key=lambda one: (self.plugins[one].order, one))
            return done

    return served(Desk, site, handed, script)


def switching_off_unseen(site: str, handed: Handed, script: list[Step]) -> Report:
    """A stale cache: the lists of calls are not made again when somebody goes."""

    class Desk(_Desk):
        def disable(self, name: str) -> bool:
            kept = dict(self.calls)
            done = super().disable(name)
            self.calls.update(kept)
            return done

    return served(Desk, site, handed, script)


def switching_on_unseen(site: str, handed: Handed, script: list[Step]) -> Report:
    """A stale cache: the lists of calls are not made again when somebody comes."""

    class Desk(_Desk):
        def enable(self, name: str) -> bool:
            kept = dict(self.calls)
            done = super().enable(name)
            self.calls.update(kept)
            return done

    return served(Desk, site, handed, script)


def switching_always_done(site: str, handed: Handed, script: list[Step]) -> Report:
    """Switching says True whatever it did."""
    report = right(site, handed, script)
    said = [True if isinstance(step, (Disable, Enable)) else one for step, one in zip(script, report.outcomes, strict=True)]
    return report._replace(outcomes=said)


def exact_classes_only(site: str, handed: Handed, script: list[Step]) -> Report:
    """`type(event) is` where a subclass should be heard of as well."""

    class Desk(_Desk):
        def handle(self, number: int, step: Any) -> Any:
            return super().handle(number, step) if type(step) in {*HOOKS, Disable, Enable} else []

    return served(Desk, site, handed, script)


def subclasses_of_subclasses_missed(site: str, handed: Handed, script: list[Step]) -> Report:
    """Only the class and its first base are looked at."""

    class Desk(_Desk):
        def handle(self, number: int, step: Any) -> Any:
            known = {*HOOKS, Disable, Enable}
            return super().handle(number, step) if known & set(type(step).__mro__[:2]) else []

    return served(Desk, site, handed, script)


def installed_wins_over_handed(site: str, handed: Handed, script: list[Step]) -> Report:
    """What is installed replaces what the program handed over."""

    def find(site: str, handed: Handed) -> Found:
        found = discover(site, [])
        return Found({**dict(handed), **found.plugins}, found.broken)

    return served(_Desk, site, handed, script, find)


def last_of_a_name_wins(site: str, handed: Handed, script: list[Step]) -> Report:
    """`plugins[name] = plugin` where `setdefault` is meant."""

    def find(site: str, handed: Handed) -> Found:
        points = sorted(entry_points(group=GROUP) if site else (), key=lambda point: (point.name, point.value), reverse=True)
        names = {point.name: point for point in points}
        shown = load(names.values(), handed)
        return Found(shown.plugins if len(names) == len(points) else load(points[:1], handed).plugins, discover(site, handed).broken)

    return served(_Desk, site, handed, script, find)


def second_of_a_name_not_tried(site: str, handed: Handed, script: list[Step]) -> Report:
    """Where one name is offered twice and the first cannot be loaded, the second is not loaded."""

    def find(site: str, handed: Handed) -> Found:
        found = discover(site, handed)
        points = sorted(entry_points(group=GROUP) if site else (), key=lambda point: (point.name, point.value))
        firsts = {point.name: point.value for point in reversed(points)}
        lost = {name for name, value in firsts.items() if value in found.broken}
        return Found({name: plugin for name, plugin in found.plugins.items() if name not in lost}, found.broken)

    return served(_Desk, site, handed, script, find)


def broken_ones_not_told(site: str, handed: Handed, script: list[Step]) -> Report:
    """What cannot be imported is passed over in silence."""
    return right(site, handed, script)._replace(broken={})


def import_errors_only(site: str, handed: Handed, script: list[Step]) -> Report:
    """`except ImportError`: any other mistake in a plugin's module ends the program."""

    def find(site: str, handed: Handed) -> Found:
        for point in entry_points(group=GROUP) if site else ():
            try:
                point.load()
            except ImportError:
                continue
        return discover(site, handed)

    return served(_Desk, site, handed, script, find)


def groups_by_prefix(site: str, handed: Handed, script: list[Step]) -> Report:
    """`startswith` takes the group's neighbours in."""

    def find(site: str, handed: Handed) -> Found:
        return load([point for name in _groups() if name.startswith(GROUP) for point in entry_points(group=name)] if site else (), handed)

    return served(_Desk, site, handed, script, find)


def _groups() -> set[str]:
    from importlib.metadata import distributions

    return {point.group for distribution in distributions() for point in distribution.entry_points}


def long_files_cut(site: str, handed: Handed, script: list[Step]) -> Report:
    """One `os.read(descriptor, 4096)` is taken for the whole file."""

    def find(site: str, handed: Handed) -> Found:
        files = Path(site).glob("*.dist-info/entry_points.txt") if site else ()
        return load([point for file in files for point in parsed(file.read_bytes()[:4096].decode())], handed)

    return served(_Desk, site, handed, script, find)


def _points(infos: list[Path]) -> list[Any]:
    return [point for info in infos for point in parsed(contents(f"{info}/entry_points.txt").decode())]


def eggs_not_seen(site: str, handed: Handed, script: list[Step]) -> Report:
    """Only folders that pip writes are read; what setuptools left before is not there."""

    def found(site: str, handed: Handed) -> Found:
        points = entry_points(group=GROUP) if site else ()
        kept = [point for point in points if not str(getattr(point.dist, "_path", "")).lower().endswith(".egg-info")]
        return load(kept, handed)

    return served(_Desk, site, handed, script, found)


def every_version_counts(site: str, handed: Handed, script: list[Step]) -> Report:
    """Two versions of one distribution, as an interrupted upgrade leaves them, are two packages."""

    def found(site: str, handed: Handed) -> Found:
        infos = [path for path in Path(site).iterdir() if path.name.lower().endswith(("dist-info", "egg-info"))] if site else []
        return load(_points(infos), handed)

    return served(_Desk, site, handed, script, found)


def small_letters_only(site: str, handed: Handed, script: list[Step]) -> Report:
    """The ending is compared as it stands, where the standard library takes letters of either case."""

    def found(site: str, handed: Handed) -> Found:
        points = entry_points(group=GROUP) if site else ()
        return load([point for point in points if str(getattr(point.dist, "_path", "")).endswith(("dist-info", "egg-info"))], handed)

    return served(_Desk, site, handed, script, found)


def stale_code_run(site: str, handed: Handed, script: list[Step]) -> Report:
    """Where there is a compiled file, nobody asks whether it was made of the source beside it."""

    class Loader(importer.Loader):
        def get_code(self, fullname: str) -> CodeType | None:
            data = contents(importer.compiled_of(self.path))
            code: CodeType | None = marshal.loads(data[16:]) if data else super().get_code(fullname)  # noqa: S302
            return code

    class Index(importer.Index):
        def find_spec(self, *wanted: Any) -> Any:
            spec = super().find_spec(*wanted)
            if spec is not None:
                spec.loader = Loader(spec.name, str(spec.origin))
            return spec

    return served(_Desk, site, handed, script, _indexed(Index))


def modules_before_packages(site: str, handed: Handed, script: list[Step]) -> Report:
    """Of a module and a package of one name the module is taken, since it is looked for first."""

    class Index(importer.Index):
        def __init__(self, folder: str) -> None:
            super().__init__(folder)
            self.forms = Counter({*self.forms})

    return served(_Desk, site, handed, script, _indexed(Index))


def _indexed(index_of: type[importer.Index]) -> Any:
    def find(site: str, handed: Handed) -> Found:
        if not site:
            return load((), handed)
        index = index_of(site)
        with importer.searched_first(index):
            return load(index.points(), handed)

    return find


def hooks_that_are_none_called(site: str, handed: Handed, script: list[Step]) -> Report:
    """`hasattr` does not see that a hook was switched off by None."""

    class Desk(_Desk):
        def bound(self, hook: str) -> Any:
            return [(name, getattr(self.plugins[name], hook)) for name in self.names if hasattr(self.plugins[name], hook)]

    return served(Desk, site, handed, script)


def last_plugin_forgotten(site: str, handed: Handed, script: list[Step]) -> Report:
    """A loop that is one short."""

    class Desk(_Desk):
        def bound(self, hook: str) -> Any:
            return super().bound(hook)[: max(1, len(self.names) - 1)]

    return served(Desk, site, handed, script)


def imported_for_good(site: str, handed: Handed, script: list[Step]) -> Report:
    """What was imported stays: the next folder's modules of the same name are never looked at, and the second call is another program."""
    if not site:
        return right(site, handed, script)
    path = sys.path[:]
    sys.path[:] = [site]
    try:
        found = discover(site, handed)
    finally:
        sys.path[:] = path
    report = served(_Desk, "", list(found.plugins.items()), script)
    return report._replace(broken=found.broken)


_kept: dict[tuple[str, int], Report] = {}


def remembered(site: str, handed: Handed, script: list[Step]) -> Report:
    """A folder is taken to hold today what it held when it was last looked at, and scripts of one length to be one script."""
    return _kept.setdefault((site, len(script)), right(site, handed, script))


def steps_counted_without_switches(site: str, handed: Handed, script: list[Step]) -> Report:
    """Failures are numbered by events, not by steps."""
    report = right(site, handed, script)
    numbers, events = [], 0
    for step in script:
        numbers.append(events)
        events += not isinstance(step, (Disable, Enable))
    return report._replace(failures=[(numbers[number], name, error) for number, name, error in report.failures])
