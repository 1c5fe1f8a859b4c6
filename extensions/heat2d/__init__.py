"""Compiled bodies of the case heat2d."""
