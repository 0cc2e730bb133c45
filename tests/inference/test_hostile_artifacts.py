"""Artifacts made to hang, fill or mislead whoever loads them."""

import json
import struct
import zipfile

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from wildaffect.analysis.options import build_analyzer
from wildaffect.core.errors import BadArtifact
from wildaffect.inference.artifact import MANIFEST_FILE, load_artifact, zip_folder
from wildaffect.runtime.network import Device, Network
from wildaffect.runtime.onnx_check import BadOnnx, check_onnx

FEATURES = ("features", TensorProto.FLOAT, [1, "T", 3])
VALENCE = ("valence", TensorProto.FLOAT, [1, "T"])


def model_of(nodes, initializers=(), **fields) -> bytes:
    graph = helper.make_graph(
        nodes,
        "hostile",
        [helper.make_tensor_value_info(*FEATURES)],
        [helper.make_tensor_value_info(*VALENCE)],
        list(initializers),
    )
    return helper.make_model(graph, **fields).SerializeToString()


def external(**place) -> TensorProto:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[3])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in place.items():
        tensor.external_data.add(key=key, value=value)
    return tensor


def passed_on(kind="Identity", **attributes):
    return helper.make_node(kind, ["features"], ["valence"], **attributes)


def in_another_file() -> bytes:
    return model_of([passed_on()], [external(location="/etc/passwd")])


def constant_in_another_file() -> bytes:
    node = helper.make_node("Constant", [], ["c"], value=external(location="w.bin"))
    return model_of([node, passed_on()])


def cyclic() -> bytes:
    nodes = [
        helper.make_node("Add", ["features", "b"], ["a"]),
        helper.make_node("Identity", ["a"], ["b"]),
        helper.make_node("Identity", ["b"], ["valence"]),
    ]
    return model_of(nodes)


def given_twice() -> bytes:
    return model_of([passed_on(), passed_on()])


def looping() -> bytes:
    body = helper.make_graph([], "body", [], [])
    return model_of([passed_on("Loop", body=body)])


def deep() -> bytes:
    branch = helper.make_graph([], "inner", [], [])
    for level in range(8):
        node = helper.make_node("If", [], [f"o{level}"], then_branch=branch)
        branch = helper.make_graph([node], f"level{level}", [], [])
    return model_of([passed_on("If", then_branch=branch)])


def with_functions() -> bytes:
    function = helper.make_function(
        "own", "f", ["x"], ["y"], [helper.make_node("f", ["x"], ["y"], domain="own")], []
    )
    return model_of([passed_on()], functions=[function])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (in_another_file, "weights in another file, which no hash covers"),
        (constant_in_another_file, "weights in another file, which no hash covers"),
        (cyclic, "a Add that reads 'b', which no node before it gives"),
        (given_twice, "'valence' given twice"),
        (looping, "a Loop, which may run for ever"),
        (deep, "graphs more than 4 deep in one another"),
        (with_functions, "functions of its own"),
        (lambda: b"", "0 graphs for one"),
        (lambda: model_of([passed_on()])[:-3], "bytes that are no ONNX, or not all of it"),
        (lambda: b"\xff" * 20, "bytes that are no ONNX"),
        (lambda: model_of([]), "a graph without a node"),
        (lambda: b"\x08\x01" * 1_000_001, "more than 1,000,000 fields"),
    ],
)
def test_a_network_that_is_not_only_itself_is_refused_before_it_is_loaded(
    toy, make, message
):
    with pytest.raises(BadOnnx, match=message):
        check_onnx(make())
    with pytest.raises(BadArtifact, match=rf"member0\.onnx: must be .* {message}"):
        load_artifact(toy(make()))


def test_a_network_of_the_checker_of_onnx_passes(constant):
    content = constant(3)
    onnx.checker.check_model(content)
    check_onnx(content)


def test_a_network_that_needs_terabytes_is_refused_before_it_is_compiled():
    shape = helper.make_tensor("s", TensorProto.INT64, [2], [1 << 20, 1 << 20])
    nodes = [
        helper.make_node("ConstantOfShape", ["s"], ["huge"]),
        helper.make_node("ReduceSum", ["huge"], ["total"]),
        helper.make_node("Add", ["total", "features"], ["valence"]),
    ]
    content = model_of(nodes, [shape], opset_imports=[helper.make_opsetid("", 17)])
    with pytest.raises(BadArtifact, match="more than 268,435,456 values"):
        Network(content, device=Device())


