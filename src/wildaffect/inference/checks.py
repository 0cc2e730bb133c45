"""What a manifest and its networks must hold, said before a frame is decoded."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import BadArtefact
from wildaffect.inference.manifest import (
    ActionUnitOutput,
    BackboneInput,
    ExpressionOutput,
    Manifest,
    MeasuredInput,
)
from wildaffect.runtime.network import Network

MEMBER_INPUTS = frozenset({"features", "lengths", "times_s"})


def check_manifest(where: str, manifest: Manifest) -> None:
    """Check what a manifest says against itself.

    Raises:
        BadArtefact: With the first contradiction.
    """
    for problem in _problems(manifest):
        raise BadArtefact(f"{where}: {problem}")


def num_features(manifest: Manifest) -> int:
    """Return the length of one row of features."""
    return sum(
        wanted.feature_dim if isinstance(wanted, BackboneInput) else len(wanted.columns)
        for wanted in manifest.inputs
    )


def check_backbone(where: str, wanted: BackboneInput, network: Network) -> None:
    """Show a backbone a black crop and compare what it says with the manifest.

    Raises:
        BadArtefact: If it does not map (1, C, S, S) to (1, D).
    """
    num_channels = 1 if wanted.preprocess.channels == "grey" else 3
    side = wanted.preprocess.size_px
    crop = np.zeros((1, num_channels, side, side), np.float32)
    outputs = _asked(where, network, crop)
    shapes = [output.shape for output in outputs]
    if shapes != [(1, wanted.feature_dim)]:
        raise BadArtefact(
            f"{where}: output must have shape (1, {wanted.feature_dim}) for a crop of "
            f"shape {crop.shape}, got {', '.join(map(str, shapes))}"
        )


def check_member(
    where: str, network: Network, manifest: Manifest, widths: dict[str, int]
) -> None:
    """Ask a member about made-up rows and compare what it says with the manifest.

    Args:
        where: Artefact and file.
        network: The member.
        manifest: Says how many features a row has and whether windows hold many rows.
        widths: Number of columns by output.

    Raises:
        BadArtefact: If inputs, outputs or their shapes differ.
    """
    unknown = set(network.input_names) - MEMBER_INPUTS
    if unknown or "features" not in network.input_names:
        raise BadArtefact(
            f"{where}: inputs must be features and, if used, lengths and times_s, "
            f"got {', '.join(network.input_names)}"
        )
    width = network.input_widths["features"]
    if width not in {None, num_features(manifest)}:
        raise BadArtefact(
            f"{where}: features must have {num_features(manifest)} columns, as the "
            f"manifest's inputs have together, got {width}"
        )
    missing = set(widths) - set(network.output_names)
    if missing:
        raise BadArtefact(
            f"{where}: outputs must name {', '.join(sorted(widths))}, "
            f"got {', '.join(network.output_names)}"
        )
    num_rows = 1 if manifest.window.is_frame_wise else 2
    inputs: dict[str, NDArray[Any]] = {
        "features": np.zeros((1, num_rows, num_features(manifest)), np.float32),
        "lengths": np.array([num_rows], np.int64),
        "times_s": np.arange(num_rows, dtype=np.float32)[None] / 30,
    }
    outputs = _asked(where, network, *(inputs[name] for name in network.input_names))
    for name, output in zip(network.output_names, outputs, strict=True):
        if name in widths and output.size != num_rows * widths[name]:
            raise BadArtefact(
                f"{where}: {name} must have {widths[name]} values for each of {num_rows} "
                f"rows, got shape {output.shape}"
            )


def _asked(
    where: str, network: Network, *inputs: NDArray[Any]
) -> tuple[NDArray[np.float32], ...]:
    try:
        return network(*inputs)
    except RuntimeError as error:
        shapes = ", ".join(str(value.shape) for value in inputs)
        raise BadArtefact(
            f"{where}: must accept inputs of shape {shapes}, got the refusal: "
            f"{str(error).strip().splitlines()[-1].strip()}"
        ) from error


def _problems(manifest: Manifest) -> Iterator[str]:
    if not manifest.inputs:
        yield "inputs must name at least one, got none"
    if not manifest.members:
        yield "members must hold at least one network, got none"
    for member in manifest.members:
        if not 0 < member.weight < float("inf"):
            yield f"weight of {member.network.file} must be positive, got {member.weight:g}"
    changes = [
        i.kind
        for i in manifest.inputs
        if isinstance(i, MeasuredInput) and i.kind.endswith("_change")
    ]
    if changes and manifest.neutral is None:
        yield f"neutral must be given for {changes[0]}, got none"
    smoothing = manifest.smoothing
    widths = (
        smoothing.valence_arousal_sd_s,
        smoothing.expression_sd_s,
        smoothing.action_units_sd_s,
    )
    if not all(0 <= width < float("inf") for width in widths):
        yield f"smoothing must be at least 0 s, got {min(widths):g} s"
    for output in (manifest.expression, manifest.action_units):
        if output:
            yield from _output_problems(output)


def _output_problems(output: ExpressionOutput | ActionUnitOutput) -> Iterator[str]:
    unknown = set(output.predicted) - set(output.space.labels)
    if unknown:
        yield (
            f"predicted must name labels of {output.space.name}, "
            f"got {', '.join(sorted(unknown))}"
        )
    if not output.predicted or len(set(output.predicted)) < len(output.predicted):
        yield (
            f"predicted must name labels of {output.space.name} once each and at least "
            f"one, got {', '.join(output.predicted) or 'none'}"
        )
    if not 0 < output.temperature < float("inf"):
        yield f"temperature must be positive, got {output.temperature:g}"
    num_labels = len(output.predicted)
    match output:
        case ExpressionOutput() if output.bias and len(output.bias) != num_labels:
            yield (
                f"bias must be one for each of {num_labels} classes, got {len(output.bias)}"
            )
        case ActionUnitOutput() if len(output.thresholds) != num_labels:
            yield (
                f"thresholds must be one for each of {num_labels} action units, "
                f"got {len(output.thresholds)}"
            )
