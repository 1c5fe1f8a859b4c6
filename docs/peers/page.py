"""The comparison's data, and everything that is said of it: the table, the page, the README's block."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from adapters import ERROR, FASTER, ROWS, SLOWER, THRESHOLD_PERCENT, UNCLEAR
from scipy.stats import beta

SCHEMA = "peers/1"
BEGIN, END = "<!-- peers:begin -->", "<!-- peers:end -->"
NAMES: Mapping[str, str] = {
    "ours": "perflab gate",
    "pyperf": "pyperf",
    "pyperf-min-speed": f"pyperf, `--min-speed {THRESHOLD_PERCENT}`",
    "pytest-benchmark": f"pytest-benchmark, `median:{THRESHOLD_PERCENT}%`",
    "pytest-benchmark-min": f"pytest-benchmark, `min:{THRESHOLD_PERCENT}%`",
    "asv": "asv continuous",
}


def called(tool: str) -> str:
    """Name a tool, where its rows are not meant."""
    return NAMES[tool] if tool == "ours" else tool


SETTLED = ("schema", "seed", "seconds", "slowdowns", "planted_percent", "machine", "versions")
"""What all sessions of one comparison must agree in."""


class BadData(Exception):
    """The data file does not hold one comparison."""


@dataclass(frozen=True, slots=True)
class Data:
    """One comparison: what was settled before, by session, and every decision."""

    sessions: tuple[Mapping[str, Any], ...]
    decisions: tuple[Mapping[str, Any], ...]

    @property
    def settled(self) -> Mapping[str, Any]:
        """What all sessions agree in."""
        return self.sessions[0]

    def rows(self) -> list[str]:
        """The rows of the table that have any decision, in the order of the table."""
        seen = {one["tool"] for one in self.decisions}
        return [row for rows in ROWS.values() for row in rows if row in seen]

    def of(self, row: str, slowdown: int | None = None) -> list[Mapping[str, Any]]:
        """Decisions of a row, at one slowdown or at all."""
        return [
            one
            for one in self.decisions
            if one["tool"] == row and slowdown in {None, one["slowdown"]}
        ]


def read(path: Path) -> Data:
    """Read a data file.

    Raises:
        BadData: it holds no comparison, or more than one.
    """
    try:
        records = [
            json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line
        ]
    except ValueError as error:
        raise BadData(f"{path.name} holds a line that is no JSON: {error}") from None
    sessions = tuple(one for one in records if one["kind"] == "session")
    if not sessions:
        raise BadData(f"{path.name} holds no comparison")
    for session in sessions[1:]:
        differ = unlike(sessions[0], session)
        if differ:
            raise BadData(f"{path.name}: its sessions differ in {', '.join(differ)}")
    return Data(sessions, tuple(one for one in records if one["kind"] == "decision"))


def unlike(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """Name what two sessions of one comparison do not agree in."""
    return [name for name in SETTLED if first[name] != second[name]]


# --------------------------------------------------------------------------- the table


def interval(hits: int, count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a share (Clopper and Pearson, Biometrika 26, 1934)."""
    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, hits, count - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, count - hits)) if hits < count else 1.0
    return low, high


def share(decisions: Sequence[Mapping[str, Any]], verdict: str) -> str:
    """Return how many decisions are of this verdict, with the interval; errors count as decisions."""
    count = len(decisions)
    if not count:
        return "–"
    hits = sum(one["verdict"] == verdict for one in decisions)
    low, high = interval(hits, count)
    return f"{hits}/{count} ({100 * low:.0f}–{100 * high:.0f} %)"


def _count(decisions: Sequence[Mapping[str, Any]], verdict: str) -> str:
    return f"{sum(one['verdict'] == verdict for one in decisions)}/{len(decisions)}"


def _median(values: Iterable[float]) -> str:
    kept = list(values)
    return f"{median(kept):.1f} s" if kept else "–"


def table(data: Data) -> str:
    """Return the table in Markdown: a row for each tool."""
    slowdowns = data.settled["slowdowns"]
    heads = [
        "gate",
        *(
            "false alarms, identical code" if percent == 0 else f"found, {percent} % slower"
            for percent in slowdowns
        ),
        *(
            "inconclusive",
            "“faster”, identical code",
            "“faster”, slower code",
            "errors",
            "measuring",
            "wall",
        ),
    ]
    lines = [_line(heads), "|---|" + "---:|" * (len(heads) - 1)]
    return "\n".join([*lines, *(_line(_cells(data, row)) for row in data.rows())]) + "\n"


