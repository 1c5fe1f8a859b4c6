"""Laws of the telemetry case: cutting and reading lose no row, and the inputs are what they promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from cases import kept
from cases.brc import case, chunks, filled, inputs, row
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
    """By the hash that our C kernel had when it was no secret, and by Numba's."""
    names = inputs.colliding(2000, 1)
    hashes = set()
    for name in names:
        first, second = (int.from_bytes(name.encode()[at : at + 8], "little") for at in (0, 8))
        hashes.add(first ^ (second << 29 | second >> 35) % 2**64)

    assert len(set(names)) == 2000
    assert len(hashes) == 1
    assert all(len(name) == 16 and name.isascii() and ";" not in name for name in names)

    by_bytes = inputs.colliding_by_bytes(50, 1)
    assert len(set(by_bytes)) == 50
    for name in by_bytes:
        state = 0
        for letter in name.encode():
            state = (state ^ letter) * 0x9E3779B97F4A7C15 % 2**64
        assert state >> 20 & 2047 == 0


NO_ROWS = (
    b"abc",
    b"abc\n",
    b"A;",
    b"A;\n",
    b"A;1",
    b"A;1.",
    b"A;-",
    b"A;-1.\n",
    b"A;100.0\n",
    b"A;-100.0\n",
    b"A;+1.0\n",
    b"A;1.25\n",
    b"A;1.0\r\n",
    b"A;1.0x\n",
    b"A;1,0\n",
    b"A;/.0\n",
    b"A;.5\n",
    b";1.0\n",
    b"\n",
    b"A;1.0\n\nB;2.0\n",
    b"abc\nB;1.0\n",
    b"x" * 101 + b";1.0\n",
    b"A;1.0\n" * 682 + b"A;1",
    b"A;1.0\n" * 100 + b"B;1.0;2.0\n" + b"C;1.0\n" * 50,
    b"n" * 4096,
)


@pytest.mark.parametrize("data", NO_ROWS, ids=lambda data: repr(data[-24:]))
@pytest.mark.parametrize("variant", ["cython", "numba", "numpy"])
def test_what_is_no_row_is_refused_and_shown(variant: str, data: bytes) -> None:
    """Nothing behind the file's end is read, and no reading is made up."""
    module = pytest.importorskip(f"cases.brc.{variant}")

    with pytest.raises(ValueError, match="row"):
        module.summarise(str(inputs.content(data)))


@pytest.mark.parametrize("size", [4096, 8192, 65536])
@pytest.mark.parametrize("last", [b"L;1.2", b"L;1.2\n", b"L;-98.7", b"abc", b"A;", b"A;1", b"A;-"])
def test_numba_reads_no_byte_behind_its_array(size: int, last: bytes) -> None:
    """What lies behind the rows, in the array that they are a part of, changes nothing."""
    np = pytest.importorskip("numpy")
    module = pytest.importorskip("cases.brc.numba")
    data = filled(size, last)
    outcomes = []
    for behind in (b"\0" * 64, b"9.9\n" * 16, b"5;5.5\n" * 10):
        whole = np.frombuffer(data + behind, dtype=np.uint8)
        table, odd = module.counted(whole[: len(data)], *module.SECRETS)
        outcomes.append((table.tolist(), odd))

    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert outcomes[0][1] is (last.removesuffix(b"\n")[-1:] not in b"27")


def test_the_kernel_refuses_what_is_no_telemetry() -> None:
    tally = pytest.importorskip("extensions.brc.cython").Tally()

    with pytest.raises(ValueError, match="more than 100 bytes"):
        tally.add(b"x" * 300, 0, 300)
    with pytest.raises(ValueError, match="more than 100 bytes"):
        tally.add(b"no semicolon", 0, 12)
