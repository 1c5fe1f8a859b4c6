"""Forty secrets lie about: in the environment, in arguments, in the working directory's name, in git's remote.  None is anywhere afterwards."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import EnvironmentLacks
from harness.lab.gate import counting
from harness.model.limited import MachineLimits
from tests.faults.scene import HONEST, Ended, Scene, keep_limits
from tests.repositories import commit, git

_VARIABLES = (
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_CLIENT_SECRET", "GOOGLE_API_KEY", "GITHUB_TOKEN", "GH_TOKEN", "GITLAB_TOKEN", "HF_TOKEN",
    "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "PYPI_TOKEN", "TWINE_PASSWORD", "NPM_TOKEN", "DOCKER_PASSWORD", "SLACK_WEBHOOK", "DATABASE_URL", "REDIS_URL",
    "PGPASSWORD", "MYSQL_PWD", "COOKIE", "AUTHORIZATION", "SESSION", "PASSWORD", "PASSPHRASE", "PRIVATE_KEY", "SSH_AUTH_SOCK", "JWT", "API_KEY", "SECRET",
    "CREDENTIALS", "LOGNAME", "MAIL", "HOSTNAME", "PS1", "PYTHONWARNINGS", "PERFLAB_TOKEN",
)  # fmt: skip
_PLACES = ("folder", "argument", "remote's user", "remote's password")
_JSON = ("--json", "-")
CRASHING = "'''Crashes.'''\nimport ctypes\ndef smallest(xs):\n    return ctypes.string_at(0)\n"
RAISING = "'''Raises.'''\ndef smallest(xs):\n    raise ValueError('no')\n"


def test_forty_are_planted() -> None:
    """As many as the law says."""
    assert 40 == len({*_VARIABLES, *_PLACES})


@pytest.fixture
def planted() -> dict[str, str]:
    """A secret for each place."""
    return {place: f"sentinel{secrets.token_hex(8)}" for place in (*_VARIABLES, *_PLACES)}


@pytest.fixture
def secret_scene(tmp_path: Path, machines_limits: MachineLimits, planted: dict[str, str]) -> Scene:
    """A repository in a folder with a secret name, cloned with a token; what is written goes beside it or into ``results``."""
    for name in ("home", "tmp", "cache"):
        (tmp_path / name).mkdir()
    folder = tmp_path / planted["folder"]
    folder.mkdir()
    scene = Scene(folder)
    keep_limits(machines_limits, scene)
    shutil.move(folder / "cache" / "limits", tmp_path / "cache")
    scene.case(quick=HONEST, crashing=CRASHING, raising=RAISING)
    commit(folder)
    user, password = planted["remote's user"], planted["remote's password"]
    git(folder, "remote", "add", "origin", f"https://{user}:{password}@example.org/x.git")
    return scene


def command(scene: Scene, planted: dict[str, str], *words: object) -> Ended:
    """Run a command among the secrets."""
    top = scene.folder.parent
    environment = {name: planted[name] for name in _VARIABLES}
    environment |= {
        "PYTHONWARNINGS": f"ignore:{planted['PYTHONWARNINGS']}",
        "PERFLAB_STORE": "results",
        "PERFLAB_CACHE": str(top / "cache"),
    }
    environment |= {"HOME": str(top / "home"), "TMPDIR": str(top / "tmp")}
    return scene.run(
        *words,
        program=("-W", f"ignore:{planted['argument']}", "-m", "harness"),
        environment=environment,
    )


def leaks(scene: Scene, planted: dict[str, str], said: list[Ended]) -> list[str]:
    """Which secret is where: in a file that was written, in its name, or on the terminal."""
    found = [
        f"{name} on the terminal: {_around(text, planted[name])}"
        for one in said
        for text in (one.out, one.err)
        for name in planted
        if planted[name] in text
    ]
    for path in _written(scene):
        data, where = (
            path.read_bytes(),
            path.relative_to(
                scene.folder if path.is_relative_to(scene.folder) else scene.folder.parent
            ),
        )
        found += [
            f"{name} in {where}: {_around(data.decode(errors='replace'), planted[name])}"
            for name in planted
            if planted[name].encode() in data
        ]
        found += [f"{name} in the name {where}" for name in planted if planted[name] in str(where)]
    return found


def _written(scene: Scene) -> Iterator[Path]:
    """Every file that was there neither before nor belongs to the sources; bytecode is Python's, and holds its sources' paths."""
    own = {scene.folder / "sort", scene.folder / ".git"}
    for path in sorted(scene.folder.parent.rglob("*")):
        if path.is_file() and not own & set(path.parents) and path.suffix != ".pyc":
            yield path


def _around(text: str, secret: str) -> str:
    place = text.index(secret)
    return repr(text[max(0, place - 60) : place + 40])


def test_nothing_planted_is_in_any_output(secret_scene: Scene, planted: dict[str, str]) -> None:
    """Results, site, exports, documents, recordings, certificates, logs of what variants printed, and both streams of every command."""
    scene = secret_scene
    plain = ("-w", "10", "--budget", "0.5")
    said = [
        command(scene, planted, "run", "./sort", *plain, "--json", "run.json"),
        command(scene, planted, "verify", "./sort", "--fresh", *_JSON),
        command(
            scene,
            planted,
            "monitor",
            "--record",
            "look.jsonl",
            "--seconds",
            "1",
            "--",
            "sleep",
            "1",
        ),
        command(scene, planted, "doctor", *_JSON),
        command(scene, planted, "limits", *_JSON),
        command(scene, planted, "compare", "sort", "sort", *_JSON),
        command(scene, planted, "store", "fsck"),
        command(scene, planted, "report", "-o", "site"),
        *(
            command(scene, planted, "export", "sort", "--format", form, "-o", f"export.{form}")
            for form in ("csv", "markdown", "pyperf", "json")
        ),
    ]

    assert [] == leaks(scene, planted, said)
    assert [4, 4] == [one.code for one in said[:2]]
    assert {0, 4, 5} >= {
        one.code for one in said[2:]
    }  # compare: what has no number is missing; a slow machine may have measured too little
    assert (scene.folder.parent / "cache" / "outputs" / "sort-crashing.log").is_file()


def test_nothing_planted_is_in_a_gates_report(secret_scene: Scene, planted: dict[str, str]) -> None:
    """Its document, Markdown, JUnit and the command that does it again, with secrets in the names of the files that were asked for."""
    scene = secret_scene
    (scene.folder / "sort" / "quick.py").write_text(RAISING)
    files = (
        "--json",
        f"../home/{planted['argument']}.json",
        "--markdown",
        "gate.md",
        "--junit",
        "gate.xml",
    )
    said = [
        command(
            scene,
            planted,
            "gate",
            "./sort",
            "--against",
            "HEAD",
            "--metric",
            "time",
            "--budget",
            "1",
            "-V",
            "quick",
            *files,
        )
    ]
    (scene.folder.parent / "home" / f"{planted['argument']}.json").rename(
        scene.folder / "gate.json"
    )

    assert [] == leaks(scene, planted, said)
    assert 4 == said[0].code


def _missing(tool: str) -> str:
    """Why a profiler cannot be used here; empty: it can."""
    if tool == "callgrind":
        try:
            counting.require_callgrind()
        except EnvironmentLacks as error:
            return error.problem
        return ""
    from harness.lab.profiling import tools

    try:
        tools.program(tool)
    except EnvironmentLacks as error:
        return error.problem
    return ""


@pytest.mark.parametrize("tool", ["py-spy", "callgrind", "scalene", "memray"])
def test_nothing_planted_is_in_a_profile(
    secret_scene: Scene, planted: dict[str, str], tool: str
) -> None:
    """Flame graph, speedscope file, and the tool's own files, which name every source by its whole path if they are let."""
    if problem := _missing(tool):
        pytest.skip(problem)
    ended = command(
        secret_scene,
        planted,
        "profile",
        "./sort",
        "-V",
        "quick",
        "-w",
        "3333",
        "--with",
        tool,
        "--seconds",
        "0.5",
        "--json",
        "profile.json",
    )
    if ended.code == 7:
        pytest.skip(f"{tool} is not permitted to look here: {ended.err}")

    assert [] == leaks(secret_scene, planted, [ended])
    assert (0, True) == (
        ended.code,
        any(re.search(r"speedscope", path.name) for path in _written(secret_scene)),
    )
