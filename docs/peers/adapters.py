"""One adapter for each gate: how it is called for a budget of seconds, and what its answer means."""

from __future__ import annotations

import json
import math
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import scratch
from scratch import Scratch

SLOWER, FASTER, SAME, UNCLEAR, ERROR = "slower", "faster", "same", "unclear", "error"
THRESHOLD_PERCENT = 1
"""Smallest slowdown that is to count, for every tool that has such a setting."""
WARMUP_SECONDS = 0.1
MIN_SAMPLE_SECONDS = 0.1
"""Length of one value of pyperf, its own default."""
VALUES, WARMUPS = 3, 1
"""Values and warm-ups of one process of pyperf, its own defaults."""
_TIMEOUT_SECONDS = 900
_LINE = 160


class Misunderstood(Exception):
    """A tool failed, or answered something that no adapter knows."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What translates a budget into a tool's settings."""

    seconds: float
    """Of measuring for one decision, both revisions together."""
    call_seconds: float
    """One call of the base, typically; the same for all decisions of a comparison."""

    @property
    def side_seconds(self) -> float:
        """Measuring seconds of one revision."""
        return self.seconds / 2


@dataclass(frozen=True, slots=True)
class Decision:
    """What a tool said of one pair of revisions."""

    verdict: str
    exit_code: int
    measuring_seconds: float
    said: str
    """Its own words, one line."""


@dataclass(frozen=True, slots=True)
class Done:
    """A process that ended."""

    exit_code: int
    stdout: str
    stderr: str


class Tool(Protocol):
    """A gate under comparison."""

    def prepare(self, place: Place) -> None:
        """Do what is done once, before any decision."""

    def decide(self, place: Place, revision: str, plan: Plan) -> Mapping[str, Decision]:
        """Compare a revision with the base: a decision for each row of the table that this measurement feeds."""

    def commands(self, plan: Plan) -> list[str]:
        """Show the commands of one decision."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tool works: the repository, a folder and a HOME of its own."""

    scratch: Scratch
    folder: Path

    def run(self, words: Sequence[str], folder: Path | None = None, **more: str) -> Done:
        """Run a command to its end; the whole process group goes when we are interrupted or it takes too long."""
        process = subprocess.Popen(
            words,
            cwd=folder or self.folder,
            env=_environment(self.folder / "home", more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            stdout, stderr = process.communicate(timeout=_TIMEOUT_SECONDS)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise
        return Done(process.returncode, stdout, stderr)

    def fresh(self, name: str) -> Path:
        """Return an empty folder."""
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path


def _environment(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    home.mkdir(parents=True, exist_ok=True)
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PYTEST", "XDG_", "GIT_", "ASV_", "PYPERF"))
    }
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)])
    return {**kept, "PATH": path, "HOME": str(home), "COLUMNS": "160", "NO_COLOR": "1", **more}


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:_LINE] if lines else "nothing"


def _failed(done: Done) -> Misunderstood:
    return Misunderstood(f"exit {done.exit_code}: {_last_line(done.stderr or done.stdout)}")


def _shown(words: Sequence[str], before: str = "") -> str:
    return f"{before} {shlex.join(words)}".strip()


# --------------------------------------------------------------------------- pyperf

_PYPERF_WORDS = re.compile(r": (?:\d+\.\d+x (slower|faster)|no change)$", re.MULTILINE)


def pyperf_verdict(stdout: str) -> tuple[str, str]:
    """Return what ``pyperf compare_to`` means, and its words; its exit code is always 0."""
    if "not significant" in stdout.lower():
        return SAME, _last_line(stdout)
    found = _PYPERF_WORDS.search(stdout)
    if not found:
        raise Misunderstood(f"pyperf said: {_last_line(stdout)}")
    return found[1] or SAME, _last_line(stdout)


def pyperf_seconds(document: Mapping[str, Any]) -> float:
    """Return the seconds spent in calls, warm-ups and calibration included, of one result file."""
    total = 0.0
    for benchmark in document["benchmarks"]:
        common = {**document.get("metadata", {}), **benchmark.get("metadata", {})}
        for run in benchmark["runs"]:
            loops = {**common, **run.get("metadata", {})}.get("loops", 1)
            total += loops * sum(run.get("values", [])) + sum(
                count * value for count, value in run.get("warmups", [])
            )
    return total


