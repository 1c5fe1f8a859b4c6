"""Laws of the telemetry case: cutting and reading lose no row, and the inputs are what they promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from cases import kept
from cases.brc import case, chunks, inputs, row
from cases.brc.naive import summarise
from cases.brc.rollup import answer, merged

ROWS = [
    row(station, tenths)
    for station, tenths in (
        ("A", -999),
        ("x" * 100, 0),
        ("Å", 5),
        ("B", -1),
        ("A", 999),
        ("y" * 40, 12),
    )
] * 3


@pytest.mark.parametrize("last", [b"", b"\n"])
@pytest.mark.parametrize("number", [1, 2, 3, 7, 8, 40])
def test_chunks_cover_the_data_and_end_where_lines_do(number: int, last: bytes) -> None:
    data = b"".join(ROWS).removesuffix(b"\n") + last

    ranges = chunks.cut(data, number)

    assert data == b"".join(data[begin:end] for begin, end in ranges)
    assert all(data[end - 1 : end] == b"\n" for _, end in ranges[:-1])
    assert all(begin < end for begin, end in ranges)


@pytest.mark.parametrize("size", [1, 7, 8, 50, 108, 5000])
def test_pieces_of_a_range_are_whole_lines_whatever_their_size(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "PIECE", size)
    path = str(inputs.content(b"".join(ROWS)))
    begin, end = len(ROWS[0]), len(b"".join(ROWS[:-1]))

    pieces = list(chunks.pieces(path, begin, end))

    assert b"".join(ROWS[1:-1]) == b"".join(pieces)
    assert all(piece.endswith(b"\n") for piece in pieces)


def test_figures_of_parts_merge_into_the_figures_of_the_whole() -> None:
    from cases.brc.distinct import folded

    parts = [folded({line: 1}) for line in ROWS]

    assert summarise(str(inputs.content(b"".join(ROWS)))) == answer(merged(parts))


def test_the_same_seed_makes_the_same_file_and_another_seed_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(kept.tempfile, "tempdir", str(tmp_path))
    make = case.workloads[0].make
    (path,) = make(500, 1)
    before = Path(path).read_bytes()
    Path(path).unlink()

    assert (path,) == make(500, 1)
    assert before == Path(path).read_bytes()
    assert before.count(b"\n") == 500
    assert before != Path(*make(500, 2)).read_bytes()


def test_a_spoiled_file_is_noticed_and_made_again() -> None:
    path = inputs.content(b"A;1.0")
    path.write_bytes(b"A;1.0\n")

    assert not inputs.is_unchanged(str(path))
    assert inputs.content(b"A;1.0").read_bytes() == b"A;1.0"
    assert inputs.is_unchanged(str(path))


def test_names_that_should_collide_do() -> None:
    names = inputs.colliding(5)

    assert len(set(names)) == 5
    assert {0} == {
        (product ^ product >> 32) % 1024
        for name in names
        for product in [int.from_bytes(name.encode(), "little") * 0x9E3779B97F4A7C15 % (1 << 64)]
    }


def test_the_kernel_refuses_what_is_no_telemetry() -> None:
    tally = pytest.importorskip("extensions.brc.cython").Tally()

    with pytest.raises(ValueError, match="more than 100 bytes"):
        tally.add(b"x" * 300, 0, 300)
    with pytest.raises(ValueError, match="more than 100 bytes"):
        tally.add(b"no semicolon", 0, 12)
