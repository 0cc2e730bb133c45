import dataclasses
import importlib.util
import json
import shutil
import typing
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

import wildaffect
from wildaffect.cli.main import main
from wildaffect.core.errors import BadArtifact
from wildaffect.core.scales import Scale, ScaleSpace
from wildaffect.core.tasks import (
    ABAW_ACTION_UNIT_NUMBERS,
    ABAW_EXPRESSIONS,
    action_unit_label,
)
from wildaffect.core.windows import CausalWindow
from wildaffect.inference.analyzer import AnalysisOptions, Analyzer
from wildaffect.inference.artifact import EMBEDDED, MANIFEST_FILE, load_artifact
from wildaffect.inference.calibration import Calibration
from wildaffect.inference.inputs import COLUMNS
from wildaffect.inference.manifest import (
    ActionUnitOutput,
    ExpressionOutput,
    Manifest,
    MeasuredInput,
    NeutralPolicy,
)

SCRIPTS = Path(__file__).parents[2] / "scripts"


def edit(folder, change):
    path = folder / MANIFEST_FILE
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def ratings(label):
    return ScaleSpace(name="own", scales=(Scale(label=label, low=0, high=5),))


def analyzer_of(folder):
    return Analyzer(load_artifact(folder), AnalysisOptions())


def zipped(folder):
    return Path(shutil.make_archive(str(folder), "zip", folder.parent, folder.name))


def test_a_folder_and_its_zip_are_the_same_artifact(toy):
    folder = toy()
    one, two = load_artifact(folder), load_artifact(zipped(folder))
    assert one == two
    assert one.manifest.name == "toy"
    assert len(one.digest) == 64


@pytest.mark.e2e
def test_own_artifacts_go_through_the_same_door_as_the_embedded_one(
    averaging, make_frames, tmp_path, capsys
):
    folder = tmp_path / "frames"
    folder.mkdir()
    for frame in make_frames(30):
        cv2.imwrite(str(folder / f"{frame.index:03d}.png"), frame.rgb[..., ::-1])
    for name, model in (("a.csv", averaging), ("b.csv", zipped(averaging))):
        arguments = [folder, "--images-as", "sequence", "--fps", 25, "--model", model]
        assert main(["analyze", *map(str, [*arguments, "-o", tmp_path / name])]) == 0
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    table = wildaffect.read_table(tmp_path / "a.csv")
    assert table["arousal"].null_count == table["expression"].null_count == 30
    assert table["AU12"].null_count == table["p_happiness"].null_count == 30
    yaw_deg = table["pose_yaw_deg"].to_numpy()
    first = np.clip(yaw_deg[:25].mean(), -1, 1)  # rows 0-12 lie in the first window alone
    assert table["valence"].to_numpy()[:12] == pytest.approx(first, abs=1e-4)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / MANIFEST_FILE).unlink(), r"must hold artefact\.json, got none"),
        (lambda f: (f / MANIFEST_FILE).write_text("{"), r"artefact\.json: must be JSON"),
        (lambda f: (f / "member0.onnx").unlink(), r"no such file in it: member0\.onnx"),
        (
            lambda f: (f / "member0.onnx").write_bytes(b"x"),
            r"member0\.onnx: sha256 must be",
        ),
        (
            lambda f: edit(f, lambda d: d.update(format_version=99, news=1)),
            r"format_version must be 2, got 99; use the wildaffect it was exported with",
        ),
        (lambda f: edit(f, lambda d: d.update(color=1)), r"color: "),
        (lambda f: edit(f, lambda d: d.pop("name")), r"name: Field required"),
        (
            lambda f: edit(f, lambda d: d.update(members=[])),
            r"at least one network, got none",
        ),
        (
            lambda f: edit(f, lambda d: d.update(inputs=[])),
            r"inputs must name at least one",
        ),
        (
            lambda f: edit(f, lambda d: d["inputs"][0]["columns"].reverse()),
            r"pose must have the 3 columns of this version, got 'roll_deg' at position 0",
        ),
    ],
)
def test_what_is_wrong_with_an_artifact_is_reported_before_a_frame_is_read(
    toy, spoil, message
):
    folder = toy()
    spoil(folder)
    with pytest.raises(BadArtifact, match=message):
        analyzer_of(folder)


