"""``perflab completion SHELL``."""

from __future__ import annotations

import click

_LINES = {
    "bash": 'eval "$(_PERFLAB_COMPLETE=bash_source perflab)"',
    "zsh": 'eval "$(_PERFLAB_COMPLETE=zsh_source perflab)"',
    "fish": "_PERFLAB_COMPLETE=fish_source perflab | source",
}
_FILES = {"bash": "~/.bashrc", "zsh": "~/.zshrc", "fish": "~/.config/fish/completions/perflab.fish"}


@click.command("completion")
@click.argument("shell", type=click.Choice(sorted(_LINES)))
def command(shell: str) -> None:
    """Print the line that switches completion of commands, options and case names on."""
    click.echo(f"# put this line into {_FILES[shell]}")
    click.echo(_LINES[shell])
