"""Laws of the Mandelbrot case: schedules give every row to one worker, kernels agree at any width, and the views are as uneven as they say."""

from __future__ import annotations

import importlib
import json
import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cases.mandelbrot import NEARLY_TWO, View, case, even, nasty, uneven, upside_down
from cases.mandelbrot.naive import escape_counts, stays
from cases.mandelbrot.schedules import guided, interleaved, pasted, static

ONE_THREAD = (
    "pairs",
    "cycles",
    "numpy_masked",
    "numpy_shrinking",
    "numba",
    "cython",
    "lanes",
    "cycles_c",
    "plain_c",
)
SCHEDULES = (static, interleaved, guided)
EXTENSIONS = Path(__file__).parents[2] / "extensions" / "mandelbrot"


def variant(name: str) -> Any:
    """Return a variant's function, or skip where it is not built."""
    try:
        return importlib.import_module(f"cases.mandelbrot.{name}").escape_counts
    except ImportError as error:
        pytest.skip(f"{name} cannot be imported here: {error}")


def share_of_the_busiest(blocks: list[range], work: list[int]) -> float:
    """How much of all work the largest block holds."""
    return max(sum(work[row] for row in block) for block in blocks) / sum(work)


def work_of_rows(view: View) -> list[int]:
    """Return the steps that each row takes."""
    return [int(steps) for steps in (variant("pairs")(*view) + 1).sum(axis=1)]


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("workers", [1, 2, 3, 8, 64])
@pytest.mark.parametrize("rows", [0, 1, 2, 3, 7, 64, 65, 1000])
def test_a_schedule_gives_every_row_to_one_block(schedule: Any, rows: int, workers: int) -> None:
    blocks = schedule(rows, workers)

    assert list(range(rows)) == sorted(row for block in blocks for row in block)


@pytest.mark.parametrize("schedule", [static, interleaved])
@pytest.mark.parametrize("rows", [1, 10, 1000])
def test_fixed_schedules_have_a_block_a_worker_and_differ_by_one_row(
    schedule: Any, rows: int
) -> None:
    sizes = [len(block) for block in schedule(rows, 7)]

    assert len(sizes) == 7
    assert max(sizes) - min(sizes) <= 1


def test_guided_blocks_shrink_to_single_rows() -> None:
    """Each takes a worker's share of what is left, rounded up."""
    assert [4, 3, 3, 2, 1, 1, 1, 1] == [len(block) for block in guided(16, 4)]
    assert [range(10)] == guided(10, 1)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_parts_are_pasted_where_they_belong(schedule: Any) -> None:
    picture = np.arange(35, dtype=np.int32).reshape(7, 5)
    blocks = schedule(7, 3)

    pasted_again = pasted(
        7, 5, blocks, [picture[block.start : block.stop : block.step] for block in blocks]
    )

    assert picture.tolist() == pasted_again.tolist()


def test_the_uneven_view_ruins_static_blocks_and_the_even_one_does_not() -> None:
    """Steps are counted, not seconds: half of the rows are nearly all of the work, or nearly half of it."""
    work, smooth = work_of_rows(uneven(64, 0)), work_of_rows(even(64, 0))

    assert share_of_the_busiest(static(64, 2), work) > 0.95
    assert share_of_the_busiest(interleaved(64, 2), work) < 0.55
    assert share_of_the_busiest(static(64, 2), smooth) < 0.55
    assert share_of_the_busiest(static(64, 8), smooth) < 0.16


def test_guided_blocks_are_ruined_by_work_that_comes_first() -> None:
    """The first block is half of the rows: with the work at the end it costs nothing, with the work in front nearly all."""
    first = guided(64, 2)[0]
    late, early = work_of_rows(uneven(64, 0)), work_of_rows(upside_down(64, 0))

    assert sum(late[row] for row in first) / sum(late) < 0.05
    assert sum(early[row] for row in first) / sum(early) > 0.95


