"""What the gate found, for a terminal, a pull request, a CI server and its log.

Names, notes and messages may come from code that nobody has reviewed: wherever they are shown they are text and nothing else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.judge.gate import undecided
from harness.model.declared import Verdict
from harness.model.gated import Gap, GateReport, GateVerdict, KeyVerdict, Metric
from harness.model.judged import Estimate
from harness.show import text
from harness.show.gate_document import log_line
from harness.show.table import put

MARKER = "<!-- perflab gate -->"
"""The last line of every Markdown report, by which a comment is found again."""

_GRAVEST = (Verdict.SLOWER, Verdict.UNCLEAR, Verdict.FASTER, Verdict.SAME)
_COLOURS = {
    Verdict.SLOWER: "bold red",
    Verdict.UNCLEAR: "yellow",
    Verdict.FASTER: "green",
    Verdict.SAME: "",
}
_WORDS = {GateVerdict.NOT_EQUIVALENT: "NOT EQUIVALENT", GateVerdict.NOT_MEASURED: "NOT MEASURED"}
_SIGNS = {
    GateVerdict.PASS: "\N{WHITE HEAVY CHECK MARK}",
    GateVerdict.INCONCLUSIVE: "\N{WHITE QUESTION MARK ORNAMENT}",
}
_NO_FINDING = "no finding"
"""Of an average that is too noisy to decide."""
_CALM = frozenset({str(Verdict.SAME), _NO_FINDING})
_RED = "\N{CROSS MARK}"
_COUNT_UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
_MESSAGE = 300
"""Characters of a foreign message that are shown; the JSON holds more."""
_COMMAND = 2000
_ANNOTATIONS = 9
"""GitHub shows ten of each level a step."""


# --------------------------------------------------------------------------- words


def verdict_line(report: GateReport) -> str:
    """Say in one line what the gate says, the word first; foreign strings are cleaned, and nothing else."""
    return f"{verdict_word(report)}: {_because(report, text.clean)}"


def verdict_word(report: GateReport) -> str:
    """The word for the whole, in capitals."""
    return _WORDS.get(report.verdict, str(report.verdict).upper())


def _because(report: GateReport, shown: Callable[[str], str]) -> str:
    """The reason for the verdict; ``shown`` makes a foreign string fit for where it goes."""
    slower = _keys(report, Verdict.SLOWER)
    others = f"; {_many(slower)} slower" if slower else ""
    if report.verdict is GateVerdict.NOT_EQUIVALENT:
        return _gapped(report.wrong, shown) + others
    if report.verdict is GateVerdict.NOT_MEASURED:
        return _gapped(report.missing, shown) + others
    if report.verdict is GateVerdict.REGRESSION:
        return _slowed(slower, _many(report.keys), shown) if slower else "see the notes"
    if report.verdict is GateVerdict.INCONCLUSIVE:
        return _undecided(report, shown)
    return _passed(report)


def _gapped(gaps: Sequence[Gap], shown: Callable[[str], str]) -> str:
    if not gaps:
        return "see the notes"
    first, more = gaps[0], f"; and {len(gaps) - 1} more" if len(gaps) > 1 else ""
    return f"{shown(_cut(f'{first.case}/{first.variant}'))}: {shown(_cut(first.status))}: {shown(_cut(first.message, 160))}{more}"


def _slowed(slower: Sequence[KeyVerdict], compared: int, shown: Callable[[str], str]) -> str:
    worst = next((key for key in slower if key.metric is Metric.TIME), slower[0])
    many = (
        f"{_many(slower)} of {_counted(compared, 'key')} slower; worst: "
        if _many(slower) > 1
        else ""
    )
    return f"{many}{shown(_cut(f'{worst.key.case}/{worst.key.variant}'))} {_change_in_words(worst)}{', confirmed' if worst.confirmed else ''}"


def _change_in_words(key: KeyVerdict) -> str:
    if key.ratio is None:
        return "is slower"
    said = percent(key.ratio.value - 1, signed=False)
    words = {
        Metric.TIME: f"is {said} slower",
        Metric.AVERAGE: f"is {said} slower on average",
        Metric.INSTRUCTIONS: f"executes {said} more instructions",
    }
    return f"{words[key.metric]} ({_between(key.ratio, signed=False)})"


def _undecided(report: GateReport, shown: Callable[[str], str]) -> str:
    unclear = [key for key in report.keys if undecided(key)]
    if unclear:
        many = f"{_many(unclear)} of {_counted(_many(report.keys), 'key')}"
        return f"{many} unclear{_seen(report)}"
    return (
        shown(_cut(report.notes[0], 200))
        if report.notes
        else f"{_counted(_many(report.keys), 'key')} compared{_seen(report)}"
    )


def _passed(report: GateReport) -> str:
    faster = _keys(report, Verdict.FASTER)
    parts = (
        [f"{_counted(_many(report.keys), 'key')} compared, none slower"]
        if report.keys
        else ["nothing to compare"]
    )
    parts += [f"{_many(faster)} faster"] if faster else []
    parts += [f"{len(report.unchanged)} unchanged"] if report.unchanged else []
    parts += [f"{len(report.added)} added"] if report.added else []
    return "; ".join(parts) + _seen(report)


def _seen(report: GateReport) -> str:
    """The effect that would have been seen on every key, of the typical call and of the average one."""
    typical = _largest_effect(key for key in report.keys if key.metric is not Metric.AVERAGE)
    average = _largest_effect(key for key in report.keys if key.metric is Metric.AVERAGE)
    if not typical:
        return ""
    more = f" (of the average call: {average})" if average else ""
    return f"; smallest effect this run could have seen: {typical}{more}"


def _largest_effect(keys: Iterable[KeyVerdict]) -> str:
    effects = [key.smallest_effect for key in keys if key.smallest_effect is not None]
    return percent(max(effects), signed=False) if effects else ""


def _many(keys: Iterable[KeyVerdict]) -> int:
    """How many keys these are, by whatever metrics."""
    return len({key.key for key in keys})


def _keys(report: GateReport, *verdicts: Verdict) -> list[KeyVerdict]:
    """The keys of some verdicts, gravest first, then the largest change."""
    chosen = [key for key in report.keys if not verdicts or key.verdict in verdicts]
    return sorted(
        chosen,
        key=lambda key: (
            _rank(key),
            -_size(key),
            key.key,
            list(Metric).index(key.metric),
        ),
    )


def _rank(key: KeyVerdict) -> int:
    """Place in the order of gravity; an average that is too noisy to decide comes last."""
    return len(_GRAVEST) if _word(key) == _NO_FINDING else _GRAVEST.index(key.verdict)


def _size(key: KeyVerdict) -> float:
    return (
        0.0
        if key.ratio is None or key.ratio.value <= 0
        else max(key.ratio.value, 1 / key.ratio.value)
    )


def percent(
    share: float, *, signed: bool = True, unit: str = " %", decimals: int | None = None
) -> str:
    """A change in percent: two decimals below a tenth of a percent, one below a hundred percent."""
    value = share * 100
    decimals = _decimals(value) if decimals is None else decimals
    rounded = round(value, decimals) + 0.0  # no minus before a zero
    shown = f"{rounded:.{decimals}f}" if abs(rounded) < 1e6 else f"{rounded:.1e}"
    return f"{'+' if signed and rounded > 0 else ''}{shown}{unit}"


def _decimals(percents: float) -> int:
    return 2 if abs(percents) < 0.0995 else 1 if abs(percents) < 99.95 else 0


def _between(ratio: Estimate, *, signed: bool = True) -> str:
    ends = (ratio.low - 1, ratio.high - 1)
    decimals = _decimals(max(map(abs, ends)) * 100)
    return "..".join(percent(end, signed=signed, unit="", decimals=decimals) for end in ends)


def change(ratio: Estimate | None) -> str:
    """A ratio as a change with its interval: +2.1 % (+1.8..+2.4)."""
    return text.MISSING if ratio is None else f"{percent(ratio.value - 1)} ({_between(ratio)})"


def _base(key: KeyVerdict) -> str:
    return (
        _instructions(key.base_value)
        if key.metric is Metric.INSTRUCTIONS
        else text.seconds(key.base_value)
    )


def _instructions(count: float | None) -> str:
    if count is None:
        return text.MISSING
    scale, unit = next((pair for pair in _COUNT_UNITS if count >= pair[0]), (1.0, ""))
    value = count / scale
    return (
        f"{value:.0f}{unit}"
        if value >= 99.95 or not unit
        else f"{value:.1f}{unit}"
        if value >= 9.995
        else f"{value:.2f}{unit}"
    )


def _effect(key: KeyVerdict) -> str:
    return (
        text.MISSING if key.smallest_effect is None else percent(key.smallest_effect, signed=False)
    )


def _said(key: KeyVerdict) -> str:
    return f"{_word(key)}, confirmed" if key.confirmed else _word(key)


def _word(key: KeyVerdict) -> str:
    """The verdict in a word."""
    quiet = key.verdict is Verdict.UNCLEAR and not undecided(key)
    return _NO_FINDING if quiet else str(key.verdict)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _cut(said: str, most: int = _MESSAGE) -> str:
    said = text.clean(said)
    return said if len(said) <= most else said[: most - 1] + "…"


def _machine_lines(report: GateReport) -> list[str]:
    """Control, machine check and machine, for a reader who wants to know how far to trust the numbers."""
    effect = (
        f"; smallest slowdown it could show: {percent(report.machine_effect, signed=False)}"
        if report.machine_effect is not None
        else ""
    )
    check = (
        f"identical code against itself {change(report.machine_check)}"
        if report.machine_check
        else "not needed"
    )
    machine = report.machine
    return [
        f"control: {f'unrelated code {change(report.control)}' if report.control else 'none rode along'}",
        f"machine check: {check}{effect}",
        f"machine: {_cut(machine.cpu)}, {machine.cores} cores, {_cut(machine.system)}, {_cut(machine.implementation)} {_cut(machine.python)}",
    ]


def _revisions(report: GateReport) -> str:
    dirty = " with uncommitted changes" if report.dirty else ""
    return (
        f"{report.head[:12]}{dirty} against {report.against} ({report.base[:12]}), tolerance {percent(report.tolerance, signed=False)}, "
        f"{report.seconds:.0f} s"
    )


# --------------------------------------------------------------------------- terminal


@dataclass(frozen=True, slots=True)
class _Column:
    """One column of the terminal's table; those of small importance go first when it is narrow."""

    title: str
    cell: Callable[[KeyVerdict], str]
    importance: int
    right: bool = True


