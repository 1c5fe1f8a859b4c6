"""Lossless filters on length and letters before the bit-parallel distance, all compiled."""

from extensions.dedupe.blocking_c import pairs

__all__ = ["pairs"]
