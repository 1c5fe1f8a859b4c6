"""Floor 2: turns results into tables, JSON and pages.  Takes nouns, returns text; never imports lab."""
