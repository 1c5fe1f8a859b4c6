"""perflab: a performance-engineering lab for Python.  This door is all that a case needs.

What stands behind it is imported when it is asked for: the package itself must be importable in
any surroundings, so that what goes wrong can be said.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from harness.judge.equality import (
        close,
        comparable,
        exact,
        judged,
        relation,
        ulps,
        unordered,
    )
    from harness.model.declared import (
        Case,
        Difference,
        Gate,
        Limits,
        Technique,
        Work,
        Workload,
        call,
        sweep,
    )

__version__ = "0.1.0"

__all__ = [
    "Case",
    "Difference",
    "Gate",
    "Limits",
    "Technique",
    "Work",
    "Workload",
    "call",
    "close",
    "comparable",
    "exact",
    "judged",
    "relation",
    "sweep",
    "ulps",
    "unordered",
]
_JUDGES = frozenset({"close", "comparable", "exact", "judged", "relation", "ulps", "unordered"})


def __getattr__(name: str) -> object:
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from harness.judge import equality
    from harness.model import declared

    value: object = getattr(equality if name in _JUDGES else declared, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
