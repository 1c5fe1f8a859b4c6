"""Compiled bodies of the case model_validate."""
