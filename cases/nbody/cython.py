"""The loop over pairs with types, compiled ahead: Cython itself."""

from extensions.nbody.cython import accelerations

__all__ = ["accelerations"]
