"""The published pages: templates, pictures and stories, made of nouns; nothing here reads or writes a file but its own templates."""