_COLUMNS = (
    _Column("key", lambda key: log_line(str(key.key)), 9, right=False),
    _Column(
        "metric",
        lambda key: "instr." if key.metric is Metric.INSTRUCTIONS else str(key.metric),
        8,
        right=False,
    ),
    _Column("base", _base, 3),
    _Column(
        "change", lambda key: text.MISSING if key.ratio is None else percent(key.ratio.value - 1), 9
    ),
    _Column("95 %", lambda key: "" if key.ratio is None else _between(key.ratio), 7),
    _Column("smallest", _effect, 6),
    _Column("verdict", lambda key: _word(key) + (" *" if key.confirmed else ""), 9, right=False),
    _Column("units", lambda key: str(key.units), 2),
    _Column("how", lambda key: log_line(key.how).partition(":")[0], 1, right=False),
)
_SHORTEST_KEY = 20


def print_report(console: Console, report: GateReport) -> None:
    """Print the verdict, every key, what was not compared, the conditions, and how to do it again."""
    put(
        console,
        Text(log_line(verdict_line(report)), style="bold" if report.exit_code == 0 else "bold red"),
    )
    put(console, Text(log_line(_revisions(report)), style="dim"))
    if report.keys:
        put(console, _table(_keys(report), console.width))
    for line in _remarks(report):
        put(console, Padding(line, (0, 0, 0, 2), expand=False))
    put(console, Text(f"again: {log_line(_cut(report.command, _COMMAND))}"))


