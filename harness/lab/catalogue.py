"""Finds cases: this project's folder, plugins by entry point, and paths on the command line."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import keyword
import os
import re
import shlex
import sys
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import AskedWrongly, BadCase, Terminated, words_of
from harness.lab import trees
from harness.lab.packaged import import_folders, in_its_package, project_of
from harness.lab.trees import Tree
from harness.model.declared import Case, Technique, Variant, Workload

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import ModuleType

HOME = Path(__file__).resolve().parents[2]
"""The folder that holds harness/, cases/ and extensions/: a clone, or site-packages."""
ENTRY_POINTS = "harness.cases"
SAFE = "PERFLAB_SAFE"
"""Set to anything: no code of plugins is looked for."""
NAME = re.compile(r"(?!(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|\Z))[a-z0-9][a-z0-9._-]{0,62}")
"""What may become a file's name anywhere: no way up, no option, no space, no device of Windows."""
_NOT_VARIANTS = frozenset({"__init__", "mutants"})


@dataclass(frozen=True, slots=True)
class Found:
    """Where a case was found; nothing of it has been imported yet."""

    name: str
    module: str
    """The package to import: ``cases.dedupe``."""
    folder: Path
    origin: str
    """``catalogue``, ``plugin <distribution>`` or ``path``; for messages and result files."""
    search_path: str = ""
    """What must be on ``sys.path`` for the import; empty when it is there already."""
    tree: Tree | None = None
    """The revision to import from; None: what is installed here."""

    @property
    def home(self) -> Path:
        """The folder that holds cases/ and extensions/ of this case's project."""
        return self.folder.parent.parent

    def load(self) -> Case:
        """Import the case and check its declaration."""
        if self.tree is None:
            self._make_importable()
        try:
            with trees.entered(self.tree):
                module = (
                    trees.import_module(self.module)
                    if self.tree
                    else importlib.import_module(self.module)
                )
            self._require_own(module)
            declared = getattr(module, "case", None)
            case = declared if isinstance(declared, Case) else None
        except (KeyboardInterrupt, Terminated, BadCase):
            raise
        except (
            BaseException
        ) as error:  # also SystemExit, and whatever else would end us without a word
            raise BadCase(
                f"case {self.name}: importing {self.folder / '__init__.py'} raised {words_of(error)}",
                "a whole case to look at: python -m harness new my_case",
            ) from error
        if case is None:
            raise BadCase(
                f"case {self.name}: {self.folder / '__init__.py'} defines no `case = Case(...)`",
                "a whole case to look at: python -m harness new my_case",
            )
        _check(self, case)
        return case

    def _make_importable(self) -> None:
        wanted = [self.search_path] if self.search_path else []
        if self.origin == "path":
            wanted += import_folders(project_of(self.folder))
        sys.path += [folder for folder in dict.fromkeys(wanted) if folder not in sys.path]
        if self.origin == "catalogue" and not trees.in_a_tree():
            for name in (
                "cases",
                "extensions",
            ):  # folders of the user's may stand first on the path
                load_own(name)

    def _require_own(self, module: ModuleType) -> None:
        """Two folders of one name in one command: Python knows only the first."""
        file = Path(getattr(module, "__file__", None) or "")
        if self.tree is None and self.origin == "path" and file.resolve().parent != self.folder:
            raise BadCase(
                f"case {self.name}: {file} has the same name, and was imported in its place",
                "name them in two commands, or rename one of the folders",
            )

    def question(self) -> str:
        """The first sentence of the case's docstring; nothing is imported."""
        return _first_line(self.folder / "__init__.py")

    def source(self, variant: str) -> Path:
        """The file of a variant."""
        return self.folder / f"{variant}.py"

    def variants(self, case: Case) -> tuple[Variant, ...]:
        """Describe the variants in the case's order; their modules are read, not imported."""
        return tuple(
            Variant(
                name=name,
                technique=case.techniques.get(name)
                or technique_of(self.source(name), rival=name in case.rivals),
                rival=name in case.rivals,
                idea=_first_line(self.source(name)),
            )
            for name in case.variants
        )

    def mutants(self) -> tuple[str, ...]:
        """Names of the hand-written wrong implementations: the public functions of mutants.py."""
        file = self.folder / "mutants.py"
        if not file.exists():
            return ()
        functions = (
            node
            for node in _parse(file).body
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        )
        return tuple(node.name for node in functions if not node.name.startswith("_"))


def find_cases() -> dict[str, Found]:
    """Return every case of the catalogue and of installed plugins, by name, in order.

    Raises:
        BadCase: two cases of one name; the message names both origins.
    """
    found: dict[str, Found] = {}
    for one in (*_in_folder(HOME / "cases"), *_plugins()):
        if one.name in found:
            raise BadCase(
                f"two cases are called {one.name!r}: {found[one.name].folder} ({found[one.name].origin}) and {one.folder} ({one.origin})",
                "rename one of the folders, or uninstall one of the two",
            )
        found[one.name] = one
    return dict(sorted(found.items()))


