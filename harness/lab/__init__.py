"""Floor 2: what touches the machine: processes, clocks, files."""
