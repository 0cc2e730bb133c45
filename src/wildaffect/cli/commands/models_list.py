"""List the models that ship with the package, and those that were added.

Example: wildaffect models list --json
"""

import json
import sys
from dataclasses import dataclass
from typing import NamedTuple

from wildaffect.core.errors import BadArtifact
from wildaffect.core.printable import counted
from wildaffect.inference.artifact import DEFAULT, Artifact, embedded_names, load_artifact
from wildaffect.inference.stored_models import stored_names


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `models list`."""

    json: bool = False
    """Print the list as JSON on standard output."""


class ListedModel(NamedTuple):
    """One line of the list."""

    name: str
    version: str
    summary: str
    predicts: list[str]
    license: str
    num_bytes: int
    """Size of its networks."""
    sha256: str


def run(command: Command) -> int:
    """Print one line per model, the default first."""
    from rich.table import Table

    from wildaffect.core.console import Console
    from wildaffect.core.printable import printable_lines

    names = sorted(embedded_names(), key=lambda name: (name != DEFAULT, name))
    models, damaged = [], []
    for name in (*names, *stored_names()):
        try:
            models.append(describe(name, load_artifact(name)))
        except BadArtifact as error:  # one that was added and is damaged
            damaged.append(f"{error}; wildaffect models remove {name}")
    for problem in damaged:
        print(f"wildaffect: {printable_lines(problem)}", file=sys.stderr)
    if command.json:
        print(json.dumps([model._asdict() for model in models]))
        return int(bool(damaged))
    table = Table()
    for heading in ("name", "predicts", "license", "size"):
        table.add_column(heading, overflow="fold")
    for model in models:
        predicts = ", ".join(model.predicts)
        size = f"{model.num_bytes / 1e3:,.0f} kB"
        table.add_row(model.name, predicts, model.license, size)
    console = Console(highlight=False, markup=False)
    console.print(table)
    console.print(f"`analyze` uses {DEFAULT}; more: wildaffect models show NAME")
    return int(bool(damaged))


def describe(name: str, model: Artifact) -> ListedModel:
    """Return name, outputs, license, size and digest of a model."""
    manifest = model.manifest
    predicts = ["valence"] * manifest.predicts_valence + [
        "arousal"
    ] * manifest.predicts_arousal
    if manifest.expression:
        predicts.append(counted(len(manifest.expression.predicted), "expression"))
    if manifest.action_units:
        predicts.append(counted(len(manifest.action_units.predicted), "action unit"))
    if len(manifest.dimensions):
        predicts.append(counted(len(manifest.dimensions), "rating"))
    if len(manifest.intensities):
        predicts.append(f"{len(manifest.intensities)} intensities")
    return ListedModel(
        name=name,
        version=manifest.version,
        summary=manifest.summary,
        predicts=predicts,
        license=manifest.license,
        num_bytes=sum(map(len, model.networks.values())),
        sha256=model.digest,
    )
