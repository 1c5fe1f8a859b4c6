"""Watches a process tree and its machine while something runs: looks, recordings, and a page for a scraper of metrics."""