def _table(keys: Sequence[KeyVerdict], width: int) -> Table:
    columns, widths = _fitted(keys, width)
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    for column, room in zip(columns, widths, strict=True):
        table.add_column(
            Text(column.title),
            width=room,
            justify="right" if column.right else "left",
            no_wrap=True,
            overflow="ellipsis",
        )
    for key in keys:
        table.add_row(*(Text(column.cell(key)) for column in columns), style=_style(key))
    return table


def _style(key: KeyVerdict) -> str:
    return "" if _word(key) == _NO_FINDING else _COLOURS[key.verdict]


def _fitted(keys: Sequence[KeyVerdict], width: int) -> tuple[list[_Column], list[int]]:
    """Leave out columns, least important first, until the rest fits beside a key that can still be told."""
    kept = list(_COLUMNS)
    while True:
        widths = [
            max(cell_len(said) for said in (column.title, *map(column.cell, keys)))
            for column in kept
        ]
        room = width - sum(widths[1:]) - len(widths) + 1
        if room >= min(widths[0], _SHORTEST_KEY) or len(kept) == 1:
            return kept, [max(1, min(widths[0], room)), *widths[1:]]
        kept.remove(min(kept[1:], key=lambda column: column.importance))


def _remarks(report: GateReport) -> Iterator[Text]:
    """Everything below the table, one paragraph each."""
    if any(key.confirmed for key in report.keys):
        yield Text("* confirmed by fresh processes", style="dim")
    for gap in report.wrong:
        yield Text(log_line(f"not equivalent: {_gap_line(gap)}"), style="red")
    for gap in report.missing:
        yield Text(log_line(f"not measured: {_gap_line(gap)}"), style="red")
    for title, pairs in (("added", report.added), ("unchanged", report.unchanged)):
        if pairs:
            yield Text(log_line(f"{len(pairs)} {title}: {', '.join(_grouped(pairs))}"), style="dim")
    for key in _keys(report):
        for note in key.notes:
            yield Text(log_line(f"{key.key} ({key.metric}): {_cut(note)}"), style="dim")
    if rarest := _rarest(report.keys):
        yield Text(log_line(rarest), style="dim")
    hows = Counter(key.how for key in report.keys if key.metric is not Metric.AVERAGE)
    for line in [
        *(f"{_counted(count, 'key')}: {_cut(how)}" for how, count in hows.most_common()),
        *_machine_lines(report),
    ]:
        yield Text(log_line(line), style="dim")
    for note in report.notes:
        yield Text(log_line(f"note: {_cut(note)}"))


