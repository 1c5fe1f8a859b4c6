"""Compiled bodies of the case plugins."""
