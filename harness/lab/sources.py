"""Digests of what a number depends on, and whether a compiled body is there and up to date."""

from __future__ import annotations

import json
import sys
import time
from contextlib import suppress
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from harness.lab import building, depending
from harness.lab.belonging import data_in
from harness.lab.catalogue import HOME
from harness.lab.closure import follow
from harness.lab.packaged import import_folders, project_of
from harness.lab.trees import Tree
from harness.lab.worker.observing import is_made
from harness.model.depended import Dependencies

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from harness.lab.catalogue import Found
    from harness.model.declared import Case

_REFEREE = (
    *(
        f"judge/comparison/{room}.py"
        for room in (
            *("arrays", "containers", "frames", "matching", "models", "objects", "registry"),
            *("scalars", "settings", "sparse", "streams", "tensors", "times", "walk", "words"),
        )
    ),
    "judge/equality.py",
    "model/declared.py",
    "lab/worker/answers.py",
    "lab/worker/copies.py",
    "lab/worker/detectors.py",
    "lab/worker/examine.py",
    "lab/worker/instruments.py",
    "lab/worker/subject.py",
    "lab/worker/surroundings.py",
    "lab/worker/observing.py",
    "lab/mutation.py",
)
"""A change in how we judge makes every certificate stale."""
_IMPORTED = frozenset(
    {
        ".py",
        ".pyx",
        ".pxd",
        ".pxi",
        ".h",
        ".hpp",
        ".inc",
        ".c",
        ".cc",
        ".cpp",
        ".cxx",
        ".rs",
        ".f",
        ".f90",
        ".so",
        ".pyd",
    }
)
"""Of code, by their suffix; everything else is data."""


def own_modules(found: Found) -> list[Path]:
    """The modules in a case's folder; what editors put beside them are none."""
    return sorted(found.folder.glob("[!.#]*.py"))


def case_digest(found: Found, case: Case) -> str:
    """Digest of what all variants share: the declaration, the reference and the case's other files."""
    shared = map(Path, _shared_files(found, case))
    return files_digest([*shared, found.source(case.reference)])


def variant_digest(found: Found, case: Case, variant: str) -> str:
    """Digest a certificate is bound to: case, variant, all that it depends on, builds, libraries, Python and the referee.

    A variant that was never observed here depends on what its source says; no certificate has that digest.
    """
    known = depending.kept(found, variant)
    if known is None:
        return digest_of(
            found, case, replace(followed(found, case, variant), beyond="not observed")
        )
    return digest_of(found, case, known)


def digest_of(found: Found, case: Case, depends: Dependencies) -> str:
    """Digest a certificate is bound to, where the set of what the variant depends on is known."""
    parts = [
        case_digest(found, case),
        depending.digest(depends, depending.search_folders(found)),
        depends.beyond,
        *map(str, data_in(found.folder)),  # another file there may be what is read
        _referee(),
        sys.version,
        str(found.folder),
        found.module,
    ]
    whole = "\0".join(parts).encode(errors="surrogateescape")
    return sha256(whole).hexdigest()[:16]


def followed(found: Found, case: Case, variant: str) -> Dependencies:
    """What a variant, and the reference it is judged by, depend on as far as their sources say, with the case's data."""
    tree = found.tree or own_tree(found)
    starts = (found.source(variant), found.source(case.reference), found.folder / "__init__.py")
    said = follow(starts, tree)
    code = {file for file in said.files if file.suffix in _IMPORTED}
    builds = {file for file in _builds(code) if file not in code}
    libraries = {file for file in code if depending.is_library(str(file))} | builds
    data = (said.files - code) | set(data_in(found.folder))
    names = said.names - sys.stdlib_module_names - {"harness"}
    return Dependencies(
        modules=_sorted(code - libraries),
        extensions=_sorted(libraries),
        data=_sorted(data - libraries),
        names=tuple(sorted(names)),
        distributions=depending.distributions_of(names - set(tree.names)),
        environment=tuple(sorted(said.environment)),
    )


def _sorted(files: Iterable[Path]) -> tuple[str, ...]:
    return tuple(sorted(str(file) for file in files))