def _rarest(keys: Iterable[KeyVerdict]) -> str:
    """How rare work may be to be in the averages and counts; empty: nothing is known of it."""
    known = [key for key in keys if key.calls is not None and key.metric is not Metric.TIME]
    if not known:
        return ""
    least = min(known, key=lambda key: key.calls or 0)
    return (
        "average and instructions hold work that recurs within the calls of a process; "
        f"fewest: {_counted(least.calls or 0, 'call')} ({_cut(str(least.key))})"
    )


def _gap_line(gap: Gap) -> str:
    return f"{gap.case}/{gap.variant}: {gap.status}: {_cut(gap.message)}"


def _grouped(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Variants by case: ``dedupe (naive, banded)``."""
    cases: dict[str, list[str]] = {}
    for case, variant in pairs:
        cases.setdefault(case, []).append(variant)
    return [f"{case} ({', '.join(variants)})" for case, variants in cases.items()]


# --------------------------------------------------------------------------- Markdown

_ENTITIES = str.maketrans(
    {character: f"&#{ord(character)};" for character in "#:_~!>\"'$(){}"} | {"@": "&#64;<!-- -->"}
)
_HEADER = (
    "| key | metric | base | change | 95 % | smallest effect | verdict | units | how |",
    "|---|---|---:|---:|---:|---:|---|---:|---|",
)
_HOW = (
    "**time** is that of the typical call: base and head run slice by slice, in random order, in fresh processes; a process gives the median "
    "of the logarithms of neighbouring slices' ratios, the change is their trimmed mean over processes with its 95 % interval, and the "
    "smallest effect is the slowdown that would have been found 95 times in 100. "
    "**average** is what a user pays, with what one call in many does: a process gives the ratio of the sums of its slices. "
    "An average that is too noisy to decide is no finding. "
    "**instructions**: callgrind counts what calls execute under several hash seeds, and fewer are never called a speed-up. "
    "Slower is reported when the whole interval is beyond the tolerance's red line, of times only after fresh processes have confirmed it."
)


def inert(foreign: str) -> str:
    """A foreign string for Markdown, outside a fence: no mark-up, HTML, link, reference or mention is left in it.

    GitHub looks for mentions and references after rendering, but not inside ``<code>``; addresses it links even there, unless
    something stands after the ``@``.
    """
    escaped = text.markdown_cell(log_line(foreign)).translate(_ENTITIES)
    return f"<code>{re.sub('www[.]', 'www&#46;', escaped, flags=re.IGNORECASE)}</code>"


@dataclass(frozen=True, slots=True)
class _Section:
    """A part of the page: what stays, and the rows that may have to go."""

    head: tuple[str, ...]
    rows: tuple[str, ...]
    foot: tuple[str, ...] = ()
    dropped: str = ""

    def size(self) -> int:
        """Bytes of what always stays, with the line that counts what was cut."""
        return _bytes((*self.head, *self.foot)) + _bytes(["", _dropped(len(self.rows))])

    def needed(self) -> int:
        """Bytes of all rows."""
        return _bytes(self.rows)

    def fitted(self, room: int) -> _Section:
        """Keep the rows that fit into so many bytes."""
        for kept, row in enumerate(self.rows):
            room -= _bytes([row])
            if room < 0:
                return _Section(
                    self.head, self.rows[:kept], self.foot, _dropped(len(self.rows) - kept)
                )
        return self

    def lines(self) -> list[str]:
        """Everything, with a line about what was cut."""
        return [*self.head, *self.rows, *(["", self.dropped] if self.dropped else []), *self.foot]


def _dropped(count: int) -> str:
    return f"*{count} more not shown: the page would be too long; the JSON report has all of them.*"


def _bytes(lines: Iterable[str]) -> int:
    return sum(len(line.encode("utf-8", "replace")) + 1 for line in lines)


def markdown(report: GateReport, *, limit: int = 60_000) -> str:
    """Return a comment for a pull request of less than ``limit`` bytes, of which at least 32 000 are needed.

    The verdict, how to do it again, and every ``<details>`` with its end are there however little room there is.
    """
    top = [
        f"**{_SIGNS.get(report.verdict, _RED)} {verdict_word(report)}:** {_because(report, inert)}",
        "",
        _compared(report),
    ]
    sections = [section for section in _sections(report) if section.rows]
    bottom = [*_again(report), "", MARKER]
    room = limit - _bytes(top) - _bytes(bottom) - sum(section.size() for section in sections) - 1
    lines = [*top]
    for section in _shared(sections, room):
        lines += section.lines()
    return "\n".join([*lines, *bottom]) + "\n"


def _shared(sections: Sequence[_Section], room: int) -> Iterator[_Section]:
    """Give each section what the later ones do not need, and half of what is left if they need it all."""
    later = sum(section.needed() for section in sections)
    for section in sections:
        later -= section.needed()
        fitted = section.fitted(max(room // 2, room - later))
        room -= fitted.needed()
        yield fitted


def _compared(report: GateReport) -> str:
    dirty = ", with uncommitted changes," if report.dirty else ""
    return (
        f"{inert(report.head[:12])}{dirty} against {inert(_cut(report.against))} ({inert(report.base[:12])}), "
        f"tolerance {percent(report.tolerance, signed=False)}."
    )


def _sections(report: GateReport) -> Iterator[_Section]:
    """All parts, the most important first: this is both the order on the page and the order in which they get their room."""
    changed = [key for key in _keys(report) if _word(key) not in _CALM]
    same = [key for key in _keys(report) if _word(key) in _CALM]
    yield _Section(("", "**Not equivalent**", ""), tuple(map(_gap_item, report.wrong)))
    yield _Section(("", "**Not measured**", ""), tuple(map(_gap_item, report.missing)))
    yield _Section(("", *_HEADER), tuple(map(_row, changed)))
    yield _Section(("",), tuple(_note_items(changed)))
    yield _Section(("",), tuple(f"- note: {inert(_cut(note))}" for note in report.notes))
    yield _folded(
        "conditions and machine, and how each number was made", (*_conditions(report), f"- {_HOW}")
    )
    yield _folded(
        f"{_counted(len(report.added), 'variant')} added", tuple(_name_items(report.added))
    )
    yield _folded(f"{_counted(len(same), 'key')} the same", tuple(map(_row, same)), head=_HEADER)
    yield _folded("notes on keys that are the same", tuple(_note_items(same)))
    yield _folded(
        f"{_counted(len(report.unchanged), 'variant')} unchanged, not run",
        tuple(_name_items(report.unchanged)),
    )


def _folded(summary: str, rows: tuple[str, ...], *, head: tuple[str, ...] = ()) -> _Section:
    return _Section(
        ("", f"<details><summary>{summary}</summary>", "", *head), rows, ("", "</details>")
    )


def _row(key: KeyVerdict) -> str:
    cells = [
        inert(_cut(str(key.key))),
        str(key.metric),
        _base(key),
        text.MISSING if key.ratio is None else percent(key.ratio.value - 1),
        "" if key.ratio is None else _between(key.ratio),
        _effect(key),
        f"**{_said(key)}**" if key.verdict is Verdict.SLOWER else _said(key),
        str(key.units),
        inert(_cut(key.how)),
    ]
    return f"| {' | '.join(cells)} |"


def _gap_item(gap: Gap) -> str:
    return f"- {inert(_cut(f'{gap.case}/{gap.variant}'))}: {inert(_cut(gap.status))}: {inert(_cut(gap.message))}"


def _note_items(keys: Iterable[KeyVerdict]) -> Iterator[str]:
    return (
        f"- {inert(_cut(str(key.key)))} ({key.metric}): {inert(_cut(note))}"
        for key in keys
        for note in key.notes
    )


def _name_items(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    return (f"- {inert(_cut(name, 2000))}" for name in _grouped(pairs))


def _conditions(report: GateReport) -> Iterator[str]:
    for line in _machine_lines(report):
        yield f"- {inert(line)}"
    libraries = ", ".join(
        f"{name} {version}" for name, version in sorted(report.machine.libraries.items())
    )
    yield f"- {inert(_cut(f'libraries: {libraries}', 1000))}"
    if rarest := _rarest(report.keys):
        yield f"- {inert(rarest)}"
    yield f"- took {report.seconds:.0f} s"


def _again(report: GateReport) -> list[str]:
    command = log_line(_cut(report.command, _COMMAND))
    longest = max(map(len, re.findall("`+", command)), default=0)
    fence = "`" * max(3, longest + 1)
    return ["", "To do it again:", "", f"{fence}text", command, fence]


# --------------------------------------------------------------------------- JUnit

_NO_XML = re.compile("[^\t\n\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


def junit(report: GateReport) -> str:
    """Return JUnit XML: a test case for each key and metric, for each gap, and one for the gate as a whole."""
    cases = [
        *map(_key_case, _keys(report)),
        *(_gap_case(gap) for gap in (*report.wrong, *report.missing)),
        _whole_case(report),
    ]
    count = {
        tag: str(sum(case.find(tag) is not None for case in cases))
        for tag in ("failure", "error", "skipped")
    }
    suite = ET.Element(
        "testsuite", name="perflab gate", tests=str(len(cases)), failures=count["failure"], errors=count["error"],
        skipped=count["skipped"], time=f"{report.seconds:.3f}",
    )  # fmt: skip
    suite.extend(cases)
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False).join(
        ['<?xml version="1.0" encoding="UTF-8"?>\n', "\n"]
    )


def _key_case(key: KeyVerdict) -> ET.Element:
    case = _case(key.key.case, f"{key.key.variant} {key.key.workload} {key.metric}", key.seconds)
    if key.verdict is Verdict.SLOWER:
        _outcome(case, "failure", _annotation(key))
    elif undecided(key):
        _outcome(case, "skipped", _annotation(key))
    return case


def _gap_case(gap: Gap) -> ET.Element:
    case = _case(gap.case, gap.variant, 0.0)
    _outcome(case, "error", f"{gap.status}: {_cut(gap.message)}")
    return case


def _whole_case(report: GateReport) -> ET.Element:
    """What keeps a run without a red key, but without an answer too, from looking green."""
    case = _case("gate", "gate", 0.0)
    if report.exit_code != 0 or report.verdict is not GateVerdict.PASS:
        _outcome(
            case,
            "failure" if report.verdict is GateVerdict.REGRESSION else "error",
            verdict_line(report),
        )
    return case


def _case(classname: str, name: str, seconds: float) -> ET.Element:
    return ET.Element("testcase", classname=_xml(classname), name=_xml(name), time=f"{seconds:.3f}")


def _outcome(case: ET.Element, tag: str, message: str) -> None:
    ET.SubElement(case, tag, message=_xml(message), type=tag).text = _xml(message)


def _xml(said: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", log_line(said))


def _annotation(key: KeyVerdict) -> str:
    """One key in one line."""
    notes = "".join(f"; {_cut(note)}" for note in key.notes)
    calls = f" of {key.calls:,} calls" if key.calls is not None else ""
    return (
        f"{_said(key)}: {key.metric} {change(key.ratio)}, smallest effect {_effect(key)}, "
        f"{_counted(key.units, 'unit')}{calls}, {_cut(key.how)}{notes}"
    )


# --------------------------------------------------------------------------- annotations

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def workflow_commands(report: GateReport) -> str:
    """Return GitHub's annotations, one a line: errors for what is red, warnings for what is unclear; empty for a pass."""
    errors = [
        *(
            (f"{gap.case}/{gap.variant} is not equivalent", f"{gap.status}: {_cut(gap.message)}")
            for gap in report.wrong
        ),
        *(
            (f"{gap.case}/{gap.variant} was not measured", f"{gap.status}: {_cut(gap.message)}")
            for gap in report.missing
        ),
        *((f"{key.key} is slower", _annotation(key)) for key in _keys(report, Verdict.SLOWER)),
    ]
    warnings = [
        (f"{key.key} is unclear", _annotation(key)) for key in _keys(report) if undecided(key)
    ]
    if report.exit_code != 0 and not errors:
        errors = [("perflab gate", verdict_line(report))]
    return "".join([*_commands("error", errors), *_commands("warning", warnings)])


def _commands(level: str, said: Sequence[tuple[str, str]]) -> Iterator[str]:
    shown = list(said[:_ANNOTATIONS])
    if len(said) > _ANNOTATIONS:
        shown.append(("perflab gate", f"and {len(said) - _ANNOTATIONS} more"))
    for title, message in shown:
        yield f"::{level} title={log_line(title).translate(_PROPERTY)}::{log_line(message).translate(_DATA)}\n"
