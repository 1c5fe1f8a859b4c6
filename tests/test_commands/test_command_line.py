"""The real command line, in processes of its own, on small cases: exit codes, messages, documents, files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil
import pyperf
import pytest

from harness.lab import store
from harness.show.documents import RunDocument, RunsDocument, VerifyDocument
from tests.mistakes import MISTAKES, WRONG

HOME = Path(__file__).parents[2]
pytestmark = pytest.mark.usefixtures("known_limits")
HONEST = "'''Sorted.'''\ndef smallest(xs):\n    return sorted(xs)\n"
QUICK = ["--budget", "0.5", "-w", "S", "--quiet"]


def harness(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    command = [sys.executable, "-m", "harness", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(HOME), "COLUMNS": "140"}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=cwd or Path.cwd(), env=environment
    )


def test_a_run_ends_with_a_proven_table_and_a_document(
    write_case: Callable[..., Path], tmp_path: Path
) -> None:
    """GIVEN an honest case WHEN it is run THEN exit 0, valid JSON, certificates, and a file that pyperf reads."""
    folder = write_case(honest=HONEST)
    ended = harness("run", folder, *QUICK, "--json", "-")
    document = msgspec.json.decode(ended.stdout, type=RunDocument, strict=True)
    rows = {row.name: row for row in document.workloads[0].variants}

    assert (ended.returncode, document.schema, document.status, document.exit_code) == (
        0,
        "harness.run/1",
        "complete",
        0,
    )
    assert [row.certificate.verdict for row in rows.values()] == ["reference", "equal"]
    assert all(
        row.seconds and row.seconds.low <= row.seconds.value <= row.seconds.high
        for row in rows.values()
    )
    assert rows["naive"].speedup is not None
    assert rows["naive"].speedup.value == 1.0
    assert document.file is not None
    assert len(pyperf.BenchmarkSuite.load(document.file)) == 2


def test_several_cases_are_one_document(write_case: Callable[..., Path]) -> None:
    """harness.runs/1 holds one harness.run/1 a case."""
    ended = harness("run", write_case(), write_case(), *QUICK, "--json", "-")
    document = msgspec.json.decode(ended.stdout, type=RunsDocument)

    assert (document.schema, len(document.runs)) == ("harness.runs/1", 2)


def test_mistakes_are_shown_without_a_number(write_case: Callable[..., Path]) -> None:
    """Every mistake keeps its row, its word and an en dash; the honest ones keep their numbers; exit 3."""
    wrong = {
        word.replace("-", "_"): MISTAKES[word]
        for word in ("mutated-input", "lazy-result", "cached-result", "drifted", "nondeterministic")
    }
    wrong |= {f"wrong_{word}": WRONG[word] for word in ("precision", "value")}
    folder = write_case(honest=HONEST, **wrong)
    ended = harness("run", folder, *QUICK)
    unbracketed = [
        line.lstrip("┌│└ ") for line in ended.stdout.splitlines()
    ]  # on a busy machine two may be tied
    lines = {
        line.split()[0]: line
        for line in unbracketed
        if line and line.split()[0] in {*wrong, "honest", "naive"}
    }

    assert ended.returncode == 3
    assert "–" not in lines["honest"].split("x")[0]
    for name in wrong:
        word = name.replace("_", "-") if not name.startswith("wrong_") else "wrong-answer"
        assert "–" in lines[name]
        assert word in lines[name]


def test_what_dies_costs_only_itself(write_case: Callable[..., Path]) -> None:
    """A segfault, a hang, a stubborn grandchild and a memory eater: the others keep their numbers, exit 4, no process is left."""
    fatal = {word: MISTAKES[word] for word in ("crashed", "timeout", "killed", "oom")}
    folder = write_case(honest=HONEST, **fatal)
    ended = harness("run", folder, *QUICK, "--timeout", "3", "--memory", "300MiB", "--json", "-")
    rows = {row["name"]: row for row in json.loads(ended.stdout)["workloads"][0]["variants"]}

    assert ended.returncode == 4
    assert {name: rows[name]["status"] for name in fatal} == {name: name for name in fatal}
    assert all(rows[name]["seconds"] is None for name in fatal)
    assert rows["honest"]["seconds"]["value"] > 0
    own = os.environ[
        "PERFLAB_STORE"
    ]  # inherited by all that this run started, and by nothing else on the machine
    assert not [
        process.pid
        for process in psutil.process_iter(["environ"])
        if (process.info["environ"] or {}).get("PERFLAB_STORE") == own
    ]


def test_a_variant_that_breaks_only_when_large_keeps_its_small_numbers(
    write_case: Callable[..., Path],
) -> None:
    """Raises for one size only: that size is a gap, the other stays."""
    breaks = "'''Not so large.'''\ndef smallest(xs):\n    if len(xs) > 1000:\n        raise ValueError('too large')\n    return sorted(xs)\n"
    ended = harness(
        "run",
        write_case("verify_up_to=1000", breaks=breaks),
        "--budget",
        "0.5",
        "-w",
        "S",
        "-w",
        "L",
        "-q",
        "--json",
        "-",
    )
    statuses = [
        row["status"]
        for workload in json.loads(ended.stdout)["workloads"]
        for row in workload["variants"]
        if row["name"] == "breaks"
    ]

    assert (ended.returncode, statuses) == (4, ["ok", "raised"])


def test_verify_proves_and_counts_mutants(write_case: Callable[..., Path]) -> None:
    """The document names the survivors; a survivor is exit 3."""
    mutants = "'''Slips.'''\ndef backwards(xs):\n    return sorted(xs)[::-1]\ndef none_at_all(xs):\n    return sorted(xs)\n"
    ended = harness(
        "verify", write_case(honest=HONEST, mutants=mutants), "--mutants", "--quiet", "--json", "-"
    )
    document = msgspec.json.decode(ended.stdout, type=VerifyDocument)

    assert ended.returncode == document.exit_code == 3
    assert document.mutants is not None
    assert (document.mutants.total, document.mutants.rejected, document.mutants.survivors) == (
        2,
        1,
        ("none_at_all",),
    )


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["rum"], 2, "Did you mean run"),
        (["run", "dedup"], 2, "did you mean dedupe?"),
        (["run", "dedupe", "-V", "nave"], 2, "did you mean naive"),
        (["run", "dedupe", "-w", "XL"], 2, "no workload called 'XL'"),
        (["run"], 2, "no case was named"),
        (["run", "../../x"], 2, "is no case"),
        (["run", "dedupe", "--memory", "lots"], 2, "'lots' is no size"),
        (["run", "dedupe", "--budget", "nan"], 2, "nan is no finite number"),
        (["gate", "dedupe", "--against", "HEAD", "--budget", "inf"], 2, "no finite number"),
        (["run", "--resume", "20200101T000000Z-00000000"], 2, "there is no run"),
        (["new", "Upper Case"], 2, "cannot be the name of a case"),
    ],
)
def test_wrong_questions_are_answered_with_a_remedy(
    arguments: list[str], code: int, says: str
) -> None:
    """Exit 2, the offending value, what to do; never a traceback."""
    ended = harness(*arguments)

    assert ended.returncode == code
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_store_that_cannot_be_written_is_found_before_measuring(
    write_case: Callable[..., Path], tmp_path: Path
) -> None:
    """Exit 6 at once."""
    (tmp_path / "file").write_text("")
    ended = harness("run", write_case(), *QUICK, "--store", tmp_path / "file" / "results")

    assert ended.returncode == 6
    assert "cannot be written" in ended.stderr


def test_new_writes_a_case_that_proves_and_runs(tmp_path: Path) -> None:
    """The skeleton is a working case, its mutants are refused."""
    assert harness("new", "my_first_case", cwd=tmp_path).returncode == 0
    ended = harness("verify", "./my_first_case", "--mutants", "-q", cwd=tmp_path)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert harness("run", "./my_first_case", *QUICK, cwd=tmp_path).returncode == 0


def test_an_interrupted_run_is_kept_and_resumed(
    write_case: Callable[..., Path], tmp_path: Path
) -> None:
    """GIVEN a run cut by SIGINT after its first block WHEN it is resumed THEN the old samples are there and new ones follow."""
    folder = write_case(honest=HONEST)
    command = [
        sys.executable,
        "-m",
        "harness",
        "run",
        str(folder),
        "--budget",
        "60",
        "--precision",
        "0.0001",
        "-w",
        "S",
    ]
    running = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(HOME)},
    )
    results = Path(os.environ["PERFLAB_STORE"])
    watched = psutil.Process(running.pid)
    while not [
        path
        for path in results.glob("*/*.json")
        if len(store.read(path).workloads[0].conditions) > 1
    ]:
        assert watched.is_running()
        os.sched_yield()
    running.send_signal(signal.SIGINT)
    _, said = running.communicate()
    (path,) = results.glob("*/*.json")
    cut = store.read(path)
    assert running.returncode == 130
    assert f"--resume {cut.id}" in said
    assert not cut.complete
    resumed = store.write(_shorter(cut), results)

    ended = harness("run", folder, "--resume", cut.id, "--quiet")
    whole = store.read(resumed)
    assert ended.returncode == 0, ended.stderr
    assert whole.complete
    before, after = cut.workloads[0].results[0].processes, whole.workloads[0].results[0].processes
    assert after[: len(before)] == before
    assert len(after) >= 3


def _shorter(run: store.Run) -> store.Run:
    """The same run with a smaller budget, so that the test need not wait for what was asked first."""
    from dataclasses import replace

    return replace(run, plan=replace(run.plan, budget_seconds=1.0))


def test_a_closed_pipe_is_no_traceback() -> None:
    """`list | head -0` ends quietly."""
    listing = subprocess.Popen(
        [sys.executable, "-m", "harness", "list"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=HOME,
    )
    assert listing.stdout is not None
    listing.stdout.close()
    said = listing.stderr.read() if listing.stderr else b""
    listing.wait()

    assert listing.returncode in (0, 141)
    assert b"Traceback" not in said


def test_list_speaks_json() -> None:
    """The catalogue for programs."""
    document = json.loads(harness("list", "--json", "-").stdout)

    assert document["schema"] == "harness.list/1"
    assert {"dedupe", "heat2d", "brc", "ratelimit", "scraper"} <= {
        case["name"] for case in document["cases"]
    }


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_one_line(shell: str) -> None:
    """The line that switches it on, and where it goes."""
    assert f"_PERFLAB_COMPLETE={shell}_source" in harness("completion", shell).stdout