def _cells(data: Data, row: str) -> list[str]:
    every = data.of(row)
    measured = [one for one in every if one["verdict"] != ERROR]
    return [
        NAMES[row],
        *(share(data.of(row, percent), SLOWER) for percent in data.settled["slowdowns"]),
        _count(every, UNCLEAR),
        _count([one for one in every if one["slowdown"] == 0], FASTER),
        _count([one for one in every if one["slowdown"] != 0], FASTER),
        _count(every, ERROR),
        _median(one["measuring_seconds"] for one in measured),
        _median(one["wall_seconds"] for one in measured),
    ]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


# --------------------------------------------------------------------------- the page


def page(data: Data) -> str:
    """Return the whole page; nothing in it is written by hand."""
    sections = (
        _head(data),
        table(data),
        _legend(data),
        _function(data),
        _commands(data),
        _machine(data),
        _limits(data),
        _again(data),
    )
    return "\n".join(section.strip("\n") + "\n" for section in sections)


def block(data: Data) -> str:
    """Return what stands between the README's markers."""
    first, last = _days(data)
    when = first if first == last else f"{first} to {last}"
    return f"{table(data)}\nMeasured {when}, {data.settled['seconds']:g} s for each decision; [how, and how to repeat it](docs/peers.md).\n"


def with_block(text: str, data: Data) -> str:
    """Return a README with its block brought up to date; without the markers it stays as it is."""
    if BEGIN not in text or END not in text:
        return text
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    return f"{before}{BEGIN}\n{block(data)}{END}{after}"


def _days(data: Data) -> tuple[str, str]:
    times = sorted(one["utc"] for one in (*data.sessions, *data.decisions))
    return times[0][:10], times[-1][:10]


def _head(data: Data) -> str:
    settled, (first, last) = data.settled, _days(data)
    trials = 1 + max((one["trial"] for one in data.decisions), default=-1)
    loads = [one["load"] for one in data.decisions]
    load = (
        f" The load average was {min(loads):.1f} to {max(loads):.1f}, {median(loads):.1f} in the middle."
        if loads
        else ""
    )
    return f"""# Gates, side by side

How often does a gate cry wolf, and how small a slowdown does it find? The same function, on the same machine, with the same seconds of
measuring, through four tools: identical on both revisions, and slowed by a known share.

Up to {trials} trials of each pair, {settled["seconds"]:g} s of measuring for each decision, {first if first == last else f"{first} to {last}"}.{load}
This page is rendered from [the raw decisions](peers/measured.jsonl) by [a script](peers/compare.py); nothing in it is written by hand.
"""


def _legend(data: Data) -> str:
    once = [session["once_seconds"] for session in data.sessions]
    made = ", ".join(
        f"{called(tool)} {_median(one[tool] for one in once if tool in one)}"
        for tool in ROWS
        if any(one.get(tool, 0) >= 1 for one in once)
    )
    return f"""
Shares are counts of decisions with their exact 95 % interval (Clopper and Pearson). A decision that ended in an error, or was
inconclusive, stays in the denominator.

- *False alarms*: the revisions differ only in a constant that nobody reads, and the tool said "slower".
- *Found*: the tool said "slower" of a head that is.
- *Inconclusive*: only {NAMES["ours"]} has such an answer (exit 5); the others always decide.
- *"Faster"*: a wrong call as well; pytest-benchmark has no such answer.
- *Measuring*: median seconds of one decision, as the tool itself reports them. Of pyperf, pytest-benchmark and asv only calls of the
  function, warm-up included (its planned length where the tool does not report it); starting processes is not in it. Of {NAMES["ours"]}
  everything spent on timing the function, starting processes and confirming a slowdown included, but not the proof that both
  sides answer alike and not the check of the machine with identical code; those are in the wall seconds.
- *Wall*: median seconds from start to answer, processes and set-up included; not what is done once before the first decision{f" ({made})" if made else ""}.
"""