@pytest.mark.parametrize("name", ONE_THREAD)
def test_conjugate_points_have_equal_counts(name: str) -> None:
    """Changing the sign of y changes the sign of every later y and nothing else, in floating point too."""
    counts = variant(name)
    upper = counts(-0.9, 0.75, 1 / 32, 20, 45, 120)
    lower = counts(-0.9, 19 / 32 - 0.75, 1 / 32, 20, 45, 120)

    assert upper.tolist() == lower[::-1].tolist()


@pytest.mark.parametrize("name", ONE_THREAD)
def test_a_larger_limit_changes_only_who_had_reached_the_smaller(name: str) -> None:
    counts = variant(name)
    for left, top, step, rows, columns, _ in (uneven(40, 1), even(25, 1)):
        low, high = (counts(left, top, step, rows, columns, limit) for limit in (37, 300))

        assert low.tolist() == np.minimum(high, 37).tolist()


@pytest.mark.parametrize("name", ONE_THREAD)
def test_a_picture_is_made_of_its_tiles(name: str) -> None:
    """A pixel's count does not depend on its neighbours: steps are powers of two, so that tiles have exactly the same points."""
    counts = variant(name)
    left, top, step = -1.5, 1.0, 2.0**-5
    whole = counts(left, top, step, 40, 70, 90)

    for row, column, rows, columns in (
        (0, 0, 1, 70),
        (3, 5, 17, 33),
        (39, 69, 1, 1),
        (20, 0, 20, 31),
    ):
        tile = counts(left + column * step, top - row * step, step, rows, columns, 90)

        assert tile.tolist() == whole[row : row + rows, column : column + columns].tolist()


@pytest.mark.parametrize("bits", [128, 256, 512])
def test_the_vector_kernel_agrees_at_any_width(bits: int) -> None:
    """Whatever vectors a processor has, the counts are those of the reference."""
    counts = variant("lanes")
    for view in (*nasty(), uneven(50, 3), even(23, 3)):
        assert escape_counts(*view).tolist() == counts(*view, bits=bits).tolist()


@pytest.mark.parametrize("name", ["cycles", "cycles_c"])
def test_an_orbit_in_a_cycle_costs_nothing_however_large_the_limit(name: str) -> None:
    """Two thousand million steps for each of these pixels would take hours: they are seen to come back."""
    limit = 2_000_000_000
    for c in (0j, -1 + 0j, 1j, -0.12 + 0.75j, 0.1 + 0.2j, -1.3 + 0.01j):
        assert [[limit]] == variant(name)(c.real, c.imag, 0.0, 1, 1, limit).tolist()


def test_complex_products_round_like_the_definition() -> None:
    """Python's complex product rounds each product and the difference, one by one; what all variants rely on."""
    source = random.Random(5)
    for _ in range(500):
        z, c = (complex(source.uniform(-2, 2), source.uniform(-2, 2)) for _ in range(2))
        xx, yy, xy = (
            float(Fraction(a) * Fraction(b))
            for a, b in ((z.real, z.real), (z.imag, z.imag), (z.real, z.imag))
        )

        assert complex((xx - yy) + c.real, (xy + xy) + c.imag) == z * z + c


@pytest.mark.parametrize("name", ["square_of_x", "square_of_y", "imaginary_part"])
def test_every_way_of_fusing_changes_some_adversarial_count(name: str) -> None:
    """Equality on the nasty views means that nothing was fused: one rounding saved anywhere is seen."""
    fused: dict[str, Callable[[float, float, complex], complex]] = {
        "square_of_x": lambda x, y, c: complex(
            float(Fraction(x) * Fraction(x) - Fraction(y * y)) + c.real, x * y + x * y + c.imag
        ),
        "square_of_y": lambda x, y, c: complex(
            float(Fraction(x * x) - Fraction(y) * Fraction(y)) + c.real, x * y + x * y + c.imag
        ),
        "imaginary_part": lambda x, y, c: complex(
            (x * x - y * y) + c.real, float(Fraction(x + x) * Fraction(y) + Fraction(c.imag))
        ),
    }

    def otherwise(c: complex, limit: int) -> int:
        z = 0j
        for count in range(limit):
            z = fused[name](z.real, z.imag, c)
            if z.real * z.real + z.imag * z.imag > 4.0:
                return count
        return limit

    views = [view for view in nasty() if view[2] in (3e-16, 2.2e-16)]
    points = [
        (complex(x + j * step, y - i * step), limit)
        for x, y, step, rows, columns, limit in views
        for i in range(rows)
        for j in range(columns)
    ]

    assert any(otherwise(c, limit) != stays(c, limit) for c, limit in points)


