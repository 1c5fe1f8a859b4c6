"""The lists of calls, compiled: the loop over plugins is C, and a call goes to the interpreter without a detour."""

from extensions.plugins.cython import serve

__all__ = ["serve"]
