"""Which variants a block is for, and its rounds: quick ones meet often, slow ones stand between quick ones."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from harness.judge.network import Network
from harness.judge.sampling import MOST_ROUNDS, Pace, Round, rounds, taking_part, wanted
from harness.model.measured import Process, Sample

QUICK = ("a", "b", "c", "d")


def planned(*slow: Pace, seconds: float = 1.0, quick: float = 0.001) -> list[Round]:
    """Rounds of four quick variants and these."""
    paces = [*(Pace(name, quick) for name in QUICK), *slow]
    return rounds(paces, seconds, random.Random(1))


def counted(plan: list[Round]) -> Counter[str]:
    """Slices by variant."""
    return Counter(name for one in plan for name in one.playing)


def test_quick_variants_meet_many_times_for_a_call_of_a_slow_one() -> None:
    """One call of a second in a block of a second; the others have their sixty rounds all the same."""
    found = counted(planned(Pace("slow", 1.0)))

    assert found["slow"] == 1
    assert min(found[name] for name in QUICK) > 30


def test_a_slow_slice_has_quick_ones_right_before_and_after_it() -> None:
    """In a round of its own; on either side the same companions."""
    (own,) = [one.names for one in planned(Pace("slow", 1.0)) if "slow" in one.names]
    place = own.index("slow")

    assert set(QUICK) == set(own[:place]) == set(own[place + 1 :])
    assert Counter(own[:place]) == Counter(own[place + 1 :])


def test_a_divisible_slice_is_stopped_for_its_companions() -> None:
    """Not around it but in it; the pauses take less than half of what it has for itself."""
    (own,) = [one for one in planned(Pace("slow", 1.0, divisible=True)) if one.divided]

    assert ("slow", set(QUICK)) == (own.divided, set(own.names))
    assert own.seconds >= 2 * len(QUICK) * 0.001
    assert not any(one.divided for one in planned(Pace("quick", 0.001, divisible=True)))


def test_two_slow_ones_are_in_different_rounds() -> None:
    """Each has companions; what happens to the machine during one call is not held against the other."""
    plan = planned(Pace("slow", 0.2), Pace("slower", 0.4), seconds=4.0)

    assert not any({"slow", "slower"} <= set(one.names) for one in plan)
    assert counted(plan)["slow"] > counted(plan)["slower"] > 1


def test_slow_slices_are_spread_over_the_block() -> None:
    """Four calls, one in each quarter of the rounds."""
    plan = planned(Pace("slow", 0.25), seconds=4.0)
    places = [at / len(plan) for at, one in enumerate(plan) if "slow" in one.names]

    assert [0, 1, 2, 3] == [int(4 * place) for place in places]


def test_where_all_are_slow_they_play_together() -> None:
    """Without quick companions there are common rounds as ever, and nobody is left out."""
    plan = rounds([Pace(name, 0.3) for name in "abc"], 1.0, random.Random(1))

    assert [{"a", "b", "c"}] == [set(one.names) for one in plan]


def test_one_variant_alone_is_timed_as_well() -> None:
    """There is nothing to pair it with, but its time is asked for."""
    assert len(rounds([Pace("a", 0.001)], 1.0, random.Random(1))) == MOST_ROUNDS


def test_a_variant_that_makes_an_interval_wide_has_more_of_the_block() -> None:
    """Twice the share, twice the calls."""
    usual, wide = (
        counted(planned(Pace("slow", 0.1, wide), seconds=4.0))["slow"] for wide in (False, True)
    )

    assert wide == 2 * usual


@pytest.mark.parametrize("seconds", [1e-6, 0.25, 1.0, 30.0])
@pytest.mark.parametrize(
    "costs", [(1e-6, 1e-3, 1.0), (5.0, 5.0, 5.0), (1e-3, 0.019, 0.021), (0.0, 1.0, 1.0)]
)
def test_everybody_is_timed_in_every_block(costs: tuple[float, ...], seconds: float) -> None:
    """However little time there is; and every variant meets another."""
    paces = [Pace(name, cost) for name, cost in zip("abc", costs, strict=True)]
    plan = rounds(paces, seconds, random.Random(1))

    assert set("abc") == set(counted(plan))
    assert all(len(set(one.playing)) > 1 for one in plan)


def test_the_order_is_random_but_can_be_repeated() -> None:
    """Of one seed the same, and every variant is first sometimes."""
    plan = planned(Pace("slow", 0.1))

    assert plan == planned(Pace("slow", 0.1))
    assert {one.names[0] for one in plan} == set(QUICK)


# --------------------------------------------------------------------------- who takes part

COSTS = {
    "ref": 2.0,
    "noisy": 0.5,
    "a": 0.1,
    "b": 0.2,
    "c": 0.3,
    "d": 0.4,
    "e": 0.9,
    "f": 0.8,
    "g": 0.7,
}


def network(spread: dict[str, float], blocks: int = 4) -> Network:
    """Processes of each variant that differ by so much."""
    generator = np.random.default_rng(7)

    def processes(name: str) -> list[Process]:
        factors = np.exp(generator.normal(0, spread.get(name, 1e-4), blocks))
        return [
            Process(block, 0, 0, 0, tuple(Sample(round(1e6 * factor), 1, 0, at) for at in range(5)))
            for block, factor in enumerate(factors)
        ]

    return Network({name: processes(name) for name in COSTS})


def test_what_is_precise_sits_out_but_for_what_ties() -> None:
    """One noisy variant: it comes again, with the four cheapest that were in every block; the reference is precise itself."""
    assert {"noisy"} == wanted(network({"noisy": 0.1}), list(COSTS), "ref", 0.01)
    assert {"noisy", "a", "b", "c", "d"} == taking_part(network({"noisy": 0.1}), COSTS, "ref", 0.01)


def test_a_noisy_reference_comes_again_without_all_others() -> None:
    """Every ratio is too wide, and it is the reference's doing."""
    assert {"ref"} == wanted(network({"ref": 0.1}), list(COSTS), "ref", 0.01)
    assert {"ref", "a", "b", "c", "d"} == taking_part(network({"ref": 0.1}), COSTS, "ref", 0.01)


def test_where_nearly_all_are_wanted_all_come() -> None:
    """The few that would sit out are worth more as ties than they cost."""
    spread = dict.fromkeys(("ref", "noisy", "e", "f"), 0.1)

    assert set(COSTS) == taking_part(network(spread), COSTS, "ref", 0.01)


def test_a_variant_that_has_not_been_measured_is_wanted() -> None:
    """It has no ratio, which is no narrow one; and where nothing is known, all come."""
    known = network({})
    assert "new" in wanted(known, [*COSTS, "new"], "ref", 0.01)
    assert {"a", "b"} == taking_part(Network({}), {"a": 1.0, "b": 1.0}, "a", 0.01)
