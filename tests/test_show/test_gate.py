"""What the gate shows: the same verdict everywhere, nothing hidden, and no string of somebody else's that does anything."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from math import inf, nan
from typing import Any
from unicodedata import category
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.cells import cell_len
from rich.console import Console

from harness.errors import StoreError
from harness.model.declared import Status, Verdict
from harness.model.gated import Gap, GateReport, GateVerdict, Metric
from harness.model.judged import Estimate
from harness.model.measured import Key, Machine
from harness.show import gate, gate_document
from harness.show.gate_document import (
    MOST_BYTES,
    MOST_CHARACTERS,
    MOST_KEYS,
    read_report,
    report_bytes,
)
from tests.fakes.gates import BASE, fake_crowd, fake_everything, fake_gate, fake_hostile, fake_key

from .rows import HOSTILE

ATTACKS = (
    HOSTILE,
    "<script>alert(1)</script>",
    "</code></details><img src=x onerror=y>",
    "```\n# out of the fence\n```",
    "`` ` ```",
    "a | b \\| c \\",
    "::error file=x::owned",
    "\n::set-output name=x::y",
    "##[error]owned",
    "\x1b]0;owned\x07",
    "[/x][bold]",
    "@someone and @some-org/team, a@b.example",
    "\u202eevil\u2066\u200b",
    "NUL \x00 FFFE \ufffe half \ud800",
    "[a](http://b.example) ![c](d) <http://e.example> www.f.example http://g.example",
    "#12 GH-3 :tada: **bold** _it_ ~~no~~ $x$ &lt; &#64;someone",
    "]]> <!-- --> %0A%25,:",
)
REPORTS = (fake_everything(), fake_gate(), fake_gate(noisy=True), *map(fake_hostile, ATTACKS))


def printed(report: GateReport, *, width: int = 80) -> str:
    """What a terminal shows."""
    buffer = io.StringIO()
    gate.print_report(Console(file=buffer, width=width), report)
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines())


def crashed(variant: str = "pool") -> Gap:
    """A variant that could not be measured."""
    return Gap("dedupe", variant, "crashed", "signal 11")


# --------------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("report", "line"),
    [
        (
            fake_gate(fake_key(verdict=Verdict.SLOWER)),
            "REGRESSION: dedupe/myers_c is 2.1 % slower (1.8..2.4), confirmed",
        ),
        (
            fake_gate(fake_key(verdict=Verdict.SLOWER, metric=Metric.INSTRUCTIONS)),
            "REGRESSION: dedupe/myers_c executes 2.1 % more instructions (1.8..2.4), confirmed",
        ),
        (
            fake_gate(
                fake_key("naive"),
                fake_key("a", Verdict.SLOWER),
                replace(fake_key("b", Verdict.SLOWER), ratio=Estimate(2.5, 2.0, 3.0)),
            ),
            "REGRESSION: 2 of 3 keys slower; worst: dedupe/b is 150 % slower (100..200), confirmed",
        ),
        (
            fake_gate(fake_key("a"), fake_key("b"), fake_key("c"), unchanged=52),
            "PASS: 3 keys compared, none slower; 52 unchanged; smallest effect this run could have seen: 0.4 %",
        ),
        (
            fake_gate(fake_key("a"), fake_key("b", Verdict.FASTER, effect=0.0123)),
            "PASS: 2 keys compared, none slower; 1 faster; smallest effect this run could have seen: 1.2 %",
        ),
        (fake_gate(unchanged=52), "PASS: nothing to compare; 52 unchanged"),
        (
            fake_gate(
                fake_key(), fake_key(verdict=Verdict.SLOWER, metric=Metric.AVERAGE, effect=0.02)
            ),
            "REGRESSION: dedupe/myers_c is 2.1 % slower on average (1.8..2.4), confirmed",
        ),
        (
            fake_gate(
                fake_key(), fake_key(verdict=Verdict.UNCLEAR, metric=Metric.AVERAGE, effect=0.034)
            ),
            (
                "PASS: 1 key compared, none slower; smallest effect this run could have seen: 0.4 % "
                "(of the average call: 3.4 %)"
            ),
        ),
        (
            fake_gate(missing=(crashed(), crashed("other"))),
            "NOT MEASURED: dedupe/pool: crashed: signal 11; and 1 more",
        ),
        (
            fake_gate(
                fake_key(verdict=Verdict.SLOWER),
                wrong=(Gap("dedupe", "f32", "wrong-answer", "value differs"),),
            ),
            "NOT EQUIVALENT: dedupe/f32: wrong-answer: value differs; 1 slower",
        ),
        (
            fake_gate(fake_key("a"), fake_key("b", Verdict.UNCLEAR)),
            "INCONCLUSIVE: 1 of 2 keys unclear; smallest effect this run could have seen: 0.4 %",
        ),
        (
            fake_gate(noisy=True, notes=("too noisy: try again",)),
            "INCONCLUSIVE: too noisy: try again",
        ),
    ],
)
def test_the_verdict_in_one_line(report: GateReport, line: str) -> None:
    """The word first, then the reason with its number, its interval and what could not have been seen."""
    assert line == gate.verdict_line(report)
    assert line[:60] in printed(report, width=200)


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.021, "+2.1 %"),
        (-0.2, "-20.0 %"),
        (0.0004, "+0.04 %"),
        (-0.000001, "0.00 %"),
        (0.0, "0.00 %"),
        (1.5, "+150 %"),
        (1e9, "+1.0e+11 %"),
    ],
)
def test_percentages_have_the_digits_they_deserve(share: float, shown: str) -> None:
    """Two decimals below a tenth of a percent, and no minus before a zero."""
    assert shown == gate.percent(share)


# --------------------------------------------------------------------------- terminal


def test_the_whole_report_at_eighty_columns() -> None:
    """Gravest first, then what was not compared, the conditions, and how to do it again."""
    assert [
        "NOT EQUIVALENT: dedupe/float32: wrong-answer: value differs at answer[3]; 1",
        "slower",
        "89abcdef0123 with uncommitted changes against main (0123456789ab), tolerance 1.0",
        "%, 61 s",
        "key                metric     base  change         95 % smallest verdict",
        "dedupe/640/myers_c time    12.3 µs  +2.1 %   +1.8..+2.4    0.4 % slower *",
        "dedupe/640/myers_c instr.    45.6k  +2.1 %   +1.8..+2.4    0.4 % slower *",
        "dedupe/640/myers   time    12.3 µs  +0.8 %   -1.0..+3.0    0.4 % unclear",
        "dedupe/640/banded  time    12.3 µs -20.0 % -21.0..-19.0    0.4 % faster",
        "dedupe/640/naive   time    12.3 µs +0.04 %   -0.2..+0.3    0.4 % same",
        "dedupe/640/naive   average 12.3 µs  +0.8 %   -1.0..+3.0    3.4 % no finding",
        "  * confirmed by fresh processes",
        "  not equivalent: dedupe/float32: wrong-answer: value differs at answer[3]",
        "  not measured: dedupe/pool: timeout: no answer after 30 s",
        "  1 added: dedupe (matrix_c)",
        "  3 unchanged: topk (variant0, variant1, variant2)",
        "  dedupe/640/myers (time): slower at first, but fresh processes did not repeat",
        "  it",
        "  average and instructions hold work that recurs within the calls of a process;",
        "  fewest: 400 calls (dedupe/640/myers_c)",
        "  3 keys: one process",
        "  1 key: two processes: module state",
        "  1 key: callgrind",
        "  control: unrelated code -0.01 % (-0.1..+0.1)",
        "  machine check: identical code against itself +0.01 % (-0.1..+0.1); smallest",
        "  slowdown it could show: 0.6 %",
        "  machine: A processor, 2 cores, Linux 6, CPython 3.11.7",
        "  note: dedupe: the inputs changed; both sides are measured on the new ones",
        "again: python -m harness gate --against main",
    ] == printed(fake_everything()).splitlines()


@pytest.mark.parametrize("width", [20, 40, 60, 80, 81, 120, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """Columns leave, least important first; change and verdict stay from 50 columns on."""
    lines = printed(fake_everything(), width=width).splitlines()

    assert max(map(cell_len, lines)) <= width
    assert width < 50 or any("+2.1 %" in line and "slower" in line for line in lines)


def test_a_console_of_another_encoding_gets_ascii() -> None:
    """cp1252 without a traceback, and everything still there."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="cp1252")
    gate.print_report(Console(file=stream, width=120), fake_everything())
    stream.flush()

    assert raw.getvalue().isascii()
    assert b"12.3 us" in raw.getvalue()


