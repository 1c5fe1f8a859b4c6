"""The same loop over pairs in plain C, built by the same compiler with the same switches; a thin doorway in front."""

from extensions.nbody.plain_c import accelerations

__all__ = ["accelerations"]
