"""The 64 faults that the lab survives, and the tests that hold them: writes docs/faults.md (``python -m tests.faults.rows``)."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
PAGE = FOLDER.parents[1] / "docs" / "faults.md"
ROWS: dict[str, dict[int, tuple[str, str]]] = {
    "What a variant does": {
        1: ("reads where it may not (SIGSEGV)", "4"),
        2: ("aborts, divides by nought, or uses instructions the processor lacks", "4"),
        3: ("leaves the process in the middle of a round, with exit 0", "4"),
        4: ("raises SystemExit or KeyboardInterrupt", "4"),
        5: ("loops for ever in Python", "4"),
        6: ("hangs in C, holding the interpreter's lock", "4"),
        7: ("deadlocks with a pool of processes", "4"),
        8: ("leaves a grandchild in a session of its own", "4"),
        9: ("allocates without end", "4"),
        10: ("is killed by the kernel for want of memory", "4"),
        11: ("recurses too deep, in Python or in C", "4"),
        12: ("raises at one size", "4; the other sizes keep their numbers"),
        13: ("is wrong at one size, for one seed", "3"),
        14: ("is right at first, wrong after some calls", "3"),
        15: ("answers with another type, shape or dtype", "3"),
        16: ("meets NaN, -0.0, infinity, nothing, one item", "0 or 3, by the case's policy"),
        17: ("computes in single precision", "3"),
        18: ("changes its input", "3"),
        19: ("changes what others read", "3"),
        20: ("remembers answers: by value, on the function, in a file", "3"),
        21: ("answers with a promise: an iterator, a coroutine", "3"),
        22: ("answers with its own input", "3"),
        23: ("answers by chance, or by the hash seed", "3"),
        24: ("replaces a clock, the collector, or a part of the lab", "3"),
        25: ("works after it has answered", "3"),
        26: ("leaves threads, files, another folder, locale or environment", "0, with a warning"),
        27: ("prints megabytes, in no encoding", "0, with a warning"),
        28: ("takes less time than the clock can tell", "5"),
        29: ("is faster than anything can be", "3"),
        30: ("lacks a library or a build", "4"),
        31: ("has a build that is older than its source", "4"),
        32: ("cannot be compiled", "4; the others are built and run"),
    },
    "Process, clock, machine": {
        33: ("Ctrl-C while proving, measuring, writing", "130"),
        34: ("Ctrl-C twice", "130"),
        35: ("SIGTERM, SIGHUP", "143, 129"),
        36: ("kill -9", "the next start says so"),
        37: ("a store that is full or cannot be written, before or while measuring", "6"),
        38: ("a wall clock that jumps", "0, and said"),
        39: ("a machine that slept", "the block is dropped"),
        40: ("many bad blocks", "5"),
        41: ("fewer processors for us than the machine has", "0, and said"),
        42: ("settings and tools that distort", "0: they do not reach a worker"),
        43: ("two runs at once", "0; one waits, or both are warned"),
        44: ("a closed pipe, a dumb terminal, 40 columns, a poor encoding", "0 or 141"),
    },
    "The store": {
        45: ("a file that is cut short", "0 and a warning beside others; fsck 6"),
        46: ("a flipped bit", "6 for that file"),
        47: ("marks of a merge conflict", "6"),
        48: ("nothing, a folder, a link, a pipe, or gigabytes in place of a file", "6"),
        49: ("JSON that is deep, huge, doubled, not a number, or of another encoding", "6"),
        50: ("a format newer than the tool", "6"),
        51: ("formats older than the tool", "0"),
        52: ("eight writers and a reader", "0"),
        53: ("a cache that is gone, spoilt, or another version's", "0"),
        54: ("one run taken in twice, or with two contents", "0, or 6"),
        55: ("a case whose declaration has changed since", "5"),
    },
    "Comparing and the gate": {
        56: ("no baseline", "5"),
        57: ("a baseline from another processor, Python or library", "5"),
        58: ("a baseline that is incomplete or too small", "5"),
        59: ("a declared variant with no result", "4"),
        60: ("nothing in common", "5"),
        61: ("identical code, and planted slowdowns", "0, and 1"),
    },
    "Hostile input": {
        62: ("names that are paths, options, or control characters", "2"),
        63: (
            "names and messages that are HTML, Markdown, workflow commands, escapes",
            "0, as text",
        ),
        64: ("a stranger's result file", "6"),
    },
}


@dataclass(frozen=True, slots=True)
class Test:
    """One test that holds some rows."""

    name: str
    file: str
    rows: tuple[int, ...]
    seam: bool


def tests() -> Iterator[Test]:
    """Find the tests whose names begin with the numbers of rows."""
    for path in sorted(FOLDER.glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            found = (
                re.match(r"test((?:_\d\d)+)_", node.name)
                if isinstance(node, ast.FunctionDef)
                else None
            )
            if found and isinstance(node, ast.FunctionDef):
                rows = tuple(map(int, found[1].split("_")[1:]))
                yield Test(node.name, path.name, rows, "Seam:" in (ast.get_docstring(node) or ""))


def held() -> dict[int, list[Test]]:
    """Tests by row."""
    by_row: defaultdict[int, list[Test]] = defaultdict(list)
    for test in tests():
        for row in test.rows:
            by_row[row].append(test)
    return dict(by_row)


def page() -> str:
    """Return docs/faults.md."""
    by_row = held()
    lines = [
        "# What the lab survives",
        "",
        "Each row is a fault or a bad input, the exit code that answers it, and the tests that inject it through the real command line and look at exit code,",
        "message, processes left behind (none) and older results (unchanged to the byte). What a test cannot bring about on any machine (a machine that sleeps, the",
        "kernel killing for want of memory) enters through a *seam*, and is marked so. Variants that cheat on purpose: tests/faults/test_cheats.py, and",
        "[where that ends](measuring.md#what-it-does-not-defend-against). This page is written by `python -m tests.faults.rows`.",
        "",
    ]
    for title, rows in ROWS.items():
        lines += [f"## {title}", "", "| # | fault | exit | test |", "|---:|---|---|---|"]
        for number, (fault, code) in rows.items():
            said = ", ".join(
                f"`{test.name}`{' (seam)' if test.seam else ''}" for test in by_row.get(number, ())
            )
            lines.append(f"| {number} | {fault} | {code} | {said} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
