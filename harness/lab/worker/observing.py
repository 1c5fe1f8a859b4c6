"""Observes what a program imports and reads while it runs: modules, data files, names that were looked for.

An audit hook notes the events and nothing else; what they mean is found out afterwards.  Children made by fork
write what they read into a file in memory that their parent reads.  A file that C code opens and closes again
without Python's help raises no event; one that stays open or mapped is found in the process's own tables.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.lab.frames import Message

_MOST = 20_000
"""Files; a program that reads more is not followed."""
_OVERFLOW = f"it reads more than {_MOST} files"
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_SYSTEM = ("/proc/", "/sys/", "/dev/", "/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/", "memfd:")


class _Notes:
    """What the hook has noted since ``begin``."""

    def __init__(self, made: str = "") -> None:
        self.own = os.path.normpath(made) if made else ""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self.made_files = os.open(made, flags, 0o600) if made else -1
        self.read: dict[str, None] = {}
        self.written: set[str] = set()
        self.listed: dict[str, None] = {}
        self.names: dict[str, None] = {}
        self.started = ""
        """A program of its own that was started: what that one reads is not seen."""
        self.before = frozenset(sys.modules)
        self.owner = os.getpid()
        self.shared = os.memfd_create("perflab-observed", os.MFD_CLOEXEC)

    def open(self, path: Any, flags: Any) -> None:
        if type(path) is not str or path[:1] != "/":
            if path is None or isinstance(path, int):
                return
            path = _absolute(os.fsdecode(path))
        if isinstance(flags, int) and flags & _WRITING:
            self.made(path)
        elif path not in self.read and len(self.read) <= _MOST:
            self.read[path] = None
            self._from_child("r", path)

    def folder(self, path: Any) -> None:
        if not isinstance(path, int):
            folder = _absolute(os.fsdecode(path) if path is not None else ".")
            self.listed[folder] = None
            self._from_child("l", folder)

    def name(self, name: Any) -> None:
        if isinstance(name, str) and name not in self.names and len(self.names) <= _MOST:
            self.names[name] = None
            self._from_child("n", name)

    def gone(self, *paths: Any) -> None:
        """Renamed, dated or removed by the program: what it keeps itself is no dependency."""
        for path in paths:
            if not isinstance(path, int):
                self.made(_absolute(os.fsdecode(path)))

    def made(self, path: str) -> None:
        """Note a file that the program, or a forked child of it, makes itself."""
        if path not in self.written:
            self.written.add(path)
            self._from_child("w", path)
            if self.made_files >= 0:  # at once: the program may not live to tell
                os.write(self.made_files, os.fsencode(path) + b"\0")

    def program(self, name: Any) -> None:
        """Note that a program was started."""
        self.started = os.path.basename(os.fsdecode(name)) if name else "a shell"
        self._from_child("p", self.started)

    def _from_child(self, kind: str, what: str) -> None:
        if os.getpid() != self.owner:
            os.write(self.shared, f"{kind}{what}\0".encode(errors="surrogateescape"))

    def of_children(self) -> dict[str, list[str]]:
        size = os.lseek(self.shared, 0, os.SEEK_END)
        said: dict[str, list[str]] = {kind: [] for kind in "rlnwp"}
        for one in os.pread(self.shared, size, 0).decode(errors="surrogateescape").split("\0"):
            if one:
                said[one[0]].append(one[1:])
        return said


_NOTES: _Notes | None = None


def begin(made: str = "") -> None:
    """Note from now on what this process and its forked children read; a second call changes nothing.

    Args:
        made: file that gets the names of all files that they make or change, when they do so.
    """
    global _NOTES
    if _NOTES is None:
        _NOTES = _Notes(made)
        sys.addaudithook(_hook)


def begin_again() -> None:
    """In a forked child that is observed by itself: what its parent noted counts for it, too."""
    assert _NOTES is not None
    _NOTES.owner = os.getpid()
    _NOTES.shared = os.memfd_create("perflab-observed", os.MFD_CLOEXEC)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _EVENTS or _NOTES is None:
        return
    try:  # whatever goes wrong here must not become the program's error
        if event == "open":
            _NOTES.open(arguments[0], arguments[2])
        elif event == "import":
            _NOTES.name(arguments[0])
        else:
            _seldom(_NOTES, event, arguments)
    except (OSError, ValueError, TypeError, RuntimeError, IndexError):
        pass


def _seldom(notes: _Notes, event: str, arguments: tuple[Any, ...]) -> None:
    if event in _FOLDERS:
        if "importlib" not in sys._getframe(2).f_code.co_filename:  # Python's own search
            notes.folder(arguments[0])
    elif event in _GONE:
        notes.gone(*arguments[:2] if event == "os.rename" else arguments[:1])
    elif event in _STARTS:
        notes.program(arguments[0])
    elif event == "subprocess.Popen":
        words = arguments[1] if isinstance(arguments[1], list | tuple) else (arguments[1],)
        notes.program(arguments[0] or words[0])
        for word in (arguments[0], *words):
            if isinstance(word, str | bytes | os.PathLike) and os.path.isfile(word):
                notes.open(word, os.O_RDONLY)
    else:
        notes.open(arguments[0], os.O_RDONLY)


_FOLDERS = frozenset({"os.listdir", "os.scandir"})
_GONE = frozenset({"os.rename", "os.remove", "os.rmdir", "os.utime"})
_STARTS = frozenset({"os.system", "os.exec", "os.posix_spawn", "os.spawn"})
_OTHERS = frozenset({"open", "import", "subprocess.Popen", "sqlite3.connect", "ctypes.dlopen"})
_EVENTS = _OTHERS | _FOLDERS | _GONE | _STARTS


def _absolute(path: str) -> str:
    return os.path.normpath(os.path.join(os.getcwd(), path))


def seen() -> Message:
    """What was observed so far, as a job's answer; raw, with the standard library's files left out."""
    assert _NOTES is not None
    children = _NOTES.of_children()
    read = {os.path.normpath(file) for file in (*_NOTES.read, *children["r"], *_held())}
    read.discard(_NOTES.own)
    written = {os.path.normpath(file) for file in (*_NOTES.written, *children["w"])}
    names = dict.fromkeys([*_NOTES.names, *children["n"]])
    known = list(sys.modules.items())
    modules = {
        name: file
        for name, module in known
        if (file := _file_of(module)) is not None
        and not (name in _NOTES.before and _in_site(file))  # the lab's, or the interpreter's start
    }
    foreign = [name for name, file in modules.items() if _foreign(file)]
    return {
        "modules": [
            [name, file]
            for name, file in modules.items()
            if _foreign(file) and not is_made(file, written)
        ],
        "read": sorted(file for file in read if _foreign(file) and not is_made(file, written)),
        "written": sorted(filter(_foreign, written)),
        "listed": sorted(folder for folder in {*_NOTES.listed, *children["l"]} if _foreign(folder)),
        "names": sorted({name.partition(".")[0] for name in (*names, *foreign)} - _OURS),
        "stems": sorted({stem for name in (*names, *modules) for stem in _stems(name)}),
        "beyond": _beyond(len(read), _NOTES.started or next(iter(children["p"]), "")),
    }


def made_in(file: Path) -> set[str]:
    """Read what a program's observer wrote down of the files it made."""
    try:
        names = file.read_bytes().split(b"\0")
    except OSError:  # it made none
        return set()
    return {os.path.normpath(os.fsdecode(name)) for name in names if name}


