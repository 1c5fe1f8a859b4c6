"""One pass over memory a step: the five reads and the write in a C loop."""

from extensions.heat2d.cython import simulate

__all__ = ["simulate"]
