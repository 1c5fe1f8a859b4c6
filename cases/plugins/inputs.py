"""Where the installed packages come from: a seeded maker of distributions, and an installer that leaves what pip leaves."""

from __future__ import annotations

import os
import py_compile
import random
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from cases import kept
from cases.plugins.contract import GROUP, HOOKS
from cases.plugins.discovery import discover
from cases.plugins.site import activated

_MOST_FOLDERS = 500


@dataclass(frozen=True, slots=True)
class Distribution:
    """A package as it is installed: what it offers, and its modules."""

    name: str
    entry_points: str | None
    """The text of entry_points.txt; None: there is no such file, as in most packages."""
    modules: tuple[tuple[str, str], ...]
    """Paths below the folder, and sources."""
    upgrades: tuple[tuple[str, str, int], ...] = ()
    """Paths of modules, sources written over those that were compiled, and how many seconds newer these are; nothing is compiled again."""
    info: str = ""
    """The folder that describes it, where that is not ``name-1.0.dist-info``."""


@dataclass(frozen=True, slots=True)
class Made:
    """A plugin to be written: where it will be found, and what its hooks do."""

    name: str
    value: str
    """The entry point: ``module``, ``module:plugin`` or ``package.module:Registry.plugin``."""
    order: int
    hooks: tuple[tuple[str, str], ...]
    """Names and bodies, in terms of ``event``."""
    head: str = ""
    """Code that comes first in its module."""

    def distribution(self, *, scripts: bool = False) -> Distribution:
        """Return a package that offers this plugin alone."""
        other = f"[console_scripts]\n{self.name}-tool = {self.value.partition(':')[0]}:main\n\n" if scripts else ""
        package = self.value.partition(":")[0].partition(".")[0].replace("_", "-")
        return Distribution(package, f"{other}[{GROUP}]\n{self.name} = {self.value}\n", self.modules())

    def modules(self) -> tuple[tuple[str, str], ...]:
        """Return the module, and the package it is in."""
        *packages, module = self.value.partition(":")[0].split(".")
        inits = tuple(("/".join([*packages[: depth + 1], "__init__.py"]), "") for depth in range(len(packages)))
        return (*inits, ("/".join([*packages, f"{module}.py"]), self.source()))

    def source(self) -> str:
        """Write the module: functions, static methods of a class, or an object with methods."""
        attribute = self.value.partition(":")[2]
        lines = [f'"""The plugin {self.name}."""', self.head]
        if not attribute:
            return "\n".join([*lines, f"order = {self.order}", *self._functions("", "event")]) + "\n"
        static = attribute == "Plugin"
        lines += ["class Plugin:", f"    order = {self.order}"]
        lines += self._functions("    @staticmethod\n    " if static else "    ", "event" if static else "self, event")
        *holders, last = attribute.split(".")
        for depth, holder in enumerate(holders):
            lines.append("    " * depth + f"class {holder}:")
        if not static:
            lines.append("    " * len(holders) + f"{last} = Plugin()")
        return "\n".join(lines) + "\n"

    def _functions(self, before: str, parameters: str) -> Iterator[str]:
        indent = before.rpartition("\n")[2]
        for hook, body in self.hooks:
            if body.startswith("= "):  # no function, but a value
                yield f"{indent}{hook} {body}"
            else:
                yield f"{before}def {hook}({parameters}):"
                yield "\n".join(f"{indent}    {line}" for line in body.split("\n"))


class Loaded(list[tuple[str, Any]]):
    """Plugins that a program hands over: found in an installed folder and loaded, and pickled as functions are, by where they are from."""

    def __init__(self, site: str, plugins: Iterable[tuple[str, Any]]) -> None:
        super().__init__(plugins)
        self.site = site

    def __reduce__(self) -> tuple[Any, ...]:
        return loaded, (self.site,)

    def __repr__(self) -> str:
        return f"<{len(self)} plugins of {Path(self.site).parent.name}>"


_SHELVES: dict[str, dict[str, Any]] = {}


def loaded(site: str) -> Loaded:
    """Return the plugins of a folder; in one process they are the same objects every time."""
    if site not in _SHELVES:
        with activated(site):
            _SHELVES[site] = discover(site, []).plugins
    return Loaded(site, _SHELVES[site].items())


def plugins(n: int, seed: int, kinds: tuple[str, ...] = ("speaks",) * 10 + ("chooses",) * 6 + ("silent", "raises")) -> list[Made]:
    """Invent ``n`` plugins: each knows some of the hooks, and each of its hooks is of one kind."""
    source = random.Random(seed)
    return [_invented(number, source, kinds) for number in range(n)]


_SUBJECTS = tuple("tax freight voucher loyalty fraud gift stock invoice parcel customs audit survey".split())


def _invented(number: int, source: random.Random, kinds: tuple[str, ...]) -> Made:
    name = f"{source.choice(_SUBJECTS)}-{number}"
    module = f"acme_{name.replace('-', '_')}"
    value = source.choice((f"{module}:plugin", f"{module}:plugin", f"{module}.hooks:plugin", f"{module}.hooks:Registry.plugin",
                           f"{module}:Plugin", module))  # fmt: skip
    chosen = [hook for hook in HOOKS.values() if source.random() < 0.6] or [source.choice(tuple(HOOKS.values()))]
    hooks = tuple((hook, _body(hook, source.choice(kinds), source)) for hook in chosen)
    return Made(name, value, source.randrange(100), hooks)


