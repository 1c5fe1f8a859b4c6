"""Rows 45-54: cut, flipped, strange, newer, older, twice: every file is named or used, none is rewritten, none is believed."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.lab import machine, places, store
from harness.model.limited import MachineLimits
from tests.fakes.runs import fake_run
from tests.faults.scene import HONEST, Scene

GOLDEN = Path(__file__).parents[1] / "golden"
RUN = ("run", "./sort", "-w", "10", "--budget", "0.5", "-q")


def another(scene: Scene, data: bytes, number: int = 1, case: str = "tiny") -> Path:
    """Put bytes where a result file would be."""
    path = scene.store / case / f"20260102T{number:06}Z-abcd1234-0123abcd.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def everything(folder: Path) -> dict[str, bytes]:
    """Every file and what it holds."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def place_of(data: bytes) -> str:
    """Line and column of where bytes end."""
    return f"line {data.count(bytes([10])) + 1}, column {len(data) - data.rfind(bytes([10]))}"


def test_45_a_cut_file_stops_no_run(scene: Scene) -> None:
    """The run beside it ends with 0 and warns of it by name, place and remedy; fsck names it and exits with 6; it stays as it is."""
    scene.case()
    cut = another(scene, scene.before[:700], case="sort")
    ended = scene.run(*RUN)
    checked = scene.run("store", "fsck")
    said = f"{cut}: damaged at {place_of(scene.before[:700])}"

    assert (0, 6) == (ended.code, checked.code)
    assert f"warning: {said}" in ended.err
    assert "python -m harness store fsck" in ended.err
    assert said in checked.said
    assert "2 sound (0 of them incomplete), 1 not sound" in checked.said
    assert scene.before[:700] == cut.read_bytes()


