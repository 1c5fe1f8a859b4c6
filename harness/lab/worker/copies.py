"""Copies of arguments and answers: by pickling where that works, however deep they are."""

from __future__ import annotations

import io
import pickle
import re
import sys
import threading
from collections.abc import Callable
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from harness.errors import words_of
from harness.judge.comparison.objects import fields_of
from harness.judge.comparison.settings import Settings
from harness.judge.comparison.walk import first_difference
from harness.judge.comparison.words import NotComparable, type_name

if TYPE_CHECKING:
    from harness.model.declared import Arguments

_STACK_BYTES = 256 << 20
_LEVELS = 400_000
_BYTES_PER_SECOND = 200e6
"""How quickly pickles are loaded, roughly."""
_FAITHFUL = Settings(signed_zero=True)


def pickled(value: Any) -> bytes:
    """Pickle a value, also one that is nested more deeply than the interpreter's stack allows."""
    return _deeply(lambda: pickle.dumps(value, protocol=5))


def _deeply(work: Callable[[], bytes]) -> bytes:
    try:
        return work()
    except RecursionError:
        return _with_room(work)


def _with_room(work: Callable[[], bytes]) -> bytes:
    """Do it in a thread with a stack of its own, large enough."""
    done: list[bytes] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:
            failed.append(error)

    limit, size = sys.getrecursionlimit(), threading.stack_size(_STACK_BYTES)
    sys.setrecursionlimit(_LEVELS)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)
    if failed:
        raise failed[0]
    return done[0]


def answer_pickled(answer: Any) -> bytes:
    """Pickle an answer of the reference, for other processes.

    Raises:
        NotComparable: it cannot be passed on; one line that says why.
    """

    def work() -> bytes:
        file = io.BytesIO()
        _Pickler(file, protocol=5).dump(answer)
        return file.getvalue()

    try:
        return _deeply(work)
    except MemoryError:
        raise
    except RecursionError as error:
        raise NotComparable(
            "the answer is nested too deeply to be passed from one process to another",
            "declare consume=..., which returns it in a flatter form",
        ) from error
    except Exception as error:
        raise _cannot_pass(type_name(type(answer)), error) from error


def answer_unpickled(data: bytes) -> Any:
    """Make an answer of the reference again, in another process.

    Raises:
        NotComparable: its pickle cannot be read; one line that says why.
    """
    try:
        return pickle.loads(data)  # noqa: S301  written by our own process
    except MemoryError:
        raise
    except Exception as error:
        raise _cannot_pass("", error) from error


def _cannot_pass(name: str, error: Exception) -> NotComparable:
    of = f" ({name})" if name else ""
    return NotComparable(
        f"the answer{of} cannot be passed from one process to another: {words_of(error)}",
        "return plain data, or declare consume=..., which makes some of it",
    )


class _Pickler(pickle.Pickler):
    """Passes on what pickle itself knows nothing of, or makes badly: matches, views, exceptions."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, re.Match):
            return _match, (value.re, value.string, value.regs, value.pos, value.endpos)
        if isinstance(value, memoryview):
            return _view, (value.tobytes(), value.format, value.shape)
        if isinstance(value, MappingProxyType):
            return _proxy, (dict(value),)
        if isinstance(value, BaseException):
            return _taken_apart(value)
        return NotImplemented


def _proxy(held: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    """Python's own name for this type is found nowhere."""
    return MappingProxyType(held)


def _taken_apart(error: BaseException) -> Any:
    """An exception by its class, arguments and attributes, unless its class has a way of its own.

    ``__init__`` of a class may take other arguments than those it hands on; so it is not called again.
    """
    kind = type(error)
    base = _built_in(kind)
    if kind is base or any(getattr(kind, n) is not getattr(base, n) for n in _OWN_WAYS):
        return NotImplemented
    _, args, *more = base.__reduce__(error)
    state = {**(more[0] if more else {}), **fields_of(error, kind), "args": error.args}
    if isinstance(error, BaseExceptionGroup):
        args = error.message, list(error.exceptions)
    return _error, (kind, args), state, None, None, _set_fields


