"""``report`` through the real command line: a site from a store, checked byte for byte, and looked at in a real browser."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.lab import store
from harness.lab.history import files
from harness.model.measured import Roof, Run
from harness.show import flamegraph
from harness.show.site.pages import SHOWN_RUNS
from tests.browser import SCHEMES, SIZES, Browser, chromium
from tests.fakes.runs import fake_run
from tests.fakes.sweeps import fake_sweep
from tests.repositories import commit
from tests.test_show.test_site import broken_run, whole_site

HOME = Path(__file__).parents[2]
for name in ("jinja2", "matplotlib", "asv"):
    pytest.importorskip(name)


def harness(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(HOME), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "harness", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, env=environment
    )


def run_of(place: int) -> Run:
    """The broken run, each time of another minute."""
    return replace(
        broken_run(),
        id=f"20260101T12{place:02}00Z-0123abcd",
        started=f"2026-01-01T12:{place:02}:00Z",
    )


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store and the site made from it: two runs, a sweep, a profile, and a history of one commit."""
    folder = tmp_path_factory.mktemp("project")
    (folder / ".gitignore").write_text("results/\nsite/\n")
    (folder / "asv.conf.json").write_bytes((HOME / "asv.conf.json").read_bytes())
    measured = commit(folder, "one")
    results = folder / "results"
    roofs = (
        Roof("memory", bytes_per_second=1e10),
        Roof("multiply-adds, one core", operations_per_second=1e10),
    )
    for place in range(2):
        store.write(replace(run_of(place), roofs=roofs), results)
    sweep = fake_sweep({"naive": lambda n: n * 1e-6, "quick": lambda n: 2e-5 + n * 1e-8})
    store.write(replace(sweep, id="20260102T120000Z-0123abcd"), results)
    kept = (
        results
        / "tiny"
        / "profiles"
        / "20260101T120000Z-abcd1234-00000000"
        / "10-naive.speedscope.json"
    )
    kept.parent.mkdir(parents=True)
    kept.write_bytes(flamegraph.speedscope(whole_site().cases[0].profiles[0]))
    files.write_json({}, folder / ".asv" / "results" / "benchmarks.json")
    added = harness(
        folder, "history", "add", store.file_of(run_of(0), results), "--commit", measured
    )
    assert not added.returncode, added.stderr
    ended = harness(folder, "report", "--store", results, "-q")
    assert not ended.returncode, ended.stderr
    return folder


def test_the_site_is_whole_and_verified(published: Path) -> None:
    """Every page there is, none twice written, and each byte as its sources say."""
    again = harness(published, "report", "--store", "results", "-q")
    verified = harness(published, "report", "--store", "results", "--verify")

    assert "0 files written" in again.stdout
    assert 0 == verified.returncode, verified.stdout
    assert re.search(
        r"site: \d+ files, each byte as 4 result files and the sources say", verified.stdout
    )
    assert {"index.html", "methods.html", "history.html"} <= {
        path.name for path in (published / ".perflab" / "site").glob("*.html")
    }


def test_one_altered_sample_is_found_and_named(published: Path) -> None:
    """In the last digit of one sample, and sealed anew: exit 3, the result file and the pages that would show it; put back, all is well again."""
    path = store.file_of(run_of(1), published / "results")
    sound = path.read_bytes()
    suite = json.loads(sound)
    suite["benchmarks"][1]["runs"][0]["values"][0] += 1e-9
    path.write_bytes(store.seal(json.dumps(suite).encode()))
    altered = harness(published, "report", "--store", "results", "--verify")
    path.write_bytes(sound)

    assert 3 == altered.returncode
    assert f"tiny/{path.name} has changed since the site was made from it" in altered.stdout
    assert "site/figures/tiny-0-samples.svg is not what its sources say" in altered.stdout
    assert 0 == harness(published, "report", "--store", "results", "--verify").returncode


def _with_a_flipped_bit(sound: bytes) -> bytes:
    """In a digit of the first sample: still JSON, still a number."""
    place = sound.index(b'"values"') + len(b'"values": [')
    while not sound[place : place + 1].isdigit():
        place += 1
    return sound[:place] + bytes([sound[place] ^ 1]) + sound[place + 1 :]


