"""Checks of a manifest and its networks, run before a frame is decoded."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import BadArtifact
from wildaffect.core.tasks import Task
from wildaffect.inference.limits import limit_problems
from wildaffect.inference.manifest import (
    AGAINST_NEUTRAL,
    ActionUnitOutput,
    BackboneInput,
    ExpressionOutput,
    Manifest,
    MeasuredInput,
    Member,
)

EmbedCrops = Callable[[Sequence[NDArray[np.uint8]]], NDArray[np.float32]]
"""Unnormalized crops (S, S, C) -> features (N, D)."""


class MemberNetwork(Protocol):
    """Network of one ensemble member: a compiled file or a replacement."""

    @property
    def input_names(self) -> tuple[str, ...]:
        """Names of its inputs, in order."""
        ...

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of its outputs, in order."""
        ...

    @property
    def input_widths(self) -> Mapping[str, int | None]:
        """Length of the last axis of each input, None if dynamic."""
        ...

    def __call__(self, *inputs: NDArray[Any]) -> tuple[NDArray[np.float32], ...]:
        """Run the network; inputs and outputs are in its order."""
        ...


MEMBER_INPUTS = frozenset({"features", "lengths", "times_s"})
MIN_GAP_STEPS = 2.0
"""Minimum gap, in steps of `rate_hz`: kept rows are less than two steps apart in a video of
a higher rate; if that were a gap, no window would have two of them."""


def check_manifest(where: str, manifest: Manifest) -> None:
    """Check a manifest for contradictions.

    Raises:
        BadArtifact: On the first contradiction.
    """
    for problem in _problems(manifest):
        raise BadArtifact(f"{where}: {problem}")


def check_backbone(where: str, wanted: BackboneInput, embed: EmbedCrops) -> None:
    """Run a backbone on two black crops and compare its outputs with the manifest.

    Raises:
        BadArtifact: If the output does not have shape (2, D).
    """
    num_channels = 1 if wanted.preprocess.channels == "gray" else 3
    side = wanted.preprocess.size_px
    shape = embed([np.zeros((side, side, num_channels), np.uint8)] * 2).shape
    if shape != (2, wanted.feature_dim):
        raise BadArtifact(
            f"{where}: output must have shape (2, {wanted.feature_dim}) for two crops of "
            f"{side} px, got {shape}"
        )


def check_member(
    where: str,
    network: MemberNetwork,
    widths: Mapping[str, int],
    *,
    row_width: int,
    num_rows: int,
) -> None:
    """Run a member on synthetic rows and compare its outputs with the manifest.

    Args:
        where: Artifact and file.
        network: The member.
        widths: Number of columns by output.
        row_width: Features of a row.
        num_rows: Length of the test window; 1 for a model of single rows.

    Raises:
        BadArtifact: If inputs, outputs or their shapes differ.
    """
    unknown = set(network.input_names) - MEMBER_INPUTS
    if unknown or "features" not in network.input_names:
        raise BadArtifact(
            f"{where}: inputs must be features and, if used, lengths and times_s, "
            f"got {', '.join(network.input_names)}"
        )
    width = network.input_widths["features"]
    if width not in {None, row_width}:
        raise BadArtifact(
            f"{where}: features must have {row_width} columns, as the "
            f"manifest's inputs that it reads have together, got {width}"
        )
    missing = set(widths) - set(network.output_names)
    if missing:
        raise BadArtifact(
            f"{where}: outputs must name {', '.join(sorted(widths))}, "
            f"got {', '.join(network.output_names)}"
        )
    inputs: dict[str, NDArray[Any]] = {
        "features": np.zeros((1, num_rows, row_width), np.float32),
        "lengths": np.array([num_rows], np.int64),
        "times_s": np.arange(num_rows, dtype=np.float32)[None] / 30,
    }
    outputs = _run(where, network, *(inputs[name] for name in network.input_names))
    for name, output in zip(network.output_names, outputs, strict=True):
        if name in widths and output.size != num_rows * widths[name]:
            raise BadArtifact(
                f"{where}: {name} must have {widths[name]} values for each of {num_rows} "
                f"rows, got shape {output.shape}"
            )


def _run(
    where: str, network: MemberNetwork, *inputs: NDArray[Any]
) -> tuple[NDArray[np.float32], ...]:
    try:
        return network(*inputs)
    except RuntimeError as error:
        shapes = ", ".join(str(value.shape) for value in inputs)
        raise BadArtifact(
            f"{where}: must accept inputs of shape {shapes}, got the refusal: "
            f"{str(error).strip().splitlines()[-1].strip()}"
        ) from error


def _problems(manifest: Manifest) -> Iterator[str]:
    if not manifest.inputs:
        yield "inputs must name at least one, got none"
    yield from _input_problems(manifest)
    yield from _member_problems(manifest)
    yield from _rate_problems(manifest)
    yield from limit_problems(manifest)
    changes = [
        i.kind
        for i in manifest.inputs
        if isinstance(i, MeasuredInput) and i.kind in AGAINST_NEUTRAL
    ]
    if changes and manifest.neutral is None:
        yield f"neutral must be given for {changes[0]}, got none"
    calibration = manifest.calibration
    yield from _output_problems(
        manifest.expression, "expression_bias", calibration.expression_bias
    )
    yield from _output_problems(
        manifest.action_units, "action_unit_thresholds", calibration.action_unit_thresholds
    )
    yield from _action_unit_problems(manifest.action_units)
    yield from _scale_problems(manifest)


