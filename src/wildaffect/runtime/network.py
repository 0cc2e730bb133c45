"""Compiled network with numpy inputs and outputs.

OpenVINO reads TFLite and ONNX files directly; docs/decisions.md explains the choice.
"""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino.preprocess import PrePostProcessor

from wildaffect.core.errors import BadArtifact, UsageError
from wildaffect.core.preprocess import Preprocess

MAX_VALUES = 1 << 28
"""Maximum number of values of an array in a network, 1 GiB of float32."""
MAX_KEPT = 24
"""Number of compiled networks that a process keeps; an analyzer has about ten."""
MAX_KEPT_BYTES = 4_000_000
"""Size of a network's file up to which it is kept compiled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Device, threads and precision of networks."""

    name: str = "CPU"
    """Name of the device in OpenVINO: `cpu`, `gpu`, `auto`; stored in upper case."""
    threads: int = 1
    """Threads per network call; decoding and detection use one more."""
    precision: Literal["f32", "bf16"] = "f32"
    """Precision of backbones, bf16 only after a parity check; face networks run in f32."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name.upper())
        if self.threads < 1:
            raise UsageError(f"device: threads must be at least 1, got {self.threads}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """Normalization of uint8 pixels: (value - mean) / std."""

    mean: float
    std: float


class Network:
    """One compiled network, with requests of its own.

    Networks of the same file, device and shapes share what is compiled, and run one after
    another if several threads use them.

    Args:
        source: A .tflite or .onnx file, or the bytes of an ONNX file.
        device: Device to run on.
        shapes: Fixed input shapes by position, for dynamic axes where a fixed size is
            faster.
        scaling: Makes the first input take uint8 pixels and normalizes them in the
            network; with a `Preprocess`, crops (B, S, S, C) instead of (B, C, S, S).

    Raises:
        BadArtifact: If the file cannot be read or the device is not available.
    """

    def __init__(
        self,
        source: Path | bytes,
        *,
        device: Device,
        shapes: Mapping[int, Sequence[int]] | None = None,
        scaling: Scaling | Preprocess | None = None,
    ) -> None:
        try:
            compiled = _compiled(source, device, _frozen(shapes or {}), scaling)
            self._request = compiled.model.create_infer_request()
        except (
            RuntimeError,
            MemoryError,
            OverflowError,
            UnicodeDecodeError,
            OSError,
        ) as error:
            name = "network" if isinstance(source, bytes) else source.name
            raise BadArtifact(
                f"{name}: must load on {device.name}, got: {_first_line(error)}"
            ) from error
        self.input_names, self.output_names = compiled.input_names, compiled.output_names
        self.input_widths = dict(zip(self.input_names, compiled.widths, strict=True))
        """Length of the last axis of each input, None if it is dynamic."""
        self._shapes = compiled.shapes

    def __call__(self, *inputs: NDArray[Any]) -> tuple[NDArray[np.float32], ...]:
        """Run the network; inputs and outputs in the order of the file.

        Raises:
            RuntimeError: If the shape of an input is not allowed.
        """
        _check_process()
        # OpenVINO itself reads beyond an input whose fixed axes do not fit.
        for value, shape in zip(inputs, self._shapes, strict=True):
            _check_shape(shape, value.shape)
        # By position: a list would make OpenVINO look up all inputs first, on every call.
        self._request.infer(
            {place: np.ascontiguousarray(value) for place, value in enumerate(inputs)}
        )
        return tuple(
            np.array(self._request.get_output_tensor(index).data)
            for index in range(len(self.output_names))
        )


_Shapes = tuple[tuple[int, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compiled:
    """A compiled network, which any number of requests may use, and its ports."""

    model: ov.CompiledModel
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    widths: tuple[int | None, ...]
    shapes: tuple[ov.PartialShape, ...]


def _frozen(shapes: Mapping[int, Sequence[int]]) -> _Shapes:
    return tuple((place, tuple(shape)) for place, shape in shapes.items())


def _compiled(
    source: Path | bytes,
    device: Device,
    shapes: _Shapes,
    scaling: Scaling | Preprocess | None,
) -> _Compiled:
    """Read and compile a network; small ones are kept for the next analyzer."""
    _check_process()
    content = source if isinstance(source, bytes) else source.read_bytes()
    file = None if isinstance(source, bytes) else source
    make = _kept if len(content) <= MAX_KEPT_BYTES else _kept.__wrapped__
    return make(file, content, device, shapes, scaling)


@lru_cache(maxsize=MAX_KEPT)
def _kept(
    file: Path | None,
    content: bytes,
    device: Device,
    shapes: _Shapes,
    scaling: Scaling | Preprocess | None,
) -> _Compiled:
    model = _runtime().read_model(file or BytesIO(content))
    _check_sizes(model)
    for place, shape in shapes:
        _check_shape(model.input(place).partial_shape, shape)
    if shapes:
        model.reshape({place: list(shape) for place, shape in shapes})
    if scaling:
        model = _with_pixels_in(model, scaling)
    return _Compiled(
        model=_compile(model, device),
        input_names=tuple(port.any_name for port in model.inputs),
        output_names=tuple(port.any_name for port in model.outputs),
        widths=tuple(map(_width, model.inputs)),
        shapes=tuple(port.partial_shape for port in model.inputs),
    )


def available_devices() -> tuple[str, ...]:
    """Return the available devices, such as `CPU`."""
    return tuple(_runtime().available_devices)


def describe_device(name: str) -> str:
    """Return the full name of a device."""
    return str(_runtime().get_property(name, "FULL_DEVICE_NAME"))


def supports_bf16(name: str) -> bool:
    """Return whether a device supports bfloat16 in hardware."""
    return "BF16" in _runtime().get_property(name, "OPTIMIZATION_CAPABILITIES")


def runtime_version() -> str:
    """Return name and version of the runtime."""
    return f"OpenVINO {ov.get_version()}"


def _runtime() -> ov.Core:
    _check_process()
    return _core()


def _check_process() -> None:
    """Raise `UsageError` in a fork of the process that started the runtime.

    The runtime's threads do not exist in the fork; waiting for them would never return.
    """
    if _started_in() != os.getpid():
        raise UsageError(
            "networks cannot run in a process that was forked after they were loaded; "
            "start workers with multiprocessing.get_context('spawn')"
        )


@cache
def _started_in() -> int:
    return os.getpid()


@cache
def _core() -> ov.Core:
    return ov.Core()


def _check_sizes(model: ov.Model) -> None:
    """Check that the arrays of a network have a plausible size."""
    for node in model.get_ordered_ops():
        for port in node.outputs():
            shape = port.partial_shape
            if shape.rank.is_dynamic:
                continue
            least = [axis.get_min_length() for axis in shape]
            if math.prod(least) > MAX_VALUES:
                raise RuntimeError(
                    f"{node.get_friendly_name()[:60]} of shape {shape}, more than "
                    f"{MAX_VALUES:,} values"
                )
    for port in model.outputs:
        kind = port.element_type
        if not (kind.is_real() or kind.is_integral_number()):
            raise RuntimeError(f"an output of type {kind.get_type_name()}")


def _check_shape(allowed: ov.PartialShape, got: Sequence[int]) -> None:
    if not allowed.compatible(ov.PartialShape(list(got))):
        raise RuntimeError(f"input must have shape {allowed}, got {tuple(got)}")


def _width(port: Any) -> int | None:
    shape = port.partial_shape
    if shape.rank.is_dynamic or not len(shape) or shape[-1].is_dynamic:
        return None
    return int(shape[-1].get_length())


def _compile(model: ov.Model, device: Device) -> ov.CompiledModel:
    settings: dict[str, Any] = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": device.precision,
    }
    if device.name == "CPU":
        settings["INFERENCE_NUM_THREADS"] = device.threads
        settings["ENABLE_CPU_PINNING"] = False
    return _runtime().compile_model(model, device.name, settings)


def _with_pixels_in(model: ov.Model, scaling: Scaling | Preprocess) -> ov.Model:
    steps = PrePostProcessor(model)
    first = steps.input(0)
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


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
