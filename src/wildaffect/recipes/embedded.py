"""Embedded models: assembly of their networks into two artifacts.

`open` is trained only on generated faces, with documented provenance of every part.
`default` adds a small published image network, which recognizes expressions of real faces
better but whose training data is undocumented.
"""

from dataclasses import dataclass

import torch

from wildaffect.core.preprocess import Preprocess
from wildaffect.core.tasks import ABAW_EXPRESSIONS, EXTENDED_ACTION_UNITS, Task
from wildaffect.core.windows import FRAME_WISE, CausalWindow
from wildaffect.export.members import AppearanceMember, member_onnx
from wildaffect.inference.artifact import network_file
from wildaffect.inference.calibration import Calibration
from wildaffect.inference.checks import check_manifest
from wildaffect.inference.inputs import COLUMNS, UNIT_INPUTS
from wildaffect.inference.manifest import (
    FORMAT_VERSION,
    ActionUnitOutput,
    BackboneInput,
    DataSource,
    ExpressionOutput,
    Manifest,
    MeasuredInput,
    Member,
)
from wildaffect.inference.smoothing import CausalExponential, Smoothing
from wildaffect.recipes.default import AFFECT_WINDOW
from wildaffect.recipes.embedded_parts import Parts
from wildaffect.synth.prototypes import CENTERS, EXPRESSIONS

AFFECT = (Task.VALENCE, Task.AROUSAL)
MEASURED = (*UNIT_INPUTS, "blendshapes")
EXCLUDED = (("AU24", "AU25"), ("AU25", "AU28"), ("AU24", "AU26"), ("AU05", "AU43"))
"""Mutually exclusive action units: pressed or sucked lips and parted lips, closed eyes and
raised lids."""
INTENSITY_NOTE = "learned from generated faces, whose intensities are exactly known"
SIDED = ("AU04", "AU05", "AU12", "AU43")
"""Action units whose sides are distinguished: the stronger side is correct in 9 of 10
rendered one-sided frames. Of the other one-sided units, AU15 reaches .89, AU10 .79, and
AU02, AU09 and AU14 less."""
EXPRESSION_MARGIN = 0.1
"""Minimum margin between the two most probable expressions; below it, overlay, summary
and gallery show `unclear`."""
SMOOTHING = Smoothing(
    valence=CausalExponential(time_constant_s=0.8),
    arousal=CausalExponential(time_constant_s=0.8),
    expression=CausalExponential(time_constant_s=0.5),
    action_units=CausalExponential(time_constant_s=0.1),
)

APPEARANCE = "face-api-expression"
APPEARANCE_FILE = "faceapi_expression.onnx"
APPEARANCE_CLASSES = (
    "Neutral", "Happiness", "Sadness", "Anger", "Fear", "Disgust", "Surprise",
)  # fmt: skip
"""Classes of its logits, in order."""
APPEARANCE_PREPROCESS = Preprocess(
    alignment="arcface_5pt_raised",
    size_px=112,
    mean=(122.782 / 255, 117.001 / 255, 104.298 / 255),
    std=(1.0, 1.0, 1.0),
    interpolation="area",
)
APPEARANCE_WINDOW = CausalWindow(length_s=2.0, delay_s=0.0, max_gap_s=2.0)
"""Its logits are averaged over the last two seconds, at the temporal members' rate."""
TEMPERATURE = (2.5, 7.0)
"""Temperature of its logits, without and with the person's own neutral face: the network is
overconfident, and mistakes a person's resting face for an expression."""
EXPRESSION_TEMPERATURE = 0.6
"""Temperature of `default`: the mean of two calibrated members is underconfident."""
OTHER_SHARE = 0.02
"""Probability of a class that it does not have."""