def test_plain_where_colours_are_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR and TERM=dumb: not one escape sequence."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")

    assert "\x1b" not in printed(fake_everything())


def test_what_was_not_measured_is_not_a_number() -> None:
    """A key without ratio, effect or base value is shown with dashes, not left out."""
    key = replace(
        fake_key(verdict=Verdict.UNCLEAR), ratio=None, smallest_effect=None, base_value=None
    )
    report = replace(fake_gate(key), control=None, machine_check=None, machine_effect=None)

    assert [
        "dedupe/640/myers_c",
        "time",
        "–",
        "–",
        "–",
        "unclear",
        "6",
        "one",
        "process",
    ] == printed(report).splitlines()[3].split()
    assert "control: none rode along" in printed(report)
    assert "machine check: not needed" in printed(report)
    assert "| – | – |  | – | unclear |" in gate.markdown(report)


# --------------------------------------------------------------------------- hostile strings


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("width", [40, 80, 300])
def test_the_terminal_shows_hostile_strings_as_text(attack: str, width: int) -> None:
    """No control character, no bidirectional trick, no mark-up, and nothing that a job's log takes for a command."""
    shown = printed(fake_hostile(attack), width=width)

    assert set() == set("\x00\x07\x1b\u202e\u2066\u200b") & set(shown)
    assert not any(line.strip().startswith("::") or "##[" in line for line in shown.splitlines())
    assert "[/x]" not in attack or "[/x]" in shown


