"""Floor 3: one file per command; its docstring is its help."""
