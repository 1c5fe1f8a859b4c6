"""Which run stands for a case: what covers more, of the sources as they are, with narrower intervals; then the newest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.judge.selection import FINALISTS, choose, standing, width
from harness.model.declared import Status
from harness.model.selected import Criterion, Question, Standing
from harness.show.selection import passed_over, sentence
from tests.fakes.runs import fake_result, fake_run

QUESTION = Question(
    frozenset({"naive", "quick"}),
    frozenset({"10"}),
    frozenset({"10", "100"}),
    "feedbeef",
)
WHOLE = Standing("2026a", "abcd1234", True, False, 33, 33, False)


@pytest.mark.parametrize(
    ("worse", "widths", "by"),
    [
        ({"sweep": True, "covered": 99}, (0.1, 0.1), Criterion.KIND),
        ({"covered": 1}, (0.9, 0.001), Criterion.COVERAGE),
        ({"changed": True}, (0.9, 0.001), Criterion.SOURCES),
        ({}, (0.05, 0.5), Criterion.PRECISION),
        ({}, (0.05, None), Criterion.PRECISION),
    ],
)
def test_a_newer_run_is_passed_over_by_the_first_rule_it_breaks(
    worse: dict[str, object], widths: tuple[float, float | None], by: Criterion
) -> None:
    """However much better it is by the rules that come after."""
    newer = replace(WHOLE, run="2026b", **worse)  # type: ignore[arg-type]
    found = choose([WHOLE, newer], dict(zip(("2026a", "2026b"), widths, strict=True)).get)

    assert found is not None
    assert "2026a" == found.chosen.standing.run
    assert [("2026b", by)] == [(one.ranked.standing.run, one.by) for one in found.others]
    assert "newer, not chosen: 2026b" in passed_over(found)[0]
    assert "Run 2026a (published, 33 of 33 keys" in sentence(found)


@pytest.mark.parametrize("widths", [(0.010, 0.019), (0.041, 0.079), (None, None)])
def test_intervals_within_a_factor_of_two_are_alike(widths: tuple[float | None, ...]) -> None:
    """The newer run stands for the case: chance in a width decides nothing."""
    newer = replace(WHOLE, run="2026b")
    found = choose([newer, WHOLE], dict(zip(("2026a", "2026b"), widths, strict=True)).get)

    assert found is not None
    assert ("2026b", Criterion.AGE) == (found.chosen.standing.run, found.others[0].by)


def test_intervals_of_few_runs_are_looked_at() -> None:
    """A store of ten thousand equal runs costs no more than one of twenty."""
    asked: list[str] = []
    many = [replace(WHOLE, run=f"{place:05}") for place in range(1000)]
    found = choose(many, asked.append)  # type: ignore[func-returns-value]

    assert found is not None
    assert "00999" == found.chosen.standing.run
    assert FINALISTS == len(asked)


def test_no_run_is_no_choice() -> None:
    """Nothing stands for a case that was never measured."""
    assert choose([], lambda _: None) is None


def test_what_a_run_covers() -> None:
    """Wrong and crashed variants took part; those that are not there did not; of an unknown case everything counts."""
    run = fake_run()
    (measured,) = run.workloads

    def ended(status: Status) -> int:
        results = (measured.results[0], fake_result("quick", 1000, status=status))
        changed = replace(run, workloads=(replace(measured, results=results),))
        return standing(changed, QUESTION, published=False).covered

    assert (2, 2, 1, 1) == tuple(
        map(ended, (Status.OK, Status.WRONG_ANSWER, Status.UNAVAILABLE, Status.NOT_BUILT))
    )
    assert 1 == standing(replace(run, variant_names=("naive",)), QUESTION, published=False).covered
    sweep = replace(run, plan=replace(run.plan, sweep=True))
    assert (2, 4) == (
        (found := standing(sweep, QUESTION, published=False)).covered,
        found.wanted,
    )
    assert (2, 2) == (
        (found := standing(run, None, published=False)).covered,
        found.wanted,
    )
    assert standing(replace(run, digest="other"), QUESTION, published=False).changed


def test_the_width_is_the_one_that_tables_show() -> None:
    """The median over the ratios; a run of the reference alone has none."""
    run = fake_run()
    (measured,) = run.workloads
    alone = replace(run, workloads=(replace(measured, results=measured.results[:1]),))

    assert width(run) is not None
    assert width(alone) is None
