"""The backbone that a run begins with: untrained, or with weights from somewhere."""

from dataclasses import dataclass, replace
from pathlib import Path

from wildaffect.core.errors import UsageError
from wildaffect.core.preprocess import Preprocess
from wildaffect.models.backbones.backbone import Backbone
from wildaffect.models.backbones.checkpoints import read_checkpoint
from wildaffect.models.backbones.fitting import fit_tensors
from wildaffect.models.backbones.manifest import MANIFEST_FILE
from wildaffect.models.backbones.registry import backbone_spec, build_backbone
from wildaffect.models.backbones.vit import ClassTokenViT, MeanTokenViT, mean_token_from
from wildaffect.models.backbones.weights import (
    LoadedBackbone,
    file_sha256,
    load_weights,
)

BACKBONE_FOLDER = "backbone"
"""Of a run: the backbone alone, laid out as imported weights are."""


@dataclass(frozen=True, slots=True)
class Start:
    """A backbone, the crop that it reads, and where its weights came from."""

    backbone: Backbone
    preprocess: Preprocess
    weights: str = ""
    """Name of the weights; empty if they are untrained."""
    sha256: str = ""
    license: str = ""
    """License of those weights, as stated; empty if not stated."""


def find_weights(name_or_path: str) -> LoadedBackbone:
    """Return the backbone of a run's folder, of an entry's folder, or of imported weights.

    Raises:
        UsageError: If the folder is a run that has not ended.
        BadWeights: If there are no such weights, or they were altered.
    """
    folder = Path(name_or_path)
    if (folder / BACKBONE_FOLDER / MANIFEST_FILE).is_file():
        return load_weights(folder / BACKBONE_FOLDER)
    if (folder / "recipe.json").is_file():
        raise UsageError(
            f"{folder}: training of a backbone must have ended, got a run without a "
            f"{BACKBONE_FOLDER} folder; repeat the command that began it to go on with it"
        )
    return load_weights(name_or_path)


def start_from(network: str, weights: str | None) -> Start:
    """Build a recipe's network and give it the weights that were named.

    Weights of a masked autoencoder's class token also start the network that averages its
    patches (`.mae` and `.mae_mean`); the last norm is new then.

    Args:
        network: Registered name.
        weights: Run, name of imported weights, or weight file; None leaves it untrained.

    Raises:
        UsageError: If the weights are of another network, or the name is unknown.
        BadWeights: If the file is damaged, holds code, or does not fit.
    """
    spec = backbone_spec(network)
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
        f"{weights}: weights must be of {wanted}, got those of {found}; name that network "
        f"with --network {found}"
    )
