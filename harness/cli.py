"""The command line: finds the command, catches the one family of errors, owns the exit code.

Commands are imported only when asked for, so that ``--help`` and ``list`` stay quick.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, TextIO, TypeVar

import click

from harness import __version__, start
from harness.commands import spelling
from harness.errors import (
    AskedWrongly,
    EnvironmentLacks,
    ExitCode,
    PerflabError,
    StoreError,
    Terminated,
)

if TYPE_CHECKING:
    from collections.abc import Callable

COMMANDS = {
    "compare": "Compare two runs, files or commits, key by key.",
    "completion": "Print the line that switches shell completion on.",
    "doctor": "Say what on this machine spoils measurements, and the remedy.",
    "export": "Write runs as CSV, Markdown, JSON or plain pyperf.",
    "gate": "Say whether the working tree is slower than another revision, even by 1 %.",
    "history": "Measure old commits with airspeed velocity; find where ratios changed.",
    "limits": "Measure what this machine can do at all, in half a minute, once.",
    "list": "List the cases: their question, variants and sizes.",
    "monitor": "Watch a process tree: processors, memory, switches, files.",
    "new": "Write the working skeleton of a case.",
    "profile": "Say where a variant spends its time, its memory or its instructions.",
    "report": "Make a site of all runs, or write published runs into a README.",
    "run": "Prove, measure and compare the variants of one or more cases.",
    "serve": "Show the site, and runs in progress, on this machine only.",
    "store": "Check result files, take another store in, or publish runs.",
    "verify": "Prove that every variant of a case equals its reference.",
}
"""Name and short help of every command: one file each in harness/commands."""
_LOAD_CASES = frozenset({"gate", "profile", "run", "verify"})
_MOST_SHOWN = 80
T = TypeVar("T")


class LazyGroup(click.Group):
    """Imports a command's module only when that command is run or its help is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the help page."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"harness.commands.{cmd_name}").command
        assert isinstance(command, click.Command)
        command.help = spelling.typable(command.help or "")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or suggest the one that was meant."""
        try:
            found = super().resolve_command(ctx, args)
            if found[0] in _LOAD_CASES:
                _say_what_is_passed_over()
            return found
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=3, cutoff=0.5)
            hint = (
                f" Did you mean {' or '.join(near)}?"
                if near
                else f" There are: {', '.join(COMMANDS)}."
            )
            raise click.UsageError(f"there is no command {args[0]!r}.{hint}", ctx) from error

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Read the command line; ``--help`` prints, and its reader may have gone."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except BrokenPipeError:
            raise click.exceptions.Exit(_reader_has_gone()) from None

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; click would answer a closed pipe with exit 1, which here means a regression."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise click.exceptions.Exit(_reader_has_gone()) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table above: the help page imports nothing."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _say_what_is_passed_over() -> None:
    """Name the user's modules that have the names of Python's own: neither we nor a case import them."""
    with suppress(OSError):
        names = sorted(
            name
            for name in os.listdir()
            if name.endswith(".py") and name[:-3] in sys.stdlib_module_names
        )
        if names:
            click.echo(
                f"note: {spelling.listed(names)} here: a module of Python's own has that name,"
                " and is imported in its place",
                err=True,
            )


class _Stream:
    """A standard stream whose failing is told apart from that of any other file."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, or say that it cannot be."""
        return self._try(lambda: self._stream.write(text), len(text))

    def flush(self) -> None:
        """Flush, or say that it cannot be."""
        self._try(self._stream.flush, None)

    def _try(self, act: Callable[[], T], otherwise: T) -> T:
        raise NotImplementedError


