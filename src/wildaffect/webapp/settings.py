"""The numbers that the browser's chain shares with the Python package, as JSON.

The scripts hold rules; every limit, table and name comes from the modules here, so that a
site always has those of the package that wrote it.
"""

from dataclasses import asdict
from typing import Any

from wildaffect.analysis.options import ColumnOptions
from wildaffect.core.errors import BadArtifact
from wildaffect.core.version import __version__
from wildaffect.core.windows import CausalWindow
from wildaffect.faces import (
    blendshapes,
    crop,
    detector,
    mesh,
    models,
    scan,
    search,
    shots,
    views,
)
from wildaffect.faces import quality as quality_module
from wildaffect.faces.tracker import TrackingLimits
from wildaffect.features.geometry import (
    EYE_OUTER_LEFT,
    EYE_OUTER_RIGHT,
    MEASURES,
    mirror_index,
)
from wildaffect.features.measures import MIDLINE, POINTS
from wildaffect.inference.artifact import Artifact
from wildaffect.inference.manifest import BackboneInput, Manifest
from wildaffect.inference.smoothing import CausalExponential
from wildaffect.signals import eyes, gaze, mouth

FACE_NETWORKS = {
    "detector": models.DETECTOR,
    "mesh": models.MESH,
    "blendshapes": models.BLENDSHAPES,
    "occlusion": models.OCCLUSION,
}
"""Networks of the face chain, by their names in the scripts."""
_INPUTS = frozenset(
    {
        "geometry",
        "geometry_change",
        "neutral_confidence",
        "blendshapes",
        "blendshapes_change",
        "pose",
    }
)
"""Measured inputs that the scripts know."""


def build_settings(artifact: Artifact) -> dict[str, Any]:
    """Return the settings of a site for a model.

    Raises:
        BadArtifact: If the model has inputs, windows or smoothing that the scripts lack.
    """
    manifest = artifact.manifest
    check_supported(manifest)
    return {
        "version": __version__,
        "artifact": _artifact(manifest),
        "backbones": [
            asdict(item) for item in manifest.inputs if isinstance(item, BackboneInput)
        ],
        "columns": [
            {"name": column.name, "type": column.type}
            for column in ColumnOptions().schema(manifest).columns
        ],
        "networks": {
            name: f"{model.path.stem}.onnx" for name, model in FACE_NETWORKS.items()
        },
        "tracking": asdict(TrackingLimits()),
        "quality": asdict(quality_module.QualityLimits()),
        "quality_crop": asdict(quality_module.QUALITY_CROP),
        **_face_settings(),
        "geometry": {
            "measures": _measures(),
            "eye_outer": [EYE_OUTER_RIGHT, EYE_OUTER_LEFT],
        },
        **_signal_settings(),
    }


def check_supported(manifest: Manifest) -> None:
    """Check that the scripts can run a model.

    Raises:
        BadArtifact: If they cannot.
    """
    where = f"{manifest.name}: cannot run in the browser"
    own = (*manifest.dimensions.labels, *manifest.intensities.labels)
    if own:
        raise BadArtifact(
            f"{where}: the scripts do not compute its ratings and intensities "
            f"({', '.join(own)}); use `wildaffect analyze` or `wildaffect serve`"
        )
    for item in manifest.inputs:
        if not isinstance(item, BackboneInput) and item.kind not in _INPUTS:
            raise BadArtifact(f"{where}: it reads {item.kind}")
        if isinstance(item, BackboneInput):
            crop_of_item = item.preprocess
            if crop_of_item.alignment not in crop.TEMPLATES or crop_of_item.margin:
                raise BadArtifact(
                    f"{where}: the scripts do not cut the crop of {item.name} "
                    f"({crop_of_item.alignment}, margin {crop_of_item.margin:g})"
                )
    for member in manifest.members:
        window = manifest.window_of(member)
        if not (
            window.is_frame_wise
            or (isinstance(window, CausalWindow) and not window.delay_s)
        ):
            raise BadArtifact(
                f"{where}: {member.network.file} looks at later frames; use a causal model"
            )
    smoothing = manifest.calibration.smoothing
    for task in ("valence", "arousal", "expression", "action_units"):
        if not isinstance(getattr(smoothing, task), CausalExponential | None):
            raise BadArtifact(f"{where}: {task} is smoothed over later frames")


