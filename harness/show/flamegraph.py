"""Stacks as a picture: a flame graph in one HTML file that needs no network and no script; and speedscope's JSON, written and read."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from zlib import crc32

import msgspec

from harness.errors import StoreError
from harness.model.measured import Key
from harness.model.profiled import UNITS, Frame, Profile, Stack, Tool
from harness.show.text import clean

_ROW = 18
_WIDTH = 1200.0
_NARROWEST = 0.4
"""Pixels of a box that is still drawn."""
_LETTER = 6.6
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,"><title>{title}</title>
<style>
:root {{ color-scheme: light dark; --ink: #1a1a1a; --ground: #ffffff; }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #e8e8e8; --ground: #16181b; }} }}
body {{ margin: 1rem; color: var(--ink); background: var(--ground); font: 14px/1.4 system-ui, sans-serif; }}
figure {{ margin: 0; overflow-x: auto; }} svg {{ min-width: 60rem; width: 100%; height: auto; display: block; }}
svg text {{ font: 11px ui-monospace, monospace; fill: #1a1a1a; pointer-events: none; }}
g:hover rect {{ stroke: #000; stroke-width: 1; }}
table {{ border-collapse: collapse; }} td, th {{ padding: .1rem .8rem .1rem 0; text-align: left; }} td:first-child, th:first-child {{ text-align: right; }}
</style></head><body>
<h1>{title}</h1><p>{facts}</p>
<figure>{svg}</figure>
<h2>Functions</h2><table><tr><th>own</th><th>with what it calls</th><th>function</th></tr>{rows}</table>
</body></html>
"""


@dataclass(slots=True)
class _Box:
    """One function in one place of the tree."""

    label: str
    place: str
    weight: float = 0.0
    inner: dict[tuple[str, str], _Box] = field(default_factory=dict)


def page(profile: Profile, spots: Sequence[tuple[float, float, str]], facts: str) -> bytes:
    """Return the page.

    Args:
        profile: the stacks.
        spots: own share, total share and name of each function, for the table.
        facts: one sentence about where it comes from.
    """
    title = html.escape(clean(f"{profile.key} under {profile.tool}"))
    rows = "".join(
        f"<tr><td>{own:.1%}</td><td>{total:.1%}</td><td>{html.escape(clean(name))}</td></tr>"
        for own, total, name in spots
    )
    return _PAGE.format(
        title=title,
        facts=html.escape(clean(facts)),
        svg=svg(profile.stacks, UNITS[profile.tool]),
        rows=rows,
    ).encode()


_STYLE = "<style>svg{color-scheme:light dark}text{font:11px ui-monospace,monospace;fill:#1a1a1a;pointer-events:none}g:hover rect{stroke:#000}</style>"


def picture(profile: Profile) -> bytes:
    """Return the flame graph as a picture of its own, with its style in it."""
    drawn = svg(profile.stacks, UNITS[profile.tool])
    opening = drawn.index(">") + 1
    return f"{drawn[:opening]}{_STYLE}{drawn[opening:]}\n".encode()