def find_case(wanted: str) -> Found:
    """Return the case called ``wanted``, or the one in the folder of that path."""
    if "/" in wanted or wanted in {".", ".."} or "\\" in wanted:
        return in_its_package(_at_path(Path(wanted)))
    cases = find_cases()
    if wanted in cases:
        return cases[wanted]
    here = "" if Path(wanted, "__init__.py").is_file() else wanted
    if here and NAME.fullmatch(wanted):
        here = typed_name(wanted)
    remedy = (
        (f"a path needs a slash: ./{wanted}" if not here else "")
        or (f"a case of that name is here: {here}" if here != wanted else "")
        or did_you_mean(wanted, cases)
        or "`python -m harness list` shows them; a path needs a slash: ./my_case"
    )
    raise AskedWrongly(f"there is no case called {wanted!r}", remedy)


def typed(found: Found) -> str:
    """What a person types to name this case again, from where we are."""
    if found.origin != "path":
        return found.name
    try:
        return _typed_path(found.folder)
    except (OSError, ValueError):  # the working directory is gone
        return shlex.quote(str(found.folder))


def typed_name(name: str) -> str:
    """The same for a case of which only the name is known, from a result file: its path where a name finds nothing."""
    if name in _BY_PATH:
        return typed(_BY_PATH[name])
    if (HOME / "cases" / name / "__init__.py").is_file():
        return name
    for folder in (Path(name), *sorted(Path().glob(f"[!._]*/{name}"))):
        if (folder / "__init__.py").is_file() and name not in _plugin_names():
            return shlex.quote(f"./{folder.as_posix()}")
    return name


_BY_PATH: dict[str, Found] = {}
"""Cases that were named by their paths in this process."""


def _plugin_names() -> set[str]:
    try:
        return {one.name for one in _plugins()}
    except BadCase:
        return set()


