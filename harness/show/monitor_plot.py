"""A recording as curves over time: processors, memory, switches; SVG, the same bytes for the same recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.show.drawing import COLOURS, INK, sheet, to_svg

if TYPE_CHECKING:
    from harness.model.watched import Recording

_MIB = 1 << 20


def svg(recording: Recording) -> bytes:
    """Return the plot: three panels above each other with one axis of time."""
    seconds = [one.seconds for one in recording.readings]
    with sheet(8, 7) as figure:
        cpu, memory, switches = figure.subplots(3, 1, sharex=True)
        cpu.plot(
            seconds, [one.cpu for one in recording.readings], color=COLOURS[0], label="the tree"
        )
        cpu.plot(
            seconds,
            [sum(one.cores) for one in recording.readings],
            color=COLOURS[1],
            linestyle="--",
            label="the machine",
        )
        cpu.axhline(recording.cores, color=INK, linewidth=0.8)
        cpu.set_ylabel("cores")
        memory.plot(
            seconds,
            [one.resident_bytes / _MIB for one in recording.readings],
            color=COLOURS[0],
            label="resident",
        )
        shared = [
            (one.seconds, one.proportional_bytes / _MIB)
            for one in recording.readings
            if one.proportional_bytes is not None
        ]
        if shared:
            memory.plot(
                *zip(*shared, strict=True), color=COLOURS[2], linestyle="--", label="shared once"
            )
        memory.set_ylabel("MiB")
        for name, colour, line, label in (
            ("voluntary_switches", COLOURS[0], "-", "waited"), ("involuntary_switches", COLOURS[1], "--", "pushed aside"),
        ):  # fmt: skip
            known = [
                (one.seconds, getattr(one, name))
                for one in recording.readings
                if getattr(one, name) is not None
            ]
            if known:
                switches.plot(*zip(*known, strict=True), color=colour, linestyle=line, label=label)
        switches.set_ylabel("switches so far")
        switches.set_xlabel("seconds" + (" (the recording is cut)" if recording.cut else ""))
        for panel in (cpu, memory, switches):
            panel.set_ylim(bottom=0)
            panel.grid(visible=True)
            panel.legend(loc="best", fontsize=8)
        return to_svg(figure, f"recording of {recording.started}")
