"""Backbones that artifacts carry are those that made the features."""

import json
from dataclasses import replace

import pytest

from wildaffect.core.errors import BadArtifact, BadWeights, UsageError
from wildaffect.export.artifact import Title, build_artifact
from wildaffect.export.bundled_backbones import (
    bundle_backbones,
    check_features,
    needed_backbones,
    parse_backbones,
)
from wildaffect.export.card import write_card
from wildaffect.export.pixels import PixelParity
from wildaffect.features.records import NO_DIGEST
from wildaffect.inference.calibration import Calibration
from wildaffect.models.backbones.manifest import read_manifest
from wildaffect.training.temporal.ensembles import Ensemble, EnsembleMember
from wildaffect.training.temporal.runs import load_run

TITLE = Title(name="toy", version="3", license="CC0-1.0")


def ensemble_of(*folders) -> Ensemble:
    members = tuple(EnsembleMember(trained=load_run(folder)) for folder in folders)
    return Ensemble(folder=folders[0], members=members, calibration=Calibration())


def weights_of(folder):
    return read_manifest(folder / "backbone" / "weights.json")


@pytest.fixture
def backbone(make_backbone):
    return make_backbone()


@pytest.fixture
def run(make_run, backbone):
    return make_run(inputs=("pose", "vit"), weights={"vit": weights_of(backbone)})


def test_names_and_folders_are_read_from_words():
    assert parse_backbones(["vit=runs/vit", "face=a=b"]) == {
        "vit": "runs/vit",
        "face": "a=b",
    }
    for word in ("runs/vit", "=runs/vit", "vit="):
        with pytest.raises(UsageError, match="backbone: must be NAME=FOLDER"):
            parse_backbones([word])
    with pytest.raises(UsageError, match="backbone: vit is given twice"):
        parse_backbones(["vit=a", "vit=b"])


def test_what_no_measurement_is_needs_a_backbone(make_run, run):
    other = make_run("b", inputs=("dense", "geometry", "vit"))
    assert needed_backbones(ensemble_of(run, other)) == ("vit", "dense")


def test_an_input_without_its_backbone_is_named(run):
    message = r"input 'vit' needs its backbone; name the run or weights"
    with pytest.raises(UsageError, match=message):
        bundle_backbones(ensemble_of(run), {})


def test_weights_that_did_not_make_the_features_are_refused(run, make_backbone):
    other = make_backbone(seed=1)
    message = (
        r"backbone vit=.*: weights must be those of the features that .* was trained on "
        rf"\(.*\), got {weights_of(other).sha256[:12]}; name the run"
    )
    with pytest.raises(UsageError, match=message):
        bundle_backbones(ensemble_of(run), {"vit": str(other)})


def test_every_run_of_an_ensemble_is_used(run, make_run, make_backbone, backbone):
    other = make_backbone(seed=1)
    second = make_run("second", inputs=("vit",), weights={"vit": weights_of(other)})
    with pytest.raises(UsageError, match=r"the features that .*second was trained on"):
        bundle_backbones(ensemble_of(run, second), {"vit": str(backbone)})


def test_the_same_weights_with_another_crop_are_refused(run, backbone):
    path = backbone / "backbone" / "weights.json"
    before = path.read_text()
    document = json.loads(before)
    document["preprocess"]["mean"] = [0.4, 0.4, 0.4]
    path.write_text(json.dumps(document))
    with pytest.raises(UsageError, match="crops must be those of the features"):
        bundle_backbones(ensemble_of(run), {"vit": str(backbone)})
    path.write_text(before)


def test_features_of_another_width_are_refused(run, backbone):
    wide = replace(weights_of(backbone), feature_dim=9)
    with pytest.raises(UsageError, match="trained on, 8 wide, got 9"):
        check_features("here", "vit", wide, load_run(run))


def test_altered_weights_are_refused(run, make_backbone):
    spoilt = make_backbone("spoilt")
    with (spoilt / "backbone" / "weights.safetensors").open("ab") as file:
        file.write(b"x")
    with pytest.raises(BadWeights, match="sha256 must be"):
        bundle_backbones(ensemble_of(run), {"vit": str(spoilt)})


def test_features_that_do_not_record_their_weights_are_accepted_with_a_note(
    make_run, backbone
):
    weights = replace(weights_of(backbone), sha256=NO_DIGEST)
    folder = make_run(inputs=("vit",), weights={"vit": weights})
    assert not check_features("here", "vit", weights_of(backbone), load_run(folder))


@pytest.mark.slow
def test_the_manifest_and_the_card_say_what_the_backbones_are(run, make_run, backbone):
    plain = make_run("plain", inputs=("pose",))
    ensemble = ensemble_of(run, plain)
    bundled = bundle_backbones(ensemble, {"vit": str(backbone)})
    manifest = build_artifact(ensemble, [b"one", b"two"], TITLE, bundled).manifest
    assert [model_input.key for model_input in manifest.inputs] == ["pose", "vit"]
    vit = manifest.inputs[1]
    weights = weights_of(backbone)
    assert vit.weights_sha256 == weights.sha256
    assert vit.preprocess == weights.preprocess
    assert (vit.feature_dim, vit.license, vit.source) == (8, "CC0-1.0", "a test")
    assert [member.inputs for member in manifest.members] == [None, ("pose",)]
    assert manifest.sources[-1].name == "backbone tiny.vit"
    assert manifest.sources[-1].license == "CC0-1.0"
    pixels = PixelParity(num_rows=150, largest={"valence": 3e-7})
    card = write_card(ensemble, manifest, {"valence": 2e-7}, pixels, bundled)
    assert (
        f"| vit | tiny.vit | iresnet_tiny.test | 8 | 16 px rgb | {vit.weights_sha256[:12]}"
        in card
    )
    assert "Inputs: pose, vit (a backbone)" in card
    assert "Features of vit: at most" in card
    assert "stated, not checked" not in card


@pytest.mark.slow
def test_a_file_beside_the_weights_that_is_another_network_is_refused(
    run, backbone, make_backbone
):
    bundle_backbones(ensemble_of(run), {"vit": str(backbone)})
    (kept,) = (backbone / "backbone").glob("*.onnx")
    other = make_backbone("other", seed=1)
    folder = other / "backbone"
    sha256 = weights_of(other).sha256
    (folder / f"{sha256[:16]}.onnx").write_bytes(kept.read_bytes())
    trained = replace(
        load_run(run), data=replace(load_run(run).data, feature_digests={"vit": sha256})
    )
    ensemble = replace(ensemble_of(run), members=(EnsembleMember(trained=trained),))
    with pytest.raises(
        BadArtifact, match="features of the exported IResNet must be within"
    ):
        bundle_backbones(ensemble, {"vit": str(other)})
