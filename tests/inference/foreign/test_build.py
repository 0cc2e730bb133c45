"""Artifacts of described networks: what is computed, and what is refused."""

import re

import numpy as np
import pytest
from onnx import load_from_string
from onnx.reference import ReferenceEvaluator

from wildaffect.core.errors import BadWeights, UsageError
from wildaffect.inference.analyzer import Analyzer
from wildaffect.inference.foreign.build import build_artifact
from wildaffect.inference.foreign.catalog import find_description
from wildaffect.inference.inputs import Inputs
from wildaffect.inference.model import Model
from wildaffect.runtime.network import Device
from wildaffect.runtime.onnx_writer import OnnxGraph


def build(file):
    return build_artifact(file, "toy", find_description(file, None))


class Cropped:
    def __init__(self, crop):
        self.crops = (crop,)


def predict(artifact, crops):
    (row,) = Inputs(artifact, Device())._started
    features = row[1]([Cropped(crop) for crop in crops])
    model = Model(artifact, Device())
    (group,) = model.window_groups
    rows = np.concatenate([group(row[None], np.zeros(1)) for row in features])
    return {name: rows[:, at] for name, at in model.layout.columns.items()}


def noise(num, size_px=32, channels=3, seed=1):
    shape = (num, size_px, size_px, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_layout_color_order_scaling_ranges_and_thresholds_are_as_described(
    toy, published, basic
):
    onnx = published((32, 32, 3), {"au": 3, "va": 2}, is_nhwc=True, activation="Sigmoid")
    units = """output = "au"
task = "action_units"
labels = ["AU12", "-", "AU04"]
values = "probabilities"
thresholds = [0.3, 0.7]
"""
    affect = """output = "va"
task = "arousal"
range = [0.0, 1.0]
[[outputs]]
output = "va"
task = "valence"
range = [-1, 9]
"""
    expression = basic[basic.index('task = "expression"') : basic.rindex("[[outputs]]")]
    file = toy(
        ("mean = [0.0, 0.0, 0.0]", 'mean = [10.0, 20.0, 30.0]\nlayout = "NHWC"'),
        ("std = [1.0, 1.0, 1.0]", 'std = [50.0, 60.0, 70.0]\nwhite = 255\nchannels="bgr"'),
        (expression, units),
        ('task = "valence"\n', affect),
        content=onnx,
    )
    artifact, bgr = build(file), noise(4)  # crops come in the order of the network
    scaled = (bgr - np.float32([10, 20, 30])) / np.float32([50, 60, 70])
    run = ReferenceEvaluator(load_from_string(onnx))
    units, affect = run.run(None, {"input": scaled.astype(np.float32)})
    predicted = predict(artifact, bgr)
    np.testing.assert_allclose(predicted["action_units"], units[:, [0, 2]], atol=1e-4)
    np.testing.assert_allclose(predicted["arousal"][:, 0], 2 * affect[:, 0] - 1, atol=1e-4)
    valence = 2 * (affect[:, 1] + 1) / 10 - 1
    np.testing.assert_allclose(predicted["valence"][:, 0], valence, atol=1e-4)
    manifest = artifact.manifest
    assert manifest.action_units.predicted == ("AU12", "AU04")
    assert manifest.calibration.action_unit_thresholds == (0.3, 0.7)
    assert manifest.inputs[0].preprocess.channels == "bgr"


def test_scales_are_given_in_their_own_units(toy, published):
    onnx = published((3, 32, 32), {"out": 4})
    scales = (
        'task = "expression"\nlabels = ["Neutral", "Happiness", "Anger"]\n'
        'values = "logits"\n[[outputs]]\ntask = "valence"\n'
    )
    described = (
        'task = "intensities"\nlabels = ["smile", "-"]\nrange = [0, 5]\n'
        '[[outputs]]\ntask = "dimensions"\nlabels = ["pain", "fatigue"]\nrange = [-3, 3]\n'
    )
    artifact, crops = build(toy((scales, described), content=onnx)), noise(3)
    run = ReferenceEvaluator(load_from_string(onnx))
    (wanted,) = run.run(None, {"input": np.moveaxis(crops / np.float32(255), -1, 1)})
    predicted = predict(artifact, crops)
    smile = np.clip(wanted[:, :1], 0, 5)
    np.testing.assert_allclose(predicted["intensities"], smile, atol=1e-4)
    ratings = np.clip(wanted[:, 2:], -3, 3)
    np.testing.assert_allclose(predicted["dimensions"], ratings, atol=1e-4)
    assert artifact.manifest.dimensions.labels == ("pain", "fatigue")
    wrong = described.replace('"pain"', '"pain level"')
    with pytest.raises(BadWeights, match="dimensions: scale: name must be letters"):
        build(toy((scales, wrong), content=onnx))


def test_probabilities_of_classes_stay_what_they_are(toy, published):
    onnx = published((3, 32, 32), {"out": 3}, activation="Softmax")
    only = ('[[outputs]]\ntask = "valence"\n', "")
    file = toy(('values = "logits"', 'values = "probabilities"'), only, content=onnx)
    crops = noise(3)
    run = ReferenceEvaluator(load_from_string(onnx))
    (wanted,) = run.run(None, {"input": np.moveaxis(crops / np.float32(255), -1, 1)})
    np.testing.assert_allclose(predict(build(file), crops)["expression"], wanted, atol=1e-5)


def test_a_network_for_one_crop_at_a_time_is_run_so(toy, published):
    content = published((3, 32, 32), {"out": 4}, batch=1)
    alone, together = build(toy(content=content)), build(toy())
    assert alone.manifest.inputs[0].one_by_one
    assert not together.manifest.inputs[0].one_by_one
    crops = noise(9)
    mine, theirs = predict(alone, crops), predict(together, crops)
    for name, values in mine.items():
        np.testing.assert_allclose(values, theirs[name], atol=1e-5)


def test_rows_have_the_smoothed_outputs_and_the_described_rate(toy, make_frames):
    frames = make_frames(11)  # 25 per second

    def valence(settings):
        file = toy(('title = "toy"', f'title = "toy"\n{settings}'))
        rows = list(Analyzer(build(file)).run(frames))
        assert len(rows) == len(frames)
        return np.array([row.affect.valence for row in rows])

    plain = valence("smoothing = { valence = 0 }")
    assert np.ptp(plain) > 1e-3
    ages = np.subtract.outer(np.arange(11), np.arange(11)) / 25
    weights = np.where(ages >= 0, np.exp(-ages / 0.8), 0)
    smoothed = weights @ plain / weights.sum(1)
    np.testing.assert_allclose(valence(""), smoothed, atol=1e-5)
    at_rate = valence("rate_hz = 5.0\nsmoothing = { valence = 0 }")
    np.testing.assert_allclose(at_rate[::5], plain[::5], atol=1e-5)
    between = (at_rate[0] * 3 + at_rate[5] * 2) / 5
    assert at_rate[2] == pytest.approx(between, abs=1e-5)


VALENCE, FIRST = 'task = "valence"', "size_px = 32"
WRONG = {
    "size": [
        (FIRST, "size_px = 48"),
        r"toy\.onnx: reads float32 \(B, 3, 32, 32\), the .*48",
    ],
    "layout": [(FIRST, f'{FIRST}\nlayout = "NHWC"'), r"\(B, 32, 32, 3\) \(NHWC\); correct"],
    "input": [
        (FIRST, f'{FIRST}\nname = "image"'),
        r"has the input input, the .* image; are",
    ],
    "fewer": [
        (f"[[outputs]]\n{VALENCE}\n", ""),
        r"gives 4 numbers a face, the .* has 3 \(ex",
    ],
    "output": [
        (VALENCE, f'{VALENCE}\noutput = "va"'),
        r"has the outputs out, the .*, va; are",
    ],
    "label": [
        ('"Anger"', '"Angry"'),
        r"labels of expression must be .*, got Angry; .* `space`",
    ],
    "values": [("logits", "probabilities"), r"are no probabilities: .* values = 'logits'"],
    "key": [("title", "titel"), r"toy\.toml: .*titel"],
    "license": [('license = "MIT"', 'license = ""'), r"toy\.toml: license: .*at least 1"],
    "twice": [
        (VALENCE, 'task = "expression"\nlabels=["Fear"]\nvalues="logits"'),
        r"on twice",
    ],
    "mean": [
        ("mean = [0.0, 0.0, 0.0]", "mean = [0.0]"),
        r"mean must have 3 values for rgb",
    ],
    "range": [
        (VALENCE, f"{VALENCE}\nrange = [1, 1]"),
        r"toml: outputs\.\d: range of valence must rise, got 1 to 1$",
    ],
    "thresholds": [
        (VALENCE, f"{VALENCE}\nthresholds = [0.5]"),
        r"are for action_units, got",
    ],
    "no values": [
        ('values = "logits"\n', ""),
        r"expression needs labels in order, and val",
    ],
    "repeats": [
        (FIRST, f"{FIRST}\nrepeats_gray = true"),
        r"needs channels = 'gray', got 'rgb'",
    ],
    "toml": [("[input]", "[input"), r"toy\.toml: must be TOML: .*line 6"],
    "margin": [(FIRST, f"{FIRST}\nmargin = -0.5"), r"margin must be in"],
}


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_does_not_fit_is_said_in_one_line(toy, wrong):
    replaced, message = WRONG[wrong]
    with pytest.raises(BadWeights, match=message) as raised:
        build(toy(replaced))
    assert "\n" not in str(raised.value)


def two_inputs():
    graph = OnnxGraph("two")
    graph.add_input("image", [None, 3, 32, 32])
    graph.add_input("mask", [None, 3, 32, 32])
    graph.add_node("Add", ["image", "mask"], "sum")
    graph.add_node("GlobalAveragePool", ["sum"], "out")
    graph.add_output("out", [None, 3, 1, 1])
    return graph.content()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not a network", r"must be one self-contained ONNX file, got bytes that"),
        (two_inputs(), r"must have one input, the crop; it has image, mask"),
    ],
    ids=["bytes", "two inputs"],
)
def test_files_that_are_no_such_network_are_refused(toy, content, message):
    with pytest.raises(BadWeights, match=message):
        build(toy(content=content))