def svg(stacks: Sequence[Stack], unit: str) -> str:
    """The flame graph: a box a function, as wide as its share, above the one that called it; what it is and has is its tooltip."""
    root = _tree(stacks)
    depth = _depth(root)
    height = (depth + 1) * _ROW
    boxes = "".join(
        _boxes(root, x=0.0, level=0, whole=root.weight or 1.0, height=height, unit=unit)
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {height}" role="img" aria-label="flame graph">{boxes}</svg>'


def _tree(stacks: Sequence[Stack]) -> _Box:
    root = _Box("all", "")
    for stack in stacks:
        box = root
        box.weight += stack.weight
        for frame in stack.frames:
            box = box.inner.setdefault(
                (frame.function, frame.file), _Box(frame.function, frame.file)
            )
            box.weight += stack.weight
    return root


def _depth(box: _Box) -> int:
    return 1 + max(map(_depth, box.inner.values()), default=0)


def _boxes(
    box: _Box, *, x: float, level: int, whole: float, height: int, unit: str
) -> Iterator[str]:
    width = box.weight / whole * _WIDTH
    if width < _NARROWEST:
        return
    y = height - (level + 1) * _ROW
    name = html.escape(clean(box.label))
    place = html.escape(clean(f" ({box.place})")) if box.place else ""
    fits = int(width / _LETTER)
    shown = html.escape(clean(box.label)[:fits]) if fits > 2 else ""
    yield (
        f"<g><title>{name}{place}: {box.weight:,.0f} {unit}, {box.weight / whole:.1%}</title>"
        f'<rect x="{x:.1f}" y="{y}" width="{max(0.1, width - 0.5):.1f}" height="{_ROW - 1}" fill="{_colour(box)}" rx="1"/>'
        f'<text x="{x + 3:.1f}" y="{y + _ROW - 6}">{shown}</text></g>'
    )
    for inner in sorted(box.inner.values(), key=lambda one: (-one.weight, one.label)):
        yield from _boxes(inner, x=x, level=level + 1, whole=whole, height=height, unit=unit)
        x += inner.weight / whole * _WIDTH


def _colour(box: _Box) -> str:
    """Warm for the project's own files, blue for libraries, grey for waiting; the shade depends on the name, so that neighbours differ."""
    shade = 62 + crc32(box.label.encode()) % 18
    if box.label == "(waiting)":
        return "hsl(0 0% 75%)"
    hue = (
        30
        if box.place.startswith(("cases/", "extensions/")) or box.place.endswith((".pyx", ".h"))
        else 205
    )
    return f"hsl({hue} 70% {shade}%)"


def speedscope(profile: Profile) -> bytes:
    """The stacks for https://www.speedscope.app, which opens local files; its file format is 0.0.1, sampled."""
    frames: dict[Frame, int] = {}
    samples = [
        [frames.setdefault(frame, len(frames)) for frame in stack.frames]
        for stack in profile.stacks
    ]
    described = [
        {"name": frame.function, "file": frame.file, "line": frame.line or None} for frame in frames
    ]
    weights = [stack.weight for stack in profile.stacks]
    return json.dumps(
        {
            "$schema": "https://www.speedscope.app/file-format-schema.json",
            "name": str(profile.key),
            "harness": {"tool": profile.tool, "calls": profile.calls, "seconds": profile.seconds},
            "shared": {"frames": [{name: value for name, value in one.items() if value} for one in described]},
            "profiles": [
                {
                    "type": "sampled", "name": f"{profile.key} under {profile.tool}",
                    "unit": "bytes" if UNITS[profile.tool] == "bytes" else "none",
                    "startValue": 0, "endValue": sum(weights), "samples": samples, "weights": weights,
                }
            ],
        },
        indent=1,
    ).encode()  # fmt: skip


class _Frame(msgspec.Struct):
    name: str
    file: str = ""
    line: int = 0


class _Shared(msgspec.Struct):
    frames: list[_Frame]


class _Sampled(msgspec.Struct):
    samples: list[list[int]]
    weights: list[float]


class _Ours(msgspec.Struct):
    tool: Tool
    calls: int
    seconds: float | None


class _Speedscope(msgspec.Struct):
    name: str
    shared: _Shared
    profiles: list[_Sampled]
    harness: _Ours | None = None


def read_speedscope(data: bytes, file: str) -> Profile:
    """Read what :func:`speedscope` wrote.

    Raises:
        StoreError: it is something else; the message names the file.
    """
    try:
        found = msgspec.json.decode(data, type=_Speedscope)
        case, workload, variant = found.name.split("/")
        frames = [Frame(one.name, one.file, one.line) for one in found.shared.frames]
        (sampled,) = found.profiles
        pairs = zip(sampled.samples, sampled.weights, strict=True)
        stacks = tuple(
            Stack(tuple(frames[place] for place in places), weight)
            for places, weight in pairs
            if places
        )
    except (msgspec.MsgspecError, ValueError, IndexError, RecursionError) as error:
        raise StoreError(
            f"{file}: no profile of ours: {error}",
            "python -m harness profile CASE writes one; delete this one",
        ) from None
    ours = found.harness or _Ours(Tool.PY_SPY, 0, None)
    return Profile(Key(case, variant, workload), ours.tool, ours.seconds, ours.calls, stacks)
