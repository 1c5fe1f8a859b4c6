"""How one variant of one commit is proven, timed beside its reference, and counted; also a program, which does so in a fresh process.

It imports the standard library and the commit's own case, nothing else: the same instrument for every commit, or a change of it would
be a step in every curve.
"""

from __future__ import annotations

import gc
import importlib
import inspect
import json
import math
import os
import pickle
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

PROCESSES = 3
"""Fresh ones for a ratio, each with a hash seed of its own: layouts of memory differ by more than rounds do."""
SLICE_NS = 500_000
_LEAST_SECONDS = 0.3
_MOST_SECONDS = 1.0
"""Of measuring a ratio in one process."""
_ERROR = 0.003
"""Standard error of the median log-ratio that is small enough."""
_FEWEST_ROUNDS = 12
_ENDLESS_SECONDS = 20.0
"""With slow variants: fewer rounds rather than none."""
_LEAD_IN_NS = 2_000_000
"""The other side has just had the caches: a call shorter than this begins with an untimed one."""
_WARM_CALLS = 30  # CPython specialises its bytecode within these
_WARM_NS = 60_000_000
_MOST_LOOPS = 5_000
_MOST_BATCH_BYTES = 8 << 20
_COUNTED_CALLS = 3
_PROCESS_SECONDS = 100


class Absent(Exception):
    """This commit has no such case, variant or size, or this environment not the library it needs."""


@contextmanager
def skipping_what_is_absent() -> Iterator[None]:
    """Say it to asv in its own way: what a commit lacks is skipped."""
    try:
        yield
    except Absent as reason:
        raise NotImplementedError(str(reason)) from None


@dataclass(frozen=True, slots=True)
class Subject:
    """A variant of this commit, ready to be called."""

    case: Any
    module: str
    variant: str
    size: str
    call: Callable[[tuple[Any, ...]], Any]
    """Calls with positional arguments; the answer is consumed."""
    pickled: bytes
    """The input; every call gets a fresh equal copy."""

    def fresh(self) -> tuple[Any, ...]:
        """Return equal arguments that share nothing with any other copy."""
        made: tuple[Any, ...] = pickle.loads(self.pickled)  # noqa: S301  our own bytes
        return made

    def slice(self, loops: int) -> Callable[[], None]:
        """Return what calls so many times, each on a fresh input that is made now."""
        batch = [self.fresh() for _ in range(loops)]
        call = self.call

        def run() -> None:
            for arguments in batch:
                call(arguments)

        return run


@contextmanager
def opened(module: str, variant: str, size: str) -> Iterator[Subject]:
    """Import a variant from this commit's package, with server, executor and event loop where it wants them.

    Raises:
        Absent: there is none.
    """
    case = _imported(module).case
    workload = next((one for one in case.workloads if one.name == size), None)
    if variant not in case.variants:
        raise Absent(f"this commit has no variant {variant}")
    if workload is None:
        raise Absent(f"this commit has no size {size}")
    arguments = workload.make(workload.n, workload.seed)
    with ExitStack() as stack:
        yield Subject(
            case,
            module,
            variant,
            size,
            _callable(case, module, variant, stack),
            pickle.dumps(arguments, protocol=5),
        )


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "extensions":
            raise  # it should have been built
        raise Absent(f"no module {error.name} here") from error


def _callable(
    case: Any, module: str, variant: str, stack: ExitStack
) -> Callable[[tuple[Any, ...]], Any]:
    """One way to call a variant however it is written: plain, ``async def``, with an executor, with a server's handle first."""
    loaded = _imported(f"{module}.{variant}")
    function = getattr(loaded, case.function)
    service = getattr(case, "services", {}).get(variant, getattr(case, "service", None))
    before = () if service is None else (stack.enter_context(service()),)
    keywords = _executor(function, stack)
    consume = getattr(case, "consume", None) or (lambda answer: answer)
    if inspect.iscoroutinefunction(function):
        import asyncio

        run = stack.enter_context(
            asyncio.Runner(loop_factory=getattr(loaded, "loop_factory", None))
        ).run
        return lambda arguments: consume(run(function(*before, *arguments, **keywords)))
    if not (before or keywords or getattr(case, "consume", None)):
        return lambda arguments: function(*arguments)
    return lambda arguments: consume(function(*before, *arguments, **keywords))


