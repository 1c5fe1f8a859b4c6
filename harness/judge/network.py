"""Ratios of variants from a network of paired timings: any two that are tied by common rounds, directly or through others.

A block is one fresh process a variant.  Inside a block, log(time) = level of the variant + state of the
machine in that round + noise; a robust fit gives the levels.  Levels of one block are compared with each
other only; blocks are the unit of repetition, and Student's interval is over blocks.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from harness.judge.statistics import CONFIDENCE, student_quantile
from harness.model.judged import Estimate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.model.measured import Process

    Floats: TypeAlias = NDArray[np.float64]
    Truths: TypeAlias = NDArray[np.bool_]

_ROBUST = 0.02
"""Residuals (of a logarithm) below this are averaged, above it outvoted: 2 % is noise, 10 % is somebody else."""
_MOST_STEPS = 60
_ENOUGH = 1e-6
_WIDEST = 300.0
"""Half-width of a logarithm: the exponential of more is no number."""
_LEAST = 1e-12
"""A weight so small that it decides nothing: it keeps equations of variants that are not there solvable."""


class Network:
    """The variants of one workload, by name, tied by the rounds they shared."""

    def __init__(
        self, processes: Mapping[str, Sequence[Process]], *, earlier: Network | None = None
    ) -> None:
        """Fit the levels of every block.

        Args:
            processes: of each variant, kept blocks only; samples of one block and one round are neighbours in time.
            earlier: of the same run, some blocks ago: what it has fitted is not fitted again.
        """
        import numpy as np

        self.names = tuple(processes)
        self._places = {name: place for place, name in enumerate(self.names)}
        known = earlier if earlier is not None and earlier.names == self.names else None
        fitted: tuple[int, ...] = () if known is None else known._blocks
        blocks = {one.block for each in processes.values() for one in each}
        fresh = sorted(blocks.difference(fitted))
        self._blocks: tuple[int, ...] = (*fitted, *fresh)
        logs = _table([processes[name] for name in self.names], fresh)
        self._levels, self._tied = levels(logs), tied(logs)
        if known is not None:
            self._levels = np.concatenate([known._levels, self._levels])
            self._tied = np.concatenate([known._tied, self._tied])

    def ratio(self, one: str, other: str) -> Estimate | None:
        """Time of ``one`` / time of ``other``; None: fewer than two blocks tie them, or one is not there."""
        if one not in self._places or other not in self._places:
            return None
        return contrast(self._levels, self._tied, self._places[one], self._places[other])

    def always(self) -> tuple[str, ...]:
        """The variants that are in every block: they tie the others."""
        import numpy as np

        gaps = np.isnan(self._levels).sum(axis=0)
        return tuple(name for name, place in self._places.items() if not gaps[place])

    def doubt(self, one: str, other: str) -> float:
        """Half-width (log scale) that ``one`` alone gives its ratio to ``other``; infinite where that is not known.

        It is that of its levels against all variants that were in its blocks, ``other`` apart: what further blocks of
        ``one`` could mend.
        """
        import numpy as np

        if one not in self._places:
            return math.inf
        place = self._places[one]
        blocks = ~np.isnan(self._levels[:, place])
        hub = _hub(self._levels, blocks, (place, self._places.get(other, place)))
        if blocks.sum() < 2 or not hub.any():
            return math.inf
        values = self._levels[blocks, place] - _center(self._levels[np.ix_(blocks, hub)])
        spread = float(values.std(ddof=1)) / math.sqrt(len(values))
        return spread * student_quantile(len(values) - 1, CONFIDENCE)


def _table(processes: Sequence[Sequence[Process]], blocks: Sequence[int]) -> Floats:
    """Log seconds by block (of these), round and variant; NaN where there is no sample.

    Of several slices in a round the harmonic mean counts: they stand for one long slice beside them, whose work gets done
    at the machine's mean speed, not in the mean of its times.
    """
    import numpy as np

    rounds: dict[int, dict[int, int]] = {block: {} for block in blocks}
    cells: defaultdict[tuple[int, int, int], list[float]] = defaultdict(list)
    for variant, each in enumerate(processes):
        for process in each:
            if process.block not in rounds:
                continue
            of_block = rounds[process.block]
            for sample in process.samples:
                place = of_block.setdefault(sample.round, len(of_block))
                cells[process.block, place, variant].append(1 / sample.seconds)
    most = max((len(of_block) for of_block in rounds.values()), default=0)
    logs = np.full((len(blocks), most, len(processes)), np.nan)
    index = {block: place for place, block in enumerate(blocks)}
    for (block, place, variant), values in cells.items():
        logs[index[block], place, variant] = math.log(len(values) / math.fsum(values))
    return logs


def levels(logs: Floats) -> Floats:
    """Fit log(time) = level(variant) + state(round) in each block; return the levels, shape (blocks, variants).

    Iteratively reweighted least squares for the convex loss sqrt(r^2 + d^2), which is a median for large residuals
    and a mean for small ones, and has one minimum (Holland & Welsch 1977; Charbonnier et al. 1997).  The states
    are eliminated, so each step solves one small system a block.

    Args:
        logs: shape (blocks, rounds, variants), NaN where a variant was not timed in a round.

    Returns:
        Levels whose differences inside a block count, NaN where a variant has no sample in a block.
    """
    import numpy as np

    there = ~np.isnan(logs)
    if not there.any():
        return np.full((logs.shape[0], logs.shape[2]), np.nan)
    values = np.where(there, logs, 0.0)
    weights = there.astype(np.float64)
    fitted = np.zeros((logs.shape[0], logs.shape[2]))
    moving = np.arange(len(logs))
    for _ in range(_MOST_STEPS):
        of_moving, known = values[moving], there[moving]
        step = _least_squares(of_moving, weights)
        states = _states(of_moving, weights, step)
        rest = of_moving - step[:, None, :] - states[:, :, None]
        still = np.abs(step - fitted[moving]).max(axis=1) >= _ENOUGH
        fitted[moving] = step
        # a block that has arrived is left alone: what others do must not move its last digits
        moving, known, rest = moving[still], known[still], rest[still]
        if not len(moving):
            break
        weights = np.where(known, _ROBUST / np.sqrt(rest**2 + _ROBUST**2), 0.0)
    found: Floats = np.where(there.any(axis=1), fitted, np.nan)
    return found


def _least_squares(values: Floats, weights: Floats) -> Floats:
    """Weighted least squares of the two-way layout, the states of the rounds eliminated; the levels of a block average 0."""
    import numpy as np

    count = weights.shape[2]
    total = weights.sum(axis=2, keepdims=True)
    share = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    right = (weights * values).sum(axis=1) - np.einsum(
        "brv,br->bv", share, (weights * values).sum(axis=2)
    )
    matrix = -np.einsum("brv,brw->bvw", share, weights)
    diagonal = np.arange(count)
    matrix[:, diagonal, diagonal] += weights.sum(axis=1)
    # levels are known up to a constant: one that is far from 0 costs something, and equations have one solution
    scale = np.maximum(weights.sum(axis=(1, 2)), 1.0)[:, None, None]
    matrix += scale * (1.0 / count) + _LEAST * scale * np.eye(count)
    solved: Floats = np.linalg.solve(matrix, right[:, :, None])[:, :, 0]
    return solved


def _states(values: Floats, weights: Floats, fitted: Floats) -> Floats:
    """What the machine did in each round: the weighted mean of what is left of its timings."""
    import numpy as np

    total = weights.sum(axis=2)
    summed = (weights * (values - fitted[:, None, :])).sum(axis=2)
    states: Floats = np.divide(summed, total, out=np.zeros_like(total), where=total > 0)
    return states


def tied(logs: Floats) -> Truths:
    """Which variants a block ties to each other, through common rounds or through others; shape (blocks, variants, variants)."""
    import numpy as np

    there = (~np.isnan(logs)).astype(np.float64)
    reach: Truths = np.einsum("brv,brw->bvw", there, there) > 0
    for _ in range(max(1, logs.shape[2].bit_length())):
        reach = np.einsum("bvw,bwx->bvx", reach.astype(np.float64), reach.astype(np.float64)) > 0
    return reach


def contrast(fitted: Floats, ties: Truths, one: int, other: int) -> Estimate | None:
    """Return exp of the mean difference of two variants' levels, with its interval.

    Blocks that have both give pairs.  A block that has only one of them gives a value as well, against the hub: those
    variants that are in all these blocks.  So the estimate is the difference of two means over samples that overlap
    in part (Derrick, Russ, Toher & White 2017); its variance is the sum over the three independent groups of blocks (both,
    only one, only the other), each with Student's quantile of its own, weighted (Cochran & Cox 1950).  Where both are in the
    same blocks this is the paired t interval of any textbook.

    Args:
        fitted: from ``levels``.
        ties: from ``tied``.
        one: column of the variant above the fraction bar.
        other: column of the one below.
    """
    import numpy as np

    has_one, has_other = ~np.isnan(fitted[:, one]), ~np.isnan(fitted[:, other])
    both = has_one & has_other & ties[:, one, other]
    hub = _hub(fitted, has_one | has_other, (one, other))
    for place, has in ((one, has_one), (other, has_other)):
        hub &= ties[has, place, :].all(axis=0)
    if not hub.any() or np.array_equal(has_one, has_other):
        return _student(fitted[both, one] - fitted[both, other])
    tied_blocks = has_one | has_other
    center = np.full(len(fitted), np.nan)
    center[tied_blocks] = _center(fitted[np.ix_(tied_blocks, hub)])
    return _overlapping(fitted[:, one] - center, fitted[:, other] - center)


def _center(hub: Floats) -> Floats:
    """What the levels of a block have in common, by block: the median of how far each variant is from its mean.

    A median, so that one noisy variant of the hub does not make the others look so.
    """
    import numpy as np

    center: Floats = np.median(hub - hub.mean(axis=0), axis=1)
    return center


def _hub(fitted: Floats, blocks: Truths, apart: tuple[int, int]) -> Truths:
    """The variants that are in all these blocks, but for two."""
    import numpy as np

    hub: Truths = np.asarray(~np.isnan(fitted[blocks]).any(axis=0))
    hub[list(apart)] = False
    return hub


def _student(differences: Floats) -> Estimate | None:
    """Mean with Student's interval, back from the log scale."""
    count = len(differences)
    if count < 2:
        return None
    error = float(differences.std(ddof=1)) / math.sqrt(count)
    half = error * student_quantile(count - 1, CONFIDENCE)
    return _estimate(float(differences.mean()), half)


