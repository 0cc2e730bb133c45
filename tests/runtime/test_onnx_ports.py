"""Ports of ONNX files as the package `onnx` writes them, and networks around others."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from wildaffect.runtime.network import Device, Network
from wildaffect.runtime.onnx_check import BadOnnx
from wildaffect.runtime.onnx_ports import CropInput, around, read_ports


def old_network(opset: int = 8) -> bytes:
    """As in older files, constants are among the inputs, and a shape is fixed inside."""
    kernel = numpy_helper.from_array(np.full((2, 1, 1, 1), 2, np.float32), "kernel")
    nodes = [
        helper.make_node("Conv", ["image", "kernel"], ["maps"]),
        helper.make_node("GlobalMaxPool", ["maps"], ["most"]),
        helper.make_node("GlobalAveragePool", ["maps"], ["mean"]),
    ]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "old",
        [info("image", TensorProto.FLOAT, [1, 1, 4, 4]),
         info("kernel", TensorProto.FLOAT, [2, 1, 1, 1])],
        [info("most", TensorProto.FLOAT, [1, 2, 1, 1]),
         info("mean", TensorProto.FLOAT, [1, 2, 1, 1])],
        [kernel],
        value_info=[info("maps", TensorProto.FLOAT, [1, 2, 4, 4])],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 3
    onnx.checker.check_model(model)
    return model.SerializeToString()


def test_constants_are_no_inputs():
    ports = read_ports(old_network())
    (image,) = ports.inputs
    assert (image.name, image.shape, image.is_float32) == ("image", (1, 1, 4, 4), True)
    assert [port.name for port in ports.outputs] == ["most", "mean"]


def test_open_axes_and_other_types_are_told_apart():
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "open",
        [info("x", TensorProto.FLOAT16, ["batch", None, 7])],
        [info("y", TensorProto.FLOAT16, ["batch", None, 7])],
    )
    (port,) = read_ports(helper.make_model(graph).SerializeToString()).inputs
    assert port.shape == (None, None, 7)
    assert not port.is_float32


def test_a_network_around_another_has_a_batch_and_its_outputs_in_the_order_given():
    crops = CropInput(name="image", num_channels=1, size_px=4)
    content = around(old_network(), crops, ["mean", "most"])
    onnx.checker.check_model(content)
    pixels = np.random.default_rng(0).normal(size=(3, 1, 4, 4)).astype(np.float32)
    (features,) = Network(content, device=Device(), shapes={0: (3, 1, 4, 4)})(pixels)
    mean, most = 2 * pixels.mean((1, 2, 3)), 2 * pixels.max((1, 2, 3))
    np.testing.assert_allclose(features, np.stack([mean, mean, most, most], 1), rtol=1e-5)


def test_operators_of_another_meaning_are_refused():
    crops = CropInput(name="image", num_channels=1, size_px=4)
    with pytest.raises(BadOnnx, match="operators of version 6, below 7"):
        around(old_network(opset=6), crops, ["mean"])
    with pytest.raises(BadOnnx):
        read_ports(b"\x08\x03")
