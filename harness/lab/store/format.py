"""A run as the bytes of a result file, and back: pyperf's own JSON format, sealed, strictly read.

``python -m pyperf stats|hist|compare_to`` work on them.  What pyperf has no place for travels in metadata
keys ``harness_*``.  Metadata is by allow-list: no host name, user, path, argument or environment.
Format history: 1, the first; 2, sweeps: series, work, crews; 3, sealed: a digest of the whole file, so that no flipped bit passes for a time.
"""

from __future__ import annotations

import json
import re
import shlex
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import NewerFormat, StoreError
from harness.lab.catalogue import NAME
from harness.model.measured import CREW, Measured, Process, Result, Run, Sample

FORMAT = 3
LARGEST_FILE = 64 << 20
"""Bytes; more is not a result file of ours."""
MOST_SAMPLES = 1_000_000
"""In one file; more is not a result file of ours."""
_UNIT = "second"
_METADATA = frozenset(
    {"harness_format", "harness_sha256", "harness_run", "harness_case", "harness_state", "harness_record", "cpu_model_name", "python_version",
     "python_implementation", "unit", "name", "loops", "harness_block", "harness_rounds", "harness_cpu_ns"}
)  # fmt: skip
"""The allow-list: neither written nor read is anything else."""
_NS = 1e9
_LONGEST_NS = 1 << 50
"""Of a sample, 13 days: pyperf's double, rounded four times on its way, still gives the integer back."""
_MOST_SHOWN = 80
_SEALED_SINCE = 3
_SEAL = re.compile(rb'"harness_sha256": "([0-9a-f]{64})"')
_UNSEALED = "0" * 64