def _input_problems(manifest: Manifest) -> Iterator[str]:
    keys = [item.key for item in manifest.inputs]
    twice = [key for key in keys if keys.count(key) > 1]
    if twice:
        yield f"inputs must be named once each, got {twice[0]} twice"
    for member in manifest.members:
        if member.inputs is None:
            continue
        named = set(member.inputs)
        if not named or len(named) < len(member.inputs) or not named <= set(keys):
            yield (
                f"inputs of {member.network.file} must be some of the manifest's "
                f"({', '.join(keys)}), each once, got {', '.join(member.inputs) or 'none'}"
            )


def _member_problems(manifest: Manifest) -> Iterator[str]:
    if not manifest.members:
        yield "members must hold at least one network, got none"
    for member in manifest.members:
        for task in member.rescaled:
            if task not in {Task.VALENCE, Task.AROUSAL}:
                yield (
                    f"rescaled of {member.network.file} must be of valence or arousal, "
                    f"got {task}"
                )
        yield from _task_problems(manifest, member)
    for task in manifest.tasks:
        if manifest.members and not manifest.num_predicting(task):
            yield f"{task} must be predicted by a member, got it from none"


def _task_problems(manifest: Manifest, member: Member) -> Iterator[str]:
    if member.tasks is None:
        return
    known, named = manifest.tasks, member.tasks
    if not named or len(set(named)) < len(named) or not set(named) <= set(known):
        yield (
            f"tasks of {member.network.file} must be some of those predicted "
            f"({', '.join(known)}), each once, got {', '.join(named) or 'none'}"
        )
    for task in member.rescaled:
        if task not in named:
            yield (
                f"rescaled of {member.network.file} must be of its tasks "
                f"({', '.join(named)}), got {task}"
            )


def _rate_problems(manifest: Manifest) -> Iterator[str]:
    rate_hz = manifest.rate_hz
    if rate_hz is None:
        return
    windows = [manifest.window_of(member) for member in manifest.members]
    temporal = [window for window in windows if not window.is_frame_wise]
    for window in temporal or windows:  # single rows have no rate
        if window.max_gap_s * rate_hz < MIN_GAP_STEPS - 1e-6:
            yield (
                f"max_gap_s of the window must be at least {MIN_GAP_STEPS / rate_hz:g} s, "
                f"two steps of rate_hz={rate_hz:g}, got {window.max_gap_s:g} s"
            )


def _output_problems(
    output: ExpressionOutput | ActionUnitOutput | None,
    name: str,
    given: tuple[float, ...],
) -> Iterator[str]:
    """Compare the labels of an output with those of the calibration."""
    predicted = output.predicted if output else ()
    if output:
        space = output.space
        unknown = set(predicted) - set(space.labels)
        if unknown:
            yield (
                f"predicted must name labels of {space.name}, "
                f"got {', '.join(sorted(unknown))}"
            )
        if not predicted or len(set(predicted)) < len(predicted):
            yield (
                f"predicted must name labels of {space.name} once each and at least "
                f"one, got {', '.join(predicted) or 'none'}"
            )
    if given and len(given) != len(predicted):
        yield (
            f"calibration: {name} must be one for each of {len(predicted)} labels "
            f"predicted, got {len(given)}"
        )


def _action_unit_problems(output: ActionUnitOutput | None) -> Iterator[str]:
    if output is None:
        return
    for pair in output.excluded:
        if len(set(pair)) < 2 or not set(pair) <= set(output.predicted):
            yield (
                "excluded must be pairs of two action units that are predicted "
                f"({', '.join(output.predicted)}), got {' and '.join(pair)}"
            )
    sided = set(output.sided)
    if len(sided) < len(output.sided) or not sided <= set(output.predicted):
        yield (
            "sided must name action units that are predicted "
            f"({', '.join(output.predicted)}), each once, got {', '.join(output.sided)}"
        )
    if output.sided and not output.intensity:
        yield "sided must stand with intensity, got intensity false"
    if output.intensity_note and not output.intensity:
        yield "intensity_note must stand with intensity, got intensity false"


def _scale_problems(manifest: Manifest) -> Iterator[str]:
    """Find ratings and intensities whose column would be another output's as well."""
    own = (*manifest.dimensions.labels, *manifest.intensities.labels)
    taken = {Task.VALENCE.value, Task.AROUSAL.value}
    units = manifest.action_units
    if units:
        taken.update(units.space.labels)
        sides = [f"{label}_{side}" for label in units.sided for side in ("left", "right")]
        taken.update(sides)
    if units and units.intensity:
        taken.update(f"{label}_intensity" for label in units.space.labels)
    for label in own:
        if label in taken or own.count(label) > 1:
            yield (
                "dimensions and intensities must have names that no other output has, got "
                f"{label} twice; rename it, or leave one of the two out"
            )
