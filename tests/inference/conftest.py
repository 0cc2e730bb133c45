"""Toy artifacts: small ONNX networks whose answers can be worked out by hand."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import wildaffect
from wildaffect.core.frames import Frame
from wildaffect.core.preprocess import Preprocess
from wildaffect.core.tasks import ABAW_ACTION_UNITS, ABAW_EXPRESSIONS
from wildaffect.core.windows import WindowSpec
from wildaffect.inference.artifact import network_file, write_artifact
from wildaffect.inference.calibration import Calibration
from wildaffect.inference.inputs import COLUMNS
from wildaffect.inference.manifest import (
    FORMAT_VERSION,
    ActionUnitOutput,
    BackboneInput,
    ExpressionOutput,
    Manifest,
    MeasuredInput,
    Member,
)

FLOAT = TensorProto.FLOAT


def to_onnx(nodes, inputs, outputs, constants) -> bytes:
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info(*item) for item in inputs],
        [helper.make_tensor_value_info(*output) for output in outputs],
        [
            numpy_helper.from_array(np.asarray(value), name)
            for name, value in constants.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model.SerializeToString()


def constant_member(
    num_features: int,
    *,
    valence=0.25,
    arousal=-0.5,
    expression=(0.0, 1.0),
    units=(0.0, 2.0),
    intensity=None,
    sides=(),
) -> bytes:
    """Says the same of every row; expression and units are logits, `sides` left, right."""
    model_outputs = {"valence": valence, "arousal": arousal}
    logits = {"expression": expression, "action_units": units}
    if intensity is not None:
        logits["action_unit_intensity"] = intensity
    for side, levels in zip(("left", "right"), sides, strict=False):
        logits[f"action_unit_intensity_{side}"] = levels
    constants = {f"{name}_c": np.float32(value) for name, value in model_outputs.items()}
    constants |= {f"{name}_c": np.float32(value) for name, value in logits.items()}
    constants |= {"zero": np.float32(0), "last": np.int64([-1])}
    nodes = [
        helper.make_node("Mul", ["features", "zero"], ["nothing"]),
        helper.make_node("ReduceSum", ["nothing", "last"], ["row"], keepdims=0),
        helper.make_node("ReduceSum", ["nothing", "last"], ["rows"], keepdims=1),
    ]
    nodes += [
        helper.make_node("Add", ["row", f"{name}_c"], [name]) for name in model_outputs
    ]
    nodes += [helper.make_node("Add", ["rows", f"{name}_c"], [name]) for name in logits]
    outputs = [(name, FLOAT, [1, "T"]) for name in model_outputs]
    outputs += [(name, FLOAT, [1, "T", len(value)]) for name, value in logits.items()]
    return to_onnx(nodes, [("features", FLOAT, [1, "T", num_features])], outputs, constants)


def averaging_member(num_features: int, column: int) -> bytes:
    """Valence is the mean of one feature over the window, by its length."""
    nodes = [
        helper.make_node("Gather", ["features", "column"], ["one"], axis=2),
        helper.make_node("ReduceSum", ["one", "time"], ["total"], keepdims=1),
        helper.make_node("Cast", ["lengths"], ["count"], to=FLOAT),
        helper.make_node("Div", ["total", "count"], ["mean"]),
        helper.make_node("Mul", ["one", "zero"], ["zeros"]),
        helper.make_node("Add", ["zeros", "mean"], ["every"]),
        helper.make_node("Squeeze", ["every", "last"], ["valence"]),
    ]
    constants = {"column": np.int64([column]), "time": np.int64([1]), "last": np.int64([2])}
    inputs = [
        ("features", FLOAT, [1, "T", num_features]),
        ("lengths", TensorProto.INT64, [1]),
    ]
    return to_onnx(
        nodes, inputs, [("valence", FLOAT, [1, "T"])], constants | {"zero": np.float32(0)}
    )


def mean_color(size_px: int) -> bytes:
    """A backbone: the mean of each channel of the crop."""
    nodes = [helper.make_node("ReduceMean", ["crop"], ["color"], axes=[2, 3], keepdims=0)]
    inputs = [("crop", FLOAT, ["B", 3, size_px, size_px])]
    return to_onnx(nodes, inputs, [("color", FLOAT, ["B", 3])], {})


def first_feature_member(num_features: int) -> bytes:
    nodes = [
        helper.make_node("Gather", ["features", "column"], ["one"], axis=2),
        helper.make_node("Squeeze", ["one", "last"], ["valence"]),
    ]
    constants = {"column": np.int64([0]), "last": np.int64([2])}
    inputs = [("features", FLOAT, [1, "T", num_features])]
    return to_onnx(nodes, inputs, [("valence", FLOAT, [1, "T"])], constants)


POSE = MeasuredInput(kind="pose", columns=COLUMNS["pose"])
BASE = Manifest(
    format_version=FORMAT_VERSION,
    name="toy",
    version="7",
    summary="For tests.",
    license="Apache-2.0",
    sources=(),
    inputs=(POSE,),
    members=(),
    predicts_valence=True,
    predicts_arousal=True,
    expression=ExpressionOutput(space=ABAW_EXPRESSIONS, predicted=("Neutral", "Happiness")),
    action_units=ActionUnitOutput(space=ABAW_ACTION_UNITS, predicted=("AU04", "AU12")),
    calibration=Calibration(action_unit_thresholds=(0.6, 0.6)),
)


@pytest.fixture
def toy(tmp_path: Path) -> Callable[..., Path]:
    """Write an artifact: `toy(network, ..., backbone=..., **manifest fields)`."""

    def make(*networks: bytes, weights=None, rescaled=None, files=None, **fields) -> Path:
        networks = networks or (constant_member(3),)
        named = {f"member{i}.onnx": content for i, content in enumerate(networks)}
        weights = weights or [1.0] * len(networks)
        rescaled = rescaled or [{}] * len(networks)
        members = tuple(
            Member(network=network_file(name, content), weight=weight, rescaled=affine)
            for (name, content), weight, affine in zip(
                named.items(), weights, rescaled, strict=True
            )
        )
        folder = tmp_path / "artifact"
        manifest = replace(BASE, **({"members": members} | fields))
        write_artifact(folder, manifest, named | (files or {}))
        return folder

    return make


@pytest.fixture
def averaging(toy) -> Path:
    """Valence is the mean yaw of windows of one second; nothing else is predicted."""
    return toy(
        averaging_member(3, 0),
        predicts_arousal=False,
        expression=None,
        action_units=None,
        calibration=Calibration(),
        window=WindowSpec(length_s=1.0, stride_s=0.5, max_gap_s=0.5),
    )


@pytest.fixture
def with_backbone(toy) -> Path:
    """Valence is the mean red of the aligned crop in [0, 1]."""
    network = mean_color(32)
    preprocess = Preprocess(size_px=32, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    backbone = BackboneInput(
        name="color",
        network=network_file("color.onnx", network),
        preprocess=preprocess,
        feature_dim=3,
    )
    return toy(
        first_feature_member(6),
        files={"color.onnx": network},
        inputs=(backbone, POSE),
        predicts_arousal=False,
        expression=None,
        action_units=None,
        calibration=Calibration(),
    )


@pytest.fixture(scope="session")
def constant() -> Callable[..., bytes]:
    return constant_member


@pytest.fixture(scope="session")
def make_frames() -> Callable[..., list[Frame]]:
    """Frames of 240x180 at 25 per second that move over the vendored portrait."""

    def make(num_frames: int = 12) -> list[Frame]:
        path = Path(wildaffect.__file__).parent / "demo/astronaut.jpg"
        rgb = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        frames = []
        for i in range(num_frames):
            camera = np.float64([[0.9, 0, -80 - i], [0, 0.9, -20]])
            image = cv2.warpAffine(rgb, camera, (240, 180))
            frames.append(Frame(index=i, time_s=i / 25, rgb=image))
        return frames

    return make