class _PyperfRun(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """One process of one benchmark."""

    metadata: dict[str, str | int | float]
    values: list[float]
    warmups: list[tuple[int, float]] = []


class _PyperfBenchmark(msgspec.Struct, forbid_unknown_fields=True):
    metadata: dict[str, str | int | float]
    runs: list[_PyperfRun]


class _PyperfSuite(msgspec.Struct, forbid_unknown_fields=True):
    version: str
    metadata: dict[str, str | int | float]
    benchmarks: list[_PyperfBenchmark]


class _AnyMetadata(msgspec.Struct):
    harness_format: int = 0


class _AnySuite(msgspec.Struct):
    """A file of any format, also of those to come."""

    metadata: _AnyMetadata


class _OutlinedMetadata(msgspec.Struct):
    harness_format: int
    harness_record: str


class _OutlinedSuite(msgspec.Struct):
    """A file of ours without its benchmarks."""

    metadata: _OutlinedMetadata


FILES: dict[str, type] = {"result-file/3": _PyperfSuite, "result-record/3": Run}
"""What a result file is made of, for its published schema: the file, and the document in its metadata's ``harness_record``."""


def short(name: str) -> str:
    """A name that may be anything, for a message."""
    return (
        repr(name)
        if len(name) <= _MOST_SHOWN
        else f"{name[:_MOST_SHOWN]!r}... ({len(name)} characters)"
    )


# --------------------------------------------------------------------------- noun -> file


def encode(run: Run) -> bytes:
    """Return the file's bytes."""
    everything = replace(
        run,
        workloads=tuple(map(_without_samples, run.workloads)),
        crews=tuple(map(_without_samples, run.crews)),
    )
    suite = _PyperfSuite(
        version="1.0",
        metadata={
            "harness_format": FORMAT,
            "harness_sha256": _UNSEALED,
            "harness_run": run.id,
            "harness_case": run.case,
            "harness_state": _state(run),
            "harness_record": msgspec.json.encode(everything).decode(),
            "cpu_model_name": run.machine.cpu,
            "python_version": run.machine.python,
            "python_implementation": run.machine.implementation,
            "unit": _UNIT,
        },
        benchmarks=[
            _benchmark(result)
            for measured in (*run.workloads, *run.crews)
            for result in measured.results
            if any(p.samples for p in result.processes)
        ],
    )
    return seal(msgspec.json.format(msgspec.json.encode(suite), indent=1) + b"\n")


def _state(run: Run) -> str:
    return "complete" if run.complete else "incomplete"


def seal(data: bytes) -> bytes:
    """Return the file's bytes with the digest of them all, its own 64 digits taken as zeros."""
    found = _SEAL.search(data)
    if found is None:
        raise ValueError("there is no room for a seal in it")
    blank = data[: found.start(1)] + _UNSEALED.encode() + data[found.end(1) :]
    return data[: found.start(1)] + sha256(blank).hexdigest().encode() + data[found.end(1) :]


def pure_pyperf(run: Run) -> bytes:
    """Return the run as pyperf alone would keep it: every sample of every process, nothing of ours."""
    suite = msgspec.json.decode(encode(run), type=_PyperfSuite)
    holders: list[_PyperfSuite | _PyperfBenchmark | _PyperfRun] = [suite, *suite.benchmarks]
    holders += [one for benchmark in suite.benchmarks for one in benchmark.runs]
    for holder in holders:
        holder.metadata = {
            name: value
            for name, value in holder.metadata.items()
            if not name.startswith("harness_")
        }
    return msgspec.json.format(msgspec.json.encode(suite), indent=1)


def _without_samples(measured: Measured) -> Measured:
    results = tuple(
        replace(
            result, processes=tuple(replace(process, samples=()) for process in result.processes)
        )
        for result in measured.results
    )
    return replace(measured, results=results)


def _benchmark(result: Result) -> _PyperfBenchmark:
    return _PyperfBenchmark(
        metadata={"name": str(result.key)},
        runs=[_run(process) for process in result.processes if process.samples],
    )


def _run(process: Process) -> _PyperfRun:
    return _PyperfRun(
        metadata={
            "loops": process.samples[0].loops,
            "harness_block": process.block,
            "harness_rounds": _numbers(sample.round for sample in process.samples),
            "harness_cpu_ns": _numbers(sample.cpu_ns for sample in process.samples),
        },
        values=[sample.ns / sample.loops / _NS for sample in process.samples],
    )


def _numbers(values: Any) -> str:
    return " ".join(map(str, values))


# --------------------------------------------------------------------------- file -> noun


def decode(data: bytes, path: Path) -> Run:
    """Return the run in the bytes of ``path``.

    Raises:
        StoreError: as ``read`` does.
    """
    if len(data) > LARGEST_FILE:
        raise StoreError(
            f"{path}: {len(data)} bytes > {LARGEST_FILE}", "no result file of ours is that large"
        )
    if data.count(b",") > 2 * MOST_SAMPLES:  # before any of them becomes an object
        raise StoreError(
            f"{path}: more than {MOST_SAMPLES} samples", "no result file of ours holds that many"
        )
    try:
        _require_not_newer(data, path)
        suite = msgspec.json.decode(data, type=_PyperfSuite)
        _require_single_names(data)
        form = suite.metadata.get("harness_format")
        if not isinstance(form, int):
            raise StoreError(
                f"{path}: not a result file of ours (no harness_format)",
                "only files written by `run` can be read here",
            )
        _require_seal(data, form, path)
        if (
            sum(len(one.values) for benchmark in suite.benchmarks for one in benchmark.runs)
            > MOST_SAMPLES
        ):
            raise StoreError(
                f"{path}: more than {MOST_SAMPLES} samples",
                "no result file of ours holds that many",
            )
        record = str(suite.metadata["harness_record"]).encode()
        run = msgspec.json.decode(record, type=Run)
        _require_single_names(record)
        _require_nothing_else(record, run)
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, RecursionError) as error:
        raise StoreError(f"{path}: {_reason(data, error)}", _restore(path)) from error
    try:
        _require_names(run)
        _require_one_story(run, suite)
    except ValueError as error:
        raise StoreError(
            f"{path}: {error}", "only files written by `run` can be read here"
        ) from error
    benchmarks = {str(benchmark.metadata.get("name")): benchmark for benchmark in suite.benchmarks}
    try:
        _require_all_known(run, suite)
        return replace(
            run,
            workloads=tuple(_with_samples(measured, benchmarks) for measured in run.workloads),
            crews=tuple(_with_samples(measured, benchmarks) for measured in run.crews),
        )
    except (KeyError, ValueError, IndexError, OverflowError) as error:
        raise StoreError(
            f"{path}: the samples do not fit the record: {error}", _restore(path)
        ) from error


