"""Floor 1: pure judgement.  No clock, no file, no process."""
