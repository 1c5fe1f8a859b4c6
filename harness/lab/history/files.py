"""asv's result files, version 2: read strictly, written whole, merged.

asv skips a file that it cannot read with a warning, and a whole machine whose ``machine.json`` is missing.  Here both are errors that name
the file: a curve without its worst commit looks better than it is.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import Inconclusive, StoreError
from harness.lab import places, store
from harness.model.history import Measurand, Quantity, Recorded, State, Value
from harness.model.judged import Estimate
from harness.model.measured import Key

VERSION = 2
COLUMNS = (
    "result", "params", "version", "started_at", "duration", "stats_ci_99_a", "stats_ci_99_b", "stats_q_25", "stats_q_75", "stats_number",
    "stats_repeat", "samples", "profile",
)  # fmt: skip
BENCHMARKS = {
    Quantity.RATIO: "track_ratio",
    Quantity.SECONDS: "time_call",
    Quantity.PEAK_BYTES: "track_peak_bytes",
    Quantity.INSTRUCTIONS: "track_instructions",
}
_NOT_RESULTS = frozenset({"machine.json", "benchmarks.json"})
_MACHINE_FACTS = ("os", "arch", "cpu", "num_cpu", "ram")
_REMEDY = "restore it from version control, or delete it and measure that commit again"


class ResultFile(msgspec.Struct, forbid_unknown_fields=True):
    """One commit on one machine in one environment, as asv writes it."""

    commit_hash: str
    env_name: str
    date: int
    """Of the commit, milliseconds since 1970."""
    params: dict[str, str | None]
    """The machine's facts, the version of Python, and the requirements."""
    python: str
    requirements: dict[str, str | None]
    env_vars: dict[str, str]
    result_columns: list[str]
    results: dict[str, list[Any]]
    """By benchmark: one entry a column, trailing ones left out."""
    durations: dict[str, float]
    version: int


class MachineFile(msgspec.Struct):
    """``machine.json`` in the folder of a machine."""

    machine: str
    version: int
    os: str = ""
    arch: str = ""
    cpu: str = ""
    num_cpu: str = ""
    ram: str = ""


@dataclass(frozen=True, slots=True)
class Merged:
    """What merging did with one file."""

    path: Path
    changed: bool


def read_all(results: Path, published: Path | None = None) -> tuple[Recorded, ...]:
    """Read every result file of a store, and of the published history beside it; an empty store has none.

    Of a key that both have, the store's value counts: it was measured here, again.

    Raises:
        StoreError: one is damaged, of another version, or where it does not belong; the message names it.
        Inconclusive: both have a machine of one name, and the machines are unlike.
    """
    return tuple(_recorded(file, path) for path, file in _together(results, published).items())


def _together(results: Path, published: Path | None) -> dict[Path, ResultFile]:
    """The files of both, by the path in the store where it has one."""
    own = {path: read(path) for path in _paths(results)}
    for path in _paths(published) if published is not None else ():
        require_same_machine(results / path.parent.name, read_machine(path.parent))
        here = results / path.parent.name / path.name
        if here in own:
            own[here] = renewed(read(path), own[here])
        else:
            own[path] = read(path)
    return dict(sorted(own.items(), key=lambda item: (item[0].parent.name, item[0].name)))


def lay_together(results: Path, published: Path, folder: Path) -> None:
    """Write what a store and the published history say into one folder, for asv to read.

    Raises:
        StoreError: a file is damaged, or cannot be written.
    """
    for path, file in _together(results, published).items():
        target = folder / path.parent.name
        write(file, target / path.name)
        write_json(msgspec.to_builtins(read_machine(path.parent)), target / "machine.json")
    if lists := {**_lists_of(published), **_lists_of(results)}:
        write_json(lists, folder / "benchmarks.json")


