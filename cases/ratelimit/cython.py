"""The ring again, in C: a table of tenants, an array of times for each, no Python object but the answer's."""

from extensions.ratelimit.cython import Limiter, decide

__all__ = ["Limiter", "decide"]
