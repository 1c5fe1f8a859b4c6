"""One scene a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.model.limited import MachineLimits
from tests.faults.scene import Scene, keep_limits


@pytest.fixture
def scene(tmp_path: Path, machines_limits: MachineLimits) -> Scene:
    """A folder with a store that holds an older run, and a cache that knows the machine."""
    folder = tmp_path / "scene"
    folder.mkdir()
    made = Scene(folder)
    keep_limits(machines_limits, made)
    return made


@pytest.fixture
def shelf(tmp_path: Path) -> Scene:
    """The same for what measures nothing: no limits are needed."""
    folder = tmp_path / "scene"
    folder.mkdir()
    return Scene(folder)
