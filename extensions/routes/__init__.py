"""Compiled bodies of the case routes."""
