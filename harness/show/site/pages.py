"""All pages of the site, one after the other, each as bytes: whoever asks for them holds one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.judge.profile import spots
from harness.judge.steps import FEWEST_POINTS
from harness.judge.summary import best_of_ours
from harness.model.judged import Row, Summary, WorkloadSummary
from harness.model.profiled import UNITS, Profile, Spot
from harness.model.published import CasePage, CommitHistory, Moment, Page, Site, Trend
from harness.show import curves, flamegraph, roofline
from harness.show.scaling import advice
from harness.show.selection import reason, sentence
from harness.show.site import pictures
from harness.show.site.rendering import render, style
from harness.show.site.story import highlighted, palette, story

if TYPE_CHECKING:
    from markupsafe import Markup

    from harness.model.history import Step
    from harness.model.measured import Machine, Measured

SHOWN_RUNS = 20
"""In the list of runs; the others are in the curves, and in the store."""
_SPARKS = 40
_SPOTS = 5
_LEAST_SHARE = 0.01


def pages(site: Site) -> Iterator[Page]:
    """Make every file of the site; the same bytes for the same nouns."""
    yield Page("style.css", style() + palette())
    yield Page("index.html", _index(site))
    yield Page(
        "methods.html",
        render("methods.html", root="", here="methods", has_history=site.history is not None),
    )
    if site.history is not None:
        yield Page("history.html", commits_page(site.history))
    for case in site.cases:
        yield from _case(case, site)
    for machine in site.machines:
        yield Page(f"machines/{machine.id}.html", _machine(machine, site))


def commits_page(history: CommitHistory, *, alone: bool = False) -> bytes:
    """The history of commits; ``alone``: it stands in a folder without the other pages."""
    tables = [
        _commits(history, *place)
        for place in dict.fromkeys((one.machine, one.environment) for one in history.curves)
    ]
    return render(
        "history.html",
        root="",
        here="history",
        has_history=True,
        history=history,
        tables=tables,
        alone=alone,
    )


# --------------------------------------------------------------------------- start page


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of the start page."""

    case: CasePage
    question: str
    workload: WorkloadSummary | None
    best: Row | None
    broken: int
    spark: str


def _index(site: Site) -> bytes:
    entries = [_entry(case) for case in site.cases]
    return render(
        "index.html",
        root="",
        here="index",
        has_history=site.history is not None,
        entries=entries,
        machines=site.machines,
    )


def _entry(case: CasePage) -> _Entry:
    question = case.study.question if case.study else ""
    chosen = case.chosen
    if chosen is None:
        return _Entry(case, question, None, None, 0, "")
    workload = max(chosen.workloads, key=lambda one: one.n, default=None)
    broken = sum(row.seconds is None for one in chosen.workloads for row in one.rows)
    best = best_of_ours(workload) if workload else None
    return _Entry(
        case,
        question,
        workload,
        best,
        broken,
        f"figures/{case.name}-spark.svg" if _spark_values(case) else "",
    )


def _spark_values(case: CasePage) -> list[float]:
    """The best speed-up at the chosen run's largest size, run by run, on that run's machine."""
    chosen = case.chosen
    if chosen is None or not chosen.workloads:
        return []
    largest = max(chosen.workloads, key=lambda one: one.n)
    ours = {row.result.key for row in largest.rows if not row.result.rival}
    at = [
        min(ratios)
        for moment in case.moments
        if moment.machine == chosen.run.machine.id
        and (ratios := [ratio for key, ratio in moment.ratios.items() if key in ours])
    ]
    return [1 / ratio for ratio in at[-_SPARKS:]] if len(at) > 1 else []


# --------------------------------------------------------------------------- page of a case


@dataclass(frozen=True, slots=True)
class _Table:
    """One workload as the page shows it."""

    summary: WorkloadSummary
    measured: Measured
    rows: Sequence[Row]
    """Fastest first; who has no number last."""
    best: Row | None
    samples: str
    ratios: str


@dataclass(frozen=True, slots=True)
class _Look:
    """One profile as the page shows it."""

    profile: Profile
    unit: str
    spots: Sequence[Spot]
    picture: str


@dataclass(frozen=True, slots=True)
class _Change:
    """A change point, and the run from which on the new level holds."""

    step: Step
    moment: Moment


@dataclass(frozen=True, slots=True)
class _Past:
    """The history of one workload as the page shows it."""

    workload: str
    picture: str
    steps: Sequence[_Change]
    enough: bool
    """Whether some machine has runs enough to say anything about change points."""


@dataclass(frozen=True, slots=True)
class _Code:
    """One file beside the reference's."""

    name: str
    text: Markup


@dataclass(frozen=True, slots=True)
class _Beside:
    """A variant's sources and what they say of themselves."""

    name: str
    idea: str
    technique: str
    rival: bool
    files: Sequence[_Code]


def _case(case: CasePage, site: Site) -> Iterator[Page]:
    chosen, prefix = case.chosen, f"figures/{case.name}"
    tables: list[_Table] = []
    if chosen is not None:
        for place, summary in enumerate(chosen.workloads):
            names = f"{prefix}-{place}-samples.svg", f"{prefix}-{place}-ratios.svg"
            yield Page(names[0], pictures.samples(case.name, summary, chosen.run.reference))
            yield Page(names[1], pictures.ratios(case.name, summary, chosen.run.reference))
            tables.append(
                _Table(
                    summary,
                    chosen.run.workloads[place],
                    pictures.by_speed(summary.rows),
                    best_of_ours(summary),
                    *names,
                )
            )
    pasts: list[_Past] = []
    for past, picture in _pasts(case, prefix):
        pasts.append(past)
        yield Page(past.picture, picture)
    looks: list[_Look] = []
    for place, profile in enumerate(case.profiles):
        found = [spot for spot in spots(profile) if spot.own >= _LEAST_SHARE][:_SPOTS]
        looks.append(_Look(profile, UNITS[profile.tool], found, f"{prefix}-flame-{place}.svg"))
        yield Page(looks[-1].picture, flamegraph.picture(profile))
    if case.sweep is not None:
        yield Page(f"{prefix}-sweep.svg", curves.svg(case.sweep))
    if case.roofline is not None:
        yield Page(f"{prefix}-roofline.svg", roofline.to_svg(case.roofline))
    if values := _spark_values(case):
        yield Page(f"{prefix}-spark.svg", pictures.spark(values))
    yield Page(f"cases/{case.name}.html", _case_page(case, site, tables, pasts, looks))


