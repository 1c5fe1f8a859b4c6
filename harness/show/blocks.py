"""The blocks of a README that are generated, between two markers that Markdown does not show."""

from __future__ import annotations

import re

BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"
RUN_SHOWN = re.compile(r"^(?:Run|Sweep) `([^`]+)` of ", re.MULTILINE)
"""The run that a block was made from."""
BLOCK = re.compile(
    r"<!-- (?P<kind>results|sweep|selftest|alike|profile):begin(?P<named>[^>]*?)-->.*?<!-- (?P=kind):end -->",
    re.DOTALL,
)