def _executor(function: Callable[..., Any], stack: ExitStack) -> dict[str, Any]:
    """The executor that a keyword-only parameter of that name asks for."""
    try:
        parameter = inspect.signature(function).parameters.get("executor")
    except (TypeError, ValueError):  # compiled, without a signature
        return {}
    if parameter is None or parameter.kind is not parameter.KEYWORD_ONLY:
        return {}
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

    workers = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    )
    if "ThreadPoolExecutor" in str(parameter.annotation):
        return {"executor": stack.enter_context(ThreadPoolExecutor(workers))}
    import multiprocessing

    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else None
    return {
        "executor": stack.enter_context(
            ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context(method))
        )
    }


def prove(subject: Subject) -> None:
    """Compare the variant's answer with the reference's, by the commit's own relation: a wrong one gets no number.

    Raises:
        AssertionError: it answers differently.
    """
    case = subject.case
    relation = case.relation(subject.variant) if hasattr(case, "relation") else case.same
    with opened(subject.module, case.variants[0], subject.size) as reference:
        expected = _answered(reference, getattr(case, "oracle", None))
    actual = _answered(subject, None)
    found = (
        relation.differ(subject.fresh(), expected, actual)
        if hasattr(relation, "differ")
        else relation.compare(expected, actual)
    )
    assert found is None, f"{subject.variant} does not answer as {case.variants[0]} does: {found}"


def _answered(subject: Subject, oracle: Callable[..., Any] | None) -> Any:
    """The answer, with the arguments where the function is asked to change them."""
    given = subject.fresh()
    plain = (
        oracle is not None
        and getattr(subject.case, "services", {}).get(
            subject.variant, getattr(subject.case, "service", None)
        )
        is None
    )
    answer = oracle(*given) if plain and oracle is not None else subject.call(given)
    return (answer, given) if getattr(subject.case, "mutates", False) else answer


def calibrated(subject: Subject) -> int:
    """Warm up; return how many calls make a slice: half a millisecond, or one call that is longer."""
    return _loops(subject, _warm(subject))


def _warm(subject: Subject) -> int:
    """Warm up; return the nanoseconds of the quickest call, the first one aside: it compiles, imports, starts workers."""
    subject.call(subject.fresh())
    spent, fastest = 0, 1 << 62
    for _ in range(_WARM_CALLS):
        elapsed = _timed(subject.slice(1))
        spent, fastest = spent + elapsed, min(fastest, elapsed)
        if spent > _WARM_NS:
            break
    return fastest


