"""The table and the document of a machine's limits, from figures made by hand."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from harness.errors import ExitCode
from harness.model.limited import Group, NotMeasured, Through
from harness.show import documents, limits, limits_document, text
from tests.fakes.limits import fake_figure, fake_limits

from .rows import HOSTILE

TABLE = """\
A processor, 2 cores, x86_64, CPython 3.11.7
measured in 21 s, load 0.2 when it began
best seen, and how far the median of the repetitions is from it

memory, one core, by working set
  read, L1, 16.0 KiB      100 GB/s  ±0.0%
  read, memory, 128 MiB  10.0 GB/s  ±0.0%

arithmetic, one core, double precision and 64 bits
  multiply-adds  20.0 G/s  ±0.0%

calls and objects
  Python call  30.0 ns  ±50%  unstable: half of 7 repetitions were 50% off or more

parallel
  capacity, 1 worker                         1.00 of 1  ±0.0%
  capacity, 2 workers                        1.90 of 2  ±0.0%
  multiply-adds together, 2 workers           38.0 G/s  ±0.0%
  read together, 2 workers, memory, 128 MiB  15.0 GB/s  ±0.0%

1 of 8 figures are unstable: other work ran meanwhile (load 0.2 when it began), or the machine has several speeds
"""


def test_the_table_says_it_all() -> None:
    """Groups, units, spread, and the reason beside what is unstable."""
    assert limits.to_text(fake_limits(), age_seconds=None, width=100) == TABLE


def test_a_narrow_terminal_gets_the_reason_on_its_own_line() -> None:
    """The numbers keep their columns."""
    said = limits.to_text(fake_limits(), age_seconds=None, width=50).splitlines()

    assert "  Python call  30.0 ns  ±50%" in said
    assert "      unstable: half of 7 repetitions were 50% off or more" in said


def test_every_stable_table_says_so() -> None:
    """Nothing to doubt is one sentence."""
    quiet = tuple(figure for figure in fake_limits().figures if not figure.unstable)

    assert limits.verdict(replace(fake_limits(), figures=quiet)) == "all 7 figures are stable"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (5, "less than a minute"),
        (60, "1 minute"),
        (7199, "1 hour"),
        (7200, "2 hours"),
        (86400, "1 day"),
        (900000, "10 days"),
    ],
)
def test_age_is_said_in_the_largest_unit(seconds: float, said: str) -> None:
    """From the cache: how old."""
    assert limits.age(seconds) == said
    assert f"{said} ago" in limits.to_text(fake_limits(), age_seconds=seconds)


def test_what_is_missing_or_through_numpy_is_said() -> None:
    """Marked beside the figure, named at the end; names from elsewhere are cleaned."""
    measured = fake_limits(
        fake_figure(
            "copy_bytes_per_second",
            Group.MEMORY,
            "bytes/s",
            1e9,
            through=Through.NUMPY,
            where=HOSTILE,
        ),
        missing=(NotMeasured("fsync_seconds", HOSTILE),),
    )
    said = limits.to_text(measured, age_seconds=None, width=200)

    assert "1.00 GB/s  ±0.0%  through NumPy" in said
    assert f"not measured: fsync: {text.clean(HOSTILE)}" in said
    assert not set("\x1b\x07\u202e") & set(said)


@pytest.mark.parametrize(
    ("value", "said"), [(None, "–"), (1.0, "1.00x"), (0.95, "~1x"), (2.5, "2.50x")]
)
def test_nothing_is_beyond_the_limit(value: float | None, said: str) -> None:
    """Within the limits' tolerance a time is at the limit."""
    assert text.limit(value) == said


def test_the_document_has_every_figure() -> None:
    """harness.limits/1: valid by its own schema, null for what does not apply."""
    made = documents.to_bytes(
        limits_document.limits_document(fake_limits(), age_seconds=90.0, exit_code=ExitCode.OK)
    )
    document = msgspec.json.decode(made, type=limits_document.LimitsDocument, strict=True)
    call = next(figure for figure in document.figures if figure.name == "call_seconds")

    assert (
        document.schema,
        document.exit_code,
        document.from_cache,
        document.age_seconds,
        document.unstable,
    ) == (
        "harness.limits/1",
        0,
        True,
        90.0,
        1,
    )
    assert (call.value, call.typical, call.spread, call.unstable, call.through) == (
        3e-8,
        4.5e-8,
        0.5,
        True,
        "python",
    )
    assert (call.working_set_bytes, call.workers, call.before) == (None, None, None)
    assert documents.schema("harness.limits/1")["$defs"]
