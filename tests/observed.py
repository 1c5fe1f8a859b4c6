"""Variants that get at code and data in every way but a plain import, and for each a change that makes it another program."""

from __future__ import annotations

import py_compile
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.layouts import write

_TOP = "import os, sys\nTOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))\n"
_F = "def f(n):\n    return n\n"
_DATED = "with open(TOP + '/kept_input.txt') as file:\n    file.read()\nos.utime(TOP + '/kept_input.txt')\nsys.path.append(TOP + '/kept_folder')\nimport made_module\nos.utime(TOP + '/kept_folder')\n"


def text(name: str, new: str = "2") -> Callable[[Path], object]:
    """Write other text into a file of the project."""
    return lambda root: write(root, {name: new})


def _zipped(root: Path, value: int) -> None:
    with zipfile.ZipFile(root / "packed.zip", "w") as packed:
        packed.writestr("packed_module.py", f"X = {value}\n")


def _stored(root: Path, value: int) -> None:
    with sqlite3.connect(root / "kept.sqlite") as base:
        base.execute("create table if not exists t(x)")
        base.execute("insert into t values(?)", (value,))
    base.close()


def _bytecode(root: Path, value: int) -> None:
    write(root, {"stale.py": f"X = {value}\n"})
    py_compile.compile(str(root / "stale.py"), cfile=str(root / "sourceless" / "stale.pyc"))
    (root / "stale.py").unlink()


def _array(root: Path, value: int) -> None:
    import numpy as np

    np.save(root / "numbers.npy", np.array([value]))


