"""Profilers: each looks at one prepared variant in a worker and returns stacks; none shares samples with a measurement."""
