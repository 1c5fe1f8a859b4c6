"""Rows 62-64: names that lead elsewhere, words that would command, files of strangers: refused or shown as text, never obeyed."""

from __future__ import annotations

import csv
import io
import json
import pickle
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from harness.lab import store
from harness.model.declared import Proof, Status
from harness.model.measured import Roof, Run
from tests.fakes.runs import MACHINE, fake_result, fake_run
from tests.faults.scene import Scene
from tests.repositories import commit, git

NAMES = (
    "../../x",
    "a\\b",
    "CON",
    "con",
    "-rf",
    "a\nb",
    "x" * 300,
    "/../x",
    "..",
    "",
    "\x1b]0;x\x07\N{RIGHT-TO-LEFT OVERRIDE}gpj",
)
DRIVER = """
import contextlib, io, json, sys
from harness.cli import main
asked, ended = json.load(open(sys.argv[1])), []
for words in asked:
    sys.argv, out, code = ["perflab", *words], io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace", "", write_through=True), None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            main()
        except SystemExit as end:
            code = end.code
    ended.append([code, out.buffer.getvalue().decode()])
print(json.dumps(ended))
"""
"""Ask many questions of one process: a start costs more than an answer."""


def written(scene: Scene) -> dict[str, bytes]:
    """Every file there is, but for the cache's."""
    files = {}
    for path in sorted(scene.folder.parent.rglob("*")):
        if path.is_file() and "cache" not in path.parts:
            files[str(path.relative_to(scene.folder.parent))] = path.read_bytes()
    return files


def questions(name: str) -> list[list[str]]:
    """The name wherever one may be given."""
    cases = [
        [command, "--", name]
        for command in ("run", "verify", "profile", "list", "new", "export", "compare")
    ]
    cases[-1].append(name)
    options = [
        ["run", "./sort", f"--variant={name}"], ["run", "./sort", f"--workload={name}"], ["run", f"--resume={name}"], ["run", "./sort", f"--resume={name}"],
        ["verify", "./sort", f"--variant={name}"], ["profile", "./sort", f"--workload={name}"], ["profile", "./sort", f"--diff={name}", "--variant=naive"],
        ["gate", "./sort", f"--against={name}"], ["gate", f"--from={name}"], ["report", f"--readme={name}"], ["serve", "--", f"{name}/"],
        ["compare", "tiny", "tiny", f"--case={name}"], ["history", "run", "--", name],
    ]  # fmt: skip
    if name in NAMES[:3]:  # these check both revisions out first
        options += [["gate", "--against=HEAD", "--", name]]
        options += [
            ["gate", "./sort", "--against=HEAD", option]
            for option in (f"--variant={name}", f"--deleted={name}")
        ]
    return [*cases, *options]


def test_62_names_that_lead_elsewhere_are_asked_wrongly(shelf: Scene) -> None:
    """Of a case, variant, size, run, branch or commit: exit 2 with the name made harmless, and not a file more than before.

    A name with a zero in it reaches nobody: the system refuses to start a program with it.
    """
    shelf.case()
    commit(shelf.folder)
    asked = [words for name in NAMES for words in questions(name)]
    (shelf.folder.parent / "asked.json").write_text(json.dumps(asked))
    before = written(shelf)
    ended = shelf.run(shelf.folder.parent / "asked.json", program=("-c", DRIVER)).document()
    said = [(words, code, text) for words, (code, text) in zip(asked, ended, strict=True)]

    assert [] == [(words, code, text[-300:]) for words, code, text in said if code != 2]
    assert [] == [
        words
        for words, _, text in said
        if re.search("[\\0\x1b\N{RIGHT-TO-LEFT OVERRIDE}]|Traceback", text) or len(text) > 2000
    ]
    assert before == written(shelf)


