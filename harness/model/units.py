"""Seconds and bytes in words: with the digits they deserve, and a unit."""

from __future__ import annotations

_TIME_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_BYTE_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def seconds(value: float) -> str:
    """Three significant digits and a unit: 12.3 µs."""
    scale, unit = next((pair for pair in _TIME_UNITS if value >= pair[0] * 0.9995), _TIME_UNITS[-1])
    return f"{digits(value / scale)} {unit}"


def digits(value: float) -> str:
    """Three significant digits, at most two behind the point."""
    return (
        f"{value:.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"
    )


def size(n_bytes: int) -> str:
    """Bytes with a binary unit: 4.0 MiB."""
    value = float(n_bytes)
    for unit in _BYTE_UNITS:
        if value < 1024 or unit == _BYTE_UNITS[-1]:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 99.5 else f"{value:.1f} {unit}"
        value /= 1024
    raise AssertionError(n_bytes)
