"""List the models that ship with the package.

Example: wildaffect models list --json
"""

import json
from dataclasses import dataclass
from typing import NamedTuple

from wildaffect.inference.artifact import DEFAULT, Artifact, embedded_names, load_artifact


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

    names = sorted(embedded_names(), key=lambda name: (name != DEFAULT, name))
    models = [describe(load_artifact(name)) for name in names]
    if command.json:
        print(json.dumps([model._asdict() for model in models]))
        return 0
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
    return 0


def describe(model: Artifact) -> ListedModel:
    """Return name, outputs, license, size and digest of a model."""
    manifest = model.manifest
    predicts = ["valence"] * manifest.predicts_valence + [
        "arousal"
    ] * manifest.predicts_arousal
    if manifest.expression:
        predicts.append(f"{len(manifest.expression.predicted)} expressions")
    if manifest.action_units:
        predicts.append(f"{len(manifest.action_units.predicted)} action units")
    return ListedModel(
        name=manifest.name,
        version=manifest.version,
        summary=manifest.summary,
        predicts=predicts,
        license=manifest.license,
        num_bytes=sum(map(len, model.networks.values())),
        sha256=model.digest,
    )
