"""Origin of every file that an analysis computes with: maker, license, source, training."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from wildaffect.core.config import Config
from wildaffect.faces.models import VENDORED
from wildaffect.inference.artifact import Artifact
from wildaffect.inference.manifest import BackboneInput, Manifest

RECORDS = Path(__file__).with_name("provenance.json")
NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance(Config):
    """Origin of one file."""

    file: str
    """Path in the package, or name of a file of an artifact."""
    sha256: str
    role: str
    """Purpose of the file."""
    made_by: str
    license: str
    source: str
    """Place that the file was taken from, or script that made it."""
    changes: str
    """Changes since then."""
    trained_on: str


@cache
def shipped_provenance() -> tuple[Provenance, ...]:
    """Return a record for every network and model of a face in the package."""
    return TypeAdapter(tuple[Provenance, ...]).validate_json(RECORDS.read_bytes())


def provenance_of(artifact: Artifact) -> tuple[Provenance, ...]:
    """Return a record per file that `analyze` uses with an artifact, its networks first.

    A network that does not ship with the package has what its artifact states.
    """
    shipped = {record.sha256: record for record in shipped_provenance()}
    digests = {
        name: hashlib.sha256(content).hexdigest()
        for name, content in artifact.networks.items()
    }
    networks = (
        shipped.get(digest) or _stated(name, digest, artifact.manifest)
        for name, digest in digests.items()
    )
    return (*networks, *(shipped[model.sha256] for model in VENDORED))


def provenance_text(records: tuple[Provenance, ...]) -> str:
    """Return a section of Markdown with all records."""
    lines = ["## Origin of every file"]
    for record in records:
        lines += [
            "",
            f"- `{record.file}`: {record.role}",
            f"    - made by {record.made_by}; license: {record.license}",
            f"    - from: {record.source}; changes: {record.changes}",
            f"    - trained on: {record.trained_on}",
            f"    - sha256 {record.sha256}",
        ]
    return "\n".join(lines)


def _stated(file: str, sha256: str, manifest: Manifest) -> Provenance:
    backbones = {
        item.network.file: item
        for item in manifest.inputs
        if isinstance(item, BackboneInput)
    }
    backbone = backbones.get(file)
    return Provenance(
        file=file,
        sha256=sha256,
        role=f"backbone {backbone.name}" if backbone else f"member of {manifest.name}",
        made_by=NOT_STATED,
        license=(backbone.license if backbone else manifest.license) or NOT_STATED,
        source=(backbone.source if backbone else "") or NOT_STATED,
        changes=NOT_STATED,
        trained_on="; ".join(f"{data.name} ({data.license})" for data in manifest.sources)
        or NOT_STATED,
    )
