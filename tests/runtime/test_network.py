import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from wildaffect.core.errors import BadArtifact, UsageError
from wildaffect.faces.models import MESH
from wildaffect.runtime import network
from wildaffect.runtime.network import Device, Network, available_devices
from wildaffect.runtime.prepare import Scaling


def twice_plus(name="x"):
    """An ONNX network: y = 2 x, z = x + x."""
    x = helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, "T", 3])
    outputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in "yz"]
    two = helper.make_tensor("two", TensorProto.FLOAT, [], [2.0])
    nodes = [
        helper.make_node("Mul", [name, "two"], ["y"]),
        helper.make_node("Add", [name, name], ["z"]),
    ]
    graph = helper.make_graph(nodes, "g", [x], outputs, [two])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    return model.SerializeToString()


def test_outputs_come_in_the_order_of_the_file_for_any_length():
    network = Network(twice_plus(), device=Device())
    assert network.output_names == ("y", "z")
    for length in (1, 5, 2):
        x = np.random.default_rng(length).normal(size=(1, length, 3)).astype(np.float32)
        y, z = network(x)
        np.testing.assert_array_equal(y, 2 * x)
        np.testing.assert_array_equal(z, 2 * x)


def test_outputs_are_copies_that_a_later_call_leaves_alone():
    network = Network(twice_plus(), device=Device())
    first, _ = network(np.ones((1, 2, 3), np.float32))
    network(np.zeros((1, 2, 3), np.float32))
    assert (first == 2).all()


def test_pixels_scaled_inside_equal_pixels_scaled_outside():
    pixels = np.random.default_rng(0).integers(0, 256, (1, 256, 256, 3), dtype=np.uint8)
    shapes = {0: (1, 256, 256, 3)}
    inside = Network(
        MESH.path, device=Device(), shapes=shapes, scaling=Scaling(mean=0, std=255)
    )
    outside = Network(MESH.path, device=Device(), shapes=shapes)
    for a, b in zip(inside(pixels), outside(pixels.astype(np.float32) / 255), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-3, rtol=1e-4)


def test_the_number_of_threads_does_not_change_results():
    pixels = np.random.default_rng(0).integers(0, 256, (1, 256, 256, 3), dtype=np.uint8)
    options = {"shapes": {0: (1, 256, 256, 3)}, "scaling": Scaling(mean=0, std=255)}
    one, *others = (
        Network(MESH.path, device=Device(threads=threads), **options)(pixels)
        for threads in (1, 2, 3, 8)
    )
    for other in others:
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("shape", [(1, 2, 4), (2, 2, 3), (1, 3)])
def test_an_input_of_another_shape_is_refused_before_it_is_read_beyond_its_end(shape):
    network = Network(twice_plus(), device=Device())
    with pytest.raises(RuntimeError, match=r"input must have shape \[1,\?,3\], got \("):
        network(np.zeros(shape, np.float32))


def test_a_file_that_is_no_network_is_refused_by_name(tmp_path):
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"nothing")
    with pytest.raises(BadArtifact, match=r"broken\.onnx: must load on CPU"):
        Network(path, device=Device())


def test_a_device_that_is_not_there_is_an_error_not_a_fallback():
    assert "CPU" in available_devices()
    with pytest.raises(BadArtifact, match="must load on NPU"):
        Network(twice_plus(), device=Device(name="NPU"))


def test_a_device_needs_a_thread():
    with pytest.raises(UsageError, match="threads must be at least 1, got 0"):
        Device(threads=0)
    assert onnx.__version__


def test_networks_of_one_file_share_the_compiled_one_and_nothing_else(tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(twice_plus())
    compiled = network._kept.cache_info().misses
    first, second = (Network(path, device=Device()) for _ in range(2))
    Network(path, device=Device(threads=2))
    assert network._kept.cache_info().misses == compiled + 2
    ones, _ = first(np.ones((1, 2, 3), np.float32))
    zeros, _ = second(np.zeros((1, 4, 3), np.float32))
    assert (ones == 2).all()
    assert (zeros == 0).all()
    assert zeros.shape == (1, 4, 3)


def test_a_file_that_changes_is_read_again(tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(twice_plus("x"))
    assert Network(path, device=Device()).input_names == ("x",)
    path.write_bytes(twice_plus("other"))
    assert Network(path, device=Device()).input_names == ("other",)
    path.write_bytes(b"broken")
    with pytest.raises(BadArtifact, match=r"net\.onnx: must load on CPU"):
        Network(path, device=Device())
    path.unlink()
    with pytest.raises(BadArtifact, match=r"net\.onnx: must load on CPU"):
        Network(path, device=Device())
