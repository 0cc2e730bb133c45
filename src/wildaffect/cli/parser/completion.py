"""Scripts with which a shell completes commands and flags; cyclopts writes them."""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from cyclopts import App

from wildaffect.cli.parser.parse import program_of
from wildaffect.cli.parser.parts import Flag

Shell = Literal["bash", "zsh", "fish"]
SHELLS: tuple[Shell, ...] = get_args(Shell)


def completion_script(commands: Mapping[str, Sequence[Flag]], shell: Shell) -> str:
    """Return the completion script of one of `SHELLS`.

    Args:
        commands: Flags by the name of the command, one or two words.
        shell: Name of the shell.
    """
    root = App(name="wildaffect", help_flags=("--help",))
    groups: dict[str, App] = {}
    for command, flags in commands.items():
        first, _, second = command.partition(" ")
        if second and first not in groups:
            groups[first] = App(name=first)
            root.command(groups[first])
        program = program_of(flags, second or first)
        (groups[first] if second else root).command(program)
    return root.generate_completion(prog_name="wildaffect", shell=shell)