_OWN_WAYS = ("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__")


def _built_in(kind: type[BaseException]) -> Any:
    """The nearest class of Python's own."""
    return next(one for one in kind.__mro__ if one.__module__ == "builtins")


def _error(kind: type[BaseException], args: tuple[Any, ...]) -> BaseException:
    base = _built_in(kind)
    made: BaseException = base.__new__(kind, *args)
    base.__init__(made, *args)
    return made


def _set_fields(error: BaseException, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        object.__setattr__(error, name, value)


def _match(pattern: Any, text: Any, regs: Any, pos: int, endpos: int) -> Any:
    """Match again, in the ways there are."""
    for way in (pattern.search, pattern.match, pattern.fullmatch):
        found = way(text, pos, endpos)
        if found is not None and found.regs == regs:
            return found
    for found in pattern.finditer(text, pos, endpos):
        if found.regs == regs:
            return found
    raise ValueError("the match cannot be found again")


def _view(data: bytes, format_: str, shape: tuple[int, ...]) -> memoryview:
    return memoryview(data).cast(format_, shape) if data else memoryview(data)  # type: ignore[call-overload]


class Originals:
    """A master copy of one input, from which fresh equal copies are made, outside the clock.

    By pickling where that gives an equal input; else by making it anew each time.
    """

    def __init__(self, data: bytes | None, make: Callable[[], Arguments] | None) -> None:
        self._data = data
        self._make = make
        self._atoms: Arguments | None = None
        self.n_bytes = 0 if data is None else len(data)
        """Size of the pickled input, or of one that it takes as long to make."""
        if data is None:
            self._time()
            return
        first = self.fresh()
        if type(first) is tuple and all(isinstance(one, _ATOMS) for one in first):
            self._atoms = first

    @property
    def made_anew(self) -> bool:
        """Whether no pickle gives an equal input."""
        return self._data is None

    @classmethod
    def of(cls, make: Callable[[], Arguments], *, key: object = None) -> Originals:
        """Take what ``make`` returns; ``key`` names a recipe whose inputs are alike, tried only once."""
        arguments = make()
        data = copyable(arguments, key)
        return cls(data, make)

    def _time(self) -> None:
        from harness.lab.worker.instruments import seconds_now

        started = seconds_now()
        self.fresh()
        self.n_bytes = int((seconds_now() - started) * _BYTES_PER_SECOND)

    def fresh(self) -> Arguments:
        """Return equal arguments that share nothing mutable with any other copy."""
        if self._atoms is not None:
            return self._atoms
        if self._data is None:
            assert self._make is not None
            return self._make()
        loaded: Arguments = pickle.loads(self._data)  # noqa: S301  our own bytes
        return loaded

    def batch(self, n: int) -> list[Arguments]:
        """Return ``n`` fresh copies."""
        return [self.fresh() for _ in range(n)]


_ATOMS = (int, float, complex, bool, type(None))


def copyable(arguments: Arguments, key: object = None) -> bytes | None:
    """Return a pickle from which equal arguments are made; None: there is none."""
    try:
        data = pickled(arguments)
    except MemoryError:
        raise
    except Exception:
        return None
    if key is None:
        return data if _faithful(arguments, data) else None
    known = _tried()
    if key not in known:
        known[key] = _faithful(arguments, data)
    return data if known[key] else None


@cache
def _tried() -> dict[object, bool]:
    """Recipes whose inputs were compared with their copies in this process."""
    return {}


def _faithful(arguments: Arguments, data: bytes) -> bool:
    """Whether the copy is equal as far as the walk sees, and it sees all."""
    try:
        copy = pickle.loads(data)  # noqa: S301  our own bytes, made above
        return first_difference(_FAITHFUL, arguments, copy) is None
    except MemoryError:
        raise
    except Exception:
        return False
