"""Builds every extensions/<case>/<name>.pyx; there is no list of extensions anywhere.

Each is built by a process of its own, as many at a time as there are processors, in a scratch
folder; the library then appears beside its source as a whole, with a record of what it was made
from.  What is to be built is decided by the digests in these records, never by times.
"""

import ctypes
import fcntl
import json
import multiprocessing
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CCompilerError

ROOT = Path(__file__).resolve().parent
SOURCES = sorted(path.relative_to(ROOT) for path in (ROOT / "extensions").glob("*/*.pyx"))
BUILD = Path("build")
TRANSLATED = BUILD / "translated"
"""The C files stay: profilers find the lines of a .pyx by them."""
SCRATCH = BUILD / "scratch"
OPTIMISE = ["-O3", "-g", "-fno-math-errno"]
DIRECTIVES = {
    "language_level": 3,
    "boundscheck": False,
    "wraparound": False,
    "cdivision": True,
    "embedsignature": True,
}
ASKED = ("language", "define_macros", "undef_macros", "libraries", "library_dirs", "depends")
"""What a `# distutils:` line may ask for, beside sources, folders of headers and flags."""
COMPILER = shlex.split(os.environ.get("CC", "cc"))
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")
NO_COMPILER = f"""\
perflab: no C compiler ({COMPILER[0]!r} is not on PATH): {{}} Cython variants cannot be built.
  Debian/Ubuntu: apt-get install gcc    Fedora: dnf install gcc    macOS: xcode-select --install
  or name yours: CC=clang; or do without them: PERFLAB_NO_EXTENSIONS=1 pip install ."""


class BuildSideBySide(build_ext):
    """Builds what is not current, side by side, and leaves a record beside each library."""

    user_options: ClassVar = [
        *build_ext.user_options,
        ("only=", None, "build these alone: cases or CASE/NAME, separated by commas"),
    ]

    def initialize_options(self) -> None:
        super().initialize_options()
        self.only = ""

    def run(self) -> None:
        """Build what can be built; what cannot is said by the exit code."""
        self.into = ROOT if self.inplace else Path(self.build_lib)
        super().run()

    def build_extensions(self) -> None:
        if self.only:
            wanted = set(self.only.split(","))
            self.extensions = [
                one for one in self.extensions if {case_of(one), path_of(one)} & wanted
            ]
        with alone():
            waiting = [one for one in self.extensions if self.force or not self.current(one)]
            if not waiting:
                return
            if not shutil.which(COMPILER[0]):
                sys.exit(NO_COMPILER.format(len(waiting)))
            if not openmp():
                say("the compiler has no OpenMP; prange loops will run on one thread")
            failed = self.build_all(waiting)
        if failed:
            sys.exit(f"perflab: {failed} of {len(waiting)} Cython variants cannot be built")

    def build_all(self, waiting: list[Extension]) -> int:
        """Return how many could not be built."""
        import Cython.Build  # noqa: F401  once, before the processes part

        global AT_WORK
        AT_WORK = self
        jobs = self.parallel if isinstance(self.parallel, int) else processors()
        fork = multiprocessing.get_context("fork")
        # the pool finds the function by its name there, also where a builder of wheels executes us
        sys.modules["__main__"].built = built
        SCRATCH.mkdir(parents=True, exist_ok=True)
        try:
            with ProcessPoolExecutor(min(jobs, len(waiting)), fork, end_with_parent) as pool:
                errors = [*pool.map(built, waiting)]
        except BrokenProcessPool:
            sys.exit("perflab: a process of the build was killed; out of memory?  Try: -j1")
        except KeyboardInterrupt:
            sys.exit(130)
        finally:
            shutil.rmtree(SCRATCH, ignore_errors=True)
        for extension, error in zip(waiting, errors, strict=True):
            if error:
                said = f"{source_of(extension)} cannot be built: {error}"
                say(f"{said} (all of it: {log_of(extension)})")
        return sum(map(bool, errors))

    def build_one(self, extension: Extension, scratch: Path) -> None:
        """Translate, compile and link one extension; put it in its place as a whole."""
        started = time.perf_counter()
        made, needed = translate(extension, scratch)
        listed = scratch / "headers.d"
        for asked in ASKED:  # by the `# distutils:` lines of the source
            setattr(extension, asked, getattr(made, asked))
        extension.sources = made.sources
        extension.include_dirs = [source_of(extension).parent.as_posix(), *made.include_dirs]
        given = [*flags(), *made.extra_compile_args]
        extension.extra_compile_args = [*given, "-MMD", "-MF", str(listed)]
        extension.extra_link_args = [*openmp(), *made.extra_link_args]
        self.build_lib, self.build_temp, self.force = f"{scratch}/lib", f"{scratch}/temp", True
        super().build_extension(extension)
        library = Path(self.get_ext_fullpath(extension.name))
        place = self.library_of(extension)
        place.parent.mkdir(parents=True, exist_ok=True)
        arrive(library.read_bytes(), place, library.stat().st_mode)
        inputs = digests({*needed, *headers(listed, extension)})
        self.record(
            extension,
            {
                "source_sha256": inputs[source_of(extension).as_posix()],
                "inputs": inputs,
                "compiler": COMPILER[0],
                "flags": given,
                "seconds": round(time.perf_counter() - started, 2),
                "libraries": self.others(extension, inputs)
                | {place.name: {"sha256": digest(place), "recipe": recipe()}},
            },
        )

    def record(self, extension: Extension, what: dict[str, object]) -> None:
        """Write the record beside the library, as a whole."""
        file = self.library_of(extension).with_name(f"{source_of(extension).stem}.build.json")
        file.parent.mkdir(parents=True, exist_ok=True)
        arrive(json.dumps(what, indent=1).encode() + b"\n", file, 0o644)

    def recorded(self, extension: Extension) -> dict:
        file = self.library_of(extension).with_name(f"{source_of(extension).stem}.build.json")
        with suppress(OSError, ValueError):
            record = json.loads(file.read_text())
            return record if isinstance(record, dict) else {}
        return {}

    def others(self, extension: Extension, inputs: dict[str, str]) -> dict[str, object]:
        """What other Pythons' builds of the same sources are recorded."""
        before = self.recorded(extension)
        return before.get("libraries", {}) if before.get("inputs") == inputs else {}

    def current(self, extension: Extension) -> bool:
        """Whether the library that is there is what a build would make."""
        record, library = self.recorded(extension), self.library_of(extension)
        inputs = record.get("inputs")
        return (
            bool(inputs)
            and inputs == digests(map(Path, inputs))
            and record.get("libraries", {}).get(library.name)
            == {"sha256": digest(library), "recipe": recipe()}
        )

    def library_of(self, extension: Extension) -> Path:
        return (self.into / source_of(extension)).with_suffix(SUFFIX)

    def copy_extensions_to_source(self) -> None:
        """Nothing to do: they were put there."""


