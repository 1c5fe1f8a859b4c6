"""Drives airspeed velocity: its configuration, a home of its own, its commands, and the commits that were asked for.

asv writes a machine file into the home folder, with the host's name; ours has a digest of the machine's facts for a name and lies in
``.perflab``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import msgspec

from harness.errors import AskedWrongly, EnvironmentLacks, PerflabError, StoreError
from harness.lab import machine, places
from harness.lab.catalogue import did_you_mean
from harness.lab.history import files
from harness.lab.repository import Repository, careful_environment, repository_of
from harness.model.history import Quantity, Recorded

CONFIG = "asv.conf.json"
INSTRUCTIONS = "PERFLAB_HISTORY_INSTRUCTIONS"
"""The suite counts instructions where this is set."""
_KEPT = {"XDG_CONFIG_HOME": ".config", "XDG_CACHE_HOME": ".cache"}
"""Folders of the real home that pip and git go on using: asv alone gets another home."""
_MOST_ERRORS = 6


class NotRun(PerflabError):
    """asv could not do what it was asked to."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem, remedy)
        self.exit_code = EnvironmentLacks.exit_code


@dataclass(frozen=True, slots=True)
class Project:
    """A repository with asv's configuration."""

    repository: Repository
    config: Path
    results: Path
    pages: Path
    """Where asv publishes when not told otherwise."""

    @property
    def home(self) -> Path:
        """The home folder that asv is given: what it keeps there, git does not see."""
        return self.repository.top / places.OWN / "asv"

    @property
    def published(self) -> Path:
        """The history that the project publishes; read only."""
        return self.repository.top / places.PUBLISHED / places.HISTORY

    def recorded(self) -> tuple[Recorded, ...]:
        """What was measured here, and what is published.

        Raises:
            StoreError: a file is damaged.
        """
        return files.read_all(self.results, self.published)


@dataclass(frozen=True, slots=True)
class Wish:
    """What of the suite is to be run; nothing named: all of it."""

    cases: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    quantities: tuple[Quantity, ...] = ()

    def pattern(self) -> str:
        """A regular expression over asv's names: ``dedupe.track_ratio('naive', '10')``."""
        cases = _either(re.sub(r"[^a-z0-9_]", "_", case) for case in self.cases) or r"\w+"
        methods = _either(files.BENCHMARKS[quantity] for quantity in self.quantities) or r"\w+"
        variants = _either(map(re.escape, self.variants)) or ".*"
        return rf"^{cases}\.{methods}\('{variants}', "


def project_at(folder: Path) -> Project:
    """Return the project whose repository holds ``folder``.

    Raises:
        AskedWrongly: it is in no repository, or the repository has no configuration of asv.
    """
    repository = repository_of(folder)
    config = repository.top / CONFIG
    if not config.is_file():
        raise AskedWrongly(
            f"there is no {CONFIG} in {repository.top}",
            "history needs asv's configuration at the top of the repository",
        )
    try:
        said = json.loads(config.read_bytes())
        results, pages = said["results_dir"], said["html_dir"]
    except (ValueError, KeyError, TypeError) as error:
        raise AskedWrongly(
            f"{config}: {type(error).__name__}: {error}",
            "it must be JSON with results_dir and html_dir",
        ) from None
    return Project(repository, config, repository.top / results, repository.top / pages)


def require_asv() -> None:
    """Refuse early.

    Raises:
        EnvironmentLacks: asv is not installed.
    """
    for module in ("asv", "virtualenv"):
        if find_spec(module) is None:
            raise EnvironmentLacks(
                f"{module} is not installed", "pip install 'asv>=0.6.4' virtualenv"
            )


def commits_in(project: Project, wanted: str) -> list[str]:
    """The commits of a range as git understands it (``main~5..main``), or the single one that a name stands for; oldest first.

    Raises:
        AskedWrongly: there is none.
    """
    if wanted.startswith("-"):
        raise AskedWrongly(
            f"{wanted!r} is no range of commits", "write it as git does: HEAD~5..HEAD"
        )
    if ".." not in wanted and not re.search(r"[\^]([!@-]|$)", wanted):
        return [project.repository.commit(wanted)]
    try:
        found = project.repository.run(
            "rev-list", "--topo-order", "--reverse", "--end-of-options", wanted
        ).split()
    except AskedWrongly as error:
        names = project.repository.run(
            "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags"
        ).split()
        ends = [end for end in wanted.split("..") if end]
        hints = [hint for end in ends if (hint := did_you_mean(end, names))]
        raise AskedWrongly(
            f"{wanted!r} is no range of commits: {error.problem}",
            "; ".join(hints) or "git log --oneline shows them",
        ) from None
    if not found:
        raise AskedWrongly(
            f"there is no commit in {wanted!r}", "the older end comes first: HEAD~5..HEAD"
        )
    return found


