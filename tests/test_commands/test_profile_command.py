"""``profile`` through the real command line: ten lines, documents, artefacts, exit codes; and what the gate says of a red key."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from harness.errors import EnvironmentLacks
from harness.lab.profiling import tools
from harness.model.profiled import Tool
from harness.show.profile import ProfilesDocument

from .test_command_line import harness

pytestmark = pytest.mark.usefixtures("known_limits")
SLOW = """
    '''Sorts after some counting.'''
    def wasted(n):
        total = 0
        for i in range(n):
            total += i * i % 7
        return total
    def smallest(xs):
        wasted(20000)
        return sorted(x * 1.0 for x in xs)
"""


@pytest.fixture(autouse=True)
def py_spy() -> None:
    """Nothing here works without it."""
    try:
        tools.require(Tool.PY_SPY)
    except EnvironmentLacks as problem:
        pytest.skip(problem.problem)


def test_the_reference_and_another_in_ten_lines(
    write_case: Callable[..., Path], tmp_path: Path
) -> None:
    """GIVEN no run yet WHEN a case is profiled THEN both are shown with source lines, why this one, and files that are there."""
    ended = harness("profile", write_case(slow=SLOW), "-w", "S", "--seconds", "0.5", "-q")
    kept = [
        Path(word)
        for line in ended.stdout.splitlines()
        if line.startswith("kept: ")
        for word in line.removeprefix("kept: ").split("  ")
    ]

    assert ended.returncode == 0, ended.stderr
    assert "(the reference)" in ended.stdout
    assert "no run of 10 on this machine yet" in ended.stdout
    assert "wasted" in ended.stdout
    assert "total += i * i % 7" in ended.stdout
    assert len(ended.stdout.splitlines()) < 30
    assert {".html", ".json"} == {path.suffix for path in kept}
    assert all(path.is_file() for path in kept)


def test_the_document_is_pure_json(write_case: Callable[..., Path]) -> None:
    """``--json -`` prints nothing else; the hot function leads."""
    ended = harness(
        "profile",
        write_case(slow=SLOW),
        "-V",
        "slow",
        "-w",
        "70",
        "--seconds",
        "0.5",
        "-q",
        "--json",
        "-",
    )
    document = msgspec.json.decode(ended.stdout, type=ProfilesDocument, strict=True)

    assert [("slow", "70", "py-spy", "samples")] == [
        (one.variant, one.workload, one.tool, one.unit) for one in document.profiles
    ]
    assert document.profiles[0].spots[0].function == "wasted"


def test_a_case_of_one_variant(write_case: Callable[..., Path]) -> None:
    """There is no best beside the reference: it is looked at alone."""
    ended = harness("profile", write_case(), "-w", "L", "--seconds", "0.5", "-q")

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("under py-spy") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["nothing"], 2, "nothing"),
        (["dedupe", "-V", "myers_d"], 2, "did you mean"),
        (["dedupe", "-w", "XXL"], 2, "XXL"),
        (["dedupe", "--diff", "HEAD"], 2, "--variant"),
        (["dedupe", "--with", "gdb"], 2, "gdb"),
        (["dedupe", "--json", "/nowhere/x.json"], 2, "cannot be written"),
    ],
)
def test_wrong_questions(arguments: list[str], code: int, says: str) -> None:
    """Refused before anything starts, with the value and a way on."""
    ended = harness("profile", *arguments)

    assert ended.returncode == code
    assert says in ended.stderr


def test_a_variant_that_ends_the_process_is_exit_four(write_case: Callable[..., Path]) -> None:
    """The child's own exit status is in the message, and the command's is 4."""
    ended = harness(
        "profile",
        write_case(bad="'''Ends.'''\nimport os\ndef smallest(xs):\n    os._exit(7)\n"),
        "-V",
        "bad",
        "-w",
        "S",
        "-q",
    )

    assert ended.returncode == 4
    assert "exit 7" in ended.stderr


def in_git(folder: Path, *words: str) -> None:
    """Run git in a folder."""
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def test_two_revisions_show_what_changed(write_case: Callable[..., Path]) -> None:
    """--diff names the function that was made slower, and the gate says the same of the red key."""
    folder = write_case(slow=SLOW.replace("20000", "200"))
    in_git(folder.parent, "init", "-q")
    in_git(folder.parent, "add", folder.name)
    in_git(folder.parent, "commit", "-qm", "quick")
    source = folder / "slow.py"
    source.write_text(source.read_text().replace("wasted(200)", "wasted(20000)"))
    compared = harness(
        "profile", folder, "-V", "slow", "-w", "S", "--seconds", "0.5", "-q", "--diff", "HEAD"
    )
    gated = harness(
        "gate", folder, "--against", "HEAD", "--metric", "time", "-V", "slow", "--budget", "1", "-q"
    )

    assert compared.returncode == 0, compared.stderr
    assert any(
        line.lstrip().startswith("+") and "wasted" in line for line in compared.stdout.splitlines()
    )
    # the verdict is a real clock's; where it is red, the profile says why
    assert gated.returncode in {1, 5}, gated.stdout + gated.stderr
    assert gated.returncode == 5 or "profile: wasted" in gated.stdout
