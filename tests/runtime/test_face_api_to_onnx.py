"""Damaged weight files of face-api; e2e/test_published_weights.py reads real ones."""

import json

import pytest

from wildaffect.core.errors import BadWeights
from wildaffect.runtime.face_api_to_onnx import MODEL, face_api_to_onnx

WEIGHT = {"name": "fc/bias", "shape": [7], "dtype": "float32"}
EIGHT_BITS = {"dtype": "uint8", "scale": 0, "min": -1.0}
MANIFESTS = {
    "no JSON": "{",
    "nested beyond the stack": "[" * 100_000 + "]" * 100_000,
    "no list of groups": json.dumps({"paths": []}),
    "a weight that is no object": json.dumps([{"paths": [], "weights": ["fc/bias"]}]),
    "a scale of 0": json.dumps(
        [{"paths": [f"{MODEL}.bin"], "weights": [WEIGHT | {"quantization": EIGHT_BITS}]}]
    ),
    "a shape beyond numbers": json.dumps(
        [{"paths": [f"{MODEL}.bin"], "weights": [WEIGHT | {"shape": [1 << 70]}]}]
    ),
    "another network": json.dumps([{"paths": [f"{MODEL}.bin"], "weights": [WEIGHT]}]),
}


@pytest.mark.parametrize("text", MANIFESTS.values(), ids=MANIFESTS)
def test_a_damaged_file_is_named(text, tmp_path):
    file = tmp_path / f"{MODEL}.bin"
    file.write_bytes(bytes(28))
    (tmp_path / f"{MODEL}-weights_manifest.json").write_text(text)
    with pytest.raises(BadWeights, match="must be the weights of face-api's"):
        face_api_to_onnx(file)
