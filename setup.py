"""Builds every extensions/<case>/<name>.pyx; there is no list of extensions anywhere."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).parent
SOURCES = sorted(path.relative_to(ROOT) for path in (ROOT / "extensions").glob("*/*.pyx"))
OPTIMISE = ["-O3", "-g", "-fno-math-errno"]
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
    from Cython.Build import cythonize

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
    return cythonize(described, compiler_directives=directives, build_dir="build/cython", quiet=True)


class BuildAndRecord(build_ext):
    """Builds, and leaves beside each library a record of the source it was made from."""

    def build_extension(self, ext: Extension) -> None:
        super().build_extension(ext)
        library = Path(self.get_ext_fullpath(ext.name))
        source = Path(*ext.name.split(".")).with_suffix(".pyx")
        record = {
            "source_sha256": sha256((ROOT / source).read_bytes()).hexdigest(),
            "compiler": COMPILER[0],
            "flags": ext.extra_compile_args,
        }
        library.with_name(f"{source.stem}.build.json").write_text(json.dumps(record, indent=1) + "\n")

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
