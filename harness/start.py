"""Makes this process fit to run perflab, whatever surrounds it; needs nothing that a file could shadow.

Only what every interpreter has loaded before any program begins is imported here.  A file called
``random.py`` in the working directory must neither change what we import nor end us with exit 1,
which would say "a confirmed regression".
"""

import os
import sys
from _frozen_importlib_external import PathFinder  # type: ignore[import-not-found]  # always there

USERS_PATH = "PERFLAB_USERS_PATH"
"""Variable of a worker: what `python -m` would put before the standard library for the user."""
NOT_MEASURED, LACKS, INTERRUPTED = 4, 7, 130
"""Exit codes, as in harness/errors.py, which may be what cannot be imported."""
LIBRARIES = frozenset(
    """
    _cffi_backend asv asv_runner attr attrs bs4 build click contourpy cycler cython dateutil
    filelock fontTools hypothesis jinja2 json5 kiwisolver linkify_it llvmlite markdown_it markupsafe
    matplotlib mdit_py_plugins mdurl memray msgspec mpl_toolkits numba numpy packaging pathspec PIL
    platformdirs psutil pydantic pydantic_core pygments pympler pynvml pyparsing pyperf
    pyproject_hooks rich scalene scipy six sortedcontainers tabulate textual typing_extensions
    typing_inspection virtualenv wheel yaml
    """.split()
)
"""Top-level names of the libraries that the command line itself is made with."""
_MOST_WORDS = 2000


class Pinned:
    """Finds the standard library in its own folders, before any folder of the user's.

    With ``libraries`` the same for what the command line is made with: it shares its process with
    a case's declaration only.  A worker takes those as the user's program would: the library may be
    the user's own project.
    """

    def __init__(self, *, libraries: bool) -> None:
        self.libraries = libraries

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> object:
        """Return where a top-level module of ours is; None: as every other."""
        del target
        if path is not None:
            return None
        if fullname in sys.stdlib_module_names:
            folders = [entry for entry in sys.path if is_standard(entry)]
        elif self.libraries and fullname in LIBRARIES:
            folders = [entry for entry in sys.path if _is_installed(entry)]
        else:
            return None
        spec = PathFinder.find_spec(fullname, folders)
        return None if spec is None or spec.loader is None else spec


_STANDARD = os.path.dirname(os.__file__)


def is_standard(entry: str) -> bool:
    """Whether a folder of ``sys.path`` is one of the standard library."""
    name = os.path.basename(entry)
    return entry == _STANDARD or name in {
        "lib-dynload",
        f"python{sys.version_info[0]}{sys.version_info[1]}.zip",
    }


def _is_installed(entry: str) -> bool:
    return os.path.basename(entry) in {"site-packages", "dist-packages"}


def pin(*, libraries: bool) -> None:
    """From now on imports find what is Python's (and with ``libraries``, what is ours) where it is installed."""
    for finder in sys.meta_path:
        if isinstance(finder, Pinned):
            finder.libraries = libraries
            return
    sys.meta_path.insert(0, Pinned(libraries=libraries))  # type: ignore[arg-type]  # typing's names would be imports


def fill_descriptors() -> None:
    """Open what is closed of 0, 1 and 2 on nothing: the next pipe must not become standard input."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            nothing = os.open(os.devnull, os.O_RDONLY if descriptor == 0 else os.O_WRONLY)
            if nothing != descriptor:
                os.dup2(nothing, descriptor)
                os.close(nothing)


def take_up_users_path() -> None:
    """Let imports find what is the user's, now that ours and Python's own are pinned.

    The process's children get it in PYTHONPATH, after our own package.  Customisation that lies
    there runs as it would have when the interpreter began.
    """
    users = os.environ.pop(USERS_PATH, None)
    if users is None:
        return
    pinned = os.environ.get("PYTHONPATH", "")
    entries = [entry for entry in users.split(os.pathsep) if entry]
    place = sys.path.index(pinned) + 1 if pinned in sys.path else 0
    sys.path[place:place] = entries
    os.environ["PYTHONPATH"] = os.pathsep.join([pinned, *entries])
    for name in ("sitecustomize", "usercustomize"):
        if name not in sys.modules and not sys.flags.no_site:
            try:  # noqa: SIM105  contextlib would be an import
                __import__(name)
            except Exception:
                pass  # as at the interpreter's beginning: it goes on


def take_over() -> None:
    """Begin a command of ours: descriptors, imports, and a child's end that can be waited for."""
    try:
        fill_descriptors()
        pin(libraries=True)
        import signal

        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored: nobody learns how a worker ended
    except BaseException as error:
        give_up(error)