def in_order(project: Project, commits: Iterable[str]) -> list[str]:
    """Sort commits so that none stands before its ancestor.

    Raises:
        StoreError: the repository does not know one of them.
    """
    wanted = set(commits)
    for commit in sorted(wanted):
        try:
            project.repository.run("cat-file", "-e", f"{commit}^{{commit}}")
        except AskedWrongly:
            raise StoreError(
                f"the store has results of commit {commit}, which is not in this repository",
                "fetch it, or delete its result files",
            ) from None
    if not wanted:
        return []
    return [
        commit
        for commit in project.repository.run(
            "rev-list", "--topo-order", "--reverse", *sorted(wanted)
        ).split()
        if commit in wanted
    ]


def this_machine() -> files.MachineFile:
    """This machine for asv: our digest for a name, and the facts behind it."""
    here = machine.this_machine()
    return machine_file(here.id, here.system, here.architecture, here.cpu, here.cores)


def machine_file(
    name: str, system: str, architecture: str, cpu: str, cores: int
) -> files.MachineFile:
    """The facts as asv spells them; memory is none of ours."""
    return files.MachineFile(
        machine=name, version=1, os=system, arch=architecture, cpu=cpu, num_cpu=str(cores), ram=""
    )


def run(
    project: Project,
    commits: Sequence[str],
    wish: Wish,
    *,
    instructions: bool,
    shown: IO[str] | None,
) -> int:
    """Let asv build and measure these commits; return its exit code: 0, or 2 where a benchmark failed.

    Raises:
        NotRun: asv ended otherwise; the message has its own last words.
        Inconclusive: the store holds results of another machine of our name.
    """
    facts = _prepared(project)
    wanted = project.home / "commits"
    wanted.write_text("".join(f"{commit}\n" for commit in commits))
    words = [*_measuring(facts.machine, wish), f"HASHFILE:{wanted}"]
    return _asv(
        project, words, {INSTRUCTIONS: "1"} if instructions else {}, accepted={0, 2}, shown=shown
    )


def _measuring(machine: str, wish: Wish) -> list[str]:
    """The words of ``asv run`` that every measurement has."""
    bench = ["--bench", wish.pattern()]
    return ["run", "--machine", machine, "--no-pull", "--show-stderr", *bench]


def run_here(
    project: Project, commit: str, wish: Wish, *, instructions: bool, shown: IO[str] | None
) -> Path:
    """Let asv measure what is checked out, in the environment we run in, and file it under ``commit``; nothing is built.

    asv names such an environment after the interpreter's path: here it is called by its version, and the path is not kept.  Returns the file.

    Raises:
        NotRun: asv ended otherwise.
    """
    facts = _prepared(project)
    folder = project.results / facts.machine
    before = {path: path.read_bytes() for path in folder.glob(f"{commit[:8]}-existing-*.json")}
    here = ["--environment", f"existing:{sys.executable}", "--set-commit-hash", commit]
    words = [*_measuring(facts.machine, wish), *here]
    more = {
        "ASV_PYTHONPATH": str(project.repository.top),
        **({INSTRUCTIONS: "1"} if instructions else {}),
    }
    _asv(project, words, more, accepted={0, 2}, shown=shown)
    written = [
        path
        for path in folder.glob(f"{commit[:8]}-existing-*.json")
        if before.get(path) != path.read_bytes()
    ]
    if len(written) != 1:
        raise NotRun(
            f"asv wrote {len(written)} result files of {commit[:10]} instead of one",
            "look into " + str(folder),
        )
    return _renamed(written[0], folder)


def _renamed(path: Path, folder: Path) -> Path:
    """Call the environment by its version; what the file of that name holds of other keys stays."""
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    name = f"existing-py{python}"
    file = files.read(path)
    fresh = msgspec.structs.replace(
        file, env_name=name, python=python, params={**file.params, "python": python}
    )
    target = folder / f"{file.commit_hash[:8]}-{name}.json"
    files.write(files.renewed(files.read(target), fresh) if target.exists() else fresh, target)
    path.unlink()
    return target


