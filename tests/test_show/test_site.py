"""The pages: everything is text, broken variants stay, links lead somewhere, the same nouns give the same bytes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from harness.judge.publish import case_page
from harness.judge.trend import moment
from harness.model.declared import Proof, Status, Work
from harness.model.history import Curve, Measurand, Point, Quantity, Step
from harness.model.measured import Checkout, Key, Roof, Run
from harness.model.profiled import Frame, Profile, Stack, Tool
from harness.model.published import CommitHistory, Exhibit, Page, Shelf, Site, Source, Study
from harness.show.site.pages import pages
from harness.show.site.story import highlighted, story
from tests.fakes.runs import fake_result, fake_run
from tests.fakes.sweeps import fake_sweep

from .rows import HOSTILE

pytest.importorskip("jinja2")
pytest.importorskip("matplotlib")
CODE = """'\''Said in a docstring.'\''
from __future__ import annotations
import re
@decorated(1.5)
class Thing(Exception):
    async def smallest(self, xs: list[float], *, n: int = 0x1F) -> bool:
        # a comment
        return not [x for x in xs if x in {None, True} or f"{x!r}\\n" % 3] and '</pre><script>' is not len(xs)
"""
STRANGE = f'{HOSTILE}"><img src=x onerror=alert(1)><b>::error::</b>{{{{7*7}}}}'


class Read(HTMLParser):
    """What a browser would make of a page: its elements, where they point, and its text."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.ids: list[str] = []
        self.feed(page.content.decode())
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id" and value]

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.words.append(data)

    @property
    def addresses(self) -> list[str]:
        """Everything that it loads or links."""
        return [value for name, value in self.attributes if name in {"href", "src"}]


def shelf_of(*runs: Run, sweep: Run | None = None) -> Shelf:
    """A shelf with the last run on top."""
    return Shelf("tiny", runs[-1:], sweep, tuple(map(moment, runs)), (), {}, {})


def broken_run() -> Run:
    """A run with a wrong and a crashed variant, whose messages are hostile."""
    run = fake_run()
    (measured,) = run.workloads
    wrong = replace(
        fake_result("wrong", 100), status=Status.WRONG_ANSWER, message=STRANGE, processes=()
    )
    wrong = replace(
        wrong, certificate=wrong.certificate and replace(wrong.certificate, verdict=Proof.NOT_EQUAL)
    )
    crashed = replace(
        fake_result("crashed", 100),
        status=Status.CRASHED,
        message="SIGSEGV",
        processes=(),
        certificate=None,
    )
    return replace(
        run,
        workloads=(
            replace(measured, results=(*measured.results, wrong, crashed), work=Work(1e3, 1e2)),
        ),
    )


def whole_site() -> Site:
    """Everything that a site can have, with strange names wherever names come from outside."""
    study = Study(
        "tiny", STRANGE, f"# Title\n\n{STRANGE}\n\n[evil](javascript:alert(1)) [out](https://example.org/) [other](../other/README.md)\n\n"
        "<script>alert(1)</script>\n\n<!-- results:begin -->\nGENERATED\n<!-- results:end -->\n\n## What we got wrong\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n",
        "another", (Exhibit("naive", "python", False, STRANGE, (Source("cases/tiny/naive.py", CODE),)),
                    Exhibit("quick", "cython", False, "Quick.", (Source("extensions/tiny/quick.pyx", "cdef int x\n"),))),
    )  # fmt: skip
    run = replace(
        broken_run(), machine=replace(fake_run().machine, cpu=STRANGE), checkout=Checkout("c0ffee" * 6 + "c0ff", changed=True),
        roofs=(Roof("memory", bytes_per_second=1e10), Roof("multiply-adds, one core", operations_per_second=1e10)),
    )  # fmt: skip
    profile = Profile(
        Key("tiny", "naive", "10"),
        Tool.PY_SPY,
        0.1,
        3,
        (Stack((Frame(STRANGE, "naive.py", 3),), 5.0),),
    )
    earlier = replace(run, id="20251231T120000Z-0123abcd")
    shelf = shelf_of(
        earlier,
        run,
        sweep=fake_sweep({"naive": lambda n: n * 1e-6, "quick": lambda n: 2e-5 + n * 1e-8}),
    )
    curve = Curve(
        Measurand(Key("tiny", "quick", "10"), Quantity.RATIO),
        "m",
        STRANGE,
        (Point("a" * 40, 0.1), Point("b" * 40, 0.2)),
    )
    step = Step(curve.measurand, "m", STRANGE, "a" * 40, "b" * 40, 0.1, 0.2, 0.01)
    history = CommitHistory(
        (curve,),
        (step,),
        ("a" * 40, "b" * 40),
        {"b" * 40: STRANGE},
        (("a" * 40, Key("tiny", "gone", "10")),),
    )
    cases = (
        case_page("tiny", shelf, study, [profile], detect=lambda values: [(0, len(values))]),
        case_page("other", None, replace(study, name="other")),
    )
    return Site(cases, (run.machine,), history)