def give_up(error: BaseException) -> None:
    """End the process with the code and the words for what ended us: never with Python's own exit 1."""
    code = NOT_MEASURED
    try:
        code = report(error)
    finally:
        os._exit(code)


def report(error: BaseException) -> int:
    """Say on standard error what ended us, keep the traceback in a file, and return the exit code."""
    if isinstance(error, KeyboardInterrupt):
        _say("interrupted")
        return INTERRUPTED
    if isinstance(code := getattr(error, "exit_code", None), int) and code >= 128:  # Terminated
        return int(code)
    code, problem, remedies = _explained(error)
    _say(f"error: {problem}")
    file = _keep_traceback(error)
    if file:
        remedies.append(f"report it with the traceback in {file}")
    for remedy in remedies:
        _say(f"  try: {remedy}")
    return code


def _explained(error: BaseException) -> tuple[int, str, list[str]]:
    missing = getattr(error, "name", None) if isinstance(error, ImportError) else None
    if isinstance(error, ModuleNotFoundError) and str(missing).partition(".")[0] in LIBRARIES:
        hidden = ", and start it without -S" if sys.flags.no_site else ""
        return (
            LACKS,
            f"perflab lacks a library: no module named {missing}",
            [f"python -m pip install {_distribution(str(missing))}{hidden}"],
        )
    problem = f"perflab itself failed: {_words(error)}"
    if false := _impostors():
        return (
            NOT_MEASURED,
            f"{problem}; {false[0]} has the name of a module of Python's own",
            [f"rename {false[0]}, or start perflab from another folder"],
        )
    if (number := getattr(error, "errno", None)) in {24, 23}:  # EMFILE, ENFILE
        return LACKS, f"{problem} (error {number})", ["raise the limit: ulimit -n 1024"]
    return NOT_MEASURED, problem, []


def _distribution(module: str) -> str:
    """The name under which a library's module is installed."""
    top = module.partition(".")[0]
    return _OTHERWISE_NAMED.get(top, top)


_OTHERWISE_NAMED = {
    "PIL": "pillow",
    "_cffi_backend": "cffi",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "dateutil": "python-dateutil",
    "linkify_it": "linkify-it-py",
    "markdown_it": "markdown-it-py",
    "mpl_toolkits": "matplotlib",
    "pynvml": "nvidia-ml-py",
    "yaml": "pyyaml",
}
"""Modules whose names are not those of the distributions that bring them."""


def _words(error: BaseException) -> str:
    try:
        said = str.__str__(str(error))
    except Exception:
        said = "(its message cannot be read)"
    return f"{type(error).__name__}: {said[:_MOST_WORDS]}"


def _impostors() -> list[str]:
    """Files that were imported in the place of a module of the standard library."""
    found = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name in sys.stdlib_module_names and isinstance(file, str) and name != "__main__":
            folder = os.path.dirname(file)
            if not folder.startswith(_STANDARD) and os.path.basename(folder) != "lib-dynload":
                found.append(file)
    return sorted(found)


def _say(line: str) -> None:
    plain = "".join(letter if letter.isprintable() else " " for letter in line)
    try:  # noqa: SIM105  contextlib would be an import
        os.write(2, f"{plain}\n".encode(errors="backslashreplace"))
    except OSError:
        pass  # full or closed: the exit code speaks


def _keep_traceback(error: BaseException) -> str:
    """Write the traceback into a file of its own, wherever one can be written; empty: nowhere."""
    try:
        import traceback

        text = "".join(traceback.format_exception(error)).encode(errors="backslashreplace")
    except BaseException:
        text = f"{_words(error)}\n".encode(errors="backslashreplace")
    name = f"perflab-{os.getpid()}-{os.urandom(4).hex()}.log"
    for folder in (os.environ.get("TMPDIR"), "/tmp", "/var/tmp", "."):  # noqa: S108  exclusive
        if not folder:
            continue
        path = f"{folder}/{name}"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except (OSError, ValueError):
            continue
        try:
            os.write(descriptor, text)
        except OSError:
            continue
        finally:
            os.close(descriptor)
        return path
    return ""
