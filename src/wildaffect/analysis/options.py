"""Options of an analysis: frames to read, model, features and files to write."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from wildaffect.analysis.pictures import pictures_of
from wildaffect.core.errors import BadArtifact, UsageError
from wildaffect.inference.analyzer import AnalysisOptions, Analyzer
from wildaffect.inference.artifact import DEFAULT, Artifact, load_artifact
from wildaffect.inference.calibration import EVEN_THRESHOLD
from wildaffect.inference.inputs import COLUMNS
from wildaffect.inference.manifest import BackboneInput, Manifest
from wildaffect.outputs.columns import FeatureGroup, result_schema
from wildaffect.outputs.schema import ResultSchema
from wildaffect.runtime.network import Device, available_devices
from wildaffect.video.inputs import Arrays, SourceLike
from wildaffect.video.read import VideoReader, open_source


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """Selection of the frames of a source."""

    start_s: float | None = None
    """First time to read, inclusive."""
    stop_s: float | None = None
    """Time to stop at, exclusive."""
    every: int = 1
    """Read every Nth frame: those whose number is a multiple of this."""
    images: Literal["stills", "sequence"] = "stills"
    """Content of an image folder: photographs, or the frames of one video."""
    fps: float = 30.0
    """Rate of an image sequence; videos have their own time stamps."""

    def pictures(self, source: SourceLike | Sequence[Path] | Arrays) -> list[Path]:
        """Return the photographs of the source; empty for videos and sequences."""
        return pictures_of(source) if self.images == "stills" else []

    def open(self, source: SourceLike | Sequence[Path] | Arrays) -> VideoReader:
        """Open the source; arguments and errors are those of `open_source`."""
        return open_source(
            source,
            start_s=self.start_s,
            stop_s=self.stop_s,
            every=self.every,
            images=self.images,
            fps=self.fps,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnOptions:
    """Optional column groups of the table."""

    landmarks: bool = False
    blendshapes: bool = False
    features: bool = False
    """Measured features, raw and relative to the person's neutral."""

    def schema(self, manifest: Manifest) -> ResultSchema:
        """Return the result schema for a model with these groups.

        Raises:
            BadArtifact: If names of the model's labels or backbones collide with other
                columns.
        """
        units = manifest.action_units
        try:
            return result_schema(
                manifest.spaces,
                thresholds=_thresholds(manifest),
                expression_margin=manifest.calibration.expression_margin,
                intensities=units is not None and units.intensity,
                intensity_note=units.intensity_note if units else "",
                sided=units.sided if units else (),
                landmarks=self.landmarks,
                blendshapes=self.blendshapes,
                features=feature_groups(manifest) if self.features else (),
            )
        except ValueError as error:
            raise BadArtifact(f"{manifest.name}: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayOptions:
    """Content of the overlay."""

    blur_faces: bool = False


def _thresholds(manifest: Manifest) -> dict[str, float]:
    """Return action unit -> threshold of its probability."""
    predicted = manifest.action_units.predicted if manifest.action_units else ()
    thresholds = manifest.calibration.action_unit_thresholds
    return dict(
        zip(predicted, thresholds or [EVEN_THRESHOLD] * len(predicted), strict=True)
    )


VIRTUAL_DEVICES = {"AUTO", "HETERO", "MULTI"}
"""Names that select among the available devices."""

MEANINGS = {
    "geometry": "distances and angles of the frontal face, as measured",
    "geometry_change": "the same against the person's neutral face",
    "blendshapes": "blendshape scores, as measured",
    "blendshapes_change": "the same against the neutral face",
}


def feature_groups(manifest: Manifest) -> tuple[FeatureGroup, ...]:
    """Return the feature groups in results of a model, besides the core's pose."""
    kinds = ["geometry", "blendshapes"]
    kinds += ["geometry_change", "blendshapes_change"] if manifest.neutral else []
    measured = [
        FeatureGroup(name=kind, columns=COLUMNS[kind], meaning=MEANINGS[kind])
        for kind in kinds
    ]
    backbones = [
        FeatureGroup(
            name=wanted.name,
            columns=tuple(f"{i:04d}" for i in range(wanted.feature_dim)),
            meaning="features of a backbone",
        )
        for wanted in manifest.inputs
        if isinstance(wanted, BackboneInput)
    ]
    return (*measured, *backbones)


def load_model(
    model: str | Path | Artifact, options: AnalysisOptions | None = None
) -> Artifact:
    """Load an artifact and check that an analyzer can be built with these options.

    Raises:
        BadArtifact: If the artifact does not exist or is incompatible.
        UsageError: If the device is not available.
    """
    options = options or AnalysisOptions()
    _check_device(options.device)
    artifact = model if isinstance(model, Artifact) else load_artifact(model)
    ColumnOptions(features=options.keep_features).schema(artifact.manifest)
    return artifact


def build_analyzer(
    model: str | Path | Artifact = DEFAULT,
    *,
    device: Device | None = None,
    live: bool = False,
    keep_features: bool = False,
) -> Analyzer:
    """Load an artifact and its networks; errors are those of `load_model`."""
    options = AnalysisOptions(
        device=device or Device(), live=live, keep_features=keep_features
    )
    return Analyzer(load_model(model, options), options)


def _check_device(device: Device) -> None:
    kinds = {*available_devices(), *(name.split(".")[0] for name in available_devices())}
    if device.name.split(":")[0] not in kinds | VIRTUAL_DEVICES:
        raise UsageError(
            f"device: must be one of {', '.join(sorted(kinds | VIRTUAL_DEVICES)).lower()}, "
            f"got {device.name.lower()}; `wildaffect doctor` lists them"
        )


def describe_artifact(analyzer: Analyzer) -> dict[str, Any]:
    """Return the description of the model in a result."""
    manifest = analyzer.artifact.manifest
    return {
        "name": manifest.name,
        "version": manifest.version,
        "summary": manifest.summary,
        "license": manifest.license,
        "sources": [asdict(data_source) for data_source in manifest.sources],
        "sha256": analyzer.artifact.digest,
    }
