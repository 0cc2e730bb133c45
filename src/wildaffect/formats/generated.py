"""Generated worlds lie in the layouts of real sets; what says that they are generated.

`synth make` writes `provenance.json` beside the annotations. Whoever names a set in reports
and model cards, asks here first, so that generated people never pass for filmed ones.
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
    """Of its people: two worlds of one seed share them, those of different seeds nobody."""


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
