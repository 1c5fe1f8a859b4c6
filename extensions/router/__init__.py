"""Compiled bodies of the case router."""
