import numpy as np
import openvino as ov

from wildaffect.faces.models import MESH
from wildaffect.runtime.prepare import split_prelu


def outputs(model, pixels):
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    return list(ov.Core().compile_model(model, "CPU", settings)(pixels).values())


def test_a_split_prelu_has_the_same_values_bit_for_bit():
    pixels = np.random.default_rng(0).random((1, 256, 256, 3), np.float32)
    plain, split = (ov.Core().read_model(MESH.path) for _ in range(2))
    for model in (plain, split):
        model.reshape({0: [1, 256, 256, 3]})
    split_prelu(split)
    kinds = {op.get_type_name() for op in split.get_ordered_ops()}
    assert "PRelu" not in kinds
    assert "PRelu" in {op.get_type_name() for op in plain.get_ordered_ops()}
    for a, b in zip(outputs(plain, pixels), outputs(split, pixels), strict=True):
        np.testing.assert_array_equal(a, b)
