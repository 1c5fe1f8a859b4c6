"""Every case of the catalogue keeps the contract of docs/cases.md."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from harness import exact
from harness.lab import catalogue
from harness.lab.catalogue import Found
from harness.lab.limits.message import limits_of
from harness.model.declared import Technique
from harness.model.limited import MachineLimits

HOME = Path(__file__).parents[2]
FOUND = list(catalogue.find_cases().values())
ids = [found.name for found in FOUND]
SECTIONS = [
    "The question",
    "The prediction",
    "What we measured",
    "What the profile showed",
    "What we got wrong",
    "Exercises",
]


@pytest.mark.parametrize("found", FOUND, ids=ids)
def test_a_case_asks_one_question(found: Found) -> None:
    """The docstring's first line is a question, and maybe a remark."""
    assert "?" in found.question()


@pytest.mark.parametrize("found", FOUND, ids=ids)
def test_sizes_are_many_ascending_and_odd(found: Found) -> None:
    """At least eight sizes, the swept ones ascending, not all of them powers of two; S, M and L among them."""
    case = found.load()
    swept = [workload.n for workload in case.workloads if workload.name == str(workload.n)]

    assert len(case.workloads) >= 8
    assert swept == sorted(swept)
    assert any(n & (n - 1) for n in swept)
    assert len(case.default_workloads()) == 3


@pytest.mark.parametrize("found", FOUND, ids=ids)
def test_inputs_follow_from_their_seed(found: Found) -> None:
    """Equal seeds give equal arguments, other seeds others; arguments survive pickling."""
    workload = found.load().workloads[0]

    assert exact.compare(workload.arguments(), workload.arguments()) is None
    assert exact.compare(workload.arguments(1), workload.arguments(2)) is not None
    assert (
        exact.compare(workload.arguments(), pickle.loads(pickle.dumps(workload.arguments())))
        is None
    )


@pytest.mark.parametrize("found", FOUND, ids=ids)
def test_inputs_do_not_follow_from_the_hash_seed(found: Found) -> None:
    """The same arguments under two hash seeds, in two processes."""
    script = (
        "import sys, hashlib, pickle, pathlib\n"
        f"from harness.lab.catalogue import find_case\nworkload = find_case({found.name!r}).load().workloads[0]\n"
        "made = workload.arguments()\n"
        "files = [pathlib.Path(a).read_bytes() for a in made if isinstance(a, str) and pathlib.Path(a).is_file()]\n"
        "print(hashlib.sha256(repr(made).encode() + b''.join(files)).hexdigest())\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            cwd=HOME,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }

    assert len(said) == 1


@pytest.mark.parametrize("found", FOUND, ids=ids)
def test_mutants_and_adversarial_inputs_are_there(found: Found) -> None:
    """At least five mutants, each with the slip in its docstring, and inputs that break programs."""
    case = found.load()

    assert len(found.mutants()) >= 5
    assert case.adversarial is not None
    assert len(list(case.adversarial())) >= 5


@pytest.mark.parametrize("found", FOUND, ids=ids)
def test_the_bound_is_a_time(found: Found, machines_limits: MachineLimits) -> None:
    """The lower bound of the smallest workload is positive and below a second."""
    case = found.load()
    assert case.bound is not None
    seconds = case.bound(limits_of(machines_limits), *case.workloads[0].arguments())

    assert 0 < seconds < 1


@pytest.mark.parametrize("found", FOUND, ids=ids)
def test_the_story_has_its_sections(found: Found) -> None:
    """Question, prediction, results, profile, mistakes, exercises, in that order."""
    text = (found.folder / "README.md").read_text()
    places = [text.find(f"## {section}") for section in SECTIONS]

    assert -1 not in places
    assert places == sorted(places)
    assert text.count("<!-- results:begin") == text.count("<!-- results:end -->") == 1


def test_all_seven_techniques_are_there() -> None:
    """Over the whole catalogue: pure Python, NumPy, Cython, Numba, multiprocessing, threads and asyncio are real."""
    shown = {variant.technique for found in FOUND for variant in found.variants(found.load())}
    seven = {
        Technique.PYTHON,
        Technique.NUMPY,
        Technique.CYTHON,
        Technique.NUMBA,
        Technique.MULTIPROCESSING,
        Technique.THREADS,
        Technique.ASYNCIO,
    }

    assert seven <= shown
