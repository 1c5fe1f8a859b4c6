"""The comparison of gates: its page holds to its data, its arithmetic is right, and its adapters understand the tools."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

PEERS = Path(__file__).parents[2] / "docs" / "peers"


def peers(name: str) -> ModuleType:
    """Import a module of the comparison's folder."""
    sys.path.insert(0, str(PEERS))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(PEERS))


adapters, page, scratch, compare = map(peers, ("adapters", "page", "scratch", "compare"))

SESSION = {
    "kind": "session",
    "schema": "peers/1",
    "seed": 7,
    "seconds": 8.0,
    "slowdowns": [0, 1],
    "planted_percent": {"0": 0.0, "1": 0.9998},
    "machine": {
        "cpu": "Abacus",
        "cores": 2,
        "system": "Linux",
        "python": "3.11.7",
        "implementation": "CPython",
    },
    "versions": {"perflab": "0.1.0 (sources 01234567)", "asv": "0.6.6"},
    "utc": "2026-01-01T23:00:00Z",
    "call_seconds": 0.0002,
    "once_seconds": {"ours": 0.2, "asv": 12.0},
    "commands": {"ours": ["python -m harness list"], "asv": ["python -m asv continuous BASE HEAD"]},
}


def decision(tool: str, slowdown: int, verdict: str, trial: int = 0, seconds: float = 8.0) -> dict:
    return {
        "kind": "decision", "trial": trial, "order": 0, "slowdown": slowdown, "utc": "2026-01-02T01:00:00Z", "load": 0.5, "tool": tool,
        "verdict": verdict, "exit_code": 0, "measuring_seconds": seconds, "wall_seconds": seconds + 1, "said": "",
    }  # fmt: skip


def data(*decisions: dict, **settled: object) -> object:
    return page.Data(({**SESSION, **settled},), decisions)


MIXED = data(
    decision("ours", 0, "same"),
    decision("ours", 0, "unclear", 1),
    decision("ours", 1, "slower"),
    decision("ours", 1, "slower", 1, 10.0),
    decision("asv", 0, "slower"),
    decision("asv", 0, "faster", 1),
    decision("asv", 1, "faster", 0, 6.0),
    decision("asv", 1, "error", 1, 0.0),
)

# --------------------------------------------------------------------------- the page and its data


@pytest.mark.skipif(
    not compare.DATA.exists(),
    reason="the comparison was not measured yet: python docs/peers/compare.py",
)
def test_page_is_what_the_data_says() -> None:
    """docs/peers.md and the README's block are rendered, never written by hand."""
    assert compare.check(page.read(compare.DATA)) == 0


@pytest.mark.skipif(
    not compare.DATA.exists(),
    reason="the comparison was not measured yet: python docs/peers/compare.py",
)
def test_data_names_no_place() -> None:
    """The raw decisions say nothing of the machine's name, its users or its folders."""
    assert [
        word for word in ("/tmp", "/home", "/root", "/work") if word in compare.DATA.read_text()
    ] == []


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [
        (0, 10, 0.0, 0.3085),
        (10, 10, 0.6915, 1.0),
        (5, 10, 0.1871, 0.8129),
        (1, 20, 0.0013, 0.2487),
        (0, 1, 0.0, 0.975),
    ],
)
def test_interval_is_clopper_pearsons(hits: int, count: int, low: float, high: float) -> None:
    """Values from tables of the exact interval."""
    assert (low, high) == pytest.approx(page.interval(hits, count), abs=5e-5)


def test_table_counts_every_decision() -> None:
    """Errors and inconclusive answers stay in the denominators; seconds are medians of what was measured."""
    lines = page.table(MIXED).splitlines()

    assert [
        "| perflab gate | 0/2 (0–84 %) | 2/2 (16–100 %) | 1/4 | 0/2 | 0/2 | 0/4 | 8.0 s | 9.0 s |",
        "| asv continuous | 1/2 (1–99 %) | 0/2 (0–84 %) | 0/4 | 1/2 | 1/2 | 1/4 | 8.0 s | 9.0 s |",
    ] == lines[2:]


def test_table_has_as_many_cells_in_each_line() -> None:
    """Markdown drops what stands beyond the header."""
    assert {line.count("|") for line in page.table(MIXED).splitlines()} == {10}


