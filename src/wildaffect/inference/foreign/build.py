"""Artifact of a described network, checked by running it."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import BadArtifact, BadWeights
from wildaffect.core.scales import NO_SCALES, Scale, ScaleSpace
from wildaffect.core.tasks import (
    ABAW_ACTION_UNITS,
    ABAW_EXPRESSIONS,
    EXTENDED_ACTION_UNITS,
    LabelSpace,
    Task,
)
from wildaffect.core.windows import FRAME_WISE, CausalWindow
from wildaffect.features.embedding import NETWORK_BATCH, Embedder
from wildaffect.formats.labels import AFFECTNET_EXPRESSIONS
from wildaffect.inference.artifact import Artifact, network_file
from wildaffect.inference.calibration import Calibration
from wildaffect.inference.checks import check_manifest
from wildaffect.inference.foreign.description import (
    Description,
    OutputDescription,
)
from wildaffect.inference.foreign.heads import heads_onnx
from wildaffect.inference.foreign.network import (
    as_backbone,
    columns_by_output,
    read_network,
)
from wildaffect.inference.inputs import Inputs
from wildaffect.inference.manifest import (
    FORMAT_VERSION,
    ActionUnitOutput,
    BackboneInput,
    DataSource,
    ExpressionOutput,
    Manifest,
    Member,
)
from wildaffect.inference.model import Model
from wildaffect.inference.smoothing import CausalExponential, Smoothing
from wildaffect.runtime.network import Device
from wildaffect.runtime.onnx_ports import read_ports

NETWORK, HEADS = "network.onnx", "heads.onnx"
SUM_TOLERANCE = 1e-3
"""Maximum difference of the sum of probabilities from 1."""
BATCH_TOLERANCE = 1e-3
"""Maximum difference between outputs for crops together and one at a time."""
_SPACES = {
    Task.EXPRESSION: (ABAW_EXPRESSIONS, AFFECTNET_EXPRESSIONS),
    Task.ACTION_UNITS: (ABAW_ACTION_UNITS, EXTENDED_ACTION_UNITS),
}
"""Label spaces for described labels; the first that has them all is used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Used outputs of a network, side by side."""

    placed: tuple[tuple[int, OutputDescription], ...]
    """First column of each described output."""
    width: int


def build_artifact(file: Path, name: str, description: Description) -> Artifact:
    """Return the artifact of a weight file; it has no digest until it is written.

    Raises:
        BadWeights: If the file is not what the description says, with what to do.
    """
    content = read_network(file)
    backbone = as_backbone(file, content, description)
    names = [port.name for port in read_ports(content).outputs]
    preprocess = description.input.as_preprocess()
    try:
        alone = Embedder(backbone, preprocess, Device(), batch=1)
        crops = _test_crops(description)
        outputs = alone.embed(crops)
    except (BadArtifact, RuntimeError) as error:
        raise BadWeights(f"{file}: cannot be run: {_last_line(error)}") from error
    columns = _columns(file, names, description, outputs.shape[1])
    _check_values(file, columns, outputs)
    heads = heads_onnx(
        [each for each in columns.placed if each[1].task != "unused"], columns.width
    )
    looks = BackboneInput(
        name="network",
        network=network_file(NETWORK, backbone),
        preprocess=preprocess,
        feature_dim=columns.width,
        weights_sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        license=description.license,
        source=description.source,
        one_by_one=not _runs_in_batches(backbone, description, crops, outputs),
    )
    manifest = _manifest(name, description, looks, heads)
    artifact = Artifact(manifest, {NETWORK: backbone, HEADS: heads}, digest="")
    try:
        check_manifest(name, manifest)
        Inputs(artifact, Device())
        Model(artifact, Device())
    except BadArtifact as error:
        raise BadWeights(f"{file}: {error}") from error
    return artifact


def _manifest(
    name: str, description: Description, looks: BackboneInput, heads: bytes
) -> Manifest:
    expression = description.find(Task.EXPRESSION)
    units = description.find(Task.ACTION_UNITS)
    step_s = 2 / description.rate_hz if description.rate_hz else 0.0
    return Manifest(
        format_version=FORMAT_VERSION,
        name=name,
        version=looks.weights_sha256[:12],
        summary=f"{description.title}, added from a file by its user.",
        license=description.license,
        sources=(
            DataSource(
                name=description.title,
                license=description.license,
                note=f"trained on: {description.training_data}",
            ),
        ),
        inputs=(looks,),
        members=(Member(network=network_file(HEADS, heads)),),
        predicts_valence=description.find(Task.VALENCE) is not None,
        predicts_arousal=description.find(Task.AROUSAL) is not None,
        expression=ExpressionOutput(
            space=_space(expression), predicted=expression.predicted
        )
        if expression
        else None,
        action_units=ActionUnitOutput(space=_space(units), predicted=units.predicted)
        if units
        else None,
        dimensions=_scales(name, description.find(Task.DIMENSIONS)),
        intensities=_scales(name, description.find(Task.INTENSITIES)),
        window=CausalWindow(length_s=step_s, delay_s=0.0, max_gap_s=step_s)
        if step_s
        else FRAME_WISE,
        rate_hz=description.rate_hz,
        calibration=Calibration(
            smoothing=_smoothing(description),
            expression_temperature=expression.temperature if expression else 1.0,
            action_units_temperature=units.temperature if units else 1.0,
            action_unit_thresholds=units.thresholds if units else (),
        ),
    )


def _space(output: OutputDescription) -> LabelSpace:
    """Return the label space of an output.

    Raises:
        BadWeights: If tables do not know a label, and the description names no space.
    """
    if output.space:
        return LabelSpace(name=output.space, labels=output.predicted)
    spaces = _SPACES[Task(output.task)]
    for space in spaces:
        if set(output.predicted) <= set(space.labels):
            return space
    known = sorted({label for space in spaces for label in space.labels})
    unknown = [label for label in output.predicted if label not in known]
    raise BadWeights(
        f"description: labels of {output.task} must be among {', '.join(known)}, got "
        f"{', '.join(unknown) or 'more than one space has'}; for others, name a label "
        "`space` of your own"
    )


def _scales(name: str, output: OutputDescription | None) -> ScaleSpace:
    """Return the scales of an output; none where there is none.

    Raises:
        BadWeights: If a label cannot be the name of a scale.
    """
    if output is None:
        return NO_SCALES
    low, high = output.range
    try:
        scales = tuple(Scale(label=label, low=low, high=high) for label in output.predicted)
    except ValueError as error:
        raise BadWeights(f"description: {output.task}: {error}") from None
    return ScaleSpace(name=f"{name}-{output.task}", scales=scales)


def _smoothing(description: Description) -> Smoothing:
    """Return the smoothing of the tasks that are predicted."""
    return Smoothing(
        **{
            task: CausalExponential(time_constant_s=time_constant_s)
            for task, time_constant_s in asdict(description.smoothing).items()
            if time_constant_s and description.find(task)
        }
    )


def _columns(
    file: Path, names: Sequence[str], description: Description, width: int
) -> Columns:
    """Return where each described output begins, compared with the network's width."""
    by_output = columns_by_output(description)
    placed, place = [], 0
    for name in by_output if set(by_output) == {""} else names:
        if all(output.task == "unused" for output in by_output[name]):
            continue
        for output in by_output[name]:
            placed.append((place, output))
            place += output.num_columns
    if place != width:
        parts = ", ".join(f"{o.task} {o.num_columns}" for _, o in placed)
        raise BadWeights(
            f"{file}: gives {width} numbers a face, the description has {place} ({parts}); "
            "are these the weights it is for?"
        )
    return Columns(placed=tuple(placed), width=width)