def _loops(subject: Subject, fastest: int) -> int:
    return max(
        1, min(SLICE_NS // fastest, _MOST_BATCH_BYTES // max(1, len(subject.pickled)), _MOST_LOOPS)
    )


def _timed(run: Callable[[], None]) -> int:
    started = time.perf_counter_ns()
    run()
    return max(1, time.perf_counter_ns() - started)


def pair(module: str, variant: str, size: str, seed: int) -> float:
    """Time of the variant / time of the reference in this process: the median over pairs of slices in random order.

    A slow moment of the machine hits both slices of a pair and cancels.
    """
    with ExitStack() as stack:
        case = _imported(module).case
        sides = [
            stack.enter_context(opened(module, name, size)) for name in (variant, case.variants[0])
        ]
        fastest = [_warm(side) for side in sides]
        loops = [_loops(side, one) for side, one in zip(sides, fastest, strict=True)]
        gc.collect()
        gc.freeze()
        gc.disable()
        order, started = random.Random(seed), time.monotonic()
        logs: list[float] = []
        while not _enough(logs, time.monotonic() - started):
            took = [0.0, 0.0]
            for which in order.sample((0, 1), 2):
                run = sides[which].slice(loops[which])
                if fastest[which] < _LEAD_IN_NS:
                    sides[which].call(sides[which].fresh())
                took[which] = _timed(run) / loops[which]
            logs.append(math.log(took[0] / took[1]))
            gc.collect(0)
        return math.exp(median(logs))


def _enough(logs: list[float], spent: float) -> bool:
    """Stop by spread and time, never by the ratio itself."""
    if spent >= _ENDLESS_SECONDS and logs:
        return True
    if len(logs) < _FEWEST_ROUNDS or spent < _LEAST_SECONDS:
        return False
    return spent >= _MOST_SECONDS or (len(logs) % 16 == 0 and _median_error(logs) < _ERROR)


def _median_error(logs: list[float]) -> float:
    """Standard error of the median, from the quartiles: sqrt(pi / 2) sigma / sqrt(n)."""
    ordered = sorted(logs)
    sigma = (ordered[3 * len(ordered) // 4] - ordered[len(ordered) // 4]) / 1.349
    return math.sqrt(math.pi / 2) * sigma / math.sqrt(len(ordered))


def ratios(module: str, variant: str, size: str) -> list[float]:
    """The ratio in fresh processes, with the same hash seeds for every commit."""
    said = []
    for seed in range(PROCESSES):
        environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
        ratio = _asked([sys.executable], ("pair", module, variant, size, seed), environment)[
            "ratio"
        ]
        said.append(float(f"{ratio:.6g}"))
    return said


def can_count() -> bool:
    """Whether valgrind is here and this commit's package was built so that it can talk to it."""
    try:
        return (
            shutil.which("valgrind") is not None
            and find_spec("extensions.gate.callgrind") is not None
            and bool(_shim().can_count())
        )
    except (ImportError, AttributeError):
        return False


def _shim() -> Any:
    return importlib.import_module("extensions.gate.callgrind")


def instructions(module: str, variant: str, size: str) -> float:
    """Instructions of one call, in a process under callgrind; hash seed and layout of memory are fixed."""
    with tempfile.TemporaryDirectory(prefix="perflab-history-") as scratch:
        under = [
            "valgrind",
            "--tool=callgrind",
            "--vgdb=no",
            "--instr-atstart=no",
            "--quiet",
            "--smc-check=all-non-file",
        ]
        under += [
            f"--callgrind-out-file={scratch}/counts",
            f"--log-file={scratch}/log",
            sys.executable,
        ]
        steady = shutil.which("setarch")
        environment = {
            **os.environ,
            "PYTHONHASHSEED": "0",
            "NUMBA_CPU_NAME": "generic",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        _asked(
            ([steady, "-R"] if steady else []) + under,
            ("count", module, variant, size, 0),
            environment,
        )
        totals = [
            re.search(r"^totals: (\d+)", file.read_text(errors="replace"), re.MULTILINE)
            for file in Path(scratch).glob("counts*")
        ]
    counted = max((int(found[1]) for found in totals if found), default=0)
    assert counted, "callgrind counted nothing"
    return counted / _COUNTED_CALLS


def count(module: str, variant: str, size: str) -> None:
    """Call some times between two requests to callgrind; everything else goes uncounted."""
    shim = _shim()
    with opened(module, variant, size) as subject:
        subject.slice(_WARM_CALLS)()
        batch = subject.slice(_COUNTED_CALLS)
        gc.collect()
        gc.freeze()
        gc.disable()
        shim.start()
        batch()
        shim.stop()


def _asked(
    command: list[str], question: tuple[Any, ...], environment: dict[str, str]
) -> dict[str, Any]:
    """Ask a fresh process, which answers in a file: what a variant prints is no answer."""
    with tempfile.TemporaryDirectory(prefix="perflab-history-") as scratch:
        answer = Path(scratch, "answer.json")
        # what this process imports, whatever way it came to it
        environment = {
            **environment,
            "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
        }
        words = [str(Path(__file__).resolve()), json.dumps([str(answer), *question])]
        done = subprocess.run(
            [*command, *words],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            cwd=scratch,
            timeout=_PROCESS_SECONDS,
        )
        if done.returncode or not answer.is_file():
            message = f"{question[0]} of {question[2]}: exit {done.returncode}: {done.stderr.strip()[-1200:]}"
            raise RuntimeError(message)
        said: dict[str, Any] = json.loads(answer.read_text())
        return said


def main() -> None:
    """Answer one question: ``[file of the answer, what, module, variant, size, seed]``."""
    file, what, module, variant, size, seed = json.loads(sys.argv[1])
    if what == "pair":
        said: dict[str, float] = {"ratio": pair(module, variant, size, seed)}
    else:
        count(module, variant, size)
        said = {}
    Path(file).write_text(json.dumps(said))


if __name__ == "__main__":
    sys.path = [
        entry
        for entry in sys.path
        if Path(entry or ".").resolve() != Path(__file__).resolve().parent
    ]
    main()