def test_page_says_what_was_settled() -> None:
    """Date, machine, versions, commands and the way to repeat it are all from the data."""
    text = page.page(MIXED)

    for said in (
        "2026-01-01 to 2026-01-02",
        "Abacus",
        "asv 0.6.6",
        "sources 01234567",
        "python -m asv continuous BASE HEAD",
        "--seed 7",
    ):
        assert said in text


def test_block_goes_between_the_markers() -> None:
    """What stands around the markers stays, a second rendering changes nothing, and a README without them is left alone."""
    first = page.with_block(f"before\n{page.BEGIN}\nold\n{page.END}\nafter\n", MIXED)

    assert first.startswith(f"before\n{page.BEGIN}\n| gate |")
    assert first.endswith(f"{page.END}\nafter\n")
    assert first == page.with_block(first, MIXED)
    assert page.with_block("nothing\n", MIXED) == "nothing\n"


def test_sessions_must_agree(tmp_path: Path) -> None:
    """A file that holds two comparisons is refused, and the difference named."""
    file = tmp_path / "measured.jsonl"
    file.write_text("\n".join(json.dumps(one) for one in (SESSION, {**SESSION, "seconds": 4.0})))

    with pytest.raises(page.BadData, match="seconds"):
        page.read(file)


def test_check_finds_a_stale_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is not what the data says fails; a rendered one passes."""
    monkeypatch.setattr(compare, "PAGE", tmp_path / "peers.md")
    monkeypatch.setattr(compare, "README", tmp_path / "README.md")
    compare.README.write_text(f"{page.BEGIN}\n{page.END}\n")

    assert compare.check(MIXED) == 1
    compare.render(MIXED)
    assert compare.check(MIXED) == 0


# --------------------------------------------------------------------------- the function and the order


@pytest.mark.parametrize("percent", [0, 1, 2, 5])
def test_slowdown_is_what_it_says(percent: int) -> None:
    """Counted in bytecode instructions, each slowdown is within a thousandth of its name, and the answer is the same."""
    slow, base = (
        scratch.function_of(scratch.kernel(*of)) for of in ((str(percent), percent), ("base", 0))
    )

    assert scratch.planted(percent) == pytest.approx(percent, rel=1e-3)
    assert slow("kitten", "sitting") == base("kitten", "sitting") == 3


def test_identical_code_is_another_source() -> None:
    """The head of the A/A pair has the base's function, but is not the base's file: no tool may skip measuring it."""
    head, base = scratch.kernel("0", 0), scratch.kernel("base", 0)

    assert head != base
    assert scratch.function_of(head).__code__.co_code == scratch.function_of(base).__code__.co_code


def test_order_is_seeded_and_does_not_depend_on_who_takes_part() -> None:
    """The same seed and trial give the same order of all pairs, another trial another."""
    first = compare.order(0, 0, (0, 1, 2, 5))

    assert first == compare.order(0, 0, (0, 1, 2, 5))
    assert first != compare.order(0, 1, (0, 1, 2, 5))
    assert len(set(first)) == len(adapters.TOOLS) * 4


def asked(data_file: Path, *, resume: bool) -> object:
    return compare.Asked(1, 8.0, 7, (0, 1), ("ours", "asv"), resume, data_file)


def test_resume_knows_what_is_done(tmp_path: Path) -> None:
    """Decisions in the growing file are not taken again; what was measured otherwise is refused."""
    wanted = asked(tmp_path / "measured.jsonl", resume=True)
    compare._append(
        wanted.partial, SESSION, decision("ours", 1, "slower"), decision("asv", 0, "error")
    )

    assert compare.begin(wanted, SESSION) == (0.0002, {(0, "ours", 1), (0, "asv", 0)})
    with pytest.raises(compare.Refused, match="machine"):
        compare.begin(wanted, {**SESSION, "machine": {}})


def test_an_interrupted_comparison_is_not_overwritten(tmp_path: Path) -> None:
    """Without --resume the growing file of another comparison is refused."""
    wanted = asked(tmp_path / "measured.jsonl", resume=False)
    compare._append(wanted.partial, SESSION)

    with pytest.raises(compare.Refused, match="--resume"):
        compare.begin(wanted, SESSION)


class FakeTool:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def decide(self, place: object, revision: str, plan: object) -> dict:
        self.asked.append(revision)
        if revision == "1":
            raise adapters.Misunderstood("exit 9: gone")
        return {"asv": adapters.Decision("same", 0, 8.0, "well")}


def test_a_trial_keeps_every_decision(tmp_path: Path) -> None:
    """Each decision is on disk with its order, time and load; a failing tool is a decision called error."""
    plan = adapters.Plan(8.0, 0.0002)
    wanted, tool = asked(tmp_path / "measured.jsonl", resume=False), FakeTool()
    place = adapters.Place(scratch.Scratch(tmp_path, {}), tmp_path)
    compare._append(wanted.partial, SESSION)
    compare.run_trial(wanted, plan, 0, {"asv": (tool, place)}, set())
    compare.run_trial(wanted, plan, 0, {"asv": (tool, place)}, {(0, "asv", 0), (0, "asv", 1)})
    kept = {one["slowdown"]: one for one in page.read(wanted.partial).decisions}

    assert sorted(tool.asked) == ["0", "1"]
    assert ("same", "well") == (kept[0]["verdict"], kept[0]["said"])
    assert ("error", "Misunderstood: exit 9: gone") == (kept[1]["verdict"], kept[1]["said"])
    assert {"trial", "order", "utc", "load", "wall_seconds", "measuring_seconds"} <= kept[0].keys()


# --------------------------------------------------------------------------- what the tools say: real output, shortened

PYPERF_SLOWER = "Mean +- std dev: [base] 415 us +- 58 us -> [head] 485 us +- 45 us: 1.17x slower\n"
PYPERF_FASTER = "Mean +- std dev: [base] 415 us +- 58 us -> [head] 302 us +- 16 us: 1.37x faster\n"
PYPERF_SAME = "Benchmark hidden because not significant (1): distance\n"


@pytest.mark.parametrize(
    ("said", "verdict"),
    [(PYPERF_SLOWER, "slower"), (PYPERF_FASTER, "faster"), (PYPERF_SAME, "same")],
)
def test_pyperf_is_understood(said: str, verdict: str) -> None:
    """compare_to tells by its words."""
    assert adapters.pyperf_verdict(said) == (verdict, said.strip())


def test_pyperf_seconds_count_every_call() -> None:
    """Values and warm-ups are seconds of one loop; the number of loops is in the metadata, of the file or of the run."""
    run = {"warmups": [[4, 0.5]], "values": [0.25, 0.25]}
    document = {
        "metadata": {"loops": 4},
        "benchmarks": [{"runs": [run, {**run, "metadata": {"loops": 8}}]}],
    }

    assert adapters.pyperf_seconds(document) == 4 * 0.5 + 4 * 0.5 + 4 * 0.5 + 8 * 0.5


PYTEST_COMPARED = "Comparing against benchmarks from: Linux-CPython-3.11-64bit/0001_base.json\n"
PYTEST_MEDIAN = "\ttest_distance (0001_base) - Field 'median' has failed PercentageRegressionCheck: 45.175891243 > 1.000000000\n"


def test_pytest_benchmark_is_understood() -> None:
    """The message says which check failed, and the exit code agrees."""
    failed = f"{PYTEST_COMPARED}Performance has regressed:\n{PYTEST_MEDIAN}"

    assert adapters.pytest_benchmark_verdict(1, failed, "median") == (
        "slower",
        PYTEST_MEDIAN.split(" - ")[1].strip(),
    )
    assert adapters.pytest_benchmark_verdict(1, failed, "min")[0] == "same"
    assert adapters.pytest_benchmark_verdict(0, PYTEST_COMPARED, "median")[0] == "same"


def test_pytest_benchmark_seconds_are_the_totals() -> None:
    """The sum of all rounds."""
    assert (
        adapters.pytest_benchmark_seconds(
            {"benchmarks": [{"stats": {"total": 1.5}}, {"stats": {"total": 0.25}}]}
        )
        == 1.75
    )


ASV_SLOWER = """\
| Change   | Before [10d9a623] <base>   | After [718dacd2] <slow-50>   |   Ratio | Benchmark (Parameter)                 |
|----------|----------------------------|------------------------------|---------|---------------------------------------|
| +        | 397±30μs                   | 521±70μs                     |    1.31 | kernel_benchmark.Kernel.time_distance |

