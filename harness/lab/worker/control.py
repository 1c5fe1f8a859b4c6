"""The control: a piece of work that no change touches, in two copies of the same code."""

from __future__ import annotations

from collections.abc import Callable

from harness.lab.worker.instruments import now

_SOURCE = '''
def control():
    """Mix what Python code mostly does: look-ups, calls, small objects, text."""
    counts, total = {}, 0
    for number in range(90):
        word = "w%d" % (number * 7919 % 31)
        counts[word] = counts.get(word, 0) + 1
        total += len(word) * number
    return sorted(counts.items()), total
'''


def control() -> Callable[[], object]:
    """Return the control with code objects of its own, as another revision of it would have."""
    namespace: dict[str, Callable[[], object]] = {}
    exec(compile(_SOURCE, "<control>", "exec"), namespace)  # noqa: S102  the literal above
    return namespace["control"]


SLICE_NS = 250_000
"""How long a slice takes when two revisions take turns: the nearer two slices are, the more they have in common."""
_WARM_CALLS = 40


class Control:
    """One copy of the control, warmed up and calibrated."""

    def __init__(self) -> None:
        self._function = control()
        self._loops = 1
        quickest = min(self.slice() for _ in range(_WARM_CALLS))
        self.set_loops(max(1, SLICE_NS // max(1, quickest)))

    def set_loops(self, loops: int) -> None:
        """Make slices of so many calls."""
        self._loops = loops

    @property
    def loops(self) -> int:
        """Calls in a slice."""
        return self._loops

    def slice(self) -> int:
        """Time one slice, in nanoseconds, after an untimed call: what ran in between has emptied the caches."""
        function = self._function
        function()
        started = now()
        for _ in range(self._loops):
            function()
        return max(1, now() - started)
