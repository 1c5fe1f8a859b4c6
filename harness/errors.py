"""The one family of errors: each knows its exit code, the value that offended and the remedy."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ExitCode(IntEnum):
    """What the process says when it ends; the table in docs/design.md."""

    OK = 0
    REGRESSION = 1
    USAGE = 2
    WRONG_ANSWER = 3
    NOT_MEASURED = 4
    INCONCLUSIVE = 5
    STORE = 6
    ENVIRONMENT = 7
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


_GRAVEST_FIRST = (
    ExitCode.TERMINATED,
    ExitCode.INTERRUPTED,
    ExitCode.HUNG_UP,
    ExitCode.USAGE,
    ExitCode.ENVIRONMENT,
    ExitCode.WRONG_ANSWER,
    ExitCode.NOT_MEASURED,
    ExitCode.STORE,
    ExitCode.REGRESSION,
    ExitCode.INCONCLUSIVE,
)


def gravest(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the code that speaks for several outcomes at once: 3, 4, 6, 1, 5, then 0."""
    seen = set(codes)
    return next((code for code in _GRAVEST_FIRST if code in seen), ExitCode.OK)


_MOST_NAME, _MOST_WORDS = 100, 2000


def words_of(error: BaseException) -> str:
    """Type and message of what somebody else's code raised: a message may be as long as it likes, or raise itself when it is asked for."""
    kind = type.__dict__["__name__"].__get__(type(error))  # whatever its metaclass says
    try:
        message = str.__str__(str(error))
    except (KeyboardInterrupt, Terminated):
        raise
    except BaseException as second:
        message = f"(its message cannot be read: {type(second).__name__})"
    return f"{_cut(kind, _MOST_NAME)}: {_cut(message, _MOST_WORDS)}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}... ({len(text)} characters)"


class PerflabError(Exception):
    """Something went wrong that we can name.

    Args:
        problem: what happened, with the offending value in it.
        remedy: what to do about it, as a sentence or a command.
    """

    exit_code: ExitCode = ExitCode.USAGE

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


class AskedWrongly(PerflabError):
    """The command line named something that does not exist or cannot be."""

    exit_code = ExitCode.USAGE


class BadCase(AskedWrongly):
    """A case breaks the contract of docs/cases.md."""


class NotBuilt(PerflabError):
    """A compiled variant has no build, or one older than its source."""

    exit_code = ExitCode.NOT_MEASURED


class Inconclusive(PerflabError):
    """The question was understood, but the data cannot answer it."""

    exit_code = ExitCode.INCONCLUSIVE


class Changed(Inconclusive):
    """Sources were changed while they were proven or measured: nobody could say which program a number is of."""


class StoreError(PerflabError):
    """A result file is corrupt, newer than this tool, or cannot be written."""

    exit_code = ExitCode.STORE


class NewerFormat(StoreError):
    """A result file was written by a newer perflab: it is sound, and nobody's to repair."""


class EnvironmentLacks(PerflabError):
    """This machine lacks something: a compiler, a permission, an extra."""

    exit_code = ExitCode.ENVIRONMENT


class Interrupted(PerflabError):
    """Someone pressed Ctrl-C (130) or sent SIGTERM (143); what was measured is kept."""

    def __init__(self, problem: str, remedy: str = "", *, exit_code: ExitCode) -> None:
        super().__init__(problem, remedy)
        self.exit_code = exit_code


class Terminated(BaseException):
    """SIGTERM or SIGHUP: unwinds like Ctrl-C, so that everything is cleaned up and kept."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number
