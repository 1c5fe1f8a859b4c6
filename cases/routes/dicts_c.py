"""A* straight on the dicts, compiled: what the search does not come upon is never converted."""

from extensions.routes.dicts_c import routes

__all__ = ["routes"]
