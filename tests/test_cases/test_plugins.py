"""Laws of the plugin case: what is installed is installed, every call is the first one, and the process is left as it was."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from cases.plugins import case, inputs, installed, least_seconds, nasty
from cases.plugins.contract import (
    GROUP,
    Disable,
    Enable,
    Event,
    Express,
    Paid,
    Placed,
    Quote,
    Refunded,
    Report,
    Routes,
    Rush,
    Step,
)
from cases.plugins.discovery import discover
from cases.plugins.inputs import Distribution, Made, install, loaded
from cases.plugins.scandir import discover as discover_by_hand
from cases.plugins.scandir import parsed
from cases.plugins.site import activated
from harness import Limits

ALL = case.variants
OURS = tuple(name for name in ALL if name not in case.rivals)
EVERY_HOOK = tuple(
    (hook, "return event.amount + 1") for hook in ("on_placed", "on_paid", "on_refunded", "quote")
)


def serve(variant: str, *arguments: Any) -> Report:
    module = (
        pytest.importorskip(f"cases.plugins.{variant}")
        if variant in case.rivals
        else importlib.import_module(f"cases.plugins.{variant}")
    )
    report: Report = module.serve(*arguments)
    return report


def speaker(
    name: str,
    order: int = 0,
    head: str = "",
    value: str = "",
    says: str = "return event.amount + 1",
) -> Made:
    value = value or f"speaker_{name}:plugin"
    return Made(name, value, order, tuple((hook, says) for hook, _ in EVERY_HOOK), head)


def desk(*made: Made) -> str:
    return install([one.distribution() for one in made])


# --------------------------------------------------------------------------- really installed


@pytest.fixture(scope="module")
def piped(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A package of this test, built and installed by pip into a folder of its own; nothing comes from a network."""
    if not find_spec("pip") or not find_spec("setuptools"):
        pytest.skip("needs pip and setuptools in this environment")
    source, site = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("site")
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "desk-greeter"\nversion = "3.1"\n'
        f'[project.entry-points."{GROUP}"]\ngreeter = "desk_greeter.hooks:plugin"\nabsent = "desk_greeter.absent"\n'
        '[project.scripts]\ngreet = "desk_greeter.hooks:main"\n'
        '[tool.setuptools]\npackages = ["desk_greeter"]\n'
    )
    (source / "desk_greeter").mkdir()
    (source / "desk_greeter" / "__init__.py").write_text("FEE = 7\n")
    (source / "desk_greeter" / "hooks.py").write_text(
        "from dataclasses import dataclass\n\nfrom desk_greeter import FEE\n\n\n"
        "@dataclass(frozen=True)\nclass Greeter:\n    order: int = 5\n\n    def on_placed(self, event):\n        return event.amount + FEE\n\n\n"
        "plugin = Greeter()\n"
    )
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--disable-pip-version-check",
    ]
    subprocess.run([*command, "--target", str(site), str(source)], check=True, capture_output=True)
    return str(site)


@pytest.mark.parametrize("variant", ALL)
def test_what_pip_installed_is_found(variant: str, piped: str) -> None:
    """A package built and installed by pip: every variant finds its plugin, calls it, and says what cannot be loaded."""
    report = serve(
        variant, piped, [], [Placed(1, 100), Paid(1, 100), Disable("greeter"), Placed(2, 100)]
    )

    assert (
        Report(
            ["greeter"], {"desk_greeter.absent": "ModuleNotFoundError"}, [[107], [], True, []], []
        )
        == report
    )


def test_ours_is_installed_the_way_pip_installs(piped: str) -> None:
    """The files that say what is installed are the same, and have the same form."""
    site = Path(desk(speaker("form")))
    (ours,) = importlib.metadata.distributions(path=[str(site)])
    (theirs,) = importlib.metadata.distributions(path=[piped])

    assert {"METADATA", "RECORD", "WHEEL", "INSTALLER", "entry_points.txt"} <= {
        file.name for file in theirs.files or ()
    }
    assert {"METADATA", "RECORD", "WHEEL", "INSTALLER", "entry_points.txt"} <= {
        file.name for file in ours.files or ()
    }
    assert {file for file in ours.files or () if file.suffix == ".pyc"}
    assert [(point.name, point.value, point.group) for point in ours.entry_points] == [
        ("form", "speaker_form:plugin", GROUP)
    ]


