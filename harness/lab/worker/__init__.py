"""The child's side: loads one variant, calls it, times it, examines it.  Imports only its case."""
