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
from typing import Any, NoReturn, TextIO

import click

from harness import __version__
from harness.errors import AskedWrongly, EnvironmentLacks, ExitCode, PerflabError, Terminated

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
    "report": "Write the results of a stored run into a README.",
    "run": "Prove, measure and compare the variants of one or more cases.",
    "serve": "Show the site, and runs in progress, on this machine only.",
    "store": "Check the result files, or take another store in.",
    "verify": "Prove that every variant of a case equals its reference.",
}
"""Name and short help of every command: one file each in harness/commands."""
_MOST_SHOWN = 80
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


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
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the command that was meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=3, cutoff=0.5)
            hint = f" Did you mean {' or '.join(near)}?" if near else f" There are: {', '.join(COMMANDS)}."
            raise click.UsageError(f"there is no command {args[0]!r}.{hint}", ctx) from error

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


class _Forgiving:
    """Standard error, whose failing is nobody's failure: an exit code must not depend on whether there was room for the words."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write what can be written."""
        with suppress(OSError, ValueError):  # full, or closed
            return self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush what can be flushed."""
        with suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="perflab")
def cli() -> None:
    """Which way of writing it is fastest, at which size, how sure are we - and is it still right?

    \b
    Start with:  python -m harness list
                 python -m harness run dedupe
    """


def main() -> NoReturn:
    """Run the command line and end the process with its exit code."""
    if sys.stderr is not None:  # closed from the beginning
        sys.stderr = _Forgiving(sys.stderr)  # type: ignore[assignment]  # a stream in all that anybody asks of it
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _terminated)
    try:
        code = cli.main(prog_name="python -m harness" if sys.argv[0].endswith("__main__.py") else "perflab", standalone_mode=False)
        if sys.stdout is not None:  # closed from the beginning
            sys.stdout.flush()
    except click.exceptions.Exit as ended:
        code = ended.exit_code
    except click.ClickException as error:
        error.show()
        code = ExitCode.USAGE
    except PerflabError as error:
        say_error(error)
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        code = ExitCode.INTERRUPTED
    except Terminated as ended:
        code = ended.exit_code
    except BrokenPipeError:
        code = _reader_has_gone()
    except OSError as error:
        code = _refused_by_the_system(error)
    except Exception as error:  # exit 1 would say "slower"
        code = _our_own_fault(error)
    sys.exit(int(code or 0))


def _refused_by_the_system(error: OSError) -> ExitCode:
    """A name that no file can have was asked for; anything else of the system's should have been foreseen."""
    if error.filename is None and error.errno in _FULL:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left of it cannot be written either, and the interpreter would try
        say_error(EnvironmentLacks(f"standard output cannot be written: {error.strerror}", "make room, or write to another place"))
        return ExitCode.ENVIRONMENT
    if error.errno != errno.ENAMETOOLONG:
        return _our_own_fault(error)
    name = str(error.filename)
    say_error(AskedWrongly(f"{name[:_MOST_SHOWN]!r}... has {len(name)} characters: too long for a file's name", "name a shorter one"))
    return ExitCode.USAGE


def _our_own_fault(error: Exception) -> ExitCode:
    """Say that we failed, and keep the traceback where it can be found."""
    import tempfile
    import traceback

    from harness.show.text import clean

    with tempfile.NamedTemporaryFile("w", prefix="perflab-", suffix=".log", delete=False, encoding="utf-8") as file:
        file.write("".join(traceback.format_exception(error)))
    click.echo(f"error: perflab itself failed: {type(error).__name__}: {clean(str(error))}", err=True)
    click.echo(f"  try: report it with the traceback in {file.name}", err=True)
    return ExitCode.NOT_MEASURED


def _reader_has_gone() -> int:
    """Whoever read our output has gone: no traceback, also not from the interpreter's last flush."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 128 + signal.SIGPIPE


def say_error(error: PerflabError) -> None:
    """Print the problem and the remedy, cleaned of control characters."""
    from harness.show.text import clean

    click.echo(f"error: {clean(error.problem)}", err=True)
    if error.remedy:
        click.echo(f"  try: {clean(error.remedy)}", err=True)


def _terminated(number: int, frame: FrameType | None) -> None:
    del frame
    raise Terminated(number)