def test_46_a_cut_or_flipped_file_is_named_and_the_others_are_used(shelf: Scene) -> None:
    """One bit anywhere, format and seal included: exit 6 for that file; --fix sets it aside, byte for byte, and the others still load."""
    places_ = [
        *range(0, len(shelf.before), len(shelf.before) // 60),
        shelf.before.index(b'"harness_format": 3') + 18,
    ]
    flipped: dict[Path, bytes] = {}
    for number, place in enumerate(places_):
        data = bytearray(shelf.before)
        data[place] ^= 1 << number % 7
        flipped[another(shelf, bytes(data), number)] = bytes(data)
    flipped[another(shelf, shelf.before[: len(shelf.before) // 2], 900)] = shelf.before[
        : len(shelf.before) // 2
    ]
    checked = shelf.run("store", "fsck")
    before = everything(shelf.store)
    fixed = shelf.run("store", "fsck", "--fix")

    assert (6, 0) == (checked.code, fixed.code)
    assert [] == [path for path in flipped if f"{path}: " not in checked.out]
    assert f"1 sound (0 of them incomplete), {len(flipped)} not sound" in checked.said
    assert flipped == {path: Path(f"{path}.bad").read_bytes() for path in flipped}
    assert sorted(before.values()) == sorted(everything(shelf.store).values())
    assert 0 == shelf.run("export", "tiny").code


def test_47_conflict_markers_are_named_with_the_remedy(shelf: Scene) -> None:
    """The line of the marker, and that both sides can be taken; exit 6 wherever the file is used."""
    lines = shelf.before.split(b"\n")
    path = another(
        shelf,
        b"\n".join(
            [
                *lines[:13],
                b"<<<<<<< HEAD",
                *lines[13:20],
                b"=======",
                *lines[13:20],
                b">>>>>>> other",
                *lines[20:],
            ]
        ),
    )
    said = (
        f"{path}: merge-conflict marker at line 14; this store is one file per run, take both sides"
    )
    checked, exported = shelf.run("store", "fsck"), shelf.run("export", path)

    assert (6, 6) == (checked.code, exported.code)
    assert said in checked.said
    assert said in exported.said


def _socketless(path: Path, sound: Path) -> dict[str, Callable[[], object]]:
    """What can stand where a result file should, and how it comes there."""

    def huge() -> None:
        with path.open("wb") as file:
            file.truncate(2 << 30)  # a hole: nothing is on the disk

    return {
        "the file is empty": path.touch,
        "is no regular file": path.mkdir,
        "it is a symbolic link": lambda: path.symlink_to(path),
        "is a symbolic link": lambda: path.symlink_to("nowhere"),
        "symbolic link": lambda: path.symlink_to(sound),
        "no regular": lambda: os.mkfifo(path),
        "bytes > ": huge,
        "damaged": lambda: path.write_bytes(gzip.compress(b" " * (64 << 20), 9)),
    }


def test_48_what_is_no_file_is_named_and_hangs_nobody(shelf: Scene) -> None:
    """Empty, a folder, links to itself, to nothing and to a sound file, a pipe, 2 GiB, compressed: each is named, and set aside when told."""
    sound = shelf.older
    named: dict[Path, str] = {}
    for number in range(8):
        path = shelf.store / "tiny" / f"20260102T{number:06}Z-abcd1234-0123abcd.json"
        said, make = list(_socketless(path, sound).items())[number]
        make()
        named[path] = said
    checked = shelf.run("store", "fsck")
    fixed = shelf.run("store", "fsck", "--fix")

    assert (6, 0) == (checked.code, fixed.code)
    assert {} == {
        path: said
        for path, said in named.items()
        if not any(f"{path}: " in line and said in line for line in checked.out.splitlines())
    }
    assert [] == [path for path in named if not os.path.lexists(f"{path}.bad")]


def _strange(data: bytes) -> dict[str, bytes]:
    """Bytes that are no JSON of ours, by what is strange; what can be sealed again is."""
    text = data.decode()
    number = text[text.index('"values": [') :].split("\n")[1].strip(" ,")

    def value(written: str) -> bytes:
        return store.seal(text.replace(number, written, 1).encode())

    def record(old: str, new: str) -> bytes:
        whole = json.loads(data)
        whole["metadata"]["harness_record"] = whole["metadata"]["harness_record"].replace(
            old, new, 1
        )
        return store.seal(json.dumps(whole).encode())

    return {
        "nested": b"[" * 10**6,
        "nested, closed": b'{"metadata":' * 10**5 + b"1" + b"}" * 10**5,
        "nested record": record('"advice":[]', '"advice":' + "[" * 10**5 + "]" * 10**5),
        "a million digits": value("1" * 10**6),
        "a million digits as loops": store.seal(
            text.replace('"loops": 3', f'"loops": {"9" * 10**6}', 1).encode()
        ),
        "a million digits in the record": record('"block":0', f'"block":{"9" * 10**6}'),
        "NaN": value("NaN"),
        "Infinity": value("Infinity"),
        "1e999": value("1e999"),
        "1e300 s": value("1e300"),
        "1e-300 s": value("1e-300"),
        "0": value("0"),
        "negative": value("-1e-5"),
        "a name twice": store.seal(
            text.replace('"version": "1.0"', '"version": "1.0", "version": "1.0"', 1).encode()
        ),
        "a name twice in the record": record('"case":"tiny"', '"case":"tiny","case":"tiny"'),
        "BOM": b"\xef\xbb\xbf" + data,
        "UTF-16": text.encode("utf-16"),
        "UTF-32": text.encode("utf-32-le"),
        "Latin-1": text.replace("A processor", "Ein Pr\xe4zessor").encode("latin-1"),
        "lone surrogate": store.seal(
            text.replace("A processor", "A \\ud800 processor", 1).encode()
        ),
        "lone surrogate as bytes": text.replace("A processor", "A \ud800 processor").encode(
            errors="surrogatepass"
        ),
        "zeros": b"\0" * 4096,
        "after the end": data + b"{}",
        "a list": b"[]",
        "nothing of ours": b"{}",
    }


def test_49_strange_json_is_refused_in_one_line(shelf: Scene) -> None:
    """Each file has its own short reason, none is taken for a run, and nobody runs out of stack, memory or patience."""
    files = {
        another(shelf, data, number): what
        for number, (what, data) in enumerate(_strange(shelf.before).items())
    }
    checked = shelf.run("store", "fsck")
    lines = {
        path: [line for line in checked.out.splitlines() if line.startswith(f"{path}: ")]
        for path in files
    }

    assert 6 == checked.code
    assert {} == {files[path]: found for path, found in lines.items() if len(found) != 1}
    assert {} == {
        files[path]: found for path, found in lines.items() if len(found[0]) > len(str(path)) + 300
    }
    assert f"1 sound (0 of them incomplete), {len(files)} not sound" in checked.said


def test_50_a_newer_file_is_never_touched(shelf: Scene) -> None:
    """Not even by --fix, and not even if it is made of things that we do not know: exit 6 with both numbers, and what to do."""
    newer = store.FORMAT + 1
    path = another(
        shelf, shelf.before.replace(b'"harness_format": 3', f'"harness_format": {newer}'.encode())
    )
    strange = another(
        shelf,
        json.dumps(
            {
                "metadata": {"harness_format": newer, "more": [1]},
                "benchmarks": {"of": "another kind"},
            }
        ).encode(),
        2,
    )
    before = everything(shelf.store)
    ended = [
        shelf.run("store", "fsck", "--fix"),
        shelf.run("export", path),
        shelf.run("export", strange),
    ]

    assert [6, 6, 6] == [one.code for one in ended]
    assert [f"format {newer} > {store.FORMAT}"] * 3 == [
        f"format {newer} > {store.FORMAT}" * ("upgrade perflab" in one.said) for one in ended
    ]
    assert (f"{path}: format" in ended[0].said, f"{strange}: format" in ended[0].said) == (
        True,
        True,
    )
    assert before == everything(shelf.store)


def test_51_every_older_format_is_read_as_it_is(scene: Scene) -> None:
    """A file of every format there has been gives the same document, is sound, and stays byte for byte."""
    documents = []
    for number in range(1, store.FORMAT + 1):
        shelf, golden = (
            scene.folder / f"results-{number}",
            (GOLDEN / f"result-format-{number}.json").read_bytes(),
        )
        file = store.file_of(fake_run(), shelf)
        file.parent.mkdir(parents=True)
        file.write_bytes(golden)
        documents.append({**scene.run("export", file, "--format", "json").document(), "file": None})
        checked = scene.run("store", "fsck", "--store", shelf)

        assert (0, "1 sound (0 of them incomplete), 0 not sound\n") == (checked.code, checked.out)
        assert golden == file.read_bytes()
    assert [documents[-1]] * store.FORMAT == documents


def _spoilt(kept: bytes) -> dict[str, bytes]:
    """What may lie in the cache instead of what was kept."""
    return {
        "cut": kept[: len(kept) // 2],
        "empty": b"",
        "garbage": bytes(range(256)),
        "nested": b"[" * 10**5,
        "another version": b'{"version": 9}',
    }


DIGESTS = """
import sys
from harness.lab import catalogue, sources
found = catalogue.find_case("./sort")
case = found.load()
print(*(sources.variant_digest(found, case, name) for name in sys.argv[1:]))
"""
"""What certificates of the case's variants are called, by a process that starts as perflab does."""


def test_53_a_spoilt_cache_is_made_anew_without_a_word(scene: Scene) -> None:
    """Proofs that are cut, foreign, pipes or another variant's prove nothing: exit 3 for the wrong variant as on the first day, no warning."""
    scene.case(quick=HONEST, wrong="'''Wrong.'''\ndef smallest(xs):\n    return sorted(xs)[::-1]\n")
    command = ("verify", "./sort", "-q", "--json", "-")
    first = scene.run(*command)
    kept = scene.folder / "cache" / "certificates" / "sort"
    (proof,) = kept.glob("quick-*.json")
    digests = scene.run("quick", "wrong", program=("-c", DIGESTS)).out.split()
    forged = kept / f"wrong-{digests[1]}.json"
    assert proof.name == f"quick-{digests[0]}.json"
    forged.write_bytes(proof.read_bytes())
    for number, data in enumerate(_spoilt(proof.read_bytes()).values()):
        (kept / f"naive-{number}.json").write_bytes(data)
    proof.write_bytes(b"[" * 10**5)
    (reference,) = kept.glob("naive-????????????????.json")
    reference.unlink()
    os.mkfifo(reference)
    again = scene.run(*command)

    assert (3, 3) == (first.code, again.code)
    assert first.document() == again.document()
    assert (True, "") == (proof.read_bytes().startswith(b"{"), again.err)
    assert sorted([proof.name, reference.name]) == sorted(path.name for path in kept.iterdir())


def test_53_a_spoilt_kernel_is_compiled_anew(scene: Scene) -> None:
    """Numba raises whatever a damaged file of its cache makes it raise: such files are gone before it looks."""
    pytest.importorskip("numba", reason="numba is not installed")
    jitted = "'''Compiled.'''\nfrom numba import njit\n@njit(cache=True)\ndef add(x):\n    return x + 1\ndef smallest(xs):\n    add(1)\n    return sorted(xs)\n"
    scene.case(jitted=jitted)
    command = ("verify", "./sort", "-V", "jitted", "-q", "--fresh")
    first = scene.run(*command)
    files = sorted(
        path
        for path in (scene.folder / "cache" / "numba").rglob("*")
        if path.suffix in {".nbi", ".nbc"}
    )
    whole = [path.stat().st_size for path in files]
    for path in files:
        path.write_bytes(path.read_bytes()[:-20])
    again = scene.run(*command)

    assert (0, 0) == (first.code, again.code)
    assert first.out == again.out
    assert [True] * len(whole) == [
        path.stat().st_size > size - 20 for path, size in zip(files, whole, strict=True)
    ]


@pytest.mark.parametrize(
    "what",
    ["cut", "empty", "garbage", "nested", "another version", "another machine", "impossible"],
)
def test_53_spoilt_limits_are_measured_anew(what: str, machines_limits: MachineLimits) -> None:
    """Seam: ``kept_limits`` has nothing where the file is spoilt, another machine's, or says what no machine can do (measuring takes half a minute)."""
    here = machine.this_machine()
    machine.keep_limits(machines_limits)
    file = machine.limits_file(here)
    kept = machine.kept_limits(here)
    said: Any = json.loads(file.read_bytes())
    said["figures"][0]["value"] = 0.0
    spoilt = {
        **_spoilt(file.read_bytes()),
        "another machine": file.read_bytes().replace(b'"cpu": "', b'"cpu": "another '),
        "impossible": json.dumps(said).encode(),
    }
    places.write_whole(file, spoilt[what])

    assert machines_limits == kept
    assert None is machine.kept_limits(here)


def test_54_a_run_that_comes_twice_is_one_run(shelf: Scene) -> None:
    """By its id and its bytes: nothing new the second time; the same id with other bytes is exit 6, both named, nothing written."""
    shards = [shelf.folder / name for name in ("one", "two")]
    for number, shard in enumerate(shards):
        store.write(fake_run(), shard)
        store.write(replace(fake_run(), id=f"2026020{number + 1}T120000Z-0123abcd"), shard)
    first, again = (shelf.run("store", "merge", *shards) for _ in range(2))
    before = everything(shelf.store)
    changed = store.write(replace(fake_run(), digest="other"), shelf.folder / "three")
    store.write(replace(fake_run(), id="20260301T120000Z-0123abcd"), shelf.folder / "three")
    refused = shelf.run("store", "merge", shelf.folder / "three")

    assert ("2 runs taken in, 2 were here already\n", "0 runs taken in, 4 were here already\n") == (
        first.out,
        again.out,
    )
    assert (6, True, True) == (
        refused.code,
        str(changed) in refused.err,
        str(shelf.older) in refused.err,
    )
    assert (3, before) == (len(before), everything(shelf.store))
