"""What the server answers, by its own rules: what has an address, under which policy, and what never leaves the folder."""

from __future__ import annotations

import os
from http import HTTPStatus
from pathlib import Path

import pytest

from harness.lab.serving import Made, Served, locate, respond


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with a secret beside it, links out of it and within it, and things that are no files."""
    folder = tmp_path / "site"
    (folder / "cases").mkdir(parents=True)
    (folder / "asv").mkdir()
    (folder / "empty").mkdir()
    (folder / ".hidden").mkdir()
    for name in (
        "index.html",
        "cases/tiny.html",
        "asv/index.html",
        "a b.svg",
        "x.bin",
        ".hidden/x",
        ".secret",
    ):
        (folder / name).write_text(name)
    (tmp_path / "secret").write_text("secret")
    (folder / "out").symlink_to(tmp_path / "secret")
    (folder / "away").symlink_to(tmp_path)
    (folder / "loop").symlink_to("loop")
    (folder / "within.html").symlink_to("index.html")
    os.mkfifo(folder / "pipe")
    return folder


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "index.html"), ("/index.html", "index.html"), ("/cases/tiny.html", "cases/tiny.html"), ("/asv/", "asv/index.html"),
        ("/a%20b.svg", "a b.svg"), ("/within.html", "index.html"),
    ],
)  # fmt: skip
def test_files_have_addresses(site: Path, path: str, name: str) -> None:
    """A folder is its index.html; a link within the folder is what it leads to."""
    assert site / name == locate(site, path)


@pytest.mark.parametrize(
    "path",
    [
        "/..", "/../secret", "/%2e%2e/secret", "/%2E%2E%2fsecret", "/cases/../../secret", "/..%5csecret", "/\\secret", "//secret", "/cases//tiny.html",
        "/.secret", "/.hidden/x", "/cases/.", "/./index.html", "/out", "/away/secret", "/loop", "/empty/", "/cases", "/index.html/", "/nothing",
        "/index.html%00", "/%0aindex.html", "/%ff", "", "index.html", "http://127.0.0.1/index.html", "*", "/" + "a" * 5000, "/" + "a/" * 3000,
    ],
)  # fmt: skip
def test_nothing_else_has(site: Path, path: str) -> None:
    """Ways up in every spelling, hidden names, links that lead out, folders themselves, and what is no path."""
    assert respond(Served(site, {}), path).status is HTTPStatus.NOT_FOUND


def test_what_is_no_file_is_not_opened(site: Path) -> None:
    """A pipe would hang us."""
    assert respond(Served(site, {}), "/pipe").status is HTTPStatus.NOT_FOUND


@pytest.mark.parametrize(
    ("path", "kind", "allowed"),
    [
        ("/index.html", "text/html; charset=utf-8", "style-src 'self'"), ("/a%20b.svg", "image/svg+xml", "style-src 'unsafe-inline'"),
        ("/asv/index.html", "text/html; charset=utf-8", "script-src 'self'"), ("/x.bin", "application/octet-stream", "style-src 'self'"),
    ],
)  # fmt: skip
def test_every_kind_has_its_policy(site: Path, path: str, kind: str, allowed: str) -> None:
    """Scripts for airspeed velocity's pages alone, and only those of the folder; nothing is framed, nothing is sent anywhere."""
    answer = respond(Served(site, {}), path)

    assert (HTTPStatus.OK, kind) == (answer.status, answer.kind)
    assert allowed in answer.policy
    assert ("script-src" in answer.policy) is path.startswith("/asv/")
    for rule in (
        "default-src 'none'",
        "frame-ancestors 'none'",
        "form-action 'none'",
        "base-uri 'none'",
    ):
        assert rule in answer.policy
    assert "unsafe-eval" not in answer.policy
    assert "script-src 'self';" in answer.policy or "script-src" not in answer.policy


def test_pages_made_anew_come_first(site: Path) -> None:
    """Asked for each time."""
    count = iter(range(9))
    served = Served(
        site, {"/live.html": lambda question: Made(f"{next(count)}{question}".encode(), ".html")}
    )

    assert [b"0", b"1x"] == [
        respond(served, "/live.html").body,
        respond(served, "/live.html?x").body,
    ]


def test_a_changed_file_has_another_tag(site: Path) -> None:
    """Which a browser asks with next time."""
    before = respond(Served(site, {}), "/index.html").more["ETag"]
    (site / "index.html").write_text("other")

    assert before != respond(Served(site, {}), "/index.html").more["ETag"]