class Pyperf:
    """Two runs, one after the other, then ``compare_to``, as its documentation shows."""

    def prepare(self, place: Place) -> None:
        """Nothing is prepared."""

    def decide(self, place: Place, revision: str, plan: Plan) -> Mapping[str, Decision]:
        """Feed two rows: as it is, and with its threshold set."""
        folder = place.fresh("results")
        for side in ("base", revision):
            output = folder / ("base.json" if side == "base" else "head.json")
            done = place.run(
                self._timeit(sys.executable, plan, str(output)),
                place.scratch.clone(side) / scratch.CASE,
            )
            if done.exit_code or not output.exists():
                raise _failed(done)
        seconds = sum(
            pyperf_seconds(json.loads((folder / name).read_text()))
            for name in ("base.json", "head.json")
        )
        return {
            row: self._compared(place.run(self._compare(sys.executable, more), folder), seconds)
            for row, more in (
                ("pyperf", []),
                ("pyperf-min-speed", ["--min-speed", str(THRESHOLD_PERCENT)]),
            )
        }

    def commands(self, plan: Plan) -> list[str]:
        """Show both runs and both comparisons."""
        return [
            _shown(self._timeit("python", plan, "base.json")) + "   # in the checkout of the base",
            _shown(self._timeit("python", plan, "head.json")) + "   # in the checkout of the head",
            _shown(self._compare("python", [])),
            _shown(self._compare("python", ["--min-speed", str(THRESHOLD_PERCENT)]))
            + "   # the second row, from the same two files",
        ]

    @staticmethod
    def _timeit(python: str, plan: Plan, output: str) -> list[str]:
        loops = 1 << max(0, math.ceil(math.log2(MIN_SAMPLE_SECONDS / plan.call_seconds) - 0.5))
        processes = max(
            2, round(plan.side_seconds / ((VALUES + WARMUPS) * loops * plan.call_seconds))
        )
        first, second = scratch.arguments()
        return [
            *(python, "-m", "pyperf", "timeit", "--quiet", "--name", "distance"),
            *(
                "--processes",
                str(processes),
                "--values",
                str(VALUES),
                "--warmups",
                str(WARMUPS),
                "--loops",
                str(loops),
            ),
            *(
                "--output",
                output,
                "--setup",
                "from kernel import distance",
                f'distance("{first}", "{second}")',
            ),
        ]

    @staticmethod
    def _compare(python: str, more: list[str]) -> list[str]:
        return [python, "-m", "pyperf", "compare_to", *more, "base.json", "head.json"]

    @staticmethod
    def _compared(done: Done, seconds: float) -> Decision:
        if done.exit_code:
            raise _failed(done)
        verdict, said = pyperf_verdict(done.stdout)
        return Decision(verdict, done.exit_code, seconds, said)


# --------------------------------------------------------------------------- pytest-benchmark

_PYTEST_FILE = """from kernel import distance


def test_distance(benchmark):
    benchmark(distance, {arguments})
"""
_FIELDS = ("median", "min")
_CHECK = re.compile(r"Field '(\w+)' has failed PercentageRegressionCheck: .*")


def pytest_benchmark_verdict(exit_code: int, output: str, field: str) -> tuple[str, str]:
    """Return what pytest's check of a field means; it cannot say "faster", and any failure exits 1 too."""
    failed = {found[1]: found[0] for found in _CHECK.finditer(output)}
    if exit_code == (1 if failed else 0) and "Comparing against benchmarks from" in output:
        return (SLOWER, failed[field][:_LINE]) if field in failed else (SAME, "the check passed")
    raise Misunderstood(f"exit {exit_code}: {_last_line(output)}")


def pytest_benchmark_seconds(document: Mapping[str, Any]) -> float:
    """Return the seconds of all timed rounds of one result file; warm-up is not in it."""
    return float(sum(one["stats"]["total"] for one in document["benchmarks"]))


