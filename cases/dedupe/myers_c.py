"""Bit-parallel on 64-bit words, compiled; long records take several words."""

from extensions.dedupe.myers_c import pairs

__all__ = ["pairs"]