class _Output(_Stream):
    """Standard output; once it has failed it fails for good: click tries streams out, and forgets what came of it."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._failed: StoreError | None = None

    @property
    def buffer(self) -> Any:
        """The same for bytes."""
        return _Output(self._stream.buffer)  # type: ignore[arg-type]  # writes and flushes, as text does

    def _try(self, act: Callable[[], T], otherwise: T) -> T:
        try:
            if self._failed is None:
                return act()
        except BrokenPipeError:
            raise
        except OSError as error:
            self._failed = StoreError(
                f"standard output cannot be written: {error.strerror}",
                "make room, or write to another place",
            )
            os.dup2(
                os.open(os.devnull, os.O_WRONLY), 1
            )  # the interpreter flushes at its end, and has an exit code of its own
        assert self._failed is not None
        raise self._failed


class _Errors(_Stream):
    """Standard error, whose failing is nobody's failure: an exit code must not depend on whether there was room for the words."""

    @property
    def buffer(self) -> Any:
        """None: nobody is to write past us."""
        return None

    def _try(self, act: Callable[[], T], otherwise: T) -> T:
        with suppress(OSError, ValueError):  # full, or closed
            return act()
        return otherwise


def _take_streams() -> None:
    """Put ours in the place of the standard streams; one that was closed from the beginning takes everything and keeps nothing."""
    for name, kind in (("stdout", _Output), ("stderr", _Errors)):
        stream = getattr(sys, name) or open(os.devnull, "w", encoding="utf-8")
        setattr(sys, name, kind(stream))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="perflab")
def cli() -> None:
    """Which way of writing it is fastest, at which size, how sure are we - and is it still right?

    \b
    Start with:  python -m harness list
                 python -m harness run dedupe
    """


def main() -> NoReturn:
    """Run the command line and end the process with its exit code."""
    start.take_over()
    try:
        _take_streams()
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # started by nohup
                signal.signal(number, _terminated)
        code = _code_of_the_command()
        sys.stdout = sys.__stdout__
        if sys.flags.inspect:  # PYTHONINSPECT: the interpreter would ask for more, and print this
            os._exit(code)
        sys.exit(code)
    except SystemExit:
        raise
    except BaseException as error:  # what came while we were dealing with the first
        start.give_up(error)
        raise  # never reached


def _code_of_the_command() -> int:
    """Run the command; whatever ended it becomes words and an exit code."""
    code: object
    try:
        code = cli.main(prog_name=spelling.program(), standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as ended:
        code = ended.exit_code
    except click.ClickException as error:
        error.show()
        code = ExitCode.USAGE
    except PerflabError as error:
        spelling.say_error(error)
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        code = ExitCode.INTERRUPTED
    except Terminated as ended:
        code = ended.exit_code
    except BrokenPipeError:
        code = _reader_has_gone()
    except SystemExit as error:  # click's own, for completion it does not know; or somebody else's
        code = ExitCode.OK if error.code in {0, None} else ExitCode.NOT_MEASURED
    except BaseException as error:  # exit 1 would say "slower"
        named = _surroundings_fault(error)
        if named is None:
            code = start.report(error)
        else:
            spelling.say_error(named)
            code = named.exit_code
    return int(code) if isinstance(code, int) else 0


def _surroundings_fault(error: BaseException) -> PerflabError | None:
    """What the system refused, where we can say why; None: we should have foreseen it."""
    if not isinstance(error, OSError):
        return None
    if error.errno == errno.ENAMETOOLONG:
        name = str(error.filename)
        return AskedWrongly(
            f"{name[:_MOST_SHOWN]!r}... has {len(name)} characters: too long for a file's name",
            "name a shorter one",
        )
    if error.errno in {errno.EMFILE, errno.ENFILE}:
        return EnvironmentLacks(
            f"the system gives us no more open files: {error.strerror}",
            "raise the limit: ulimit -n 1024",
        )
    if isinstance(error, FileNotFoundError) and not _has_working_directory():
        return AskedWrongly(
            "the working directory is gone: it was removed or moved while this shell was in it",
            'go to one that is there: cd "$HOME"',
        )
    if isinstance(error, FileNotFoundError) and "No usable temporary directory" in str(error):
        return EnvironmentLacks(
            "there is no folder for temporary files that can be written",
            "name one: export TMPDIR=FOLDER",
        )
    return None


def _has_working_directory() -> bool:
    try:
        os.getcwd()
    except OSError:
        return False
    return True


def _reader_has_gone() -> int:
    """Whoever read our output has gone: no traceback, also not from the interpreter's last flush."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 128 + signal.SIGPIPE


def _terminated(number: int, frame: FrameType | None) -> None:
    del frame
    raise Terminated(number)
