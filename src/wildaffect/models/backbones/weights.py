"""Imported weights: checked on import, stored as safetensors, loaded by name."""

import shutil
import tempfile
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from wildaffect.core.errors import BadWeights, OutputError, UsageError
from wildaffect.core.files import publish
from wildaffect.core.hashes import file_sha256
from wildaffect.core.preprocess import Preprocess
from wildaffect.core.user_data import user_data_folder
from wildaffect.models.backbones.backbone import Backbone
from wildaffect.models.backbones.checkpoints import read_checkpoint
from wildaffect.models.backbones.fitting import FittedTensors, fit_tensors
from wildaffect.models.backbones.manifest import (
    MANIFEST_FILE,
    TENSOR_FILE,
    WeightManifest,
    read_manifest,
    write_manifest,
)
from wildaffect.models.backbones.registry import (
    backbone_names,
    backbone_spec,
    build_backbone,
)

_HEAD = "classifier_of_source."
"""Key prefix of a stored classifier; no network has such keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """Weight file to import, with its description."""

    file: Path
    network: str
    """Registered name of the network."""
    tag: str = ""
    """Tag to replace that of the network's name; empty to keep it."""
    key: str = ""
    """Entry of the file that holds the weights, see `read_checkpoint`."""
    preprocess: Preprocess | None = None
    """Preprocessing of the weights; None for that of the network."""
    classes: tuple[str, ...] = ()
    """Classes of the file's classifier, in order; keeps the classifier."""
    resize_positions: bool = False
    source: str = ""
    license: str = ""

    @property
    def name(self) -> str:
        """Name of the stored weights."""
        architecture, dot, _ = self.network.rpartition(".")
        architecture = architecture if dot else self.network
        return f"{architecture}.{self.tag}" if self.tag else self.network


@dataclass(frozen=True, slots=True)
class LoadedBackbone:
    """Network with its weights, in evaluation mode, and their manifest."""

    backbone: Backbone
    manifest: WeightManifest
    folder: Path
    """Folder of the weights."""


def user_folder() -> Path:
    """Return the user's folder of weights on this platform."""
    return user_data_folder("weights")


def import_weights(
    request: ImportRequest, folder: Path | None = None, *, overwrite: bool = False
) -> WeightManifest:
    """Check a weight file against a network and store it with its origin.

    Args:
        request: Weight file with its description.
        folder: Folder of stored weights; None for the user's own folder.
        overwrite: Replace weights of the same name.

    Raises:
        BadWeights: If the file is damaged, contains code, or does not fit.
        UsageError: If the name is unknown or taken.
        OutputError: If the folder cannot be written.
    """
    spec = backbone_spec(request.network)
    preprocess = request.preprocess or spec.preprocess
    _check_crop(spec.preprocess, preprocess, request.network)
    target = (folder or user_folder()) / request.name
    if target.exists() and not overwrite:
        raise UsageError(
            f"{target}: there are weights of this name already; give another --tag, or "
            "--overwrite"
        )
    tensors = read_checkpoint(request.file, key=request.key)
    fit = fit_tensors(
        str(request.file), tensors, spec, resize_positions=request.resize_positions
    )
    head = _kept_head(request, fit)
    manifest = WeightManifest(
        name=request.name,
        network=request.network,
        feature_dim=spec.feature_dim,
        preprocess=preprocess,
        sha256="",
        source_file=request.file.name,
        source_sha256=file_sha256(request.file),
        source=request.source,
        license=request.license,
        classes=request.classes,
        dropped=fit.dropped if not head else _without_head(fit, spec.head),
        resized_from=fit.resized_from,
    )
    return keep_weights(target, manifest, fit.tensors | head)


def load_weights(name_or_path: str | Path, folder: Path | None = None) -> LoadedBackbone:
    """Build the network of imported weights and load them.

    Args:
        name_or_path: Name that `weights list` shows, or the folder of one entry.
        folder: Folder of stored weights; None for the user's own folder.

    Raises:
        BadWeights: If there are no such weights, or they were modified since the import.
    """
    entry = _find(name_or_path, folder or user_folder())
    manifest = read_manifest(entry / MANIFEST_FILE)
    tensors = _verified(entry, manifest)
    backbone = build_backbone(manifest.network)
    backbone.load_state_dict({k: v for k, v in tensors.items() if not k.startswith(_HEAD)})
    return LoadedBackbone(backbone.eval(), manifest, entry)


