"""Networks with random weights in the layouts of published ones."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from wildaffect.runtime.onnx_writer import OnnxGraph


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path, monkeypatch):
    """Keep added models away from those of whoever runs the tests."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def write_network(
    shape: tuple[int, int, int],
    outputs: Mapping[str, int],
    *,
    is_nhwc: bool = False,
    batch: int | None = None,
    activation: str = "",
    seed: int = 0,
) -> bytes:
    """Return a convolution, the mean over pixels and a linear layer for each output.

    Args:
        shape: Shape of a crop, without the batch.
        outputs: Name and width of each output.
        is_nhwc: True if the shape is (S, S, C).
        batch: 1 for a network that takes one crop at a time; None for any number.
        activation: Operator after the linear layer, such as Softmax.
        seed: Random seed of the weights.
    """
    rng = np.random.default_rng(seed)
    channels = shape[2] if is_nhwc else shape[0]
    graph = OnnxGraph("published")
    graph.add_input("input", [batch, *shape])
    name = "input"
    if is_nhwc:
        graph.add_node("Transpose", [name], "nchw", perm=[0, 3, 1, 2])
        name = "nchw"
    kernel = rng.normal(size=(8, channels, 16, 16)) / 40
    graph.add_constant("kernel", kernel.astype(np.float32))
    graph.add_node("Conv", [name, "kernel"], "conv", strides=[16, 16])
    graph.add_node("Relu", ["conv"], "relu")
    graph.add_node("GlobalAveragePool", ["relu"], "pooled")
    if batch is None:
        graph.add_node("Flatten", ["pooled"], "features", axis=1)
    else:
        graph.add_constant("first", np.array([0], np.int64))
        graph.add_node("ReduceMean", ["pooled", "first"], "alone", keepdims=1)
        graph.add_node("Flatten", ["alone"], "features", axis=1)
    for output, width in outputs.items():
        weights = rng.normal(size=(8, width)).astype(np.float32)
        graph.add_constant(f"{output}:w", weights)
        graph.add_constant(f"{output}:b", rng.normal(size=width).astype(np.float32) / 4)
        last = f"{output}:linear" if activation else output
        graph.add_node("Gemm", ["features", f"{output}:w", f"{output}:b"], last)
        if activation:
            graph.add_node(activation, [last], output)
        graph.add_output(output, [batch, width])
    return graph.content()


@pytest.fixture(scope="session")
def published() -> Callable[..., bytes]:
    return write_network


BASIC = """\
title = "toy"
license = "MIT"
terms = "For tests."
source = "here"
training_data = "none"
[input]
size_px = 32
mean = [0.0, 0.0, 0.0]
std = [1.0, 1.0, 1.0]
[[outputs]]
task = "expression"
labels = ["Neutral", "Happiness", "Anger"]
values = "logits"
[[outputs]]
task = "valence"
"""


@pytest.fixture(scope="session")
def basic() -> str:
    """Description of the toy network."""
    return BASIC


@pytest.fixture
def toy(tmp_path, published) -> Callable[..., Path]:
    """Write a network of 32 px with its description beside it; replaces text in it."""

    def make(*replaced: tuple[str, str], content: bytes | None = None) -> Path:
        text = BASIC
        for old, new in replaced:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "toy.toml").write_text(text)
        file = tmp_path / "toy.onnx"
        file.write_bytes(content or published((3, 32, 32), {"out": 4}))
        return file

    return make
