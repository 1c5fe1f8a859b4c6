"""perflab: a performance-engineering lab for Python.  This door is all that a case needs."""

from harness.judge.equality import close, exact, relation, ulps, unordered
from harness.model import Case, Difference, Limits, Technique, Workload, sweep

__version__ = "0.1.0"

__all__ = [
    "Case",
    "Difference",
    "Limits",
    "Technique",
    "Workload",
    "close",
    "exact",
    "relation",
    "sweep",
    "ulps",
    "unordered",
]
