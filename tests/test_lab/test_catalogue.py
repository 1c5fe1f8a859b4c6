"""Finding cases: the catalogue, plugins, paths; two of one name are refused."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import AskedWrongly, BadCase
from harness.lab import catalogue
from harness.model.declared import Technique


def test_a_wrong_name_gets_a_suggestion() -> None:
    """Did you mean."""
    with pytest.raises(AskedWrongly) as refused:
        catalogue.find_case("dedup")

    assert refused.value.remedy == "did you mean dedupe?"


def test_a_path_needs_a_case_in_it(tmp_path: Path) -> None:
    """A folder without __init__.py is no case, and the remedy says how to start one, whatever lies beside it."""
    neighbour, folder = tmp_path / "sort_case", tmp_path / "sort_cases"
    neighbour.mkdir()
    folder.mkdir()
    (neighbour / "__init__.py").write_text("")
    with pytest.raises(AskedWrongly) as refused:
        catalogue.find_case(str(folder))

    assert "python -m harness new" in refused.value.remedy


@pytest.mark.parametrize("name", ["json", "Upper", "with space", "-rf"])
def test_names_that_cannot_be_modules_are_refused(name: str, tmp_path: Path) -> None:
    """A folder that would shadow a module, or cannot be imported, is no case."""
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").write_text("case = 1")
    with pytest.raises(AskedWrongly):
        catalogue.find_case(str(folder))


def test_a_case_of_ones_own_may_be_called_like_one_of_the_catalogue(tmp_path: Path) -> None:
    """A path is a path, a name is a name; what is typed again is the path."""
    folder = tmp_path / "dedupe"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    own, theirs = catalogue.find_case(str(folder)), catalogue.find_case("dedupe")

    assert (folder, "path") == (own.folder, own.origin)
    assert "catalogue" == theirs.origin
    assert str(folder) == os.path.abspath(catalogue.typed(own))


def test_two_folders_of_one_name_are_never_taken_for_each_other(tmp_path: Path) -> None:
    """Python knows one module of a name: the second folder is refused, with the file that has it."""
    name = f"twice{secrets.token_hex(4)}"
    declared = "from harness import Case, exact, sweep\ncase = Case(function='f', variants=('a',), workloads=sweep(None, n=(1,)), same=exact)"
    for place in ("one", "other"):
        folder = tmp_path / place / name
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(declared)
        (folder / "a.py").write_text('"""A."""\ndef f(): return 1\n')
    found = [catalogue.find_case(str(tmp_path / place / name)) for place in ("one", "other")]
    found[0].load()
    with pytest.raises(BadCase, match="has the same name") as refused:
        found[1].load()

    assert str(found[0].folder) in refused.value.problem


def test_an_installed_plugin_brings_its_case(
    tmp_path: Path, write_case: Callable[..., Path]
) -> None:
    """A distribution with the entry point harness.cases adds a case; one of a known name is refused with both origins; none counts where it is safe."""
    folder = write_case(name="plugged")
    info = tmp_path / "plugged_dist-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged-dist\nVersion: 1.0\n")
    listed = {}
    for name in ("plugged", "dedupe"):
        (info / "entry_points.txt").write_text(f"[harness.cases]\n{name} = plugged\n")
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(folder.parent), os.getcwd()]),
        }
        for key, more in ((name, {}), (f"{name}, safe", {"PERFLAB_SAFE": "1"})):
            listed[key] = subprocess.run(
                [sys.executable, "-m", "harness", "list"],
                capture_output=True,
                text=True,
                check=False,
                env={**environment, **more},
            )

    assert "plugged      Which number comes first?" in listed["plugged"].stdout
    assert (0, False) == (
        listed["dedupe, safe"].returncode,
        "plugged" in listed["plugged, safe"].stdout,
    )
    assert listed["dedupe"].returncode == 2
    assert "plugin plugged-dist" in listed["dedupe"].stderr
    assert "(catalogue)" in listed["dedupe"].stderr


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ("default=('11',)", "default="),
        ("rivals=('nobody',)", "rivals="),
        ("rivals=('naive',)", "reference cannot be a rival"),
    ],
)
def test_declarations_are_checked(more: str, problem: str, write_case: Callable[..., Path]) -> None:
    """What a Case says must fit together."""
    with pytest.raises(BadCase, match=problem):
        catalogue.find_case(str(write_case(more))).load()


def test_a_variant_without_a_file_is_refused(write_case: Callable[..., Path]) -> None:
    """Listed but not there."""
    folder = write_case(quick="'''Q.'''\ndef smallest(xs):\n    return sorted(xs)\n")
    (folder / "quick.py").unlink()
    with pytest.raises(BadCase, match="quick have no file"):
        catalogue.find_case(str(folder)).load()


@pytest.mark.parametrize(
    ("source", "technique"),
    [
        ("def f(x): return x", Technique.PYTHON),
        ("import heapq\ndef f(x): return x", Technique.STDLIB),
        ("import numpy as np\ndef f(x): return x", Technique.NUMPY),
        ("from extensions.a.b import f", Technique.CYTHON),
        ("import numpy as np\nfrom numba import njit\ndef f(x): return x", Technique.NUMBA),
        (
            "from concurrent.futures import ProcessPoolExecutor\ndef f(x, *, executor: ProcessPoolExecutor): return x",
            Technique.MULTIPROCESSING,
        ),
        (
            "from concurrent.futures import ThreadPoolExecutor\ndef f(x, *, executor: ThreadPoolExecutor): return x",
            Technique.THREADS,
        ),
        ("async def f(x): return x", Technique.ASYNCIO),
        ("import dask\ndef f(x): return x", Technique.DASK),
    ],
)
def test_the_technique_is_read_off_the_source(
    source: str, technique: Technique, tmp_path: Path
) -> None:
    """What a variant imports says how it is made fast."""
    file = tmp_path / "variant.py"
    file.write_text(source)

    assert catalogue.technique_of(file, rival=False) is technique
    assert catalogue.technique_of(file, rival=True) is Technique.LIBRARY


def test_workloads_are_picked_by_name_letter_or_all(write_case: Callable[..., Path]) -> None:
    """S, M and L are the default sizes."""
    case = catalogue.find_case(str(write_case())).load()

    assert [w.name for w in catalogue.pick_workloads(case, [])] == ["10", "100", "3333"]
    assert [w.name for w in catalogue.pick_workloads(case, ["L", "33"])] == ["33", "3333"]
    assert len(catalogue.pick_workloads(case, ["all"])) == 5
    with pytest.raises(AskedWrongly):
        catalogue.pick_workloads(case, ["XXL"])


def test_a_series_has_every_size(write_case: Callable[..., Path]) -> None:
    """A size that no workload lists is made by its series' recipe; what is no size of any series is unknown."""
    case = catalogue.find_case(str(write_case())).load()
    (unseen,) = catalogue.pick_workloads(case, ["70"])

    assert ("70", 70, "n", case.workloads[0].make) == (
        unseen.name,
        unseen.n,
        unseen.series,
        unseen.make,
    )
    assert ["10", "7", "70"] == [w.name for w in catalogue.pick_workloads(case, ["70", "7", "10"])]
    for name in ("070", "0", "-7", "7x", "7.5", "\u0667"):
        with pytest.raises(AskedWrongly):
            catalogue.pick_workloads(case, [name])