def _body(hook: str, kind: str, source: random.Random) -> str:
    """Write what a hook does; who quotes a price does so for few orders only, or nobody after it would ever be asked."""
    fee, share = source.randrange(1000), source.randrange(3, 9) if hook != "quote" else source.randrange(20, 60)
    if kind == "silent":
        return "return None"
    if kind == "fails":
        return "raise RuntimeError(event.number)"
    if kind == "raises":
        return (
            f"if event.number % {share} == 1:\n    raise {source.choice(('ValueError', 'KeyError', 'OSError'))}(event.number)\nreturn None"
        )
    if kind == "chooses" or hook == "quote":
        return f"return event.amount - {fee} if event.number % {share} == 1 else None"
    return f"return event.amount + {fee}"


def distributions(made: list[Made], seed: int, *, broken: float = 0.0) -> list[Distribution]:
    """Pack plugins into distributions; a share of them cannot be imported, and a fifth as many more packages offer nothing to us."""
    source = random.Random(seed)
    packed = []
    for one in made:
        head = "import acme_not_installed" if source.random() < broken else one.head
        packed.append(replace(one, head=head).distribution(scripts=source.random() < 0.3))
    for number in range(len(made) // 5):
        text = None if number % 2 else f"[console_scripts]\nlib{number} = acme_lib_{number}:main\n"
        packed.append(Distribution(f"acme-lib-{number}", text, ((f"acme_lib_{number}.py", "def main(): pass\n"),)))
    return packed


def install(packages: Iterable[Distribution]) -> str:
    """Return a folder with these installed in it; it is written at the first call and kept."""
    packages = tuple(packages)
    digest = sha256(repr((sys.implementation.cache_tag, _generator(), packages)).encode()).hexdigest()[:32]
    home = kept.folder("plugins")
    site = home / digest / "site"
    if site.parent.exists() and not is_unchanged(str(site)):  # whoever spoiled it spoils nobody else
        kept.remove(site.parent)
    if site.parent.exists():
        kept.used(site.parent)
    else:
        with kept.whole(site.parent) as temporary:
            _install_all(packages, temporary / "site", site)
        kept.tidy(home.iterdir(), _MOST_FOLDERS)
    return str(site)


def is_unchanged(site: str) -> bool:
    """Say whether everything in a folder made by `install` is still there, and nothing else."""
    listing = Path(site).with_name("listing")
    return listing.is_file() and _listing(Path(site)) == listing.read_text()


@cache
def _generator() -> str:
    """Digest this file, so that another way of installing never meets an old folder."""
    return sha256(Path(__file__).read_bytes()).hexdigest()


def _install_all(packages: tuple[Distribution, ...], site: Path, final: Path) -> None:
    site.mkdir(parents=True)
    for package in packages:
        _install_one(package, site, final)
    site.with_name("listing").write_text(_listing(site))


def _install_one(package: Distribution, site: Path, final: Path) -> None:
    written = []
    for path, source in package.modules:
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(source, encoding="utf-8")
        written.append(path)
        with suppress(py_compile.PyCompileError):  # an installer compiles what it can, and leaves the rest
            compiled = py_compile.compile(str(site / path), dfile=str(final / path), doraise=True)
            written.append(os.path.relpath(str(compiled), site))
    for path, source, seconds in package.upgrades:
        time = os.stat(site / path).st_mtime_ns + seconds * 10**9
        (site / path).write_text(source, encoding="utf-8")
        os.utime(site / path, ns=(time, time))
    info = package.info or f"{package.name.replace('-', '_')}-1.0.dist-info"
    (site / info).mkdir()
    texts = {
        "METADATA": f"Metadata-Version: 2.1\nName: {package.name}\nVersion: 1.0\nSummary: Made for a measurement.\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: perflab\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "INSTALLER": "perflab\n",
        "entry_points.txt": package.entry_points,
    }
    if info.lower().endswith(".egg-info"):
        texts["PKG-INFO"] = texts.pop("METADATA")
    for name, text in texts.items():
        if text is not None:
            (site / info / name).write_text(text, encoding="utf-8")
            written.append(f"{info}/{name}")
    record = "".join(f"{path},{_record_of(site / path)}\n" for path in written if not path.endswith(".pyc"))
    pycs = "".join(f"{path},,\n" for path in written if path.endswith(".pyc"))
    (site / info / "RECORD").write_text(f"{record}{pycs}{info}/RECORD,,\n", encoding="utf-8")


def _record_of(file: Path) -> str:
    """Return digest and size, as the specification of installed projects writes them."""
    data = file.read_bytes()
    return f"sha256={urlsafe_b64encode(sha256(data).digest()).rstrip(b'=').decode()},{len(data)}"


def _listing(site: Path) -> str:
    """Say what is in a folder: paths, sizes, times of change."""
    lines = []
    for path, _, files in os.walk(site):
        for file in files:
            stat = os.stat(os.path.join(path, file))
            lines.append(f"{os.path.relpath(os.path.join(path, file), site)} {stat.st_size} {stat.st_mtime_ns}")
    return "\n".join(sorted(lines))
