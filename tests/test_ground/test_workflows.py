"""The workflows: what runs with whose rights, and that nothing of a stranger's gets into a script."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml", reason="pyyaml is not installed: pip install pyyaml")

HOME = Path(__file__).parents[2]
FOLDER = HOME / ".github" / "workflows"
FILES = sorted([*FOLDER.glob("*.yml"), *FOLDER.glob("*.yaml")])
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
names = [file.name for file in FILES]


def parsed(file: Path) -> dict[Any, Any]:
    """A workflow; YAML 1.1 takes the key ``on`` for a truth."""
    made = yaml.safe_load(file.read_text())
    assert isinstance(made, dict)
    return {"on" if key is True else key: value for key, value in made.items()}


def triggers(file: Path) -> set[str]:
    """What starts a workflow."""
    on = parsed(file)["on"]
    return {on} if isinstance(on, str) else set(on)


def steps(file: Path) -> list[dict[str, Any]]:
    """Every step of every job."""
    return [step for job in parsed(file)["jobs"].values() for step in job["steps"]]


def rights(file: Path) -> list[str]:
    """Everything a workflow's jobs may write."""
    jobs = parsed(file)["jobs"].values()
    granted = [parsed(file)["permissions"], *(job.get("permissions", {}) for job in jobs)]
    return sorted(
        f"{what}: {how}" for grant in granted for what, how in grant.items() if how != "read"
    )


def test_all_are_there() -> None:
    """What a change must pass, what measures it, what says so, and what tries other versions."""
    assert ["ci.yml", "comment.yml", "gate.yml", "versions.yml"] == names


@pytest.mark.parametrize("file", FILES, ids=names)
def test_every_action_is_pinned(file: Path) -> None:
    """By the full commit, with its version beside it; a tag can be moved."""
    uses = [
        line.strip().removeprefix("- ")
        for line in file.read_text().splitlines()
        if re.match(r"\s*(- )?uses:", line)
    ]

    assert uses
    assert [] == [line for line in uses if not PINNED.fullmatch(line)]


def test_one_version_of_each_action() -> None:
    """The workflows agree about which commit of an action is used."""
    found = {
        tuple(match)
        for file in FILES
        for match in re.findall(r"uses: (\S+)@([0-9a-f]{40}) # (\S+)", file.read_text())
    }

    assert len(found) == len({name for name, _, _ in found})


@pytest.mark.parametrize("file", FILES, ids=names)
def test_no_workflow_runs_a_fork_with_our_rights(file: Path) -> None:
    """``pull_request_target`` is never a trigger, and nothing that may write is started by a pull request."""
    assert "pull_request_target" not in triggers(file)
    assert not rights(file) or "pull_request" not in triggers(file)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ci.yml", {"contents": "read"}),
        ("gate.yml", {"contents": "read"}),
        ("versions.yml", {"contents": "read"}),
        ("comment.yml", {}),
    ],
)
def test_permissions_are_declared_and_minimal(name: str, expected: dict[str, str]) -> None:
    """At the top, so that no job has more by default; only the comment's own job may write, and only comments."""
    file = FOLDER / name

    assert expected == parsed(file)["permissions"]
    assert (["pull-requests: write"] if name == "comment.yml" else []) == rights(file)


@pytest.mark.parametrize("file", FILES, ids=names)
def test_nothing_is_interpolated_into_a_script(file: Path) -> None:
    """Scripts get what they need by the environment: an expression is pasted in before the shell reads the line."""
    assert [] == [step["run"] for step in steps(file) if "${{" in step.get("run", "")]


@pytest.mark.parametrize("file", FILES, ids=names)
def test_checkouts_leave_no_credentials(file: Path) -> None:
    """What is built and run afterwards finds no token in the checkout."""
    checkouts = [
        step for step in steps(file) if step.get("uses", "").startswith("actions/checkout@")
    ]

    assert checkouts
    assert [False] * len(checkouts) == [step["with"]["persist-credentials"] for step in checkouts]


@pytest.mark.parametrize("file", FILES, ids=names)
def test_every_job_ends(file: Path) -> None:
    """A hanging job is stopped, and a newer push replaces an older one's."""
    assert all(job["timeout-minutes"] <= 90 for job in parsed(file)["jobs"].values())
    assert "concurrency" in parsed(file)


def test_the_comment_trusts_the_event_alone() -> None:
    """The default branch is checked out, before the report is there; the report lands outside it; the number is the event's."""
    file = FOLDER / "comment.yml"
    made = steps(file)
    uses = [step.get("uses", "").partition("@")[0] for step in made]
    fetch = uses.index("actions/download-artifact")
    after = [step.get("run", "") for step in made[fetch + 1 :]]

    assert (
        "${{ github.event.repository.default_branch }}"
        == made[uses.index("actions/checkout")]["with"]["ref"]
    )
    assert made[fetch]["with"]["path"].startswith("${{ runner.temp }}/")
    assert ["workflow_run"] == sorted(triggers(file))
    assert (
        ["gate"]
        == parsed(file)["on"]["workflow_run"]["workflows"]
        == [parsed(FOLDER / "gate.yml")["name"]]
    )
    assert 1 == sum("gate.json" in script for script in after)
    assert [] == [
        script for script in after if re.search(r"(?<!--)\b(cat|jq|eval|source|make|pip)\b", script)
    ]


def test_the_gate_says_how_it_ended() -> None:
    """Its exit code is the job's, and the report is kept however it ends."""
    made = steps(FOLDER / "gate.yml")
    gate = next(step for step in made if "harness gate" in step.get("run", ""))
    upload = made[-1]

    assert {"BASE": "${{ github.event.pull_request.base.sha }}"} == gate["env"]
    assert "||" not in gate["run"]
    assert "continue-on-error" not in gate
    assert ["${{ !cancelled() }}", "gate.json"] == [upload["if"], upload["with"]["path"]]
    assert 0 == made[0]["with"]["fetch-depth"]


def test_the_scripts_are_shell(tmp_path: Path) -> None:
    """Every script parses."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash on this machine")
    for number, step in enumerate(step for file in FILES for step in steps(file) if "run" in step):
        script = tmp_path / f"{number}.sh"
        script.write_text(step["run"])

        assert 0 == subprocess.run([bash, "-n", str(script)], check=False).returncode


def test_zizmor_finds_nothing() -> None:
    """The auditor of workflows, without the network."""
    zizmor = shutil.which("zizmor", path=str(Path(sys.executable).parent)) or shutil.which("zizmor")
    if zizmor is None:
        pytest.skip("zizmor is not installed: pip install zizmor")
    ended = subprocess.run(
        [zizmor, "--offline", "--no-progress", "--color=never", str(FOLDER)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert 0 == ended.returncode, ended.stdout
