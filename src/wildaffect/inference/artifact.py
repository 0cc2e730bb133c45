"""Read and write artifacts; errors are reported before a frame is decoded."""

import hashlib
import zipfile
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from wildaffect.core.config import first_problem
from wildaffect.core.errors import BadArtifact
from wildaffect.core.files import whole_file, write_whole
from wildaffect.core.tasks import SCALE_TASKS
from wildaffect.inference.artifact_files import (
    MAX_MANIFEST_BYTES,
    MAX_NETWORK_BYTES,
    ArtifactFiles,
    open_files,
)
from wildaffect.inference.checks import check_manifest
from wildaffect.inference.manifest import (
    FORMAT_VERSION,
    BackboneInput,
    Manifest,
    MeasuredInput,
    NetworkFile,
)
from wildaffect.inference.stored_models import stored_names, stored_path
from wildaffect.runtime.onnx_check import BadOnnx, check_onnx

MANIFEST_FILE = "artefact.json"
CARD_FILE = "CARD.md"
MAX_CARD_BYTES = 1 << 20
EMBEDDED = Path(__file__).parent / "artifacts"
DEFAULT = "default"
OPEN = "open"
"""Embedded artifact that stores the networks which `DEFAULT` has in common with it."""

_ADAPTER = TypeAdapter(Manifest)


@dataclass(frozen=True, slots=True, repr=False)
class Artifact:
    """A manifest with the bytes of its networks, all hashes verified."""

    manifest: Manifest
    networks: dict[str, bytes]
    """File name -> ONNX."""
    digest: str
    """sha256 of the manifest, which contains those of the networks."""

    def __repr__(self) -> str:
        manifest = self.manifest
        return (
            f"Artifact({manifest.name} {manifest.version}: predicts "
            f"{', '.join(manifest.tasks)}; license {manifest.license})"
        )


def embedded_names() -> tuple[str, ...]:
    """Return the artifacts included in the package."""
    return tuple(sorted(path.name for path in EMBEDDED.iterdir() if path.is_dir()))


def load_artifact(model: str | Path = DEFAULT) -> Artifact:
    """Load an embedded or added artifact by name, or a folder or zip by path.

    Raises:
        BadArtifact: If it does not exist, is incomplete, altered, of another version, or
            needs inputs that this version does not measure. The message lists them.
    """
    path = _find(model)
    also = EMBEDDED / OPEN if path == EMBEDDED / DEFAULT else None
    with open_files(path, also) as files:
        content = files.read(MANIFEST_FILE, MAX_MANIFEST_BYTES)
        if content is None:
            raise BadArtifact(f"{model}: an artifact must hold {MANIFEST_FILE}, got none")
        manifest = _parse(model, content)
        networks = {
            network.file: _verified(model, network, files)
            for network in _networks(manifest)
        }
    return Artifact(manifest, networks, _sha256(content))


def read_card(model: str | Path) -> str:
    """Return the model card of an artifact as Markdown; empty if there is no card.

    Raises:
        BadArtifact: If there is no such artifact, or its files cannot be read.
    """
    with open_files(_find(model)) as files:
        content = files.read(CARD_FILE, MAX_CARD_BYTES)
    return (content or b"").decode(errors="replace")


def write_artifact(folder: Path, manifest: Manifest, files: dict[str, bytes]) -> None:
    """Write an artifact folder: networks and card as given, then the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        write_whole(folder / name, content)
    write_whole(folder / MANIFEST_FILE, manifest_bytes(manifest))


def manifest_bytes(manifest: Manifest) -> bytes:
    """Return the content of a manifest's file."""
    return f"{to_json(manifest)}\n".encode()


def to_json(manifest: Manifest) -> str:
    """Serialize a manifest."""
    return _ADAPTER.dump_json(manifest, indent=2, exclude=_unset(manifest)).decode()


