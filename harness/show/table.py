"""The table of one workload: fastest first, every number with its interval, nothing hidden."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from harness.judge.summary import best_of_ours
from harness.model.declared import Proof, Status
from harness.model.judged import Estimate, Row, Summary, WorkloadSummary
from harness.show import text

if TYPE_CHECKING:
    from rich.console import RenderableType

LEGEND = (
    "time and speed-up with 95 % intervals; tied: variants in one bracket cannot be told apart; ★ best of ours; rival: somebody else's library; "
    "pay-back: calls until start-up and first call are earned back; limit: times the lower bound; – not measured"
)
_SACRIFICES = ((26, 3), (20, 5), (20, 7), (14, 7), (8, 7))
"""Step by step, as the terminal gets narrower: how long a name may be, and up to which importance columns go."""
_ESSENTIAL = 99


@dataclass(frozen=True, slots=True)
class _Column:
    """One column: how it is filled, and how long it stays when the terminal is narrow."""

    title: str
    cell: Callable[[Row], str]
    importance: int = _ESSENTIAL
    right: bool = True
    joined: bool = False
    """Belongs to the column before it: one blank between them, never two."""


@dataclass(frozen=True, slots=True)
class _Grid:
    """The columns that fit, each with its width."""

    columns: Sequence[_Column]
    widths: Sequence[int]
    gap: int
    trouble: int
    """Width of the longest word for what went wrong."""

    @property
    def needed(self) -> int:
        """Width at which neither a number nor a word for what went wrong is cut."""
        numbers = (
            2
            + sum(self.widths)
            + sum(1 if column.joined else self.gap for column in self.columns[1:])
        )
        return max(
            numbers,
            cell_len(self.line("", [""] * self.numbered)) + 2 + self.trouble if self.trouble else 0,
        )

    @property
    def numbered(self) -> int:
        """How many columns there are up to and including the time."""
        return (
            next(place for place, column in enumerate(self.columns) if column.title == "time") + 1
        )

    def line(self, margin: str, cells: Iterable[str]) -> str:
        """Set the cells side by side."""
        parts = [set_cell_size(margin, 1)]
        for column, width, cell in zip(self.columns, self.widths, cells, strict=False):
            parts.append(" " * (1 if column.joined or len(parts) == 1 else self.gap))
            parts.append(
                " " * (width - cell_len(cell)) + cell
                if column.right
                else set_cell_size(cell, width)
            )
        return "".join(parts)


def render(summary: WorkloadSummary, *, case: str, width: int) -> Text:
    """Return the table as one block; columns that do not fit into ``width`` are left out, least important first."""
    best = best_of_ours(summary)
    rows = _fastest_first(summary.rows)
    grid = _fitted(_columns(best, rows), rows, width)
    lines = [
        Text(_title(summary, case), style="bold"),
        Text(grid.line("", [column.title for column in grid.columns]), style="dim"),
    ]
    lines += [
        _line(row, bracket, grid, best) for row, bracket in zip(rows, _brackets(rows), strict=True)
    ]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return Text("\n", no_wrap=True, overflow="crop").join(lines)


def _title(summary: WorkloadSummary, case: str) -> str:
    name, size = text.clean(summary.name), f"n = {summary.n}"
    return (
        f"{text.clean(case)}, {size}"
        if name == str(summary.n)
        else f"{text.clean(case)}, {name} ({size})"
    )


def _columns(best: Row | None, rows: Sequence[Row]) -> list[_Column]:
    """The columns of a table; without a reference every variant stands beside the best instead."""
    if any(row.speedup for row in rows) or not any(row.times_best for row in rows):
        compared = [_Column("speed-up", _speedup), _Column("95 %", _interval, 6, joined=True)]
    else:
        compared = [
            _Column(
                "x best",
                lambda row: text.ratio(row.times_best.value) if row.times_best else text.MISSING,
            ),
            _Column(
                "95 %",
                lambda row: _between(row.times_best) if row.times_best and row is not best else "",
                6,
                joined=True,
            ),
        ]
    return [
        _Column("variant", lambda row: _name(row, best), right=False),
        _Column("technique", lambda row: str(row.result.technique), 2, right=False),
        _Column(
            "time", lambda row: text.seconds(row.seconds.value) if row.seconds else text.MISSING
        ),
        _Column(
            "",
            lambda row: text.share(row.seconds.relative_half_width) if row.seconds else "",
            7,
            joined=True,
        ),
        *compared,
        _Column(
            "samples",
            lambda row: text.distribution(row.samples_seconds) if row.seconds else "",
            1,
            right=False,
        ),
        _Column(
            "peak",
            lambda row: text.size(row.result.memory.peak_bytes) if row.seconds else text.MISSING,
            3,
        ),
        _Column("pay-back", _payback, 5),
        _Column(
            "limit", lambda row: text.limit(row.times_limit) if row.seconds else text.MISSING, 4
        ),
    ]


def _fitted(columns: Sequence[_Column], rows: Sequence[Row], width: int) -> _Grid:
    """Leave out columns, and cut long names, until the rest fits; what is empty everywhere goes first."""
    kept = [
        column
        for column in columns
        if column.importance == _ESSENTIAL
        or any(column.cell(row) not in {"", text.MISSING} for row in rows)
    ]
    for longest, dearest in _SACRIFICES:
        while (grid := _grid(kept, rows, longest)).needed > width and (
            least := min(kept, key=lambda column: column.importance)
        ).importance <= dearest:
            kept.remove(least)
        if grid.needed <= width:
            break
    airy = _grid(kept, rows, longest, gap=2)
    return airy if airy.needed <= width else grid


def _grid(
    columns: Sequence[_Column], rows: Sequence[Row], longest_name: int, *, gap: int = 1
) -> _Grid:
    widths = [
        max(cell_len(cell) for cell in (column.title, *map(column.cell, rows)))
        for column in columns
    ]
    troubles = [cell_len(_trouble(row).partition(" (")[0]) for row in rows]
    return _Grid(
        tuple(columns), [min(longest_name, widths[0]), *widths[1:]], gap, max(troubles, default=0)
    )


def _line(row: Row, bracket: str, grid: _Grid, best: Row | None) -> Text:
    """One row; where something is wrong the word for it takes the place of the numbers."""
    cells = [
        _cropped(column.cell(row), width)
        for column, width in zip(grid.columns, grid.widths, strict=True)
    ]
    trouble = _trouble(row)
    if not trouble:
        return Text(
            grid.line(bracket, cells),
            style="bold green" if row is best else "cyan" if row.result.rival else "",
        )
    return Text.assemble(grid.line(bracket, cells[: grid.numbered]), "  ", (trouble, "red"))


def _cropped(cell: str, width: int) -> str:
    return cell if cell_len(cell) <= width else set_cell_size(cell, width - 1) + "…"


def _name(row: Row, best: Row | None) -> str:
    mark = " ★" if row is best else " (rival)" if row.result.rival else ""
    return text.clean(row.result.key.variant) + (" (ref)" if _is_reference(row) else "") + mark


def _is_reference(row: Row) -> bool:
    certificate = row.result.certificate
    return certificate is not None and certificate.verdict is Proof.REFERENCE


def _speedup(row: Row) -> str:
    return text.ratio(row.speedup.ratio.value) if row.speedup else text.MISSING


def _interval(row: Row) -> str:
    if row.speedup is None or _is_reference(row):
        return ""
    return _between(row.speedup.ratio)


def _payback(row: Row) -> str:
    return text.payback(
        row.payback_calls, is_reference=_is_reference(row), measured=row.speedup is not None
    )


def _between(estimate: Estimate) -> str:
    return f"{text.ratio(estimate.low)[:-1]}..{text.ratio(estimate.high)[:-1]}"


def _trouble(row: Row) -> str:
    """The status word and the reason; empty when all is well."""
    result = row.result
    if result.status is Status.OK:
        return "" if row.seconds else "too few samples"
    word = text.clean(result.certificate.evidence.finding) if result.certificate else ""
    return (
        f"{result.status} ({word})"
        if result.status is Status.WRONG_ANSWER and word not in {"", str(result.status)}
        else str(result.status)
    )


def _fastest_first(rows: Sequence[Row]) -> list[Row]:
    return sorted(
        rows, key=lambda row: (row.seconds is None, row.seconds.value if row.seconds else 0.0)
    )


def _brackets(rows: Sequence[Row]) -> list[str]:
    """Join tied neighbours in the margin."""
    drawn = []
    for index, row in enumerate(rows):
        before = index > 0 and row.tie is not None and rows[index - 1].tie == row.tie
        after = index + 1 < len(rows) and row.tie is not None and rows[index + 1].tie == row.tie
        drawn.append("│" if before and after else "└" if before else "┌" if after else " ")
    return drawn


def notes(summary: WorkloadSummary) -> list[str]:
    """What a reader must know beside the numbers, one line each."""
    reasons = Counter(summary.blocks_dropped)
    why = "; ".join(
        f"{times}x {reason}" if times > 1 else reason for reason, times in reasons.most_common()
    )
    dropped = f", {reasons.total()} dropped ({why})" if reasons else ""
    reached = f", ratios within {text.share(summary.widest)}" if summary.widest is not None else ""
    said = [f"{summary.blocks_kept} blocks of fresh processes{dropped}{reached}"]
    said += [f"note: {warning}" for warning in summary.warnings]
    for row in summary.rows:
        if row.result.status is not Status.OK:
            said.append(f"{row.result.key.variant}: {row.result.status}: {row.result.message}")
        elif row.result.certificate and row.result.certificate.evidence.warnings:
            said.append(
                f"{row.result.key.variant}: warning: {', '.join(row.result.certificate.evidence.warnings)}"
            )
    return [text.clean(line) for line in said]


def print_workload(console: Console, summary: WorkloadSummary, *, case: str) -> None:
    """Print one workload's table and its notes."""
    put(console, render(summary, case=case, width=console.width))
    for line in notes(summary):
        put(console, Padding(Text(line, style="dim"), (0, 0, 0, 2), expand=False))
    put(console, Text(""))


