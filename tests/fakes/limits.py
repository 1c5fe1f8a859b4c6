"""A machine's limits made by hand, with round numbers."""

from __future__ import annotations

from harness.model.limited import Figure, Group, MachineLimits, NotMeasured, Through
from tests.fakes.runs import MACHINE


def fake_figure(
    name: str,
    group: Group,
    unit: str,
    value: float,
    *,
    typical: float | None = None,
    **more: object,
) -> Figure:
    """A figure of seven repetitions that agree, unless told otherwise."""
    return Figure(
        name, group, unit, value, value if typical is None else typical, value, value, 7, **more
    )  # type: ignore[arg-type]


def fake_limits(*more: Figure, missing: tuple[NotMeasured, ...] = ()) -> MachineLimits:
    """One of each group: 100 GB/s and 10 GB/s of reading, 20 G multiply-adds, two cores."""
    figures = (
        fake_figure("read_bytes_per_second", Group.MEMORY, "bytes/s", 1e11, where="L1", working_set_bytes=16384, holds_bytes=32768),
        fake_figure("read_bytes_per_second", Group.MEMORY, "bytes/s", 1e10, where="memory", working_set_bytes=1 << 27, holds_bytes=1 << 27),
        fake_figure("fma_per_second", Group.ARITHMETIC, "1/s", 2e10),
        fake_figure("call_seconds", Group.CALLS, "s", 3e-8, typical=4.5e-8, through=Through.PYTHON),
        fake_figure("parallel_capacity", Group.PARALLEL, "cores", 1.0, workers=1),
        fake_figure("parallel_capacity", Group.PARALLEL, "cores", 1.9, workers=2),
        fake_figure("fma_together_per_second", Group.PARALLEL, "1/s", 3.8e10, workers=2),
        fake_figure("read_together_bytes_per_second", Group.PARALLEL, "bytes/s", 1.5e10, where="memory", working_set_bytes=1 << 27, workers=2),
    )  # fmt: skip
    return MachineLimits(MACHINE, "2026-01-01T12:00:00Z", 21.4, 0.25, (*figures, *more), missing)