class Watch:
    """Notices that variants become other programs after their case was read: every process imports what is there when it starts."""

    def __init__(self, found: Found, case: Case, variants: Sequence[str]) -> None:
        self._found = found
        self._tree = found.tree or own_tree(found)
        self._search = depending.search_folders(found)
        self._shared = set(_shared_files(found, case))
        self._started = time.time_ns()
        self._stamps: list[object] = []
        self._late = ""
        self._made: set[str] = set()
        self._referee = _referee_now()
        known = {name: depending.kept(found, name) for name in variants}
        self._unseen = {name for name, depends in known.items() if depends is None}
        self._behind = {
            name: depends or followed(found, case, name) for name, depends in known.items()
        }
        self._data = {file for depends in self._behind.values() for file in depends.data}
        self._was = {name: self._state(name) for name in self._behind}
        self._settle()

    def forgive(self, made: Collection[str]) -> None:
        """Leave these files out: variants have made or changed them, be it that they died of it."""
        self._made.update(made)

    def learn(self, variant: str, depends: Dependencies) -> None:
        """Watch what a variant was observed to depend on as well.

        A file of it that has been changed since the beginning counts as changed, unless a variant has made it.
        """
        if variant not in self._behind:
            return
        new = set(depends.files) - set(self._behind[variant].files)
        late = sorted(file for file in new if self._is_late(file) and not is_made(file, self._made))
        if late and not self._late:
            self._late = _named(variant, late[0])
        self._behind[variant] |= depends
        self._data.update(depends.data)
        self._was[variant] = {**self._state(variant), **self._was[variant]}
        self._settle()
        self._stamps = []  # what changed before this moment is not seen by stamps of now

    def changed(self) -> str | None:
        """What is not what it was at the beginning, and in which file; files are read again only where their stamps have changed."""
        if self._late:
            return self._late
        stamps = self._look()
        if stamps == self._stamps:
            return None
        if _referee_now() != self._referee:
            return "the lab itself"
        for variant in self._behind:
            was, now = self._was[variant], self._state(variant)
            different = [
                what
                for what in {**was, **now}
                if was.get(what) != now.get(what) and not self._is_kept(what)
            ]
            if different:
                return _named(variant, min(different))
        self._stamps = stamps
        return None

    def _state(self, variant: str) -> dict[str, str]:
        """Of the program, as far as it is there to be changed: a file that a variant writes for itself is the detectors' business."""
        depends, code = self._behind[variant], set[str]()
        if variant in self._unseen:  # what its source says now may be imported instead
            starts = [Path(file) for file in depends.modules if file.endswith(".py")]
            now = map(str, follow(starts, self._tree).files)
            code = {file for file in now if Path(file).suffix in _IMPORTED or file in self._data}
        files = code.union(self._shared, depends.modules, depends.extensions, depends.data)
        return {
            **{file: depending.content(file) for file in sorted(files)},
            # by a key of its own: a case that is installed is a module of both kinds
            **{f"{file} (installed)": depending.brief(file) for file in depends.installed},
            **depending.importable(depends, self._search),
        }

    def _settle(self) -> None:
        own = {file for depends in self._behind.values() for file in depends.files} | self._shared
        installed = {file for depends in self._behind.values() for file in depends.installed}
        listed = {folder for depends in self._behind.values() for folder in depends.listed}
        self._files = sorted(own | installed | set(map(str, _referees())))
        self._folders = sorted({str(Path(file).parent) for file in own} | listed)
        self._stamps = self._look()

    def _is_kept(self, file: str) -> bool:
        """Whether variants keep this data file themselves; what they do to a source makes them other programs."""
        return Path(file).suffix not in _IMPORTED and is_made(file, self._made)

    def _is_late(self, file: str) -> bool:
        return any(moment > self._started for moment in depending.stamp(file)[:2])

    def _look(self) -> list[object]:
        folders = (sorted(depending.names_in(folder)) for folder in self._folders)
        return [*map(depending.stamp, self._files), *folders]


def _named(variant: str, file: str) -> str:
    return f"{variant} ({Path(file).name})"


def _shared_files(found: Found, case: Case) -> list[str]:
    """The case's own modules that belong to all variants."""
    apart = {*case.variants, "mutants"}
    return [str(path) for path in own_modules(found) if path.stem not in apart]


def _referees() -> list[Path]:
    return [HOME / "harness" / name for name in _REFEREE]


def _referee_now() -> str:
    return files_digest(_referees())


def _builds(needed: Iterable[Path]) -> list[Path]:
    return [
        library
        for file in needed
        if file.suffix == ".pyx"
        for library in sorted(file.parent.glob(f"{file.stem}.*.so"))
    ]


def own_tree(found: Found) -> Tree:
    """The project that a case belongs to; of an installed one its own packages only, not all that is installed beside it."""
    if found.origin == "path":
        root = project_of(found.folder)
        search = [one for one in depending.search_folders(found) if not depending.in_site(one)]
        paths = dict.fromkeys([found.search_path, *search, *import_folders(root)])
        return Tree(str(root), tuple(paths), ())
    top = found.module.partition(".")[0]
    home = found.folder.parents[found.module.count(".")]
    return Tree(
        str(home), (str(home),), (top, "extensions") if found.origin == "catalogue" else (top,)
    )


def require_build(found: Found, variant: str) -> None:
    """Refuse a compiled variant that is not built, or whose source is newer than its build.

    Raises:
        NotBuilt: with the remedy.
    """
    source = found.home / "extensions" / found.name / f"{variant}.pyx"
    if found.origin == "catalogue" and source.exists():
        building.require(source)


def build_seconds(found: Found, variant: str) -> float | None:
    """What translating and compiling a variant's extension took when it was built last; None: nothing is built, or nobody timed it."""
    record = found.home / "extensions" / found.name / f"{variant}.build.json"
    with suppress(OSError, ValueError, KeyError, TypeError):
        return float(json.loads(record.read_text())["seconds"])
    return None


@cache
def _referee() -> str:
    return _referee_now()


def files_digest(files: Iterable[Path]) -> str:
    """Digest of the files' names and contents, in the order given."""
    digest = sha256()
    for file in files:
        data = b""
        with suppress(OSError):  # not there, or not any more
            data = file.read_bytes()
        digest.update(f"{file.name}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()
