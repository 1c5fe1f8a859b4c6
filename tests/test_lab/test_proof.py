"""Equivalence: each mistake is refused with its own word, and the honest pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from harness.lab import catalogue, proof
from harness.lab.supervisor import Confines
from harness.model.declared import Proof, Status
from harness.model.measured import Certificate
from tests.mistakes import MISTAKES, WRONG

pytestmark = pytest.mark.usefixtures("known_limits")
CONFINES = Confines(2.0, 300 << 20)
HONEST = "'''Sorted.'''\ndef smallest(xs):\n    return sorted(xs)\n"


def certificates(folder: Path, *, fresh: bool = True) -> dict[str, Certificate]:
    """Prove every variant of the case in ``folder``."""
    found = catalogue.find_case(str(folder))
    case = found.load()
    with proof.Prover(found, case, CONFINES) as prover:
        return prover.certificates(case.variants, tell=lambda name: None, fresh=fresh)


@pytest.mark.parametrize("word", MISTAKES)
def test_each_mistake_ends_with_its_own_word(word: str, write_case: Callable[..., Path]) -> None:
    """GIVEN a variant with one mistake WHEN it is examined THEN its status is the word for it, the honest one passes, no process is left."""
    proven = certificates(write_case(suspect=MISTAKES[word], honest=HONEST))

    assert proven["suspect"].status == word
    assert proven["suspect"].verdict is Proof.NOT_EQUAL
    assert proven["honest"].status is Status.OK
    assert proven["naive"].verdict is Proof.REFERENCE
    assert [
        process
        for process in psutil.Process().children(recursive=True)
        if process.status() != psutil.STATUS_ZOMBIE
    ] == []


@pytest.mark.parametrize("word", WRONG)
def test_a_wrong_answer_says_how_it_differs(word: str, write_case: Callable[..., Path]) -> None:
    """A difference has a word of its own: precision, value, type, count."""
    certificate = certificates(write_case(suspect=WRONG[word]))["suspect"]

    assert (certificate.status, certificate.evidence.finding) == (Status.WRONG_ANSWER, word)


def test_float32_is_called_by_its_name(write_case: Callable[..., Path]) -> None:
    """Half the digits look like float32, and the message says so."""
    certificate = certificates(write_case(suspect=WRONG["precision"]))["suspect"]

    assert "looks like float32" in certificate.evidence.message


SHAPES = """
    '''How does an array grow?  One more than each.'''
    import numpy as np
    from harness import Case, exact, sweep

    def make(n, seed):
        return (np.random.default_rng(seed).integers(0, 99, n),)

    case = Case(function="grow", variants={variants!r}, workloads=sweep(make, n=(10, 33, 2_000_000)), same=exact, {more})
"""
GROW = "'''Grow.'''\ndef grow(a):\n    return a + 1\n"


@pytest.mark.parametrize(
    ("word", "status", "source"),
    [
        (
            "dtype",
            "wrong-answer",
            "'''Narrow.'''\nimport numpy as np\ndef grow(a):\n    return (a + 1).astype(np.int32)\n",
        ),
        ("shape", "wrong-answer", "'''Column.'''\ndef grow(a):\n    return (a + 1)[:, None]\n"),
        (
            "aliased",
            "aliased-input",
            "'''A view that happens to be right.'''\ndef grow(a):\n    a += 1\n    view = a[:]\n    return Late(view)\n",
        ),
    ],
)
def test_arrays_are_judged_by_shape_dtype_and_memory(
    word: str, status: str, source: str, write_case: Callable[..., Path]
) -> None:
    """Right values in the wrong dtype or shape, or in the caller's own memory, are not the same answer."""
    if word == "aliased":
        declaration = SHAPES.replace(
            "return (np.random.default_rng(seed).integers(0, 99, n),)",
            "return (np.random.default_rng(seed).integers(0, 99, n),)",
        )
        folder = write_case(
            declaration=declaration,
            naive="'''Copy.'''\ndef grow(a):\n    return a.copy()\n",
            suspect="'''Itself.'''\ndef grow(a):\n    return a[:]\n",
        )
    else:
        folder = write_case(declaration=SHAPES, naive=GROW, suspect=source)
    certificate = certificates(folder)["suspect"]

    assert (certificate.status, certificate.evidence.finding) == (status, word)


def test_faster_than_reading_the_input_is_refused(write_case: Callable[..., Path]) -> None:
    """A variant that knows the answer without looking is too fast for its bound."""
    always_right = "'''Length.'''\nfrom math import nan\ndef grow(a):\n    return int(a.size)\n"
    counted = "'''Count.'''\ndef grow(a):\n    return sum(1 for _ in a.tolist())\n"
    certificate = certificates(
        write_case(
            declaration=SHAPES, naive=counted, suspect=always_right, more="verify_up_to=2_000_000"
        )
    )["suspect"]

    assert (certificate.status, certificate.evidence.finding) == (
        Status.IMPOSSIBLE_SPEED,
        "impossible",
    )


def test_a_variant_that_another_one_spoils_is_refused(write_case: Callable[..., Path]) -> None:
    """Shared state shows only when the variants run in one process, in both orders."""
    spoiler = "'''Changes a module.'''\nimport string\ndef smallest(xs):\n    string.spoiled = True\n    return sorted(xs)\n"
    spoiled = "'''Trusts that module.'''\nimport string\ndef smallest(xs):\n    return sorted(xs, reverse=hasattr(string, 'spoiled'))\n"
    proven = certificates(write_case(spoiler=spoiler, spoiled=spoiled))

    assert proven["spoiler"].status is Status.OK
    assert (proven["spoiled"].status, proven["spoiled"].evidence.finding) == (
        Status.WRONG_ANSWER,
        "shared-state",
    )


def test_a_certificate_is_reused_while_its_sources_are_the_same(
    write_case: Callable[..., Path],
) -> None:
    """A changed variant is examined again; an unchanged one is not."""
    folder = write_case(honest=HONEST)
    first = certificates(folder, fresh=False)
    told: list[str] = []
    found = catalogue.find_case(str(folder))
    case = found.load()
    with proof.Prover(found, case, CONFINES) as prover:
        again = prover.certificates(case.variants, tell=told.append)
    (folder / "honest.py").write_text(HONEST.replace("sorted(xs)", "sorted(list(xs))"))
    with proof.Prover(found, case, CONFINES) as prover:
        changed = prover.certificates(case.variants, tell=told.append)

    assert again == first
    assert told[0] == "honest"
    assert changed["honest"].digest != first["honest"].digest


def test_mutants_are_refused_and_survivors_are_named(write_case: Callable[..., Path]) -> None:
    """A mutant that nothing tells from the reference is reported by name."""
    mutants = "'''Slips.'''\ndef backwards(xs):\n    return sorted(xs)[::-1]\ndef no_slip_at_all(xs):\n    return sorted(xs)\n"
    found = catalogue.find_case(str(write_case(mutants=mutants)))
    with proof.Prover(found, found.load(), CONFINES) as prover:
        outcome = prover.mutants(tell=lambda name: None)

    assert (outcome.total, outcome.rejected, outcome.survivors) == (2, 1, ("no_slip_at_all",))


def test_mechanical_mutants_of_the_reference(write_case: Callable[..., Path]) -> None:
    """Every mechanical change of the reference is refused, or makes no difference on any input."""
    found = catalogue.find_case(str(write_case()))
    with proof.Prover(found, found.load(), CONFINES) as prover:
        outcome = prover.mechanical(tell=lambda name: None)

    assert outcome.total >= 3
    assert outcome.survivors == ()
    assert outcome.rejected + outcome.alike == outcome.total
