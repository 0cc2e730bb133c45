"""Manifest of imported weights, `weights.json`."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from wildaffect.core.config import Config
from wildaffect.core.errors import BadWeights
from wildaffect.core.files import write_whole
from wildaffect.core.preprocess import Preprocess

MANIFEST_FILE = "weights.json"
TENSOR_FILE = "weights.safetensors"
FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightManifest(Config):
    """Origin and license of imported weights, and the crop that they expect."""

    name: str
    """Name of the weights, `architecture.tag`."""
    network: str
    """Registered network that they fit."""
    feature_dim: int
    preprocess: Preprocess
    sha256: str
    """Hash of the tensor file."""
    source_file: str
    source_sha256: str
    source: str
    """Origin of the file, as the user stated it; empty if not stated."""
    license: str
    """License or agreement, as the user stated it; empty if not stated."""
    classes: tuple[str, ...] = ()
    """Classes of the stored classifier, in order; empty without one."""
    dropped: tuple[str, ...] = ()
    """Keys of the source file that were dropped."""
    resized_from: int = 0
    """Number of patches that positions were interpolated from; 0 if unchanged."""
    format_version: int = FORMAT_VERSION


_ADAPTER = TypeAdapter(WeightManifest)


def read_manifest(path: Path) -> WeightManifest:
    """Read what `write_manifest` wrote.

    Raises:
        BadWeights: If it is missing, invalid, or of another version.
    """
    try:
        manifest = _ADAPTER.validate_json(path.read_bytes())
    except OSError as error:
        raise BadWeights(
            f"{path}: must be the manifest of imported weights, got {error.strerror}"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BadWeights(f"{path}: {where}: {first['msg']}; import them again") from error
    if manifest.format_version != FORMAT_VERSION:
        raise BadWeights(
            f"{path}: format_version must be {FORMAT_VERSION}, "
            f"got {manifest.format_version}; import the weights again"
        )
    return manifest


def write_manifest(path: Path, manifest: WeightManifest) -> None:
    """Write every field."""
    write_whole(path, _ADAPTER.dump_json(manifest, indent=2) + b"\n")
