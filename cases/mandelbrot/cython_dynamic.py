"""The vector kernel on all threads (OpenMP); each takes the next row when it is done with one."""

from extensions.mandelbrot.cython_dynamic import escape_counts

__all__ = ["escape_counts"]
