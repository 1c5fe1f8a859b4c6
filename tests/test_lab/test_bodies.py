"""The lab's own compiled bodies are there when they are needed: built beside the source, or on demand, or refused with a remedy."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from harness.errors import EnvironmentLacks, NotBuilt
from harness.lab import bodies
from harness.lab.catalogue import HOME
from harness.lab.gate import shim
from harness.lab.limits import compiled


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A clone in which nothing is built, with one small body."""
    folder = tmp_path / "clone" / "extensions" / "small"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "body.pyx").write_text("def answer():\n    return 42\n")
    (folder / "other.pyx").write_text("this is not built here\n")
    shutil.copyfile(HOME / "setup.py", tmp_path / "clone" / "setup.py")
    return tmp_path / "clone"


def no_build(folder: Path) -> str:
    """A build that nobody may ask for."""
    return f"{folder} was built again"


def test_what_is_not_built_is_built_once_and_kept(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN a clone that was not built THEN the body is made and kept, the clone stays as it was, and neighbours are left alone."""
    before = sorted(home.rglob("*"))
    assert not bodies.available("small", "body", home=home)

    first = bodies.load("small", "body", home=home).answer()
    monkeypatch.setattr(bodies, "run_setup", no_build)
    second = bodies.load("small", "body", home=home).answer()

    assert (first, second, bodies.available("small", "body", home=home)) == (42, 42, True)
    assert sorted(home.rglob("*")) == before
    (home / "extensions" / "small" / "body.pyx").write_text("def answer():\n    return 43\n")
    assert not bodies.available("small", "body", home=home)


def test_only_a_build_of_this_very_source_is_used(home: Path) -> None:
    """A build without a record, or of another source, is passed over; without a source, as installed, what is there is used."""
    source = home / "extensions" / "small" / "body.pyx"
    library = source.with_name(f"body{bodies.EXTENSION_SUFFIXES[0]}")
    library.write_bytes(b"")
    record = source.with_suffix(".build.json")
    assert bodies.built_beside(source) is None
    record.write_text(json.dumps({"source_sha256": "of another"}))
    assert bodies.built_beside(source) is None
    record.write_text(json.dumps({"source_sha256": sha256(source.read_bytes()).hexdigest()}))
    assert bodies.built_beside(source) == library
    source.unlink()
    record.unlink()

    assert bodies.built_beside(source) == library


@pytest.mark.parametrize(
    ("compiler", "remedy"), [("no-such-compiler", "apt-get install gcc"), ("false", "pip install")]
)
def test_what_cannot_be_built_is_refused_with_a_remedy(
    home: Path, monkeypatch: pytest.MonkeyPatch, compiler: str, remedy: str
) -> None:
    """No compiler, or one that fails: the message names the source, and what to type."""
    monkeypatch.setenv("CC", compiler)
    with pytest.raises(NotBuilt, match=r"extensions/small/body\.pyx") as raised:
        bodies.load("small", "body", home=home)

    assert remedy in raised.value.remedy


def test_the_gate_says_times_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the voice to callgrind cannot be built, the remedy also names the metric that needs none."""

    def refuse(*_: object) -> None:
        raise NotBuilt("not built", "apt-get install gcc")

    monkeypatch.setattr(bodies, "load", refuse)
    with pytest.raises(EnvironmentLacks) as raised:
        shim.load()

    assert raised.value.remedy == "apt-get install gcc; or --metric time"


def test_limits_go_through_numpy_where_nothing_can_be_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Kernels are asked for before the limits are measured; a machine without a compiler is measured all the same."""

    def refuse(*_: object) -> None:
        raise NotBuilt("not built", "apt-get install gcc")

    monkeypatch.setattr(bodies, "library", refuse)
    monkeypatch.setattr(bodies, "available", lambda *_: False)
    compiled.provide()

    assert compiled.load() is None
