"""Answers and arguments of every kind, through the real command line: equal ones pass, others do not, and limits are said."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from harness import exact
from harness.lab.worker import detectors
from harness.lab.worker.copies import answer_pickled, answer_unpickled
from harness.model.declared import call
from tests.faults.scene import Ended, Scene

CASE = """
    '''?'''
    import random
    from harness import Case, call, close, exact, sweep, unordered
    {more}
    def make(n, seed):
        source = random.Random(seed)
        return ([source.randint(-9, 9) for _ in range(n)],)

    case = Case(function="f", variants={variants!r}, workloads=sweep(make, n=(4, 8, 16)), same=exact)
"""
VALUES = """
    '''Every kind of value.'''
    import re
    from collections import OrderedDict, defaultdict
    from datetime import datetime, timezone
    from decimal import Decimal
    from types import MappingProxyType, SimpleNamespace
    from zoneinfo import ZoneInfo
    import numpy as np

    class Node:
        def __init__(self, x):
            self.x = x

    class Err(Exception):
        def __init__(self, a, b):
            super().__init__(a)
            self.b = b

    def values(x, **other):
        nan, deep = float("nan"), None
        for level in range(1500):
            deep = (level, deep)
        hour = datetime(2023, 10, 29, 2, tzinfo=ZoneInfo("Europe/Rome"), fold=1)
        found = dict(
            masked=np.ma.array(x, mask=[v < 0 for v in x]), key={nan: len(x)}, member={(1, nan)},
            decimal=[Decimal("NaN"), Decimal("1.00")], space=SimpleNamespace(v=sum(x), n=len(x)),
            node=[Node(x), {"a": Node(None)}], hour=[hour for _ in x], ordered=OrderedDict((v, 1) for v in x),
            zero=np.asarray(1.5), errors=[ValueError(3), KeyError("a"), Err("a", x)],
            proxy=MappingProxyType({1: MappingProxyType({2: x})}), match=re.search("b.", "abc"), deep=deep,
        )
        return {**found, **other}
"""
WRONG = {
    "mask": "masked=np.ma.array(np.array(x) * 0, mask=True)",
    "type": "space=SimpleNamespace(v=float(sum(x)), n=len(x))",
    "fold": "hour=[datetime(2023, 10, 29, 2, tzinfo=ZoneInfo('Europe/Rome')) for _ in x]",
    "zone": "hour=[datetime(2023, 10, 29, 1, tzinfo=timezone.utc) for _ in x]",
    "order": "ordered=OrderedDict((v, 1) for v in reversed(x))",
    "precision": "decimal=[Decimal('NaN'), Decimal(1)]",
}


def variant(body: str, head: str = "") -> str:
    """A variant's file."""
    return f"'''?'''\n{head}\ndef f(x):\n    {body}\n"


def statuses(ended: Ended) -> dict[str, str]:
    """The word for each variant."""
    return {one["name"]: one["status"] for one in ended.document()["variants"]}


@pytest.mark.usefixtures("known_limits")
def test_answers_of_every_kind(scene: Scene) -> None:
    """The reference and its twin pass, 1500 levels deep and with NaN as keys; each one that is wrong has its word."""
    head = "from .shared import *\nfrom .shared import values"
    wrong = {
        f"wrong_{word}": variant(f"return values(x, {what})", head) for word, what in WRONG.items()
    }
    folder = scene.case(
        "every",
        declaration=CASE,
        shared=VALUES,
        naive=variant("return values(x)", head),
        twin=variant("return values(list(x))", head),
        **wrong,
    )
    ended = scene.run("verify", folder, "--json", "-", "-q")
    said = {one["name"]: one for one in ended.document()["variants"]}

    assert 3 == ended.code, ended.said
    assert ("ok", "ok") == (said["naive"]["status"], said["twin"]["status"]), ended.said
    for word in WRONG:
        one = said[f"wrong_{word}"]
        assert ("wrong-answer", word) == (one["status"], one["reason"]), one


