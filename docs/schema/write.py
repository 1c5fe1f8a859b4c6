"""Writes the JSON schemas of this folder from the structs that write and read the documents: python docs/schema/write.py."""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.lab import publishing, store
from harness.show.documents import DOCUMENTS

FOLDER = Path(__file__).parent
DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, bytes]:
    """The content of every file, by its name."""
    kinds = {**DOCUMENTS, **store.FILES, publishing.SCHEMA: publishing.SiteDocument}
    return {f"{name.replace('/', '-')}.json": _text(name, kind) for name, kind in kinds.items()}


def _text(name: str, kind: type) -> bytes:
    schema = {"$schema": DRAFT, "title": name, **msgspec.json.schema(kind)}
    return msgspec.json.format(msgspec.json.encode(schema, order="deterministic"), indent=1) + b"\n"


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
