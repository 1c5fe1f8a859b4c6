"""Where the telemetry files come from: a seeded generator, and a folder that keeps what it wrote."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from cases import kept

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HOTTEST = 999
"""Tenths of a degree; the coldest reading is -HOTTEST."""
_ROWS_AT_ONCE = 1 << 17
_GOLDEN = 0x9E3779B97F4A7C15
_MOST_BYTES = 1 << 30

_BEGINNINGS = tuple("Al Bar Bre Cor Dun El Fal Gor Hol Is Kar Lin Mar Nor Os Pel Rav Sol Tor Ul Ver Win Ýs Zer Ål Ös".split())
_MIDDLES = tuple("a be de e ga i ke la mi no o ra se ti u vé za ñi".split())
_ENDINGS = tuple("berg by dale fell ford grad ham holm ia köping mouth nes polis stad ton vik wold ças".split())
_ADDITIONS = tuple(
    f" {addition}" for addition in ("Airport", "Bay", "Heights", "North", "Observatory", "Saint Mary", "Upper Reservoir", "West")
)


@dataclass(frozen=True, slots=True)
class Distribution:
    """How many stations there are, and how the rows fall on them."""

    name: str
    stations: int
    skewed: bool = False
    """True: the k-th station reports in proportion to 1/k (Zipf), else all alike."""


def telemetry(distribution: Distribution, n: int, seed: int) -> Path:
    """Return the path of a file of ``n`` rows; it is written at the first call and kept."""
    home = kept.folder("brc")
    file = home / f"{distribution.name}-{n}-{seed}-{_generator()}.txt"
    if file.exists():
        kept.used(file)
    else:
        with kept.whole(file) as temporary, temporary.open("wb") as out:
            _write_rows(out, distribution, n, seed)
        kept.tidy(home.rglob("*.txt"), _MOST_BYTES, lambda one: one.stat().st_size)
    return file


def content(data: bytes) -> Path:
    """Return the path of a file with these bytes, named by their digest."""
    file = kept.folder("brc", "contents") / f"{sha256(data).hexdigest()}.txt"
    if not file.exists() or file.read_bytes() != data:  # whoever spoiled it spoils nobody else
        with kept.whole(file) as temporary:
            temporary.write_bytes(data)
    return file


def is_unchanged(path: str) -> bool:
    """Say whether a file made by `content` still has the bytes that its name promises."""
    file = Path(path)
    return file.parent.name != "contents" or sha256(file.read_bytes()).hexdigest() == file.stem


def station_names(stations: int, seed: int) -> list[bytes]:
    """Invent distinct names of 4 to about 30 bytes, some of them not ASCII."""
    source = random.Random(seed)
    names: dict[bytes, None] = {}
    while len(names) < stations:
        name = source.choice(_BEGINNINGS)
        name += "".join(source.choice(_MIDDLES) for _ in range(source.choice((0, 0, 0, 1, 1, 2))))
        name += source.choice(_ENDINGS)
        if source.random() < 0.05:
            name += source.choice(_ADDITIONS)
        names[name.encode()] = None
    return list(names)


def colliding(n: int, number: int = 0) -> list[str]:
    """Return up to 65 536 names of 16 letters whose words, one turned by 29 bits, are alike under exclusive or; more sets by ``number``.

    A hash of that and of nothing secret puts all of them into one slot of any table, as our C kernel's did.
    """
    source = random.Random(number)
    alike = int.from_bytes(bytes(source.choice(b"abcdefghijklmno") for _ in range(8)), "little")
    names = []
    for choice in source.sample(range(1 << 16), n):
        # two bits of every letter are free, and turned they fall on the case and the lowest bit of another letter
        second = sum((0x61 ^ (choice >> 2 * k & 1) << 3 ^ (choice >> 2 * k + 1 & 1)) << 8 * k for k in range(8))
        fixed = sum(0x61 << 8 * k for k in range(8))
        first = alike ^ _turned(second) ^ _turned(fixed)
        names.append((first.to_bytes(8, "little") + second.to_bytes(8, "little")).decode())
    return names


def _turned(word: int) -> int:
    return (word << 29 | word >> 35) % (1 << 64)


def colliding_by_bytes(n: int, number: int = 0) -> list[str]:
    """Return ``n`` names that a hash byte by byte, with nothing secret, puts into one slot of a table of 2048; more sets by ``number``."""
    source = random.Random(number)
    start = "".join(source.choices("abcdefgh", k=3))
    names: list[str] = []
    state = _by_bytes(0, start.encode())
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    for triple in itertools.product(letters, repeat=3):
        before = _by_bytes(state, bytes(triple))
        for last in letters:
            if (before ^ last) * _GOLDEN % (1 << 64) >> 20 & 2047 == 0:
                names.append(start + bytes((*triple, last)).decode())
                if len(names) == n:
                    return names
    message = f"{len(names)} such names, not {n}"
    raise ValueError(message)


def _by_bytes(state: int, letters: bytes) -> int:
    for letter in letters:
        state = (state ^ letter) * _GOLDEN % (1 << 64)
    return state


def alike_at_both_ends(n: int) -> list[str]:
    """Return ``n`` names of 60 letters that differ in the middle only: a hash that leaves anything out does not tell them apart."""
    return [f"{'b' * 26}{number:08d}{'e' * 26}" for number in range(n)]


def _write_rows(out: BinaryIO, distribution: Distribution, n: int, seed: int) -> None:
    """Write the rows: station by the distribution, reading normal around the station's own mean."""
    import numpy as np

    names = _padded([name + b";" for name in station_names(distribution.stations, seed)])
    readings = _padded([b"%s%d.%d\n" % (b"-" * (tenths < 0), *divmod(abs(tenths), 10)) for tenths in range(-HOTTEST, HOTTEST + 1)])
    source = np.random.default_rng(seed)
    means = source.uniform(-250.0, 350.0, distribution.stations)
    weights = 1.0 / np.arange(1, distribution.stations + 1) if distribution.skewed else np.ones(distribution.stations)
    shares = np.cumsum(weights) / weights.sum()
    for first in range(0, n, _ROWS_AT_ONCE):
        rows = min(_ROWS_AT_ONCE, n - first)
        station = np.minimum(np.searchsorted(shares, source.random(rows), side="right"), distribution.stations - 1)
        tenths = np.clip(np.rint(source.normal(means[station], 100.0)).astype(np.int64), -HOTTEST, HOTTEST)
        text = np.concatenate((names[station], readings[tenths + HOTTEST]), axis=1)
        out.write(text[text != 0].tobytes())


def _padded(texts: list[bytes]) -> NDArray[np.uint8]:
    """Return one row of bytes a text, filled up with zeros."""
    import numpy as np

    width = max(map(len, texts))
    return np.frombuffer(b"".join(text.ljust(width, b"\0") for text in texts), dtype=np.uint8).reshape(len(texts), width)


def _generator() -> str:
    """Digest of what decides the bytes: this file, and NumPy's random streams."""
    return sha256(Path(__file__).read_bytes() + version("numpy").encode()).hexdigest()[:12]
