"""perflab's own name: ``perflab`` and ``python -m perflab`` start here, and find our code by its place."""