SITE = {page.path: page for page in pages(whole_site())}
HTML = [page for path, page in SITE.items() if path.endswith(".html")]


@pytest.mark.parametrize("page", HTML, ids=lambda page: page.path)
def test_whatever_things_are_called_they_are_text(page: Page) -> None:
    """No element but ours, no handler, no control character, no template of theirs is filled in."""
    read = Read(page)

    assert not read.tags & {"script", "b", "iframe", "object", "form", "style"}
    assert not [name for name, _ in read.attributes if name.startswith("on") or name == "style"]
    assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80\xae", page.content)
    assert read.ids == list(dict.fromkeys(read.ids))


def test_strange_names_are_shown_as_they_are() -> None:
    """Cleaned, and readable: nothing is hidden either."""
    for path in ("index.html", "cases/tiny.html", "machines/abcd1234.html", "history.html"):
        assert "<script>" in Read(SITE[path]).text
        assert "{{7*7}}" in Read(SITE[path]).text


@pytest.mark.parametrize("page", HTML, ids=lambda page: page.path)
def test_every_address_is_a_page_of_ours(page: Page) -> None:
    """Nothing outside, nothing missing, and every anchor is there."""
    for address in Read(page).addresses:
        if address == "data:,":
            continue
        path, _, anchor = address.partition("#")
        target = (
            posixpath.normpath(posixpath.join(posixpath.dirname(page.path), path))
            if path
            else page.path
        )
        assert target in SITE, address
        assert not anchor or anchor in Read(SITE[target]).ids


@pytest.mark.parametrize(
    "page",
    [page for path, page in SITE.items() if path.endswith(".svg")],
    ids=lambda page: page.path,
)
def test_pictures_are_sound_and_need_nothing(page: Page) -> None:
    """XML that can be read, without scripts, and with no address but those within."""
    root = ET.fromstring(page.content)

    assert not [element.tag for element in root.iter() if element.tag.endswith("script")]
    for element in root.iter():
        for name, value in element.attrib.items():
            assert not name.endswith("href") or value.startswith("#"), value
            assert not name.lower().startswith("on")


def test_wrong_and_crashed_variants_stay() -> None:
    """With their word, in the table and in the pictures; and the start page counts them."""
    said = Read(SITE["cases/tiny.html"]).text

    assert "wrong wrong-answer" in re.sub(r" python | – ", " ", said)
    assert "SIGSEGV" in said
    assert b"wrong-answer" in SITE["figures/tiny-0-samples.svg"].content
    assert b"crashed" in SITE["figures/tiny-0-ratios.svg"].content
    assert "2 without a number" in Read(SITE["index.html"]).text


def test_what_a_case_lacks_is_said() -> None:
    """No run, no history, a case that has changed since."""
    assert "not measured yet" in Read(SITE["index.html"]).text
    assert "python -m harness run other" in Read(SITE["cases/other.html"]).text
    assert "The case has changed since this run." in Read(SITE["cases/tiny.html"]).text
    gone = case_page("tiny", shelf_of(fake_run()), None, detect=lambda values: [(0, len(values))])
    page = {one.path: one for one in pages(Site((gone,), (), None))}["cases/tiny.html"]
    assert "The catalogue has this case no more" in Read(page).text
    assert "A history begins with the second run" in Read(page).text


def test_the_same_nouns_give_the_same_bytes() -> None:
    """Or nothing could be verified."""
    assert SITE == {page.path: page for page in pages(whole_site())}


def test_a_story_keeps_its_words_and_loses_what_leads_away() -> None:
    """Headings sink below the page's own, generated blocks are the page's, links lead to pages of the site or are text."""
    told = story(
        "# T\n\n## A\n\n[x](javascript:alert(1)) [y](../other/README.md) ![z](https://example.org/z.png) <i>raw</i>\n",
        {"../other/README.md": "other.html"},
    )

    assert (
        '<h3>A</h3>\n<p>x <a href="other.html">y</a> z &lt;i&gt;raw&lt;/i&gt;</p>\n'
        == told.replace("[x](javascript:alert(1))", "x")
    )
    assert "GENERATED" not in Read(SITE["cases/tiny.html"]).text
    assert "What we got wrong" in Read(SITE["cases/tiny.html"]).text


def test_sources_are_coloured_text() -> None:
    """Python and Cython, each with its words; what looks like HTML in them does not become any."""
    assert '<span class="k">cdef</span>' in highlighted("x.pyx", "cdef int x")
    assert "&lt;/pre&gt;&lt;script&gt;" in highlighted("x.py", "x = '</pre><script>'")
    assert "\x1b" not in highlighted("x.py", "# \x1b]0;owned\x07")
