"""Detection of generated worlds, which use the layouts of real data sets.

`synth make` writes `provenance.json` next to the annotations. Reports and model cards use
it, so that generated people are never presented as filmed ones.
"""

from dataclasses import dataclass
from pathlib import Path

from pydantic_core import from_json

PROVENANCE_FILE = "provenance.json"
_MAKER = "generated world"


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedWorld:
    """Name and license of a generated world."""

    name: str
    license: str
    seed: str
    """Seed of its people: worlds share people only if their seeds are equal."""


def find_generated(path: Path) -> GeneratedWorld | None:
    """Return the world whose folder, or a file directly in it, this is; None for others."""
    folder = path if path.is_dir() else path.parent
    try:
        told = from_json((folder / PROVENANCE_FILE).read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(told, dict) or _MAKER not in str(told.get("made_by")):
        return None
    return GeneratedWorld(
        name=f"{_MAKER} {told.get('preset')}, seed {told.get('seed')}",
        license=str(told.get("license")),
        seed=str(told.get("seed")),
    )