ARGUMENTS = """
    import io, threading
    MISSING = object()
    class Point:
        def __init__(self, xs):
            self.xs = xs
    def inputs(n, seed):
        source = random.Random(seed)
        xs = [source.randint(-9, 9) for _ in range(n)]
        file = io.StringIO("".join(f"{x}\\n" for x in xs))
        return call(file, random.Random(seed), (x for x in xs), lambda x: x + n, threading.Lock(), Point(xs), MISSING, scale=2)
"""
USE = """
    '''?'''
    from . import MISSING
    def f(file, source, items, add, lock, point, missing, *, scale):
        assert missing is MISSING
        with lock:
            {more}
            return scale * sum(map(int, file)), source.random(), [add(item) for item in items], point.xs[0]
"""


@pytest.mark.usefixtures("known_limits")
def test_arguments_of_every_kind(scene: Scene) -> None:
    """Files, random generators, generators, lambdas, locks, own classes, sentinels, keywords: used up as the reference does, not changed."""
    declaration = CASE.replace("{more}", ARGUMENTS.replace("{", "{{").replace("}", "}}")).replace(
        "sweep(make", "sweep(inputs"
    )
    folder = scene.case(
        "inputs",
        declaration=declaration,
        naive=USE.format(more="pass"),
        twin=USE.format(more="total = 0"),
        changes=USE.format(more="point.xs.append(1)"),
        writes=USE.format(more="file.seek(0, 2), file.write('1'), file.seek(0)"),
    )
    verified = scene.run("verify", folder, "--json", "-", "-q")
    ran = scene.run("run", folder, "-V", "twin", "-w", "8", "--budget", "0.5", "-q", "--json", "-")
    words = {one["name"]: one["message"] for one in verified.document()["variants"]}

    assert 3 == verified.code, verified.said
    assert {"naive": "ok", "twin": "ok", "changes": "mutated-input", "writes": "mutated-input"} == statuses(verified)  # fmt: skip
    assert "argument 5 changed: count differs at .xs" in words["changes"]
    assert "argument 0 changed" in words["writes"]
    assert {"ok"} == {one["status"] for one in ran.document()["workloads"][0]["variants"]}, ran.said


STRANGE = """class Strange:
        def __eq__(self, other):
            raise OSError("ask another")
"""
UNREADABLE = """class Unreadable:
        def __new__(cls, x):
            return super().__new__(cls)
"""
REFUSED: dict[str, tuple[str, str, list[str]]] = {
    "a generator": ("", "yield from x", ["answer is a generator", "declare consume=list"]),
    "a lock": (
        "", "import threading; return threading.Lock()",
        ["the answer (_thread.lock) cannot be passed", "declare consume="],
    ),
    "no equality": ("", "return [len(x), object()]", ["object defines no equality", "same=relation(name, differ)"]),
    "raises everywhere": ("", "return {}[len(x)]", ["raise KeyError(4)", "on every workload"]),
    "cannot be made again": (
        UNREADABLE, "from . import Unreadable; return [len(x), Unreadable(x)]",
        ["cannot be passed from one process to another", "Unreadable.__new__() missing 1", "declare consume="],
    ),
    "a stranger": (STRANGE, "from . import Strange; return [len(x), Strange()]", []),
}  # fmt: skip


@pytest.mark.usefixtures("known_limits")
def test_what_the_judge_cannot_do_is_its_own_limit(scene: Scene) -> None:
    """Exit 2 in one sentence with the type's name and what to do; no variant is charged with it."""
    started = {}
    for place, (name, (more, body, _)) in enumerate(REFUSED.items()):
        source = variant(body)
        folder = scene.case(f"case{place}", more=more, declaration=CASE, naive=source, twin=source)
        started[name] = scene.start("verify", folder, "-q")
    ended = {
        name: (*process.communicate(), process.returncode) for name, process in started.items()
    }

    for name, (_, _, words) in REFUSED.items():
        out, err, code = ended[name]
        assert (2 if words else 0) == code, (name, out, err)
        said = " ".join(f"{out} {err}".split())
        assert [] == [word for word in words if word not in said], (name, said)
        assert "Traceback" not in said


class Told(Exception):
    """Hands on fewer arguments than it takes."""

    def __init__(self, a: Any, b: Any) -> None:
        super().__init__(a)
        self.b = b


class NotFound(FileNotFoundError):
    """Its file's name is held by no attribute of Python's."""

    def __init__(self, name: str) -> None:
        super().__init__(2, "no such file", name)


