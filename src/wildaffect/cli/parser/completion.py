"""Scripts with which a shell completes commands and flags; cyclopts writes them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

from cyclopts import App

from wildaffect.cli.parser.parse import program_of
from wildaffect.cli.parser.parts import Flag

Shell = Literal["bash", "zsh", "fish"]
_ZSH_END = """
if (( $+compstate )); then
  _cyclopts_wildaffect "$@"
else
  compdef _cyclopts_wildaffect wildaffect
fi
"""
"""Completes if the file is found in `fpath` under any name; registers itself if sourced."""

SHELLS: tuple[Shell, ...] = get_args(Shell)


def completion_script(
    commands: Mapping[str, Sequence[Flag]], summaries: Mapping[str, str], shell: Shell
) -> str:
    """Return the completion script of one of `SHELLS`.

    Args:
        commands: Flags by the name of the command, one or two words.
        summaries: Summary of each command.
        shell: Name of the shell.
    """
    root = App(name="wildaffect", help_flags=("--help",), version_flags=("--version",))
    groups: dict[str, App] = {}
    for command, flags in commands.items():
        first, _, second = command.partition(" ")
        if second and first not in groups:
            groups[first] = App(name=first, help_flags=("--help",), version_flags=())
            root.command(groups[first])
        program = program_of(
            [_or_file(flag) for flag in flags], second or first, summaries[command]
        )
        program.help_flags = ("--help",)
        (groups[first] if second else root).command(program)
    script = root.generate_completion(prog_name="wildaffect", shell=shell)
    match shell:
        case "bash":
            return script.replace("complete -F", "complete -o default -F")  # else files
        case "zsh":
            return script + _ZSH_END
        case "fish":
            return script


def _or_file(flag: Flag) -> Flag:
    """Return an argument of any text, or a path or address, as one completed with files."""
    may_be_file = flag.is_positional or flag.values.metavar == "PATH"
    if not may_be_file or flag.values.annotation is not str:
        return flag
    return replace(flag, values=replace(flag.values, annotation=Path))
