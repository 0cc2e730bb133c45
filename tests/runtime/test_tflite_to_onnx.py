"""Conversion of TFLite files, compared with the layers in torch.

Files are written here, table by table; real ones are read in
tests/e2e/test_published_weights.py.
"""

import struct

import numpy as np
import pytest

from wildaffect.core.errors import BadWeights
from wildaffect.runtime.network import Device, Network
from wildaffect.runtime.tflite_file import read_tflite
from wildaffect.runtime.tflite_to_onnx import tflite_to_onnx

torch = pytest.importorskip("torch")
functional = torch.nn.functional
FLOAT, UINT8, INT8, INT32 = 0, 3, 9, 2
SAME, VALID, RELU, RELU6 = 0, 1, 1, 3


class Writer:
    """Writes FlatBuffers: tables are dicts of field number to value."""

    def __init__(self):
        self.data = bytearray(8)

    def table(self, fields):
        last = max(fields, default=-1)
        sizes = {number: len(self.plain(value)) for number, value in fields.items()}
        offsets, end = {}, 4
        for number in fields:
            offsets[number], end = end, end + sizes[number]
        entries = [offsets.get(number, 0) for number in range(last + 1)]
        start = len(self.data)
        self.data += struct.pack(f"<HH{last + 1}H", 4 + 2 * (last + 1), end, *entries)
        place = len(self.data)
        self.data += struct.pack("<i", place - start)
        for value in fields.values():
            self.data += self.plain(value)
        for number, value in fields.items():
            if not isinstance(value, (int, float, bytes)):
                field = place + offsets[number]
                struct.pack_into("<I", self.data, field, self.child(value) - field)
        return place

    def plain(self, value):
        """Bytes in the table: a number, one byte, or an offset."""
        match value:
            case bytes():
                return value
            case int():
                return struct.pack("<i", value)
            case float():
                return struct.pack("<f", value)
        return bytes(4)

    def child(self, value):
        if isinstance(value, dict):
            return self.table(value)
        place = len(self.data)
        if isinstance(value, np.ndarray):
            self.data += struct.pack("<I", value.size) + value.tobytes()
            return place
        self.data += struct.pack("<I", len(value)) + bytes(4 * len(value))
        for index, item in enumerate(value):
            field = place + 4 + 4 * index
            struct.pack_into("<I", self.data, field, self.table(item) - field)
        return place


class Net:
    """A TFLite network under construction; activations are float32."""

    def __init__(self, *shape):
        self.tensors, self.buffers, self.operators, self.codes = [], [{}], [], []
        self.last = self.tensor(shape)

    def tensor(self, shape, values=None, kind=FLOAT, scale=None):
        buffer = 0
        if values is not None:
            self.buffers.append({0: np.frombuffer(values.tobytes(), np.uint8)})
            buffer = len(self.buffers) - 1
        fields = {0: np.int32(shape), 1: bytes([kind]), 2: buffer}
        if scale is not None:
            scale = np.atleast_1d(np.float32(scale))
            fields[4] = {2: scale, 3: np.zeros(len(scale), np.int64)}
        self.tensors.append(fields)
        return len(self.tensors) - 1

    def constant(self, values, kind=FLOAT, scale=None):
        return self.tensor(values.shape, values, kind, scale)

    def add(self, code, inputs, shape, options=None):
        if code not in self.codes:
            self.codes.append(code)
        place, read = self.tensor(shape), np.int32([self.last, *inputs])
        fields = {0: self.codes.index(code), 1: read, 2: np.int32([place])}
        self.operators.append(fields | ({4: options} if options else {}))
        self.last = place
        return place

    def content(self):
        graph = {
            0: self.tensors, 1: np.int32([0]), 2: np.int32([self.last]), 3: self.operators
        }  # fmt: skip
        codes = [{0: bytes([code]), 3: code} for code in self.codes]
        writer = Writer()
        root = writer.table({0: 3, 1: codes, 2: [graph], 4: self.buffers})
        struct.pack_into("<I4s", writer.data, 0, root, b"TFL3")
        return bytes(writer.data)


def options(padding, stride, activation, *, depthwise=False):
    place = 4 if depthwise else 3
    return {0: bytes([padding]), 1: stride, 2: stride, place: bytes([activation])}


