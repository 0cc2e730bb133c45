"""Entry point: parse the command line, run the command, print errors in one line."""

import contextlib
import errno
import gc
import importlib
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

from wildaffect.cli.advice import in_flags
from wildaffect.cli.overview import (
    COMMANDS,
    group_text,
    module_name,
    overview,
    split_command,
)
from wildaffect.cli.parser.completion import SHELLS, completion_script
from wildaffect.cli.parser.help import help_text
from wildaffect.cli.parser.marks import Invocation
from wildaffect.cli.parser.parse import parse
from wildaffect.cli.parser.parts import flags_of
from wildaffect.cli.parser.spec import recipe_argument, spec_of
from wildaffect.cli.stopping import (
    end_on_interrupt,
    let_go_of_output,
    status_of,
    stops_on_signals,
    take_every_character,
)
from wildaffect.core.dependencies import dependency_that_differs, misfit
from wildaffect.core.errors import MissingExtra, UsageError, WildAffectError
from wildaffect.core.printable import printable_lines
from wildaffect.core.version import __version__

_HELP = {"-h", "--help"}
_FREE = "free the disk or choose another place, and repeat the command"
_ADVICE = {
    errno.ENOSPC: _FREE,
    errno.EDQUOT: _FREE,
    errno.EROFS: "choose another place, and repeat the command",
    errno.EACCES: "change its permissions or choose another place",
}
"""What to do about a failed call of the system, by its number."""


def program() -> int:
    """Run `main` as the only thing that this process does."""
    try:
        return main(owns_process=True)
    finally:
        end_on_interrupt()
        gc.freeze()  # the interpreter would look through all objects again before it ends


def main(argv: Sequence[str] | None = None, *, owns_process: bool = False) -> int:
    """Run one command and return its exit status.

    0: success. 1: failure. 2: usage error. 130, 143, 129: SIGINT, SIGTERM, SIGHUP.
    """
    args = list(sys.argv[1:] if argv is None else argv)
    take_every_character()
    try:
        with stops_on_signals():
            return _run(args, owns_process=owns_process)
    except WildAffectError as error:
        print(f"wildaffect: {printable_lines(in_flags(str(error)))}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except (ImportError, AttributeError, TypeError) as error:
        dependency = dependency_that_differs(error)
        if dependency is None:
            raise
        print(f"wildaffect: {misfit(dependency, error)}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, BrokenPipeError) as stop:
        return status_of(stop)
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0)
        if advice is None:
            raise
        where = f"{error.filename}: " if error.filename else ""
        reason = printable_lines(f"{where}{error.strerror}; {advice}")
        print(f"wildaffect: {reason}", file=sys.stderr)
        return 1
    finally:
        let_go_of_output()


def _run(args: list[str], *, owns_process: bool) -> int:
    text = _answer(args)
    if text is None:
        module, command = read_command(args)
        if owns_process and hasattr(module, "prepare_process"):
            module.prepare_process()
        return int(module.run(command))
    print(text)
    return 0


def read_command(args: list[str]) -> tuple[ModuleType, Any]:
    """Return the module of a command and the record of its flags."""
    name, _ = split_command(args)
    with _errors_name(name):
        call = invocation_of(args)
        return _module(name), parse(spec_of(call), call)


def invocation_of(args: list[str]) -> Invocation:
    """Return what a command is called with."""
    name, words = split_command(args)
    module = _module(name)
    if hasattr(module, "invocation"):
        call: Invocation = module.invocation(words)
        return call
    return Invocation(record=module.Command, args=words, description=module.__doc__ or "")


def _answer(args: list[str]) -> str | None:
    """Return the text to print if no command is to run."""
    match args:
        case ["help", *words]:
            text = _answer([*words, "--help"])
        case [] | ["-h" | "--help", *_]:
            text = overview()
        case ["-V" | "--version", *_]:
            text = f"wildaffect {__version__}"
        case ["--print-completion", *shell]:
            text = _script(shell)
        case _:
            text = group_text(args)
            if text is None and _HELP & set(args):
                text = _help(args)
    return text


def _help(args: list[str]) -> str:
    name, _ = split_command(args)
    with _errors_name(name):
        call = invocation_of(args)
        return help_text(name, call, spec_of(call))


@contextlib.contextmanager
def _errors_name(command: str) -> Iterator[None]:
    """Add the command, and where its help is, to errors that suggest nothing."""
    try:
        yield
    except UsageError as error:
        message = str(error)
        more = "" if message.endswith("?") else f"; see wildaffect {command} --help"
        raise UsageError(f"{command}: {message}{more}") from None


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"wildaffect.cli.commands.{module_name(name)}")


def _script(words: list[str]) -> str:
    """Return a completion script, without commands whose extra is not installed."""
    shell = next((shell for shell in SHELLS if words == [shell]), None)
    if shell is None:
        raise UsageError(f"--print-completion: name a shell: {', '.join(SHELLS)}")
    flags = {}
    for name in COMMANDS:
        with contextlib.suppress(MissingExtra):
            words = name.split()
            recipes = invocation_of(words).recipes
            call = invocation_of([*words, *recipes[:1]])  # others have similar settings
            argument = [recipe_argument(recipes)] if recipes else []
            flags[name] = [*argument, *flags_of(spec_of(call))]
    return completion_script(flags, COMMANDS, shell)