AT_WORK: BuildSideBySide
"""The command whose extensions are being built; the processes of the build inherit it."""


def built(extension: Extension) -> str:
    """Build one, in a process of the build; return the first error, or nothing."""
    log_of(extension).parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as scratch, logged(log_of(extension)) as failed:
        AT_WORK.build_one(extension, Path(scratch))
    if not failed:
        return ""
    error = first_error(log_of(extension)) or failed[0]
    source = source_of(extension)
    inputs = digests({source, *folder_headers(source.parent)})
    AT_WORK.record(
        extension,
        {
            "source_sha256": inputs[source.as_posix()],
            "inputs": inputs,
            "error": error,
            "log": log_of(extension).as_posix(),
        },
    )
    return error


def translate(extension: Extension, scratch: Path) -> tuple[Extension, set[Path]]:
    """Translate to C; return the extension as its source describes it, and what was read for it."""
    from Cython.Build import cythonize
    from Cython.Build.Dependencies import create_dependency_tree

    source = source_of(extension)
    fresh = Extension(extension.name, [source.as_posix()])
    (made,) = cythonize(
        [fresh],
        build_dir=str(scratch / "c"),
        compiler_directives=DIRECTIVES,
        force=True,
        quiet=True,
    )
    place = (TRANSLATED / source).with_suffix(".c")
    place.parent.mkdir(parents=True, exist_ok=True)
    os.replace(made.sources[0], place)
    made.sources[0] = place.as_posix()
    read = create_dependency_tree(quiet=True).all_dependencies(source.as_posix())
    return made, {source, *ours(read)}


def ours(files: Iterable[str]) -> set[Path]:
    """Those of the files that lie in this project, as paths from its top."""
    paths = (Path(os.path.abspath(file)) for file in files)
    inside = {path.relative_to(ROOT) for path in paths if path.is_relative_to(ROOT)}
    return {path for path in inside if path.parts[0] == "extensions" and path.is_file()}


