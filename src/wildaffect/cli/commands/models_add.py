"""Add weights of another project as a model for `analyze --model`.

The license and terms are shown and must be accepted. No code in the file is executed and
nothing is downloaded; docs/models.md lists the networks that are already described, and how
to describe another.

Examples:
    wildaffect models add enet_b0_8_va_mtl.onnx --as hsemotion

    wildaffect models add my-network.onnx --as mine --description my-network.toml
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from wildaffect.cli.parser.marks import Positional


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `models add`."""

    file: Annotated[Path, Positional("FILE")]
    """Weight file: ONNX, or what docs/models.md lists."""
    as_: str
    """Name of the model, for `analyze --model`."""
    description: str = ""
    """TOML file that describes the network, or name of a description that ships; by default
    the TOML file beside the weights, or the description of files of this name."""
    accept_license: bool = False
    """Accept the license and terms of the weights, which are printed."""
    overwrite: bool = False
    """Replace a model of the same name."""
    json: bool = False
    """Print the model as JSON on standard output."""


def run(command: Command) -> int:
    """Add one model."""
    import json

    from wildaffect.cli.commands.models_list import describe
    from wildaffect.workflows.add_model import add_model

    def accepts(terms: str) -> bool:
        print(terms, file=sys.stderr)
        if command.accept_license or not sys.stdin.isatty():
            return command.accept_license
        print("Accept these terms? [y/N] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    added = add_model(
        command.file,
        command.as_,
        description=command.description or None,
        accept_license=accepts,
        overwrite=command.overwrite,
    )
    listed = describe(added.name, added.artifact)
    if command.json:
        print(json.dumps(listed._asdict()))
        return 0
    print(f"{added.path}: predicts {', '.join(listed.predicts)}")
    print(f"next: wildaffect analyze VIDEO --model {added.name}")
    return 0
