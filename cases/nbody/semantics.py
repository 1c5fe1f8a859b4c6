"""What the accelerations are held to: exact ones to rounding, the tree's to a statistical error; and laws of mechanics.

An acceleration is a sum of pulls that may cancel, down to nothing in the middle of a lattice, so "1e-9 of the acceleration" cannot be asked
of everybody.  What can be asked is relative to the sum of the pulls' lengths: adding n numbers in any order is off by at most
n roundings of that sum (Higham, 2002, 4.2).  A body passes if it is within 1e-9 of its acceleration, or within those roundings.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

from harness import Difference, exact, judged

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Integers: TypeAlias = NDArray[np.int64]
    Swarm: TypeAlias = tuple[Floats, Floats, float]

CLOSE = 1e-9
"""Of the acceleration's own length."""
TYPICAL_ERROR = 0.03
"""The tree's class: root mean square over all bodies of the error, as a share of the sum of the pulls' lengths on each."""
WORST_ERROR = 0.4
"""The same for a single body."""
ALL = 2000
"""Up to here every body is looked at, beyond a sample: exact sums for 100 000 bodies would take minutes."""
SAMPLE = 200
_PAIRS_AT_ONCE = 1 << 18


def exactly(positions: Floats, masses: Floats, softening: float) -> Floats:
    """Return accelerations whose sums are not rounded (`math.fsum`), only their terms and results; NaN for whom nobody looks at."""
    import numpy as np

    out = np.full(positions.shape, math.nan)
    for rows, apart, strength in pairs(positions, softening, looked_at(len(masses))):
        terms = np.moveaxis(apart * (strength * masses)[:, :, np.newaxis], 1, 2)
        for row, axes in zip(rows, terms.tolist(), strict=True):
            out[row] = [math.fsum(axis) for axis in axes]
    return out


def looked_at(n: int) -> Integers:
    """Return the numbers of the bodies whose accelerations are compared: all, or a sample spread over them."""
    import numpy as np

    return np.arange(n) if n <= ALL else np.linspace(0, n - 1, SAMPLE).astype(np.int64)


