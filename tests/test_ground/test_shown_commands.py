"""Every command that README, CONTRIBUTING and docs show works as written, in a fresh clone, and leaves nothing behind that git sees."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from tests.repositories import git

HOME = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(600)  # a machine that does other things as well
PAGES = ["README.md", "CONTRIBUTING.md"] + [
    f"docs/{page.name}" for page in sorted((HOME / "docs").glob("*.md"))
]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
OURS = ("python -m harness ", "perflab ")
NOT_HERE = {
    r"make ": "installs, builds, or runs for minutes; CI runs them",
    r"\.ci/run": "all the checks of CI",
    r"npm install |pip install ": "needs the network",
    r"PERFLAB_(KILLS=50|REMEDIES=1) ": "a test, run longer",
    r"python docs/peers/compare.py ": "an hour of measuring; tests/test_ground/test_peers.py",
    r"(PYTHONPATH=\S+ )?python -m (pyperf|asv|pytest) ": "shows how other tools were asked",
    r".* gate ": "minutes of measuring; tests/test_commands/test_gate_command.py",
    r".* monitor --(pid|port)": "watches a process of the reader's, until that ends; tests/test_commands/test_monitor_command.py",
    r".* monitor --record": "starts a real run; tests/test_commands/test_monitor_command.py",
    r".* report --monitor": "plots that recording; tests/test_commands/test_monitor_command.py",
    r".* serve": "ends when it is told to; tests/test_commands/test_serve_command.py",
    r".* --vendor ": "needs scripts from the network; tests/test_commands/test_history_command.py",
}
"""Commands that do not run in a test, and why; every other one does."""
MAY_END = {" compare ": {0, 4, 5}}
"""What is no failure of a command: two commits need not have measured the same keys."""
NAMED = {"report.md", "plain.json", "limits.json", "roof.svg", "roofline.svg", "gate.json", "gate.xml", "gate.md", "my_case/"}  # fmt: skip
"""Files that the commands name themselves: they are where the reader asked for them."""


SHOWN_CASES = {"dedupe", "heat2d", "history"}


def shown(page: str) -> list[str]:
    """The commands in the blocks of a page, without their comments."""
    blocks = BLOCK.findall((HOME / page).read_text())
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [re.sub(r"\s+#.*", "", line) for line in lines if line and not line.startswith("#")]


def reason(command: str) -> str | None:
    """Why a command does not run here; None: it does."""
    return next((why for pattern, why in NOT_HERE.items() if re.match(pattern, command)), None)


@dataclass(frozen=True)
class Clone:
    """A fresh clone, and the process that runs commands in it."""

    folder: Path
    talk: subprocess.Popen[str]

    def run(self, command: str) -> dict[str, object]:
        """Run a command as it is written."""
        words = shlex.split(command.removeprefix(OURS[0]).removeprefix(OURS[1]))
        assert self.talk.stdin is not None
        assert self.talk.stdout is not None
        print(json.dumps(words), file=self.talk.stdin, flush=True)
        answer: dict[str, object] = json.loads(self.talk.stdout.readline())
        assert words == answer["words"]
        return answer

    def afresh(self) -> None:
        """As it was cloned, but for what git does not see."""
        git(self.folder, "checkout", "--quiet", ".")
        git(self.folder, "clean", "-fdq")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """Clone this checkout with what is not committed yet, built by links to what is built here."""
    folder = tmp_path_factory.mktemp("shown") / "perflab"
    if (
        not (HOME / ".git").exists()
        or git(HOME, "rev-parse", "--is-shallow-repository") != "false\n"
    ):
        pytest.skip("commands compare commits: this is no clone, or a shallow one")
    git(HOME, "clone", "--quiet", "--shared", str(HOME), str(folder))
    _bring(folder, git(HOME, "ls-files", "-z", "--modified", "--others", "--exclude-standard"))
    git(folder, "checkout", "--quiet", "-B", "main")
    for case in sorted((folder / "results").iterdir()):
        if case.name not in SHOWN_CASES:  # the pages name these; reading all of them takes a minute
            shutil.rmtree(case)
    git(folder, "add", "-A")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "now")
    for built in [*HOME.glob("extensions/*/*.so"), *HOME.glob("extensions/*/*.build.json")]:
        (folder / built.relative_to(HOME)).symlink_to(built)
    environment = {name: value for name, value in os.environ.items() if name != "PERFLAB_STORE"}
    environment |= {
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1",  # a fork takes no threads with it
        "PERFLAB_CACHE": str(folder.parent / "cache"),
    }
    with subprocess.Popen(
        [sys.executable, str(HOME / "tests" / "fakes" / "shown.py")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder, env=environment,
    ) as talk:  # fmt: skip
        yield Clone(folder, talk)
        _close(talk.stdin)


def _bring(folder: Path, names: str) -> None:
    """Copy what differs here, and remove there what is gone here."""
    for name in filter(None, names.split("\0")):
        there = folder / name
        if (HOME / name).is_file():
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(HOME / name, there)
        else:
            there.unlink(missing_ok=True)


def _close(stream: IO[str] | None) -> None:
    assert stream is not None
    stream.close()


def failures(clone: Clone, commands: Sequence[str]) -> list[str]:
    """The commands that did not end as they should, with what they said."""
    found = []
    for command in commands:
        answer = clone.run(command)
        allowed = next((codes for part, codes in MAY_END.items() if part in command), {0})
        if answer["code"] not in allowed:
            found.append(f"{command}: exit {answer['code']}: {answer['error']}")
    return found


@pytest.mark.parametrize("page", [page for page in PAGES if shown(page)])
def test_commands_work_as_written(clone: Clone, page: str) -> None:
    """In the order of the page; then git sees nothing but the files that the commands themselves name."""
    clone.afresh()
    (clone.folder / ".git" / "info" / "exclude").write_text("/shard-*/\n")
    for shard in ("shard-1", "shard-2"):
        shutil.copytree(
            clone.folder / "results" / "history", clone.folder / shard, dirs_exist_ok=True
        )
    commands = [one for one in shown(page) if reason(one) is None]

    assert [] == [one for one in commands if not one.startswith(OURS)]
    assert [] == failures(clone, commands)
    seen = [line[3:] for line in git(clone.folder, "status", "--porcelain").splitlines()]
    if any(" store publish " in command for command in commands):  # that is what it is for
        seen = [name for name in seen if not name.startswith("results/")]
        seen = [name for name in seen if not name.endswith("README.md")]
    assert set(seen) <= NAMED


def test_each_reason_is_needed() -> None:
    """A reason for a command that no page shows any more would hide the next one."""
    everything = [command for page in PAGES for command in shown(page)]

    assert [] == [
        pattern
        for pattern in NOT_HERE
        if not any(re.match(pattern, command) for command in everything)
    ]