@pytest.mark.parametrize("attack", ATTACKS)
def test_markdown_shows_hostile_strings_as_text(attack: str) -> None:
    """A parser finds our own tags and comments, no link, no image, no heading, and one fence, which holds the command alone."""
    page = gate.markdown(fake_hostile(attack))
    tokens = [
        inner
        for token in MarkdownIt("commonmark").enable("table").parse(page)
        for inner in (token, *(token.children or ()))
    ]
    raw = {token.content.strip() for token in tokens if token.type == "html_inline"}
    blocks = [
        line
        for token in tokens
        if token.type == "html_block"
        for line in token.content.split("\n")
        if line
    ]

    assert raw <= {"<code>", "</code>", "<!-- -->"}
    assert [] == [
        line
        for line in blocks
        if not re.fullmatch(
            r"<details><summary>[\w ,]+</summary>|</details>|<!-- perflab gate -->", line
        )
    ]
    assert not {token.type for token in tokens} & {
        "link_open",
        "image",
        "heading_open",
        "em_open",
        "code_inline",
        "blockquote_open",
        "hr",
    }
    assert 1 == sum(token.type == "fence" for token in tokens)
    assert [] == [line for line in page.splitlines() if line.startswith("::") or "##[" in line]


@pytest.mark.parametrize("attack", ATTACKS)
def test_markdown_mentions_nobody(attack: str) -> None:
    """Outside the fence there is no @, no address and no reference; in the fence GitHub looks for none."""
    page = gate.markdown(fake_hostile(attack)).split("To do it again:")[0]
    plain = re.sub(r"<code>.*?</code>", "", page)

    assert "@" not in page
    assert "http:" not in page
    assert "www." not in page
    assert not re.search(r"#\d|someone|tada|owned", plain.replace("&#", ""))


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_fence_cannot_be_broken_out_of(attack: str) -> None:
    """What opens the fence is longer than any run of backticks in the command, and the command is one line."""
    page = gate.markdown(fake_hostile(attack)).splitlines()
    start = page.index("To do it again:") + 2
    fence, command, end = page[start : start + 3]

    assert fence == f"{end}text"
    assert end not in command
    assert ["", gate.MARKER] == page[start + 3 :]