def pairs(positions: Floats, softening: float, rows: Integers) -> Iterator[tuple[Integers, Floats, Floats]]:
    """Yield some rows at a time with their distances to all bodies (rows, n, 3) and the pull of one mass over its distance (rows, n)."""
    import numpy as np

    height = max(1, _PAIRS_AT_ONCE // max(1, len(positions)))
    for start in range(0, len(rows), height):
        some = rows[start : start + height]
        apart = positions[np.newaxis, :, :] - positions[some, np.newaxis, :]
        squared = np.einsum("ijk,ijk->ij", apart, apart) + softening * softening
        yield some, apart, 1.0 / (squared * np.sqrt(squared))


def pulls(arguments: Swarm, rows: Integers) -> Floats:
    """Return the sum of the lengths of the pulls on each of these bodies: what cancellation is measured against."""
    import numpy as np

    positions, masses, softening = arguments
    sums = [np.sqrt(np.einsum("ijk,ijk->ij", apart, apart)) * strength @ masses for _, apart, strength in pairs(positions, softening, rows)]
    return np.concatenate(sums) if sums else np.zeros(0)


def roundings(n: int) -> float:
    """Return what n additions of terms that were rounded some ten times each may be off by, in shares of the terms' lengths."""
    return 2.0 * (n + 10) * 2.0**-53


def to_rounding(arguments: Swarm, expected: Floats, actual: Floats) -> Difference | None:
    """Compare with exact accelerations; the whole swarm must not accelerate itself either."""
    import numpy as np

    unlike = unlike_arrays(expected, actual)
    if unlike:
        return unlike
    known, off, length = errors(expected, actual)
    doubtful = np.flatnonzero(off > CLOSE * length)
    allowed = CLOSE * length[doubtful] + roundings(len(actual)) * pulls(arguments, known[doubtful])
    wrong = doubtful[off[doubtful] > allowed]
    if len(wrong):
        return one_body(expected, actual, int(known[wrong[0]]), f"{len(wrong)} of {len(known)} bodies are off by more than rounding")
    drift = self_acceleration(arguments, actual)
    return (
        None
        if drift <= (roundings(len(actual)) if len(actual) <= ALL else CLOSE)
        else Difference("momentum", "", "0 to rounding", f"{drift:.2g}", "of all pulls")
    )


def statistically(arguments: Swarm, expected: Floats, actual: Floats) -> Difference | None:
    """Compare an approximation with exact accelerations: the error of a typical body, and of the worst."""
    import numpy as np

    unlike = unlike_arrays(expected, actual)
    if unlike:
        return unlike
    known, off, length = errors(expected, actual)
    against = length.copy()
    doubtful = np.flatnonzero(off > TYPICAL_ERROR * length)  # the pulls' sum is never shorter than the acceleration
    against[doubtful] = pulls(arguments, known[doubtful])
    share = np.divide(off, against, out=np.where(off > 0.0, math.inf, 0.0), where=against > 0.0)
    typical, worst = (math.sqrt(float(np.mean(share * share))), float(share.max())) if len(share) else (0.0, 0.0)
    if typical <= TYPICAL_ERROR and worst <= WORST_ERROR:
        return None
    detail = (
        f"error {typical:.2g} of the pulls in the root mean square (at most {TYPICAL_ERROR}), {worst:.2g} at worst (at most {WORST_ERROR})"
    )
    return one_body(expected, actual, int(known[share.argmax()]), detail)


exact_class = judged(f"within {CLOSE:g} of each acceleration or n roundings of the sum of its pulls; momentum to rounding", to_rounding)
tree_class = judged(
    f"statistical: off by at most {TYPICAL_ERROR:g} of the sum of a body's pulls (root mean square) and {WORST_ERROR:g} (worst)",
    statistically,
)


def unlike_arrays(expected: Floats, actual: Floats) -> Difference | None:
    """Type, shape and dtype first; then every acceleration must be a number, also those that nobody looks at."""
    import numpy as np

    if not isinstance(actual, np.ndarray) or actual.shape != expected.shape or actual.dtype != expected.dtype:
        return exact.compare(expected, actual)
    broken = np.flatnonzero(~np.isfinite(actual).all(axis=1))
    return one_body(expected, actual, int(broken[0]), f"{len(broken)} bodies have no finite acceleration") if len(broken) else None


def errors(expected: Floats, actual: Floats) -> tuple[Integers, Floats, Floats]:
    """Return who is looked at, how far their accelerations are from the expected ones, and how long those are."""
    import numpy as np

    known = np.flatnonzero(~np.isnan(expected[:, 0]))
    return known, np.linalg.norm(actual[known] - expected[known], axis=1), np.linalg.norm(expected[known], axis=1)


def one_body(expected: Floats, actual: Floats, body: int, detail: str) -> Difference:
    """Say it of one body."""
    return Difference("value", f"[{body}]", str(expected[body].tolist()), str(actual[body].tolist()), detail)


def self_acceleration(arguments: Swarm, answer: Floats) -> float:
    """Return the momentum that the swarm gives itself a second, as a share of all that its bodies give each other.

    Of a large swarm the pulls are not added up; the accelerations' lengths, which are shorter, stand for them.
    """
    import numpy as np

    masses = arguments[1]
    given = pulls(arguments, np.arange(len(masses))) if len(masses) <= ALL else np.linalg.norm(answer, axis=1)
    whole = float(masses @ given)
    return float(np.linalg.norm([math.fsum(axis) for axis in (masses[:, np.newaxis] * answer).T.tolist()])) / whole if whole > 0.0 else 0.0


def nobody_lifts_himself(arguments: Swarm, answer: Floats) -> str | None:
    """Action is reaction, so the momentum of the whole does not drift: to rounding in the exact class, within the tree's error in any."""
    drift = self_acceleration(arguments, answer)
    return None if drift <= TYPICAL_ERROR else f"the swarm accelerates itself by {drift:.2g} of all its pulls"


def work_is_energy(arguments: Swarm, answer: Floats) -> str | None:
    """The virial, sum of m r.a, is the pairs' own energy, -m m d^2/(d^2 + s^2)^(3/2): what holds for potentials and forces alike."""
    import numpy as np

    positions, masses, softening = arguments
    if not masses.any() or len(masses) > ALL:
        return None
    places = positions - masses @ positions / masses.sum()
    everybody = np.arange(len(masses))
    energy = 0.0
    for rows, apart, strength in pairs(positions, softening, everybody):
        energy -= float(masses[rows] @ (np.einsum("ijk,ijk->ij", apart, apart) * strength) @ masses) / 2
    virial = math.fsum((masses[:, np.newaxis] * places * answer).ravel().tolist())
    allowed = 2 * TYPICAL_ERROR * float(masses * np.linalg.norm(places, axis=1) @ pulls(arguments, everybody))
    return None if abs(virial - energy) <= allowed else f"the virial is {virial!r}, the pairs' energy {energy!r}"