def changed(run: Run, what: str, name: str) -> bytes:
    """The bytes of a run with one of its names changed, sealed as a stranger would."""
    whole = json.loads(store.encode(run))
    record = json.loads(whole["metadata"]["harness_record"])
    match what:
        case "case" | "id" | "reference":
            record[what] = name
            whole["metadata"][{"case": "harness_case", "id": "harness_run"}.get(what, "unit")] = (
                name if what != "reference" else "second"
            )
        case "machine":
            record["machine"]["id"] = name
        case "variant" | "workload":
            record["workloads"][0]["results"][1]["key"][what] = name
            key = record["workloads"][0]["results"][1]["key"]
            whole["benchmarks"][1]["metadata"]["name"] = (
                f"{key['case']}/{key['workload']}/{key['variant']}"
            )
        case _:
            record[what] = [name]
    whole["metadata"]["harness_record"] = json.dumps(record)
    return store.seal(json.dumps(whole).encode())


@pytest.mark.parametrize(
    "what",
    [
        "case",
        "id",
        "machine",
        "reference",
        "variant",
        "workload",
        "variant_names",
        "workload_names",
    ],
)
def test_62_names_in_result_files_are_checked_like_those_on_the_command_line(
    shelf: Scene, what: str
) -> None:
    """merge, export, compare and resume refuse the file, exit 6; nothing is written, nothing is imported."""
    there = shelf.folder / "there" / "tiny"
    there.mkdir(parents=True)
    evil = shelf.folder / "evil"
    evil.mkdir()
    (evil / "__init__.py").write_text(f"open({str(shelf.folder / 'ran')!r}, 'w')\n")
    files = []
    for number, name in enumerate((*NAMES, "a\0b", "./evil", str(evil))):
        files.append(there / f"{number}.json")
        files[-1].write_bytes(changed(fake_run(), what, name))
    asked = [
        *(
            ["store", "merge", "--store", "results", f"alone/{number}"]
            for number in range(len(files))
        ),
        *(
            [*words, str(file)]
            for file in files
            for words in (["export"], ["compare", "tiny"], ["run", "--resume"])
        ),
    ]
    for number, file in enumerate(files):
        alone = shelf.folder / "alone" / str(number) / "tiny"
        alone.mkdir(parents=True)
        (alone / file.name).write_bytes(file.read_bytes())
    (shelf.folder.parent / "asked.json").write_text(json.dumps(asked))
    before = written(shelf)
    ended = shelf.run(shelf.folder.parent / "asked.json", program=("-c", DRIVER)).document()

    assert [] == [
        (words, code, text[-300:])
        for words, (code, text) in zip(asked, ended, strict=True)
        if code != 6
    ]
    assert [] == [
        words
        for words, (_, text) in zip(asked, ended, strict=True)
        if re.search("[\\0\x1b\N{RIGHT-TO-LEFT OVERRIDE}]", text) or len(text) > 2000
    ]
    assert before == written(shelf)


# --------------------------------------------------------------------------- words

EVIL = (
    "::error file=x::owned\r\n::set-output name=a::b\n##[command]x %0A::warning::y <script>alert(1)</script></script><img src=x onerror=alert(1)> "
    "javascript:alert(1) [click](javascript:alert(1)) ![p](https://evil.example/p.png) | `code` \\| **b** \x1b]0;owned\x07\x1b[2J\x9b31m"
    '\N{RIGHT-TO-LEFT OVERRIDE}gnp\u2028[/bold][/oops] {{ 7*7 }} =HYPERLINK("https://evil.example","x") &amp; " onload=alert(1) \''
)
FORMULA = '=HYPERLINK("https://evil.example","x")'


def test_63_words_of_a_variant_command_nobody(scene: Scene) -> None:
    """GIVEN a variant whose error is everything a terminal, a page, a workflow or a sheet would obey WHEN run and verified THEN it is text."""
    raising = f"'''{{}}'''\ndef smallest(xs):\n    raise ValueError({EVIL!r})\n".format(
        EVIL.encode("unicode_escape").decode().replace("'", "")
    )
    scene.case(evil=raising)
    ended = scene.run(
        "run",
        "./sort",
        "-w",
        "10",
        "--budget",
        "0.5",
        "--json",
        "run.json",
        environment={"GITHUB_ACTIONS": "true"},
    )
    verified = scene.run("verify", "./sort", environment={"GITHUB_ACTIONS": "true"})
    (found,) = [
        one
        for one in json.loads((scene.folder / "run.json").read_bytes())["workloads"][0]["variants"]
        if one["name"] == "evil"
    ]
    outputs(scene, scene.newest(), "sort")

    assert (4, 4) == (ended.code, verified.code)
    assert "raised" == found["status"]
    assert [] == [
        problem
        for text in (ended.out, ended.err, verified.out, verified.err)
        for problem in on_a_terminal(text)
    ]


