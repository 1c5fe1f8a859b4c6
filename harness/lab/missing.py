"""Says what to type so that a module that is missing can be imported."""

from __future__ import annotations

import importlib.util
import re
import shlex
import sys
from contextlib import suppress
from pathlib import Path

from harness.lab import trees
from harness.lab.finder import FINDER

_HOME = Path(__file__).resolve().parents[2]
_OTHERWISE_NAMED = {"ahocorasick": "pyahocorasick", "attr": "attrs", "pydantic_core": "pydantic"}
"""Modules whose names are not those of the distributions that bring them."""


def why(error: ImportError) -> str:
    """Words that go on after an import's error: why, where we know it, and what to type; empty: nothing of ours helps."""
    name = error.name or ""
    if said := trees.why_missing(name):
        return said
    top = name.partition(".")[0]
    if not isinstance(error, ModuleNotFoundError) or not top or _is_there(top):
        return ""
    if distributions([top]):
        return f"; {install([top])}"
    return "; install what brings it, or put its folder on PYTHONPATH"


def install(modules: list[str]) -> str:
    """What installs modules that cases import: one command for our rivals; of others we know the modules' names only.

    Args:
        modules: top-level names, at least one.
    """
    known = distributions(modules)
    others = [one for one in modules if not distributions([one])]
    said = [make("extras") or f"python -m pip install {' '.join(known)}"] if known else []
    said += [f"install what brings {', '.join(others)}"] if others else []
    return "; ".join(said)


def make(target: str) -> str:
    """The command that makes a target of our Makefile for the Python that runs now; empty: it would do so for another one."""
    if not (_HOME / "Makefile").is_file() or Path(sys.prefix) != _HOME / ".venv":
        return ""
    try:
        here = Path.cwd() == _HOME
    except OSError:  # the working directory is gone
        here = False
    return f"make {target}" if here else f"make -C {shlex.quote(str(_HOME))} {target}"


def build() -> str:
    """The command that builds the compiled bodies of this checkout for the Python that runs now."""
    if made := make("build"):
        return made
    return f"cd {shlex.quote(str(_HOME))} && python setup.py build_ext --inplace"


def distributions(modules: list[str]) -> list[str]:
    """The names under which these modules are installed, of those that our extra of rivals names; sorted."""
    known = _rivals()
    names = {_OTHERWISE_NAMED.get(one, one).lower().replace("_", "-") for one in modules}
    return sorted(names & known)


def _rivals() -> set[str]:
    """The distributions of our extra, by their normalised names: as installed, or as this checkout declares them."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        wanted = [
            one
            for one in requires("perflab") or ()
            if re.search(r"extra == ['\"](?:rivals|flagship)['\"]", one)
        ]
    except PackageNotFoundError:
        wanted = _declared()
    return {
        re.split(r"[^A-Za-z0-9._-]", one, maxsplit=1)[0].lower().replace("_", "-") for one in wanted
    }


def _declared() -> list[str]:
    import tomllib

    with suppress(OSError, ValueError, KeyError):
        project = tomllib.loads((_HOME / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        extras = project["optional-dependencies"]
        return [*extras["rivals"], *extras["flagship"]]
    return []


def _is_there(top: str) -> bool:
    """Whether its package can be found, so that only a part of it is missing; or is a revision's business."""
    if top in FINDER.names or top in {"extensions", "cases", "harness"}:
        return True
    with suppress(ImportError, ValueError):
        return importlib.util.find_spec(top) is not None
    return False
