"""One walk through any two values: what differs first, and where."""
