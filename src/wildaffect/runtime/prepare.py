"""Preparation of a network for compilation: checks, fixed shapes, pixels as input."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import openvino as ov
import openvino.opset13 as ops
from openvino.preprocess import PrePostProcessor

from wildaffect.core.preprocess import Preprocess

MAX_VALUES = 1 << 28
"""Maximum number of values of an array in a network, 1 GiB of float32."""

Shapes = tuple[tuple[int, tuple[int, ...]], ...]
"""Fixed input shapes by position."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """Normalization of uint8 pixels: (value - mean) / std."""

    mean: float
    std: float


def prepare(
    model: ov.Model, shapes: Shapes, scaling: Scaling | Preprocess | None
) -> ov.Model:
    """Return a network with fixed shapes and its scaling inside.

    Raises:
        RuntimeError: If an array in it is implausibly large, or a shape is not allowed.
    """
    _check_sizes(model)
    for place, shape in shapes:
        check_shape(model.input(place).partial_shape, shape)
    if shapes:
        model.reshape({place: list(shape) for place, shape in shapes})
    return _with_pixels_in(model, scaling) if scaling else model


def split_prelu(model: ov.Model) -> None:
    """Replace each PReLU by max(x, 0) + slope min(x, 0), which has the same values.

    OpenVINO's convolutions apply a PReLU per channel about as slowly as they convolve few
    channels: the mesh network takes a fifth longer with it.
    """
    for op in model.get_ordered_ops():
        if op.get_type_name() == "PRelu":
            x, slope = op.input_value(0), op.input_value(1)
            below = ops.multiply(ops.minimum(x, np.float32(0)), slope)
            split = ops.add(ops.relu(x), below).output(0)
            for reader in op.output(0).get_target_inputs():
                reader.replace_source_output(split)
    model.validate_nodes_and_infer_types()


def check_shape(allowed: ov.PartialShape, got: Sequence[int]) -> None:
    """Raise `RuntimeError` if an input may not have a shape."""
    if not allowed.compatible(ov.PartialShape(list(got))):
        raise RuntimeError(f"input must have shape {allowed}, got {tuple(got)}")


def last_width(shape: ov.PartialShape) -> int | None:
    """Return the length of the last axis, None if it is dynamic."""
    if shape.rank.is_dynamic or not len(shape) or shape[-1].is_dynamic:
        return None
    return int(shape[-1].get_length())


def _check_sizes(model: ov.Model) -> None:
    """Check that the arrays of a network have a plausible size."""
    for node in model.get_ordered_ops():
        for port in node.outputs():
            shape = port.partial_shape
            if shape.rank.is_dynamic:
                continue
            least = [max(axis.get_min_length(), 1) for axis in shape]  # one crop, one frame
            if math.prod(least) > MAX_VALUES:
                raise RuntimeError(
                    f"{node.get_friendly_name()[:60]} of shape {shape}, more than "
                    f"{MAX_VALUES:,} values"
                )
    for port in model.outputs:
        kind = port.element_type
        if not (kind.is_real() or kind.is_integral_number()):
            raise RuntimeError(f"an output of type {kind.get_type_name()}")


def _with_pixels_in(model: ov.Model, scaling: Scaling | Preprocess) -> ov.Model:
    steps = PrePostProcessor(model)
    first: Any = steps.input(0)
    first.tensor().set_element_type(ov.Type.u8)
    to_float = first.preprocess().convert_element_type(ov.Type.f32)
    match scaling:
        case Scaling():
            to_float.mean(scaling.mean).scale(scaling.std)
        case Preprocess():
            first.tensor().set_layout(ov.Layout("NHWC"))
            first.model().set_layout(ov.Layout("NCHW"))
            to_float.mean([255 * value for value in scaling.mean])
            to_float.scale([255 * value for value in scaling.std])
    return steps.build()
