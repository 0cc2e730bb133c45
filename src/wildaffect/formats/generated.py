"""Detection of generated data sets, which use the layouts of real data sets.

`synth make` writes `provenance.json` next to the annotations. Reports and model cards use
it, so that generated people are never presented as real people.
"""

from dataclasses import dataclass
from pathlib import Path

from pydantic_core import from_json

PROVENANCE_FILE = "provenance.json"
_MAKER = "generated world"


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedWorld:
    """Name and license of a generated data set."""

    name: str
    license: str
    seed: str
    """Seed of its people: data sets share people only if their seeds are equal."""


def find_generated(path: Path) -> GeneratedWorld | None:
    """Return the generated data set of a folder or a file in it; None for other paths."""
    folder = path if path.is_dir() else path.parent
    try:
        record = from_json((folder / PROVENANCE_FILE).read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(record, dict) or _MAKER not in str(record.get("made_by")):
        return None
    return GeneratedWorld(
        name=f"{_MAKER} {record.get('preset')}, seed {record.get('seed')}",
        license=str(record.get("license")),
        seed=str(record.get("seed")),
    )