def test_a_network_whose_names_are_no_text_is_refused(tmp_path):
    node = helper.make_node("NoSuchOperator", ["features"], ["valence"], name="namename")
    content = model_of([node]).replace(b"namename", b"name\xff\xfe\xfd\xfc")
    with pytest.raises(BadArtifact, match="must load on CPU, got"):
        Network(content, device=Device())


def test_a_network_that_refuses_a_window_says_which(toy, make_frames):
    model = onnx.load_from_string(model_of([passed_on("ReduceSum", keepdims=0)]))
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 1
    with pytest.raises(BadArtifact, match=r"toy/member0\.onnx: "):
        build_analyzer(toy(model.SerializeToString()))


def packed(tmp_path, folder, name, **entry):
    path = tmp_path / "artifact.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.iterdir():
            if file.name != name:
                archive.write(file, file.name)
        info = zipfile.ZipInfo(name)
        info.compress_type = entry.get("compress_type", zipfile.ZIP_DEFLATED)
        archive.writestr(info, entry["content"])
    return path


def test_a_zip_that_packs_more_than_weights_can_be_packed_is_refused(toy, tmp_path):
    path = packed(tmp_path, toy(), "member0.onnx", content=bytes(100 << 20))
    assert path.stat().st_size < 1 << 18
    with pytest.raises(BadArtifact, match=r"104,857,600 bytes packed into .*more than 64"):
        load_artifact(path)


def test_files_that_the_manifest_does_not_name_are_not_read(toy, tmp_path):
    folder = toy()
    path = packed(tmp_path, folder, "bomb", content=bytes(100 << 20))
    assert load_artifact(path) == load_artifact(folder)
    with (folder / "more").open("wb") as file:
        file.truncate(1 << 40)  # sparse; reading it would fill any memory
    assert load_artifact(folder) == load_artifact(path)


def test_a_manifest_of_gigabytes_is_refused_by_its_size(toy):
    folder = toy()
    with (folder / MANIFEST_FILE).open("r+b") as file:
        file.truncate(1 << 40)
    with pytest.raises(BadArtifact, match=r"must have at most 4,194,304 bytes, got 1,099,"):
        load_artifact(folder)


def flipped(path, place, offset, value):
    data = bytearray(path.read_bytes())
    start = -1
    while (start := data.find(place, start + 1)) >= 0:
        data[start + offset : start + offset + 2] = struct.pack("<H", value)
    path.write_bytes(data)
    return path


def test_odd_zips_are_refused(toy, tmp_path):
    folder = toy()
    plain = tmp_path / "plain.zip"

    def fresh():
        zip_folder(folder, plain)
        return plain

    with pytest.raises(BadArtifact, match="encrypted"):
        load_artifact(flipped(fresh(), b"PK\x01\x02", 8, 1))
    content = (folder / "member0.onnx").read_bytes()
    other = packed(
        tmp_path, folder, "member0.onnx", content=content, compress_type=zipfile.ZIP_LZMA
    )
    with pytest.raises(BadArtifact, match="packed in another way than deflate"):
        load_artifact(other)
    with pytest.raises(BadArtifact, match="zip must be whole and plain"):
        load_artifact(flipped(fresh(), b"PK\x01\x02", 42, 60_000))
    with zipfile.ZipFile(fresh(), "a") as archive:
        archive.writestr("other/member0.onnx", content)
    with pytest.raises(BadArtifact, match=r"must hold member0\.onnx once, got 2"):
        load_artifact(plain)


def edited(folder, change):
    path = folder / MANIFEST_FILE
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    return folder


