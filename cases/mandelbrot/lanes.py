"""Up to thirty-two orbits at once in vector registers, in one thread: where one is done, the next takes its lane."""

from extensions.mandelbrot.lanes import escape_counts

__all__ = ["escape_counts"]
