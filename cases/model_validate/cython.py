"""The declaration as a tree of C nodes: one walk down payload and tree, attributes written straight into their slots."""

from extensions.model_validate.cython import Model, validate

__all__ = ["Model", "validate"]
