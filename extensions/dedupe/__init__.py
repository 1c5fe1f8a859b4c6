"""Compiled bodies of the case dedupe."""