def outline(data: bytes, path: Path) -> Run:
    """Return the run without its samples and without the checks of ``decode``: ten times as fast, to choose by.

    Raises:
        StoreError: it is no file of ours, damaged, or newer than this tool.
    """
    _require_not_newer(data, path)
    try:
        metadata = msgspec.json.decode(data, type=_OutlinedSuite).metadata
        _require_seal(data, metadata.harness_format, path)
        return msgspec.json.decode(metadata.harness_record, type=Run)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StoreError(f"{path}: {_reason(data, error)}", _restore(path)) from error


def _restore(path: Path) -> str:
    store = shlex.quote(str(path.parent.parent))
    return f"restore it from version control, or set it aside: python -m harness store fsck --fix --store {store}"


def _require_not_newer(data: bytes, path: Path) -> None:
    """Said before anything else: what else a newer file holds is not ours to judge."""
    with suppress(msgspec.DecodeError, UnicodeDecodeError):
        form = msgspec.json.decode(data, type=_AnySuite).metadata.harness_format
        if form > FORMAT:
            raise NewerFormat(
                f"{path}: format {form} > {FORMAT}", "upgrade perflab: a newer one wrote this file"
            )


def _require_seal(data: bytes, form: int, path: Path) -> None:
    """A flipped bit anywhere is found; whatever the format says: one bit makes a 2 of a 3."""
    sealed = _SEAL.search(data) is not None
    if (sealed or form >= _SEALED_SINCE) and not (sealed and seal(data) == data):
        raise StoreError(
            f"{path}: not what was written: its bytes do not fit the digest in it (sha256)",
            _restore(path),
        )


def _require_names(run: Run) -> None:
    """Every name is one that a case could have: they become the names of files and pages, and words of commands that people copy."""
    measured = (*run.workloads, *run.crews)
    moment, _, token = run.id.partition("-")
    names = [
        run.case,
        moment.lower(),
        token,
        run.machine.id,
        run.reference,
        *run.variant_names,
        *run.workload_names,
        *(one.workload for one in measured),
    ]
    for result in (result for one in measured for result in one.results):
        variant, _, workers = result.key.variant.partition(CREW)
        names += [result.key.case, result.key.workload, variant, workers or "0"]
    for name in dict.fromkeys(names):
        if not NAME.fullmatch(name):
            raise ValueError(
                f"{short(name)} is no name: small letters, digits, dots, dashes and underscores, 63 at most"
            )


def _require_one_story(run: Run, suite: _PyperfSuite) -> None:
    """What the file says outside its record is what the record says, times are in seconds, and nothing else is there."""
    said = {"harness_run": run.id, "harness_case": run.case, "harness_state": _state(run)}
    for name, here in said.items():
        if suite.metadata.get(name) != here:
            raise ValueError(
                f"{name} is {short(str(suite.metadata.get(name)))}, and the record says {here!r}"
            )
    holders = [
        suite.metadata,
        *(one.metadata for one in suite.benchmarks),
        *(one.metadata for b in suite.benchmarks for one in b.runs),
    ]
    if more := {name for holder in holders for name in holder} - _METADATA:
        raise ValueError(f"{short(min(more))} is no metadata of ours")
    if units := {str(holder["unit"]) for holder in holders if "unit" in holder} - {_UNIT}:
        raise ValueError(f"the unit is {short(min(units))}, not {_UNIT!r}")


def _require_nothing_else(record: bytes, run: Run) -> None:
    """What the record holds is what a run is made of: nothing is carried along unread."""
    known = msgspec.json.decode(msgspec.json.encode(run))
    if more := _unknown(msgspec.json.decode(record), known):
        raise msgspec.DecodeError(f"{short(more)} is no part of a run")


def _unknown(given: object, known: object) -> str:
    """The first name that only the one has; empty: there is none."""
    if isinstance(given, dict) and isinstance(known, dict):
        more = [name for name in given if name not in known]
        return (
            more[0]
            if more
            else next(
                (found for name in given if (found := _unknown(given[name], known[name]))), ""
            )
        )
    if isinstance(given, list) and isinstance(known, list):
        return next(
            (
                found
                for one, other in zip(given, known, strict=False)
                if (found := _unknown(one, other))
            ),
            "",
        )
    return ""


