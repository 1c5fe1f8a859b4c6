"""The published schemas are those of the structs, and real documents obey them."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

HOME = Path(__file__).parents[2]
FOLDER = HOME / "docs" / "schema"


def writer() -> ModuleType:
    """The script that writes the folder."""
    spec = importlib.util.spec_from_file_location("schema_writer", FOLDER / "write.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MADE = writer().schemas()


def test_every_document_has_its_schema_and_no_other() -> None:
    """One file a document and a format; to renew them: python docs/schema/write.py."""
    assert set(MADE) == {path.name for path in FOLDER.glob("*.json")}


@pytest.mark.parametrize("name", MADE)
def test_the_schemas_are_current(name: str) -> None:
    """Byte for byte what the structs say; to renew them: python docs/schema/write.py."""
    assert MADE[name] == (FOLDER / name).read_bytes()


@pytest.mark.parametrize("name", MADE)
def test_the_data_page_names_each_of_them(name: str) -> None:
    """docs/data.md links every schema."""
    assert f"(schema/{name})" in (HOME / "docs" / "data.md").read_text()


@pytest.mark.parametrize("name", MADE)
def test_references_within_a_schema_lead_somewhere(name: str) -> None:
    """Every $ref names a definition of the same file."""
    schema = json.loads(MADE[name])
    targets = {one["$ref"].removeprefix("#/$defs/") for one in walked(schema) if "$ref" in one}

    assert targets <= set(schema["$defs"])


def walked(node: object) -> list[dict[str, object]]:
    """All objects in a document."""
    if isinstance(node, dict):
        return [node, *(inner for value in node.values() for inner in walked(value))]
    if isinstance(node, list):
        return [inner for value in node for inner in walked(value)]
    return []