def _artifact(manifest: Manifest) -> dict[str, Any]:
    described = asdict(manifest)
    for given, item in zip(described["inputs"], manifest.inputs, strict=True):
        given.pop("columns", None)
        given["key"] = item.key
    return described


def _face_settings() -> dict[str, Any]:
    face = models.canonical_face()
    return {
        "detector": {
            "grid": detector.GRID,
            "min_score": detector.MIN_SCORE,
            "hint_score": detector.HINT_SCORE,
            "sure_score": detector.SURE_SCORE,
            "close_score": detector.CLOSE_SCORE,
            "same_face_overlap": detector.SAME_FACE_OVERLAP,
            "region_margin": detector.REGION_MARGIN,
        },
        "views": {
            "input_px": views.INPUT_PX,
            "smallest_tile_px": views.SMALLEST_TILE_PX,
            "tile_overlap": views.TILE_OVERLAP,
            "widest_tile": views.WIDEST_TILE,
            "max_tiles": views.MAX_TILES,
            "margin_view": views.MARGIN_VIEW,
            "close_view": views.CLOSE_VIEW,
        },
        "search": {
            "picture_regions": search.PICTURE_REGIONS,
            "fills_picture": search.FILLS_PICTURE,
            "small": search.SMALL,
        },
        "shots": {
            "thumb_px": shots.THUMB_PX,
            "min_change": shots.MIN_CHANGE,
            "over_recent": shots.OVER_RECENT,
            "max_histogram_match": shots.MAX_HISTOGRAM_MATCH,
            "quiet_change": shots.QUIET_CHANGE,
            "surroundings": shots.SURROUNDINGS,
            "memory": shots.MEMORY,
        },
        "scan": {
            "detect_every_s": scan.DETECT_EVERY_S,
            "tile_every_s": scan.TILE_EVERY_S,
            "sudden_change": scan.SUDDEN_CHANGE,
        },
        "mesh": {
            "input_px": mesh.INPUT_PX,
            "right_eye": mesh.RIGHT_EYE_CORNER,
            "left_eye": mesh.LEFT_EYE_CORNER,
            "region_margin": mesh.REGION_MARGIN,
        },
        "crop": {
            "five_points": crop.FIVE_POINTS,
            "templates": {name: points.tolist() for name, points in crop.TEMPLATES.items()},
        },
        "blendshapes": {
            "names": blendshapes.NAMES,
            "input_landmarks": blendshapes.INPUT_LANDMARKS.tolist(),
        },
        "canonical_face": {
            "index": face.rigid_index.tolist(),
            "weight": face.rigid_weight.tolist(),
            "vertices": face.vertices[face.rigid_index].tolist(),
        },
    }


def _measures() -> list[dict[str, Any]]:
    """Return each measure with the landmarks of its two points."""
    mirror = mirror_index()
    groups = dict(MIDLINE)
    for name, right in POINTS.items():
        groups[f"{name}_right"] = right
        groups[f"{name}_left"] = tuple(mirror[list(right)].tolist())
    return [
        {
            "name": measure.name,
            "kind": measure.kind,
            "point": groups[measure.point],
            "base": groups[measure.base],
        }
        for measure in MEASURES
    ]


def _signal_settings() -> dict[str, Any]:
    return {
        "eyes": {
            "closes_at": eyes.CLOSES_AT,
            "opens_below": eyes.OPENS_BELOW,
            "closed": eyes.CLOSED,
            "open": eyes.OPEN,
            "max_open": eyes.MAX_OPEN,
            "adapts_in_s": eyes.ADAPTS_IN_S,
        },
        "gaze": {
            "yaw_deg": gaze.YAW_DEG,
            "pitch_deg": gaze.PITCH_DEG,
            "yaw_zero": gaze.YAW_ZERO,
            "pitch_zero": gaze.PITCH_ZERO,
            "camera_cone_deg": gaze.CAMERA_CONE_DEG,
        },
        "mouth": {
            "inside": [mouth.INSIDE_UPPER, mouth.INSIDE_LOWER],
            "corners": [mouth.CORNER_INSIDE_RIGHT, mouth.CORNER_INSIDE_LEFT],
        },
    }