def _require_single_names(data: bytes) -> None:
    """Of a name given twice each reader takes another value: such a file says two things at once."""

    def once(pairs: list[tuple[str, object]]) -> None:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            twice = next(name for place, name in enumerate(names) if name in names[:place])
            raise msgspec.DecodeError(f"the name {twice!r} is given twice in one object")

    # nothing is kept, and numbers are not even made: they have been checked
    json.loads(data, object_pairs_hook=once, parse_float=len, parse_int=len)


def _require_all_known(run: Run, suite: _PyperfSuite) -> None:
    """Every benchmark is of a key that the record knows, and every key is there once only."""
    names = [str(benchmark.metadata.get("name")) for benchmark in suite.benchmarks]
    keys = [
        str(result.key) for measured in (*run.workloads, *run.crews) for result in measured.results
    ]
    if len(set(names)) < len(names) or set(names) - set(keys):
        raise ValueError("a benchmark is there twice, or of a key that the record does not know")
    if len(set(keys)) < len(keys):
        raise ValueError(
            f"{next(key for place, key in enumerate(keys) if key in keys[:place])!r} is there twice"
        )


def _reason(data: bytes, error: Exception) -> str:
    marker = re.search(rb"^(<<<<<<<|=======|>>>>>>>)", data, re.MULTILINE)
    if marker:
        line = data[: marker.start()].count(b"\n") + 1
        return (
            f"merge-conflict marker at line {line}; this store is one file per run, take both sides"
        )
    if not data:
        return "the file is empty"
    return f"damaged{_place(data, error)}: {error or type(error).__name__}"


def _place(data: bytes, error: Exception) -> str:
    """Line and column of the first byte that is no JSON, or of the end of a file that was cut; empty where it is JSON."""
    if isinstance(error, msgspec.ValidationError):
        return ""
    try:
        text = data.decode()
        json.loads(text)
    except UnicodeDecodeError as wrong:
        place = wrong.start
    except json.JSONDecodeError as wrong:
        whole = data.rstrip().endswith(b"}")
        place = len(text[: wrong.pos].encode()) if whole else len(data)
    except (ValueError, RecursionError):  # a number of too many digits; too deep
        return ""
    else:
        return ""
    before = data[:place]
    lines, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
    return f" at line {lines}, column {column}"


def _with_samples(measured: Measured, benchmarks: dict[str, _PyperfBenchmark]) -> Measured:
    return replace(
        measured,
        results=tuple(
            _filled(result, benchmarks.get(str(result.key))) for result in measured.results
        ),
    )


def _filled(result: Result, benchmark: _PyperfBenchmark | None) -> Result:
    if benchmark is None:
        if result.processes:
            raise ValueError(f"{result.key} has processes but no samples")
        return result
    if len(benchmark.runs) != len(result.processes):
        raise ValueError(
            f"{result.key} has {len(benchmark.runs)} runs for {len(result.processes)} processes"
        )
    return replace(
        result,
        processes=tuple(
            replace(process, samples=_samples(run))
            for process, run in zip(result.processes, benchmark.runs, strict=True)
        ),
    )


def _samples(run: _PyperfRun) -> tuple[Sample, ...]:
    loops = int(run.metadata["loops"])
    rounds, cpu = (
        _integers(str(run.metadata[name]), len(run.values))
        for name in ("harness_rounds", "harness_cpu_ns")
    )
    # values are ns / loops / 1e9 in double precision: rounding gives the integer nanoseconds back
    nanoseconds = [round(value * _NS * loops) for value in run.values]
    if not 0 < loops < _LONGEST_NS or not all(0 < ns < _LONGEST_NS for ns in nanoseconds):
        raise ValueError("loops and values must be positive, and no sample takes 13 days")
    if not all(abs(ns) < _LONGEST_NS for ns in cpu):
        raise ValueError("the processor time of a sample is no time")
    return tuple(
        Sample(ns=ns, loops=loops, cpu_ns=c, round=r)
        for ns, c, r in zip(nanoseconds, cpu, rounds, strict=True)
    )


def _integers(words: str, count: int) -> list[int]:
    """So many integers with a space between them; more are not even looked at."""
    if words.count(" ") >= max(1, count):
        raise ValueError(f"there are more than {count} numbers for {count} samples")
    return [int(word) for word in words.split(" ")] if words else []
