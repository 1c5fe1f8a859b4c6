"""asv's benchmark folder: what it lists, how it calls every kind of variant, and what it refuses to time."""

from __future__ import annotations

import ast
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness import history
from harness.history import instrument
from harness.lab import catalogue

HOME = Path(__file__).parents[2]
HONEST = "'''Sorted.'''\ndef smallest(xs):\n    return sorted(xs)\n"
WRONG = "'''Backwards.'''\ndef smallest(xs):\n    return sorted(xs)[::-1]\n"
ASYNC = "'''In a loop.'''\nasync def smallest(xs):\n    return sorted(xs)\n"
MUTATING = "'''In place: a second call on one input would find it sorted.'''\ndef smallest(xs):\n    assert xs != sorted(xs)\n    xs.sort()\n    return list(xs)\n"
EXECUTOR = (
    "'''With threads.'''\nfrom concurrent.futures import ThreadPoolExecutor\n"
    "def smallest(xs, *, executor: ThreadPoolExecutor):\n    return executor.submit(sorted, xs).result()\n"
)


@pytest.fixture
def module(write_case: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A case that can be imported: the package of some commit."""
    folder = write_case(
        honest=HONEST,
        wrong=WRONG,
        looped=ASYNC,
        mutating=MUTATING,
        threaded=EXECUTOR,
        lacking="import nothing_of_the_kind\n",
    )
    monkeypatch.syspath_prepend(str(folder.parent))
    yield folder.name
    for name in [name for name in sys.modules if name.partition(".")[0] == folder.name]:
        del sys.modules[name]


def test_the_suite_imports_nothing_of_the_harness() -> None:
    """asv would give it the old commit's; only the standard library and its own folder are the same for every commit."""
    for path in (HOME / "harness" / "history").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += (
                [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            )

            assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_there_is_a_class_a_case_with_its_variants_and_its_smallest_size() -> None:
    """As the catalogue of today has them, in the case's order."""
    made = {one.__name__: one.params for one in history._classes()}  # type: ignore[attr-defined]
    cases = {name: found.load() for name, found in catalogue.find_cases().items()}

    assert made == {
        name: [list(case.variants), [case.default_workloads()[0].name]]
        for name, case in cases.items()
    }


@pytest.mark.parametrize("variant", ["honest", "looped", "mutating", "threaded"])
def test_every_kind_of_variant_is_called(module: str, variant: str) -> None:
    """Plain, async, with an executor; one that changes its argument gets a fresh one for every call of a slice."""
    with instrument.opened(module, variant, "10") as subject:
        instrument.prove(subject)
        subject.slice(5)()

        assert sorted(subject.fresh()[0]) == subject.call(subject.fresh())


@pytest.mark.parametrize(
    ("variant", "size"), [("unknown", "10"), ("honest", "11"), ("lacking", "10")]
)
def test_what_a_commit_lacks_is_skipped(module: str, variant: str, size: str) -> None:
    """No such variant, no such size, no such library: asv's way to say it is NotImplementedError in setup."""
    with (
        pytest.raises(NotImplementedError),
        instrument.skipping_what_is_absent(),
        instrument.opened(module, variant, size),
    ):
        pass


def test_a_wrong_answer_gets_no_number(module: str) -> None:
    """It fails with the difference instead."""
    with (
        instrument.opened(module, "wrong", "10") as subject,
        pytest.raises(AssertionError, match="wrong does not answer as naive does"),
    ):
        instrument.prove(subject)


def test_the_clock_counts_in_calls(module: str) -> None:
    """A slice of 50 calls on a clock that counts 50 times slower: asv, which divides by nothing, reads seconds a call."""
    case = history._Case()
    case.listed = history.Listed("tiny", module, {"honest": "stdlib"}, ["10"], [])  # type: ignore[misc]
    case.setup("honest", "10")
    plain = history.time.perf_counter()
    loops, counted = case._loops, case.timer()
    case.time_call("honest", "10")
    case.teardown("honest", "10")

    assert loops > 1
    assert counted == pytest.approx(plain / loops, rel=1e-3)


def test_instructions_are_skipped_where_nobody_asked(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a number, which asv shows as not available."""
    monkeypatch.delenv(history.INSTRUCTIONS, raising=False)
    case = history._Case()
    case.listed = history.Listed("tiny", module, {"honest": "stdlib"}, ["10"], [])  # type: ignore[misc]

    assert math.isnan(case.track_instructions("honest", "10"))


def test_a_ratio_is_measured_in_fresh_processes(module: str) -> None:
    """One sample a process, each the variant's time over the reference's; a broken variant is an error, no number."""
    said = instrument.ratios(module, "honest", "100")

    assert instrument.PROCESSES == len(said)
    assert all(0 < ratio < 10 for ratio in said)
    with pytest.raises(RuntimeError, match=r"ModuleNotFoundError|Absent"):
        instrument.ratios(module, "lacking", "100")