def pick_workloads(case: Case, wanted: Sequence[str]) -> tuple[Workload, ...]:
    """Return the workloads that ``wanted`` names: names, S, M, L (of the defaults), ``all``, or any other size of a series."""
    if not wanted:
        return case.default_workloads()
    if "all" in wanted:
        return case.workloads
    defaults = case.default_workloads()
    letters = {
        "S": defaults[0].name,
        "M": defaults[len(defaults) // 2].name,
        "L": defaults[-1].name,
    }
    names = list(dict.fromkeys(letters.get(name, name) for name in wanted))
    declared = [workload.name for workload in case.workloads]
    others = [name for name in names if name not in declared and find_workload(case, name)]
    _known([name for name in names if name not in others], declared, what="workload")
    picked = [workload_named(case, name) for name in names]
    return tuple(
        sorted(
            picked,
            key=lambda one: (
                declared.index(one.name) if one.name in declared else len(declared),
                one.n,
            ),
        )
    )


def workload_named(case: Case, name: str) -> Workload:
    """Return a workload that is known to be there: declared, or of a size between or beyond the declared ones."""
    found = find_workload(case, name)
    assert found is not None, name
    return found


def find_workload(case: Case, name: str) -> Workload | None:
    """Return the workload of that name; a series has all sizes, whichever its case lists: 70 beside 50 and 100, long-300 beside long-256."""
    for workload in case.workloads:
        if workload.name == name:
            return workload
    for workload in case.workloads:
        before, _, after = workload.name.partition(str(workload.n))
        size = name.removeprefix(before).removesuffix(after)
        if (
            workload.series is not None
            and name == f"{before}{size}{after}"
            and size.isascii()
            and size.isdigit()
            and size == str(int(size))
        ):
            return replace(workload, name=name, n=int(size)) if int(size) > 0 else None
    return None


def pick_variants(case: Case, wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the variants that ``wanted`` names, in the case's order, the reference always among them."""
    if not wanted:
        return case.variants
    _known(wanted, case.variants, what="variant")
    return tuple(name for name in case.variants if name in wanted or name == case.reference)


def did_you_mean(wanted: str, names: Iterable[str]) -> str:
    """Return ``did you mean ...?`` or an empty string."""
    near = get_close_matches(wanted, list(names), n=3, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else ""


def _known(wanted: Sequence[str], names: Sequence[str], *, what: str) -> bool:
    for name in wanted:
        if name not in names:
            raise AskedWrongly(
                f"there is no {what} called {name!r}",
                did_you_mean(name, names) or f"there are: {', '.join(names)}",
            )
    return True


def technique_of(file: Path, *, rival: bool) -> Technique:
    """Read the technique off a variant's source: what it imports and how its function is written."""
    if rival:
        return Technique.LIBRARY
    tree = _parse(file)
    roots = set(_imported(tree))
    text_names = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in ast.walk(tree)
        if isinstance(node, (ast.Name, ast.Attribute))
    }
    if roots & {"multiprocessing"} or "ProcessPoolExecutor" in text_names:
        return Technique.MULTIPROCESSING
    if any(isinstance(node, ast.AsyncFunctionDef) for node in ast.walk(tree)) or "asyncio" in roots:
        return Technique.ASYNCIO
    if "threading" in roots or "ThreadPoolExecutor" in text_names:
        return Technique.THREADS
    for root, technique in (
        ("extensions", Technique.CYTHON),
        ("dask", Technique.DASK),
        ("numba", Technique.NUMBA),
        ("numpy", Technique.NUMPY),
    ):
        if root in roots:
            return technique
    return Technique.STDLIB if roots - _LANGUAGE else Technique.PYTHON


_LANGUAGE = frozenset(
    {"__future__", "typing", "collections.abc", "math", "dataclasses", "cases", ""}
)
"""Imports that do not make a variant a study of the standard library."""


def _imported(tree: ast.AST) -> Iterable[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "" if node.level else node.module or ""
            yield module if module == "collections.abc" else module.partition(".")[0]


def _parse(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_bytes(), filename=str(file))
    except (OSError, SyntaxError, ValueError) as error:
        raise BadCase(
            f"{file}: {error}", "every variant of a case is a Python file of its own"
        ) from error


def _first_line(file: Path) -> str:
    docstring = ast.get_docstring(_parse(file)) or ""
    return docstring.strip().partition("\n")[0]


def load_own(name: str) -> None:
    """Import a package of ours from its place; its children in other processes find it on the path."""
    folder = HOME / name
    there = [str(folder)] == list(getattr(sys.modules.get(name), "__path__", ()))
    if there or not (folder / "__init__.py").is_file():  # not every checkout has both
        return
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


def _in_folder(folder: Path) -> Iterable[Found]:
    for init in sorted(folder.glob("*/__init__.py")):
        yield Found(
            name=init.parent.name,
            module=f"cases.{init.parent.name}",
            folder=init.parent,
            origin="catalogue",
        )


def _plugins() -> Iterable[Found]:
    """The cases of installed distributions; none where ``PERFLAB_SAFE`` is set, as in a job that has rights to lose."""
    from importlib.metadata import entry_points

    if os.environ.get(SAFE):
        return
    for point in entry_points(group=ENTRY_POINTS):
        module = point.value.partition(":")[0]
        spec = importlib.util.find_spec(module)
        if spec is None or not spec.origin:
            raise BadCase(
                f"plugin {point.name}: the module {module} cannot be found",
                "reinstall the distribution that declares it",
            )
        distribution = point.dist.name if point.dist else "unknown"
        yield Found(
            name=point.name,
            module=module,
            folder=Path(spec.origin).parent,
            origin=f"plugin {distribution}",
        )


def _at_path(path: Path) -> Found:
    folder = path.resolve()
    if not (folder / "__init__.py").is_file():
        raise _no_case(path, folder)
    name = folder.name
    for one in find_cases().values():
        if one.folder == folder:
            return one
    if problem := name_problem(name):
        raise AskedWrongly(
            f"{folder}: {problem}", f"rename the folder: {_moved(folder, proposed_name(name))}"
        )
    if other := _shadowed_by(name, folder):
        raise BadCase(
            f"{folder}: {other} has the same name, and would be imported in its place",
            f"rename the folder: {_moved(folder, f'{name}_case')}",
        )
    found = Found(
        name=name, module=name, folder=folder, origin="path", search_path=str(folder.parent)
    )
    _BY_PATH[name] = found
    return found


def _no_case(path: Path, folder: Path) -> AskedWrongly:
    """Say why nothing is measured there, and what is meant perhaps."""
    inside = sorted(folder.glob("*/__init__.py")) if folder.is_dir() else []
    if inside:
        some = " ".join(shlex.quote(f"{_dotted(path)}/{one.parent.name}") for one in inside[:3])
        return AskedWrongly(
            f"{path} is no case: it has no __init__.py",
            f"name a case in it: {some}{' ...' if len(inside) > 3 else ''}",
        )
    what = (
        f"{path} is a file, and a case is a folder"
        if folder.is_file()
        else f"{path} is no case: it has no __init__.py"
        if folder.exists()
        else f"{path} is no case: there is nothing of that name"
    )
    return AskedWrongly(what, _instead_of(folder))


def _instead_of(folder: Path) -> str:
    """What to type where a path leads to no case: the case of that name, or the command that starts it there."""
    if folder.name in find_cases():
        return f"did you mean {folder.name!r}? without the slash it is a case of the catalogue"
    near = Path("cases", folder.name)
    if (near / "__init__.py").is_file():
        return f"did you mean ./{near.as_posix()}?"
    if not folder.exists() and (meant := _nearest_cases(folder)):
        return f"did you mean {' or '.join(meant)}?"
    name = proposed_name(f"{folder.stem}_case" if folder.suffix else folder.name)
    there = os.path.relpath(folder.with_name(name))
    typed_path = there if os.sep in there else f"./{there}"
    return f"start one with: python -m harness new {shlex.quote(typed_path)}"


def _nearest_cases(folder: Path) -> list[str]:
    """The cases whose folders, or the folders that hold them, are spelt nearly like this one; as they are typed from here."""
    above = next(one for one in folder.parents if one.is_dir())
    held: dict[str, list[Path]] = {}
    for pattern in ("*", "*/*", "*/*/*"):
        for init in sorted(above.glob(f"{pattern}/__init__.py"))[:_MOST_FOLDERS]:
            if _declares_a_case(init):
                inside = init.parent.relative_to(above)
                held.setdefault(str(inside), []).append(init.parent)
                held.setdefault(str(inside.parent), []).append(init.parent)
    wanted = str(folder.relative_to(above))
    near = get_close_matches(wanted, [one for one in held if one != "."], n=1, cutoff=0.6)
    return [_typed_path(one) for one in held[near[0]][:3]] if near else []


_MOST_FOLDERS = 1000


def _declares_a_case(init: Path) -> bool:
    """Whether a package reads like a case: nothing is imported."""
    try:
        return b"Case(" in init.read_bytes()
    except OSError:
        return False


def _typed_path(folder: Path) -> str:
    path = os.path.relpath(folder)
    return shlex.quote(path if path.startswith((".", os.sep)) else f"./{path}")


def _dotted(path: Path) -> str:
    return str(path) if path.is_absolute() or ".." in path.parts else f"./{path}"


def _moved(folder: Path, name: str) -> str:
    return shlex.join(["mv", str(folder), str(folder.with_name(name))])


def name_problem(name: str) -> str:
    """The one rule for names of cases, as a sentence that is broken; empty: it is kept."""
    if (
        NAME.fullmatch(name)
        and re.fullmatch(r"[a-z][a-z0-9_]*", name)
        and not keyword.iskeyword(name)
        and name not in sys.stdlib_module_names
    ):
        return ""
    return (
        f"{name!r} cannot be the name of a case: small letters, digits and underscores, a letter"
        " first, 63 at most, and no word or module of Python's own"
    )


def proposed_name(name: str) -> str:
    """A name near ``name`` that keeps the rule: MyCase and my-case are my_case, json is json_case."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    plain = re.sub(r"[^a-z0-9]+", "_", words).strip("_0123456789")[:50].strip("_")
    if not plain:
        return "my_case"
    return f"{plain}_case" if name_problem(plain) else plain


def _shadowed_by(name: str, folder: Path) -> str:
    """The file of another module that `import name` finds first; empty: none."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return ""
    other = (spec.origin if spec else None) or ""
    return other if other and Path(other).resolve().parent != folder else ""


def _check(found: Found, case: Case) -> None:
    files = {path.stem for path in found.folder.glob("*.py")} - _NOT_VARIANTS
    missing = [name for name in case.variants if name not in files]
    if missing:
        raise BadCase(
            f"case {found.name}: variants {', '.join(missing)} have no file",
            f"write {found.source(missing[0])}, or take the name out of variants=",
        )
    names = [workload.name for workload in case.workloads]
    problems = [
        (not case.variants, "variants= is empty"),
        (not names, "workloads= is empty"),
        (len(set(case.variants)) != len(case.variants), "a variant is listed twice"),
        (len(set(names)) != len(names), "two workloads have one name"),
        (
            not set(case.default) <= set(names),
            f"default= names no workload: {sorted(set(case.default) - set(names))}",
        ),
        (
            not {*case.gate.workloads, *case.gate.on.values()} <= set(names),
            f"gate= names no workload: {sorted({*case.gate.workloads, *case.gate.on.values()} - set(names))}",
        ),
        (
            not set(case.gate.on) <= set(case.variants),
            f"gate=Gate(on=...) names no variant: {sorted(set(case.gate.on) - set(case.variants))}",
        ),
        (
            not set(case.rivals) <= set(case.variants),
            f"rivals= names no variant: {sorted(set(case.rivals) - set(case.variants))}",
        ),
        (
            bool(case.variants) and case.variants[0] in case.rivals,
            "the reference cannot be a rival",
        ),
        (
            not all(NAME.fullmatch(name) for name in (*case.variants, *names)),
            "names are small letters, digits, dots, dashes and underscores",
        ),
    ]
    for wrong, problem in problems:
        if wrong:
            raise BadCase(f"case {found.name}: {problem}", f"mend {found.folder / '__init__.py'}")
