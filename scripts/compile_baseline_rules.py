"""Compile the rules into the artifact: `python scripts/compile_baseline_rules.py`.

The network is the ordinary one of every artifact: features in, task outputs out. Two
products and two non-linearities: units = sigmoid(F W + b), expressions = units P + c,
valence and arousal = softmax(expressions) positions.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(Path(__file__).parent))
from baseline_card import card
from baseline_rules import (
    CENTER,
    EXPRESSIONS,
    STEEPNESS,
    THRESHOLD,
    UNITS,
)

from wildaffect.core.tasks import ABAW_ACTION_UNITS, ABAW_EXPRESSIONS
from wildaffect.inference.artifact import EMBEDDED, network_file, write_artifact
from wildaffect.inference.calibration import Calibration
from wildaffect.inference.inputs import COLUMNS
from wildaffect.inference.manifest import (
    FORMAT_VERSION,
    ActionUnitOutput,
    DataSource,
    ExpressionOutput,
    Manifest,
    MeasuredInput,
    Member,
)
from wildaffect.inference.neutral import DEFAULT_POLICY
from wildaffect.inference.smoothing import Gaussian, Smoothing

SMOOTHED = Gaussian(sd_s=0.15)
KINDS = ("geometry", "geometry_change", "blendshapes_change")


def main(folder: Path = EMBEDDED / "baseline-rules") -> None:
    """Write the artifact's folder."""
    network = build_network()
    units = tuple(rule.label for rule in UNITS)
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        name="baseline-rules",
        version="1",
        summary="A transparent baseline: written rules over face geometry and blendshapes, "
        "not trained on any labels, accuracy on people not measured.",
        license="Apache-2.0",
        sources=(
            DataSource(
                name="rules written by hand",
                license="Apache-2.0",
                note="see CARD.md for the literature behind each",
            ),
        ),
        inputs=tuple(MeasuredInput(kind=kind, columns=COLUMNS[kind]) for kind in KINDS),
        members=(Member(network=network_file("rules.onnx", network)),),
        predicts_valence=True,
        predicts_arousal=True,
        expression=ExpressionOutput(
            space=ABAW_EXPRESSIONS, predicted=tuple(rule.label for rule in EXPRESSIONS)
        ),
        action_units=ActionUnitOutput(space=ABAW_ACTION_UNITS, predicted=units),
        neutral=DEFAULT_POLICY,
        calibration=Calibration(
            smoothing=Smoothing(valence=SMOOTHED, arousal=SMOOTHED, expression=SMOOTHED),
            action_unit_thresholds=(THRESHOLD,) * len(units),
        ),
    )
    write_artifact(folder, manifest, {"rules.onnx": network, "CARD.md": card().encode()})


def unit_weights() -> tuple[np.ndarray, np.ndarray]:
    """Return what every input counts for every unit's logit, (D, K), and the offsets."""
    columns = [
        f"{'change' if kind.endswith('change') else 'now'}.{name}"
        for kind in KINDS
        for name in COLUMNS[kind]
    ]
    weights = np.zeros((len(columns), len(UNITS)), np.float32)
    for k, rule in enumerate(UNITS):
        for name, weight in rule.inputs.items():
            sides = [f"{name}{side}" for side in ("", "Left", "Right", "_left", "_right")]
            found = [columns.index(side) for side in sides if side in columns]
            if not found:
                raise ValueError(f"{rule.label}: no input is named {name}")
            weights[found, k] = rule.slope * weight / len(found)
    offsets = np.array([-rule.slope * rule.center for rule in UNITS], np.float32)
    return weights, offsets


def expression_weights() -> tuple[np.ndarray, np.ndarray]:
    """Return what every unit counts for every expression's logit, (K, C), and offsets."""
    labels = [rule.label for rule in UNITS]
    weights = np.zeros((len(labels), len(EXPRESSIONS)), np.float32)
    for c, rule in enumerate(EXPRESSIONS):
        for label, weight in rule.units.items():
            weights[labels.index(label), c] = STEEPNESS * weight
    offsets = [-STEEPNESS * CENTER if rule.units else 0.0 for rule in EXPRESSIONS]
    return weights, np.array(offsets, np.float32)


def build_network() -> bytes:
    """Return the ONNX file."""
    unit_w, unit_b = unit_weights()
    expression_w, expression_b = expression_weights()
    positions = np.array([[r.valence, r.arousal] for r in EXPRESSIONS], np.float32)
    constants = {
        "unit_w": unit_w,
        "unit_b": unit_b,
        "expression_w": expression_w,
        "expression_b": expression_b,
        "valence_of": positions[:, 0],
        "arousal_of": positions[:, 1],
    }
    nodes = [
        helper.make_node("MatMul", ["features", "unit_w"], ["unit_sum"]),
        helper.make_node("Add", ["unit_sum", "unit_b"], ["action_units"]),
        helper.make_node("Sigmoid", ["action_units"], ["unit_probs"]),
        helper.make_node("MatMul", ["unit_probs", "expression_w"], ["expression_sum"]),
        helper.make_node("Add", ["expression_sum", "expression_b"], ["expression"]),
        helper.make_node("Softmax", ["expression"], ["expression_probs"], axis=-1),
        helper.make_node("MatMul", ["expression_probs", "valence_of"], ["valence"]),
        helper.make_node("MatMul", ["expression_probs", "arousal_of"], ["arousal"]),
    ]
    graph = helper.make_graph(
        nodes,
        "baseline-rules",
        [
            helper.make_tensor_value_info(
                "features", TensorProto.FLOAT, [1, "T", len(unit_w)]
            ),
            helper.make_tensor_value_info("lengths", TensorProto.INT64, [1]),
            helper.make_tensor_value_info("times_s", TensorProto.FLOAT, [1, "T"]),
        ],
        [
            helper.make_tensor_value_info("valence", TensorProto.FLOAT, [1, "T"]),
            helper.make_tensor_value_info("arousal", TensorProto.FLOAT, [1, "T"]),
            helper.make_tensor_value_info(
                "expression", TensorProto.FLOAT, [1, "T", len(EXPRESSIONS)]
            ),
            helper.make_tensor_value_info(
                "action_units", TensorProto.FLOAT, [1, "T", len(UNITS)]
            ),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model.SerializeToString()


if __name__ == "__main__":
    main()