def stranger() -> Run:
    """A run in which every text that is no name is evil."""
    run = fake_run()
    (measured,) = run.workloads
    wrong = replace(
        fake_result("wrong", 100), status=Status.WRONG_ANSWER, message=EVIL, processes=()
    )
    certificate = wrong.certificate
    assert certificate is not None
    evidence = replace(
        certificate.evidence, relation=EVIL, finding=EVIL, message=EVIL, warnings=(EVIL, FORMULA)
    )
    wrong = replace(
        wrong, certificate=replace(certificate, verdict=Proof.NOT_EQUAL, evidence=evidence)
    )
    crashed = replace(
        fake_result("crashed", 100),
        status=Status.CRASHED,
        message=FORMULA,
        processes=(),
        certificate=None,
    )
    conditions = (replace(measured.conditions[0], dropped=EVIL), *measured.conditions[1:])
    quick = measured.results[1]
    assert quick.certificate is not None
    warned = replace(
        quick,
        certificate=replace(
            quick.certificate,
            evidence=replace(quick.certificate.evidence, warnings=(EVIL, FORMULA)),
        ),
    )
    machine = replace(
        MACHINE,
        cpu=EVIL,
        system=EVIL,
        python=EVIL,
        implementation=EVIL,
        architecture=EVIL,
        libraries={EVIL: EVIL},
    )
    return replace(
        run, workloads=(replace(measured, results=(measured.results[0], warned, wrong, crashed), conditions=conditions, series=EVIL),), machine=machine,
        started=EVIL, origin=EVIL, digest=EVIL, advice=(EVIL,), roofs=(Roof(EVIL, bytes_per_second=1e10),),
    )  # fmt: skip


def test_63_words_of_a_result_file_command_nobody(shelf: Scene) -> None:
    """Every output of a file in which machine, libraries, messages and advice are evil: site, pictures, Markdown, CSV, JSON, terminal."""
    path = shelf.store / "tiny" / "20260301T120000Z-abcd1234-0123abcd.json"
    store.write(replace(stranger(), id="20260301T120000Z-0123abcd"), shelf.store)

    outputs(shelf, path, "tiny")


def test_63_words_of_a_gates_report_command_nobody(scene: Scene) -> None:
    """Annotations, Markdown, JUnit, terminal and the page for the job, of a variant that raises evil in the working tree; and of a stranger's report."""
    folder = scene.case(evil="'''Sorted.'''\ndef smallest(xs):\n    return sorted(xs)\n")
    commit(scene.folder)
    (folder / "evil.py").write_text(
        f"'''Sorted.'''\ndef smallest(xs):\n    raise ValueError({EVIL!r})\n"
    )
    files = ("--json", "gate.json", "--markdown", "gate.md", "--junit", "gate.xml")
    summary = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(scene.folder / "summary.md")}
    ended = scene.run(
        "gate",
        "./sort",
        "--against",
        "HEAD",
        "--metric",
        "time",
        "--budget",
        "1",
        *files,
        environment=summary,
    )
    said = json.loads((scene.folder / "gate.json").read_bytes())
    said |= {"against": EVIL, "command": EVIL, "notes": [EVIL, FORMULA]}
    said["machine"] |= {"cpu": EVIL, "libraries": {EVIL: EVIL}}
    (scene.folder / "theirs.json").write_text(json.dumps(said))
    theirs = scene.run(
        "gate",
        "--from",
        "theirs.json",
        "--markdown",
        "theirs.md",
        "--junit",
        "theirs.xml",
        environment=summary,
    )

    assert (4, 4) == (ended.code, theirs.code)
    for name in ("gate.md", "summary.md", "theirs.md"):
        assert [] == in_markdown((scene.folder / name).read_text())
    for name in ("gate.xml", "theirs.xml"):
        assert [] == in_xml((scene.folder / name).read_bytes())
    commands = [line for line in ended.out.splitlines() if line.startswith("::")]
    assert [] == [
        line for line in commands if not re.match(r"::(error|warning|notice) title=[^:,]*::", line)
    ]
    assert [] == on_a_terminal(
        "\n".join(line for line in ended.out.splitlines() if line not in commands)
        + ended.err
        + theirs.out
        + theirs.err
    )


