"""Networks in the layouts of published ones give the numbers of another runtime.

The other runtime is the reference evaluator of the package `onnx`, in numpy. Sizes, color
order, scaling and label order are written here from the packages and repositories that the
descriptions name, independent of the descriptions.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from onnx import load_from_string
from onnx.reference import ReferenceEvaluator

from wildaffect.inference.foreign.build import build_artifact
from wildaffect.inference.foreign.catalog import described_names, find_description
from wildaffect.inference.inputs import Inputs
from wildaffect.inference.model import Model
from wildaffect.runtime.network import Device

AFFECTNET = "Neutral Happiness Sadness Surprise Fear Disgust Anger Contempt".split()
HSEMOTION = sorted(AFFECTNET)
FER2013 = "Anger Disgust Fear Happiness Sadness Surprise Neutral".split()
FERPLUS = "Neutral Happiness Surprise Sadness Anger Disgust Fear Contempt".split()
IMAGENET = (np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225]))


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A published layout."""

    name: str
    file: str
    size_px: int
    outputs: dict
    expressions: list | None = None
    mean: object = 0.0
    std: object = 1.0
    white: float = 1.0
    is_gray: bool = False
    channels: int = 3
    activation: str = ""
    batch: int | None = None


def hsemotion(name, file, size_px, *, is_mtl=False, classes=HSEMOTION, half=False):
    mean, std = (0.5, 0.5) if half else IMAGENET
    return Layout(
        name=name, file=file, size_px=size_px, expressions=classes, mean=mean, std=std,
        outputs={"output": len(classes) + 2 * is_mtl},
    )  # fmt: skip


def emonet(classes):
    outputs = {"heatmap": 68, "expression": len(classes), "valence": 1, "arousal": 1}
    name = f"emonet-{len(classes)}"
    file = f"emonet_{len(classes)}.onnx"
    return Layout(name=name, file=file, size_px=256, expressions=classes, outputs=outputs)


LAYOUTS = [
    hsemotion("enet-b0-8", "enet_b0_8_best_vgaf.onnx", 224),
    hsemotion("enet-b0-8", "enet_b0_8_best_afew.onnx", 224),
    hsemotion("enet-b2-8", "enet_b2_8.onnx", 260),
    hsemotion(
        "enet-b2-7", "enet_b2_7.onnx", 260,
        classes=[name for name in HSEMOTION if name != "Contempt"],
    ),
    hsemotion("enet-b0-8-va-mtl", "enet_b0_8_va_mtl.onnx", 224, is_mtl=True),
    hsemotion("mobilevit-va-mtl", "mobilevit_va_mtl.onnx", 224, is_mtl=True),
    hsemotion("mbf-va-mtl", "mbf_va_mtl.onnx", 112, is_mtl=True, half=True),
    emonet(AFFECTNET),
    emonet(AFFECTNET[:5]),
    Layout(
        name="opengraphau", file="opengraphau.onnx", size_px=224, outputs={"output": 41},
        mean=IMAGENET[0], std=IMAGENET[1], activation="Sigmoid",
    ),
    Layout(
        name="residual-masking", file="resmasking_dropout1.onnx", size_px=224,
        outputs={"output": 7}, expressions=FER2013, is_gray=True,
    ),
    Layout(
        name="ferplus", file="emotion-ferplus-8.onnx", size_px=64, channels=1, batch=1,
        outputs={"output": 8}, expressions=FERPLUS, white=255.0, is_gray=True,
    ),
]  # fmt: skip
PYFEAT = Layout(
    name="pyfeat-v2", file="face_multitask_v28.onnx", size_px=224,
    outputs={"p_au": 20, "emotion_logits": 7, "va": 2}, expressions=AFFECTNET[:7],
    mean=IMAGENET[0], std=IMAGENET[1],
)  # fmt: skip
OPENGRAPHAU_UNITS = (
    "1 2 4 5 6 7 9 10 11 12 13 14 15 16 17 18 19 20 22 23 24 25 26 27 32 38 39"
).split()
PYFEAT_UNITS = "1 2 4 5 6 7 9 10 11 12 14 15 17 20 23 24 25 26 28 43".split()


