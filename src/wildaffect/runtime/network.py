"""Compiled network (OpenVINO, see docs/decisions.md) with numpy inputs and outputs."""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from wildaffect.core.errors import BadArtifact, UsageError
from wildaffect.core.preprocess import Preprocess
from wildaffect.runtime.compiled_cache import entry_name, loading, read_entry, write_entry
from wildaffect.runtime.prepare import (
    Scaling,
    Shapes,
    check_shape,
    last_width,
    prepare,
    split_prelu,
)

MAX_KEPT = 24
"""Number of compiled networks that a process keeps; an analyzer has about ten."""
MAX_KEPT_BYTES = 4_000_000
"""Size of a network's file up to which it is kept compiled, also in the user's cache."""
_UNREADABLE = (RuntimeError, MemoryError, OverflowError, UnicodeDecodeError, OSError)
_STEPS = 1
"""Version of the steps before compilation; a change leaves older entries of the cache."""


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
        except _UNREADABLE as error:
            name = "network" if isinstance(source, bytes) else source.name
            raise BadArtifact(
                f"{name}: must load on {device.name}, got: {_first_line(error)}"
            ) from error
        self.input_names, self.output_names = compiled.input_names, compiled.output_names
        self.input_widths = dict(
            zip(self.input_names, map(last_width, compiled.shapes), strict=True)
        )
        """Length of the last axis of each input, None if it is dynamic."""
        self._shapes = compiled.shapes
        self._buffers = [
            self._request.get_input_tensor(place).data if shape.is_static else None
            for place, shape in enumerate(compiled.shapes)
        ]
        """Memory of each input of the request in its last shape; None if it is dynamic and
        was not used."""

    def __call__(self, *inputs: NDArray[Any]) -> tuple[NDArray[np.float32], ...]:
        """Run the network; inputs and outputs in the order of the file.

        Raises:
            RuntimeError: If the shape of an input is not allowed.
        """
        _check_process()
        others = self._to_set(inputs)
        self._request.infer(others or None, share_outputs=True)
        for place in others:
            self._buffers[place] = self._request.get_input_tensor(place).data
        return tuple(
            np.array(self._request.get_output_tensor(index).data)
            for index in range(len(self.output_names))
        )

    def _to_set(self, inputs: Sequence[NDArray[Any]]) -> dict[int, NDArray[Any]]:
        """Copy inputs to the request, and return those that it has to convert or resize.

        OpenVINO takes about 30 microseconds longer to find out what to do with an array.
        """
        others: dict[int, NDArray[Any]] = {}
        for place, (value, buffer) in enumerate(zip(inputs, self._buffers, strict=True)):
            if buffer is None or buffer.shape != value.shape or buffer.dtype != value.dtype:
                # OpenVINO itself reads beyond an input whose fixed axes do not fit.
                check_shape(self._shapes[place], value.shape)
                others[place] = np.ascontiguousarray(value)
            else:
                np.copyto(buffer, value)
        return others


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compiled:
    """A compiled network, which any number of requests may use, and its ports."""

    model: ov.CompiledModel
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    shapes: tuple[ov.PartialShape, ...]


def _frozen(shapes: Mapping[int, Sequence[int]]) -> Shapes:
    return tuple((place, tuple(shape)) for place, shape in shapes.items())


def _compiled(
    source: Path | bytes,
    device: Device,
    shapes: Shapes,
    scaling: Scaling | Preprocess | None,
) -> _Compiled:
    """Read and compile a network; small ones are kept for the next analyzer."""
    _check_process()
    content = source if isinstance(source, bytes) else source.read_bytes()
    file = None if isinstance(source, bytes) else source
    if len(content) > MAX_KEPT_BYTES:
        return _kept.__wrapped__(file, content, device, shapes, scaling)
    with loading:
        return _kept(file, content, device, shapes, scaling)


@lru_cache(maxsize=MAX_KEPT)
def _kept(
    file: Path | None,
    content: bytes,
    device: Device,
    shapes: Shapes,
    scaling: Scaling | Preprocess | None,
) -> _Compiled:
    if not _is_cacheable(file, content, device):
        return _new(file, content, device, shapes, scaling)
    entry = entry_name(
        content, f"{_STEPS} {_processor()} {device.precision} {shapes} {scaling}"
    )
    stored = read_entry(entry)
    if stored:
        with suppress(RuntimeError, ValueError, TypeError, KeyError):  # compile it again
            return _from_bytes(stored, device)
    made = _new(file, content, device, shapes, scaling)
    write_entry(entry, _to_bytes(made))
    return made


def _is_cacheable(file: Path | None, content: bytes, device: Device) -> bool:
    is_whole = file is None or file.suffix == ".tflite"  # ONNX files may refer to others
    return is_whole and device.name == "CPU" and len(content) <= MAX_KEPT_BYTES


def _new(
    file: Path | None,
    content: bytes,
    device: Device,
    shapes: Shapes,
    scaling: Scaling | Preprocess | None,
) -> _Compiled:
    model = _runtime().read_model(file or BytesIO(content))
    model = prepare(model, shapes, scaling)
    if file and file.suffix == ".tflite":
        split_prelu(model)
    return _Compiled(
        model=_runtime().compile_model(model, device.name, _settings(device)),
        input_names=tuple(port.any_name for port in model.inputs),
        output_names=tuple(port.any_name for port in model.outputs),
        shapes=tuple(port.partial_shape for port in model.inputs),
    )


def _to_bytes(compiled: _Compiled) -> bytes:
    """Return a compiled network as an entry of the cache."""
    exported = BytesIO()
    compiled.model.export_model(exported)
    # A port has several names, whose order is lost.
    ports = [compiled.input_names, compiled.output_names, [*map(str, compiled.shapes)]]
    return json.dumps(ports).encode() + b"\n" + exported.getvalue()


def _from_bytes(entry: bytes, device: Device) -> _Compiled:
    """Return a compiled network; results are the same, bit for bit."""
    ports, _, exported = entry.partition(b"\n")
    input_names, output_names, shapes = json.loads(ports)
    return _Compiled(
        model=_runtime().import_model(exported, device.name, _settings(device)),
        input_names=tuple(input_names),
        output_names=tuple(output_names),
        shapes=tuple(map(ov.PartialShape, shapes)),
    )


@cache
def _processor() -> str:
    """Return what a compiled network depends on besides the network itself."""
    able = _runtime().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return f"{runtime_version()} {describe_device('CPU')} {sorted(able)}"


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


def _settings(device: Device) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": device.precision,
    }
    if device.name == "CPU":
        settings["INFERENCE_NUM_THREADS"] = device.threads
        settings["ENABLE_CPU_PINNING"] = False
    return settings


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