def outputs(scene: Scene, path: Path, case: str) -> None:
    """Make everything that can be made of a result file, and look at all of it."""
    (scene.folder / "README.md").write_text(
        f"# x\n\n<!-- results:begin {case} -->\n<!-- results:end -->\n"
    )
    ended = {
        form: scene.run("export", path, "--format", form) for form in ("csv", "markdown", "json")
    }
    compared = scene.run("compare", path, path)
    site = scene.run("report", "-o", "site")
    readme = scene.run("report", "--readme", "README.md")
    rows = list(csv.reader(io.StringIO(ended["csv"].out)))

    assert [0, 0, 0, 0, 0] == [one.code for one in (*ended.values(), site, readme)]
    assert compared.code in {0, 4, 5}
    assert [] == [
        cell
        for row in rows
        for cell in row
        if cell[:1] in set("=+-@\t\r") and not re.fullmatch(r"-?[\d.e+-]+", cell)
    ]
    assert ({len(rows[0])}, []) == (
        {len(row) for row in rows},
        [cell for row in rows for cell in row if control(cell)],
    )
    assert [] == in_markdown(ended["markdown"].out)
    assert [] == in_markdown((scene.folder / "README.md").read_text())
    assert (False, True) == (control(ended["json"].out), isinstance(ended["json"].document(), dict))
    assert [] == on_a_terminal(compared.out + compared.err + site.out + site.err + readme.out)
    pages = sorted((scene.folder / "site").rglob("*.html"))
    pictures = sorted((scene.folder / "site").rglob("*.svg"))
    assert (True, True) == (len(pages) > 2, len(pictures) > 1)
    assert {} == {path.name: found for path in pages if (found := in_a_page(path.read_text()))}
    assert {} == {path.name: found for path in pictures if (found := in_xml(path.read_bytes()))}


def control(text: str) -> bool:
    """Whether something in it steers: escapes, bells, directions of writing, separators of lines that only some see."""
    return bool(
        re.search("[\0-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", text)
    )


def on_a_terminal(text: str) -> list[str]:
    """What a terminal, or the runner of a workflow that reads it, would obey."""
    return [line for line in text.splitlines() if control(line) or re.match(r"\s*(::|##\[)", line)]


def in_markdown(text: str) -> list[str]:
    """What a renderer would obey: tags, links, pictures, code, and rows with another number of cells than their table's head."""
    outside = re.sub(
        r"^(`{3,})\w*\n(?:(?!`{3}).*\n)*?\1$", "", text, flags=re.MULTILINE
    )  # a fence that nothing in it can end
    own = re.sub(
        r"<!--.*?-->|</?(?:details|summary|sub|br|b|strong|p|code|pre)\s*/?>",
        "",
        outside,
        flags=re.DOTALL,
    )
    problems = [
        line
        for line in own.split("\n")
        if control(line) or re.search(r"(?<!\\)<[a-z/!]|(?<!\\)\]\(", line)
    ]
    columns = 0
    for line in text.split("\n"):
        cells = len(re.findall(r"(?<!\\)\|", line))
        columns = 0 if not line.startswith("|") else columns or cells
        problems += [line] if columns and cells != columns else []
    return problems


class _Tags(HTMLParser):
    """Collects what a browser would do."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A script, a handler, an address elsewhere."""
        if tag in {"script", "iframe", "object", "embed", "form", "base", "style"}:
            self.found.append(tag)
        for name, value in attrs:
            if name.startswith("on") or (
                name in {"href", "src"}
                and value != "data:,"
                and re.match(r"\s*(\w+:|//)", value or "")
            ):
                self.found.append(f"{tag} {name}={value}")