def test_one_flipped_bit_is_found_and_named(published: Path) -> None:
    """Without a new seal the file itself is refused."""
    path = store.file_of(run_of(1), published / "results")
    sound = path.read_bytes()
    path.write_bytes(_with_a_flipped_bit(sound))
    altered = harness(published, "report", "--store", "results", "--verify")
    path.write_bytes(sound)

    assert (6, True) == (altered.returncode, path.name in altered.stderr)


def test_an_altered_page_is_found(published: Path) -> None:
    """A number made nicer by hand."""
    page = published / ".perflab" / "site" / "cases" / "tiny.html"
    sound = page.read_bytes()
    page.write_bytes(sound.replace(b"10.0 ", b"99.0 ", 1))
    altered = harness(published, "report", "--store", "results", "--verify")
    page.write_bytes(sound)

    assert (3, ".perflab/site/cases/tiny.html is not what its sources say") == (
        altered.returncode,
        altered.stdout.splitlines()[0],
    )


def test_a_damaged_result_file_stops_the_site(published: Path, tmp_path: Path) -> None:
    """Exit 6 with its name; nothing is written without it."""
    (tmp_path / "results" / "tiny").mkdir(parents=True)
    (tmp_path / "results" / "tiny" / "20260101T120000Z-abcd1234-0123abcd.json").write_text("{")
    ended = harness(tmp_path, "report", "--store", "results")

    assert 6 == ended.returncode
    assert "20260101T120000Z" in ended.stderr
    assert not (tmp_path / ".perflab" / "site").exists()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("report", "--verify"), "there is no site"), (("report",), "there is no run"), (("report", "-o", "."), "is not empty"),
        (("report", "--check"), "--check looks at READMEs"), (("report", "--verify", "--readme", "dedupe"), "three different things"),
        (("report", "--vendor", "nowhere"), "nowhere"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(tmp_path: Path, asked: tuple[str, ...], said: str) -> None:
    """Exit 2, with the value and the remedy."""
    (tmp_path / "file").write_text("")
    ended = harness(tmp_path, *asked)

    assert 2 == ended.returncode
    assert said in ended.stderr


def test_a_list_of_runs_stays_short(tmp_path: Path) -> None:
    """However many there are: the curves have them all."""
    for place in range(SHOWN_RUNS + 3):
        store.write(
            replace(fake_run(), id=f"20260101T12{place:02}00Z-0123abcd"), tmp_path / "results"
        )
    assert 0 == harness(tmp_path, "report", "--store", "results", "-q").returncode
    page = (tmp_path / ".perflab" / "site" / "cases" / "tiny.html").read_text()

    assert SHOWN_RUNS == page.count("<li><code>20260101T12")
    assert f"{SHOWN_RUNS + 3} complete runs" in page


# --------------------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for all pages."""
    with chromium() as started:
        yield started


def addresses(site: Path) -> list[str]:
    """The pages of the made-up case, and those that every site has."""
    found = [*site.glob("*.html"), site / "cases" / "tiny.html", *site.glob("machines/*.html")]
    return [path.as_uri() for path in sorted(found)]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [width for width, _ in SIZES])
def test_every_page_opens_clean(published: Path, browser: Browser, width: int, scheme: str) -> None:
    """No console error, no request outside the folder, nothing wider than the window, nothing serious for axe-core."""
    top = (published / ".perflab" / "site").as_uri()
    for address in addresses(published / ".perflab" / "site"):
        seen = browser.look(address, width=width, scheme=scheme, axe=True)

        assert ([], []) == (seen.errors, seen.violations), address
        assert not [asked for asked in seen.asked if not asked.startswith((top, "data:"))], address
        assert seen.wider <= 0, address


def test_every_page_is_two_clicks_from_the_start(published: Path, browser: Browser) -> None:
    """All that the manifest lists as a page."""
    site = published / ".perflab" / "site"
    one = {link.partition("#")[0] for link in browser.look((site / "index.html").as_uri()).links}
    two = one | {link.partition("#")[0] for address in one for link in browser.look(address).links}
    pages = [
        name
        for name in json.loads((site / "site.json").read_text())["pages"]
        if name.endswith(".html")
    ]

    assert {(site / name).as_uri() for name in pages} <= two


def test_the_history_of_commits_is_a_page(published: Path) -> None:
    """With the commit that was filed, and where asv's own pages would be."""
    page = (published / ".perflab" / "site" / "history.html").read_text()

    assert "tiny/10/quick" in page
    assert "--vendor FOLDER" in page