class PytestBenchmark:
    """The base is saved, the head compared with it; the exit code tells, and which check failed."""

    def prepare(self, place: Place) -> None:
        """Write the test."""
        place.folder.mkdir(parents=True, exist_ok=True)
        text = _PYTEST_FILE.format(arguments=", ".join(map(repr, scratch.arguments())))
        (place.folder / "test_distance.py").write_text(text, encoding="utf-8")

    def decide(self, place: Place, revision: str, plan: Plan) -> Mapping[str, Decision]:
        """Run pytest on both checkouts; feed two rows: the check of the median, and of the minimum."""
        store = place.fresh("results")
        base = self._run(
            place, "base", [*self._words(sys.executable, plan, str(store)), *self._save()]
        )
        if base.exit_code:
            raise _failed(base)
        head = self._run(
            place, revision, [*self._words(sys.executable, plan, str(store)), *self._against()]
        )
        output = head.stdout + head.stderr
        verdicts = {
            field: pytest_benchmark_verdict(head.exit_code, output, field) for field in _FIELDS
        }
        files = list(store.rglob("*.json"))
        if len(files) != 2:
            raise Misunderstood(f"{len(files)} result files, not two")
        seconds = (
            sum(pytest_benchmark_seconds(json.loads(file.read_text())) for file in files)
            + 2 * WARMUP_SECONDS
        )
        return {
            row: Decision(verdict, head.exit_code, seconds, said)
            for row, (verdict, said) in zip(
                ROWS["pytest-benchmark"], verdicts.values(), strict=True
            )
        }

    def commands(self, plan: Plan) -> list[str]:
        """Show both runs."""
        words = self._words("python", plan, "results")
        return [
            _shown([*words, *self._save()], "PYTHONPATH=<base>"),
            _shown([*words, *self._against()], "PYTHONPATH=<head>"),
        ]

    @staticmethod
    def _run(place: Place, side: str, words: list[str]) -> Done:
        return place.run(words, PYTHONPATH=str(place.scratch.clone(side) / scratch.CASE))

    @staticmethod
    def _words(python: str, plan: Plan, store: str) -> list[str]:
        return [
            *(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_distance.py"),
            *("--benchmark-disable-gc", "--benchmark-warmup=on", "--benchmark-min-rounds=5"),
            f"--benchmark-warmup-iterations={max(1, round(WARMUP_SECONDS / plan.call_seconds))}",
            f"--benchmark-max-time={max(0.05, plan.side_seconds - WARMUP_SECONDS):.2f}",
            f"--benchmark-storage={store}",
        ]

    @staticmethod
    def _save() -> list[str]:
        return ["--benchmark-save=base"]

    @staticmethod
    def _against() -> list[str]:
        checks = [f"{field}:{THRESHOLD_PERCENT}%" for field in _FIELDS]
        # of an option given twice only the last counts, and it takes all words up to the next option
        return [
            "--benchmark-compare-fail",
            *checks,
            "--benchmark-compare=0001",
            "--benchmark-save=head",
        ]


# --------------------------------------------------------------------------- asv

_ASV_RATIO = re.compile(
    r"^\|[^|]*\|([^|]*)\|([^|]*)\|\s*([\d.]+|n/a)\s*\| .*distance", re.MULTILINE
)


def asv_verdict(exit_code: int, output: str) -> tuple[str, str]:
    """Return what ``asv continuous`` means; its own failures exit 1 too, so its words must agree."""
    row = _ASV_RATIO.search(output)
    said = (
        ""
        if row is None
        else f": {row[1].strip().split('  ')[0]} -> {row[2].strip()}, ratio {row[3]}"
    )
    if (
        exit_code == 1
        and "PERFORMANCE DECREASED." in output
        and row is not None
        and row[3] != "n/a"
    ):
        return SLOWER, f"PERFORMANCE DECREASED{said}"[:_LINE]
    if exit_code == 0 and "PERFORMANCE INCREASED." in output:
        return FASTER, f"PERFORMANCE INCREASED{said}"[:_LINE]
    if exit_code == 0 and "BENCHMARKS NOT SIGNIFICANTLY CHANGED." in output:
        return SAME, "BENCHMARKS NOT SIGNIFICANTLY CHANGED."
    raise Misunderstood(f"exit {exit_code}: {_last_line(output)}")


def asv_seconds(document: Mapping[str, Any]) -> float:
    """Return the seconds of all samples of one result file; warm-up is not in it."""
    columns = document["result_columns"]
    samples, number = columns.index("samples"), columns.index("stats_number")
    results = [row for row in document["results"].values() if row]
    return float(
        sum(
            sum(times) * calls
            for row in results
            for times, calls in zip(row[samples], row[number], strict=True)
            if times
        )
    )


class Asv:
    """``asv continuous`` with interleaved rounds; the environment is made once and kept."""

    def prepare(self, place: Place) -> None:
        """Write the configuration, name the machine, make the environment."""
        place.folder.mkdir(parents=True, exist_ok=True)
        (place.folder / "asv.conf.json").write_text(
            json.dumps(self._configuration(place), indent=1), encoding="utf-8"
        )
        asv, config = [sys.executable, "-m", "asv"], ["--config", "asv.conf.json"]
        done = place.run([*asv, "machine", "--yes", "--machine", "peers", *config])
        if done.exit_code:
            raise _failed(done)
        done = place.run([*asv, "setup", *config])  # exits 1 even when all went well
        if not any((place.folder / "environment").glob("*/bin/python")):
            raise _failed(done)

    def decide(self, place: Place, revision: str, plan: Plan) -> Mapping[str, Decision]:
        """Let asv compare the two commits."""
        results = place.folder / "results"
        shutil.rmtree(results, ignore_errors=True)
        commits = place.scratch.commits
        done = place.run(self._words(sys.executable, plan, commits["base"], commits[revision]))
        verdict, said = asv_verdict(done.exit_code, done.stdout + done.stderr)
        files = [
            results / "peers" / name
            for name in os.listdir(results / "peers")
            if name != "machine.json"
        ]
        if len(files) != 2:
            raise Misunderstood(f"{len(files)} result files, not two")
        seconds = (
            sum(asv_seconds(json.loads(file.read_text())) for file in files)
            + 2 * self._rounds(plan) * WARMUP_SECONDS
        )
        return {"asv": Decision(verdict, done.exit_code, seconds, said)}

    def commands(self, plan: Plan) -> list[str]:
        """Show the one command."""
        return [_shown(self._words("python", plan, "BASE", "HEAD"))]

    @staticmethod
    def _configuration(place: Place) -> dict[str, Any]:
        return {
            "version": 1,
            "project": "peers",
            "project_url": "https://example.invalid/",
            "repo": str(place.scratch.root / "origin"),
            "branches": ["base"],
            "environment_type": "virtualenv",
            "pythons": [f"{sys.version_info.major}.{sys.version_info.minor}"],
            "matrix": {},
            "benchmark_dir": str(place.scratch.root / "origin" / "benchmarks"),
            "env_dir": "environment",
            "results_dir": "results",
            "html_dir": "html",
            "build_command": [],
            "install_command": ["in-dir={build_dir} python place.py"],
            "uninstall_command": ["return-code=any python -c pass"],
        }

    @staticmethod
    def _rounds(plan: Plan) -> int:
        return min(10, max(2, int(plan.side_seconds)))

    def _words(self, python: str, plan: Plan, base: str, head: str) -> list[str]:
        rounds = self._rounds(plan)
        most = max(0.05, plan.side_seconds / rounds - WARMUP_SECONDS)
        settings = (
            f"rounds={rounds}",
            "sample_time=0.01",
            f"warmup_time={WARMUP_SECONDS}",
            f"repeat=(2, 1000000, {most:.2f})",
        )
        return [
            *(
                python,
                "-m",
                "asv",
                "continuous",
                base,
                head,
                "--config",
                "asv.conf.json",
                "--machine",
                "peers",
            ),
            *("--factor", f"{1 + THRESHOLD_PERCENT / 100:.2f}", "--interleave-rounds"),
            *(word for setting in settings for word in ("--attribute", setting)),
        ]


# --------------------------------------------------------------------------- ours

_OURS_EXIT = {0: {SAME, FASTER}, 1: {SLOWER}, 5: {UNCLEAR}}


def ours_verdict(exit_code: int, document: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a ``harness.gate/2`` document means; document, keys and exit code must agree."""
    if document.get("schema") != "harness.gate/2" or exit_code not in _OURS_EXIT:
        raise Misunderstood(f"exit {exit_code}, schema {document.get('schema')}")
    keys = [key for key in document["keys"] if key["metric"] == "time"]
    if exit_code != 5 and len(keys) != 1:
        raise Misunderstood(f"exit {exit_code}: {len(keys)} keys measured, not one")
    slower = any(key["verdict"] == SLOWER for key in document["keys"])  # perhaps on average only
    verdict = UNCLEAR if exit_code == 5 else SLOWER if slower else keys[0]["verdict"]
    if verdict not in _OURS_EXIT[exit_code]:
        raise Misunderstood(f"exit {exit_code}, but the key is {verdict}")
    ratio = keys[0].get("ratio") if keys else None
    said = (
        f"{document.get('verdict', '')}: ratio {ratio['value']:.4f} ({ratio['low']:.4f} to {ratio['high']:.4f})"
        if ratio
        else ""
    )
    return verdict, said[:_LINE]


class Ours:
    """The gate of this lab, on a case in a folder."""

    def prepare(self, place: Place) -> None:
        """Nothing is prepared; say early that there is no such command yet."""
        place.folder.mkdir(parents=True, exist_ok=True)
        done = place.run([sys.executable, "-m", "harness", "gate", "--help"])
        if done.exit_code:
            raise _failed(done)

    def decide(self, place: Place, revision: str, plan: Plan) -> Mapping[str, Decision]:
        """Run the gate in the checkout of the head."""
        words = self._words(sys.executable, plan, place.scratch.commits["base"])
        done = place.run(words, place.scratch.clone(revision))
        try:
            document = json.loads(done.stdout)
        except ValueError:
            raise _failed(done) from None
        verdict, said = ours_verdict(done.exit_code, document)
        seconds = sum(float(key["seconds"]) for key in document["keys"])
        return {"ours": Decision(verdict, done.exit_code, seconds, said)}

    def commands(self, plan: Plan) -> list[str]:
        """Show the one command."""
        return [_shown(self._words("python", plan, "BASE")) + "   # in the checkout of the head"]

    @staticmethod
    def _words(python: str, plan: Plan, base: str) -> list[str]:
        return [
            *(python, "-m", "harness", "gate", f"./{scratch.CASE}", "--against", base),
            *("--budget", f"{plan.seconds:g}", "--metric", "time", "--json", "-"),
        ]


TOOLS: Mapping[str, Callable[[], Tool]] = {
    "ours": Ours,
    "pyperf": Pyperf,
    "pytest-benchmark": PytestBenchmark,
    "asv": Asv,
}
ROWS: Mapping[str, tuple[str, ...]] = {
    "ours": ("ours",),
    "pyperf": ("pyperf", "pyperf-min-speed"),
    "pytest-benchmark": ("pytest-benchmark", "pytest-benchmark-min"),
    "asv": ("asv",),
}
"""Rows of the table that one measurement of a tool feeds."""


def without_places(said: str, place: Place) -> str:
    """Return a message without the folders of whoever ran the comparison."""
    places = {
        str(place.scratch.root): "<scratch>",
        sys.prefix: "<python>",
        str(Path(__file__).resolve().parents[2]): "<lab>",
    }
    for folder, name in sorted(places.items(), key=lambda pair: -len(pair[0])):
        said = said.replace(folder, name)
    return said


def decide(
    name: str, tool: Tool, place: Place, revision: str, plan: Plan
) -> tuple[Mapping[str, Decision], float]:
    """Ask a tool, whatever happens: decisions by row, and the wall seconds they cost."""
    start = time.monotonic()
    try:
        decisions = tool.decide(place, revision, plan)
    except (Misunderstood, OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
        said = without_places(f"{type(error).__name__}: {error}", place)[:_LINE]
        decisions = dict.fromkeys(ROWS[name], Decision(ERROR, -1, 0.0, said))
    return decisions, time.monotonic() - start