def test_pip_takes_ours_for_installed() -> None:
    """pip lists our packages in their folder, by name and version."""
    if not find_spec("pip"):
        pytest.skip("needs pip in this environment")
    site = desk(speaker("one"), speaker("two"))
    command = [
        sys.executable,
        "-m",
        "pip",
        "list",
        "--path",
        site,
        "--format",
        "json",
        "--disable-pip-version-check",
    ]
    listed = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    assert [
        {"name": "speaker-one", "version": "1.0"},
        {"name": "speaker-two", "version": "1.0"},
    ] == listed


def test_records_are_true() -> None:
    """Every file of a package is in its RECORD, with its digest and size, and every file in the folder is some package's."""
    site, _, _ = installed(12, 3)
    recorded = set()
    for distribution in importlib.metadata.distributions(path=[site]):
        for file in distribution.files or ():
            recorded.add(str(file))
            data = Path(str(distribution.locate_file(file))).read_bytes()
            if file.hash is not None:
                assert (
                    inputs._record_of(Path(site) / file) == f"sha256={file.hash.value},{len(data)}"
                )

    assert recorded == {
        str(path.relative_to(site)) for path in Path(site).rglob("*") if path.is_file()
    }


def test_by_hand_the_same_is_found_as_by_the_library() -> None:
    """Whatever the adversarial folders hold."""
    for site, handed, _ in nasty():
        with activated(site):
            expected = discover(site, [])
        with activated(site):
            found = discover_by_hand(site, [])

        assert list(expected.plugins) == list(found.plugins)
        assert expected.broken == found.broken
        del handed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "x",
        f"[{GROUP}]",
        f"[{GROUP}]\na=b",
        f" [{GROUP}] \r\n a = b:c [x] \r\n#n = m\r\n[y]\nd=e",
        f"[{GROUP}2]\na=b\n[{GROUP}]\nc = d",
    ],
)
def test_entry_points_are_read_as_the_library_reads_them(text: str) -> None:
    """Headers, comments, blanks and line ends."""
    points = importlib.metadata.EntryPoints._from_text_for(text, None) if "=" in text else ()  # type: ignore[attr-defined]

    assert [(p.name, p.value) for p in points if p.group == GROUP] == [
        (p.name, p.value) for p in parsed(text)
    ]


