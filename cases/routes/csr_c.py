"""The network as rows of C numbers, the heap as an array, compiled; a search for each source."""

from extensions.routes.csr_c import routes

__all__ = ["routes"]
