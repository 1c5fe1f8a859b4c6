"""cases/ and extensions/ mirror each other, and a case's declaration mirrors its folder."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from harness.lab import catalogue, sources
from harness.lab.catalogue import Found

HOME = Path(__file__).parents[2]
BODIES = sorted(
    path
    for path in (HOME / "extensions").glob("*/*.pyx")
    if (HOME / "cases" / path.parent.name).is_dir()
)
TOOLS = sorted(path for path in (HOME / "extensions").glob("*/*.pyx") if path not in BODIES)
FOUND = list(catalogue.find_cases().values())


@pytest.mark.parametrize("body", BODIES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_compiled_body_has_its_doorway(body: Path) -> None:
    """cases/X/y.py is a docstring, an import of extensions.X.y and what it exports, no more."""
    doorway = HOME / "cases" / body.parent.name / f"{body.stem}.py"
    tree = ast.parse(doorway.read_text())
    _, entry, *rest = [ast.unparse(node) for node in tree.body]

    assert ast.get_docstring(tree)
    assert entry.startswith(f"from extensions.{body.parent.name}.{body.stem} import ")
    assert [line for line in rest if not line.startswith("__all__ = ")] == []


@pytest.mark.parametrize("body", TOOLS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_other_compiled_body_belongs_to_a_room_of_the_lab(body: Path) -> None:
    """extensions/X/ mirrors cases/X/ or harness/lab/X/: nothing compiled has no home."""
    assert (HOME / "harness" / "lab" / body.parent.name).exists()


@pytest.mark.parametrize("found", FOUND, ids=lambda found: found.name)
def test_every_doorway_has_its_body(found: Found) -> None:
    """Whoever imports a compiled body finds its source in the mirror."""
    for path in found.folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("extensions."):
                assert (HOME / Path(*str(node.module).split("."))).with_suffix(".pyx").exists()


@pytest.mark.parametrize("found", FOUND, ids=lambda found: found.name)
def test_the_declaration_names_the_files(found: Found) -> None:
    """variants= lists exactly the files that define the case's function."""
    case = found.load()
    defining = {
        path.stem
        for path in found.folder.glob("*.py")
        if path.stem not in {"__init__", "mutants"} and _defines(path, case.function)
    }

    assert defining == set(case.variants)


def _defines(path: Path, function: str) -> bool:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == function:
            return True
        from_body = isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
            "extensions."
        )
        if from_body and function in {alias.name for alias in node.names}:
            return True
    return False


@pytest.mark.parametrize("found", FOUND, ids=lambda found: found.name)
def test_everything_is_built_from_the_sources_here(found: Found) -> None:
    """The records beside the libraries carry the digests of these very sources."""
    for variant in found.load().variants:
        sources.require_build(found, variant)