def _case_page(
    case: CasePage,
    site: Site,
    tables: Sequence[_Table],
    pasts: Sequence[_Past],
    looks: Sequence[_Look],
) -> bytes:
    study = case.study
    changed = (
        study is not None and case.chosen is not None and study.digest != case.chosen.run.digest
    )
    return render(
        "case.html", root="../", here="case", has_history=site.history is not None, case=case, study=study, tables=tables, pasts=pasts, looks=looks,
        changed=changed, why=sentence(case.selection) if case.selection else "", passed=_passed(case), why_sweep=sentence(case.sweep_selection) if case.sweep_selection else "", story=story(study.story, _links(site)) if study and study.story else "", sources=_sources(case),
        advice=advice(case.sweep) if case.sweep else (), recent=list(reversed(case.moments[-SHOWN_RUNS:])),
    )  # fmt: skip


def _passed(case: CasePage) -> Mapping[str, str]:
    """Why each of the other runs does not stand for the case."""
    if case.selection is None:
        return {}
    return {
        one.ranked.standing.run: reason(one, case.selection.chosen) for one in case.selection.others
    }


def _links(site: Site) -> Mapping[str, str]:
    """Where a story's links to other cases lead."""
    links = {}
    for case in site.cases:
        for address in (f"../{case.name}", f"../{case.name}/", f"../{case.name}/README.md"):
            links[address] = f"{case.name}.html"
    return links | dict.fromkeys(
        ("../../docs/measuring.md", "../../docs/limits.md"), "../methods.html"
    )


def _sources(case: CasePage) -> list[_Beside]:
    if case.study is None:
        return []
    return [
        _Beside(
            one.name,
            one.idea,
            one.technique,
            one.rival,
            [_Code(file.name, highlighted(file.name, file.text)) for file in one.sources],
        )
        for one in case.study.exhibits
    ]


def _pasts(case: CasePage, prefix: str) -> Iterator[tuple[_Past, bytes]]:
    """The history of each workload of which there is more than one run."""
    moments = {one.run: one for one in case.moments}
    for place, workload in enumerate(
        dict.fromkeys(trend.curve.measurand.key.workload for trend in case.trends)
    ):
        trends: list[Trend] = [
            trend for trend in case.trends if trend.curve.measurand.key.workload == workload
        ]
        if (
            sum(
                max(trend.runs for trend in trends if trend.curve.machine == machine)
                for machine in {one.curve.machine for one in trends}
            )
            > 1
        ):
            steps = [_Change(step, moments[step.first]) for trend in trends for step in trend.steps]
            past = _Past(
                workload,
                f"{prefix}-{place}-history.svg",
                steps,
                any(trend.runs >= FEWEST_POINTS for trend in trends),
            )
            yield past, pictures.history(case.name, workload, trends, case.moments)


# --------------------------------------------------------------------------- page of a machine


@dataclass(frozen=True, slots=True)
class _Standing:
    """How a case stands on a machine."""

    case: CasePage
    summary: Summary
    workload: WorkloadSummary
    best: Row | None


def _machine(machine: Machine, site: Site) -> bytes:
    standings = [
        _Standing(case, summary, workload, best_of_ours(workload))
        for case in site.cases
        for summary in case.runs
        if summary.run.machine.id == machine.id
        for workload in summary.workloads
    ]
    roofs = next((one.summary.run.roofs for one in standings if one.summary.run.roofs), ())
    return render(
        "machine.html",
        root="../",
        here="machine",
        has_history=site.history is not None,
        machine=machine,
        standings=standings,
        roofs=roofs,
    )


# --------------------------------------------------------------------------- page of the commits


@dataclass(frozen=True, slots=True)
class _Cell:
    """One value of one commit; None: not measured."""

    value: float | None
    begins: bool
    """A new level begins here."""


@dataclass(frozen=True, slots=True)
class _Curve:
    """One key's values, a cell a commit."""

    key: str
    cells: Sequence[_Cell]


@dataclass(frozen=True, slots=True)
class _Commits:
    """The curves of one machine and environment as a table."""

    machine: str
    environment: str
    commits: Sequence[str]
    curves: Sequence[_Curve]


def _commits(history: CommitHistory, machine: str, environment: str) -> _Commits:
    here = [
        curve
        for curve in history.curves
        if (curve.machine, curve.environment) == (machine, environment)
    ]
    measured = {point.commit for curve in here for point in curve.points}
    commits = [commit for commit in history.commits if commit in measured]
    firsts = {
        (step.measurand, step.first)
        for step in history.steps
        if (step.machine, step.environment) == (machine, environment)
    }
    rows = []
    for curve in here:
        values = {point.commit: point.value for point in curve.points}
        cells = [
            _Cell(values.get(commit), (curve.measurand, commit) in firsts) for commit in commits
        ]
        rows.append(_Curve(str(curve.measurand.key), cells))
    return _Commits(machine, environment, commits, rows)