class Several(ExceptionGroup):  # type: ignore[type-arg]
    """Takes no message."""

    def __new__(cls, errors: Any) -> Any:
        """Give the message."""
        return super().__new__(cls, "several", errors)


class Spelled(UnicodeDecodeError):
    """Takes nothing."""

    def __init__(self) -> None:
        super().__init__("utf8", b"ab", 0, 1, "why")


@pytest.mark.parametrize(
    "error",
    [Told("a", [1]), NotFound("x"), Several([Told("a", 2)]), Spelled(), OSError(2, "no", "file")],
)
def test_exceptions_are_passed_on_whatever_their_constructor_takes(error: Exception) -> None:
    """Class, arguments, attributes and words are the same in the other process."""
    again = answer_unpickled(answer_pickled([error]))[0]

    assert exact.compare([error], [again]) is None
    assert (str(error), error.args[1:2]) == (str(again), again.args[1:2])


HINTS = {
    "keyword only": (
        "lambda n, seed: (*make(n, seed), 2)",
        "def f(x, *, scale):\n    return [v * scale for v in x]",
        "scale is by keyword only: return harness.call(..., scale=...)",
    ),
    "another each time": (
        "lambda n, seed: call(*make(n, seed), salt={'a': [__import__('os').urandom(4)]})",
        "def f(x, salt):\n    return x[:]",
        "is not reproducible: argument 'salt' differs from call to call: value differs at ['a'][0]",
    ),
}


@pytest.mark.usefixtures("known_limits")
def test_the_words_name_the_argument(scene: Scene) -> None:
    """Which one, where in it, and the remedy."""
    started = {}
    for place, (name, (make, source, _)) in enumerate(HINTS.items()):
        declaration = CASE.replace(
            "sweep(make", f"sweep({make.replace('{', '{{').replace('}', '}}')}"
        )
        folder = scene.case(f"hint{place}", declaration=declaration, naive=f"'''?'''\n{source}\n")
        started[name] = scene.start("verify", folder, "-q")
    for name, process in started.items():
        out, err = process.communicate()

        assert 2 == process.returncode, (name, out, err)
        assert HINTS[name][2] in " ".join(f"{out} {err}".split()), (name, err)


@pytest.mark.usefixtures("known_limits")
def test_raising_the_same_is_an_equal_answer(scene: Scene) -> None:
    """By type and arguments, where the reference raises on an input; the certificate says on how many."""
    long = "if len(x) > 8:\n        raise {}\n    return list(x)"
    folder = scene.case(
        "raising",
        declaration=CASE,
        naive=variant(long.format("ValueError('too long', len(x))")),
        twin=variant(long.format("ValueError('too ' + 'long', len(x))")),
        other=variant(long.format("KeyError('too long', len(x))")),
    )
    ended = scene.run("verify", folder, "--json", "-", "-q")
    said = {one["name"]: one for one in ended.document()["variants"]}

    assert {"naive": "ok", "twin": "ok", "other": "wrong-answer"} == statuses(ended), ended.said
    assert "raised" == said["other"]["reason"]
    assert "the reference raises on 4 of 12 inputs" in json.dumps(said["naive"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda one: one.__setitem__(0, 9.0), "value differs at [0]"),
        (lambda one: setattr(one, "mask", np.ma.nomask), "mask differs at [1]"),
        (lambda one: setattr(one.flags, "writeable", False), "flags differs at .flags.writeable"),
        (lambda one: setattr(one, "shape", (2, 1)), "shape differs"),
        (lambda one: one.__setitem__(0, -0.0), "value differs at [0]"),
    ],
)
def test_a_change_of_an_argument_is_seen(change: Any, words: str) -> None:
    """Values, masks, flags, shapes, the sign of a zero; by position or by name."""
    given, before = (np.ma.array([0.0, 2.0], mask=[0, 1]) for _ in range(2))
    change(given)
    first = detectors.mutated((given,), (before,))
    named = detectors.mutated(call(xs=given), call(xs=before))

    assert first is not None
    assert named is not None
    assert f"argument 0 changed: {words}" in first.message
    assert f"argument 'xs' changed: {words}" in named.message
    assert detectors.mutated((before,), (before,)) is None
