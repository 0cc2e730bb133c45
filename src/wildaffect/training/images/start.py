"""Initial backbone of a run: untrained or pre-trained."""

from dataclasses import dataclass, replace
from pathlib import Path

from wildaffect.core.errors import UsageError
from wildaffect.core.hashes import file_sha256
from wildaffect.core.preprocess import Preprocess
from wildaffect.models.backbones.backbone import Backbone
from wildaffect.models.backbones.checkpoints import read_checkpoint
from wildaffect.models.backbones.fitting import fit_tensors
from wildaffect.models.backbones.manifest import MANIFEST_FILE
from wildaffect.models.backbones.registry import backbone_spec, build_backbone
from wildaffect.models.backbones.vit import ClassTokenViT, MeanTokenViT, mean_token_from
from wildaffect.models.backbones.weights import (
    LoadedBackbone,
    load_weights,
)

BACKBONE_FOLDER = "backbone"
"""Subfolder of a run with its backbone, in the format of imported weights."""


@dataclass(frozen=True, slots=True)
class Start:
    """Backbone with its preprocessing and the origin of its weights."""

    backbone: Backbone
    preprocess: Preprocess
    weights: str = ""
    """Name of the weights; empty if they are untrained."""
    sha256: str = ""
    license: str = ""
    """License of the weights; empty if not stated."""


def find_weights(name_or_path: str) -> LoadedBackbone:
    """Load the backbone of a run, of a folder of weights, or of imported weights.

    Raises:
        UsageError: If the folder is an unfinished run.
        BadWeights: If there are no such weights, or they were modified.
    """
    folder = Path(name_or_path)
    if (folder / BACKBONE_FOLDER / MANIFEST_FILE).is_file():
        return load_weights(folder / BACKBONE_FOLDER)
    if (folder / "recipe.json").is_file():
        raise UsageError(
            f"{folder}: unfinished run (no {BACKBONE_FOLDER} folder); repeat its "
            "command to resume it"
        )
    return load_weights(name_or_path)


def start_from(network: str, weights: str | None) -> Start:
    """Build a network and load weights into it.

    Weights of a class-token network (`.mae`) can also initialize its variant that averages
    patches (`.mae_mean`), except for the last norm.

    Args:
        network: Registered name.
        weights: Run, name of imported weights, or weight file; None for untrained.

    Raises:
        UsageError: If the weights are of another network, or the name is unknown.
        BadWeights: If the file is damaged, contains code, or does not fit.
    """
    spec = backbone_spec(network)
    if spec.clips is not None:
        raise UsageError(
            f"network: {network} reads clips, and images are trained one by one; extract "
            "its features instead, or choose a network of images"
        )
    if weights is None:
        return Start(spec.build(), spec.preprocess)
    if Path(weights).is_file():
        return _from_file(network, Path(weights))
    loaded = find_weights(weights)
    manifest = loaded.manifest
    return Start(
        _fitted(loaded.backbone, manifest.network, network, weights),
        manifest.preprocess,
        weights=manifest.name,
        sha256=manifest.sha256,
        license=manifest.license,
    )


def _from_file(network: str, file: Path) -> Start:
    tensors = read_checkpoint(file)
    source = network
    if network.endswith(".mae_mean") and not any("fc_norm" in key for key in tensors):
        source = network.removesuffix("_mean")
    spec = backbone_spec(source)
    fit = fit_tensors(str(file), tensors, spec, resize_positions=False)
    backbone = build_backbone(source)
    backbone.load_state_dict(fit.tensors)
    return replace(
        Start(_fitted(backbone, source, network, str(file)), spec.preprocess),
        weights=file.name,
        sha256=file_sha256(file),
    )


def _fitted(backbone: Backbone, found: str, wanted: str, weights: str) -> Backbone:
    if found == wanted:
        return backbone
    is_same_size = found.rpartition(".")[0] == wanted.rpartition(".")[0]
    if is_same_size and isinstance(backbone, ClassTokenViT):
        network = mean_token_from(backbone)
        if isinstance(build_backbone(wanted), MeanTokenViT):
            return network
    raise UsageError(
        f"{weights}: these weights are for {found}, not for {wanted}; use network {found}"
    )