@pytest.mark.parametrize("attack", ATTACKS)
def test_junit_is_xml_whatever_strings_hold(attack: str) -> None:
    """It parses, and the string is in it as text."""
    suite = ET.fromstring(gate.junit(fake_hostile(attack)))[0]

    assert 5 == len(suite)
    assert set() == set("\x00\x07\x1b\u202e\ufffe") & set("".join(suite.itertext()))
    assert "<script>" not in attack or "<script>" in suite[0].attrib["classname"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_annotations_are_one_command_a_line(attack: str) -> None:
    """A string starts no command of its own, ends no property, and adds none."""
    lines = gate.workflow_commands(fake_hostile(attack)).split("\n")

    assert [""] == [
        line
        for line in lines
        if not re.fullmatch(r"::(error|warning) title=[^:,\r]*::[^\r]*", line)
    ]
    assert ["error", "error", "error", "warning"] == [line.split()[0][2:] for line in lines if line]
    assert all(line.count("::") == 2 and "##[" not in line for line in lines if line)


# --------------------------------------------------------------------------- Markdown


def test_markdown_says_the_word_first_and_folds_what_did_not_change() -> None:
    """The first line is the verdict; what is the same, unchanged or added, and the conditions, are behind a fold."""
    page = gate.markdown(fake_everything())
    before, _, folded = page.partition("<details>")

    assert (
        "**❌ NOT EQUIVALENT:** <code>dedupe/float32</code>: <code>wrong-answer</code>: <code>value differs at answer\\[3\\]</code>; 1 slower"
        == page.splitlines()[0]
    )
    assert all(
        name in before
        for name in (
            "float32",
            "pool",
            "myers&#95;c",
            "myers</code>",
            "banded",
            "the inputs changed",
        )
    )
    assert not any(name in before for name in ("naive", "matrix", "variant0"))
    assert all(
        name in folded
        for name in ("naive", "matrix&#95;c", "variant0", "callgrind counts", "numpy 2.4.6")
    )


@pytest.mark.parametrize(
    ("report", "word"),
    [(fake_gate(fake_key()), "✅ PASS:"), (fake_gate(noisy=True), "❔ INCONCLUSIVE:")],
)
def test_markdown_does_not_rely_on_a_sign(report: GateReport, word: str) -> None:
    """There is a word beside each sign."""
    assert gate.markdown(report).startswith(f"**{word}**")


@pytest.mark.parametrize(
    "report",
    [fake_crowd(3000), fake_hostile("@" * 2000), fake_hostile("\N{SNAKE}" * 2000)],
    ids=["crowd", "@", "snake"],
)
@pytest.mark.parametrize("limit", [32_000, 45_000])
def test_markdown_is_cut_by_rows(report: GateReport, limit: int) -> None:
    """Below the limit in bytes, with the verdict, every fold closed, how to do it again, and the count of what was cut."""
    page = gate.markdown(report, limit=limit)

    assert len(page.encode()) < limit
    assert page.count("<details>") == page.count("</details>") > 0
    assert page.startswith("**❌ ")
    assert page.endswith(f"```\n\n{gate.MARKER}\n")
    assert re.search(r"^\*\d+ more not shown", page, flags=re.MULTILINE)


def test_no_kind_of_row_takes_the_place_of_all_others() -> None:
    """Where thousands are missing, the slower ones are still seen, and all are counted."""
    page = gate.markdown(fake_crowd(3000))
    shown = page.count("crashed</code>: <code>signal"), page.count("**slower, confirmed**")
    cut = [int(count) for count in re.findall(r"^\*(\d+) more not shown", page, flags=re.MULTILINE)]

    assert min(shown) > 20
    assert [3000 - shown[0] + 1, 2000 - shown[1]] == cut[:2]


def test_nothing_is_cut_that_fits() -> None:
    """A page that is far below the limit does not depend on it; the smallest limit cuts it."""
    report = fake_crowd(60)

    assert "more not shown" not in gate.markdown(report)
    assert gate.markdown(report) == gate.markdown(report, limit=1_000_000)
    assert "more not shown" in gate.markdown(report, limit=10_000)


def test_sixty_kilobytes_hold_what_they_can() -> None:
    """Three thousand keys fill a page to the last few hundred bytes, and what is not shown is counted."""
    page = gate.markdown(replace(fake_crowd(3000), missing=()))

    assert 58_500 < len(page.encode()) < 60_000
    assert f"*{2000 - page.count('**slower') - page.count('| unclear |')} more not shown" in page


# --------------------------------------------------------------------------- JUnit and annotations


def test_junit_has_a_case_for_each_key_each_gap_and_the_gate() -> None:
    """Slower fails, missing and wrong are errors, unclear is skipped, and the gate itself says how it ended."""
    suite = ET.fromstring(gate.junit(fake_everything()))[0]
    outcomes = [
        (case.attrib["classname"], case.attrib["name"], case[0].tag if len(case) else "")
        for case in suite
    ]

    assert ["perflab gate", "9", "2", "3", "1"] == [
        suite.attrib[name] for name in ("name", "tests", "failures", "errors", "skipped")
    ]
    assert [
        ("dedupe", "myers_c 640 time", "failure"),
        ("dedupe", "myers_c 640 instructions", "failure"),
        ("dedupe", "myers 640 time", "skipped"),
        ("dedupe", "banded 640 time", ""),
        ("dedupe", "naive 640 time", ""),
        ("dedupe", "naive 640 average", ""),
        ("dedupe", "float32", "error"),
        ("dedupe", "pool", "error"),
        ("gate", "gate", "error"),
    ] == outcomes


@pytest.mark.parametrize(
    ("report", "tag"),
    [
        (fake_gate(fake_key()), None),
        (fake_gate(fake_key(verdict=Verdict.UNCLEAR)), "error"),
        (fake_gate(noisy=True), "error"),
        (fake_gate(fake_key(verdict=Verdict.SLOWER)), "failure"),
        (fake_gate(missing=(crashed(),)), "error"),
    ],
)
def test_a_run_without_an_answer_is_not_green(report: GateReport, tag: str | None) -> None:
    """Whatever the exit code says beside 0 fails the test case of the gate."""
    whole = ET.fromstring(gate.junit(report))[0][-1]

    assert [tag] == [child.tag for child in whole] or (tag is None and len(whole) == 0)


def test_annotations_name_what_is_red_and_what_is_unclear() -> None:
    """Errors and warnings, escaped as GitHub asks."""
    assert [
        "::error title=dedupe/float32 is not equivalent::wrong-answer: value differs at answer[3]",
        "::error title=dedupe/pool was not measured::timeout: no answer after 30 s",
        "::error title=dedupe/640/myers_c is slower::slower, confirmed: time +2.1 %25 (+1.8..+2.4), smallest effect 0.4 %25, 6 units of 1,234 calls, one process",
        "::error title=dedupe/640/myers_c is slower::slower, confirmed: instructions +2.1 %25 (+1.8..+2.4), smallest effect 0.4 %25, 3 units of 400 calls, callgrind",
        (
            "::warning title=dedupe/640/myers is unclear::unclear: time +0.8 %25 (-1.0..+3.0), smallest effect 0.4 %25, 6 units of 1,234 calls, one process; "
            "slower at first, but fresh processes did not repeat it"
        ),
    ] == gate.workflow_commands(fake_everything()).splitlines()


def test_annotations_stay_below_what_github_shows() -> None:
    """Ten of a level, the tenth counting the others; nothing for a pass; an error where nothing single is red."""
    lines = gate.workflow_commands(fake_crowd(60)).splitlines()

    assert [10, 10] == [
        sum(line.startswith(f"::{level} ") for line in lines) for level in ("error", "warning")
    ]
    assert "::error title=perflab gate::and 71 more" == lines[9]
    assert "" == gate.workflow_commands(fake_gate(fake_key()))
    assert "::error title=perflab gate::INCONCLUSIVE: too noisy\n" == gate.workflow_commands(
        fake_gate(noisy=True, notes=("too noisy",))
    )


# --------------------------------------------------------------------------- the document

names = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,62}", fullmatch=True)
strings = st.text(max_size=40)
positives = st.floats(0, 1e9)
ratios = (
    st.lists(st.floats(1e-6, 1e6), min_size=3, max_size=3)
    .map(sorted)
    .map(lambda ends: Estimate(ends[1], ends[0], ends[2]))
)
gaps = st.builds(
    Gap,
    names,
    names,
    st.sampled_from([str(status) for status in Status if status is not Status.OK] + ["deleted"]),
    strings,
)
pairs = st.lists(st.tuples(names, names), max_size=3).map(tuple)
keys = st.builds(
    replace,
    st.builds(fake_key, verdict=st.sampled_from(Verdict), metric=st.sampled_from(Metric), how=strings, notes=st.lists(strings, max_size=2).map(tuple)),
    key=st.builds(Key, names, names, names),
    ratio=st.none() | ratios,
    smallest_effect=st.none() | positives,
    units=st.integers(0, 100),
    base_value=st.none() | positives,
    confirmed=st.booleans(),
    seconds=positives,
)  # fmt: skip
reports = st.builds(
    lambda keys, facts, **parts: replace(fake_gate(*keys, **parts), **facts),
    st.lists(keys, max_size=4, unique_by=lambda key: (key.key, key.metric)),
    st.fixed_dictionaries(
        {
            "against": strings,
            "command": strings,
            "base": st.from_regex(r"[0-9a-f]{7,40}", fullmatch=True),
            "dirty": st.booleans(),
            "unchanged": pairs,
            "added": pairs,
            "machine_check": st.none() | ratios,
            "machine_effect": st.none() | positives,
            "control": st.none() | ratios,
            "seconds": positives,
            "machine": st.builds(
                Machine, strings, strings, st.integers(1, 512), strings, strings, strings, strings, st.dictionaries(strings, strings, max_size=3)
            ),
        }
    ),
    missing=st.lists(gaps, max_size=2).map(tuple),
    wrong=st.lists(gaps, max_size=2).map(tuple),
    noisy=st.booleans(),
    notes=st.lists(strings, max_size=2).map(tuple),
)  # fmt: skip