def softmax(logits):
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def reference(layout, onnx, crops):
    """Outputs of the network by name, one crop at a time."""
    run = ReferenceEvaluator(load_from_string(onnx))
    rows = []
    for crop in crops:
        pixels = (crop / 255 * layout.white - layout.mean) / layout.std
        if layout.is_gray and layout.channels == 3:
            pixels = np.repeat(pixels, 3, axis=-1)
        chw = np.moveaxis(pixels, -1, 0)[None].astype(np.float32)
        rows.append(run.run(None, {"input": chw}))
    parts = [np.concatenate(part) for part in zip(*rows, strict=True)]
    return dict(zip(layout.outputs, parts, strict=True))


def predictions(artifact, crops):
    """Predictions of an artifact for crops, by task."""
    inputs, model = Inputs(artifact, Device()), Model(artifact, Device())
    rows = inputs._started[0][1]
    features = rows([Cropped(crop) for crop in crops])
    (group,) = model.window_groups
    predicted = np.concatenate(
        [group(row[None], np.zeros(1)) for row in features]
    )  # frame-wise: every row is a window
    return {name: predicted[:, at] for name, at in model.layout.columns.items()}


class Cropped:
    """A face that is its crop."""

    def __init__(self, crop):
        self.crops = (crop,)


def crops_of(layout):
    rng = np.random.default_rng(4)
    depth = 1 if layout.is_gray else 3
    shape = (3, layout.size_px, layout.size_px, depth)
    return rng.integers(0, 256, shape, dtype=np.uint8)


def built(layout, onnx, tmp_path):
    file = tmp_path / layout.file
    file.write_bytes(onnx)
    return build_artifact(file, "added", find_description(file, None))


def test_every_description_is_covered():
    here = {layout.name for layout in [*LAYOUTS, PYFEAT]}
    converted = {"face-api", "facex", "fer"}  # in the tests of their converters
    assert here | converted == set(described_names())


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.file)
def test_a_network_of_a_published_layout_gives_its_own_numbers(layout, published, tmp_path):
    onnx = published(
        (layout.channels, layout.size_px, layout.size_px),
        layout.outputs,
        batch=layout.batch,
        activation=layout.activation,
    )
    artifact, crops = built(layout, onnx, tmp_path), crops_of(layout)
    wanted = reference(layout, onnx, crops)
    predicted = predictions(artifact, crops)
    if layout.name == "opengraphau":
        (units,) = wanted.values()
        np.testing.assert_allclose(predicted["action_units"], units[:, :27], atol=1e-4)
        labels = artifact.manifest.action_units.predicted
        assert labels == tuple(f"AU{int(unit):02d}" for unit in OPENGRAPHAU_UNITS)
        return
    num = len(layout.expressions)
    logits = wanted.get("expression", wanted.get("output"))[:, :num]
    np.testing.assert_allclose(predicted["expression"], softmax(logits), atol=1e-4)
    assert artifact.manifest.expression.predicted == tuple(layout.expressions)
    if "valence" in predicted:
        both = wanted.get("output", np.zeros((3, 0)))[:, num:]
        if not both.size:
            both = np.concatenate([wanted["valence"], wanted["arousal"]], 1)
        got = np.concatenate([predicted["valence"], predicted["arousal"]], 1)
        np.testing.assert_allclose(got, np.clip(both, -1, 1), atol=1e-4)
    assert artifact.manifest.inputs[0].one_by_one == (layout.batch == 1)


def test_a_network_with_several_outputs_is_read_by_their_names(published, tmp_path):
    onnx = published((3, 224, 224), PYFEAT.outputs, activation="Sigmoid")
    artifact, crops = built(PYFEAT, onnx, tmp_path), crops_of(PYFEAT)
    wanted = reference(PYFEAT, onnx, crops)
    predicted = predictions(artifact, crops)
    np.testing.assert_allclose(predicted["action_units"], wanted["p_au"], atol=1e-4)
    probs = softmax(wanted["emotion_logits"])
    np.testing.assert_allclose(predicted["expression"], probs, atol=1e-4)
    np.testing.assert_allclose(predicted["valence"][:, 0], wanted["va"][:, 0], atol=1e-4)
    np.testing.assert_allclose(predicted["arousal"][:, 0], wanted["va"][:, 1], atol=1e-4)
    labels = artifact.manifest.action_units.predicted
    assert labels == tuple(f"AU{int(unit):02d}" for unit in PYFEAT_UNITS)