@pytest.mark.parametrize("n_bytes", [4096, 4097, 1 << 16, (1 << 16) + 1, 1 << 18])
@pytest.mark.parametrize("variant", ["naive", "scandir", "importer"])
def test_long_files_are_read_to_their_ends(variant: str, n_bytes: int) -> None:
    """Whatever else a package offers before its plugin, and wherever a block of the file ends."""
    made = speaker("late")
    offers = f"[{GROUP}]\nlate = {made.value}"
    others = "[others]\n" + "tool = others:main\n" * ((n_bytes - len(offers)) // 19 - 1)
    text = others + "#" * (n_bytes - len(others) - len(offers) - 1) + "\n" + offers
    site = install([Distribution("late", text, made.modules())])

    assert n_bytes == len(text)
    assert Report(["late"], {}, [[2]], []) == serve(variant, site, [], [Paid(1, 1)])


@pytest.mark.parametrize(
    ("seconds", "more", "said"), [(0, "", 1), (0, "\n", 2), (1, "", 2), (-1, "", 2)]
)
@pytest.mark.parametrize("variant", ALL)
def test_a_compiled_file_is_run_if_it_is_of_the_age_and_size_of_the_source(
    variant: str, seconds: int, more: str, said: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an upgrade left behind is not."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    old, new = speaker("upgraded", says="return 1"), speaker("upgraded", says="return 2")
    upgrades = (("speaker_upgraded.py", new.source() + more, seconds),)
    site = install(
        [Distribution("upgraded", old.distribution().entry_points, old.modules(), upgrades)]
    )

    assert [[said]] == serve(variant, site, [], [Paid(1, 1)]).outcomes
    assert inputs.is_unchanged(site)


@pytest.mark.parametrize("variant", ALL)
def test_a_package_goes_before_a_module_of_its_name(variant: str) -> None:
    """As the import system has it, whoever does its work."""
    package, module = speaker("both", says="return 1"), speaker("both", says="return 2")
    files = (("speaker_both/__init__.py", package.source()), *module.modules())
    site = install([Distribution("both", package.distribution().entry_points, files)])

    assert [[1]] == serve(variant, site, [], [Paid(1, 1)]).outcomes


# --------------------------------------------------------------------------- every call is the first one


@pytest.mark.parametrize("variant", ALL)
def test_every_call_imports_anew_and_leaves_the_process_as_it_was(variant: str) -> None:
    """A plugin's module runs once a call; path, finders, modules and listings are then what they were."""
    head = "import builtins\nbuiltins.desk_imports = getattr(builtins, 'desk_imports', 0) + 1"
    site = desk(
        speaker("counted", head=head),
        speaker("nested", value="nested_package.hooks:Registry.plugin"),
    )
    serve(variant, site, [], [])  # whatever the variant's library imports for itself
    before = sys.path[:], sys.meta_path[:], set(sys.modules), set(sys.path_importer_cache)
    sys.modules["builtins"].__dict__.pop("desk_imports")

    for calls in (1, 2, 3):
        report = serve(variant, site, [], [Placed(0, 0)])
        assert [[1, 1]] == report.outcomes
        assert calls == sys.modules["builtins"].__dict__["desk_imports"]
    assert before == (sys.path, sys.meta_path, set(sys.modules), set(sys.path_importer_cache))
    assert inputs.is_unchanged(site)


def test_the_process_is_left_as_it_was_after_an_error_too() -> None:
    """What ends the program ends the loan of the folder."""
    site = desk(speaker("left"))
    before = sys.path[:], sys.meta_path[:], set(sys.modules)

    with pytest.raises(KeyboardInterrupt), activated(site):
        importlib.import_module("speaker_left")
        raise KeyboardInterrupt
    assert before == (sys.path, sys.meta_path, set(sys.modules))


@pytest.mark.parametrize("variant", ALL)
def test_two_folders_with_modules_of_one_name_are_not_mixed_up(variant: str) -> None:
    """The second folder's plugin is that folder's, though its module is called the same."""
    first, second = desk(speaker("same", says="return 1")), desk(speaker("same", says="return 2"))

    assert [[[1]], [[2]], [[1]]] == [
        serve(variant, site, [], [Placed(0, 0)]).outcomes for site in (first, second, first)
    ]


INSTALLER = f"""
import pathlib

order = 0

def on_paid(event):
    info = pathlib.Path(__file__).with_name("late-1.0.dist-info")
    info.mkdir()
    (info / "entry_points.txt").write_text("[{GROUP}]\\nlate = installer:Late\\n")

class Late:
    order = 1
    on_placed = len
"""


@pytest.mark.parametrize(("variant", "seen"), [("naive", True), ("registry", False)])
def test_what_is_installed_while_the_program_runs_is_seen_by_the_one_that_looks_every_time(
    variant: str, seen: bool, tmp_path: Path
) -> None:
    """The price of a registry: only the naive desk knows a package that a plugin has just installed."""
    (tmp_path / "installer.py").write_text(INSTALLER)
    (tmp_path / "installer-1.0.dist-info").mkdir()
    (tmp_path / "installer-1.0.dist-info" / "entry_points.txt").write_text(
        f"[{GROUP}]\ninstaller = installer\n"
    )

    report = serve(
        variant, str(tmp_path), [], [Enable("late"), Paid(0, 0), Enable("late"), Placed(0, 0)]
    )

    assert [False, [], seen, [2] if seen else []] == report.outcomes


@pytest.mark.parametrize("variant", ["naive", "scandir", "importer", "cython"])
def test_what_is_installed_in_a_zip_file_is_found(variant: str, tmp_path: Path) -> None:
    """A folder that is none is left to the standard library."""
    site = tmp_path / "site.zip"
    with zipfile.ZipFile(site, "w") as packed:
        packed.writestr("zipped.py", "order = 0\non_paid = len\n")
        packed.writestr("zipped-1.0.dist-info/METADATA", "Name: zipped\nVersion: 1.0\n")
        packed.writestr("zipped-1.0.dist-info/entry_points.txt", f"[{GROUP}]\nzipped = zipped\n")

    assert serve(variant, str(site), [], [Paid(0, 0)]).outcomes == [[2]]


# --------------------------------------------------------------------------- hooks


@pytest.mark.parametrize("variant", ALL)
def test_plugins_are_called_in_their_order_and_the_newest_first(variant: str) -> None:
    """By order, then by name; who comes back goes to the front."""
    site = desk(
        *(
            speaker(name, order, says=f"return {number}")
            for number, (name, order) in enumerate([("c", 1), ("b", 1), ("a", 9), ("d", 0)])
        )
    )

    report = serve(
        variant,
        site,
        [],
        [
            Paid(1, 1),
            Disable("b"),
            Paid(1, 1),
            Enable("b"),
            Paid(1, 1),
            Disable("d"),
            Enable("d"),
            Paid(1, 1),
        ],
    )

    assert ["d", "b", "c", "a"] == report.started
    assert [[3, 1, 0, 2], [3, 0, 2], [1, 3, 0, 2], [3, 1, 0, 2]] == [
        outcome for outcome in report.outcomes if outcome is not True
    ]


@pytest.mark.parametrize("variant", ALL)
def test_who_is_behind_the_first_answer_is_not_asked(variant: str) -> None:
    """A plugin that would raise is not called for a quote that was answered, 0 being an answer."""
    site = desk(speaker("a", says="return 0"), speaker("b", says="raise ValueError"))

    assert Report(["a", "b"], {}, [0, [0]], [(1, "b", "ValueError")]) == serve(
        variant, site, [], [Quote(1, 1), Paid(1, 1)]
    )


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("variant", ALL)
def test_what_is_no_mistake_of_a_plugin_goes_through(
    variant: str, error: type[BaseException]
) -> None:
    """Ctrl-C ends the program, and does not count as a failure of whoever happened to be called."""
    site = desk(speaker("stop", says=f"raise {error.__name__}"), speaker("next", 1))

    for step in (Paid(1, 1), Quote(1, 1)):
        with pytest.raises(error):
            serve(variant, site, [], [step])
        with pytest.raises(error):
            serve(variant, "", loaded(site), [step])
    assert site not in sys.path


class Later(Rush):
    """Nobody had heard of this class when the desk was written."""


class Strange(Refunded, Paid):  # type: ignore[misc]  # two tuples, laid out alike
    """Two bases: the nearest counts."""


@pytest.mark.parametrize(
    "variant", [name for name in ALL if name not in {"naive", "registry", "prebound", "match"}]
)
def test_a_new_class_of_event_goes_where_its_nearest_base_goes(variant: str) -> None:
    """Tables of classes follow the order of bases; chains of isinstance follow their own, so only the others are asked about two bases."""
    site = desk(speaker("a", says="return type(event).__name__"))
    steps: list[Any] = [Later(1, 1), Express(1, 1), Later(1, 1)]

    assert [["Later"], ["Express"], ["Later"]] == serve(variant, site, [], steps).outcomes
    assert "on_refunded" == Routes()[Strange]


@pytest.mark.parametrize("variant", ALL)
def test_many_switches_leave_what_a_list_would(variant: str) -> None:
    """A model of five lines: names in a list, off removes, on inserts at the front."""
    import random

    source = random.Random(5)
    names = [f"n{number}" for number in range(6)]
    site = desk(
        *(speaker(name, number, says=f"return {number}") for number, name in enumerate(names))
    )
    model, script, expected = names[:], [], []
    for _ in range(300):
        name = source.choice(names)
        if source.random() < 0.5:
            script.append(Disable(name))
            expected.append(name in model)
            model = [one for one in model if one != name]
        else:
            script.append(Enable(name))
            expected.append(name not in model)
            model = model if name in model else [name, *model]
        script.append(Paid(0, 0))
        expected.append([int(one[1:]) for one in model])

    assert expected == serve(variant, "", loaded(site), script).outcomes


@pytest.mark.parametrize("first", [False, True])
def test_a_generated_function_does_what_the_loop_did(first: bool) -> None:
    """Before and after it is generated, failures and switches included."""
    from cases.plugins import fused

    site = desk(
        speaker("a", says="raise KeyError(1)"),
        speaker("b", says="return event.number or None"),
        speaker("c", says="return 3"),
    )
    event: Event = Quote(0, 0) if first else Paid(0, 0)
    script: list[Step] = (
        [event, event._replace(number=2)] * fused.HOT
        + [Disable("b"), event]
        + [event] * fused.HOT
        + [Enable("b"), event]
    )

    assert serve("by_type", "", loaded(site), script) == serve("fused", "", loaded(site), script)


# --------------------------------------------------------------------------- the libraries, by themselves


def test_pluggy_would_end_an_event_at_the_first_exception() -> None:
    """Why its hooks are guarded."""
    pluggy = pytest.importorskip("cases.plugins.pluggy")
    desk_of = pluggy.Desk({})
    desk_of.manager.register(Raises())

    with pytest.raises(ZeroDivisionError):
        desk_of.hooks["on_paid"](event=Paid(1, 1))


class Raises:
    """A plugin."""

    def on_paid(self, event: Paid) -> int:
        return event.amount // 0


def test_stevedore_leaves_nothing_for_the_next_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file in the user's cache folder is not written, its table of groups stays empty."""
    pytest.importorskip("stevedore")
    from stevedore.extension import ExtensionManager

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    serve("stevedore", desk(speaker("kept")), [], [Paid(1, 1)])

    assert [] == list(tmp_path.iterdir())
    assert GROUP not in ExtensionManager.ENTRY_POINT_CACHE


# --------------------------------------------------------------------------- inputs and bound


def test_a_spoiled_folder_is_noticed_and_made_again() -> None:
    """A file more, or one changed, and it is another folder."""
    packages = [speaker("spoiled").distribution()]
    site = Path(install(packages))
    (site / "index.json").write_text("{}")
    noticed = inputs.is_unchanged(str(site))

    assert not noticed
    assert str(site) == install(packages)
    assert inputs.is_unchanged(str(site))


def test_other_seeds_install_other_packages() -> None:
    """And equal seeds the same folder, which can be made twice at once."""
    assert installed(5, 1)[0] == installed(5, 1)[0]
    assert installed(5, 1)[0] != installed(5, 2)[0]


def test_there_are_plugins_that_fail_and_packages_that_are_broken() -> None:
    """A workload in which nothing ever goes wrong would measure another question."""
    site, handed, script = installed(100, 0)
    report = serve("backwards", site, handed, script)
    arguments = next(workload for workload in case.workloads if workload.name == "50").arguments()
    served = serve("backwards", *arguments)

    assert 1 <= len(report.broken) <= 10
    assert len(report.started) + len(report.broken) == 100
    assert 10 < len(served.failures) < 4000
    assert {True, False} >= {outcome for outcome in served.outcomes if isinstance(outcome, bool)}
    assert any(
        isinstance(outcome, int)
        for step, outcome in zip(arguments[2], served.outcomes, strict=True)
        if isinstance(step, Quote)
    )


def test_the_bound_counts_the_calls_that_were_made() -> None:
    """With a call that costs a second and nothing else: as many seconds as numbers were said and exceptions raised, quotes apart."""
    site = desk(speaker("a"), speaker("b", says="raise ValueError"), speaker("c", says="return 0"))
    script: list[Step] = [
        Paid(1, 1),
        Disable("a"),
        Paid(1, 1),
        Enable("a"),
        Enable("a"),
        Rush(1, 1),
        Quote(1, 1),
        Disable("x"),
    ]
    limits = Limits({1: 1.0}, {1: 1.0}, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0)

    assert least_seconds(limits, "", loaded(site), script) == 3 + 2 + 3 + 1
    assert least_seconds(limits, site, [], script) == 3 + 2 + 3 + 1 + 3


def test_packages_without_entry_points_are_no_plugins() -> None:
    """Most of what is installed anywhere is of this kind."""
    site = install(
        [
            Distribution("lib", None, (("lib.py", "raise SystemExit\n"),)),
            speaker("only").distribution(),
        ]
    )

    assert ["only"] == serve("scandir", site, [], []).started