UNITS = ActionUnitOutput(
    space=dataclasses.replace(ABAW_EXPRESSIONS, name="two", labels=("a", "b")),
    predicted=("a", "b"),
)
EXPRESSION = ExpressionOutput(space=ABAW_EXPRESSIONS, predicted=("Neutral", "Happiness"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"expression": dataclasses.replace(EXPRESSION, predicted=("Neutral", "Joy"))},
            "predicted must name labels of abaw-expressions-8, got Joy",
        ),
        (
            {"expression": dataclasses.replace(EXPRESSION, predicted=("Fear", "Fear"))},
            "once each and at least one, got Fear, Fear",
        ),
        (
            {"calibration": Calibration(expression_bias=(1.0,))},
            "expression_bias must be one for each of 2 labels predicted, got 1",
        ),
        (
            {"calibration": Calibration(action_unit_thresholds=(0.5,) * 3)},
            "action_unit_thresholds must be one for each of 2 labels predicted, got 3",
        ),
        (
            {"action_units": dataclasses.replace(UNITS, excluded=(("a", "c"),))},
            r"excluded must be pairs of two action units .* \(a, b\), got a and c",
        ),
        (
            {"action_units": dataclasses.replace(UNITS, excluded=(("a", "a"),))},
            "excluded must be pairs of two action units .* got a and a",
        ),
        (
            {"action_units": dataclasses.replace(UNITS, intensity_note="Generated.")},
            "intensity_note must stand with intensity",
        ),
        (
            {"action_units": dataclasses.replace(UNITS, sided=("a",))},
            "sided must stand with intensity, got intensity false",
        ),
        (
            {"action_units": dataclasses.replace(UNITS, intensity=True, sided=("c",))},
            r"sided must name action units that are predicted \(a, b\), each once, got c",
        ),
        (
            {"action_units": dataclasses.replace(UNITS, intensity=True, sided=("b", "b"))},
            "sided must name action units .* each once, got b, b",
        ),
        (
            {
                "action_units": dataclasses.replace(UNITS, intensity=True),
                "intensities": ratings("a_intensity"),
            },
            "names that no other output has, got a_intensity twice; rename it",
        ),
        ({"dimensions": ratings("valence")}, "no other output has, got valence twice"),
        (
            {"action_units": UNITS, "dimensions": ratings("b")},
            "no other output has, got b twice",
        ),
        (
            {"dimensions": ratings("pain"), "intensities": ratings("pain")},
            "no other output has, got pain twice",
        ),
        ({"weights": [0.0]}, r"members\.0\.weight: .* greater than 0, got 0\.0"),
        ({"rate_hz": -1.0}, "rate_hz: Input should be greater than 0, got -1.0"),
        (
            {
                "rate_hz": 10.0,
                "window": CausalWindow(length_s=2.0, delay_s=0.5, max_gap_s=0.1),
            },
            r"must be at least 0\.2 s, two steps of rate_hz=10, got 0\.1 s",
        ),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(toy, fields, message):
    with pytest.raises(BadArtifact, match=message):
        load_artifact(toy(**fields))


def test_an_own_intensity_may_stand_beside_units_without_intensities(toy):
    fields = {"action_units": UNITS, "intensities": ratings("a_intensity")}
    manifest = load_artifact(toy(**fields)).manifest
    assert manifest.spaces.intensities.labels == ("a_intensity",)


def test_changes_against_the_neutral_need_a_policy(toy):
    kind = "geometry_change"
    inputs = (MeasuredInput(kind=kind, columns=COLUMNS[kind]),)
    with pytest.raises(BadArtifact, match="neutral must be given for geometry_change"):
        load_artifact(toy(inputs=inputs))
    policy = NeutralPolicy(calm_limits={"jawOpen": 0.5}, population={})
    assert load_artifact(toy(inputs=inputs, neutral=policy)).manifest.neutral == policy


def test_what_is_no_artifact_is_named(tmp_path):
    names = (
        "no such model, folder or zip: baseline-rule; did you mean baseline-rules\\? "
        "models: baseline-rules, default, open"
    )
    with pytest.raises(BadArtifact, match=names):
        load_artifact("baseline-rule")
    (tmp_path / "x").write_text("hello")
    with pytest.raises(BadArtifact, match="must be a folder or a zip, got another file"):
        load_artifact(tmp_path / "x")


def test_a_damaged_zip_is_named(toy):
    path = zipped(toy())
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("artifact/member0.onnx").header_offset + 60
    data[start : start + 40] = bytes(40)
    path.write_bytes(data)
    with pytest.raises(BadArtifact, match="zip must be whole"):
        load_artifact(path)


def test_compiling_the_rules_again_gives_the_committed_artifact(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    spec = importlib.util.spec_from_file_location(
        "compile_rules", SCRIPTS / "compile_baseline_rules.py"
    )
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.main(folder=tmp_path)
    committed = EMBEDDED / "baseline-rules"
    names = sorted(path.name for path in committed.iterdir())
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    for name in names:
        assert (tmp_path / name).read_bytes() == (committed / name).read_bytes()


def fields_of(record):
    """Names of all fields of a record and of the records inside it."""
    for field in dataclasses.fields(record):
        yield field.name
        for inner in inner_records(typing.get_type_hints(record)[field.name]):
            yield from fields_of(inner)


def inner_records(hint):
    if dataclasses.is_dataclass(hint):
        yield hint
    for part in typing.get_args(hint):
        yield from inner_records(part)


def test_the_page_on_artifacts_names_every_field_of_the_manifest():
    page = (SCRIPTS.parent / "docs" / "artifacts.md").read_text()
    names = set(fields_of(Manifest))
    assert {"rate_hz", "delay_s", "time_constant_s", "size_px", "offset"} <= names
    assert {name for name in names if f"`{name}`" not in page} == set()


def test_the_card_names_what_the_baseline_does_not_predict_and_those_columns_are_empty(
    make_frames,
):
    manifest = load_artifact().manifest
    card = (EMBEDDED / "baseline-rules" / "CARD.md").read_text()
    units = [action_unit_label(number) for number in ABAW_ACTION_UNIT_NUMBERS]
    absent = set(units) - set(manifest.action_units.predicted)
    absent |= set(ABAW_EXPRESSIONS.labels) - set(manifest.expression.predicted)
    (model_outputs,) = [part for part in card.split("\n\n") if "are not predicted" in part]
    for label in absent:
        assert label in model_outputs
    (row, *_) = wildaffect.stream(make_frames())
    affect, space = row.affect, manifest.action_units.space
    for label in set(units) & absent:
        assert np.isnan(affect.action_unit_probs[space.index(label)])
        assert affect.action_units_present[space.index(label)] is None
    for label in set(ABAW_EXPRESSIONS.labels) & absent:
        assert np.isnan(affect.expression_probs[ABAW_EXPRESSIONS.index(label)])
