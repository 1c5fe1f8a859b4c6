"""What a published page rests on: the shelves of the store, a case's story and sources, and how its ratios went from run to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.model.history import Curve, Step
from harness.model.judged import Summary
from harness.model.limited import Roofline
from harness.model.measured import Checkout, Key, Machine, Run
from harness.model.profiled import Profile
from harness.model.selected import Selection


@dataclass(frozen=True, slots=True)
class Moment:
    """One stored run as a point of history: small, whatever the run holds."""

    run: str
    started: str
    """UTC, ISO 8601."""
    machine: str
    environment: str
    """Implementation and version of Python, and the libraries that make the numbers."""
    checkout: Checkout | None
    ratios: Mapping[Key, float]
    """Time of the variant / time of the reference, as in the history of commits; only what is proven."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the store holds of one case."""

    case: str
    runs: tuple[Run, ...]
    """The run that stands for the case on each machine, the one that stands for all of them first; no sweeps."""
    sweep: Run | None
    """The sweep that stands for the case."""
    moments: tuple[Moment, ...]
    """Every complete run, oldest first; no sweeps."""
    incomplete: tuple[str, ...]
    """Runs that were interrupted and not resumed."""
    profiles: Mapping[str, bytes]
    """speedscope's files of the newest look at each variant, by name within the store."""
    files: Mapping[str, str]
    """Digest of every file that this was read from, by its name within the store."""
    selection: Selection | None = None
    """Why it is the first of the runs; None: there is none."""
    sweep_selection: Selection | None = None
    """The same of the sweep."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A run that is not complete: somebody is at it, or was interrupted."""

    run: Run
    age_seconds: float
    """Since it was last written."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """What of a store is not complete."""

    unfinished: tuple[Unfinished, ...]
    """The one written last first."""
    damaged: tuple[str, ...]
    """A sentence for each file that cannot be read."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file of source, as it is now."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A variant as the catalogue has it now."""

    name: str
    technique: str
    rival: bool
    idea: str
    sources: tuple[Source, ...]
    """Its own file, and the compiled body behind it."""


@dataclass(frozen=True, slots=True)
class Study:
    """A case as the catalogue has it now."""

    name: str
    question: str
    story: str
    """README.md, Markdown; empty: none."""
    digest: str
    """Of what all variants share: a run with another one measured another case."""
    exhibits: tuple[Exhibit, ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """How the ratio of one key went, run by run, on one machine in one environment."""

    curve: Curve
    """Its commits are runs; several neighbours may share a point, which is then their median."""
    steps: tuple[Step, ...]
    runs: int


@dataclass(frozen=True, slots=True)
class CasePage:
    """Everything that the page of a case shows."""

    name: str
    study: Study | None
    """None: the store has runs of it, the catalogue has it no more."""
    runs: tuple[Summary, ...]
    """The run that stands for the case on each machine, the one that stands for all of them first; none: it was never measured."""
    sweep: Summary | None
    trends: tuple[Trend, ...]
    moments: tuple[Moment, ...]
    """Every complete run, oldest first; no sweeps."""
    incomplete: tuple[str, ...]
    profiles: tuple[Profile, ...]
    roofline: Roofline | None
    selection: Selection | None = None
    """Why the page is about this run."""
    sweep_selection: Selection | None = None

    @property
    def chosen(self) -> Summary | None:
        """The run that the page is about."""
        return self.runs[0] if self.runs else None


@dataclass(frozen=True, slots=True)
class CommitHistory:
    """What airspeed velocity's store knows of the project's commits."""

    curves: tuple[Curve, ...]
    steps: tuple[Step, ...]
    commits: tuple[str, ...]
    """In order, oldest first."""
    subjects: Mapping[str, str]
    failed: tuple[tuple[str, Key], ...]
    """Commits and keys that have no number where one should be."""
    asv_pages: bool = False
    """asv's own pages stand beside ours."""


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that is published."""

    cases: tuple[CasePage, ...]
    machines: tuple[Machine, ...]
    history: CommitHistory | None


@dataclass(frozen=True, slots=True)
class Page:
    """One file of the site."""

    path: str
    """Within the site's folder, with slashes."""
    content: bytes
