"""Builds every extensions/<case>/<name>.pyx; there is no list of extensions anywhere."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).parent
SOURCES = sorted(path.relative_to(ROOT) for path in (ROOT / "extensions").glob("*/*.pyx"))
OPTIMISE = ["-O3", "-g", "-fno-math-errno"]
TRANSLATED: dict[str, float] = {}
"""Seconds from Cython to C, of what was translated in this build."""
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
        print("perflab: the compiler has no OpenMP; prange loops will run on one thread", file=sys.stderr)
    described = [
        Extension(
            ".".join(path.with_suffix("").parts),
            [path.as_posix()],
            extra_compile_args=[*OPTIMISE, *openmp],
            extra_link_args=openmp,
        )
        for path in SOURCES
    ]
    directives = {"language_level": 3, "boundscheck": False, "wraparound": False, "cdivision": True, "embedsignature": True}
    return [translated(extension, compiler_directives=directives, build_dir="build/cython", quiet=True) for extension in described]


def translated(extension: Extension, **options: object) -> Extension:
    """Translate one extension to C, and remember how long that took if it had to be done."""
    from Cython.Build import cythonize

    file = Path("build/cython", *extension.name.split(".")).with_suffix(".c")
    before, started = file.stat().st_mtime_ns if file.exists() else 0, time.perf_counter()
    (made,) = cythonize([extension], **options)
    if file.exists() and file.stat().st_mtime_ns != before:
        TRANSLATED[extension.name] = time.perf_counter() - started
    return made


class BuildAndRecord(build_ext):
    """Builds, and leaves beside each library a record of the source it was made from."""

    def build_extension(self, ext: Extension) -> None:
        library = Path(self.get_ext_fullpath(ext.name))
        source = Path(*ext.name.split(".")).with_suffix(".pyx")
        file = library.with_name(f"{source.stem}.build.json")
        before, started = library.stat().st_mtime_ns if library.exists() else 0, time.perf_counter()
        super().build_extension(ext)
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
