"""The voice in which a process asks callgrind to count; harness/lab/gate/shim.py loads it."""