@settings(deadline=None, max_examples=100)
@given(reports)
def test_a_report_reads_back_as_what_it_was(report: GateReport) -> None:
    """Writing and reading lose nothing and invent nothing."""
    assert report == read_report(report_bytes(report))


@settings(deadline=None, max_examples=50)
@given(reports)
def test_every_report_can_be_shown(report: GateReport) -> None:
    """Whatever can be read has a table, a page, XML and annotations."""
    assert printed(report)
    assert gate.markdown(report).count("<details>") == gate.markdown(report).count("</details>")
    assert ET.fromstring(gate.junit(report))[0].attrib["name"] == "perflab gate"
    assert gate.workflow_commands(report).count("\n") <= 20


def document(report: GateReport | None = None) -> dict[str, Any]:
    """A report's JSON object."""
    made: dict[str, Any] = msgspec.json.decode(report_bytes(report or fake_everything()))
    return made


def test_the_document_has_the_fields_of_the_contract() -> None:
    """Names that other programs rely on, units in them, null for what does not apply."""
    made = document()
    timed, counted, average = made["keys"][3:]

    assert {
        "schema", "verdict", "exit_code", "against", "base", "head", "dirty", "command", "tolerance", "metrics", "keys", "unchanged", "added",
        "missing", "wrong", "control", "machine_check", "machine_effect", "machine", "notes", "seconds",
    } == set(made)  # fmt: skip
    assert ["harness.gate/2", "not-equivalent", 3] == [
        made[name] for name in ("schema", "verdict", "exit_code")
    ]
    assert [12.3e-6, None] == [timed["base_seconds"], timed["base_instructions"]]
    assert [None, 45600.0] == [counted["base_seconds"], counted["base_instructions"]]
    assert ["average", "unclear", 1234] == [
        average[name] for name in ("metric", "verdict", "calls")
    ]
    assert {"value": 1.021, "low": 1.018, "high": 1.024} == timed["ratio"]
    assert {
        "case": "dedupe",
        "variant": "pool",
        "status": "timeout",
        "message": "no answer after 30 s",
    } == made["missing"][0]
    assert {"case": "topk", "variant": "variant0"} == made["unchanged"][0]


