"""Builds every extensions/<case>/<name>.pyx; there is no list of extensions anywhere."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CCompilerError

ROOT = Path(__file__).parent
SOURCES = sorted(path.relative_to(ROOT) for path in (ROOT / "extensions").glob("*/*.pyx"))
OPTIMISE = ["-O3", "-g", "-fno-math-errno"]
TRANSLATED: dict[str, float] = {}
"""Seconds from Cython to C, of what was translated in this build."""
FAILED: set[str] = set()
"""Extensions that cannot be built."""
COMPILER = os.environ.get("CC", "cc").split()


def compiles(flag: str) -> bool:
    """Say whether the C compiler takes ``flag`` and links with it."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "probe.c")
        source.write_text("int main(void) { return 0; }\n")
        command = [*COMPILER, flag, str(source), "-o", str(source.with_suffix(""))]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def extensions() -> list[Extension]:
    """Describe the extensions, or say clearly why they cannot be built."""
    if not shutil.which(COMPILER[0]):
        sys.exit(
            f"perflab: no C compiler ({COMPILER[0]!r} is not on PATH), so the {len(SOURCES)} Cython variants cannot be built.\n"
            "  Debian/Ubuntu: apt-get install gcc    Fedora: dnf install gcc    macOS: xcode-select --install\n"
            "  or name yours: CC=clang; or do without them: PERFLAB_NO_EXTENSIONS=1 pip install ."
        )
    openmp = ["-fopenmp"] if compiles("-fopenmp") else []
    if not openmp:
        print(
            "perflab: the compiler has no OpenMP; prange loops will run on one thread",
            file=sys.stderr,
        )
    described = [
        Extension(
            ".".join(path.with_suffix("").parts),
            [path.as_posix()],
            extra_compile_args=[*OPTIMISE, *openmp],
            extra_link_args=openmp,
        )
        for path in SOURCES
    ]
    directives = {
        "language_level": 3,
        "boundscheck": False,
        "wraparound": False,
        "cdivision": True,
        "embedsignature": True,
    }
    made = [
        translated(extension, compiler_directives=directives, build_dir="build/cython", quiet=True)
        for extension in described
    ]
    return [extension for extension in made if extension is not None]


def translated(extension: Extension, **options: object) -> Extension | None:
    """Translate one extension to C, and remember how long that took if it had to be done; None: it cannot be, which is recorded."""
    from Cython.Build import cythonize
    from Cython.Compiler.Errors import CompileError

    log_of(extension.name).unlink(missing_ok=True)
    file = Path("build/cython", *extension.name.split(".")).with_suffix(".c")
    before, started = file.stat().st_mtime_ns if file.exists() else 0, time.perf_counter()
    try:
        with logged(extension.name):
            (made,) = cythonize([extension], **options)
    except CompileError:
        failed(extension.name)
        return None
    if file.exists() and file.stat().st_mtime_ns != before:
        TRANSLATED[extension.name] = time.perf_counter() - started
    return made


@contextmanager
def logged(name: str) -> Iterator[None]:
    """Let translator and compiler, which are programs of their own, write into the extension's log."""
    log = log_of(name)
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(number) for number in (1, 2)]
    try:
        with log.open("ab") as file:
            for number in (1, 2):
                os.dup2(file.fileno(), number)
            yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, before in zip((1, 2), kept, strict=True):
            os.dup2(before, number)
            os.close(before)


def log_of(name: str) -> Path:
    """Where the build of an extension writes what its tools say."""
    return Path("build/log", f"{name}.log")


def failed(name: str) -> None:
    """Record why an extension could not be built, in place of its build; the others are built all the same."""
    source = Path(*name.split(".")).with_suffix(".pyx")
    lines = log_of(name).read_text(errors="replace").splitlines()
    places = (
        line.strip()
        for line in lines
        if re.search(r"\.(pyx|pxd|h|c):\d+:\d+:", line) and "warning" not in line
    )
    error = next(places, "it is not said why").replace(str(ROOT) + os.sep, "")
    record = {
        "source_sha256": sha256((ROOT / source).read_bytes()).hexdigest(),
        "error": error,
        "log": log_of(name).as_posix(),
    }
    (ROOT / source).with_suffix(".build.json").write_text(json.dumps(record, indent=1) + "\n")
    FAILED.add(name)
    print(
        f"perflab: {source} cannot be built: {error} (all of it: {record['log']})", file=sys.stderr
    )


class BuildAndRecord(build_ext):
    """Builds, and leaves beside each library a record of the source it was made from."""

    def run(self) -> None:
        """Build what can be built; what cannot is said by the exit code."""
        super().run()
        if FAILED:
            sys.exit(f"perflab: {len(FAILED)} of {len(SOURCES)} Cython variants cannot be built")

    def build_extension(self, ext: Extension) -> None:
        library = Path(self.get_ext_fullpath(ext.name))
        source = Path(*ext.name.split(".")).with_suffix(".pyx")
        file = library.with_name(f"{source.stem}.build.json")
        before, started = library.stat().st_mtime_ns if library.exists() else 0, time.perf_counter()
        try:
            with logged(ext.name):
                super().build_extension(ext)
        except (BaseError, CCompilerError):
            failed(ext.name)
            return
        compiled = time.perf_counter() - started if library.stat().st_mtime_ns != before else None
        digest = sha256((ROOT / source).read_bytes()).hexdigest()
        record = {
            "source_sha256": digest,
            "compiler": COMPILER[0],
            "flags": ext.extra_compile_args,
            "seconds": self.seconds(ext.name, compiled, file, digest),
        }
        file.write_text(json.dumps(record, indent=1) + "\n")

    def seconds(self, name: str, compiled: float | None, file: Path, digest: str) -> float | None:
        """What the whole build of this source took: now, or else when it was last built as a whole."""
        if compiled is not None and name in TRANSLATED:
            return round(compiled + TRANSLATED[name], 2)
        try:
            earlier = json.loads(file.read_text())
        except (OSError, ValueError):
            return None
        return earlier.get("seconds") if earlier.get("source_sha256") == digest else None

    def copy_extensions_to_source(self) -> None:
        self.extensions = [ext for ext in self.extensions if ext.name not in FAILED]
        super().copy_extensions_to_source()
        for ext in self.extensions:
            record = Path(*ext.name.split(".")).with_suffix(".build.json")
            built = Path(self.build_lib) / record
            if built.exists() and built.resolve() != record.resolve():
                shutil.copyfile(built, ROOT / record)


if SOURCES and not os.environ.get("PERFLAB_NO_EXTENSIONS"):
    setup(ext_modules=extensions(), cmdclass={"build_ext": BuildAndRecord})
else:
    setup()
