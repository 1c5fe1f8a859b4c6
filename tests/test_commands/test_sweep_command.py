"""``run --sweep`` through the real command line, on a small case: document, plot, advice, resuming, wrong questions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from harness.lab import store
from harness.show.documents import RunDocument

from .test_command_line import HONEST, harness

pytestmark = pytest.mark.usefixtures("known_limits")
DELEGATED = """
    '''By threads.'''
    from concurrent.futures import ThreadPoolExecutor
    def smallest(xs, *, executor: ThreadPoolExecutor):
        return executor.submit(sorted, xs).result()
"""


def test_a_sweep_ends_with_advice_and_a_plot(write_case: Callable[..., Path]) -> None:
    """GIVEN two ways to sort WHEN all sizes are swept THEN sizes, growth, processors and words are in the document and in the file."""
    folder = write_case("growth=1.0,", honest=HONEST, threads=DELEGATED)
    ended = harness("run", folder, "--sweep", "--budget", "0.5", "--quiet", "--json", "-")
    document = msgspec.json.decode(ended.stdout, type=RunDocument, strict=True)
    assert document.file is not None
    kept = store.read(Path(document.file))

    assert ended.returncode == 0, ended.stderr
    assert [10, 33, 100, 1000, 3333] == [table.n for table in document.workloads]
    # on a busy machine two noisy sizes may predict calls too slow for this budget: then the table says so
    rows = [row for table in document.workloads for row in table.variants]
    cut = {row.name for row in rows if "cut off" in row.message}
    assert {one.variant for one in document.growth} | cut == {"naive", "honest", "threads"}
    assert {1.0} == {one.expected for one in document.growth}
    assert document.advice
    assert document.advice == kept.advice
    assert {"threads"} <= {
        one.key.variant.partition("@")[0] for crew in kept.crews for one in crew.results
    }
    assert b"<svg" in Path(document.file).with_suffix(".svg").read_bytes()


def test_the_terminal_ends_with_what_to_do(write_case: Callable[..., Path], tmp_path: Path) -> None:
    """Every table, then growth, then plain words, then where the plot is; the plot goes where it is asked to."""
    plot = tmp_path / "curves.svg"
    ended = harness(
        "run",
        write_case(honest=HONEST),
        "--sweep",
        "-w",
        "10",
        "-w",
        "33",
        "-w",
        "100",
        "--budget",
        "0.6",
        "-q",
        "--plot",
        plot,
    )

    assert ended.returncode == 0, ended.stderr
    assert (
        ended.stdout.index("n = 33")
        < ended.stdout.index("Time grows as n")
        < ended.stdout.index("What to do")
    )
    assert f"plot: {plot}" in ended.stdout
    assert plot.is_file()


def test_any_size_can_be_asked_for(write_case: Callable[..., Path]) -> None:
    """A size between the declared ones is measured and proven like them."""
    ended = harness("run", write_case(), "-w", "70", "--budget", "0.5", "--quiet", "--json", "-")
    document = msgspec.json.decode(ended.stdout, type=RunDocument)

    assert (0, [("70", 70)]) == (
        ended.returncode,
        [(table.name, table.n) for table in document.workloads],
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--plot", "x.svg"], "add --sweep"),
        (["brc", "--sweep", "--plot", "x.svg"], "one file for 2 cases"),
        (["--sweep", "--plot", "/nowhere/x.svg"], "cannot be written"),
        (["-w", "7x"], "7x"),
    ],
)
def test_wrong_questions_about_sweeps(arguments: list[str], says: str) -> None:
    """Exit 2 before anything is measured, with the value in the message."""
    ended = harness("run", "dedupe", *arguments)

    assert ended.returncode == 2
    assert says in ended.stderr
