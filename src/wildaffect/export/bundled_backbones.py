"""Backbones bundled in an artifact: loaded, checked against the runs, exported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wildaffect.core.errors import UsageError
from wildaffect.export.backbone import check_backbone, exported
from wildaffect.features.records import NO_DIGEST
from wildaffect.inference.artifact import network_file
from wildaffect.inference.inputs import COLUMNS
from wildaffect.inference.manifest import BackboneInput, DataSource
from wildaffect.models.backbones.backbone import ClipBackbone
from wildaffect.models.backbones.manifest import WeightManifest
from wildaffect.models.backbones.weights import LoadedBackbone
from wildaffect.runtime.network import Device
from wildaffect.training.images.start import find_weights
from wildaffect.training.temporal.ensembles import Ensemble
from wildaffect.training.temporal.runs import TrainedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledBackbone:
    """Exported backbone of a feature set that a run was trained on."""

    name: str
    """Name of the feature set."""
    loaded: LoadedBackbone
    onnx: bytes
    error: float
    """Relative error of the file's features against the model."""
    is_recorded: bool
    """True if the training features record these weights; imported features do not."""

    @property
    def manifest(self) -> WeightManifest:
        """Return the manifest of the weights."""
        return self.loaded.manifest

    def as_input(self, file: str) -> BackboneInput:
        """Return the artifact's input entry for the network in a file."""
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
        """Return the source entry of the artifact."""
        return DataSource(
            name=f"backbone {self.manifest.name}",
            license=self.manifest.license or "not stated",
            note=self.manifest.source,
        )


def parse_backbones(words: Sequence[str]) -> dict[str, str]:
    """Parse `NAME=FOLDER` arguments to folders or names of weights by feature set.

    Raises:
        UsageError: If an argument is malformed, or a set is repeated.
    """
    found: dict[str, str] = {}
    for word in words:
        name, equals, weights = word.partition("=")
        if not (name and equals and weights):
            raise UsageError(
                "backbone: must be NAME=FOLDER, a feature set and the run or weights "
                f"that it was extracted with, got {word!r}"
            )
        if name in found:
            raise UsageError(f"backbone: {name} is given twice")
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
        ensemble: Ensemble to export.
        given: Folder of a run or name of imported weights, by feature set; sets that no
            member reads are skipped.

    Raises:
        UsageError: If a backbone is missing, or did not compute the features that a run
            was trained on.
        BadWeights: If there are no such weights, or they were modified.
        BadArtifact: If the exported network differs from the model.
    """
    needed = needed_backbones(ensemble)
    return tuple(_bundle(ensemble, name, given.get(name)) for name in needed)


def check_features(where: str, name: str, found: WeightManifest, run: TrainedModel) -> bool:
    """Check that a backbone computed the features that a run was trained on.

    Args:
        where: Command-line argument of the backbone.
        name: Name of the feature set.
        found: Manifest of the backbone.
        run: Run that reads the feature set.

    Returns:
        True if the features record their weights; imported features do not.

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
            "name the run or weights that they were extracted with, or extract and train "
            "again"
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
            f"{runs[0].run.folder}: input {name!r} needs its backbone; name the run or "
            "weights that its features were extracted with, or export without it"
        )
    loaded = find_weights(weights)
    where = f"backbone {name}={weights}"
    if isinstance(loaded.backbone, ClipBackbone):
        raise UsageError(
            f"{where}: it reads clips of {loaded.backbone.num_frames} frames, and analysis "
            "computes frame by frame; train with a fusion and export without it"
        )
    known = [check_features(where, name, loaded.manifest, run) for run in runs]
    onnx = exported(loaded)
    return BundledBackbone(
        name=name,
        loaded=loaded,
        onnx=onnx,
        error=check_backbone(loaded, onnx, Device()),
        is_recorded=all(known),
    )