def test_an_output_that_is_not_described_is_named(toy, published):
    file = toy(content=published((3, 32, 32), {"out": 4, "gaze": 2}))
    with pytest.raises(
        BadWeights, match=r"has the outputs out, gaze; the description must"
    ):
        build(file)


def test_softmax_is_not_applied_twice(toy, published):
    onnx = published((3, 32, 32), {"out": 3}, activation="Softmax")
    file = toy(('[[outputs]]\ntask = "valence"\n', ""), content=onnx)
    with pytest.raises(BadWeights, match=r"add up to 1 for every face and are no logits"):
        build(file)


def test_outputs_that_are_not_finite_are_refused(toy):
    graph = OnnxGraph("log")
    graph.add_input("input", [None, 3, 32, 32])
    graph.add_node("GlobalAveragePool", ["input"], "mean")
    graph.add_node("Log", ["mean"], "out")
    graph.add_output("out", [None, 3, 1, 1])
    only = ('[[outputs]]\ntask = "valence"\n', "")
    with pytest.raises(BadWeights, match="not finite; check white, mean and std"):
        build(toy(only, content=graph.content()))


def test_files_of_training_libraries_are_refused_with_what_to_do(tmp_path):
    file = tmp_path / "emonet_8.pth"
    file.write_bytes(b"PK")
    with pytest.raises(BadWeights, match="PyTorch files are not read; export the network"):
        build_artifact(file, "emonet", find_description(file, "emonet-8"))
    keras = file.rename(tmp_path / "emotion_model.hdf5")
    with pytest.raises(BadWeights, match="TensorFlow files are not read; export"):
        build_artifact(keras, "fer", find_description(keras, "fer"))
    with pytest.raises(BadWeights, match=r"no such file: .*gone\.onnx"):
        build_artifact(tmp_path / "gone.onnx", "x", find_description(file, "emonet-8"))