def print_legend(console: Console) -> None:
    """Say once what the columns mean."""
    put(console, Text(LEGEND, style="dim"))


class Terminal(Console):
    """Standard output; when its reader has gone, that is for the command line to say: rich would exit with 1, which means slower."""

    def on_broken_pipe(self) -> None:
        """Let the command line end as other programs do."""
        raise BrokenPipeError


def put(console: Console, what: RenderableType) -> None:
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
    cell, machine = text.markdown_cell, run.machine
    lines = [
        f"Run `{run.id}` of {cell(run.started[:10])} on {cell(machine.cpu)}, {machine.cores} cores, {cell(machine.implementation)} {cell(machine.python)}."
    ]
    for workload in summary.workloads:
        best = best_of_ours(workload)
        lines += [
            "",
            f"**{workload.name}** (n = {workload.n}), {workload.blocks_kept} blocks",
            "",
            "| variant | technique | time | speed-up | 95 % | pay-back | peak | × limit |",
            "|---|---|---:|---:|---:|---:|---:|---:|",
        ]
        lines += [_markdown_row(row, best) for row in _fastest_first(workload.rows)]
    return "\n".join(lines) + "\n"


def _markdown_row(row: Row, best: Row | None) -> str:
    cells = [
        _name(row, best),
        str(row.result.technique),
        f"{text.seconds(row.seconds.value)} {text.share(row.seconds.relative_half_width)}"
        if row.seconds
        else str(row.result.status),
        _speedup(row),
        _interval(row),
        _payback(row),
        text.size(row.result.memory.peak_bytes) if row.seconds else text.MISSING,
        text.limit(row.times_limit).removesuffix("x") if row.seconds else text.MISSING,
    ]
    return "| " + " | ".join(text.markdown_cell(cell) for cell in cells) + " |"
