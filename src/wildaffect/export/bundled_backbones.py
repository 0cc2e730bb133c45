"""The backbones that an artifact carries: found, held against the runs, exported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wildaffect.core.errors import UsageError
from wildaffect.export.backbone import check_backbone, exported
from wildaffect.features.records import NO_DIGEST
from wildaffect.inference.artifact import network_file
from wildaffect.inference.inputs import COLUMNS
from wildaffect.inference.manifest import BackboneInput, DataSource
from wildaffect.models.backbones.manifest import WeightManifest
from wildaffect.models.backbones.weights import LoadedBackbone
from wildaffect.runtime.network import Device
from wildaffect.training.ensembles import Ensemble
from wildaffect.training.images.start import find_weights
from wildaffect.training.runs import TrainedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledBackbone:
    """A backbone whose features a run was trained on."""

    name: str
    """Of the feature set."""
    loaded: LoadedBackbone
    onnx: bytes
    error: float
    """Distance of the file's features from the model's, over their length."""
    is_recorded: bool
    """Whether the features trained on name these weights; imported ones do not."""

    @property
    def manifest(self) -> WeightManifest:
        """Return what is recorded of the weights."""
        return self.loaded.manifest

    def as_input(self, file: str) -> BackboneInput:
        """Return the artifact's entry of the network in a file."""
        return BackboneInput(
            name=self.name,
            network=network_file(file, self.onnx),
            preprocess=self.manifest.preprocess,
            feature_dim=self.manifest.feature_dim,
            weights_sha256=self.manifest.sha256,
            license=self.manifest.license,
            source=self.manifest.source,
        )

    def as_source(self) -> DataSource:
        """Return what the artifact says of where it comes from."""
        return DataSource(
            name=f"backbone {self.manifest.name}",
            license=self.manifest.license or "not stated",
            note=self.manifest.source,
        )


def parse_backbones(words: Sequence[str]) -> dict[str, str]:
    """Return folders or names of weights by feature set, out of `NAME=FOLDER`.

    Raises:
        UsageError: If one is worded otherwise, or a set is named twice.
    """
    found: dict[str, str] = {}
    for word in words:
        name, equals, weights = word.partition("=")
        if not (name and equals and weights):
            raise UsageError(
                "--backbone: must be NAME=FOLDER, a feature set and the run or weights "
                f"that it was extracted with, got {word!r}"
            )
        if name in found:
            raise UsageError(f"--backbone: sets must be named once each, got {name} twice")
        found[name] = weights
    return found


def needed_backbones(ensemble: Ensemble) -> tuple[str, ...]:
    """Return the inputs of all members that analysis does not measure itself, in order."""
    names = [name for member in ensemble.members for name in member.trained.recipe.inputs]
    return tuple(dict.fromkeys(name for name in names if name not in COLUMNS))


def bundle_backbones(
    ensemble: Ensemble, given: Mapping[str, str]
) -> tuple[BundledBackbone, ...]:
    """Return the backbones that an ensemble needs, exported, in the order of its inputs.

    Args:
        ensemble: What is to be exported.
        given: By feature set: folder of a run, or name of imported weights; those that no
            member reads are left out.

    Raises:
        UsageError: If one is missing, or is not what the features that a run was trained
            on were made with.
        BadWeights: If there are no such weights, or they were altered.
        BadArtifact: If the exported network says something else than the model.
    """
    needed = needed_backbones(ensemble)
    return tuple(_bundle(ensemble, name, given.get(name)) for name in needed)


def check_features(where: str, name: str, found: WeightManifest, run: TrainedModel) -> bool:
    """Refuse a backbone that did not make the features that a run was trained on.

    Args:
        where: How it was given.
        name: Of the feature set.
        found: Of the backbone.
        run: That reads the set.

    Returns:
        Whether the features name their weights; imported ones do not.

    Raises:
        UsageError: If weights, crop or width differ.
    """
    data = run.data
    width = data.input_widths[name]
    weights, crop = data.feature_digests[name], data.crop_digests.get(name, NO_DIGEST)
    what = f"those of the features that {run.run.folder} was trained on"
    if found.feature_dim != width:
        raise UsageError(
            f"{where}: features must be {what}, {width} wide, got {found.feature_dim}"
        )
    if weights not in {NO_DIGEST, found.sha256}:
        raise UsageError(
            f"{where}: weights must be {what} ({weights[:12]}), got {found.sha256[:12]}; "
            "name the run or weights that `extract --features` was given, or extract and "
            "train again"
        )
    if crop not in {NO_DIGEST, found.preprocess.digest()}:
        raise UsageError(
            f"{where}: crops must be {what} ({crop[:12]}), got "
            f"{found.preprocess.digest()[:12]}; the crop that is recorded with the weights "
            "was changed since: extract and train again"
        )
    return weights != NO_DIGEST


def _bundle(ensemble: Ensemble, name: str, weights: str | None) -> BundledBackbone:
    runs = [m.trained for m in ensemble.members if name in m.trained.recipe.inputs]
    if weights is None:
        raise UsageError(
            f"{runs[0].run.folder}: input {name!r} must come with the backbone that makes "
            f"it, got none; add --backbone {name}=FOLDER, the run or weights that `extract "
            "--features` was given"
        )
    loaded = find_weights(weights)
    where = f"--backbone {name}={weights}"
    known = [check_features(where, name, loaded.manifest, run) for run in runs]
    onnx = exported(loaded)
    return BundledBackbone(
        name=name,
        loaded=loaded,
        onnx=onnx,
        error=check_backbone(loaded, onnx, Device()),
        is_recorded=all(known),
    )
