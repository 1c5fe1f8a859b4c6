"""A trie in C that reads paths where they lie: no Python object but the answer's."""

from extensions.router.cython import Router, dispatch

__all__ = ["Router", "dispatch"]
