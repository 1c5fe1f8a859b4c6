"""A plain page of the history, for where asv's own cannot work: no script, no other host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from harness.model.history import Curve, Measurand, Step
from harness.show.text import clean

_SHORT = 10
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:1rem;max-width:75rem;color-scheme:light dark}"
    "table{border-collapse:collapse}td,th{padding:.2rem .6rem;border-bottom:1px solid #8888;text-align:right}"
    "th:first-child,td:first-child{text-align:left}.wide{overflow-x:auto}mark{background:#ffd54f;color:#000}"
)


def plain_page(curves: Sequence[Curve], steps: Sequence[Step], commits: Sequence[str], subjects: Mapping[str, str]) -> str:
    """Return the page: the change points, then a table a machine and environment; a first commit of a new level is marked."""
    body = [
        "<h1>History</h1>",
        (
            "<p>Time of each variant / time of its reference, commit by commit; more is slower. asv's own page loads scripts of other hosts and was "
            "not published: <code>python -m harness history publish --vendor FOLDER</code> writes it.</p>"
        ),
        f"<h2>{len(steps)} change point{'s' * (len(steps) != 1)}</h2>",
        "<ul>" + "".join(_step(step, subjects) for step in steps) + "</ul>" if steps else "<p>None.</p>",
    ]
    marked = {(step.measurand, step.machine, step.environment, step.first) for step in steps}
    for place in dict.fromkeys((curve.machine, curve.environment) for curve in curves):
        here = [curve for curve in curves if (curve.machine, curve.environment) == place]
        measured = {point.commit for curve in here for point in curve.points}
        body += [
            f"<h2>Machine {_text(place[0])}, {_text(place[1])}</h2>",
            _table(here, [one for one in commits if one in measured], marked, subjects),
        ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>History</title><style>{_STYLE}</style></head><body>\n" + "\n".join(body) + "\n</body></html>\n"
    )


def _table(
    curves: Sequence[Curve], commits: Sequence[str], marked: set[tuple[Measurand, str, str, str]], subjects: Mapping[str, str]
) -> str:
    heads = "".join(f'<th scope="col" title="{_text(subjects.get(commit, ""))}">{_text(commit[:_SHORT])}</th>' for commit in commits)
    rows = []
    for curve in curves:
        values = {point.commit: point.value for point in curve.points}
        cells = []
        for commit in commits:
            shown = f"{values[commit]:.4g}" if commit in values else "–"
            there = (curve.measurand, curve.machine, curve.environment, commit) in marked
            cells.append(f"<td><mark>{shown}</mark></td>" if there else f"<td>{shown}</td>")
        rows.append(f'<tr><th scope="row">{_text(str(curve.measurand.key))}</th>{"".join(cells)}</tr>')
    return f'<div class="wide" tabindex="0"><table><thead><tr><th scope="col">case/size/variant</th>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _step(step: Step, subjects: Mapping[str, str]) -> str:
    return (
        f"<li>{_text(str(step.measurand.key))}: {step.change:+.1%} at {_text(step.first[:_SHORT])} {_text(subjects.get(step.first, ''))} "
        f"({step.before:.4g} to {step.after:.4g}; last before: {_text(step.last[:_SHORT])})</li>"
    )


def _text(text: str) -> str:
    return escape(clean(text), quote=True)