def load_head(name_or_path: str | Path, folder: Path | None = None) -> nn.Linear:
    """Return the classifier stored with weights: features to logits of `classes`.

    Raises:
        BadWeights: If there are no such weights, or they have no classifier.
    """
    entry = _find(name_or_path, folder or user_folder())
    manifest = read_manifest(entry / MANIFEST_FILE)
    if not manifest.classes:
        raise BadWeights(
            f"{manifest.name}: stored without a classifier; import the file again with "
            "--classes"
        )
    tensors = _verified(entry, manifest)
    head = nn.Linear(manifest.feature_dim, len(manifest.classes))
    head.load_state_dict(
        {k.removeprefix(_HEAD): v for k, v in tensors.items() if k.startswith(_HEAD)}
    )
    return head.eval()


def keep_weights(
    target: Path, manifest: WeightManifest, tensors: dict[str, Tensor]
) -> WeightManifest:
    """Write weights atomically, for `load_weights`.

    Args:
        target: Folder to write; replaced if it exists.
        manifest: Manifest; the hash of the tensors is filled in.
        tensors: Tensors by the network's keys.

    Raises:
        OutputError: If the folder cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".import-") as part:
            entry = Path(part) / "entry"
            entry.mkdir()
            owned = {key: value.clone().contiguous() for key, value in tensors.items()}
            save_file(owned, entry / TENSOR_FILE, metadata={"network": manifest.network})
            manifest = replace(manifest, sha256=file_sha256(entry / TENSOR_FILE))
            write_manifest(entry / MANIFEST_FILE, manifest)
            if target.exists():
                shutil.rmtree(target)
            publish(entry, target)
    except OSError as error:
        raise OutputError(f"{target}: weights cannot be written: {error}") from error
    return manifest


def list_weights(folder: Path | None = None) -> list[WeightManifest]:
    """Return the manifests of imported weights, sorted by name."""
    root = folder or user_folder()
    return [read_manifest(path) for path in sorted(root.rglob(MANIFEST_FILE))]


def _check_crop(wanted: Preprocess, got: Preprocess, network: str) -> None:
    if (got.size_px, len(got.mean)) != (wanted.size_px, len(wanted.mean)):
        raise UsageError(
            f"{network}: crops must have {wanted.size_px} px and {len(wanted.mean)} "
            f"channels, got {got.size_px} px and {len(got.mean)}"
        )


def _kept_head(request: ImportRequest, fit: FittedTensors) -> dict[str, Tensor]:
    if not request.classes:
        return {}
    weight = fit.head.get("weight")
    if weight is None or "bias" not in fit.head:
        raise BadWeights(f"{request.file}: --classes given, but the file has no classifier")
    if len(weight) != len(request.classes):
        raise BadWeights(
            f"{request.file}: the classifier must have {len(request.classes)} classes "
            f"({', '.join(request.classes)}), got {len(weight)}"
        )
    return {_HEAD + part: value for part, value in fit.head.items()}


def _without_head(fit: FittedTensors, head: str) -> tuple[str, ...]:
    kept = {f"{head}.{part}" for part in fit.head}
    return tuple(key for key in fit.dropped if key not in kept)


def _find(name_or_path: str | Path, root: Path) -> Path:
    for entry in (root / name_or_path, Path(name_or_path)):
        if (entry / MANIFEST_FILE).is_file():
            return entry
    names = [manifest.name for manifest in list_weights(root)]
    near = get_close_matches(str(name_or_path), names) or names
    hint = f"did you mean {', '.join(near)}?" if near else "run: wildaffect weights import"
    if str(name_or_path) in backbone_names():
        hint = (
            "it is a network without weights; run: wildaffect weights import FILE --as "
            f"{name_or_path}"
        )
    raise BadWeights(
        f"weights: no weights or finished run named {str(name_or_path)!r}; {hint}"
    )


def _verified(entry: Path, manifest: WeightManifest) -> dict[str, Tensor]:
    path = entry / TENSOR_FILE
    if not path.is_file() or (found := file_sha256(path)) != manifest.sha256:
        got = found if path.is_file() else "no file"
        raise BadWeights(
            f"{path}: sha256 must be {manifest.sha256}, got {got}; import the weights again"
        )
    return load_file(path)
