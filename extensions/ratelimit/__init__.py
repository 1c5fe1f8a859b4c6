"""Compiled bodies of the case ratelimit."""
