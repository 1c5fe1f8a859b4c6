"""perflab: a performance-engineering lab for Python.  This door is all that a case needs."""

from harness.judge.equality import close, exact, judged, relation, ulps, unordered
from harness.model.declared import Case, Difference, Gate, Limits, Technique, Work, Workload, sweep

__version__ = "0.1.0"

__all__ = [
    "Case",
    "Difference",
    "Gate",
    "Limits",
    "Technique",
    "Work",
    "Workload",
    "close",
    "exact",
    "judged",
    "relation",
    "sweep",
    "ulps",
    "unordered",
]
