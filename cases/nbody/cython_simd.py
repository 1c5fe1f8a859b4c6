"""Each pair once, eight at a time, with a square root made of multiplications; a kernel in C behind Cython."""

from extensions.nbody.cython_simd import accelerations

__all__ = ["accelerations"]
