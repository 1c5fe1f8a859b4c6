"""Keys that strangers choose: no table of ours falls to a list of keys, for nobody knows its hash."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import pytest

from cases import ratelimit, routes
from cases.brc import inputs, row

SETS = (1, 2, 3)
NEAR_RANDOM = 3.0
"""Looking all keys of a table up takes at most so many times the slots that random keys take."""


def looked_at(places: Iterable[tuple[int, int]], size: int) -> int:
    """Slots to look at until every key has been found once, in a table of ``size`` slots."""
    return sum(1 + (found - home) % size for home, found in places)


def in_processes(program: str, seeds: Sequence[str]) -> list[Any]:
    """What a program prints as JSON under each PYTHONHASHSEED."""
    return [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", program],
                env={**os.environ, "PYTHONHASHSEED": seed},
                capture_output=True,
                check=True,
                text=True,
            ).stdout
        )
        for seed in seeds
    ]


def old_tenants_home(tenant: int, bits: int) -> int:
    """Where the limiter's table of ``2**bits`` slots looked first, when its hash was no secret."""
    return tenant * 0x9E3779B97F4A7C15 % 2**64 >> (64 - bits)


@pytest.mark.parametrize("number", SETS)
def test_tenants_that_collided_are_as_good_as_random_ones(number: int) -> None:
    """2000 strangers who were all sent to one slot."""
    module = pytest.importorskip("extensions.ratelimit.cython")
    chosen = ratelimit.colliding(2000, number)
    source = random.Random(number)
    tenants = [source.getrandbits(64) - 2**63 for _ in range(2000)]
    counts = []
    for keys in (chosen, tenants):
        limiter = module.Limiter(1, 10)
        for key in keys:
            assert limiter.admit(key, 0)
        counts.append(looked_at(limiter.places().values(), 8192))

    assert len(set(chosen)) == 2000
    assert len({old_tenants_home(tenant, 13) for tenant in chosen}) == 1
    assert counts[0] <= NEAR_RANDOM * counts[1]


def test_two_processes_look_for_tenants_in_different_places() -> None:
    """The seed is a process's own; the one that Python was given decides it."""
    pytest.importorskip("extensions.ratelimit.cython")
    program = """
import json
from extensions.ratelimit.cython import Limiter
limiter = Limiter(1, 10)
for tenant in range(20):
    limiter.admit(tenant, 0)
print(json.dumps(sorted(limiter.places().items())))
"""
    one, same, other = in_processes(program, ("1", "1", "2"))

    assert one == same
    assert one != other


@pytest.mark.parametrize("number", SETS)
@pytest.mark.parametrize("variant", ["csr_c", "dicts_c"])
def test_junctions_that_collided_are_as_good_as_random_ones(variant: str, number: int) -> None:
    """A street of 2000 junctions that were all sent to one place."""
    module = pytest.importorskip(f"extensions.routes.{variant}")
    source = random.Random(number)
    counts = []
    chosen = routes.colliding(2000, number)
    for names in (chosen, [source.getrandbits(64) - 2**63 for _ in range(2000)]):
        roads = {a: {b: 1} for a, b in pairwise(names)} | {names[-1]: {}}
        if variant == "csr_c":
            counts.append(module.Streets(roads).looked_at())
            continue
        walk = module.Walk(roads, dict.fromkeys(names, (0, 0)))
        assert walk.route(names[0], names[-1]) == (1999, names)
        counts.append(walk.looked_at())

    assert len(set(chosen)) == 2000
    assert len({old_tenants_home(name, 12) for name in chosen}) == 1  # it was the same hash
    assert counts[1] >= 2000
    assert counts[0] <= NEAR_RANDOM * counts[1]


@pytest.mark.parametrize("variant", ["csr_c", "dicts_c"])
def test_two_processes_look_for_junctions_in_different_places(variant: str) -> None:
    """Among so many names the places looked at differ, and with them their number."""
    pytest.importorskip(f"extensions.routes.{variant}")
    program = f"""
import json
from itertools import pairwise
from extensions.routes import {variant} as module
roads = {{a: {{b: 1}} for a, b in pairwise(range(3001))}} | {{3000: {{}}}}
if {variant!r} == "csr_c":
    print(json.dumps(module.Streets(roads).looked_at()))
else:
    walk = module.Walk(roads, dict.fromkeys(roads, (0, 0)))
    walk.route(0, 3000)
    print(json.dumps(walk.looked_at()))
"""
    one, same, other = in_processes(program, ("1", "1", "2"))

    assert one == same
    assert one != other


