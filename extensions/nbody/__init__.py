"""Compiled bodies of the case nbody."""