def _overlapping(ones: Floats, others: Floats) -> Estimate | None:
    """Difference of the means of two samples that share some of their blocks; NaN where a block lacks one."""
    import numpy as np

    has_one, has_other = ~np.isnan(ones), ~np.isnan(others)
    both = has_one & has_other
    n_one, n_other, n_both = int(has_one.sum()), int(has_other.sum()), int(both.sum())
    if n_one < 2 or n_other < 2:
        return None
    of_one, of_other = float(ones[has_one].var(ddof=1)), float(others[has_other].var(ddof=1))
    parts = [
        ((n_one - n_both) * of_one / n_one**2, n_one - 1),
        ((n_other - n_both) * of_other / n_other**2, n_other - 1),
    ]
    if n_both > 1:
        pairs = ones[both] / n_one - others[both] / n_other
        parts.append((n_both * float(pairs.var(ddof=1)), n_both - 1))
    elif n_both == 1:  # one pair shows no covariance: as if they were independent
        parts.append((of_one / n_one**2 + of_other / n_other**2, 1))
    variance = sum(part for part, _ in parts)
    quantile = _cochrans(parts) if variance > 0 else 0.0
    center = float(ones[has_one].mean() - others[has_other].mean())
    return _estimate(center, math.sqrt(variance) * quantile)


def _cochrans(parts: Sequence[tuple[float, int]]) -> float:
    """Student's quantiles of several variances and their degrees of freedom, weighted by the variances (Cochran & Cox 1950).

    Satterthwaite's degrees of freedom grow just when the variance of few blocks is small by chance, and such
    intervals are too narrow (92.6 % where 95 % were asked, in our simulations); these are not.
    """
    weighted = sum(part * student_quantile(free, CONFIDENCE) for part, free in parts if part > 0)
    return weighted / sum(part for part, _ in parts)


def _estimate(center: float, half: float) -> Estimate:
    """Back from the log scale."""
    half = min(half, _WIDEST)
    return Estimate(math.exp(center), math.exp(center - half), math.exp(center + half))
