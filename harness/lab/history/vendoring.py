"""Makes asv's published page stand on its own: what it loads from other hosts is copied beside it, the links rewritten.

The page names a digest of every file it wants; a file of that digest is the very one, whatever it is called.  Where the folder has none, one of
the same name serves (also without ``.min``), and is reported as such.
"""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import AskedWrongly, StoreError
from harness.lab import places

_LOADED = re.compile(
    r"<(?:script|link)\b[^>]*?\b(?:src|href)=\"(?P<address>(?:https?:)?//[^\"]+)\"[^>]*>"
)
_DIGEST = re.compile(r"\bintegrity=\"(sha(?:256|384|512))-([^\"]+)\"")
_OUTSIDE = re.compile(r"\b(src|href)=\"(?:https?:)?//[^\"]*\"")
_WITHIN = re.compile(r"<script type=\"text/javascript\">.*?</script>", re.DOTALL)
"""What the page says when another host does not answer: nobody is asked any more, and a page without it needs no script but files."""
_KINDS = frozenset({".js", ".css"})
_FONTS = frozenset({".woff", ".woff2", ".ttf", ".eot", ".svg"})


@dataclass(frozen=True, slots=True)
class Supplies:
    """The scripts, styles and fonts that a folder has to offer."""

    folder: Path
    by_name: Mapping[str, tuple[Path, ...]]


@dataclass(frozen=True, slots=True)
class Vendored:
    """One file that the page now has of its own."""

    name: str
    source: Path
    checked: bool
    """Its digest is the one that the page asks for."""


def supplies(folder: Path) -> Supplies:
    """List what there is, shallow places first."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*"), key=lambda path: (len(path.parts), path)):
        if path.suffix in _KINDS | _FONTS and path.is_file():
            found.setdefault(path.name, []).append(path)
    return Supplies(folder, {name: tuple(paths) for name, paths in found.items()})


def vendor(pages: Path, offered: Supplies) -> list[Vendored]:
    """Copy what the page loads from elsewhere into ``vendor/`` and link it; afterwards nothing comes from another host.

    Raises:
        AskedWrongly: the folder lacks some of the files; all of them are named, and the page is left as it was.
    """
    page = _page(pages)
    wanted = {match["address"]: match[0] for match in _LOADED.finditer(page)}
    found = {address: _supplied(address, tag, offered) for address, tag in wanted.items()}
    missing = [address.rpartition("/")[2] for address, one in found.items() if one is None]
    if missing:
        raise AskedWrongly(
            f"{offered.folder} lacks {', '.join(missing)}",
            "npm install jquery@3.3.1 flot@0.8.3 flot-orderbars@1.0.0 stupid-table-plugin blueimp-md5@2.19.0 bootstrap@3.1.1",
        )
    used = [one for one in found.values() if one is not None]
    (pages / "vendor").mkdir(exist_ok=True)
    for one in used:
        shutil.copyfile(one.source, pages / "vendor" / one.name)
    _copy_fonts(used, pages)
    for address, tag in wanted.items():
        page = page.replace(tag, _linked(tag, address))
    page = _WITHIN.sub("", page)
    replace_page(pages, _OUTSIDE.sub(r'\1="#"', page).encode())
    return used


def replace_page(pages: Path, page: bytes) -> None:
    """Put a page in the place of asv's.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        places.write_whole(pages / "index.html", page)
        error = pages / "error.html"
        if error.exists():
            error.write_text(
                _OUTSIDE.sub(r'\1="#"', error.read_text(encoding="utf-8")), encoding="utf-8"
            )
    except OSError as error_:
        raise StoreError(
            f"{pages}: cannot be written: {error_.strerror}", "name another folder with -o"
        ) from error_


def _page(pages: Path) -> str:
    return (pages / "index.html").read_text(encoding="utf-8")


def _supplied(address: str, tag: str, offered: Supplies) -> Vendored | None:
    """The file of the right digest, else one of the right name."""
    name = address.rpartition("/")[2].partition("?")[0]
    asked = _DIGEST.search(tag)
    if asked:
        for path in (
            path for paths in offered.by_name.values() for path in paths if path.suffix in _KINDS
        ):
            if (
                base64.b64encode(hashlib.new(asked[1], path.read_bytes()).digest()).decode()
                == asked[2]
            ):
                return Vendored(name, path, checked=True)
    for other in (name, name.replace(".min.", "."), re.sub(r"-[\d.]+(?=\.)", "", name)):
        if other in offered.by_name:
            return Vendored(name, offered.by_name[other][0], checked=False)
    return None


def _linked(tag: str, address: str) -> str:
    """The tag with the file beside the page; a digest of another place's file says nothing of ours."""
    name = address.rpartition("/")[2].partition("?")[0]
    tag = tag.replace(address, f"vendor/{name}")
    return re.sub(r"\s+(?:integrity|crossorigin|referrerpolicy|onerror)=\"[^\"]*\"", "", tag)


def _copy_fonts(used: list[Vendored], pages: Path) -> None:
    """Styles ask for fonts in ``../fonts/``."""
    for one in used:
        fonts = one.source.parent.parent / "fonts"
        if one.name.endswith(".css") and fonts.is_dir():
            (pages / "fonts").mkdir(exist_ok=True)
            for font in fonts.iterdir():
                if font.suffix in _FONTS:
                    shutil.copyfile(font, pages / "fonts" / font.name)