FILES = {
    "lib/off_path.py": "X = 1\n",
    "split/one/part/__init__.py": "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n",
    "split/two/part/__init__.py": "",
    "split/two/part/second.py": "X = 1\n",
    "grown/__init__.py": "import os\n__path__.append(os.path.join(os.path.dirname(__file__), 'more', 'deep'))\n",
    "grown/more/deep/leaf.py": "X = 1\n",
    "holding/__init__.py": "",
    "holding/table.txt": "1",
    "holding/_vendor/__init__.py": "",
    "holding/_vendor/other.py": "X = 1\n",
    "generated/__init__.py": "",
    "generated/made.py": "X = 1\n",
    "script.py": "print(1)\n",
    "kept_input.txt": "1",
    "kept_folder/made_module.py": "X = 1\n",
    "run_me.py": "X = 1\n",
    "executed.txt": "X = 1\n",
    "child.txt": "1",
    "relative.txt": "1",
    "late.txt": "1",
    "many/one.json": "1",
    "conftest.py": "X = 1\n",
    "real_place/linked.py": "X = 1\n",
    "order/a/twice.py": "X = 1\n",
    "spelt/out.csv": "1\n",
    "optional/__init__.py": "try:\n    from . import fast\nexcept ImportError:\n    fast = None\n",
    "shadowed.py": "X = 1\n",
}  # fmt: skip
INPUTS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "zip": ("sys.path.insert(0, TOP + '/packed.zip')\nimport packed_module\n", lambda root: _zipped(root, 2)),
    "path_in_case": ("sys.path.insert(0, TOP + '/lib')\nimport off_path\n", text("lib/off_path.py", "X = 2\n")),
    "extend_path": ("sys.path += [TOP + '/split/one', TOP + '/split/two']\nfrom part import second\n", text("split/two/part/second.py", "X = 2\n")),
    "grown_path": ("from grown import leaf\n", text("grown/more/deep/leaf.py", "X = 2\n")),
    "array": ("import numpy as np\nA = np.load(TOP + '/numbers.npy')\n", lambda root: _array(root, 2)),
    "mapped": ("import numpy as np\nA = np.load(TOP + '/numbers.npy', mmap_mode='r')\n", lambda root: _array(root, 3)),
    "database": ("import sqlite3\nsqlite3.connect(TOP + '/kept.sqlite').execute('select * from t').fetchall()\n", lambda root: _stored(root, 2)),
    "resources": ("from importlib import resources\nX = resources.files('holding').joinpath('ta' + 'ble.txt').read_text()\n", text("holding/table.txt")),
    "package_data": ("import pkgutil\nX = pkgutil.get_data('holding', 'table' + '.txt')\n", text("holding/table.txt", "3")),
    "vendored": ("import holding._vendor.other as other\n", text("holding/_vendor/other.py", "X = 2\n")),
    "generated": ("import importlib\nX = importlib.import_module('generated' + '.made').X\n", text("generated/made.py", "X = 2\n")),
    "subprocess": ("import subprocess\nsubprocess.run([sys.executable, TOP + '/script' + '.py'], check=True, stdout=-3)\n", text("script.py", "print(2)\n")),
    "run_path": ("import runpy\nrunpy.run_path(TOP + '/run_me' + '.py')\n", text("run_me.py", "X = 2\n")),
    "exec": ("exec(open(TOP + '/executed' + '.txt').read())\n", text("executed.txt", "X = 2\n")),
    "forked": ("import os\nif not (child := os.fork()):\n    open(TOP + '/child' + '.txt').read()\n    os._exit(0)\nos.waitpid(child, 0)\n", text("child.txt")),
    "relative": ("open('relative' + '.txt').read()\n", text("relative.txt")),
    "at_some_size": ("def f(n):\n    if n > 2:\n        open(TOP + '/late' + '.txt').read()\n    return n\n", text("late.txt")),
    "listed": ("import glob\nX = sorted(glob.glob(TOP + '/many/*.json'))\n", text("many/two.json")),
    "not_there": ("try:\n    X = open(TOP + '/settings' + '.toml').read()\nexcept OSError:\n    X = ''\n", text("settings.toml")),
    "optional": ("import optional\n", text("optional/fast.py", "X = 1\n")),
    "shadowed": ("import shadowed\n", text("shadowed/__init__.py", "X = 2\n")),
    "earlier": ("sys.path += [TOP + '/order/b', TOP + '/order/a']\nimport twice\n", text("order/a/twice.py", "X = 2\n")),
    "sourceless": ("sys.path.insert(0, TOP + '/sourceless')\nimport stale\n", lambda root: _bytecode(root, 2)),
    "conftest": ("sys.path.insert(0, TOP)\nimport conftest\n", text("conftest.py", "X = 2\n")),
    "linked": ("sys.path.insert(0, TOP + '/link')\nimport linked\n", text("real_place/linked.py", "X = 2\n")),
    "spelt_out": ("NAME = os.path.join(TOP, 'spelt', 'out.csv')\n", text("spelt/out.csv", "2\n")),
}  # fmt: skip
"""By variant: its source, and what changes what it depends on."""


def write_all(root: Path, name: str = "everything") -> Path:
    """Write the project; return the case's folder."""
    write(root, FILES)
    (root / "sourceless").mkdir()
    (root / "link").symlink_to("real_place")
    _zipped(root, 1)
    _stored(root, 1)
    _array(root, 1)
    _bytecode(root, 1)
    names = ("plain", "dated", *INPUTS)
    case = f"from harness import Case, exact, sweep\ncase = Case(function='f', variants={names!r}, workloads=sweep(lambda n, seed: (n,), n=(1, 4)), same=exact)\n"
    sources = {name: f'"""Variant."""\n{_TOP}{_F}{source}' for name, (source, _) in INPUTS.items()}
    folder = f"benchmarks/{name}"
    write(
        root,
        {
            f"{folder}/__init__.py": f'"""All?"""\n{case}',
            f"{folder}/plain.py": f'"""Plain."""\n{_F}',
            f"{folder}/dated.py": f'"""Dates what it reads."""\n{_TOP}{_F}{_DATED}',
        },
    )
    write(root, {f"{folder}/{name}.py": source for name, source in sources.items()})
    shutil.rmtree(root / "__pycache__", ignore_errors=True)
    return root / folder