def small_net(rng):
    """Convolutions with float and 8-bit weights, pools, pads and a classifier."""
    net, weights = Net(1, 15, 15, 2), {}
    weights["first"] = rng.normal(size=(4, 3, 3, 2)).astype(np.float32)
    weights["bias"] = rng.normal(size=4).astype(np.float32)
    inputs = [net.constant(weights["first"]), net.constant(weights["bias"])]
    skip = net.add(3, inputs, (1, 8, 8, 4), options(SAME, 2, RELU))
    steps = rng.integers(-127, 128, (1, 3, 3, 4), dtype=np.int8)
    scales = rng.uniform(0.005, 0.02, 4).astype(np.float32)
    weights["depth"] = steps * scales
    place = net.constant(steps, INT8, scales)
    net.add(4, [place], (1, 8, 8, 4), options(SAME, 1, RELU6, depthwise=True))
    net.add(0, [skip], (1, 8, 8, 4))
    net.add(34, [net.constant(np.int32([[0, 0], [0, 1], [1, 0], [0, 0]]), INT32)],
            (1, 9, 9, 4))  # fmt: skip
    pool = {0: bytes([VALID]), 1: 2, 2: 2, 3: 2, 4: 2}
    net.add(17, [], (1, 4, 4, 4), pool)
    steps = rng.integers(-127, 128, (3, 64), dtype=np.int8)
    weights["matrix"] = steps * np.float32(0.01)
    # Older files call signed numbers unsigned.
    net.add(9, [net.constant(steps.view(np.uint8), UINT8, 0.01)], (1, 3))
    net.add(25, [], (1, 3), {0: 0.5})
    return net.content(), weights


def in_torch(crops, weights):
    tensors = {name: torch.from_numpy(np.float32(w)) for name, w in weights.items()}
    out = torch.from_numpy(crops).permute(0, 3, 1, 2)
    padded = functional.pad(out, (1, 1, 1, 1))  # of 15, "same" with stride 2 adds 1 and 1
    kernel = tensors["first"].permute(0, 3, 1, 2)
    first = functional.relu(functional.conv2d(padded, kernel, tensors["bias"], stride=2))
    kernel = tensors["depth"].permute(3, 0, 1, 2)
    depth = functional.conv2d(first, kernel, padding=1, groups=4).clamp(0, 6)
    out = functional.pad(depth + first, (1, 0, 0, 1))
    out = functional.max_pool2d(out, 2, 2).permute(0, 2, 3, 1).flatten(1)
    return functional.softmax(0.5 * out @ tensors["matrix"].T, 1).numpy()


def test_layers_are_those_of_the_file():
    rng = np.random.default_rng(3)
    content, weights = small_net(rng)
    crops = rng.normal(size=(5, 15, 15, 2)).astype(np.float32)
    network = Network(tflite_to_onnx("toy.tflite", content), device=Device())
    (outputs,) = network(crops)
    wanted = in_torch(crops, weights)
    assert np.ptp(wanted) > 0.1
    np.testing.assert_allclose(outputs, wanted, atol=1e-5)


def test_the_mean_over_pixels_drops_them():
    net = Net(1, 4, 6, 3)
    net.add(40, [net.constant(np.int32([1, 2]), INT32)], (1, 3))
    crops = np.random.default_rng(0).normal(size=(2, 4, 6, 3)).astype(np.float32)
    (means,) = Network(tflite_to_onnx("m", net.content()), device=Device())(crops)
    np.testing.assert_allclose(means, crops.mean((1, 2)), atol=1e-6)


def test_what_cannot_be_converted_is_named():
    net = Net(1, 4, 4, 1)
    net.add(14, [], (1, 4, 4, 1))  # LOGISTIC
    with pytest.raises(
        BadWeights, match=r"x\.tflite: cannot convert operator 14 of TFLite"
    ):
        tflite_to_onnx("x.tflite", net.content())
    with pytest.raises(BadWeights, match=r"x\.tflite: must be TFLite, got no mark"):
        tflite_to_onnx("x.tflite", b"something else")


def test_damaged_files_are_refused():
    content, _ = small_net(np.random.default_rng(0))
    for cut in range(8, len(content) - 1, 97):
        with pytest.raises(BadWeights):
            tflite_to_onnx("x.tflite", content[:cut])
    rng = np.random.default_rng(1)
    for _ in range(300):
        spoiled = bytearray(content)
        spoiled[rng.integers(4, len(content))] ^= 1 << rng.integers(8)
        try:
            tflite_to_onnx("x.tflite", bytes(spoiled))
        except BadWeights:
            continue


def test_constants_are_no_copies_of_the_file():
    """Vectors may overlap: a file of a few MB would be read as many GB."""
    net = Net(1, 8, 8, 3)
    net.constant(np.ones((4, 3, 3, 3), np.float32))
    content = net.content()
    (values,) = [t.values for t in read_tflite(content).tensors if t.values is not None]
    assert values.sum() == 108
    assert np.shares_memory(values, np.frombuffer(content, np.uint8))