NEUTRAL = {"calm_limits": {"jawOpen": 0.4}, "population": {}}
TWO = {"name": "two", "labels": ["a", "b"]}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"rate_hz": float("nan")}, "rate_hz: Input should be a finite number, got nan"),
        ({"rate_hz": float("inf")}, "rate_hz: Input should be a finite number"),
        ({"rate_hz": 1e9}, "rate_hz: Input should be less than or equal to 1000"),
        ({"color": 1}, "color: unknown key"),
        ({"name": "a\x1b[2J"}, "name: String should match pattern"),
        ({"window": {"length_s": 1e9, "stride_s": 1e9, "max_gap_s": 1.0}}, r"\[0, 600\]"),
        (
            {"window": {"length_s": 500.0, "stride_s": 0.01, "max_gap_s": 1.0}},
            r"length_s / stride_s must be in \[1, 100\], got 50000",
        ),
        (
            {
                "window": {
                    "length_s": 500.0,
                    "delay_s": 0.0,
                    "max_gap_s": 1.0,
                    "lead_step_s": 0.01,
                }
            },
            r"length_s / lead_step_s must be in \[1, 20000\], got 50000",
        ),
        (
            {"calibration": {"expression_temperature": 1e-300}},
            r"expression_temperature must be in \[0\.01, 100\], got 1e-300",
        ),
        ({"calibration": {"expression_bias": [1e9, 0.0]}}, r"in \[-50, 50\], got 1e\+09"),
        (
            {"calibration": {"smoothing": {"valence": {"kind": "box", "width_s": 1e9}}}},
            "smoothing of valence: reach in s must be in",
        ),
        ({"neutral": NEUTRAL | {"calm_limits": {}}}, "must name a blendshape at least"),
        ({"neutral": NEUTRAL | {"calm_limits": {"jawOpen": 0.0}}}, "jawOpen must be in"),
        ({"neutral": NEUTRAL | {"population": {"third": 0.1}}}, "'third' must be a blend"),
        ({"neutral": NEUTRAL | {"prior_s": 0.0}}, "prior_s: Input should be greater"),
        (
            {"expression": {"space": TWO | {"labels": ["=1+1", "b"]}, "predicted": ["b"]}},
            "a label names columns and must be up to 60 letters.* got '=1",
        ),
        (
            {"action_units": {"space": TWO | {"more": 1}, "predicted": ["a", "b"]}},
            "space.more: unknown key",
        ),
    ],
)
def test_a_manifest_that_requires_unusable_inputs_is_refused(toy, fields, message):
    with pytest.raises(BadArtifact, match=message):
        load_artifact(edited(toy(), lambda d: d.update(fields)))


def test_a_manifest_deeper_than_any_is_refused(toy):
    folder = toy()
    (folder / MANIFEST_FILE).write_text('{"a":' + "[" * 100_000)
    with pytest.raises(BadArtifact, match=r"artefact\.json: must be JSON, got"):
        load_artifact(folder)


@pytest.mark.parametrize("name", ["../member0.onnx", "/etc/passwd", "a/member0.onnx"])
def test_a_network_in_another_folder_is_refused(toy, name):
    folder = toy()
    with pytest.raises(BadArtifact, match="file must name a file in the same folder"):
        load_artifact(
            edited(folder, lambda d: d["members"][0]["network"].update(file=name))
        )


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["valence", "b"], "must have distinct names, got .'valence'"),
        (["Frame", "b"], "must have distinct names, got .'frame'"),
        (["a", "a_present"], "must have distinct names, got .'a_present'"),
        (["a", "x_present"], "nor end in _present, got 'x_present'"),
    ],
)
def test_labels_that_collide_with_columns_are_refused_before_a_frame_is_read(
    toy, labels, message
):
    units = {"space": TWO | {"labels": labels}, "predicted": labels}
    folder = edited(toy(), lambda d: d.update(action_units=units))
    with pytest.raises(BadArtifact, match=message):
        build_analyzer(folder)


def test_a_crop_of_no_spread_or_no_size_is_refused(with_backbone):
    for fields, message in (
        ({"std": [0.0, 1.0, 1.0]}, "std must be positive"),
        ({"size_px": 100_000}, r"size_px must be in \[1, 2048\]"),
        ({"mean": [float("nan")] * 3}, "finite number"),
    ):
        before = (with_backbone / MANIFEST_FILE).read_text()
        edited(with_backbone, lambda d, f=fields: d["inputs"][0]["preprocess"].update(f))
        with pytest.raises(BadArtifact, match=message):
            load_artifact(with_backbone)
        (with_backbone / MANIFEST_FILE).write_text(before)


def test_an_infinite_answer_is_no_number_under_status_ok(toy, make_frames, constant):
    analyzer = build_analyzer(toy(constant(3, valence=np.inf)))
    with pytest.raises(BadArtifact, match="outputs must be finite"):
        list(analyzer.run(make_frames(3)))
