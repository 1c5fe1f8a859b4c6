"""Writes the JSON schemas of this folder from the structs that write and read the documents: python docs/schema/write.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from harness.lab import publishing, store
from harness.show import alike, selftest
from harness.show.documents import DOCUMENTS

FOLDER = Path(__file__).parent
_NAMED = frozenset({"properties", "$defs"})
"""Keys under which keys are names and no words of the schema."""
_VALUES = frozenset({"enum", "const"})
_LEFT_OUT = frozenset({"default"})
"""What the generator adds in one release and not in another, and no reader needs."""
DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, bytes]:
    """The content of every file, by its name."""
    kinds = {
        **DOCUMENTS,
        **store.FILES,
        publishing.SCHEMA: publishing.SiteDocument,
        selftest.SCHEMA: selftest.SelfTestDocument,
        alike.SCHEMA: alike.AlikeDocument,
    }
    return {f"{name.replace('/', '-')}.json": _text(name, kind) for name, kind in kinds.items()}


def _text(name: str, kind: type) -> bytes:
    schema = {"$schema": DRAFT, "title": name, **_plain(msgspec.json.schema(kind))}
    return msgspec.json.format(msgspec.json.encode(schema, order="deterministic"), indent=1) + b"\n"


def _plain(node: Any) -> Any:
    """The same without what depends on the release of the generator."""
    if isinstance(node, list):
        return [_plain(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        key: {name: _plain(one) for name, one in value.items()}
        if key in _NAMED
        else value
        if key in _VALUES
        else _plain(value)
        for key, value in sorted(node.items())
        if key not in _LEFT_OUT
    }


def main() -> None:
    """Write the files, and remove those of documents that are no more."""
    made = schemas()
    for path in FOLDER.glob("*.json"):
        if path.name not in made:
            path.unlink()
    for name, content in made.items():
        (FOLDER / name).write_bytes(content)


if __name__ == "__main__":
    main()
