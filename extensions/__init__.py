"""The compiled bodies, mirrored: cases/X/y.py is the doorway to extensions/X/y.pyx."""
