"""The floor: what shows results neither measures them nor knows who did."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import harness.show

FILES = sorted(Path(harness.show.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_show_never_imports_the_lab_or_the_commands(file: Path) -> None:
    """Imports only go down, and beside us is the lab."""
    modules = [
        node.module or ""
        for node in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(node, ast.ImportFrom)
    ]

    assert [] == [
        module
        for module in modules
        if module.startswith(("harness.lab", "harness.commands", "harness.cli"))
    ]
