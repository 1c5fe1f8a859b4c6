"""The lock: one set of versions for all commands, with hashes, that keeps to pyproject's ranges."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HOME = Path(__file__).parents[2]
FILES = sorted((HOME / "requirements").glob("*.txt"))
PURPOSES = ("extras", "fuzz", "run", "test")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PROJECT = tomllib.loads((HOME / "pyproject.toml").read_text())
EXTRAS = {
    "run": ("flagship", "compiling"),
    "extras": ("rivals", "profilers", "pages"),
    "test": ("rivals", "profilers", "pages", "dev"),
    "fuzz": ("fuzz",),
}


def entries(purpose: str) -> list[str]:
    """The requirements of a file, hashes and all, each on one line."""
    text = (HOME / "requirements" / f"{purpose}.txt").read_text()
    return re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace(" \\\n", " ").splitlines()


def locked(purpose: str, python: str, system: str = "linux") -> dict[str, Requirement]:
    """What a Python takes from a file, by name."""
    here = {
        **default_environment(),
        "python_version": python,
        "python_full_version": f"{python}.9",
        "sys_platform": system,
        "platform_system": "Linux",
    }
    parsed = [Requirement(line.partition(" --hash")[0]) for line in entries(purpose)]
    return {
        canonicalize_name(one.name): one
        for one in parsed
        if one.marker is None or one.marker.evaluate(here)
    }


def wanted(extra: str) -> list[Requirement]:
    """What an extra asks for, with the extras that it names."""
    asked = map(Requirement, PROJECT["project"]["optional-dependencies"][extra])
    return [
        inner
        for one in asked
        for inner in (
            [deep for name in one.extras for deep in wanted(name)]
            if one.name == "perflab"
            else [one]
        )
    ]


@pytest.mark.parametrize("purpose", PURPOSES)
def test_every_version_is_pinned_with_hashes(purpose: str) -> None:
    """Name, one version, perhaps a marker, sha256 hashes, and nothing else: no index, no path."""
    line = r"[\w.-]+==[\w.!+]+( ; [^#]+?)?( --hash=sha256:[0-9a-f]{64})+"

    assert [] == [one for one in entries(purpose) if not re.fullmatch(line, re.sub(" +", " ", one))]
    assert "://" not in (HOME / "requirements" / f"{purpose}.txt").read_text()


def test_there_are_these_files_and_no_other() -> None:
    """Each has its line in the Makefile."""
    makefile = (HOME / "Makefile").read_text()

    assert list(PURPOSES) == [file.stem for file in FILES]
    assert all(f"$(call compile,{purpose}," in makefile for purpose in PURPOSES)


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("purpose", PURPOSES)
def test_the_lock_keeps_to_the_ranges(purpose: str, python: str) -> None:
    """All that pyproject asks for is there, in a version that it allows: renew by `make lock`."""
    here = {**default_environment(), "python_version": python, "platform_system": "Linux"}
    found = locked(purpose, python)
    asked = [Requirement(one) for one in PROJECT["project"]["dependencies"]]
    asked += [one for extra in EXTRAS[purpose] for one in wanted(extra)]
    needed = [one for one in asked if one.marker is None or one.marker.evaluate(here)]

    assert [] == [
        str(one)
        for one in needed
        if canonicalize_name(one.name) not in found
        or not one.specifier.contains(
            str(found[canonicalize_name(one.name)].specifier).removeprefix("==")
        )
    ]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("purpose", ["extras", "run"])
def test_the_second_command_adds_and_changes_nothing(purpose: str, python: str) -> None:
    """What the first commands install stays as it is when the tests' needs are installed."""
    assert set(map(str, locked(purpose, python).values())) <= set(
        map(str, locked("test", python).values())
    )


def test_building_needs_the_same_everywhere() -> None:
    """A build in place and a build of a wheel ask for the same: [build-system] and the extra."""
    isolated = PROJECT["build-system"]["requires"]

    assert sorted(map(str, wanted("compiling"))) == sorted(
        str(Requirement(one)) for one in isolated
    )
