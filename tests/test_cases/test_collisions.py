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
