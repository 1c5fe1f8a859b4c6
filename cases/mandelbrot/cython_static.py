"""The vector kernel on all threads (OpenMP); each gets its share of the rows beforehand, in one block."""

from extensions.mandelbrot.cython_static import escape_counts

__all__ = ["escape_counts"]
