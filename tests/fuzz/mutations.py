"""Ways to spoil a result file: its bytes, the tree of its JSON, or the record inside, sealed again so that the digest lets it pass."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.errors import StoreError
from harness.judge.summary import exit_code, summarise
from harness.lab import store
from harness.model.measured import Run
from harness.show import documents

PATH = Path("a-result.json")
HOSTILE: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 3, 2**31, 2**53 + 1, 2**63, 2**64, 10**30, -(2**63), 0.0, -0.0, 1e-320, 1e-12, 0.5, 1e9, 1e17, 1e300,
    "", "x", "10", "1 2 3", "../../x", "/etc/passwd", "a/b", "CON", "-rf", "\x00", "\n", "\u202e", "é" * 300, "0" * 300, "1" * 5000, "nan",
    "inf", "1e999", [], {}, [[]], [None], [0], {"": 0}, {"harness_format": 1}, [1e-9] * 3, [[1, 1e-9]],
)  # fmt: skip
"""Values that readers trip over."""
_MOST_PLACES = 20_000
"""A tree that has grown so far is not made larger."""


def spoiled(data: bytes, source: random.Random, mutate: Callable[[bytes], bytes]) -> bytes:
    """Spoil a file in one of the ways; ``mutate`` changes bytes without knowing what they mean."""
    way = source.randrange(8)
    if way == 0:
        return mutate(data)
    if way == 1:
        return _sealed(mutate(data))
    try:
        suite = json.loads(data)
        record = json.loads(suite["metadata"]["harness_record"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return _sealed(mutate(data))
    if way == 2:
        text = mutate(suite["metadata"]["harness_record"].encode("utf-8", "replace"))
        suite["metadata"]["harness_record"] = text.decode("utf-8", "replace")
        return packed(suite)
    for _ in range(source.choice((1, 1, 1, 2, 5))):
        _change_somewhere(record if way in {3, 4, 5} else suite, source)
    if way in {3, 4, 5} and isinstance(suite.get("metadata"), dict):
        suite["metadata"]["harness_record"] = json.dumps(record)
    return packed(suite)


def scrambled(data: bytes, source: random.Random) -> bytes:
    """Change, cut, repeat or flip some bytes, without knowing what they mean."""
    changed = bytearray(data)
    for _ in range(source.choice((1, 1, 2, 8))):
        if not changed:
            break
        place, many = source.randrange(len(changed)), source.choice((1, 5, 100))
        what = source.randrange(4)
        if what == 0:
            changed[place] = source.randrange(256)
        elif what == 1:
            del changed[place : place + many]
        elif what == 2:
            changed[place:place] = changed[place : place + many]
        else:
            changed[place] ^= 1 << source.randrange(8)
    return bytes(changed)


def packed(suite: Any) -> bytes:
    """Return the file's bytes, sealed if there is room for a seal."""
    return _sealed(json.dumps(suite, indent=1).encode("utf-8", "surrogatepass") + b"\n")


def _sealed(data: bytes) -> bytes:
    with suppress(ValueError):
        return store.seal(data)
    return data


def _change_somewhere(tree: Any, source: random.Random) -> None:
    """Replace, remove, repeat, copy or add one thing in a tree of lists and dictionaries."""
    places = list(_places(tree))
    if not places:
        return
    holder, key = source.choice(places)
    other, other_key = source.choice(places)
    what = source.randrange(6)
    if what <= 1 or len(places) > _MOST_PLACES:
        holder[key] = _copy(source.choice(HOSTILE))
    elif what == 2:
        del holder[key]
    elif what == 3:
        holder[key] = _copy(other[other_key])
    elif what == 4 and isinstance(holder, list):
        holder.insert(source.randrange(len(holder) + 1), _copy(holder[key]))
    elif isinstance(holder, dict):
        holder[source.choice((f"{key}2", "harness_new", "name", ""))] = _copy(holder[key])
    elif isinstance(holder[key], (int, float)):
        holder[key] = -holder[key]


def _copy(tree: Any) -> Any:
    return json.loads(json.dumps(tree))


def _places(tree: Any) -> Any:
    """Every place in the tree that holds something."""
    waiting = [tree]
    while waiting:
        holder = waiting.pop()
        keys = (
            list(holder)
            if isinstance(holder, dict)
            else range(len(holder))
            if isinstance(holder, list)
            else ()
        )
        for key in keys:
            yield holder, key
            waiting.append(holder[key])


def examine(data: bytes) -> Run | None:
    """Read a file's bytes: a run that can be kept, summed up and shown, or the one named error with a remedy.  Anything else is our bug."""
    try:
        run = store.decode(data, PATH)
    except StoreError as error:
        assert error.remedy, error
        assert str(PATH) in error.problem, error
        assert "\n" not in error.problem, error
        return None
    assert store.decode(store.encode(run), PATH) == run
    summary = summarise(run)
    exit_code(summary)
    documents.runs_bytes([summary])
    return run
