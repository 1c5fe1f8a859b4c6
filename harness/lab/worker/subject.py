"""The variant under test, made callable in one way however it is written."""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.lab import trees
from harness.lab.catalogue import Found
from harness.lab.trees import Tree
from harness.model.declared import Answer, Arguments, Case, keywords_of

if (
    TYPE_CHECKING
):  # a worker imports what its variant needs, no more: dozens of workers start for one verdict
    import asyncio
    from concurrent.futures import Executor


@dataclass(slots=True)
class Subject:
    """A variant's function, its executor or event loop, and how its answer is consumed."""

    name: str
    function: Callable[..., Any]
    consume: Callable[[Answer], Answer] | None
    handle: tuple[Any, ...] = ()
    """The service's handle, passed first; empty without a service."""
    module: Any = None
    _open: ExitStack = field(default_factory=ExitStack)
    _ready: Callable[..., Any] | None = None

    def caller(self) -> Callable[..., Any]:
        """Return what is called in the timed region; an executor or event loop is made the first time."""
        if self._ready is None:
            self._ready = self._make_ready()
        return self._ready

    def call(self, arguments: Arguments) -> Answer:
        """Call once, service handle first, and consume the answer."""
        answer = self.caller()(*self.handle, *arguments, **keywords_of(arguments))
        return answer if self.consume is None else self.consume(answer)

    def unfit(self, arguments: Arguments) -> str:
        """Say why these arguments do not fit the function's parameters; empty: they do, or who knows."""
        executor = {"executor": None} if self.has_executor else {}
        try:
            signature = inspect.signature(self.function)
        except (TypeError, ValueError):
            return ""
        try:
            signature.bind(*self.handle, *arguments, **keywords_of(arguments), **executor)
        except TypeError as error:
            return (
                f"{error}; make(n, seed) gives {said_arguments(arguments)}{_by_keyword(signature)}"
            )
        return ""

    @property
    def has_executor(self) -> bool:
        """Whether the lab lends this variant an executor."""
        return _executor_kind(self.function) is not None

    def close(self) -> None:
        """Shut the executor and the event loop down."""
        self._open.close()
        self._ready = None

    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop of an ``async def`` variant."""
        return self._runner.get_loop() if self._runner is not None else None

    _runner: asyncio.Runner | None = None

    def _make_ready(self) -> Callable[..., Any]:
        function = self.function
        kind = _executor_kind(function)
        if kind is not None:
            executor = self._open.enter_context(_executor(kind))
            plain = function

            def function(*arguments: Any, **keywords: Any) -> Any:
                return plain(*arguments, **keywords, executor=executor)

        if not inspect.iscoroutinefunction(self.function):
            return function
        import asyncio

        self._runner = self._open.enter_context(
            asyncio.Runner(loop_factory=getattr(self.module, "loop_factory", None))
        )
        run = self._runner.run
        self._runner.get_loop()

        def run_to_end(*arguments: Any, **keywords: Any) -> Any:
            return run(function(*arguments, **keywords))

        return run_to_end


def said_arguments(arguments: Arguments) -> str:
    """Say how many arguments there are, and which of them by keyword."""
    keywords = keywords_of(arguments)
    named = f" and {', '.join(keywords)} by keyword" if keywords else ""
    return f"{len(arguments)} positional argument(s){named}"


def _by_keyword(signature: inspect.Signature) -> str:
    only = [one for one in signature.parameters.values() if one.kind is one.KEYWORD_ONLY]
    names = [one.name for one in only if one.name != "executor"]
    if not names:
        return ""
    return f", and {', '.join(names)} is by keyword only: return harness.call(..., {names[0]}=...)"


def _executor_kind(function: Callable[..., Any]) -> str | None:
    """Which executor the function's keyword-only ``executor`` asks for: ``threads`` or ``processes``."""
    parameter = (
        inspect.signature(function).parameters.get("executor")
        if callable(function) and not _is_builtin(function)
        else None
    )
    if parameter is None or parameter.kind is not parameter.KEYWORD_ONLY:
        return None
    return "threads" if "ThreadPoolExecutor" in str(parameter.annotation) else "processes"


def _is_builtin(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function)
    except (TypeError, ValueError):
        return True
    return False


def _executor(kind: str) -> Executor:
    """Make the executor with as many workers as there are processors for us."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

    workers = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    )
    if kind == "threads":
        return ThreadPoolExecutor(workers)
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else None
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context(method))


@dataclass(frozen=True, slots=True)
class Mutation:
    """Which mechanical change to make to a variant's source before it is imported."""

    index: int


def found_in(job: dict[str, Any]) -> Found:
    """Return where the case of a job is, in the revision it names."""
    where = job["case"]
    tree = where.get("tree")
    return Found(
        name=where["name"],
        module=where["module"],
        folder=Path(where["folder"]),
        origin=where["origin"],
        search_path=where["search_path"],
        tree=Tree(**{**tree, "paths": tuple(tree["paths"]), "names": tuple(tree["names"])})
        if tree
        else None,
    )


def load_case(job: dict[str, Any]) -> tuple[Found, Case]:
    """Import the case that a job names; a revision it names is the only one this process will know."""
    found = found_in(job)
    trees.enter_for_good(found.tree)
    found = replace(found, tree=None)
    return found, found.load()


def load_subject(found: Found, case: Case, job: dict[str, Any]) -> Subject:
    """Import the variant (or the mutant) that a job names."""
    name, handle = job["variant"], job.get("handle")
    attribute = case.function
    if job.get("mutant"):
        module, attribute = importlib.import_module(f"{found.module}.mutants"), name
    elif job.get("mutation") is not None:
        from harness.lab.mutation import import_mutated

        module = import_mutated(found, name, job["mutation"])
    else:
        module = importlib.import_module(f"{found.module}.{name}")
    function = getattr(module, attribute, None)
    if not callable(function):
        message = f"{found.source(name).name} defines no function {attribute!r}"
        raise AttributeError(message)
    return Subject(
        name=name,
        function=function,
        consume=case.consume,
        handle=() if handle is None else (handle,),
        module=module,
    )