def discover(project: Project, *, shown: IO[str] | None) -> None:
    """Let asv list the suite's benchmarks from this checkout: its pages show what is listed.

    Raises:
        NotRun: the suite could not be imported.
    """
    facts = _prepared(project)
    words = [
        "run",
        "--machine",
        facts.machine,
        "--no-pull",
        "--environment",
        f"existing:{sys.executable}",
        "--bench",
        "just-discover",
    ]
    _asv(project, words, {"ASV_PYTHONPATH": str(project.repository.top)}, accepted={0}, shown=shown)


def publish(project: Project, folder: Path, *, shown: IO[str] | None) -> None:
    """Let asv write its pages.

    Raises:
        NotRun: it did not.
    """
    _prepared(project)
    words = ["publish", "--no-pull", "--html-dir", str(folder)]
    with tempfile.TemporaryDirectory(prefix="perflab-") as scratch:
        _asv(_with_published(project, Path(scratch)), words, {}, accepted={0}, shown=shown)


def _with_published(project: Project, scratch: Path) -> Project:
    """The project as asv must see it to publish both histories: asv knows one folder of results."""
    if not project.published.is_dir():
        return project
    results, config = scratch / "results", scratch / CONFIG
    files.lay_together(project.results, project.published, results)
    said = json.loads(project.config.read_bytes())
    top = project.repository.top
    folders = {
        name: str(top / said[name])
        for name in ("repo", "benchmark_dir", "env_dir", "html_dir")
        if name in said and "://" not in said[name]
    }
    files.write_json({**said, **folders, "results_dir": str(results)}, config)
    return replace(project, config=config, results=results)


def _prepared(project: Project) -> files.MachineFile:
    require_asv()
    facts = this_machine()
    files.require_same_machine(project.results / facts.machine, facts)
    described = msgspec.to_builtins(facts)
    del described["version"]
    files.write_json({facts.machine: described, "version": 1}, project.home / ".asv-machine.json")
    return facts


def _asv(
    project: Project,
    words: Sequence[str],
    more: dict[str, str],
    *,
    accepted: set[int],
    shown: IO[str] | None,
) -> int:
    """Run asv and pass on what it says, line by line; the last error lines go into ours."""
    command = [sys.executable, "-m", "asv", "--config", str(project.config), *words]
    said: list[str] = []
    with subprocess.Popen(
        command, cwd=project.repository.top, env={**_environment(project), **more}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            for line in process.stdout:
                said.append(line.rstrip())
                if shown is not None:
                    shown.write(line)
                    shown.flush()
            code = process.wait()
        except BaseException:
            _end(process)
            raise
    if code not in accepted:
        last = [line for line in said if line.strip()][-_MOST_ERRORS:]
        raise NotRun(
            f"asv {words[0]} ended with {code}: {' | '.join(line.strip() for line in last)}",
            "the lines above say why; -q hides them",
        )
    return code


def _end(process: subprocess.Popen[str]) -> None:
    """End asv and all that it has started."""
    import signal
    from contextlib import suppress

    for number, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            break
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _environment(project: Project) -> dict[str, str]:
    """Ours, with another home for asv; what pip and git keep in the real one stays within their reach."""
    environment = {
        name: value
        for name, value in careful_environment().items()
        if not name.startswith("ASV_") and name != "LC_ALL"
    } | ({"LC_ALL": os.environ["LC_ALL"]} if "LC_ALL" in os.environ else {})
    real = Path(os.environ.get("HOME") or Path.home())
    for variable, folder in _KEPT.items():
        environment.setdefault(variable, str(real / folder))
    environment["GIT_CONFIG_GLOBAL"] = os.environ.get("GIT_CONFIG_GLOBAL") or str(
        real / ".gitconfig"
    )
    environment |= {
        "HOME": str(project.home),
        "GIT_TERMINAL_PROMPT": "0",
        "NO_COLOR": "1",
        "COLUMNS": "120",
    }
    return environment


def _either(words: Iterable[str]) -> str:
    found = list(words)
    return f"({'|'.join(found)})" if found else ""


def fresh_folder(folder: Path) -> None:
    """Empty the folder that asv publishes into: it replaces it as a whole, so only a folder of asv's is replaced.

    Raises:
        AskedWrongly: the folder holds something else.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "graphs").is_dir():
        raise AskedWrongly(
            f"{folder} is not empty and was not written by asv: it would be deleted",
            "name a folder of its own with -o",
        )
    if folder.is_dir():
        shutil.rmtree(folder)
