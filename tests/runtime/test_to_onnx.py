"""The face networks as ONNX give the outputs of the files that they were converted from."""

import numpy as np
import onnx
import pytest

from wildaffect.core.errors import BadArtifact
from wildaffect.faces.models import BLENDSHAPES, DETECTOR, MESH
from wildaffect.runtime.network import Device, Network
from wildaffect.runtime.onnx_check import check_onnx
from wildaffect.runtime.to_onnx import to_onnx

SHAPES = {DETECTOR: (1, 192, 192, 3), MESH: (1, 256, 256, 3), BLENDSHAPES: (1, 146, 2)}


@pytest.mark.parametrize("model", SHAPES, ids=lambda model: model.name)
def test_converted_networks_are_valid_and_agree(model):
    content = to_onnx(model.path)
    onnx.checker.check_model(onnx.load_from_string(content))
    check_onnx(content)
    values = 100 * np.random.default_rng(0).random(SHAPES[model], dtype=np.float32)
    device = Device()
    expected = Network(model.path, device=device)(values)
    found = Network(content, device=device)(values)
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        scale = np.abs(theirs).max()
        np.testing.assert_allclose(ours, theirs.reshape(ours.shape), atol=1e-5 * scale)


def test_an_unknown_operator_is_named(tmp_path):
    node = onnx.helper.make_node("Sin", ["x"], ["y"])
    ends = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1])
        for name in "xy"
    ]
    graph = onnx.helper.make_graph([node], "wave", ends[:1], ends[1:])
    path = tmp_path / "wave.onnx"
    onnx.save(onnx.helper.make_model(graph, ir_version=8), path)
    with pytest.raises(BadArtifact, match=r"wave.onnx: cannot convert the operator Sin"):
        to_onnx(path)
