"""The pairs of floats, typed: compiled, one pixel after the other, in one thread."""

from extensions.mandelbrot.cython import escape_counts

__all__ = ["escape_counts"]
