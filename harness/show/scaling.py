"""What the sizes of a sweep say together, in plain words and tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from harness.judge.statistics import payback_calls
from harness.model.declared import Technique
from harness.show import text
from harness.show.table import put

if TYPE_CHECKING:
    from rich.console import Console

    from harness.model.judged import (
        Choice,
        Crossover,
        Estimate,
        Growth,
        ParallelCurve,
        Row,
        Series,
        Summary,
        WorkloadSummary,
    )

_SPREADS = frozenset({Technique.MULTIPROCESSING, Technique.THREADS, Technique.DASK})
_SURPRISING = 0.2
"""An exponent this far beyond its interval from the expected one is worth a word."""
_LONG_START_SECONDS = 0.1


def advice(summary: Summary) -> list[str]:
    """Say in plain words what to take at which size, and what never pays."""
    said = []
    for series in summary.series:
        named = "" if len(summary.series) == 1 else f"{series.name}: "
        at = _at(summary, series)
        said += [
            named + line
            for line in (
                _what_to_take(series),
                *_rivals(at),
                *_never_pays(at),
                *_start_ups(series, at),
                *_surprises(series),
            )
        ]
    said += [_worth(curve) for curve in summary.curves]
    return [text.clean(line) for line in said]


def _at(summary: Summary, series: Series) -> list[WorkloadSummary]:
    """The tables of one series, by size."""
    names = {
        measured.workload for measured in summary.run.workloads if measured.series == series.name
    }
    return sorted((one for one in summary.workloads if one.name in names), key=lambda one: one.n)


def _what_to_take(series: Series) -> str:
    first, last = series.sizes[0], series.sizes[-1]
    if not series.choices:
        return "none of ours could be measured"
    if len(series.choices) == 1:
        return f"take {series.choices[0].variant} at every size measured (n = {_n(first)} to {_n(last)})"
    return "take " + "; ".join(_choice(choice, series) for choice in series.choices)


def _choice(choice: Choice, series: Series) -> str:
    if choice.end is not None:
        border = next(
            one
            for one in series.crossovers
            if one.n.value == choice.end and one.below == choice.variant
        )
        return f"{choice.variant} below n = {_crossing(border)}"
    return f"{choice.variant} above, up to n = {_n(series.sizes[-1])}"


def _crossing(crossover: Crossover) -> str:
    """``42 (38..47)``; an open end is shown as such: below or above it nothing clear was measured."""
    low = ("" if not crossover.open_low else "below ") + _n(crossover.n.low)
    high = ("" if not crossover.open_high else "beyond ") + _n(crossover.n.high)
    return f"{_n(crossover.n.value)} ({low}..{high})"


def _n(value: float) -> str:
    return f"{value:,.0f}".replace(",", " ") if value >= 9.95 else f"{value:.2g}"


def _rivals(at: Sequence[WorkloadSummary]) -> Iterable[str]:
    """How ours stands beside each rival, size by size."""
    names = dict.fromkeys(
        row.result.key.variant
        for table in at
        for row in table.rows
        if row.result.rival and row.times_best
    )
    for name in names:
        beside = [
            (table.n, row.times_best)
            for table in at
            for row in table.rows
            if row.result.key.variant == name and row.times_best
        ]
        behind = [n for n, ratio in beside if ratio.high < 1]
        level = [n for n, ratio in beside if ratio.low <= 1 <= ratio.high]
        ahead = len(beside) - len(behind) - len(level)
        where = [
            f"ahead at {ahead}" if ahead else "",
            _where("level", level),
            _where("behind", behind),
        ]
        yield (
            f"beside the rival {name}, the best of ours is "
            + ", ".join(filter(None, where))
            + f" of {len(beside)} sizes"
        )


def _where(word: str, sizes: Sequence[int]) -> str:
    return f"{word} at {len(sizes)} (n = {', '.join(map(_n, sizes))})" if sizes else ""


def _never_pays(at: Sequence[WorkloadSummary]) -> Iterable[str]:
    """Variants with helpers (processes, threads, a cluster) that are beaten at every size."""
    rows = [
        row
        for table in at
        for row in table.rows
        if row.result.technique in _SPREADS and not row.result.rival and row.times_best
    ]
    for name in dict.fromkeys(row.result.key.variant for row in rows):
        ratios = [
            row.times_best for row in rows if row.result.key.variant == name and row.times_best
        ]
        least = min(ratios, key=lambda ratio: ratio.value)
        if least.low > 1:
            yield f"{name} never pays on this machine: at its best it takes {text.ratio(least.value)} the time of the best of ours"


def _start_ups(series: Series, at: Sequence[WorkloadSummary]) -> Iterable[str]:
    """What must be earned back before the chosen variants pay: start-up, compilation at run time, the build."""
    for name in dict.fromkeys(choice.variant for choice in series.choices):
        rows = [
            (table, row)
            for table in at
            for row in table.rows
            if row.result.key.variant == name and row.seconds
        ]
        starts = [
            ((row.start_seconds or 0.0) + (row.first_call_seconds or 0.0) - row.seconds.value, row)
            for _, row in rows
            if row.seconds
        ]
        if starts and max(starts, key=lambda pair: pair[0])[0] > _LONG_START_SECONDS:
            calls = [
                (table.n, row.payback_calls)
                for table, row in rows
                if row.speedup and row.result.key.variant != row.speedup.reference.variant
            ]
            if any(number is None or number > 1 for _, number in calls):
                yield _earned_back(f"start and first call of {name}", calls)
        build = next(
            (row.result.build_seconds for _, row in rows if row.result.build_seconds), None
        )
        unbuilt = [
            (table.n, row, least)
            for table, row in rows
            if (least := _least_unbuilt(table)) is not None
        ]
        if build is not None and unbuilt:
            calls = [
                (n, payback_calls((0.0, least), (build, row.seconds.value)))
                for n, row, least in unbuilt
                if row.seconds
            ]
            yield _earned_back(f"building {name} ({text.seconds(build)})", calls)


def _least_unbuilt(table: WorkloadSummary) -> float | None:
    """Seconds of the best of ours that needs no build."""
    seconds = [
        row.seconds.value
        for row in table.rows
        if row.seconds and not row.result.rival and row.result.build_seconds is None
    ]
    return min(seconds, default=None)


def _earned_back(what: str, calls: Sequence[tuple[int, int | None]]) -> str:
    """When a start is earned back at the smallest and at the largest size."""
    ends = calls if len(calls) == 1 else (calls[0], calls[-1])
    return f"{what}: " + ", ".join(f"{_when(number)} at n = {_n(n)}" for n, number in ends)


def _when(number: int | None) -> str:
    said = text.payback(number, is_reference=False, measured=True)
    return (
        "never earned back"
        if number is None
        else f"earned back after {said}"
        if number > 1
        else f"earned back {said}"
    )


def _surprises(series: Series) -> Iterable[str]:
    for growth in series.growths:
        if growth.expected is not None and _surprising(growth):
            yield (
                f"{growth.variant} grows as n^{growth.exponent.value:.2f} ({_between(growth.exponent)}), not as the expected n^{growth.expected:g}"
            )


def _surprising(growth: Growth) -> bool:
    expected = growth.expected
    return (
        expected is not None
        and not growth.exponent.low - _SURPRISING <= expected <= growth.exponent.high + _SURPRISING
    )


def _worth(curve: ParallelCurve) -> str:
    points = [
        f"{point.workers} processors {text.ratio(point.speedup.value)} ({_between(point.speedup)}, efficiency {point.efficiency:.0%})"
        for point in curve.points
        if point.workers > 1
    ]
    return f"{curve.variant} at {curve.workload}: {', '.join(points)}; serial share {curve.serial.value:.0%} ({curve.serial.low:.0%}..{curve.serial.high:.0%})"


def _between(estimate: Estimate) -> str:
    return f"{estimate.low:.2f}..{estimate.high:.2f}"


# --------------------------------------------------------------------------- terminal


def print_scaling(console: Console, summary: Summary) -> None:
    """Print crossovers, growth and what more processors are worth; then the advice."""
    for series in summary.series:
        named = f"{summary.run.case}, series {series.name} (n = {_n(series.sizes[0])} to {_n(series.sizes[-1])})"
        if series.crossovers:
            _put(console, f"Crossovers of {named}", _crossovers(series))
        if series.growths:
            _put(console, f"Time grows as n to the power of, {named}", _growths(series))
    if summary.curves:
        _put(console, f"What more processors are worth, {summary.run.case}", _curves(summary))
    put(console, Text("What to do", style="bold"))
    for line in advice(summary):
        put(console, _item(line))


def _put(console: Console, title: str, table: Table) -> None:
    put(console, Text(text.clean(title), style="italic"))
    put(console, table)
    put(console, Text(""))


def _item(line: str) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_row("  -", Text(line))
    return grid


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 else "right")
    return table


def _crossovers(series: Series) -> Table:
    table = _table("", "smaller n", "larger n", "n", "95 %", "between")
    for one in series.crossovers:
        table.add_row(*map(_plain, _crossover_cells(one)))
    return table


def _crossover_cells(one: Crossover) -> tuple[str, ...]:
    interval = f"{'<' if one.open_low else ''}{_n(one.n.low)}..{'>' if one.open_high else ''}{_n(one.n.high)}"
    return (
        one.kind,
        one.below,
        one.above,
        _n(one.n.value),
        interval,
        f"{_n(one.between[0])} and {_n(one.between[1])}",
    )


def _growths(series: Series) -> Table:
    table = _table("variant", "fitted", "95 %", "expected", "sizes", "")
    for one in series.growths:
        table.add_row(*map(_plain, _growth_cells(one)))
    return table


def _growth_cells(one: Growth) -> tuple[str, ...]:
    expected = text.MISSING if one.expected is None else f"{one.expected:g}"
    mark = "not as expected" if _surprising(one) else ""
    return (
        one.variant,
        f"{one.exponent.value:.2f}",
        _between(one.exponent),
        expected,
        f"{_n(one.sizes[0])} to {_n(one.sizes[1])}",
        mark,
    )


def _curves(summary: Summary) -> Table:
    table = _table("variant", "at", "processors", "speed-up", "95 %", "efficiency", "serial")
    for curve in summary.curves:
        for point in curve.points[1:]:
            table.add_row(
                *map(
                    _plain,
                    (
                        curve.variant,
                        curve.workload,
                        str(point.workers),
                        text.ratio(point.speedup.value),
                    ),
                ),
                *map(
                    _plain,
                    (
                        _between(point.speedup),
                        f"{point.efficiency:.0%}",
                        f"{curve.serial.value:.0%}",
                    ),
                ),
            )
    return table


def _plain(cell: str) -> Text:
    return Text(text.clean(cell))


# --------------------------------------------------------------------------- Markdown


def markdown(summary: Summary) -> str:
    """The sweep as Markdown: where it comes from, the advice, the best at each size, crossovers and growth."""
    run, cell = summary.run, text.markdown_cell
    machine = f"{cell(run.machine.cpu)}, {run.machine.cores} cores, {cell(run.machine.implementation)} {cell(run.machine.python)}"
    lines = [f"Sweep `{run.id}` of {cell(run.started[:10])} on {machine}.", ""]
    lines += [f"- {text.markdown_cell(line)}" for line in advice(summary)]
    for series in summary.series:
        lines += [
            "",
            f"**{text.markdown_cell(series.name)}**, best of ours and reference at each size",
            "",
            *_sizes(summary, series),
        ]
        if series.crossovers:
            lines += [
                "",
                *_grid(
                    ("crossover", "smaller n", "larger n", "n", "95 %", "between"),
                    map(_crossover_cells, series.crossovers),
                ),
            ]
        if series.growths:
            lines += [
                "",
                *_grid(
                    ("variant", "exponent", "95 %", "expected", "sizes", ""),
                    map(_growth_cells, series.growths),
                ),
            ]
    return "\n".join(lines) + "\n"


def _sizes(summary: Summary, series: Series) -> list[str]:
    rows = []
    for table in _at(summary, series):
        timed = [row for row in table.rows if row.seconds]
        ours = [row for row in timed if not row.result.rival]
        best = min(ours, key=lambda row: row.seconds.value if row.seconds else 0.0, default=None)
        reference = next(
            (row for row in timed if row.result.key.variant == summary.run.reference), None
        )
        rival = min(
            (row for row in timed if row.result.rival),
            key=lambda row: row.seconds.value if row.seconds else 0.0,
            default=None,
        )
        rows.append((_n(table.n), _timed(best), _timed(reference), _timed(rival), _limit(best)))
    return _grid(("n", "best of ours", "reference", "best rival", "× limit"), rows)


def _timed(row: Row | None) -> str:
    return (
        text.MISSING
        if row is None or row.seconds is None
        else f"{row.result.key.variant} {text.seconds(row.seconds.value)}"
    )


def _limit(row: Row | None) -> str:
    return (
        text.MISSING if row is None or row.times_limit is None else text.ratio(row.times_limit)[:-1]
    )


def _grid(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [
        f"| {' | '.join(titles)} |",
        f"|{'|'.join('---' if place == 0 else '---:' for place in range(len(titles)))}|",
    ]
    return lines + [f"| {' | '.join(map(text.markdown_cell, cells))} |" for cells in rows]
