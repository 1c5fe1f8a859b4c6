"""A site on disk: written where it differs, checked byte for byte, and never among somebody else's files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.errors import AskedWrongly, StoreError
from harness.lab import publishing
from harness.lab.publishing import Written
from harness.model.published import Page

PAGES = (Page("index.html", b"start"), Page("cases/tiny.html", b"tiny"))
FROM = {"tiny/run.json": "00ff"}


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    """The rest keeps its time; what is made no more goes."""
    first = publishing.write(PAGES, FROM, tmp_path)
    os.utime(tmp_path / "index.html", (1, 1))
    second = publishing.write((PAGES[0], Page("new.html", b"new")), FROM, tmp_path)

    assert (Written(2, 0, 0), Written(1, 1, 1)) == (first, second)
    assert 1 == (tmp_path / "index.html").stat().st_mtime
    assert not (tmp_path / "cases" / "tiny.html").exists()


def test_every_difference_is_named(tmp_path: Path) -> None:
    """A changed, a missing and a left-over page; a result file that changed, is new, or is gone."""
    publishing.write(PAGES, {**FROM, "tiny/gone.json": "aa"}, tmp_path)
    (tmp_path / "index.html").write_bytes(b"altered")
    (tmp_path / "cases" / "tiny.html").unlink()
    found = list(
        publishing.problems(
            (*PAGES, Page("more.html", b"")),
            {"tiny/run.json": "beef", "tiny/new.json": "bb"},
            tmp_path,
        )
    )

    assert [
        "tiny/gone.json is gone since the site was made from it",
        "tiny/new.json is new since the site was made from it",
        "tiny/run.json has changed since the site was made from it",
        f"{tmp_path}/index.html is not what its sources say",
        f"{tmp_path}/cases/tiny.html is missing",
        f"{tmp_path}/more.html is missing",
    ] == found


def test_a_sound_site_has_no_problem(tmp_path: Path) -> None:
    """And a page that nothing makes any more is one."""
    publishing.write(PAGES, FROM, tmp_path)

    assert [] == list(publishing.problems(PAGES, FROM, tmp_path))
    assert [f"{tmp_path}/cases/tiny.html is made from nothing"] == list(
        publishing.problems(PAGES[:1], FROM, tmp_path)
    )


def test_other_folders_are_left_alone(tmp_path: Path) -> None:
    """An empty one and one of ours will do; anything else is refused, and so is a file."""
    publishing.require_ours(tmp_path / "new")
    publishing.write(PAGES, FROM, tmp_path / "ours")
    publishing.require_ours(tmp_path / "ours")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("years of work")

    for folder in ("other", "other/thesis.tex"):
        with pytest.raises(AskedWrongly):
            publishing.require_ours(tmp_path / folder)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"schema": "harness.site/9", "pages": {}, "made_from": {}}',
        '{"schema": "harness.site/1", "pages": {"../etc": "00"}, "made_from": {}}',
    ],
)
def test_a_strange_manifest_is_refused(tmp_path: Path, text: str) -> None:
    """Damaged, newer, or telling us to remove what lies outside."""
    (tmp_path / "site.json").write_text(text)
    with pytest.raises(StoreError, match=r"site\.json"):
        publishing.manifest(tmp_path)
