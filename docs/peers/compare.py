"""Runs the comparison of regression gates, and renders it: ``python docs/peers/compare.py``."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import page
import scratch
from adapters import ROWS, TOOLS, Misunderstood, Place, Plan, Tool, decide

HERE = Path(__file__).resolve().parent
HOME = HERE.parents[1]
DATA = HERE / "measured.jsonl"
OWN = HOME / ".perflab" / "peers" / "measured.jsonl"
"""Where a visitor's comparison goes: git does not see it, and the page stays as published."""
PAGE = HERE.parent / "peers.md"
README = HOME / "README.md"
SLOWDOWNS = (0, 1, 2, 5)
_SLACK_PERCENT = 0.01
"""How far the counted slowdown may be off: what a call costs besides its units."""


class Refused(Exception):
    """Something that must be put right first; the message says what."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for."""

    trials: int
    seconds: float
    seed: int
    slowdowns: tuple[int, ...]
    tools: tuple[str, ...]
    resume: bool
    data: Path

    @property
    def partial(self) -> Path:
        """Where decisions are kept until the comparison is complete."""
        return self.data.with_suffix(".partial.jsonl")


def main(words: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the exit code."""
    options = _parser().parse_args(words)
    asked = Asked(
        options.trials,
        options.seconds,
        options.seed,
        options.slowdowns,
        options.only,
        options.resume,
        DATA if options.publish or options.render or options.check else options.data,
    )
    try:
        if options.table:
            shown = asked.data if asked.data.exists() else DATA
            print(page.table(page.read(shown)), end="")
        elif options.check:
            return check(page.read(asked.data))
        elif options.render:
            render(page.read(asked.data))
        else:
            compare(asked)
    except (Refused, page.BadData, Misunderstood, OSError) as error:
        print(f"compare.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            "interrupted; what was measured is kept: the same command with --resume goes on",
            file=sys.stderr,
        )
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument(
        "--trials", type=int, default=20, help="decisions of each tool on each slowdown"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=8.0,
        help="of measuring for one decision, both revisions together",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the order of tools and slowdowns")
    parser.add_argument(
        "--only",
        type=_tools,
        default=tuple(TOOLS),
        metavar="TOOLS",
        help="some of the tools, separated by commas",
    )
    parser.add_argument(
        "--slowdowns",
        type=_percents,
        default=SLOWDOWNS,
        metavar="PERCENTS",
        help="whole percents, separated by commas",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with an interrupted comparison, or add trials to a complete one",
    )
    parser.add_argument(
        "--data", type=Path, default=OWN, help="where the raw decisions of a comparison go"
    )
    parser.add_argument(
        "--publish",
        action="store_true",
        help=f"the raw decisions are the published ones, {DATA.name} beside this script, and the page is written anew",
    )
    parser.add_argument(
        "--render",
        action="store_true",
        help="only write the page (and the README's block) from the data",
    )
    parser.add_argument("--table", action="store_true", help="only print the table")
    parser.add_argument(
        "--check",
        action="store_true",
        help="only say whether page and README are what the data says",
    )
    return parser


def _tools(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    unknown = [name for name in names if name not in TOOLS]
    if unknown:
        raise argparse.ArgumentTypeError(
            f"no such tool: {', '.join(unknown)}; there are: {', '.join(TOOLS)}"
        )
    return names


def _percents(text: str) -> tuple[int, ...]:
    return tuple(sorted({int(word) for word in text.split(",")}))


# --------------------------------------------------------------------------- what is said


def render(data: page.Data) -> None:
    """Write the page, and the README's block if its markers are there."""
    PAGE.write_text(page.page(data), encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    if page.with_block(text, data) != text:
        README.write_text(page.with_block(text, data), encoding="utf-8")


def check(data: page.Data) -> int:
    """Return 1, and name the file, where a page is not what the data says."""
    readme = README.read_text(encoding="utf-8")
    stale = [
        path.name
        for path, expected in ((PAGE, page.page(data)), (README, page.with_block(readme, data)))
        if not path.exists() or path.read_text(encoding="utf-8") != expected
    ]
    for name in stale:
        print(
            f"{name} is not what the data says: python docs/peers/compare.py --render",
            file=sys.stderr,
        )
    return 1 if stale else 0


# --------------------------------------------------------------------------- the comparison


def compare(asked: Asked) -> None:
    """Take all decisions, one file line at a time; render those that are published."""
    asked.data.parent.mkdir(parents=True, exist_ok=True)
    if OWN.parent in asked.data.parents:
        (OWN.parents[1] / ".gitignore").write_text("*\n", encoding="utf-8")
    settled = settle(asked)
    call_seconds, done = begin(asked, settled)
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        repository = scratch.make(Path(folder), asked.slowdowns)
        tools, once = prepare(asked, repository)
        plan = Plan(asked.seconds, call_seconds or float(f"{scratch.call_seconds():.3g}"))
        commands = {name: tool.commands(plan) for name, (tool, _) in tools.items()}
        about = {
            "utc": _now(),
            "call_seconds": plan.call_seconds,
            "once_seconds": once,
            "commands": commands,
        }
        _append(asked.partial, {"kind": "session", **settled, **about})
        for trial in range(asked.trials):
            run_trial(asked, plan, trial, tools, done)
    os.replace(asked.partial, asked.data)
    data = page.read(asked.data)
    if asked.data == DATA:
        render(data)
    print(page.table(data), end="")


def order(seed: int, trial: int, slowdowns: Sequence[int]) -> list[tuple[str, int]]:
    """Return in which order a trial asks tools about slowdowns: always of all tools, so that a part of them keeps its places."""
    pairs = [(name, percent) for name in TOOLS for percent in slowdowns]
    random.Random(f"{seed}-{trial}").shuffle(pairs)
    return pairs


def run_trial(
    asked: Asked,
    plan: Plan,
    trial: int,
    tools: Mapping[str, tuple[Tool, Place]],
    done: set[tuple[int, str, int]],
) -> None:
    """Ask each tool about each slowdown once, except what is done already."""
    for place_in_order, (name, percent) in enumerate(order(asked.seed, trial, asked.slowdowns)):
        if name not in tools or (trial, name, percent) in done:
            continue
        tool, place = tools[name]
        about = {
            "kind": "decision",
            "trial": trial,
            "order": place_in_order,
            "slowdown": percent,
            "utc": _now(),
            "load": os.getloadavg()[0],
        }
        decisions, wall = decide(name, tool, place, str(percent), plan)
        records = [
            {
                **about,
                "tool": row,
                "verdict": decision.verdict,
                "exit_code": decision.exit_code,
                "measuring_seconds": round(decision.measuring_seconds, 3),
                "wall_seconds": round(wall, 3),
                "said": decision.said,
            }
            for row, decision in decisions.items()
        ]
        _append(asked.partial, *records)
        for record in records:
            print(
                f"trial {trial + 1}/{asked.trials}  {percent} %  {record['tool']}: {record['verdict']}  {wall:.1f} s",
                file=sys.stderr,
            )


def prepare(
    asked: Asked, repository: scratch.Scratch
) -> tuple[dict[str, tuple[Tool, Place]], dict[str, float]]:
    """Make each tool ready; return them with their places, and what that cost once."""
    tools: dict[str, tuple[Tool, Place]] = {}
    once: dict[str, float] = {}
    for name in asked.tools:
        tool, place = TOOLS[name](), Place(repository, repository.root / f"of-{name}")
        start = time.monotonic()
        try:
            tool.prepare(place)
        except Misunderstood as error:
            raise Refused(f"{name} cannot be used: {error}; leave it out with --only") from None
        tools[name], once[name] = (tool, place), round(time.monotonic() - start, 1)
    return tools, once


def begin(
    asked: Asked, settled: Mapping[str, Any]
) -> tuple[float | None, set[tuple[int, str, int]]]:
    """Look into the file that grows; return the time of a call, and trial, tool and slowdown of what is in it already."""
    if not asked.resume:
        if asked.partial.exists():
            raise Refused(
                f"{asked.partial.name} holds an interrupted comparison: go on with --resume, or delete it"
            )
        return None, set()
    if not asked.partial.exists() and asked.data.exists():
        shutil.copyfile(asked.data, asked.partial)
    if not asked.partial.exists():
        return None, set()
    data = page.read(asked.partial)
    differ = page.unlike(data.settled, settled)
    if differ:
        raise Refused(
            f"{asked.partial.name} was measured otherwise ({', '.join(differ)}): delete it, or put that back"
        )
    done = {
        (one["trial"], name, one["slowdown"])
        for one in data.decisions
        for name, rows in ROWS.items()
        if one["tool"] == rows[0]
    }
    return data.settled["call_seconds"], done


def settle(asked: Asked) -> dict[str, Any]:
    """Return what all sessions of a comparison must agree in, as the file will say it."""
    planted = {str(percent): round(scratch.planted(percent), 4) for percent in asked.slowdowns}
    for percent, counted in planted.items():
        if abs(counted - int(percent)) > _SLACK_PERCENT * max(1, int(percent)):
            raise Refused(f"the slowdown of {percent} % counts as {counted} %")
    return {
        "schema": page.SCHEMA,
        "seed": asked.seed,
        "seconds": asked.seconds,
        "slowdowns": list(asked.slowdowns),
        "planted_percent": planted,
        "machine": _machine(),
        "versions": _versions(),
    }


def _machine() -> dict[str, Any]:
    lines = (
        Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if Path("/proc/cpuinfo").exists()
        else []
    )
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "system": platform.system(),
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
    }


def _versions() -> dict[str, str]:
    judging = [
        *(
            path
            for part in ("model", "judge", "lab")
            for path in (HOME / "harness" / part).rglob("*.py")
        )
    ]
    sources = hashlib.sha256(b"\0".join(path.read_bytes() for path in sorted(judging))).hexdigest()[
        :8
    ]
    found = {"perflab": f"{_version('perflab')} (sources {sources})"}
    return {
        **found,
        **{name: _version(name) for name in ("pyperf", "pytest", "pytest-benchmark", "asv")},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _append(path: Path, *records: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))
        file.flush()
        os.fsync(file.fileno())


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


if __name__ == "__main__":
    sys.exit(main())
