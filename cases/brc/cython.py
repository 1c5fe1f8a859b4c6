"""One pass over the mapped bytes in C, with a hash table made for this file's keys."""

from extensions.brc.cython import summarise

__all__ = ["summarise"]