def test_labels_of_ones_own_need_a_space_of_ones_own(toy):
    own = ('labels = ["Neutral", "Happiness", "Anger"]',
           'labels = ["Bored", "Confused", "Focused"]\nspace = "classroom"')  # fmt: skip
    expression = build(toy(own)).manifest.expression
    assert expression.space.name == "classroom"
    assert expression.predicted == ("Bored", "Confused", "Focused")


def test_a_file_without_a_description_names_those_that_ship(tmp_path):
    with pytest.raises(UsageError, match=r"write x\.toml beside it .*emonet-8, .*ferplus"):
        find_description(tmp_path / "x.onnx", None)
    with pytest.raises(UsageError, match="did you mean emonet-8"):
        find_description(tmp_path / "x.onnx", "emonet8")
    gone = re.escape(str(tmp_path / "gone.toml"))
    with pytest.raises(BadWeights, match=f"no such description: {gone}"):
        find_description(tmp_path / "x.onnx", tmp_path / "gone.toml")


def test_an_array_beyond_memory_is_refused_before_anything_is_computed(toy):
    """Also where the number of crops is open: here 120 GB for one."""
    graph = OnnxGraph("padded")
    graph.add_input("input", [None, 3, 32, 32])
    graph.add_constant("ends", np.array([0, 0, 0, 0, 0, 0, 100_000, 100_000], np.int64))
    graph.add_node("Pad", ["input", "ends"], "padded", mode="constant")
    graph.add_node("GlobalMaxPool", ["padded"], "pooled")
    graph.add_node("Concat", ["pooled", "pooled"], "six", axis=1)
    graph.add_output("six", [None, 6, 1, 1])
    with pytest.raises(BadWeights, match=r"padded of shape .* more than 268"):
        build(toy(content=graph.content()))
