"""The self-test over all keys: figures by metric, the worst named, nothing lost between report and page."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from harness.errors import StoreError
from harness.model.declared import Verdict
from harness.model.gated import AlikeTest, Gap, Metric
from harness.show import alike
from tests.fakes.gates import fake_key
from tests.fakes.runs import MACHINE


def fake_test(*, complete: bool = True) -> AlikeTest:
    """Three variants by time, two of them noisy, one false alarm of an average, one variant that crashed."""
    return AlikeTest(
        machine=MACHINE,
        started="2026-11-30T12:00:00Z",
        load_average=1.5,
        command="python -m harness gate --self-test --all",
        metrics=(Metric.TIME, Metric.AVERAGE),
        tolerance=0.01,
        budget_seconds=10.0,
        keys=(
            fake_key("naive", effect=0.004),
            fake_key("naive", Verdict.SLOWER, metric=Metric.AVERAGE, effect=0.02),
            fake_key("banded", Verdict.UNCLEAR, effect=0.03),
            fake_key("banded", Verdict.UNCLEAR, metric=Metric.AVERAGE, effect=0.05),
            fake_key("myers", effect=0.006),
        ),
        gaps=(Gap("dedupe", "pool", "timeout", "no answer after 30 s"),),
        notes=(),
        seconds=600.0,
        complete=complete,
    )


def test_the_figures_are_those_of_the_keys() -> None:
    """False alarms, median and worst effects, metric by metric."""
    typical, average = alike.alike_document(fake_test()).summary

    assert (typical.keys, typical.false_alarms, typical.unclear) == (3, 0, 1)
    assert (typical.median_effect, typical.within_tolerance) == (0.006, 2)
    assert typical.worst[0] == "dedupe/640/banded 3.0 %"
    assert (average.keys, average.false_alarms, average.median_effect) == (2, 1, 0.035)


@pytest.mark.parametrize("complete", [True, False])
def test_a_page_is_made_of_the_document_alone(*, complete: bool) -> None:
    """Written, read and shown: the figures, what is missing, and whether it came to its end."""
    page = alike.markdown(alike.read_alike(alike.alike_bytes(fake_test(complete=complete))))

    assert "| typical call | 3 | 0 | 0 | 1 | 0.6 % | 2 |" in page
    assert "Not measured: dedupe/pool (timeout)." in page
    assert page.startswith("Interrupted: not all keys.") is not complete


def test_the_terminal_shows_every_key() -> None:
    """A line for each key and metric, the sums, and what could not be measured."""
    buffer = io.StringIO()
    alike.print_alike(Console(file=buffer, width=120), fake_test())
    said = buffer.getvalue()

    assert said.count("dedupe/640/") == 5
    assert "average call: 1 false alarms of 2 keys" in said
    assert "not measured: dedupe/pool: timeout" in said


@pytest.mark.parametrize("data", [b"", b"{}", b'{"schema": "harness.gate/2"}', b"[" * 100_000])
def test_another_document_is_refused(data: bytes) -> None:
    """With the command that writes one."""
    with pytest.raises(StoreError) as caught:
        alike.read_alike(data)

    assert "--self-test --all" in caught.value.remedy
