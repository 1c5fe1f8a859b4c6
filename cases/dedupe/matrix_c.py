"""The textbook's matrix, compiled: the same work, in C."""

from extensions.dedupe.matrix_c import pairs

__all__ = ["pairs"]
