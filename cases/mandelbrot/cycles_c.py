"""The vector kernel with an eye on cycles: an orbit that is where it was before will never leave."""

from extensions.mandelbrot.cycles_c import escape_counts

__all__ = ["escape_counts"]
