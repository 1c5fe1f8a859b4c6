"""A case's README and its sources as HTML: Markdown without HTML in it, links that stay within the site, code with colours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from harness.show.blocks import BLOCK
from harness.show.text import visible

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_LOWER = 1
"""Levels that a story's headings sink: the page has a first heading of its own."""


def story(markdown: str, links: Mapping[str, str]) -> Markup:
    """Return the story without its title and its generated blocks.

    Args:
        markdown: README.md.
        links: where the site has the pages that the story links to, by the address in the story; others become text.
    """
    text = _COMMENT.sub("", BLOCK.sub("", markdown))
    reader = _reader()
    tokens = _without_title(reader.parse("\n".join(visible(line) for line in text.split("\n"))))
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1]) + _LOWER)}"
        if token.type == "table_open":
            token.meta["wide"] = True
        if token.children:
            token.children = _within(token.children, links)
    return Markup(_scrollable(reader.renderer.render(tokens, reader.options, {})))  # noqa: S704  made by markdown-it with html off


def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _without_title(tokens: Sequence[Token]) -> list[Token]:
    if tokens and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        return list(tokens[3:])
    return list(tokens)


def _within(tokens: Sequence[Token], links: Mapping[str, str]) -> list[Token]:
    """Keep links that lead to the site's own pages; of others their words stay, of pictures what they show."""
    from markdown_it.token import Token

    kept: list[Token] = []
    open_links: list[bool] = []
    for token in tokens:
        if token.type == "link_open":
            target = links.get(str(token.attrs.get("href", "")))
            open_links.append(target is not None)
            if target is not None:
                token.attrs = {"href": target}
                kept.append(token)
        elif token.type == "link_close":
            if open_links.pop():
                kept.append(token)
        elif token.type == "image":
            kept.append(Token("text", "", 0, content=token.content))
        else:
            kept.append(token)
    return kept


def _scrollable(html: str) -> str:
    """Wide tables and code scroll within themselves, by keyboard, too; numbers stand under each other by a class, not by a style."""
    html = html.replace(
        "<table>", '<div class="wide" role="region" aria-label="table" tabindex="0"><table>'
    )
    html = html.replace("</table>", "</table></div>").replace("<pre>", '<pre tabindex="0">')
    return re.sub(
        r' style="text-align:(left|right|center)"',
        lambda found: ' class="left"' if found[1] == "left" else "",
        html,
    )


def highlighted(name: str, source: str) -> Markup:
    """Source with a class for each kind of token; the style sheet has two palettes for them."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import CythonLexer, PythonLexer

    lexer: Any = CythonLexer() if name.endswith((".pyx", ".pxd")) else PythonLexer()
    text = "\n".join(_code_line(line) for line in source.split("\n"))
    return Markup(highlight(text, lexer, HtmlFormatter(nowrap=True)))  # noqa: S704  pygments escapes what it is given


def _code_line(line: str) -> str:
    """Tabs are meant in code; other control characters are not."""
    return "\t".join(visible(part) for part in line.split("\t"))


LIGHT, DARK = "xcode", "monokai"
"""The two of pygments' styles whose every colour stands out enough (4.5 to 1) from the ground that code has here."""


def palette() -> bytes:
    """The style of highlighted code, light and dark; colours alone, so that it needs nothing else."""
    from pygments.formatters import HtmlFormatter

    def rules(name: str) -> str:
        lines = (
            HtmlFormatter(style=name, nobackground=True).get_style_defs("pre.source").splitlines()
        )
        return "\n".join(line for line in lines if line.startswith("pre.source ."))

    return f"{rules(LIGHT)}\n@media (prefers-color-scheme: dark) {{\n{rules(DARK)}\n}}\n".encode()
