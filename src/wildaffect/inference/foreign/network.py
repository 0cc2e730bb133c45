"""A described network as a backbone: weight file to ONNX, from crops to all its outputs."""

from collections.abc import Callable
from pathlib import Path

from wildaffect.core.errors import BadWeights
from wildaffect.inference.artifact_files import MAX_NETWORK_BYTES
from wildaffect.inference.foreign.description import Description, OutputDescription
from wildaffect.runtime.face_api_to_onnx import MODEL, face_api_to_onnx
from wildaffect.runtime.onnx_check import BadOnnx, check_onnx
from wildaffect.runtime.onnx_ports import CropInput, Port, Ports, around, read_ports
from wildaffect.runtime.tflite_to_onnx import tflite_to_onnx

_NOT_READ = {
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".safetensors", ".pkl", ".bin"), "PyTorch"),
    **dict.fromkeys((".h5", ".hdf5", ".keras", ".pb"), "TensorFlow"),
}
"""Formats that hold code, or numbers without their network."""
_CONVERTERS: dict[str, Callable[[Path], bytes]] = {
    ".tflite": lambda file: tflite_to_onnx(str(file), file.read_bytes()),
    f"{MODEL}.bin": face_api_to_onnx,
    f"{MODEL}-shard1": face_api_to_onnx,
}
"""End of a file's name -> function that returns it as ONNX."""


def check_file(file: Path) -> None:
    """Check that a weight file is there, and of a format that is read.

    Raises:
        BadWeights: If it is not, with what to do.
    """
    if not file.is_file():
        raise BadWeights(f"no such file: {file}")
    framework = _NOT_READ.get(file.suffix.lower())
    if framework and _converter(file) is None:
        raise BadWeights(
            f"{file}: {framework} files are not read; export the network to ONNX where it "
            "was made, and add the .onnx file (docs/models.md)"
        )


def _converter(file: Path) -> Callable[[Path], bytes] | None:
    return next((c for end, c in _CONVERTERS.items() if file.name.endswith(end)), None)


def read_network(file: Path) -> bytes:
    """Return the network of a weight file as ONNX.

    Raises:
        BadWeights: If it cannot be read or is not safe, with what to do.
    """
    check_file(file)
    convert = _converter(file)
    try:
        if file.stat().st_size > MAX_NETWORK_BYTES:
            raise BadWeights(f"{file}: must have at most {MAX_NETWORK_BYTES:,} bytes")
        content = convert(file) if convert else file.read_bytes()
    except OSError as error:
        raise BadWeights(f"{file}: cannot be read: {error.strerror}") from None
    try:
        check_onnx(content)
    except BadOnnx as error:
        raise BadWeights(
            f"{file}: must be one self-contained ONNX file, got {error}"
        ) from None
    return content


def as_backbone(file: Path, content: bytes, description: Description) -> bytes:
    """Return the network from crops (B, C, S, S) to its used outputs side by side, (B, D).

    Raises:
        BadWeights: If its inputs or outputs are not those of the description.
    """
    try:
        ports = read_ports(content)
        described = description.input
        port = _input(file, ports, description)
        crops = CropInput(
            name=port.name,
            num_channels=1 if described.channels == "gray" else 3,
            size_px=described.size_px,
            is_nhwc=described.layout == "NHWC",
            repeats_gray=described.repeats_gray,
        )
        return around(content, crops, used_outputs(file, ports, description))
    except BadOnnx as error:
        raise BadWeights(f"{file}: must be ONNX that can be read, got {error}") from None


def used_outputs(file: Path, ports: Ports, description: Description) -> tuple[str, ...]:
    """Return the names of the outputs that predict something, in the network's order.

    Raises:
        BadWeights: If the network has others than the description.
    """
    names = [port.name for port in ports.outputs]
    by_name = columns_by_output(description)
    if set(by_name) == {""}:
        if len(names) != 1:
            raise BadWeights(
                f"{file}: has the outputs {', '.join(names)}; the description must name "
                "one for each of its outputs with `output`"
            )
        return (names[0],)
    missing = [
        name
        for name, outputs in by_name.items()
        if name not in names and any(output.task != "unused" for output in outputs)
    ]
    extra = [name for name in names if name not in by_name]
    if missing or extra:
        raise BadWeights(
            f"{file}: has the outputs {', '.join(names)}, the description "
            f"{', '.join(name or 'one without a name' for name in by_name)}; are these the "
            "weights it is for? Outputs that predict nothing are described as "
            "task = 'unused'"
        )
    return tuple(
        name for name in names if any(output.task != "unused" for output in by_name[name])
    )


def columns_by_output(description: Description) -> dict[str, list[OutputDescription]]:
    """Return the descriptions of each of the network's outputs, in order."""
    found: dict[str, list[OutputDescription]] = {}
    for output in description.outputs:
        found.setdefault(output.output, []).append(output)
    return found


def _input(file: Path, ports: Ports, description: Description) -> Port:
    """Return the network's input, compared with the description."""
    described = description.input
    names = ", ".join(port.name for port in ports.inputs)
    if len(ports.inputs) != 1:
        raise BadWeights(f"{file}: must have one input, the crop; it has {names or 'none'}")
    (port,) = ports.inputs
    if described.name and port.name != described.name:
        raise BadWeights(
            f"{file}: has the input {port.name}, the description {described.name}; are "
            "these the weights it is for?"
        )
    wanted = described.network_shape
    fits = len(port.shape) == 4 and all(
        size in {None, want} for size, want in zip(port.shape[1:], wanted, strict=True)
    )
    if not (fits and port.is_float32):
        kind = "float32 " if port.is_float32 else "another type than float32, "
        raise BadWeights(
            f"{file}: reads {kind}{_shown(port.shape)}, the description has "
            f"{_shown((None, *wanted))} ({described.layout}); correct size_px, channels or "
            "layout of its input, or choose the weights it is for"
        )
    return port


def _shown(shape: tuple[int | None, ...]) -> str:
    return f"({', '.join('B' if size is None else str(size) for size in shape)})"