def in_a_page(text: str) -> list[str]:
    """Scripts, handlers, other places, characters that steer."""
    reader = _Tags()
    reader.feed(text)
    return [*reader.found, *(["control"] if control(text) else [])]


def in_xml(data: bytes) -> list[str]:
    """It can be read, and holds no script, no handler and no address elsewhere."""
    elements = list(ElementTree.fromstring(data).iter())
    names = [
        element.tag
        for element in elements
        if str(element.tag).rpartition("}")[2] in {"script", "foreignObject", "image", "a"}
    ]
    attributes = [
        f"{name}={value}"
        for element in elements
        for name, value in element.attrib.items()
        if re.match(r"on|.*href", name) and not value.startswith("#")
    ]
    return [*map(str, names), *attributes, *(["control"] if control(data.decode()) else [])]


# --------------------------------------------------------------------------- files of strangers


class _Payload:
    """What a pickle would run."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (str(self.target), "w"))


def strange(folder: Path) -> dict[str, bytes]:
    """Files that somebody sends, by what is in them."""
    data = store.encode(fake_run())
    text = data.decode()
    payload = pickle.dumps(_Payload(folder / "ran"), 0)

    def with_record(change: dict[str, Any]) -> bytes:
        whole = json.loads(data)
        whole["metadata"]["harness_record"] = json.dumps(
            {**json.loads(whole["metadata"]["harness_record"]), **change}
        )
        return store.seal(json.dumps(whole).encode())

    def put(old: str, new: str) -> bytes:
        assert old in text
        return store.seal(text.replace(old, new, 1).encode())

    reduce = {"__reduce__": ["os.system", ["touch ran"]], "py/object": "os.system"}
    return {
        "a pickle": payload,
        "a newer pickle": pickle.dumps(_Payload(folder / "ran")),
        "a pickle in the record": with_record({"machine": payload.decode("latin-1")}),
        "__reduce__": with_record(reduce),
        "__reduce__ deep inside": with_record({"plan": {**reduce}}),
        "__class__": with_record({"workloads": [{"__class__": "os.system"}]}),
        "a field more": put('"benchmarks": [', '"__reduce__": "os.system", "benchmarks": ['),
        "metadata more": put('"unit": "second"', '"unit": "second", "hostname": "theirs"'),
        "YAML": b"!!python/object/apply:os.system ['touch ran']\n",
        "Python": b"__import__('os').system('touch ran')\n",
        "ten million samples": text[: text.index('"values": [') + 11].encode()
        + b"1," * 10**7
        + b"1]}]}]}",
        "ten million rounds": put('"harness_rounds": "', '"harness_rounds": "' + "1 " * 10**7),
        "too large": data + b" " * store.LARGEST_FILE,
        "milliseconds": put('"unit": "second"', '"unit": "millisecond"'),
        "bytes": put('"unit": "second"', '"unit": "byte"'),
        "text for numbers": put('"loops": 3', '"loops": "3; import os"'),
        "truth for a number": put('"loops": 3', '"loops": true'),
        "years": put('"loops": 3', f'"loops": {10**15}'),
        "another run's id outside": put('"harness_run": "20260101', '"harness_run": "20260109'),
        "another case outside": put('"harness_case": "tiny"', '"harness_case": "other"'),
        "incomplete outside": put('"harness_state": "complete"', '"harness_state": "incomplete"'),
        "numbers for names": with_record({"case": 1}),
        "a list for a run": with_record({"workloads": {}}),
        "an unknown status": with_record(
            {
                "workloads": [
                    {
                        **json.loads(json.loads(data)["metadata"]["harness_record"])["workloads"][
                            0
                        ],
                        "n": "10",
                    }
                ]
            }
        ),
    }


def test_64_a_strangers_file_is_refused_and_never_run(shelf: Scene) -> None:
    """Exit 6 for each, wherever it is given: nothing in it is executed, unpickled, imported or kept; a file too large is not even read."""
    there = shelf.folder / "there" / "tiny"
    there.mkdir(parents=True)
    files = {}
    for number, (what, data) in enumerate(strange(shelf.folder).items()):
        files[there / f"{number}.json"] = what
        (there / f"{number}.json").write_bytes(data)
    asked = [
        [*words, str(file)]
        for file in files
        for words in (["export"], ["compare", "tiny"], ["run", "--resume"])
    ]
    asked += [["store", "fsck", "--store", "there"], ["store", "merge", "there"]]
    (shelf.folder.parent / "asked.json").write_text(json.dumps(asked))
    ended = shelf.run(shelf.folder.parent / "asked.json", program=("-c", DRIVER)).document()
    checked = ended[-2][1]

    assert [] == [
        (words, code, text[-300:])
        for words, (code, text) in zip(asked, ended, strict=True)
        if code != 6
    ]
    assert [] == [
        what for file, what in files.items() if checked.count(f"there/tiny/{file.name}: ") != 1
    ]
    assert [shelf.older] == list(shelf.store.rglob("*.json"))
    assert [] == list(shelf.folder.rglob("ran"))


def test_64_a_strangers_limits_of_the_numbers_make_no_crash(shelf: Scene) -> None:
    """Sound in form, absurd in its numbers: every output ends with a code of ours, none with a failure of ours."""
    run = fake_run()
    (measured,) = run.workloads
    absurd = [
        replace(measured, bound_seconds=0.0), replace(measured, bound_seconds=-1.0), replace(measured, bound_seconds=1e308), replace(measured, n=-1),
        replace(measured, n=10**18), replace(measured, conditions=()), replace(measured, results=()), replace(measured, results=measured.results[1:]),
        replace(measured, spent_seconds=-1e308), replace(measured, conditions=tuple(replace(one, steal_share=1e308) for one in measured.conditions)),
    ]  # fmt: skip
    files = [
        store.write(
            replace(run, id=f"202603{number:02}T120000Z-0123abcd", workloads=(one,)), shelf.store
        )
        for number, one in enumerate(absurd)
    ]
    files.append(
        store.write(replace(run, id="20260401T120000Z-0123abcd", workloads=()), shelf.store)
    )
    files.append(
        store.write(replace(run, id="20260402T120000Z-0123abcd", reference="nobody"), shelf.store)
    )
    asked = [
        [*words, str(file)]
        for file in files
        for words in (
            ["export"],
            ["export", "--format", "markdown"],
            ["export", "--format", "json"],
            ["compare", "tiny"],
        )
    ]
    asked.append(["report", "-o", "site"])
    (shelf.folder.parent / "asked.json").write_text(json.dumps(asked))
    ended = shelf.run(shelf.folder.parent / "asked.json", program=("-c", DRIVER)).document()

    assert [] == [
        (words, text[-300:])
        for words, (code, text) in zip(asked, ended, strict=True)
        if "itself failed" in text or code not in {0, 4, 5, 6}
    ]


def test_a_repositorys_own_settings_start_nothing(scene: Scene) -> None:
    """GIVEN a repository whose settings and hooks name programs WHEN it is asked, checked out and compared THEN none of them runs."""
    folder = scene.case(quick="'''Sorted.'''\ndef smallest(xs):\n    return sorted(xs)\n")
    commit(scene.folder)
    program = scene.folder.parent / "program"
    program.write_text(f"#!/bin/sh\ntouch {scene.folder / 'ran'}\n")
    program.chmod(0o755)
    for hook in ("post-checkout", "post-index-change", "reference-transaction"):
        (scene.folder / ".git" / "hooks").mkdir(exist_ok=True)
        (scene.folder / ".git" / "hooks" / hook).symlink_to(program)
    for setting in (
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "diff.external",
        "credential.helper",
    ):
        git(scene.folder, "config", setting, str(program))
    (folder / "quick.py").write_text("'''Sorted.'''\n\ndef smallest(xs):\n    return sorted(xs)\n")
    ended = [
        scene.run("gate", "./sort", "--against", "HEAD", "-q"),
        scene.run("compare", "HEAD", "HEAD"),
        scene.run("history", "run", "ext::sh -c touch%20ran"),
    ]

    assert [0, 5, 2] == [one.code for one in ended]
    assert [] == list(scene.folder.rglob("ran"))
    git(scene.folder, "status")
    assert [scene.folder / "ran"] == list(scene.folder.rglob("ran"))  # it would have
