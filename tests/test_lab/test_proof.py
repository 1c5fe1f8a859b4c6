"""Equivalence: each mistake is refused with its own word, and the honest pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import psutil
import pytest

from harness.lab import catalogue, proof
from harness.lab.supervisor import Confines
from harness.model.declared import Proof, Status
from harness.model.measured import Certificate
from tests.mistakes import MISTAKES, WRONG

pytestmark = pytest.mark.usefixtures("known_limits")
CONFINES = Confines(60.0, 300 << 20)
HASTY = Confines(2.0, 300 << 20)
"""For what never comes back: nobody else should have to be that quick on a busy machine."""
HONEST = "'''Sorted.'''\ndef smallest(xs):\n    return sorted(xs)\n"


def certificates(
    folder: Path, *, fresh: bool = True, confines: Confines = CONFINES
) -> dict[str, Certificate]:
    """Prove every variant of the case in ``folder``."""
    found = catalogue.find_case(str(folder))
    case = found.load()
    with proof.Prover(found, case, confines) as prover:
        return prover.certificates(case.variants, tell=lambda name: None, fresh=fresh)


ALONE = ("timeout", "oom", "killed", "left-running")
"""What would disturb the others."""


def name_of(word: str) -> str:
    """The variant that makes a mistake."""
    return word.replace("-", "_")


def no_process_is_left() -> bool:
    """Whether all that was started here has ended."""
    children = psutil.Process().children(recursive=True)
    return all(process.status() == psutil.STATUS_ZOMBIE for process in children)


def examined(
    folder: Path, names: Iterable[str], confines: Confines = CONFINES
) -> dict[str, Certificate]:
    """Prove the case: the named ones are not equal, the honest one is, and no process is left."""
    proven = certificates(folder, confines=confines)

    assert proven["honest"].status is Status.OK
    assert proven["naive"].verdict is Proof.REFERENCE
    assert {proven[name].verdict for name in names} == {Proof.NOT_EQUAL}
    assert no_process_is_left()
    return proven


def test_each_mistake_ends_with_its_own_word(write_case: Callable[..., Path]) -> None:
    """GIVEN variants with one mistake each WHEN they are examined THEN the status of each is the word for its own, the honest one passes, no process is left."""
    mistakes = {word: source for word, source in MISTAKES.items() if word not in ALONE}
    made = {name_of(word): source for word, source in mistakes.items()}
    proven = examined(write_case(**made, honest=HONEST), made)

    assert {word: word for word in mistakes} == {
        word: proven[name_of(word)].status for word in mistakes
    }


@pytest.mark.parametrize("word", ALONE)
def test_each_mistake_that_disturbs_ends_with_its_own_word(
    word: str, write_case: Callable[..., Path]
) -> None:
    """The same for what hangs, eats memory, flees or goes on working, each in a case of its own."""
    confines = HASTY if word == "timeout" else CONFINES
    proven = examined(write_case(suspect=MISTAKES[word], honest=HONEST), ["suspect"], confines)

    assert word == proven["suspect"].status


def test_a_wrong_answer_says_how_it_differs(write_case: Callable[..., Path]) -> None:
    """A difference has a word of its own: precision, value, type, count; half the digits look like float32, and the message says so."""
    proven = certificates(write_case(**WRONG))

    assert {word: (Status.WRONG_ANSWER, word) for word in WRONG} == {
        word: (proven[word].status, proven[word].evidence.finding) for word in WRONG
    }
    assert "looks like float32" in proven["precision"].evidence.message


SHAPES = """
    '''How does an array grow?  One more than each.'''
    import numpy as np
    from harness import Case, exact, sweep

    def make(n, seed):
        return (np.random.default_rng(seed).integers(0, 99, n),)

    case = Case(function="grow", variants={variants!r}, workloads=sweep(make, n=(10, 33, 2_000_000)), same=exact, {more})
"""
GROW = "'''Grow.'''\ndef grow(a):\n    return a + 1\n"


def test_arrays_are_judged_by_shape_and_dtype(write_case: Callable[..., Path]) -> None:
    """Right values in the wrong dtype or shape are not the same answer."""
    sources = {
        "dtype": "'''Narrow.'''\nimport numpy as np\ndef grow(a):\n    return (a + 1).astype(np.int32)\n",
        "shape": "'''Column.'''\ndef grow(a):\n    return (a + 1)[:, None]\n",
    }
    proven = certificates(write_case(declaration=SHAPES, naive=GROW, **sources))

    assert {word: (Status.WRONG_ANSWER, word) for word in sources} == {
        word: (proven[word].status, proven[word].evidence.finding) for word in sources
    }


def test_arrays_are_judged_by_memory(write_case: Callable[..., Path]) -> None:
    """Right values in the caller's own memory are not the same answer."""
    copying = "'''Copy.'''\ndef grow(a):\n    return a.copy()\n"
    itself = "'''Itself.'''\ndef grow(a):\n    return a[:]\n"
    proven = certificates(write_case(declaration=SHAPES, naive=copying, suspect=itself))["suspect"]

    assert (Status.ALIASED_INPUT, "aliased") == (proven.status, proven.evidence.finding)


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
