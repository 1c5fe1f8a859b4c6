"""The skeleton of a new case keeps the contract it teaches."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from harness.show.skeleton import skeleton

NAME = "skeleton_under_test"


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The skeleton on disk, imported."""
    folder = tmp_path / NAME
    folder.mkdir()
    for file, text in skeleton(NAME, f"./{NAME}").items():
        (folder / file).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module(NAME)
    for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[name]


def functions(file: str) -> list[ast.FunctionDef]:
    """The public functions of one of its files."""
    return [
        node
        for node in ast.parse(skeleton(NAME, f"./{NAME}")[file]).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]


def test_every_variant_has_a_file_and_every_file_is_named(written: ModuleType) -> None:
    """A variant is a file of its name; the story and the mutants are there."""

    assert {
        "__init__.py",
        "mutants.py",
        "README.md",
        *(f"{name}.py" for name in written.case.variants),
    } == set(skeleton(NAME, f"./{NAME}"))
    assert 3 == len(written.case.variants)


def test_every_variant_agrees_with_the_reference(written: ModuleType) -> None:
    """On every size but the largest, on another seed, and on the nasty inputs."""
    case = written.case
    inputs = [
        workload.arguments(seed) for workload in case.workloads[:5] for seed in (0, 1)
    ] + list(case.adversarial())
    reference = getattr(importlib.import_module(f"{NAME}.{case.reference}"), case.function)
    for name in case.variants[1:]:
        function = getattr(importlib.import_module(f"{NAME}.{name}"), case.function)

        assert [None] * len(inputs) == [
            case.same.compare(reference(*arguments), function(*arguments)) for arguments in inputs
        ]


def test_every_mutant_differs_or_changes_its_input(written: ModuleType) -> None:
    """Five slips, each caught by an input that the case itself supplies."""
    case = written.case
    reference = getattr(importlib.import_module(f"{NAME}.{case.reference}"), case.function)
    mutants = importlib.import_module(f"{NAME}.mutants")
    caught: dict[str, bool] = {}
    for function in functions("mutants.py"):
        for (readings,) in (*case.adversarial(), case.workloads[2].arguments()):
            given = list(readings)
            answer = getattr(mutants, function.name)(given)
            caught[function.name] = (
                caught.get(function.name, False)
                or given != readings
                or case.same.compare(reference(readings), answer) is not None
            )

    assert [True] * 5 == list(caught.values())


def test_sizes_are_those_of_the_contract(written: ModuleType) -> None:
    """At least eight, ascending, not all powers of two, with three defaults."""
    sizes = [workload.n for workload in written.case.workloads]

    assert sizes == sorted(set(sizes))
    assert len(sizes) >= 8
    assert any(size & (size - 1) for size in sizes)
    assert 3 == len(written.case.default_workloads())


def test_another_seed_is_another_input(written: ModuleType) -> None:
    """And the same seed the same one."""
    workload = written.case.workloads[0]

    assert [True, False] == [workload.arguments(0) == workload.arguments(seed) for seed in (0, 1)]


def test_the_law_names_what_is_broken(written: ModuleType) -> None:
    """None for a right answer, a sentence for a wrong one."""

    assert [None, "the high-water mark falls at reading 2"] == [
        written.never_falls((), answer) for answer in ([1, 1, 2], [1, 2, 1])
    ]


def test_importing_the_case_is_light() -> None:
    """The declaration imports the standard library and harness, nothing else, at its top."""
    imported = [
        node
        for node in ast.parse(skeleton(NAME, f"./{NAME}")["__init__.py"]).body
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    roots = {
        (node.module or "").partition(".")[0]
        if isinstance(node, ast.ImportFrom)
        else node.names[0].name
        for node in imported
    }

    assert {"harness"} == roots - sys.stdlib_module_names


def test_the_story_has_its_sections_and_markers() -> None:
    """The block of results is generated between the two markers."""
    story = skeleton(NAME, f"./{NAME}")["README.md"]

    assert [
        "The question",
        "The prediction",
        "What we measured",
        "What the profile showed",
        "What we got wrong",
        "Exercises",
    ] == [line[3:] for line in story.splitlines() if line.startswith("## ")]
    assert "<!-- results:begin -->\n<!-- results:end -->" in story


@pytest.mark.parametrize(
    "file", sorted(file for file in skeleton(NAME, f"./{NAME}") if file.endswith(".py"))
)
def test_every_module_and_function_says_what_it_is_for(file: str) -> None:
    """Docstrings are half of what a skeleton is for."""
    tree = ast.parse(skeleton(NAME, f"./{NAME}")[file])

    assert ast.get_docstring(tree)
    assert [function.name for function in functions(file) if not ast.get_docstring(function)] == []
