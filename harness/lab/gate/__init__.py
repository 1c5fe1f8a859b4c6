"""The gate's hands: revisions, builds, what changed, time and instructions of both sides."""
