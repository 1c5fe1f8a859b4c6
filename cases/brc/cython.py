"""One pass in C over the mapped file: eight bytes at a time, a hash table of our own, no line is ever an object."""

from extensions.brc.cython import summarise

__all__ = ["summarise"]
