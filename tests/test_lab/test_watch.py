"""Sources that change after they were read, and what looks like it but is none."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.lab.catalogue import Found, find_case
from harness.lab.sources import Watch
from harness.model.depended import Dependencies

SOURCES = {
    "__init__.py": '''
        """Which comes first?"""
        from harness import Case, exact, sweep
        case = Case(function="f", variants=("naive", "other"), workloads=sweep(lambda n, seed: (n,), n=(1, 2)), same=exact)
    ''',
    "naive.py": '"""Plain."""\ndef f(n):\n    return n\n',
    "other.py": '"""Helped."""\nfrom {name}.helper import g as f\n',
    "helper.py": "def g(n):\n    return n\n",
    "data.json": "1",
    "README.md": "# Story",
}


@pytest.fixture
def found(tmp_path: Path) -> Found:
    """A case in a folder."""
    import textwrap

    folder = tmp_path / f"case_{tmp_path.name.replace('-', '_')}"
    folder.mkdir()
    for name, text in SOURCES.items():
        (folder / name).write_text(textwrap.dedent(text.replace("{name}", folder.name)))
    return find_case(str(folder))


def touched(folder: Path) -> None:
    os.utime(folder / "naive.py", (1, 1))


def replaced_by_itself(folder: Path) -> None:
    """As an editor saves that writes beside the file and renames."""
    beside = folder / ".naive.py.tmp"
    beside.write_bytes((folder / "naive.py").read_bytes())
    beside.replace(folder / "naive.py")


def written_by_a_variant(folder: Path) -> None:
    """Whoever remembers answers in a file is found by a detector, and should hear that word."""
    (folder / "answers.json").write_text("{}")


def opened_in_editors(folder: Path) -> None:
    for name in (".README.md.swp", "naive.py~", "#naive.py#", "4913"):
        (folder / name).write_text("x")
    (folder / ".#naive.py").symlink_to("somebody@somewhere:1")


@pytest.mark.parametrize(
    "change",
    [
        touched,
        replaced_by_itself,
        opened_in_editors,
        written_by_a_variant,
        lambda folder: (folder / "README.md").write_text("# New"),
    ],
)
def test_what_changes_nothing_is_no_change(found: Found, change: Callable[[Path], object]) -> None:
    """Looked at twice: the second time the new stamps are known."""
    watch = Watch(found, found.load(), ("naive", "other"))
    change(found.folder)

    assert (None, None) == (watch.changed(), watch.changed())


def kept_in_time(folder: Path) -> None:
    """Another program of the same size, with the old time put back."""
    before = (folder / "naive.py").stat()
    (folder / "naive.py").write_text(
        (folder / "naive.py").read_text().replace("return n", "return 1")
    )
    os.utime(folder / "naive.py", ns=(before.st_atime_ns, before.st_mtime_ns))


def added(folder: Path) -> None:
    """A package goes before a module of the same name."""
    (folder / "helper").mkdir()
    (folder / "helper" / "__init__.py").write_text("def g(n):\n    return -n\n")


def deleted(folder: Path) -> None:
    (folder / "naive.py").unlink()


@pytest.mark.parametrize(
    ("change", "variant"),
    [
        (lambda folder: (folder / "other.py").write_text('"""New."""\n'), "other"),
        (lambda folder: (folder / "helper.py").write_text("def g(n):\n    return -n\n"), "naive"),
        (lambda folder: (folder / "data.json").write_text("2"), "naive"),
        (kept_in_time, "naive"),
        (added, "other"),
        (deleted, "naive"),
    ],
)
def test_another_program_is_noticed(
    found: Found, change: Callable[[Path], object], variant: str
) -> None:
    """A variant, what it imports, the case's data; the reference and the case's own files are everybody's."""
    watch = Watch(found, found.load(), ("naive", "other"))
    change(found.folder)

    assert [variant] * 2 == [str(watch.changed()).partition(" (")[0] for _ in range(2)]


def test_the_lab_is_watched_too(
    found: Found, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Workers import it anew."""
    from harness.lab import sources

    (tmp_path / "harness" / "judge").mkdir(parents=True)
    (tmp_path / "harness" / "judge" / "equality.py").write_text("1")
    case = found.load()
    monkeypatch.setattr(sources, "HOME", tmp_path)
    watch = Watch(found, case, ("naive",))
    (tmp_path / "harness" / "judge" / "equality.py").write_text("2")

    assert "the lab itself" == watch.changed()


def test_a_module_that_turns_out_to_be_installed_has_not_changed(found: Found) -> None:
    """A case of a wheel: what its source names is then observed as a file of a distribution."""
    watch = Watch(found, found.load(), ("naive",))
    module = str(found.folder / "naive.py")
    watch.learn("naive", Dependencies(modules=(module,), installed=(module,)))

    assert watch.changed() is None
