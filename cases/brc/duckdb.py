"""The embedded database: one SQL query over the file."""

from __future__ import annotations

import duckdb

from cases.brc.rollup import Summary


def summarise(path: str) -> Summary:
    """Return (lowest, mean, highest, number) of every station's readings, in tenths; means ties go up."""
    q = """
    SELECT station, min(reading), sum(reading), max(reading), count(*)
    FROM read_csv(?, delim = ';', header = false, auto_detect = false, quote = '', escape = '', columns = {'station': 'VARCHAR', 'reading': 'DECIMAL(3, 1)'})
    GROUP BY station
    """
    with duckdb.connect() as c:
        rows = c.execute(q, [path]).fetchall()
    return {s: (int(a * 10), (2 * int(t * 10) + n) // (2 * n), int(b * 10), n) for s, a, t, b, n in rows}
