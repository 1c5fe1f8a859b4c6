"""Twelve layouts of other people's projects: one function behind a case, in a git repository each."""

from __future__ import annotations

import subprocess
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

from tests.repositories import commit, git

RIGHT = "def total(x):\n    return sum(v * v for v in x)\n"
SLOW = "def total(x):\n    for v in x:\n        v * v\n    return sum(v * v for v in x)\n"
WRONG = "def total(x):\n    return sum(v * v * v for v in x)\n"
COMMENT = "# As it was.\n" + RIGHT
_CASE = '''"""How much do the squares add up to?"""
from harness import Case, exact, sweep
def make(n, seed):
    return ([seed + v for v in range(n)],)
case = Case(function="total", variants=("plain", "ours"), workloads=sweep(make, n=(4, 8)), same=exact)
'''
_AGAIN = "from .core import total\n"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a project keeps the function, and how its case gets at it."""

    name: str
    core: str
    """The file that defines the function."""
    ours: str
    """The variant's source."""
    others: dict[str, str] = field(default_factory=dict)
    path: str = ""
    """The folder on PYTHONPATH."""
    case: str = "benchmarks/pcase"
    here: str = ""
    """Where commands are typed."""
    install: str = ""
    """``path`` or ``finder``: the kind of editable install, of this package in the folder of ``core``."""


_COMPUTED = """import importlib
import mypkg
total = importlib.import_module(".".join([mypkg.__name__, "plugins", "co" + "re"])).total
"""
LAYOUTS = {
    one.name: one
    for one in (
        Layout("flat", "mypkg/core.py", "from mypkg import total", {"mypkg/__init__.py": _AGAIN}, "."),
        Layout("src", "src/mypkg/core.py", "from mypkg import total", {"src/mypkg/__init__.py": _AGAIN}, "src"),
        Layout("monorepo", "packages/one/src/mypkg/core.py", "from mypkg import total", {"packages/one/src/mypkg/__init__.py": _AGAIN}, "packages/one/src"),
        Layout("subfolder", "back end/mypkg/core.py", "from mypkg import total", {"back end/mypkg/__init__.py": _AGAIN}, case="back end/benchmarks/pcase", here="back end"),
        Layout("namespace", "acme/geo/core.py", "from acme.geo.core import total", {"acme/geo/__init__.py": ""}, "."),
        Layout("editable", "lib/edpkg/core.py", "from edpkg import total", {"lib/edpkg/__init__.py": _AGAIN}, install="path"),
        Layout("finder", "lib/fipkg/core.py", "from fipkg import total", {"lib/fipkg/__init__.py": _AGAIN}, install="finder"),
        Layout("submodule", "vendor/mypkg/core.py", "from mypkg import total", {"vendor/mypkg/__init__.py": _AGAIN}, "vendor"),
        Layout("tests", "tests/helpers.py", "from tests.helpers import total", {"tests/__init__.py": ""}, "."),
        Layout("package", "mypkg/core.py", "from ...core import total", {"mypkg/__init__.py": "", "mypkg/bench/__init__.py": ""}, case="mypkg/bench/rcase"),
        Layout("computed", "mypkg/plugins/core.py", _COMPUTED, {"mypkg/__init__.py": "", "mypkg/plugins/__init__.py": ""}, "."),
        Layout("linked", "real/mypkg/core.py", "from mypkg import total", {"real/mypkg/__init__.py": _AGAIN}, "."),
    )
}  # fmt: skip
_FINDER = """
import importlib.util, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            return importlib.util.spec_from_file_location(name, {init!r}, submodule_search_locations=[{folder!r}])
sys.meta_path.append(Finder())
"""


def write(root: Path, files: dict[str, str]) -> None:
    """Write files below a folder."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def build(layout: Layout, root: Path) -> Path:
    """Make the project in a new repository with one commit."""
    if layout.name == "submodule":
        source = root.with_name(f"{root.name}-source")
        write(source, {"mypkg/__init__.py": _AGAIN, "mypkg/core.py": RIGHT})
        commit(source)
        root.mkdir(parents=True)
        git(root, "init", "--quiet", "--initial-branch=main")
        git(root, "-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(source), "vendor")  # fmt: skip
    else:
        write(root, {**layout.others, layout.core: RIGHT})
    if layout.name == "linked":
        (root / "mypkg").symlink_to("real/mypkg")
    write(
        root,
        {
            f"{layout.case}/__init__.py": _CASE,
            f"{layout.case}/plain.py": f'"""Plain."""\n{RIGHT}',
            f"{layout.case}/ours.py": f'"""Ours."""\n{layout.ours}\n',
            ".gitignore": "__pycache__/\nresults/\n",
        },
    )
    commit(root)
    return root


def change(layout: Layout, root: Path, text: str) -> None:
    """Write another function; a submodule's is committed there, as its users do."""
    if (root / layout.core).read_text() != text:
        (root / layout.core).write_text(text)
        if layout.name == "submodule":
            commit(root / "vendor")


def search_path(layout: Layout, root: Path, site: Path) -> str:
    """What PYTHONPATH must be; an editable install is what pip writes, in a site folder of its own."""
    if not layout.install:
        return str(root / layout.path) if layout.path else ""
    package = (root / layout.core).parent
    write(site, {"sitecustomize.py": f"import site\nsite.addsitedir({str(site)!r})\n"})
    if layout.install == "path":
        write(site, {"editable.pth": f"{package.parent}\n"})
    else:
        finder = _FINDER.format(
            name=package.name, init=str(package / "__init__.py"), folder=str(package)
        )
        write(site, {"editable_finder.py": finder, "editable.pth": "import editable_finder\n"})
    return str(site)


def python(root: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of perflab in a project."""
    import os
    import sys

    return subprocess.run(
        [sys.executable, "-m", "harness", *words],
        cwd=root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def dedented(text: str) -> str:
    """A source as it is written in a test."""
    return textwrap.dedent(text).lstrip()
