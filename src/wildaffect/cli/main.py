"""Entry point: parse the command line, run the command, print errors in one line."""

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
    "analyze": "read faces in videos, images, folders or a camera; write tables",
    "recover": "recover results from an interrupted run",
    "demo": "analyze a portrait and a clip that ship with the package",
    "doctor": "check the installation and suggest fixes",
    "models list": "list the models that ship with the package",
    "models show": "show the card of a model: sources, licenses, thresholds, limits",
    "data check": "check annotations: counts, problems with file and line, leaks",
    "crop": "cut aligned face crops from images and videos, to train backbones",
    "pack": "pack a folder of images into a few tar files for training",
    "extract": "compute features of every face in videos or image folders",
    "features import": "import features of other programs (HDF5, npz)",
    "weights import": "check a weight file against a network and store it",
    "weights list": "list imported weights",
    "synth make": "generate a data set of synthetic people with exact labels",
    "recipes list": "list the recipes by the command that takes them",
    "recipes show": "print every setting of a recipe as JSON",
    "pretrain": "train a masked autoencoder on face crops without labels",
    "finetune": "train a backbone on labeled face crops, on several data sets at once",
    "train": "train a temporal multi-task model on stored features",
    "compare": "compare recipes over several seeds, with intervals over videos",
    "predict": "predict videos with a trained run, with or without labels",
    "export": "export a run or an ensemble to an artifact for `analyze --model`",
    "ensemble": "combine trained runs, selected, weighted and calibrated",
    "evaluate": "score predictions against annotations: official scores, intervals, report",
    "submit": "write a challenge submission from predictions, or check one",
}
"""Command (one or two words) -> summary; each module is named after its command."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    0: success. 1: failure. 2: usage error. 130, 143, 129: SIGINT, SIGTERM, SIGHUP.
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
    if args[:1] == ["help"]:
        args = [*args[1:], "--help"]
    if not args or args[0] in {"-h", "--help"}:
        print(_overview())
        return 0
    if args[0] in {"-V", "--version"}:
        print(f"wildaffect {__version__}")
        return 0
    name, rest = _split_command(args)
    module = importlib.import_module(f"wildaffect.cli.{name.replace(' ', '_')}")
    return int(module.run(_parse(module, name, rest)))


def _parse(module: ModuleType, name: str, args: list[str]) -> Any:
    """Parse the flags of a command; raise UsageError with a one-line message."""
    import tyro

    stderr = io.StringIO()
    if hasattr(module, "prepare"):
        prepared = module.prepare(args)
    else:
        prepared = Prepared(module.Command, None, args)
    try:
        with contextlib.redirect_stderr(stderr):
            return tyro.cli(
                prepared.command,
                prog=f"wildaffect {name}",
                description=prepared.description or module.__doc__,
                args=prepared.args,
                default=prepared.default,
                config=(tyro.conf.FlagCreatePairsOff, tyro.conf.AvoidSubcommands),
            )
    except ValueError as error:  # raised by a record that validates itself
        raise UsageError(f"{error}; see --help") from None
    except SystemExit as stop:
        if not stop.code:
            raise
        raise UsageError(f"{_out_of_box(stderr.getvalue())}; see --help") from None


_SUGGESTIONS = "Perhaps you meant:"


def _out_of_box(text: str) -> str:
    """Return the message and the suggestions from the box that the parser prints."""
    lines = [re.sub(r"[│╭╮╰╯─]|-{9,}", "", line).strip() for line in text.splitlines()]
    content = [line for line in lines if line][1:]  # without its title
    end = content.index(_SUGGESTIONS) if _SUGGESTIONS in content else len(content)
    near = [line.split()[0] for line in content[end:] if line.startswith("--")]
    message = " ".join(content[:end]).split(" For full helptext")[0].rstrip(".")
    return f"{message}; did you mean {', '.join(near)}?" if near else message


def _split_command(args: list[str]) -> tuple[str, list[str]]:
    for num_words in (2, 1):
        name = " ".join(args[:num_words])
        if name in COMMANDS:
            return name, args[num_words:]
    group = [name for name in COMMANDS if name.startswith(f"{args[0]} ")]
    if group:
        near = get_close_matches(" ".join(args[:2]), group, n=1) if args[1:] else []
        raise UsageError(
            f"{args[0]}: choose one of its commands: {', '.join(near or group)}"
        )
    near = get_close_matches(" ".join(args[:2]), COMMANDS, n=3)
    near = near or get_close_matches(args[0], COMMANDS, n=3) or sorted(COMMANDS)
    raise UsageError(f"no such command: {args[0]}; did you mean {', '.join(near)}?")


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
