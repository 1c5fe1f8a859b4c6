"""The table of one workload: fastest first, every number with its interval, nothing hidden."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.judge.summary import best_of_ours
from harness.model import Estimate, Proof, Row, Status, Summary, WorkloadSummary
from harness.show import text

LEGEND = (
    "time and speed-up with 95 % intervals; tied: variants in one bracket cannot be told apart; ★ best of ours; rival: somebody else's library; "
    "pay-back: calls until start-up and first call are earned back; limit: times the lower bound; – not measured"
)
_REASON_WIDTH = 60


@dataclass(frozen=True, slots=True)
class _Column:
    """One column: how it is filled, and from which width of terminal on it is shown."""

    title: str
    cell: Callable[[Row], str]
    from_width: int
    right: bool = True


def render(summary: WorkloadSummary, *, case: str, width: int) -> Table:
    """Return the table; columns that do not fit into ``width`` are left out, least important first."""
    best = best_of_ours(summary)
    rows = _fastest_first(summary.rows)
    table = Table(title=Text(f"{case}, {summary.name} (n = {summary.n})", style="bold"), title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    room = width - max((len(_trouble(row)) for row in rows), default=0)
    columns = [column for column in _columns(best) if column.from_width <= room]
    table.add_column("")
    for column in columns:
        table.add_column(Text(column.title, style="dim"), justify="right" if column.right else "left", no_wrap=column.title != "")
    for row, bracket in zip(rows, _brackets(rows), strict=True):
        style = "bold green" if row is best else "dim" if row.result.rival else "red" if row.result.status is not Status.OK else ""
        table.add_row(Text(bracket), *(Text(column.cell(row)) for column in columns), style=style)
    return table


def _columns(best: Row | None) -> list[_Column]:
    return [
        _Column("variant", lambda row: _name(row, best), 0, right=False),
        _Column("technique", lambda row: str(row.result.technique), 97, right=False),
        _Column("time", lambda row: text.seconds(row.seconds.value) if row.seconds else text.MISSING, 0),
        _Column("", lambda row: text.share(row.seconds.relative_half_width) if row.seconds else "", 45),
        _Column("speed-up", _speedup, 0),
        _Column("95 %", _interval, 60),
        _Column("samples", lambda row: text.distribution(row.samples_seconds), 113, right=False),
        _Column("peak", lambda row: text.size(row.result.memory.peak_bytes) if row.seconds else text.MISSING, 80),
        _Column("pay-back", lambda row: text.payback(row.payback_calls, is_reference=_is_reference(row), measured=row.seconds is not None), 71),
        _Column("limit", lambda row: text.ratio(row.times_limit) if row.seconds else text.MISSING, 104),
        _Column("", _trouble, 0, right=False),
    ]


def _name(row: Row, best: Row | None) -> str:
    mark = " ★" if row is best else " (rival)" if row.result.rival else " (ref)" if _is_reference(row) else ""
    return text.clean(row.result.key.variant) + mark


def _is_reference(row: Row) -> bool:
    certificate = row.result.certificate
    return certificate is not None and certificate.verdict is Proof.REFERENCE


def _speedup(row: Row) -> str:
    return text.ratio(row.speedup.ratio.value) if row.speedup else text.MISSING


def _interval(row: Row) -> str:
    if row.speedup is None or _is_reference(row):
        return ""
    return _between(row.speedup.ratio)


def _between(estimate: Estimate) -> str:
    return f"{text.ratio(estimate.low)[:-1]}..{text.ratio(estimate.high)[:-1]}"


def _trouble(row: Row) -> str:
    """The status word and the reason; empty when all is well."""
    result = row.result
    if result.status is Status.OK:
        return "" if row.seconds else "too few samples"
    word = result.certificate.evidence.finding if result.certificate else ""
    label = str(result.status) if word in ("", str(result.status)) or result.status is not Status.WRONG_ANSWER else f"{result.status} ({word})"
    return label


def _fastest_first(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row.seconds is None, row.seconds.value if row.seconds else 0.0))


def _brackets(rows: Sequence[Row]) -> list[str]:
    """Join tied neighbours in the margin."""
    drawn = []
    for index, row in enumerate(rows):
        before = index > 0 and row.tie is not None and rows[index - 1].tie == row.tie
        after = index + 1 < len(rows) and row.tie is not None and rows[index + 1].tie == row.tie
        drawn.append("│" if before and after else "┘" if before else "┐" if after else " ")
    return drawn


def notes(summary: WorkloadSummary) -> list[str]:
    """What a reader must know beside the numbers, one line each."""
    dropped = f", {len(summary.blocks_dropped)} dropped ({'; '.join(sorted(set(summary.blocks_dropped)))})" if summary.blocks_dropped else ""
    reached = f", ratios within {text.share(summary.widest)}" if summary.widest is not None else ""
    said = [f"{summary.blocks_kept} blocks of fresh processes{dropped}{reached}"]
    said += [f"note: {warning}" for warning in summary.warnings]
    for row in summary.rows:
        if row.result.status is not Status.OK:
            said.append(f"{row.result.key.variant}: {row.result.status}: {row.result.message}")
        elif row.result.certificate and row.result.certificate.evidence.warnings:
            said.append(f"{row.result.key.variant}: warning: {', '.join(row.result.certificate.evidence.warnings)}")
    return [text.clean(line) for line in said]


def print_workload(console: Console, summary: WorkloadSummary, *, case: str) -> None:
    """Print one workload's table and its notes."""
    _print(console, render(summary, case=case, width=console.width))
    for line in notes(summary):
        _print(console, Text(f"  {line}", style="dim"))
    _print(console, Text(""))