def test_what_json_cannot_say_is_null_or_cut() -> None:
    """Numbers without an end, halves of characters and overlong strings still make a document that can be read."""
    key = replace(fake_key(), ratio=Estimate(nan, nan, nan), smallest_effect=inf, base_value=nan)
    report = replace(
        fake_gate(key, notes=("\udc80" * 3 + "x" * 5000,)), control=Estimate(1.0, 0.0, inf)
    )
    read = read_report(report_bytes(report))

    assert [None, None, None, None] == [
        read.control,
        read.keys[0].ratio,
        read.keys[0].smallest_effect,
        read.keys[0].base_value,
    ]
    assert ("???" + "x" * (MOST_CHARACTERS - 3),) == read.notes


def test_the_largest_report_fits() -> None:
    """As many keys as are allowed make a document that is small enough to be read."""
    crowd = replace(fake_crowd(MOST_KEYS), unchanged=())
    data = report_bytes(
        replace(
            crowd,
            missing=crowd.missing[:100],
            keys=tuple(replace(key, notes=()) for key in crowd.keys),
        )
    )

    assert len(data) < MOST_BYTES
    assert MOST_KEYS == len(read_report(data).keys)


def changed(*path: str | int, to: Any) -> bytes:
    """The document of everything with one value replaced; ``to`` a function: of the old value."""
    made = document()
    place: Any = made
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to(place[path[-1]]) if callable(to) else to
    return msgspec.json.encode(made)


