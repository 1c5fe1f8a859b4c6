"""The studies: one folder a case."""
