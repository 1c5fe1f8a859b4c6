"""The table: nothing hidden, nothing invented, readable at every width."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from harness.model.declared import Proof, Status
from harness.model.judged import WorkloadSummary
from harness.show import table

from .rows import HOSTILE, failed_row, fake_row, fake_table, full_table


def said(summary: WorkloadSummary, *, width: int = 120) -> list[str]:
    """The lines of a table."""
    return table.to_text(summary, case="tiny", width=width).splitlines()


def line_of(name: str, summary: WorkloadSummary, *, width: int = 120) -> str:
    """The row of one variant."""
    return next(line for line in said(summary, width=width) if line[2:].startswith(name))


def test_the_whole_table_at_eighty_columns() -> None:
    """Fastest first, failures last in the case's order, ties in a bracket, reasons below."""
    summary = fake_table(
        fake_row("naive", 0.01234, reference=True),
        fake_row("myers", 0.00405, speedup=3.05, tie=1),
        fake_row("banded", 0.0041, speedup=3.01, tie=1),
        fake_row("myers_c", 1.234e-5, speedup=1000.0, payback=1240),
        failed_row(
            "float32",
            Status.WRONG_ANSWER,
            finding="precision",
            message="answer[3]: 0.1 is not 0.10000000149",
        ),
        dropped=("the machine slept for 3 s",) * 2,
    )

    assert [
        "tiny, n = 100",
        "  variant         time        speed-up       95 %     peak     pay-back  limit",
        "  myers_c ★    12.3 µs ±1.0%    1 000x 990..1 010  4.0 MiB  1 240 calls  40.0x",
        "┌ myers        4.05 ms ±1.0%     3.05x 3.02..3.08  4.0 MiB      at once  40.0x",
        "└ banded       4.10 ms ±1.0%     3.01x 2.98..3.04  4.0 MiB      at once  40.0x",
        "  naive (ref)  12.3 ms ±1.0%     1.00x             4.0 MiB            –  40.0x",
        "  float32            –  wrong-answer (precision)",
        "  7 blocks of fresh processes, 2 dropped (2x the machine slept for 3 s), ratios",
        "  within ±1.8%",
        "  float32: wrong-answer: answer[3]: 0.1 is not 0.10000000149",
    ] == said(summary, width=80)


@pytest.mark.parametrize("width", [1, 20, 40, 41, 60, 79, 80, 100, 120, 200])
def test_no_row_is_wider_than_the_terminal(width: int) -> None:
    """Whatever the width, the table's own lines fit into it."""
    block = table.render(full_table(), case="tiny", width=width)

    assert max(cell_len(line) for line in block.plain.splitlines()) <= width


@pytest.mark.parametrize("width", [40, 60, 80, 100, 160])
def test_time_ratio_and_status_are_never_dropped(width: int) -> None:
    """A narrow terminal costs columns, but not those three."""
    summary = full_table()

    assert [
        "12.3 µs" in line_of("myers_c", summary, width=width),
        "1 000x" in line_of("myers_c", summary, width=width),
    ] == [True, True]
    assert "wrong-answer" in line_of("float32", summary, width=width)


def test_columns_leave_least_important_first() -> None:
    """The header at every width is the one before without its least important titles."""
    order = ["samples", "technique", "peak", "limit", "pay-back", "95 %"]
    headers = [said(full_table(), width=width)[1] for width in range(160, 39, -1)]
    gone = [sum(title not in header for title in order) for header in headers]

    assert sorted(gone) == gone
    assert all(
        [title not in header for title in order] == [index < count for index in range(6)]
        for header, count in zip(headers, gone, strict=True)
    )


def test_a_row_that_is_not_ok_shows_no_number() -> None:
    """Memory and samples that were kept of a refused variant are not shown either."""
    line = line_of("float32", full_table(), width=160)

    assert ["float32", "python", "–", "wrong-answer", "(precision)"] == line.split()


def test_an_ok_row_without_samples_says_so() -> None:
    """Measured nothing is not zero."""
    summary = fake_table(
        replace(
            fake_row("naive", 1.0, reference=True), seconds=None, speedup=None, times_limit=None
        )
    )

    assert ["naive", "(ref)", "python", "–", "too", "few", "samples"] == line_of(
        "naive", summary
    ).split()


def test_the_best_of_ours_is_never_a_rival() -> None:
    """The fastest row may be a rival; the star stays with ours."""
    lines = said(full_table())

    assert lines[2][2:].startswith("rapidfuzz (rival)")
    assert ["myers_c ★"] == [line[2:11] for line in lines if "★" in line]


def test_three_tied_rows_share_one_bracket() -> None:
    """The bracket opens, goes on and closes; a lone row has none."""
    summary = fake_table(
        *(
            fake_row(name, seconds, tie=tie)
            for name, seconds, tie in [
                ("a", 1.0, 4),
                ("b", 1.1, 4),
                ("c", 1.2, 4),
                ("d", 2.0, None),
            ]
        )
    )

    assert ["┌", "│", "└", " "] == [line[0] for line in said(summary)[2:6]]


def test_hostile_names_are_data() -> None:
    """Neither markup nor escape sequences nor newlines of a name, a message or a reason reach the terminal."""
    summary = fake_table(
        failed_row(HOSTILE, Status.WRONG_ANSWER, finding=HOSTILE, message=HOSTILE),
        dropped=(HOSTILE,),
        warnings=(HOSTILE,),
    )
    printed = table.to_text(replace(summary, name=HOSTILE), case=HOSTILE, width=300)

    assert "[/x]" in printed
    assert set("\x1b\x07\u202e") & set(printed) == set()
    assert 6 == len(printed.splitlines())


def test_a_console_of_another_encoding_gets_ascii() -> None:
    """cp1252 knows neither bars nor stars: the table comes without them, and without a traceback."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="cp1252")
    console = Console(file=stream, width=120)
    table.print_workload(console, full_table(), case="tiny")
    table.print_legend(console)
    stream.flush()

    assert raw.getvalue().isascii()
    assert b"12.3 us ~1.0%" in raw.getvalue()


def test_plain_where_colours_are_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR and TERM=dumb: not one escape sequence of colour."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    buffer = io.StringIO()
    table.print_workload(Console(file=buffer, width=100), full_table(), case="tiny")

    assert "\x1b" not in buffer.getvalue()


def test_no_table_is_too_small() -> None:
    """A workload in which everything failed, and one without rows, have a table."""

    assert ["tiny, n = 100", "  variant  time  speed-up", "  7 blocks of fresh processes"] == said(
        fake_table(widest=None)
    )
    assert (
        "  naive    python        –  crashed"
        == said(fake_table(failed_row("naive", Status.CRASHED), widest=None))[2]
    )


def test_the_reference_is_marked_by_its_certificate() -> None:
    """Not by its place: the table is sorted by time."""
    row = fake_row("naive", 1.0, reference=True)
    assert row.result.certificate is not None
    equal = replace(
        row,
        result=replace(
            row.result, certificate=replace(row.result.certificate, verdict=Proof.EQUAL)
        ),
    )

    assert ["naive (ref) ★", "naive ★"] == [
        said(fake_table(one))[2][2:].split("  ")[0] for one in (row, equal)
    ]
