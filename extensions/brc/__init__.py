"""Compiled bodies of the case brc."""
