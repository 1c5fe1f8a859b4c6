"""The C loop with its rows shared out among threads (OpenMP)."""

from extensions.heat2d.cython_parallel import simulate

__all__ = ["simulate"]