def test_nearly_two_is_decided_by_squares_not_by_the_root() -> None:
    for real, imaginary in NEARLY_TWO:
        c = complex(float.fromhex(real), float.fromhex(imaginary))

        assert abs(c) <= 2.0
        assert stays(c, 9) == 0


def test_some_counts_need_more_than_16_bits() -> None:
    """One pixel that leaves needs the sixteenth bit, one the seventeenth, and one stays for longer than either can say."""
    (view,) = (view for view in nasty() if view[-1] > 2**16)
    signed, unsigned, stayed = escape_counts(*view).ravel().tolist()

    assert 2**15 <= signed < 2**16 <= unsigned < stayed == view[-1]


def test_who_left_stays_away_where_the_vector_kernel_relies_on_it() -> None:
    """The lemma of lanes.h, tried where it is tightest: |z| just above 2 and |c| up to the square root of 3.9, pointing against z z."""
    source = random.Random(8)
    for _ in range(2000):
        angle, size = source.uniform(0, 7), source.choice((3.9, source.uniform(0, 3.9))) ** 0.5
        z = (
            2.0
            * (1 + source.choice((0.0, 1e-16, 1e-15, 0.01)))
            * complex(np.cos(angle), np.sin(angle))
        )
        c = -size * (z * z) / abs(z * z)
        for _ in range(8):
            z = z * z + c
            assert not abs(z) ** 2 <= 4.0


def test_who_did_not_leave_the_far_tip_is_followed_alone() -> None:
    """Beyond |c|^2 = 3.9 the lemma does not hold; -2 itself stays for ever with |z| = 2."""
    counts = variant("lanes")(-2.0, 0.0, 2.0**-20, 1, 65, 1000)

    assert counts.tolist() == escape_counts(-2.0, 0.0, 2.0**-20, 1, 65, 1000).tolist()
    assert counts[0, 0] == 1000


def test_rows_outside_the_picture_are_refused() -> None:
    """The part that threads call writes where it is told; it looks whether that place exists."""
    lanes = pytest.importorskip("extensions.mandelbrot.lanes")
    pixels = np.zeros((4, 5), dtype=np.int32)

    for first, last in ((-1, 2), (3, 2), (0, 5)):
        with pytest.raises(ValueError, match="not in a picture of 4"):
            lanes.count_rows(pixels, 0.0, 0.0, 0.1, 10, first, last)
    assert not pixels.any()


def test_a_few_rows_are_written_and_no_others() -> None:
    lanes = pytest.importorskip("extensions.mandelbrot.lanes")
    pixels = np.full((9, 40), -7, dtype=np.int32)
    lanes.count_rows(pixels, -1.5, 1.0, 0.05, 60, 3, 7)

    assert escape_counts(-1.5, 1.0, 0.05, 9, 40, 60)[3:7].tolist() == pixels[3:7].tolist()
    assert (pixels[:3] == -7).all()
    assert (pixels[7:] == -7).all()


def test_no_compiler_may_fuse_products_and_sums() -> None:
    """Each extension of this case is compiled with the flag that says so, the rival too: other processors fuse by default."""
    for source in EXTENSIONS.glob("*.pyx"):
        assert "-ffp-contract=off" in source.read_text(encoding="utf-8"), source.name
    for record in EXTENSIONS.glob("*.build.json"):
        flags = json.loads(record.read_text(encoding="utf-8")).get("flags", [])
        assert "-ffp-contract=off" in flags, record.name


def test_work_is_estimated_from_a_sample_within_a_tenth() -> None:
    """The roofline's operations: the sample's mean stands for the picture's."""
    assert case.work is not None
    for make in (uneven, even):
        view = make(64, 0)
        steps = float((variant("pairs")(*view) + 1.0).sum())

        assert case.work(*view).operations == pytest.approx(11 * steps, rel=0.1)