def without(name: str) -> bytes:
    """The document without a field."""
    made = document()
    del made[name]
    return msgspec.json.encode(made)


def as_text(pattern: str, by: str) -> bytes:
    """The document with its text changed."""
    return re.sub(pattern, lambda _: by, report_bytes(fake_everything()).decode(), count=1).encode()


def claim(verdict: GateVerdict, exit_code: int) -> bytes:
    """Everything, with another verdict."""
    return msgspec.json.encode({**document(), "verdict": verdict, "exit_code": exit_code})


REFUSED = {
    "nothing": (b"", "not JSON"),
    "no JSON": (b"<html>", "not JSON"),
    "no object": (b"[]", "not what it should be"),
    "no text": (b"\xff\xfe{}", "not UTF-8"),
    "bad UTF-8": (as_text("main", "m").replace(b'"m"', b'"\xff"'), "not UTF-8"),
    "half a character": (as_text('"main"', '"\\ud800"'), "not JSON"),
    "cut short": (report_bytes(fake_everything())[:-20], "not JSON"),
    "something behind": (report_bytes(fake_everything()) + b"{}", "not JSON"),
    "deep lists": (b"[" * 1_000_000, "not what it should be"),
    "deep in a field": (as_text(r'"notes": \[', '"notes": ' + "[" * 900_000), "`"),
    "deep in an unknown field": (b'{"x":' + b'{"a":' * 300_000, "x"),
    "10 MB": (b" " * 10_000_000, "10000000 bytes"),
    "just too large": (report_bytes(fake_everything()) + b" " * MOST_BYTES, "more than 2000000"),
    "another schema": (changed("schema", to="harness.gate/1"), "harness.gate/1"),
    "an extra field": (msgspec.json.encode({**document(), "pull_request": 1}), "pull_request"),
    "an extra field of a key": (changed("keys", 0, to=lambda key: {**key, "html": "x"}), "html"),
    "a missing field": (without("machine"), "machine"),
    "a missing exit code": (without("exit_code"), "exit_code"),
    "a verdict of its own": (changed("verdict", to="great"), "great"),
    "a key's verdict of its own": (changed("keys", 0, "verdict", to="great"), "great"),
    "a metric of its own": (changed("keys", 0, "metric", to="joules"), "joules"),
    "a status of its own": (changed("missing", 0, "status", to="fine"), "status word"),
    "a gap that is ok": (changed("wrong", 0, "status", to="ok"), "status word"),
    "NaN": (as_text(r'"tolerance": 0\.01', '"tolerance": NaN'), "not JSON"),
    "infinity": (as_text(r'"tolerance": 0\.01', '"tolerance": 1e999'), "not what it should be"),
    "a long number": (as_text(r'"exit_code": 3', '"exit_code": ' + "9" * 10_000), "`"),
    "a text for a number": (changed("seconds", to="1"), "seconds"),
    "a number for a flag": (changed("dirty", to=1), "dirty"),
    "a negative number": (changed("seconds", to=-1), "seconds"),
    "a ratio of nothing": (changed("keys", 0, "ratio", "low", to=0), "ratio"),
    "a ratio in pieces": (changed("keys", 0, "ratio", to={"value": 1.0}), "ratio"),
    "an interval beside its value": (changed("keys", 0, "ratio", "low", to=1.5), "interval"),
    "a control beside its interval": (changed("control", "high", to=0.5), "interval"),
    "a name with a path": (changed("keys", 0, "case", to="../x"), "keys[0].case"),
    "a name with a newline": (changed("keys", 0, "variant", to="a\n"), "variant"),
    "a long name": (changed("unchanged", 0, "case", to="a" * 64), "unchanged[0].case"),
    "an empty name": (changed("added", 0, "variant", to=""), "added[0].variant"),
    "no commit": (changed("base", to="main"), "base"),
    "an option for a commit": (changed("head", to="--upload-pack"), "head"),
    "a commit with a newline": (changed("head", to=BASE[:12] + "\n"), "head"),
    "a long string": (changed("against", to="x" * (MOST_CHARACTERS + 1)), "against"),
    "a long note": (changed("notes", to=["x" * (MOST_CHARACTERS + 1)]), "notes"),
    "many notes": (changed("notes", to=["x"] * 201), "notes"),
    "many keys": (changed("keys", to=lambda keys: keys[:1] * (MOST_KEYS + 1)), "keys"),
    "a key twice": (changed("keys", to=lambda keys: keys + keys[:1]), "twice"),
    "a metric twice": (changed("metrics", to=["time", "time"]), "twice"),
    "a key of no metric": (changed("metrics", to=["time"]), "metric"),
    "a base value of another metric": (changed("keys", 0, "base_instructions", to=1.0), "another metric"),
    "pass with something wrong": (claim(GateVerdict.PASS, 0), "verdict pass"),
    "an exit code of another verdict": (claim(GateVerdict.NOT_EQUIVALENT, 0), "exit_code 0"),
    "a lesser verdict": (claim(GateVerdict.REGRESSION, 1), "verdict regression"),
    "inconclusive about what is wrong": (claim(GateVerdict.INCONCLUSIVE, 5), "verdict inconclusive"),
    "a regression of nothing": (msgspec.json.encode({**document(fake_gate(fake_key())), "verdict": "regression", "exit_code": 1}), "regression"),
    "many libraries": (changed("machine", "libraries", to={str(number): "1" for number in range(201)}), "libraries"),
    "a command in the message": (changed("verdict", to="::error::##[error]\x1b\n::x"), "verdict"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_exactly_a_report_is_refused(name: str) -> None:
    """One kind of error, which names what is wrong, in one harmless line."""
    data, word = REFUSED[name]
    with pytest.raises(StoreError) as caught:
        read_report(data)

    assert word in caught.value.problem
    assert caught.value.problem.isprintable()
    assert "::" not in caught.value.problem
    assert "##[" not in caught.value.problem
    assert "--json" in caught.value.remedy


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200), st.integers(0, 3000), st.integers(0, 50))
def test_damage_is_refused_or_does_no_harm(put_in: bytes, at: int, taken_out: int) -> None:
    """Bytes changed anywhere: a StoreError, or a report that can be shown."""
    data = report_bytes(fake_everything())
    try:
        report = read_report(data[:at] + put_in + data[at + taken_out :])
    except StoreError:
        return

    assert gate.markdown(report)


@pytest.mark.parametrize("report", REPORTS)
def test_control_characters_never_reach_a_page(report: GateReport) -> None:
    """Of all outputs for people and servers only newlines of our own are control characters."""
    for shown in (
        printed(report),
        gate.markdown(report),
        gate.junit(report),
        gate.workflow_commands(report),
    ):
        assert [] == [
            character
            for character in shown
            if category(character) in {"Cc", "Cf", "Cs"} and character != "\n"
        ]


def test_the_schema_is_the_documents_own() -> None:
    """The name that is written is the only one that is read."""
    assert gate_document.SCHEMA == document()["schema"]
