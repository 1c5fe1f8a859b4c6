"""The blocks of a README that are generated, between two markers that Markdown does not show."""

from __future__ import annotations

import re

BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"
BLOCK = re.compile(
    r"<!-- (?P<kind>results|sweep|selftest|profile):begin(?P<named>[^>]*?)-->.*?<!-- (?P=kind):end -->",
    re.DOTALL,
)
