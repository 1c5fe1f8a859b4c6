"""What the documents say exists: commands, options, links, tables, and blocks that are what their result files say."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path

import click
import pytest

from harness.cli import COMMANDS, cli
from harness.errors import ExitCode
from harness.lab import catalogue
from harness.model.declared import NOT_EQUIVALENT, Status

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


def helped() -> list[tuple[str, str]]:
    """Every command that a help page mentions, with the command whose page it is."""
    pages = []
    for name in COMMANDS:
        found = cli.get_command(click.Context(cli), name)
        assert found is not None
        inner = found.commands.values() if isinstance(found, click.Group) else ()
        pages += [(f"{name} --help", one.help or "") for one in (found, *inner)]
    return [
        (page, found[1])
        for page, text in pages
        for line in text.splitlines()
        for found in COMMAND.finditer(line)
    ]


def words_of(command: str) -> list[str]:
    """The words of a command without what a shell or a reader would drop: comments, redirections, a full stop."""
    command = command.partition(" -- ")[0]  # what follows is another command's
    return shlex.split(
        re.split(r"\s{2,}#|\s#|\s{3,}|[;&>]", command.replace("…", ""))[0].rstrip(".,:)")
    )


@pytest.mark.parametrize(("page", "command"), [*spoken(), *helped()])
def test_documented_commands_exist(page: str, command: str) -> None:
    """The command exists, and so does every option it is shown with."""
    words = words_of(command)
    if not words or words[0].startswith(("-", "CASE", "<")):
        return
    context = click.Context(cli)
    found = cli.get_command(context, words[0])
    assert found is not None, f"{page}: there is no command {words[0]!r}"
    if isinstance(found, click.Group) and len(words) > 1 and not words[1].startswith("-"):
        inner = found.get_command(context, words[1])
        assert inner is not None, f"{page}: there is no command {words[0]} {words[1]!r}"
        found = inner
    known = {
        option
        for parameter in found.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    } | {"--help", "-h"}

    assert [
        word
        for word in words[1:]
        if word.startswith("-") and word != "-" and word.partition("=")[0] not in known
    ] == []


@pytest.mark.parametrize(
    ("page", "command"), [pair for pair in spoken() if re.search(r" -[wV] ", pair[1])]
)
def test_documented_sizes_and_variants_exist(page: str, command: str) -> None:
    """What follows -w and -V is a workload or a variant of the cases the command names."""
    words = words_of(command)
    cases = [found.load() for name, found in catalogue.find_cases().items() if name in words]
    asked = list(itertools.pairwise(words))

    assert cases, f"{page}: {command} names no case"
    for case in cases:
        sizes = {"S", "M", "L", "all", *(workload.name for workload in case.workloads)}
        assert {value for option, value in asked if option in {"-w", "--workload"}} <= sizes
        assert {value for option, value in asked if option in {"-V", "--variant"}} <= set(
            case.variants
        )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name: str) -> None:
    """The README shows each command once at least."""
    assert any(
        page == "README.md" and words_of(command)[:1] == [name] for page, command in spoken()
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(HOME)))
def test_links_lead_somewhere(page: Path) -> None:
    """Relative links name files that are there."""
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text())

    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(HOME)))
def test_make_targets_exist(page: Path) -> None:
    """`make x`, in a sentence or in a block, is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", (HOME / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"(?:^|`)make ([a-z]+)\b", page.read_text(), re.MULTILINE)) <= targets


def test_every_phony_target_has_a_rule() -> None:
    """A name in .PHONY without a rule would be answered by "nothing to be done" and success."""
    text = (HOME / "Makefile").read_text()
    phony = re.findall(r"^\.PHONY: (.*)", text, re.MULTILINE)[0].split()

    assert set(phony) <= set(re.findall(r"^([a-z]+):", text, re.MULTILINE))


@pytest.mark.parametrize("page", ["README.md", "docs/design.md"])
def test_the_exit_codes_are_those_of_the_program(page: str) -> None:
    """The table lists every exit code, and no other."""
    table = {
        int(code)
        for row in re.findall(r"^\| ([\d /]+) \|", (HOME / page).read_text(), re.MULTILINE)
        for code in row.split("/")
    }

    assert table == {int(code) for code in ExitCode}


def test_every_status_word_is_explained() -> None:
    """docs/measuring.md has a row for each word a result can end with, and no other; exit 3 is what is not equivalent."""
    rows = dict(
        re.findall(
            r"^\| `([a-z-]+)` \|.*\| (\d) \|$",
            (HOME / "docs" / "measuring.md").read_text(),
            re.MULTILINE,
        )
    )

    assert set(rows) == set(Status)
    assert {word for word, code in rows.items() if code == "3"} == NOT_EQUIVALENT


@pytest.mark.parametrize(
    "page",
    [
        page
        for page in PAGES
        if re.search(
            "^<!-- (results|sweep|selftest|alike|profile):begin", page.read_text(), re.MULTILINE
        )
    ],
    ids=lambda page: str(page.relative_to(HOME)),
)
def test_blocks_of_results_are_what_their_files_say(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No figure is written by hand: generating the block again changes nothing."""
    from click.testing import CliRunner

    from harness.commands.report import command

    monkeypatch.chdir(HOME)
    monkeypatch.delenv(
        "PERFLAB_STORE"
    )  # whatever was measured here: a block is held to its own run
    ended = CliRunner().invoke(command, ["--readme", str(page), "--check"])

    assert ended.exit_code == 0, ended.output