def headers(listed: Path, extension: Extension) -> set[Path]:
    """The headers of ours that the compiler says it read; all that are near if it does not."""
    with suppress(OSError):
        text = listed.read_text().replace("\\\n", " ").partition(": ")[2]
        return ours(shlex.split(text))
    return set(folder_headers(source_of(extension).parent))


def folder_headers(folder: Path) -> list[Path]:
    return [path for suffix in ("h", "pxd", "pxi") for path in folder.glob(f"*.{suffix}")]


@contextmanager
def logged(log: Path) -> Iterator[list[str]]:
    """Let all that this process and its children say go to a log; an error is kept in the list."""
    from Cython.Compiler.Errors import CompileError

    failed: list[str] = []
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(number) for number in (1, 2)]
    try:
        with log.open("wb") as file:
            for number in (1, 2):
                os.dup2(file.fileno(), number)
            try:
                yield failed
            except (BaseError, CCompilerError, CompileError, OSError) as error:
                failed.append(str(error) or type(error).__name__)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, before in zip((1, 2), kept, strict=True):
            os.dup2(before, number)
            os.close(before)


def first_error(log: Path) -> str:
    """The first line of a log that names a place in a source and is no warning."""
    lines = log.read_text(errors="replace").splitlines()
    places = (
        line.strip()
        for line in lines
        if re.search(r"\.(pyx|pxd|h|c):\d+:\d+:", line) and "warning" not in line
    )
    return next(places, "").replace(f"{ROOT}{os.sep}", "")


@contextmanager
def alone() -> Iterator[None]:
    """One build at a time in this checkout; the lock goes with its process."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("another build is under way here; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        shutil.rmtree(SCRATCH, ignore_errors=True)  # of a build that was killed
        yield


def arrive(content: bytes, place: Path, mode: int) -> None:
    """Put a file in its place as a whole: nothing ever reads half of it."""
    with tempfile.NamedTemporaryFile(dir=place.parent, prefix=".new-", delete=False) as file:
        file.write(content)
    os.chmod(file.name, mode)
    os.replace(file.name, place)


def end_with_parent() -> None:
    """Die of Ctrl-C without words, and whenever the build dies (Linux)."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)


def processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def openmp() -> list[str]:
    """The flag that the compiler takes for OpenMP, if it has it."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "probe.c")
        source.write_text("int main(void) { return 0; }\n")
        command = [*COMPILER, "-fopenmp", str(source), "-o", str(source.with_suffix(""))]
        done = subprocess.run(command, capture_output=True, check=False)
    return ["-fopenmp"] if done.returncode == 0 else []


def flags() -> list[str]:
    return [*OPTIMISE, *openmp()]


@cache
def recipe() -> str:
    """Digest of all but the sources that a library depends on."""
    from Cython import __version__

    version = b""
    with suppress(OSError):
        version = subprocess.run([*COMPILER, "--version"], capture_output=True, check=False).stdout
    given = [os.environ.get(name, "") for name in ("CFLAGS", "CPPFLAGS", "LDFLAGS")]
    parts = [DIRECTIVES, flags(), given, COMPILER, version.decode(errors="replace")]
    return sha256(json.dumps([*parts, sys.version, __version__]).encode()).hexdigest()


def digest(file: Path) -> str:
    """Digest of a file's content; empty where there is none."""
    with suppress(OSError):
        return sha256(file.read_bytes()).hexdigest()
    return ""


def digests(files: Iterable[Path]) -> dict[str, str]:
    return {file.as_posix(): digest(ROOT / file) for file in sorted(files)}


def say(text: str) -> None:
    print(f"perflab: {text}", file=sys.stderr)


def source_of(extension: Extension) -> Path:
    return Path(*extension.name.split(".")).with_suffix(".pyx")


def case_of(extension: Extension) -> str:
    return extension.name.split(".")[1]


def path_of(extension: Extension) -> str:
    return "/".join(extension.name.split(".")[1:])


def log_of(extension: Extension) -> Path:
    """Where the build of an extension writes what its tools say."""
    return BUILD / "log" / f"{extension.name}.log"


if SOURCES and not os.environ.get("PERFLAB_NO_EXTENSIONS"):
    described = [
        Extension(".".join(path.with_suffix("").parts), [path.as_posix()]) for path in SOURCES
    ]
    setup(ext_modules=described, cmdclass={"build_ext": BuildSideBySide})
else:
    setup()