def zip_folder(folder: Path, path: Path) -> None:
    """Write an artifact folder as one zip, the same bytes for the same files."""
    with (
        whole_file(path) as part,
        zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for item in sorted(folder.iterdir()):
            entry = zipfile.ZipInfo(item.name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, item.read_bytes())


def network_file(name: str, content: bytes) -> NetworkFile:
    """Return the manifest's entry of a network."""
    return NetworkFile(file=name, sha256=_sha256(content))


def _unset(manifest: Manifest) -> dict[str, Any]:
    """Return the fields of later versions that have their default value.

    They are omitted, so that older versions can read manifests that do not need them.
    """
    members = [
        {name for name in ("tasks", "window", "inputs") if getattr(member, name) is None}
        for member in manifest.members
    ]
    inputs = [_unset_of_input(item) for item in manifest.inputs]
    later = ("intensity", "intensity_note", "sided", "excluded")
    units = {name for name in later if not getattr(manifest.action_units, name, None)}
    neutral = {
        name
        for name in ("population_geometry",)
        if not getattr(manifest.neutral, name, None)
    }
    calibration = manifest.calibration
    unsmoothed = {task for task in SCALE_TASKS if calibration.smoothing.of(task) is None}
    margin = set() if calibration.expression_margin else {"expression_margin"}
    empty = {task for task in SCALE_TASKS if not len(manifest.spaces.scales(task))}
    return {
        "members": dict(enumerate(members)),
        "inputs": dict(enumerate(inputs)),
        "action_units": units,
        "neutral": neutral,
        "calibration": dict.fromkeys(margin, True) | {"smoothing": unsmoothed},
        **dict.fromkeys(empty, True),
    }


def _unset_of_input(item: MeasuredInput | BackboneInput) -> dict[str, Any]:
    if isinstance(item, MeasuredInput):
        return {}
    origin = ("weights_sha256", "license", "source", "one_by_one")
    unset: dict[str, Any] = {name: True for name in origin if not getattr(item, name)}
    return unset if item.preprocess.margin else unset | {"preprocess": {"margin"}}


def _find(model: str | Path) -> Path:
    if isinstance(model, str):
        if model in embedded_names():
            return EMBEDDED / model
        if path := stored_path(model):
            return path
    path = Path(model)
    if not path.exists():
        names = [*embedded_names(), *stored_names()]
        near = get_close_matches(str(model), names, n=1)
        advice = f"did you mean {near[0]}? models" if near else "models"
        raise BadArtifact(
            f"no such model, folder or zip: {model}; {advice}: {', '.join(names)}"
        )
    return path


def _parse(model: str | Path, content: bytes) -> Manifest:
    _check_version(model, content)
    try:
        manifest = _ADAPTER.validate_json(content)
    except ValidationError as error:
        raise BadArtifact(f"{model}/{MANIFEST_FILE}: {first_problem(error)}") from error
    check_manifest(str(model), manifest)
    return manifest


def _check_version(model: str | Path, manifest: bytes) -> None:
    """Reject another version by its number, before the rest of the manifest is read."""
    try:
        document = from_json(manifest)
    except ValueError as error:
        raise BadArtifact(f"{model}/{MANIFEST_FILE}: must be JSON, got {error}") from error
    found = document.get("format_version") if isinstance(document, dict) else None
    if found != FORMAT_VERSION:
        raise BadArtifact(
            f"{model}: format_version must be {FORMAT_VERSION}, "
            f"got {found}; use the wildaffect it was exported with"
        )


def _networks(manifest: Manifest) -> list[NetworkFile]:
    backbones = [i.network for i in manifest.inputs if isinstance(i, BackboneInput)]
    return [*backbones, *(member.network for member in manifest.members)]


def _verified(model: str | Path, network: NetworkFile, files: ArtifactFiles) -> bytes:
    content = files.read(network.file, MAX_NETWORK_BYTES)
    if content is None:
        raise BadArtifact(f"{model}: no such file in it: {network.file}")
    if _sha256(content) != network.sha256:
        raise BadArtifact(
            f"{model}/{network.file}: sha256 must be {network.sha256}, "
            f"got {_sha256(content)}; export the artifact again"
        )
    try:
        check_onnx(content)
    except BadOnnx as error:
        raise BadArtifact(
            f"{model}/{network.file}: must be self-contained, as `export` writes it, "
            f"got {error}"
        ) from error
    return content


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
