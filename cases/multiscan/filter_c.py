"""Hashed pieces of the patterns looked up at every few bytes of the text, compiled; nothing is walked, hardly anything is built."""

from extensions.multiscan.filter_c import scan

__all__ = ["scan"]