def _function(data: Data) -> str:
    planted = ", ".join(
        f"{percent} % → {counted:.3f} %"
        for percent, counted in data.settled["planted_percent"].items()
    )
    return f"""
## The function, and how it was slowed

The edit distance of two short words in pure Python, computed as often as there are units of work: 100 at the base, one more for
each percent of slowdown. Each unit is the same work, so the slowdown is exact by construction; it was counted too, in bytecode
instructions of one call: {planted}. One call of the base took {1e6 * data.settled["call_seconds"]:.0f} µs. The number of units stands in the source, not in an argument: each slowdown is a commit of a
scratch repository, and all tools get the same commits.
"""


def _commands(data: Data) -> str:
    shown = {
        tool: lines for session in data.sessions for tool, lines in session["commands"].items()
    }
    blocks = "\n".join(
        f"\n{called(tool)}:\n\n```sh\n" + "\n".join(shown[tool]) + "\n```"
        for tool in ROWS
        if tool in shown
    )
    return f"""
## The commands

Numbers of loops, processes and rounds follow from the budget and the time of one call, measured once at the start. Each tool has a `HOME`
and folders of its own.
{blocks}

- pyperf: base, then head, as its documentation shows; values, warm-ups and their length are its defaults, the number of processes is
  what the budget allows at the call's typical speed, and the number of loops is the same on both sides. It has no exit code for "slower": the words of `compare_to` tell. The row with `--min-speed {THRESHOLD_PERCENT}` reads the
  same two files.
- pytest-benchmark: garbage collection off, warm-up on, and the budget as `--benchmark-max-time` (from
  which it computes a number of rounds at the call's best speed, so on a noisy machine it takes longer). Both checks are made in one run, and the
  messages tell which of them failed; the exit code must agree.
- asv: rounds interleaved, because that evens out the machine's drift; its defaults would measure for a tenth of a second only. Its
  environment is made once; the kernel is copied into it for each commit. Exit code and message tell.
- {NAMES["ours"]}: exit code and JSON tell, and must agree.
"""


def _machine(data: Data) -> str:
    facts = data.settled["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in data.settled["versions"].items())
    return f"""
## The machine

{facts["cpu"]}, {facts["cores"]} cores, {facts["system"]}, {facts["implementation"]} {facts["python"]}. {versions}.
"""


def _limits(data: Data) -> str:
    del data
    return f"""
## What this does not say

- One function, one machine: processor-bound Python without allocation to speak of, no hashing of strings, no input or output. A
  function whose speed changes from process to process would be harder on tools that start one process for each side.
- The threshold is {THRESHOLD_PERCENT} % where a tool has one. With 5 or 10 % the others raise fewer false alarms, and find less; asv's own default
  is 10 %.
- {NAMES["ours"]} draws two lines for its tolerance of {THRESHOLD_PERCENT} %: that much must be found, half of it or less must never be called slower. Lower
  thresholds of the others would find more, and raise more false alarms.
- A slowdown as large as the threshold sits on the edge for every tool that compares a point estimate with it: half found is then what to
  expect.
- {NAMES["ours"]} is ours, and so is this comparison. The others were built to measure, to track over months, or to test many functions,
  and a gate is one use of them. Somebody who knows them better may find better settings; `peers/adapters.py` is where they go.
- pyperf recommends tuning the system (`pyperf system tune`), which needs root and was not done.
- Equal seconds of measuring are not equal seconds of waiting. {NAMES["ours"]} adds its proof and its check of the machine to every job, whatever
  the budget; in a job with many functions both are paid once. The others would find more, too, if they measured as long as it takes.
- Tools and slowdowns took turns in seeded random order, so other work on the machine hit all alike, but not each decision alike.
- Trials that share a machine and an hour are not independent; the intervals treat them as if they were.
"""


def _again(data: Data) -> str:
    trials = 1 + max((one["trial"] for one in data.decisions), default=-1)
    slowdowns = ",".join(map(str, data.settled["slowdowns"]))
    return f"""
## Repeat it

```sh
pip install -e '.[dev]' 'asv=={data.settled["versions"]["asv"]}' virtualenv
python docs/peers/compare.py --trials {trials} --seconds {data.settled["seconds"]:g} --seed {data.settled["seed"]} --slowdowns {slowdowns}
```

`--only ours,pyperf` picks tools, `--resume` goes on after an interruption (or adds trials to what is there), `--render` writes this page
from the data, `--table` prints the table alone, `--check` fails where page or README are not what the data says.
"""
