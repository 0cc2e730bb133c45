"""The expression network of face-api as ONNX says what the package itself says."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from wildaffect.faces.crop import normalize
from wildaffect.features.embedding import Embedder
from wildaffect.inference.artifact import EMBEDDED
from wildaffect.runtime.network import Device, Network

torch = pytest.importorskip("torch")
functional = torch.nn.functional
TESTS = Path(__file__).parents[1]
GOLDEN = TESTS / "golden" / "faceapi"
FILE = "faceapi_expression.onnx"
CHANNELS = (32, 64, 128, 256)


def load_module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def converter():
    return load_module(TESTS.parent / "scripts" / "convert_faceapi_expression.py")


def tensor_shapes():
    """Name to shape of every weight, as in the package's file."""
    before = 3
    for block, channels in enumerate(CHANNELS):
        for layer in range(4):
            name = f"dense{block}/conv{layer}"
            if (block, layer) == (0, 0):
                yield f"{name}/filters", (3, 3, 3, channels)
            else:
                yield f"{name}/depthwise_filter", (3, 3, before, 1)
                yield f"{name}/pointwise_filter", (1, 1, before, channels)
            yield f"{name}/bias", (channels,)
            before = channels
    yield "fc/weights", (256, 7)
    yield "fc/bias", (7,)


@pytest.fixture
def invented(tmp_path):
    """Random weights in the package's format, and their float32 values by name."""
    rng = np.random.default_rng(5)
    entries, parts, values = [], [], {}
    for name, shape in tensor_shapes():
        entry = {"name": name, "shape": list(shape), "dtype": "float32"}
        if len(shape) == 1:
            values[name] = rng.normal(size=shape).astype(np.float32)
            parts.append(values[name].tobytes())
        else:
            fan_in = shape[0] * shape[1] * (1 if "depthwise" in name else shape[-2])
            scale, zero = 3.4 / fan_in**0.5 / 255, int(rng.integers(110, 140))
            steps = rng.integers(0, 256, shape, dtype=np.uint8)
            entry["quantization"] = {"dtype": "uint8", "scale": scale, "min": -zero * scale}
            values[name] = (steps * scale - zero * scale).astype(np.float32)
            parts.append(steps.tobytes())
        entries.append(entry)
    group = [{"weights": entries, "paths": ["weights.bin"]}]
    manifest = tmp_path / "face_expression_model-weights_manifest.json"
    manifest.write_text(json.dumps(group))
    (tmp_path / "weights.bin").write_bytes(b"".join(parts))
    return tmp_path, values


def reference(values, crops):
    """Logits by the package's layers, in torch: padding is TensorFlow's "same"."""
    weights = {name: torch.from_numpy(value) for name, value in values.items()}

    def layer(inputs, name, stride):
        pad = (0, 1, 0, 1) if stride == 2 else (1, 1, 1, 1)
        inputs = functional.pad(inputs, pad)
        bias = weights[f"{name}/bias"]
        if f"{name}/filters" in weights:
            kernel = weights[f"{name}/filters"].permute(3, 2, 0, 1)
            return functional.conv2d(inputs, kernel, bias, stride)
        kernel = weights[f"{name}/depthwise_filter"].permute(2, 3, 0, 1)
        each = functional.conv2d(inputs, kernel, stride=stride, groups=len(kernel))
        kernel = weights[f"{name}/pointwise_filter"].permute(3, 2, 0, 1)
        return functional.conv2d(each, kernel, bias)

    out = torch.from_numpy(crops)
    for block in range(4):
        first = functional.relu(layer(out, f"dense{block}/conv0", 2))
        second = layer(first, f"dense{block}/conv1", 1)
        third = layer(functional.relu(first + second), f"dense{block}/conv2", 1)
        total = first + second + third
        fourth = layer(functional.relu(total), f"dense{block}/conv3", 1)
        out = functional.relu(total + fourth)
    return (out.mean((2, 3)) @ weights["fc/weights"] + weights["fc/bias"]).numpy()


def test_a_converted_file_computes_the_layers_of_the_package(converter, invented):
    folder, values = invented
    file = converter.build_network(converter.read_weights(folder))
    pixels = np.random.default_rng(1).integers(0, 256, (2, 112, 112, 3), dtype=np.uint8)
    crops = normalize(pixels, converter.PREPROCESS)
    wanted = reference(values, crops)
    assert np.abs(wanted).max() > 0.5
    (logits,) = Network(file, device=Device())(crops)
    np.testing.assert_allclose(logits, wanted, atol=1e-4, rtol=1e-4)


def test_the_same_weights_give_the_same_small_file(converter, invented):
    folder, _ = invented
    first, second = (
        converter.build_network(converter.read_weights(folder)) for _ in range(2)
    )
    assert first == second
    assert len(first) < 450_000


def test_weights_that_are_cut_short_or_too_long_are_refused(converter, invented):
    folder, _ = invented
    path = folder / "weights.bin"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ValueError, match="weights must fill"):
        converter.read_weights(folder)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="buffer"):
        converter.read_weights(folder)


@pytest.mark.golden
def test_the_embedded_network_gives_the_logits_of_the_package(converter):
    paths = sorted(EMBEDDED.rglob(FILE))
    assert paths
    golden = json.loads((GOLDEN / "expression.json").read_text())
    crops = load_module(GOLDEN / "crops.py").golden_crops()
    for path in paths:
        logits = Embedder(path.read_bytes(), converter.PREPROCESS, Device()).embed(crops)
        np.testing.assert_allclose(logits, golden["logits"], atol=1e-4)
