"""The JSON: the contract of docs/design.md, field by field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf, nan
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from harness.commands.list import command
from harness.errors import ExitCode
from harness.judge.summary import summarise
from harness.model.declared import Status
from harness.model.judged import Estimate, Row, Summary, WorkloadSummary
from harness.show import documents
from tests.fakes.runs import fake_certificate, fake_run

from .rows import failed_row, fake_row, fake_table


def one_row(row: Row) -> dict[str, Any]:
    """A row's JSON object."""
    return variants(fake_table(row))[0]


def variants(*tables: WorkloadSummary) -> list[dict[str, Any]]:
    """The variants of the first workload, as a reader of the JSON sees them."""
    document = documents.run_document(Summary(fake_run(), tables))
    made: list[dict[str, Any]] = msgspec.json.decode(documents.to_bytes(document))["workloads"][0][
        "variants"
    ]
    return made


def test_a_run_has_the_fields_of_the_contract() -> None:
    """The names that other programs rely on are all there."""
    document = msgspec.json.decode(
        documents.runs_bytes([summarise(fake_run(), "results/tiny/x.json")])
    )

    assert {
        "schema",
        "run",
        "case",
        "status",
        "exit_code",
        "machine",
        "workloads",
        "crossovers",
        "file",
    } <= set(document)
    assert ["harness.run/1", "complete", 0, "results/tiny/x.json"] == [
        document[name] for name in ("schema", "status", "exit_code", "file")
    ]
    assert {"name", "n", "variants", "blocks", "dropped", "bound_seconds", "warnings"} <= set(
        document["workloads"][0]
    )
    assert {
        "name", "technique", "rival", "status", "reason", "message", "certificate", "seconds", "speedup", "cpu_seconds", "start_seconds",
        "first_call_seconds", "payback_calls", "peak_bytes", "traced_peak_bytes", "times_limit",
    } <= set(document["workloads"][0]["variants"][0])  # fmt: skip


def test_estimates_are_objects_with_an_interval() -> None:
    """Value, low and high; the reference is compared with itself."""
    made = one_row(fake_row("quick", 0.5, speedup=2.0, half_width=0.5))

    assert {"value": 0.5, "low": 0.25, "high": 0.75} == made["seconds"]
    assert {"value": 2.0, "low": 1.0, "high": 3.0} == made["speedup"]
    assert {"verdict": "equal", "digest": "0123456789abcdef"} == made["certificate"]


def test_what_is_not_measured_is_null() -> None:
    """A refused variant has its word, its reason and no number, though its memory was measured."""
    made = one_row(
        failed_row("bad", Status.WRONG_ANSWER, finding="dtype", message="float32 is not float64")
    )

    numbers = (
        "seconds",
        "speedup",
        "cpu_seconds",
        "start_seconds",
        "first_call_seconds",
        "payback_calls",
        "peak_bytes",
        "traced_peak_bytes",
        "times_limit",
    )
    assert [None] * len(numbers) == [made[name] for name in numbers]
    assert ["wrong-answer", "dtype", "not-equal"] == [
        made["status"],
        made["reason"],
        made["certificate"]["verdict"],
    ]


@pytest.mark.parametrize("odd", [nan, inf])
def test_neither_nan_nor_infinity_is_written(odd: float) -> None:
    """An estimate with an end that is no number is no estimate."""
    row = replace(
        fake_row("odd", 1.0), seconds=Estimate(1.0, 0.5, odd), times_limit=odd, cpu_seconds=odd
    )

    assert [None, None, None] == [
        one_row(row)[name] for name in ("seconds", "times_limit", "cpu_seconds")
    ]


def test_an_interrupted_run_is_incomplete() -> None:
    """The status says so; what was measured is there."""
    document = documents.run_document(summarise(replace(fake_run(), complete=False)))

    assert ["incomplete", 1] == [document.status, len(document.workloads)]


def test_several_runs_share_one_document() -> None:
    """With the gravest exit code of all."""
    document = msgspec.json.decode(
        documents.runs_bytes(
            [
                summarise(fake_run()),
                Summary(fake_run(), (fake_table(failed_row("bad", Status.TIMEOUT)),)),
            ]
        )
    )

    assert ["harness.runs/1", 4, [0, 4]] == [
        document["schema"],
        document["exit_code"],
        [run["exit_code"] for run in document["runs"]],
    ]


def test_a_verified_case_shows_its_evidence() -> None:
    """Certificates with reason and message, mutants or null."""
    certificate = fake_certificate("quick")
    wrong = replace(
        certificate,
        status=Status.WRONG_ANSWER,
        evidence=replace(certificate.evidence, finding="count", message="3 are not 4"),
    )
    verified = documents.Verified(
        "tiny", [wrong], ExitCode.WRONG_ANSWER, documents.MutantsDocument(5, 5, 0, ())
    )
    document = msgspec.json.decode(documents.to_bytes(documents.verify_document(verified)))

    assert ["harness.verify/1", "tiny", 3] == [
        document[name] for name in ("schema", "case", "exit_code")
    ]
    assert ["count", "3 are not 4", 10] == [
        document["variants"][0]["reason"],
        document["variants"][0]["message"],
        document["variants"][0]["evidence"]["inputs"],
    ]
    assert [{"total": 5, "rejected": 5, "alike": 0, "survivors": []}, None] == [
        document["mutants"],
        document["mechanical"],
    ]


@pytest.mark.parametrize("name", sorted(documents.DOCUMENTS))
def test_every_document_has_a_json_schema(name: str) -> None:
    """Which names the document and asks for its schema field."""
    made = documents.schema(name)
    definition = made["$defs"][documents.DOCUMENTS[name].__name__]  # type: ignore[index]

    assert "schema" in definition["required"]


def test_a_document_reads_back_as_what_it_was() -> None:
    """The bytes are the structs: nothing is lost, nothing is invented."""
    document = documents.run_document(summarise(fake_run()))

    assert document == msgspec.json.decode(documents.to_bytes(document), type=documents.RunDocument)


def test_what_list_prints_is_what_its_schema_says(write_case: Callable[..., Path]) -> None:
    """``harness.list/1`` of a small case, read strictly."""
    printed = CliRunner().invoke(
        command, [str(write_case(mutants="def late(xs): return xs")), "--json", "-"]
    )
    document = msgspec.json.decode(printed.stdout, type=documents.ListDocument)

    assert ["harness.list/1", 1, ["late"]] == [
        document.schema,
        len(document.cases),
        document.cases[0].mutants,
    ]
    assert [("naive", True)] == [
        (variant.name, variant.reference) for variant in document.cases[0].variants
    ]