SOME BENCHMARKS HAVE CHANGED SIGNIFICANTLY.
PERFORMANCE DECREASED.
"""
ASV_FASTER = ASV_SLOWER.replace("| +  ", "| -  ").replace("DECREASED", "INCREASED")
ASV_SAME = "[100.00%] ··· kernel_benchmark.Kernel.time_distance     451±50μs\n\nBENCHMARKS NOT SIGNIFICANTLY CHANGED.\n"


def test_asv_is_understood() -> None:
    """The exit code tells, and its words agree."""
    assert adapters.asv_verdict(1, ASV_SLOWER) == (
        "slower",
        "PERFORMANCE DECREASED: 397±30μs -> 521±70μs, ratio 1.31",
    )
    assert adapters.asv_verdict(0, ASV_FASTER)[0] == "faster"
    assert adapters.asv_verdict(0, ASV_SAME)[0] == "same"


def test_asv_seconds_are_samples_times_calls() -> None:
    """A sample is seconds of one call; the number of calls stands beside it."""
    columns = [
        "result",
        "params",
        "version",
        "started_at",
        "duration",
        "stats_number",
        "stats_repeat",
        "samples",
        "profile",
    ]
    row = [[0.5], [], "9c34", 1795461261571, 0.71, [3], [2], [[0.5, 0.25]]]

    assert (
        adapters.asv_seconds({"result_columns": columns, "results": {"time_distance": row}}) == 2.25
    )


def gate(verdict: str, *keys: str) -> dict:
    ratio = {"value": 1.0025, "low": 0.9961, "high": 1.0089}
    return {
        "schema": "harness.gate/2",
        "verdict": verdict,
        "keys": [
            {"metric": metric, "verdict": one, "ratio": ratio, "seconds": 4.4}
            for one in keys
            for metric in ("time", "average")
        ],
    }


@pytest.mark.parametrize(
    ("exit_code", "said", "keys", "verdict"),
    [
        (0, "pass", ["same"], "same"),
        (0, "pass", ["faster"], "faster"),
        (1, "regression", ["slower"], "slower"),
        (5, "inconclusive", ["unclear"], "unclear"),
        (5, "inconclusive", [], "unclear"),
    ],
)
def test_ours_is_understood(exit_code: int, said: str, keys: list[str], verdict: str) -> None:
    """Exit code and document agree."""
    assert adapters.ours_verdict(exit_code, gate(said, *keys))[0] == verdict


@pytest.mark.parametrize(
    "misunderstood",
    [
        lambda: adapters.pyperf_verdict("Traceback (most recent call last):\n"),
        lambda: adapters.pyperf_verdict(""),
        lambda: adapters.pytest_benchmark_verdict(1, "1 failed in 0.1s", "median"),
        lambda: adapters.pytest_benchmark_verdict(0, "1 passed in 0.1s", "median"),
        lambda: adapters.pytest_benchmark_verdict(0, f"{PYTEST_COMPARED}{PYTEST_MEDIAN}", "median"),
        lambda: adapters.asv_verdict(1, "asv.util.UserError: no such machine"),
        lambda: adapters.asv_verdict(0, ASV_SLOWER),
        lambda: adapters.asv_verdict(1, ASV_SLOWER.replace("1.31", " n/a")),
        lambda: adapters.asv_verdict(2, ASV_SAME),
        lambda: adapters.ours_verdict(0, gate("pass")),
        lambda: adapters.ours_verdict(0, gate("pass", "slower")),
        lambda: adapters.ours_verdict(1, gate("regression", "same")),
        lambda: adapters.ours_verdict(4, gate("not-measured")),
        lambda: adapters.ours_verdict(0, {"schema": "harness.gate/1"}),
    ],
)
def test_what_is_not_understood_is_an_error(misunderstood: object) -> None:
    """No failure of a tool may pass for a verdict."""
    with pytest.raises(adapters.Misunderstood):
        misunderstood()


@pytest.mark.parametrize("name", list(adapters.TOOLS))
def test_commands_name_no_place(name: str) -> None:
    """What the page shows is what is run, without the folders of whoever ran it."""
    shown = adapters.TOOLS[name]().commands(adapters.Plan(8.0, 0.0002))

    assert shown
    assert [line for line in shown if "/" in line.replace("./", "").replace("'", "")] == []


def test_pyperf_spends_the_budget() -> None:
    """Processes x (values + warm-ups) x loops x one call is half the budget."""
    words = adapters.Pyperf._timeit("python", adapters.Plan(8.0, 0.0002), "base.json")
    number = {
        name: int(words[words.index(f"--{name}") + 1])
        for name in ("processes", "values", "warmups", "loops")
    }

    assert number["processes"] * (number["values"] + number["warmups"]) * number[
        "loops"
    ] * 0.0002 == pytest.approx(4.0, rel=0.1)
