"""Find the command that was named, read its flags, run it; errors take one line."""

import contextlib
import importlib
import io
import re
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from types import ModuleType
from typing import Any

from wildaffect.cli.extras import Prepared
from wildaffect.cli.stopping import (
    let_go_of_output,
    status_of,
    stops_on_signals,
    take_every_character,
)
from wildaffect.core.dependencies import dependency_that_differs, misfit
from wildaffect.core.errors import UsageError, WildAffectError
from wildaffect.core.printable import printable_lines
from wildaffect.core.version import __version__

COMMANDS: dict[str, str] = {
    "analyze": "videos, images, folders or a camera to tables of perceived affect",
    "recover": "a result out of the part file that a stopped run left",
    "demo": "the main job on a portrait and a clip that ship with the package",
    "doctor": "what will be used on this machine, and how to mend what is wrong",
    "data check": "read annotations, count, report problems with file and line; leak check",
    "crop": "aligned face crops out of images and videos, for training backbones",
    "pack": "a folder of images into a few tar files that training reads at random",
    "extract": "features of every face in videos or image folders into a feature store",
    "features import": "features of other programs (HDF5, npz) into a feature store",
    "weights import": "check a weight file against a network and store it",
    "weights list": "weights that were imported",
    "synth make": "draw a world of generated people with exact labels",
    "pretrain": "a masked autoencoder on face crops without labels",
    "finetune": "a backbone on labelled face crops, several sets at once",
    "train": "a temporal multi-task model on stored features",
    "compare": "recipes over several seeds, in pairs, with intervals over videos",
    "predict": "what a trained run says of videos, with or without labels",
    "export": "a run or an ensemble into an artefact for `analyze --model`",
    "ensemble": "several trained runs into one, chosen, weighed and calibrated",
    "evaluate": "predictions against annotations: official scores, intervals, a report",
    "submit": "predictions and an official list to a challenge submission, or check one",
}
"""Command (one or two words) -> what it does; its module is named after it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    0 done, 1 failed, 2 worded wrongly; 130, 143, 129: SIGINT, SIGTERM, SIGHUP stopped it.
    """
    args = list(sys.argv[1:] if argv is None else argv)
    take_every_character()
    try:
        with stops_on_signals():
            return _run(args)
    except WildAffectError as error:
        print(f"wildaffect: {printable_lines(str(error))}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except (ImportError, AttributeError, TypeError) as error:
        dependency = dependency_that_differs(error)
        if dependency is None:
            raise
        print(f"wildaffect: {misfit(dependency, error)}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, BrokenPipeError) as stop:
        return status_of(stop)
    finally:
        let_go_of_output()


def _run(args: list[str]) -> int:
    if not args or args[0] in {"-h", "--help", "help"}:
        print(_overview())
        return 0
    if args[0] in {"-V", "--version"}:
        print(f"wildaffect {__version__}")
        return 0
    name, rest = _split_command(args)
    module = importlib.import_module(f"wildaffect.cli.{name.replace(' ', '_')}")
    return int(module.run(_parse(module, name, rest)))


def _parse(module: ModuleType, name: str, args: list[str]) -> Any:
    """Read the flags of a command; what is wrong with them is said in one line."""
    import tyro

    said = io.StringIO()
    if hasattr(module, "prepare"):
        wanted = module.prepare(args)
    else:
        wanted = Prepared(module.Command, None, args)
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(
                wanted.command,
                prog=f"wildaffect {name}",
                description=wanted.description or module.__doc__,
                args=wanted.args,
                default=wanted.default,
                config=(tyro.conf.FlagCreatePairsOff, tyro.conf.AvoidSubcommands),
            )
    except ValueError as error:  # of a record, which says what its rule is
        raise UsageError(f"{error}; see --help") from None
    except SystemExit as stop:
        if not stop.code:
            raise
        raise UsageError(f"{_out_of_box(said.getvalue())}; see --help") from None


_SUGGESTIONS = "Perhaps you meant:"


def _out_of_box(text: str) -> str:
    """Return the message and the suggestion that the parser prints in a drawn box."""
    lines = [re.sub(r"[│╭╮╰╯─]|-{9,}", "", line).strip() for line in text.splitlines()]
    said = [line for line in lines if line][1:]  # without its title
    end = said.index(_SUGGESTIONS) if _SUGGESTIONS in said else len(said)
    near = [line.split()[0] for line in said[end:] if line.startswith("--")]
    message = " ".join(said[:end]).split(" For full helptext")[0].rstrip(".")
    return f"{message}; did you mean {', '.join(near)}?" if near else message


def _split_command(args: list[str]) -> tuple[str, list[str]]:
    for num_words in (2, 1):
        name = " ".join(args[:num_words])
        if name in COMMANDS:
            return name, args[num_words:]
    near = get_close_matches(" ".join(args[:2]), COMMANDS, n=3)
    near = near or get_close_matches(args[0], COMMANDS, n=3) or sorted(COMMANDS)
    raise UsageError(f"there is no command {args[0]!r}; did you mean {', '.join(near)}?")


def _overview() -> str:
    width = max(map(len, COMMANDS), default=0)
    lines = [f"  {name:<{width}}  {summary}" for name, summary in COMMANDS.items()]
    return "\n".join(
        [
            "usage: wildaffect COMMAND [OPTIONS]",
            "",
            "Perceived valence, arousal, expressions and action units from video.",
            "",
            *lines,
            "",
            "`wildaffect COMMAND --help` shows the options of a command and an example.",
        ]
    )