def _test_crops(description: Description) -> list[NDArray[np.uint8]]:
    """Return a batch of crops of noise at several brightnesses, black first."""
    preprocess = description.input.as_preprocess()
    rng = np.random.default_rng(0)
    shape = (preprocess.size_px, preprocess.size_px, len(preprocess.mean))
    levels = np.linspace(0, 255, NETWORK_BATCH).astype(int)
    return [rng.integers(0, level + 1, shape, dtype=np.uint8) for level in levels]


def _check_values(file: Path, columns: Columns, outputs: NDArray[np.float32]) -> None:
    """Compare the outputs for the test crops with what the description calls them."""
    if not np.isfinite(outputs).all():
        raise BadWeights(
            f"{file}: gives numbers that are not finite; check white, mean and std of the "
            "description's input"
        )
    for first, output in columns.placed:
        values = outputs[:, first : first + output.num_columns]
        within = bool(((values >= -SUM_TOLERANCE) & (values <= 1 + SUM_TOLERANCE)).all())
        sums = bool(np.abs(values.sum(1) - 1).max() <= SUM_TOLERANCE)
        is_class = output.task == "expression"
        if output.values == "probabilities" and not (within and (sums or not is_class)):
            raise BadWeights(
                f"{file}: {output.task} are no probabilities: a face has "
                f"{values.min():.3g} to {values.max():.3g}, in all "
                f"{values.sum(1).max():.3g}; describe them as values = 'logits'"
            )
        if output.values == "logits" and is_class and within and sums:
            raise BadWeights(
                f"{file}: {output.task} add up to 1 for every face and are no logits; "
                "describe them as values = 'probabilities'"
            )


def _runs_in_batches(
    backbone: bytes,
    description: Description,
    crops: Sequence[NDArray[np.uint8]],
    wanted: NDArray[np.float32],
) -> bool:
    """Return whether several crops at once give what each gives alone."""
    try:
        together = Embedder(backbone, description.input.as_preprocess(), Device())
        outputs = together.embed(crops)
    except (BadArtifact, RuntimeError):
        return False
    scale = max(float(np.abs(wanted).max()), 1.0)
    same_shape = outputs.shape == wanted.shape
    return same_shape and bool(np.abs(outputs - wanted).max() <= BATCH_TOLERANCE * scale)


def _last_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1].strip()
