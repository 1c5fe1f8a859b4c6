"""The nouns: frozen, slotted, typed.  Everything else in the harness takes and returns these.

Three rooms, since a worker starts dozens of times for one verdict and needs the first only.
"""
