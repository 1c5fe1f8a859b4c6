"""A* on rows of C numbers, compiled; a search for each query."""

from extensions.routes.astar_c import routes

__all__ = ["routes"]