def read(path: Path) -> ResultFile:
    """Read and check one result file.

    Raises:
        StoreError: as above.
    """
    data = _json(path)
    version = data.get("version") if isinstance(data, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise StoreError(
            f"{path}: result version {version} > {VERSION}",
            "upgrade perflab: a newer asv wrote this file",
        )
    if isinstance(version, int) and version < VERSION:
        raise StoreError(f"{path}: result version {version} < {VERSION}", "python -m asv update")
    try:
        file = msgspec.convert(data, ResultFile)
    except msgspec.ValidationError as error:
        raise StoreError(f"{path}: damaged: {error}", _REMEDY) from None
    _check(file, path)
    return file


def read_machine(folder: Path) -> MachineFile:
    """Read the facts of the machine whose results are in ``folder``.

    Raises:
        StoreError: they are missing, damaged, or another machine's.
    """
    path = folder / "machine.json"
    if not path.is_file():
        raise StoreError(
            f"{path} is missing: asv would leave out all results in {folder.name}",
            "restore it from version control",
        )
    try:
        facts = msgspec.convert(_json(path), MachineFile)
    except msgspec.ValidationError as error:
        raise StoreError(f"{path}: damaged: {error}", _REMEDY) from None
    if facts.machine != folder.name:
        raise StoreError(
            f"{path}: machine {facts.machine!r} in the folder of {folder.name!r}",
            "move it to the folder of its machine",
        )
    return facts


def write(file: ResultFile, path: Path) -> None:
    """Write one result file as a whole; NaN, which asv writes for what was skipped, stays as it is.

    Raises:
        StoreError: it cannot be written.
    """
    write_json(msgspec.to_builtins(file), path)


def write_json(content: Any, path: Path) -> None:
    """Write JSON of asv's kind as a whole.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        places.make_folder(path.parent)
        places.write_whole(path, json.dumps(content).encode() + b"\n")
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be written: {error.strerror or error}", "make room, or free the folder"
        ) from error


def file_of(results: Path, machine: str, commit: str, environment: str) -> Path:
    """Where asv keeps the results of a commit."""
    return results / machine / f"{commit[:8]}-{environment}.json"


def require_same_machine(folder: Path, facts: MachineFile) -> None:
    """Refuse to write into the folder of another machine of the same name.

    Raises:
        Inconclusive: its facts differ; both values are named.
    """
    if not (folder / "machine.json").exists():
        return
    there = read_machine(folder)
    unlike = [
        f"{name} is {getattr(there, name)!r} there and {getattr(facts, name)!r} here"
        for name in _MACHINE_FACTS
        if getattr(there, name) != getattr(facts, name)
        and getattr(there, name)
        and getattr(facts, name)
    ]
    if unlike:
        raise Inconclusive(
            f"{folder} holds results of another machine called {facts.machine!r}: {'; '.join(unlike)}",
            "results of unlike machines are never mixed: give the machine another name",
        )


# --------------------------------------------------------------------------- merging


def merge(shards: Sequence[Path], results: Path) -> list[Merged]:
    """Bring the result files of other folders into the store; the same shard twice changes nothing.

    Everything is read and checked before anything is written.

    Raises:
        Inconclusive: machines of one name are unlike, or two files say different things of one key.
        StoreError: a file is damaged.
    """
    wanted: dict[Path, ResultFile] = {path: read(path) for path in _paths(results)}
    before = {path: msgspec.to_builtins(file) for path, file in wanted.items()}
    machines: dict[str, MachineFile] = {}
    lists: dict[str, Any] = {}
    for shard in shards:
        lists = _joined_lists(lists, shard)
        for path in _paths(shard):
            facts = read_machine(path.parent)
            require_same_machine(results / path.parent.name, facts)
            _require_alike(machines.setdefault(facts.machine, facts), facts, path.parent)
            target, file = results / path.parent.name / path.name, read(path)
            wanted[target] = joined(wanted[target], file, path) if target in wanted else file
    for facts in machines.values():
        if not (results / facts.machine / "machine.json").exists():
            write_json(msgspec.to_builtins(facts), results / facts.machine / "machine.json")
    if lists:
        write_json({**lists, **_lists_of(results)}, results / "benchmarks.json")
    merged = []
    for path, file in wanted.items():
        changed = not _same(before.get(path), msgspec.to_builtins(file))
        if changed:
            write(file, path)
        merged.append(Merged(path, changed))
    return merged


def joined(old: ResultFile, new: ResultFile, path: Path) -> ResultFile:
    """Return what both files say of one commit in one environment.

    Raises:
        Inconclusive: they contradict each other; the key and both values are named.
    """
    for name in ("commit_hash", "env_name", "python", "requirements", "params"):
        if getattr(old, name) != getattr(new, name):
            raise Inconclusive(
                f"{path}: {name} is {getattr(new, name)!r}, but {getattr(old, name)!r} in the store",
                "keep results of unlike origin apart",
            )
    if _same(msgspec.to_builtins(old), msgspec.to_builtins(new)):
        return old
    results = dict(old.results)
    for benchmark, row in new.results.items():
        theirs = dict(zip(new.result_columns, row, strict=False))
        if benchmark in results:
            ours = dict(zip(old.result_columns, results[benchmark], strict=False))
            theirs = _joined_rows(ours, theirs, f"{path}: {benchmark}")
        results[benchmark] = [theirs.get(column) for column in old.result_columns]
    return msgspec.structs.replace(
        old, results=results, durations={**old.durations, **new.durations}
    )


def renewed(old: ResultFile, new: ResultFile) -> ResultFile:
    """Return the old file with the new one's numbers in the place of its own; what is new only is added."""
    results = dict(old.results)
    for benchmark, row in new.results.items():
        theirs = dict(zip(new.result_columns, row, strict=False))
        ours = dict(zip(old.result_columns, results.get(benchmark, []), strict=False))
        kept = dict(cells_of(ours)) if ours and ours.get("version") == theirs.get("version") else {}
        measured = {
            key: cell
            for key, cell in cells_of(theirs)
            if key not in kept or not _is_skipped(cell["result"])
        }
        merged = {**theirs, **row_of({**kept, **measured})}
        results[benchmark] = [merged.get(column) for column in old.result_columns]
    return msgspec.structs.replace(
        old, results=results, durations={**old.durations, **new.durations}
    )


def _joined_rows(ours: dict[str, Any], theirs: dict[str, Any], where: str) -> dict[str, Any]:
    """Join two rows of one benchmark: each may hold some of the parameters."""
    if ours.get("version") != theirs.get("version"):
        raise Inconclusive(
            f"{where} has version {theirs.get('version')!r}, but {ours.get('version')!r} in the store",
            "measure both with one suite",
        )
    cells = dict(cells_of(ours))
    for key, cell in cells_of(theirs):
        there = cells.get(key)
        if there is None or not _is_number(there["result"]):
            cells[key] = cell
        elif _is_number(cell["result"]) and there["result"] != cell["result"]:
            raise Inconclusive(
                f"{where}{key}: {cell['result']!r}, but {there['result']!r} in the store",
                "one commit has one value on one machine: delete the one that you do not mean",
            )
    return {**ours, **row_of(cells)}


def cells_of(row: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """One dictionary of columns for each combination of parameters."""
    columns = [
        column
        for column in COLUMNS
        if column in {"result", "samples"} or column.startswith("stats_")
    ]
    for place, key in enumerate(itertools.product(*(row.get("params") or []))):
        yield key, {column: row[column][place] if row.get(column) else None for column in columns}


def row_of(cells: Mapping[tuple[str, ...], Mapping[str, Any]]) -> dict[str, Any]:
    """Lay cells out as asv does: lists over the product of all parameters, NaN (skipped) where there is no cell."""
    depth = len(next(iter(cells)))
    params = [list(dict.fromkeys(key[level] for key in cells)) for level in range(depth)]
    columns = next(iter(cells.values())).keys()
    missing = {column: math.nan if column == "result" else None for column in columns}
    laid = [cells.get(key, missing) for key in itertools.product(*params)]
    row: dict[str, Any] = {column: [cell[column] for cell in laid] for column in columns}
    return {
        "params": params,
        **{
            column: None if all(one is None for one in cells_) else cells_
            for column, cells_ in row.items()
        },
    }


def _joined_lists(lists: dict[str, Any], shard: Path) -> dict[str, Any]:
    return {**_lists_of(shard), **lists}


def _lists_of(folder: Path) -> dict[str, Any]:
    """What ``benchmarks.json`` says; nothing where there is none."""
    path = folder / "benchmarks.json"
    if not path.is_file():
        return {}
    content = _json(path)
    if not isinstance(content, dict):
        raise StoreError(f"{path}: damaged: no object", _REMEDY)
    return content


def _require_alike(one: MachineFile, other: MachineFile, folder: Path) -> None:
    unlike = [name for name in _MACHINE_FACTS if getattr(one, name) != getattr(other, name)]
    if unlike:
        said = "; ".join(
            f"{name} is {getattr(other, name)!r} there and {getattr(one, name)!r} in another shard"
            for name in unlike
        )
        raise Inconclusive(
            f"{folder} is another machine of the name {one.machine!r}: {said}",
            "results of unlike machines are never mixed",
        )


# --------------------------------------------------------------------------- reading


def _paths(results: Path) -> list[Path]:
    """All result files, each in the folder of a machine that says what it is."""
    found = sorted(path for path in results.glob("*/*.json") if path.name not in _NOT_RESULTS)
    for folder in dict.fromkeys(path.parent for path in found):
        read_machine(folder)
    return found


def _json(path: Path) -> Any:
    """Decode JSON as asv writes it: NaN and Infinity are meant."""
    data = store.bytes_of(path)
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        what = "the file is empty" if not data.strip() else f"damaged or truncated: {error}"
        raise StoreError(f"{path}: {what}", _REMEDY) from None


def _check(file: ResultFile, path: Path) -> None:
    problems = [
        (
            not re.fullmatch(r"[0-9a-f]{40}", file.commit_hash),
            f"commit_hash {file.commit_hash!r} is no commit",
        ),
        (
            file.params.get("machine") != path.parent.name,
            f"machine {file.params.get('machine')!r} in the folder of {path.parent.name!r}",
        ),
        (
            not path.name.startswith(f"{file.commit_hash[:8]}-"),
            f"commit {file.commit_hash[:8]} under another commit's name",
        ),
        (
            not {"result", "params"} <= set(file.result_columns),
            f"columns {file.result_columns} lack result or params",
        ),
        (
            not set(file.result_columns) <= set(COLUMNS),
            f"unknown columns {sorted(set(file.result_columns) - set(COLUMNS))}",
        ),
    ]
    for name, row in file.results.items():
        problems.append(
            (
                len(row) > len(file.result_columns),
                f"{name} has {len(row)} entries for {len(file.result_columns)} columns",
            )
        )
        problems.append(
            (
                not _sound(dict(zip(file.result_columns, row, strict=False))),
                f"{name}: results and parameters do not fit",
            )
        )
    for wrong, problem in problems:
        if wrong:
            raise StoreError(f"{path}: {problem}", _REMEDY)


def _sound(row: dict[str, Any]) -> bool:
    """Whether there is one result for each combination of parameters, and each is a number or none."""
    result, params = row.get("result"), row.get("params")
    if not isinstance(params, list) or not all(
        isinstance(one, list) and all(isinstance(v, str) for v in one) for one in params
    ):
        return False
    if result is None:
        return True
    count = math.prod(len(one) for one in params)
    lists = [
        row.get(column) for column in COLUMNS if column == "samples" or column.startswith("stats_")
    ]
    return (
        isinstance(result, list)
        and len(result) == count
        and all(
            one is None or (isinstance(one, int | float) and not isinstance(one, bool))
            for one in result
        )
        and all(one is None or (isinstance(one, list) and len(one) == count) for one in lists)
    )


def _recorded(file: ResultFile, path: Path) -> Recorded:
    values = [
        value
        for name, row in file.results.items()
        for value in _values(name, dict(zip(file.result_columns, row, strict=False)), path)
    ]
    return Recorded(
        path, file.commit_hash, path.parent.name, file.env_name, file.python,
        {name: str(value) for name, value in file.params.items() if name in _MACHINE_FACTS}, tuple(values),
    )  # fmt: skip


def _values(name: str, row: dict[str, Any], path: Path) -> Iterator[Value]:
    """The values of one benchmark of ours; what others added to the suite is theirs to read."""
    case, _, method = name.partition(".")
    quantity = next((one for one, called in BENCHMARKS.items() if called == method), None)
    if quantity is None or len(row["params"]) != 2:
        return
    for place, words in enumerate(itertools.product(*row["params"])):
        variant, size = (_unquoted(word) for word in words)
        result = None if row["result"] is None else row["result"][place]
        low, high = (
            row[column][place] if row.get(column) else None
            for column in ("stats_ci_99_a", "stats_ci_99_b")
        )
        measurand = Measurand(Key(case, variant, size), quantity)
        if result is None:
            yield Value(measurand, State.FAILED)
        elif math.isnan(result):
            yield Value(measurand, State.SKIPPED)
        elif (
            not math.isfinite(result)
            or result < 0
            or (quantity is not Quantity.PEAK_BYTES and result == 0)
        ):
            raise StoreError(f"{path}: {name}({variant}, {size}) is {result!r}", _REMEDY)
        else:
            ends = [result if one is None or math.isnan(one) else float(one) for one in (low, high)]
            yield Value(measurand, State.MEASURED, Estimate(float(result), *ends))


def _unquoted(word: str) -> str:
    """Parameters are kept as Python writes them: 'naive' in quotes."""
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] == "'" else word


def _is_skipped(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _same(one: Any, other: Any) -> bool:
    """Equal, and NaN equals NaN."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