def is_made(file: str, made: Collection[str]) -> bool:
    """Whether a file, or a folder above it, is among those that the program makes itself."""
    return file in made or any(str(above) in made for above in Path(file).parents)


def _beyond(read: int, started: str) -> str:
    """Why what was seen is not all; empty: it is."""
    if started:
        return f"it starts a program of its own ({started}), whose imports and files are not seen"
    return _OVERFLOW if read > _MOST else ""


def _file_of(module: Any) -> str | None:
    for place in (
        getattr(module, "__file__", None),
        getattr(getattr(module, "__spec__", None), "origin", None),
    ):
        if isinstance(place, str) and os.path.isabs(place):
            return os.path.normpath(place)
    return None


def _stems(name: str) -> list[str]:
    """Where a submodule is looked for: in the folders of its package."""
    package, _, last = name.rpartition(".")
    if not package or package.partition(".")[0] in _OURS:
        return []
    try:
        folders = [str(folder) for folder in getattr(sys.modules.get(package), "__path__", ())]
    except Exception:
        return []
    return [
        os.path.join(folder, last)
        for folder in folders
        if _foreign(folder) and not _in_site(folder)
    ]


_OURS = frozenset({"harness"})


def _held() -> list[str]:
    """Files that this process has mapped or open now, whoever opened them."""
    found: dict[str, None] = {}
    with suppress(OSError):
        for line in open("/proc/self/maps", encoding="utf-8", errors="surrogateescape"):
            words = line.split(None, 5)
            if len(words) == 6 and words[5].startswith("/"):
                found[words[5].rstrip("\n")] = None
    with suppress(OSError):
        for number in os.listdir("/proc/self/fd"):
            with suppress(OSError):
                place = os.readlink(f"/proc/self/fd/{number}")
                if os.path.isfile(place):
                    found[place] = None
    return list(found)


def _roots() -> tuple[str, ...]:
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    library = os.path.dirname(os.path.abspath(os.__file__))
    return tuple({here + os.sep, library + os.sep, os.path.realpath(library) + os.sep})


_OUR_FOLDERS = _roots()
_LIBRARY_ZIP = re.compile(r"python\d+\.zip")
_INTERPRETER = frozenset(
    {
        sys.executable,
        os.path.realpath(sys.executable),
        *(one for one in sys.path if _LIBRARY_ZIP.fullmatch(os.path.basename(one))),
    }
)
_SITE = (os.sep + "site-packages" + os.sep, os.sep + "dist-packages" + os.sep)


def _foreign(file: str) -> bool:
    """Neither the lab's, nor the standard library's, nor the system's."""
    name = file.rpartition("/")[2]
    if (file.startswith(_SYSTEM) and not _in_site(file)) or name.startswith(("<", "__editable__.")):
        return False
    if " (deleted)" in file or file in _INTERPRETER:
        return False
    return not file.startswith(_OUR_FOLDERS) or _in_site(file)


def _in_site(file: str) -> bool:
    return any(part in file for part in _SITE)
