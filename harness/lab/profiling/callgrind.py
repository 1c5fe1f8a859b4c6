"""callgrind counts instructions by C function: for Cython and C; it does not know which Python function is being interpreted."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from harness.lab.gate.counting import (
    DUMPS,
    VALGRIND_MEMORY_BYTES,
    callgrind_command,
    count_job,
)
from harness.lab.profiling.frames import MACHINE_CODE, short, tidy
from harness.lab.supervisor import Confines, Worker
from harness.model.profiled import Frame, Profile, Stack, Tool

if TYPE_CHECKING:
    from harness.lab.profiling.subject import Profiled

_POSITION = re.compile(r"^(?P<what>c?fn|c?fi|fe|fl|ob|cob)=\((?P<number>\d+)\)(?: (?P<name>.*))?$")


def look(subject: Profiled, seconds: float) -> Profile:
    """Count some calls; ``seconds`` is not used, since a count does not depend on how long one looks.

    Raises:
        NotProfiled: the variant came to another end.
    """
    del seconds
    confines = Confines(subject.confines.timeout_seconds * 4, VALGRIND_MEMORY_BYTES)
    environment = {**subject.environment(), "NUMBA_CPU_NAME": "generic"}
    with Worker(
        confines, environment=environment, under=callgrind_command(subject.scratch)
    ) as worker:
        said = subject.ask(worker, {**subject.job("count"), **count_job(subject.scratch)})
    dump = subject.scratch / f"{DUMPS}.3"  # of one call, of some, and of twice as many
    stacks = tuple(
        Stack((_known(frame, subject.call_frame),), cost)
        for frame, cost in read(dump.read_text(errors="replace").splitlines())
    )
    return Profile(
        subject.key, Tool.CALLGRIND, None, int(said["calls"][1]), stacks, subject.revision
    )


def _known(frame: Frame, call: Frame) -> Frame:
    """Machine code made at run time is what Numba compiled of the variant."""
    return (
        Frame(f"{call.function} (machine code)", call.file)
        if frame.function == MACHINE_CODE
        else frame
    )


def read(lines: Iterable[str]) -> list[tuple[Frame, float]]:
    """Instructions of each function itself; what it calls is on the line after ``calls=`` and left out.

    Source: the format of valgrind's manual, 6.8, with compressed names.
    """
    names: dict[tuple[str, str], str] = {}
    costs: defaultdict[tuple[str, str], float] = defaultdict(float)
    function = file = library = ""
    called = False
    for line in lines:
        position = _POSITION.match(line)
        if position:
            kind = position["what"].removeprefix("c")[:2]
            space = {"fi": "file", "fe": "file", "fl": "file", "fn": "fn", "ob": "ob"}[kind]
            if position["name"]:
                names[space, position["number"]] = position["name"]
            name = names.get((space, position["number"]), "")
            if position["what"] == "fn":
                function = name
            elif position["what"] == "fl":
                file = name
            elif position["what"] == "ob":
                library = name
        elif line.startswith("calls="):
            called = True
        elif line[:1].isdigit() or line[:1] in "+-*":
            if not called and " " in line:  # a position without a cost has none
                costs[function, file if file not in {"", "???"} else library] += float(
                    line.split()[1]
                )
            called = False
    return [(_frame(function, place), cost) for (function, place), cost in costs.items() if cost]


def _frame(function: str, place: str) -> Frame:
    return tidy(function.partition("'")[0], place, 0) or Frame(function, short(place))
