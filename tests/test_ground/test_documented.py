"""What the documents say exists: commands, options, links, tables, and blocks that are what their result files say."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from harness.cli import cli
from harness.errors import ExitCode
from harness.model import Status

HOME = Path(__file__).parents[2]
PAGES = (
    [HOME / name for name in ("README.md", "CONTRIBUTING.md")]
    + sorted((HOME / "docs").glob("*.md"))
    + sorted((HOME / "cases").glob("*/README.md"))
)
COMMAND = re.compile(r"(?:python -m harness|^perflab|`perflab) ([^\n`|]*)")


def spoken() -> list[tuple[str, str]]:
    """Every command that a page mentions, with the page; what is marked as planned does not count."""
    return [
        (str(page.relative_to(HOME)), line_match[1])
        for page in PAGES
        for line in page.read_text().splitlines()
        if "planned" not in line
        for line_match in COMMAND.finditer(line)
    ]


@pytest.mark.parametrize(("page", "command"), spoken())
def test_documented_commands_exist(page: str, command: str) -> None:
    """The command exists, and so does every option it is shown with."""
    words = shlex.split(re.split(r"\s{2,}#|\s#|\s{3,}|[;&>]", command.replace("…", ""))[0].rstrip(".,:)"))
    if not words or words[0].startswith(("-", "CASE", "<")):
        return
    context = click.Context(cli)
    found = cli.get_command(context, words[0])
    assert found is not None, f"{page}: there is no command {words[0]!r}"
    known = {option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts)} | {"--help", "-h"}

    assert [word for word in words[1:] if word.startswith("-") and word != "-" and word.partition("=")[0] not in known] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(HOME)))
def test_links_lead_somewhere(page: Path) -> None:
    """Relative links name files that are there."""
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text())

    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(HOME)))
def test_make_targets_exist(page: Path) -> None:
    """`make x` is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", (HOME / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"`make ([a-z]+)`", page.read_text())) <= targets


def test_the_exit_codes_are_those_of_the_program() -> None:
    """The table in the README lists every exit code, and no other."""
    table = {
        int(code) for row in re.findall(r"^\| ([\d /]+) \|", (HOME / "README.md").read_text(), re.MULTILINE) for code in row.split("/")
    }

    assert table == {int(code) for code in ExitCode}


def test_every_status_word_is_explained() -> None:
    """docs/measuring.md has a row for each word a result can end with."""
    text = (HOME / "docs" / "measuring.md").read_text()

    assert [status for status in Status if f"`{status}`" not in text] == []


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if re.search("^<!-- results:begin", page.read_text(), re.MULTILINE)],
    ids=lambda page: str(page.relative_to(HOME)),
)
def test_blocks_of_results_are_what_their_files_say(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No figure is written by hand: generating the block again changes nothing."""
    from click.testing import CliRunner

    from harness.commands.report import command

    monkeypatch.chdir(HOME)
    ended = CliRunner().invoke(command, ["--readme", str(page), "--check", "--store", "results"])

    assert ended.exit_code == 0, ended.output
