"""Compiled kernels that measure what this machine can do at all; harness/lab/limits/ calls them."""