def print_legend(console: Console) -> None:
    """Say once what the columns mean."""
    _print(console, Text(LEGEND, style="dim"))


def _print(console: Console, what: Table | Text) -> None:
    """Print, in ASCII where the terminal knows no more."""
    if console.encoding.lower().replace("-", "").startswith("utf"):
        console.print(what)
        return
    buffer = StringIO()
    Console(file=buffer, width=console.width, no_color=True).print(what)
    console.file.write(text.ascii_only(buffer.getvalue()))


def to_text(summary: WorkloadSummary, *, case: str, width: int = 100) -> str:
    """The table as plain text, for a README or a test."""
    buffer = StringIO()
    console = Console(file=buffer, width=width, no_color=True, force_terminal=False)
    print_workload(console, summary, case=case)
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()).rstrip() + "\n"


def markdown(summary: Summary) -> str:
    """All workloads of a run as Markdown tables, with the machine they come from."""
    run = summary.run
    lines = [f"Run `{run.id}` of {run.started[:10]} on {text.clean(run.machine.cpu)}, {run.machine.cores} cores, {run.machine.implementation} {run.machine.python}."]
    for workload in summary.workloads:
        best = best_of_ours(workload)
        lines += ["", f"**{workload.name}** (n = {workload.n}), {workload.blocks_kept} blocks", "", "| variant | technique | time | speed-up | 95 % | pay-back | peak | × limit |", "|---|---|---:|---:|---:|---:|---:|---:|"]
        lines += [_markdown_row(row, best) for row in _fastest_first(workload.rows)]
    return "\n".join(lines) + "\n"


def _markdown_row(row: Row, best: Row | None) -> str:
    cells = [
        _name(row, best),
        str(row.result.technique),
        f"{text.seconds(row.seconds.value)} {text.share(row.seconds.relative_half_width)}" if row.seconds else str(row.result.status),
        _speedup(row),
        _interval(row),
        text.payback(row.payback_calls, is_reference=_is_reference(row), measured=row.seconds is not None),
        text.size(row.result.memory.peak_bytes) if row.seconds else text.MISSING,
        text.ratio(row.times_limit)[:-1] if row.times_limit is not None and row.seconds else text.MISSING,
    ]
    return "| " + " | ".join(text.clean(cell).replace("|", "\\|") for cell in cells) + " |"