LICENSE = "Apache-2.0"
MEDIAPIPE = DataSource(
    name="MediaPipe face detection, face mesh and blendshapes",
    license="Apache-2.0",
    note="networks by Google",
)
FACE_API = DataSource(
    name="@vladmandic/face-api 1.7.15, expression network",
    license="MIT",
    note="its author says of the training data only: publicly available data sets and "
    "images scraped from the web",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Weights of the members of an artifact."""

    face: float = 1.0
    temporal: float = 0.07
    """Weight of the first temporal member: without context, as in photographs, it reads
    valence and expression worse than the frame-wise networks."""
    temporal_arousal: float = 0.5
    """Weight of the second temporal member, for arousal only."""
    appearance: float = 1.25
    """Weight of the image network, if there is one, for expression, valence and arousal."""


def open_artifact(parts: Parts) -> tuple[Manifest, dict[str, bytes]]:
    """Return manifest and networks of `open`."""
    return _artifact(
        "open",
        "Trained on generated faces alone, every part of documented provenance; "
        "measured on real photographs, see docs/accuracy.md.",
        parts,
        appearance=None,
    )


def default_artifact(parts: Parts, appearance: bytes) -> tuple[Manifest, dict[str, bytes]]:
    """Return manifest and networks of `default`.

    Args:
        parts: Networks of `open`.
        appearance: Output of `scripts/convert_faceapi_expression.py`.
    """
    return _artifact(
        "default",
        "`open` together with an expression network that looks at the picture (MIT; its "
        "training data are not documented); measured on real photographs, see "
        "docs/accuracy.md.",
        parts,
        appearance=appearance,
    )


def _artifact(
    name: str, summary: str, parts: Parts, *, appearance: bytes | None
) -> tuple[Manifest, dict[str, bytes]]:
    files = {"face.onnx": parts.face}
    files |= {f"temporal-{i}.onnx": one for i, one in enumerate(parts.temporal)}
    if appearance is not None:
        files[APPEARANCE_FILE] = appearance
        files["appearance.onnx"] = member_onnx(_appearance(), len(APPEARANCE_CLASSES) + 1)
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        name=name,
        version="2",
        summary=summary,
        license=LICENSE if appearance is None else f"{LICENSE} and {FACE_API.license}",
        sources=(parts.world, MEDIAPIPE, *([] if appearance is None else [FACE_API])),
        inputs=_inputs(appearance),
        members=_members(files, Weights()),
        predicts_valence=True,
        predicts_arousal=True,
        expression=ExpressionOutput(
            space=ABAW_EXPRESSIONS, predicted=ABAW_EXPRESSIONS.labels
        ),
        action_units=ActionUnitOutput(
            space=EXTENDED_ACTION_UNITS,
            predicted=EXTENDED_ACTION_UNITS.labels,
            intensity=True,
            intensity_note=INTENSITY_NOTE,
            sided=SIDED,
            excluded=EXCLUDED,
        ),
        window=AFFECT_WINDOW,
        rate_hz=parts.rate_hz,
        neutral=parts.neutral,
        calibration=Calibration(
            smoothing=SMOOTHING,
            expression_temperature=1.0 if appearance is None else EXPRESSION_TEMPERATURE,
            action_unit_thresholds=parts.thresholds,
            expression_margin=EXPRESSION_MARGIN,
        ),
    )
    check_manifest(name, manifest)
    return manifest, files


def _inputs(appearance: bytes | None) -> tuple[MeasuredInput | BackboneInput, ...]:
    measured = tuple(
        MeasuredInput(kind=kind, columns=COLUMNS[kind])  # type: ignore[arg-type]
        for kind in MEASURED
    )
    if appearance is None:
        return measured
    looks = BackboneInput(
        name=APPEARANCE,
        network=network_file(APPEARANCE_FILE, appearance),
        preprocess=APPEARANCE_PREPROCESS,
        feature_dim=len(APPEARANCE_CLASSES),
        license=FACE_API.license,
        source=FACE_API.name,
    )
    return (*measured, looks)


def _members(files: dict[str, bytes], weights: Weights) -> tuple[Member, ...]:
    both = (*AFFECT, Task.EXPRESSION)
    looks = (APPEARANCE, "neutral_confidence")
    rows = (
        ("face", weights.face, (*both, Task.ACTION_UNITS), MEASURED, FRAME_WISE),
        ("temporal-0", weights.temporal, both, UNIT_INPUTS, None),
        ("temporal-1", weights.temporal_arousal, (Task.AROUSAL,), UNIT_INPUTS, None),
        ("appearance", weights.appearance, both, looks, APPEARANCE_WINDOW),
    )
    return tuple(
        Member(
            network=network_file(f"{name}.onnx", files[f"{name}.onnx"]),
            weight=weight,
            tasks=tasks,
            inputs=inputs,
            window=window,
        )
        for name, weight, tasks, inputs, window in rows
        if f"{name}.onnx" in files
    )


def _appearance() -> AppearanceMember:
    known = {name: place for place, name in enumerate(APPEARANCE_CLASSES)}
    return AppearanceMember(
        [known.get(name) for name in EXPRESSIONS],
        torch.tensor([CENTERS[name][:2] for name in EXPRESSIONS]),
        temperature=TEMPERATURE,
        absent=OTHER_SHARE,
    )
