"""Slips a colleague could make.  Every one of them must be refused."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cases.heat2d.numpy_temporaries import simulate as right

Grid = NDArray[np.float64]


def one_step_short(grid: Grid, alpha: float, steps: int) -> Grid:
    """Off by one: range(1, steps)."""
    return right(grid, alpha, max(0, steps - 1))


def walls(grid: Grid, alpha: float, steps: int) -> Grid:
    """Edges are cut off instead of wrapped."""
    heat = grid.copy()
    for _ in range(steps):
        padded = np.pad(heat, 1)
        around = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
        heat = heat + alpha * (around - 4.0 * heat)
    return heat


def mirrors(grid: Grid, alpha: float, steps: int) -> Grid:
    """Edges reflect: heat is conserved, but it is another chip."""
    heat = grid.copy()
    for _ in range(steps):
        padded = np.pad(heat, 1, mode="edge")
        around = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
        heat = heat + alpha * (around - 4.0 * heat)
    return heat


def half_the_digits(grid: Grid, alpha: float, steps: int) -> Grid:
    """Computed in float32, returned as float64."""
    return right(grid.astype(np.float32), np.float32(alpha), steps).astype(np.float64)


def returned_in_float32(grid: Grid, alpha: float, steps: int) -> Grid:
    """Right, then narrowed."""
    return right(grid, alpha, steps).astype(np.float32)


def updated_in_place(grid: Grid, alpha: float, steps: int) -> Grid:
    """Cells already advanced are read by their neighbours (Gauss-Seidel by accident)."""
    heat = grid.copy()
    rows, columns = heat.shape
    for _ in range(steps):
        for i in range(rows):
            for j in range(columns):
                around = heat[i - 1, j] + heat[(i + 1) % rows, j] + heat[i, j - 1] + heat[i, (j + 1) % columns]
                heat[i, j] += alpha * (around - 4.0 * heat[i, j])
    return heat


def callers_map_changed(grid: Grid, alpha: float, steps: int) -> Grid:
    """The caller's array is used as the work array."""
    answer = right(grid, alpha, steps)
    grid[...] = answer
    return answer


def callers_map_returned(grid: Grid, alpha: float, steps: int) -> Grid:
    """With no step to do, the caller gets his own array back."""
    return grid if steps == 0 else right(grid, alpha, steps)


def centre_counted_thrice(grid: Grid, alpha: float, steps: int) -> Grid:
    """3 for 4: heat is made out of nothing."""
    heat = grid.copy()
    for _ in range(steps):
        around = np.roll(heat, 1, 0) + np.roll(heat, -1, 0) + np.roll(heat, 1, 1) + np.roll(heat, -1, 1)
        heat = heat + alpha * (around - 3.0 * heat)
    return heat


def transposed(grid: Grid, alpha: float, steps: int) -> Grid:
    """Rows and columns are exchanged on the way out."""
    return np.ascontiguousarray(right(grid, alpha, steps).T)


def as_lists(grid: Grid, alpha: float, steps: int) -> object:
    """A list of lists is no array."""
    return right(grid, alpha, steps).tolist()
