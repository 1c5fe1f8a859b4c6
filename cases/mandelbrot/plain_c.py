"""The loop as anybody writes it in C, compiled with the same flags: the yardstick for one thread."""

from extensions.mandelbrot.plain_c import escape_counts

__all__ = ["escape_counts"]
