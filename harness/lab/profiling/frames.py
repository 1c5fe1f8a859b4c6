"""From a tool's names of functions to ours: paths of the project, Cython's and Numba's functions by their own names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from harness.lab.catalogue import HOME, Found
from harness.model.profiled import Frame, Stack

TIMED = "timed"
"""The function of harness/lab/worker/timing.py that calls the variant: what is above it on a stack is the variant's."""
_OURS = "harness/lab/"
_TIMED_FILE = "harness/lab/worker/timing.py"
_CYTHON = re.compile(r"^__pyx_(?:pf|pw|f)_(?P<mangled>\w+)$")
_TOP_FOLDERS = ("/cases/", "/extensions/")
_LIBRARY = re.compile(r"\.so(\.\d+)*$")
_WAITING = frozenset(
    {"select", "poll", "ppoll", "epoll_wait", "epoll_pwait", "futex", "pthread_cond_wait", "pthread_cond_timedwait", "sem_wait",
     "__futex_abstimed_wait_common", "lock_PyThread_acquire_lock", "PyThread_acquire_lock_timed", "nanosleep", "clock_nanosleep", "wait4"}
)  # fmt: skip
MACHINE_CODE = "(machine code)"
WAITING = Frame("(waiting)", "")


def of_the_variant(frames: list[Frame], *, helper: bool) -> list[Frame] | None:
    """Cut a stack down to what the variant does; None: it was not at work.

    Args:
        frames: outermost first.
        helper: the stack is of another thread or process, all of which is the variant's.
    """
    start = next(
        (
            place
            for place in reversed(range(len(frames)))
            if frames[place].function == TIMED and frames[place].file == _TIMED_FILE
        ),
        None,
    )
    if start is None:
        return _working(frames) if helper else None
    return _working(frames[start + 1 :]) or None


def is_ours(frames: list[Frame]) -> bool:
    """Whether a stack is of the worker's own thread, or of the one that watches its time."""
    return any(
        frame.file.startswith(_OURS) or frame.function == "faulthandler_thread" for frame in frames
    )


def _working(frames: list[Frame]) -> list[Frame]:
    """A stack that waits ends where it began to: what the kernel calls the waiting is of no interest."""
    for place, frame in enumerate(frames):
        if frame.function in _WAITING:
            return [*frames[:place], WAITING]
    return frames


def tidy(function: str, file: str, line: int) -> Frame | None:
    """Name a frame as people do; None: it has no name, and belongs to whoever called it."""
    if function.startswith("0x"):
        return None if _LIBRARY.search(file) or file.startswith("[") else Frame(MACHINE_CODE, "")
    cython = _CYTHON.match(function)
    if cython:
        function = _unmangled(cython["mangled"])
    if _is_cython(Path(file)):  # py-spy takes Cython's names apart, but leaves the module's
        function = function.removeprefix(f"{Path(file).stem}_")
    return Frame(function, short(file), line)


def _is_cython(file: Path) -> bool:
    """Whether a file is a Cython source, or what was made of one of ours."""
    return file.suffix == ".pyx" or (
        file.suffix == ".c" and any((HOME / "extensions").glob(f"*/{file.stem}.pyx"))
    )


def _unmangled(mangled: str) -> str:
    """The function in ``10extensions_6dedupe_10blocking_c_2pairs``: names after their lengths; a number that is no length is Cython's own."""
    rest, name = mangled, mangled
    while match := re.match(r"^_?(\d+)", rest):
        size, after = int(match[1]), rest[match.end() :]
        if size > len(after) or after[size : size + 1] not in {"", "_"}:
            return after
        name, rest = after[:size], after[size:]
    return rest.lstrip("_") or name


def short(file: str) -> str:
    """A path as the reader knows it: from the project's folder, from the packages' folder, or the name alone."""
    for marker in ("/site-packages/", "/dist-packages/"):
        if marker in file:
            return file.rpartition(marker)[2]
    if file.startswith(f"{HOME}/"):
        return file.removeprefix(f"{HOME}/")
    if not file.startswith("/"):
        return file
    for marker in _TOP_FOLDERS:  # another revision of a project, checked out elsewhere
        if marker in file:
            return marker.lstrip("/") + file.partition(marker)[2]
    return Path(file).name


def with_kernels(stacks: Iterable[Stack], found: Found, call: Frame) -> list[Stack]:
    """Give compiled code without a name that of the Numba function called on the line that led there.

    Numba's machine code has no symbols a profiler could find; but which jitted function a line calls, its source says.
    Where nobody calls it but the clock, it is the variant's own function: ``call``.
    """
    return [Stack(tuple(_named(stack.frames, found, call)), stack.weight) for stack in stacks]


def _named(frames: tuple[Frame, ...], found: Found, call: Frame) -> Iterable[Frame]:
    caller: Frame | None = None
    for frame in frames:
        if frame.function != MACHINE_CODE:
            caller = frame
            yield frame
            continue
        if caller is None:
            yield call
            continue
        kernel = kernel_on(file_of(caller.file, found), caller.line, caller.function)
        yield Frame(kernel, caller.file) if kernel else frame


def file_of(name: str, found: Found) -> Path | None:
    """The file that a frame calls by a short name: of the project, of the case, or of its compiled bodies."""
    places = (found.home, found.folder.parent, found.folder, found.home / "extensions" / found.name)
    return next((place / name for place in places if name and (place / name).is_file()), None)


@cache
def kernel_on(file: Path | None, line: int, function: str) -> str | None:
    """Name of the jitted function that a line of a file calls; of a jitted function itself, its own name."""
    if file is None:
        return None
    try:
        module = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    jitted = {
        node.name
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef)
        and any("jit" in ast.unparse(d) for d in node.decorator_list)
    }
    if function in jitted:
        return function
    for node in ast.walk(module):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in jitted
            and node.lineno <= line <= (node.end_lineno or 0)
        ):
            return node.func.id
    return None