def random_names(n: int, number: int) -> list[str]:
    source = random.Random(number)
    return ["".join(source.choices("abcdefghijklmnop", k=16)) for _ in range(n)]


@pytest.mark.parametrize("number", SETS)
@pytest.mark.parametrize("kind", ["words", "ends"])
def test_stations_that_collided_in_c_are_as_good_as_random_ones(kind: str, number: int) -> None:
    """2000 names that were all sent to one slot, and 2000 that differ in their middle only."""
    module = pytest.importorskip("extensions.brc.cython")
    chosen = inputs.colliding(2000, number)
    if kind == "ends":
        chosen = inputs.alike_at_both_ends(2000 * number)[-2000:]
    counts = []
    for names in (chosen, random_names(2000, number)):
        tally = module.Tally()
        data = b"".join(row(name, 1) for name in names)
        tally.add(data, 0, len(data))
        places = tally.places()
        assert len(places) == 2000
        counts.append(looked_at(places.values(), 8192))

    assert counts[0] <= NEAR_RANDOM * counts[1]


@pytest.mark.parametrize("number", SETS)
def test_stations_that_collided_in_numba_are_as_good_as_random_ones(number: int) -> None:
    """400 names whose hashes, byte by byte, had the same low bits."""
    np = pytest.importorskip("numpy")
    module = pytest.importorskip("cases.brc.numba")
    counts = []
    for names in (inputs.colliding_by_bytes(400, number), random_names(400, number)):
        data = np.frombuffer(b"".join(row(name, 1) for name in names), dtype=np.uint8)
        table, odd = module.counted(data, *module.SECRETS)
        (slots,) = np.nonzero(table[:, module.NUMBER])
        homes = table[slots, module.HASH] & (len(table) - 1)
        assert not odd
        assert len(slots) == 400
        counts.append(looked_at(zip(homes.tolist(), slots.tolist(), strict=True), len(table)))

    assert counts[0] <= NEAR_RANDOM * counts[1]


def collided_in_numpy(n: int, number: int) -> list[str]:
    """Names of 16 letters with one 64-bit hash, as NumPy's variant had it without a secret."""
    np = pytest.importorskip("numpy")
    golden = np.uint64(0x9E3779B97F4A7C15)
    first = np.random.default_rng(number).integers(97, 123, (1 << 21, 8), dtype=np.uint8)
    words = first.view("<u8")[:, 0]
    hashes = words * golden
    hashes ^= hashes >> np.uint64(32)
    second = (hashes ^ hashes[0] ^ words[0]).view(np.uint8).reshape(-1, 8)
    printable = ((second > 59) & (second < 127)).all(axis=1)
    names = np.concatenate((first, second), axis=1)[printable]
    return sorted({name.tobytes().decode() for name in names})[:n]


@pytest.mark.parametrize("number", SETS)
def test_stations_that_collided_in_numpy_take_no_more_rounds(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every round served one of the names whose hashes were equal; now it serves most."""
    module = pytest.importorskip("cases.brc.numpy")
    chosen = collided_in_numpy(30, number)
    assert len(chosen) == 30
    rounds: list[int] = []
    once = module.one_round

    def counting(*arguments: Any) -> Any:
        rounds.append(1)
        return once(*arguments)

    monkeypatch.setattr(module, "one_round", counting)
    stations: dict[bytes, list[int]] = {}
    module.add_piece(stations, b"".join(row(name, 1) for name in chosen))

    assert len(stations) == 30
    assert len(rounds) <= 4


def test_two_processes_look_for_stations_in_different_places() -> None:
    """In C, in Numba and in NumPy, the secrets are a process's own."""
    for name in ("extensions.brc.cython", "cases.brc.numba", "cases.brc.numpy"):
        pytest.importorskip(name)
    program = """
import json
import numpy as np
from extensions.brc.cython import Tally
from cases.brc import numba, numpy as columns
data = b"".join(b"station %d;1.0\\n" % number for number in range(40))
tally = Tally()
tally.add(data, 0, len(data))
table, _ = numba.counted(np.frombuffer(data, dtype=np.uint8), *numba.SECRETS)
print(json.dumps([sorted(tally.places().values()), np.flatnonzero(table[:, 5]).tolist(), columns.KEYS.tolist()]))
"""
    one, same, other = in_processes(program, ("1", "1", "2"))

    assert one == same
    assert all(here != there for here, there in zip(one, other, strict=True))
