"""Aho and Corasick's automaton, compiled: one step a byte, whatever the number of patterns."""

from extensions.multiscan.automaton_c import scan

__all__ = ["scan"]
