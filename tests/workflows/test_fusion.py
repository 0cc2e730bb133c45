"""Face and voice from the command line: trained together, predicted with one of them."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from pyarrow import csv

import wildaffect
import wildaffect.cli.main
from wildaffect.core.errors import FeatureError, UsageError
from wildaffect.core.joins import Linear
from wildaffect.features.importing import import_features
from wildaffect.features.store import FeatureStore
from wildaffect.models.fusion.config import Concatenation, Gated, Late
from wildaffect.training.core.recipe import KeepLast
from wildaffect.training.temporal.without_sets import without_sets

BASE = wildaffect.find_recipe("modern-frame")
RECIPE = replace(
    BASE,
    name="fused",
    inputs=("pose", "voice"),
    num_epochs=1,
    selection=KeepLast(),
    model=replace(BASE.model, fusion=Gated(hidden_dim=8)),
    joins={"voice": Linear(max_gap_s=0.5)},
)


@pytest.fixture(scope="module")
def data(tiny_data, tmp_path_factory):
    """The annotations of `tiny_data` with a voice at 10 Hz; one video has half of it.

    Its voice ends at 2.0 s; 19 of its 40 annotated frames, every 0.1 s, are later.
    """
    data = tmp_path_factory.mktemp("voiced") / "data"
    shutil.copytree(tiny_data, data)
    store = FeatureStore(data / "features")
    rng = np.random.default_rng(0)
    arrays = {}
    for entry in store.entries("geometry"):
        end_s = store.open(entry).time_s[-1] / (2 if entry.video == "a0" else 1)
        times_s = np.arange(0, end_s + 0.1, 0.1)
        arrays[f"{entry.video}/time_s"] = times_s
        arrays[f"{entry.video}/feature"] = rng.normal(size=(len(times_s), 3))
    np.savez(data / "voice.npz", **arrays)
    import_features(data / "voice.npz", store, feature_set="voice", rows="moments")
    return data


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    return wildaffect.train(RECIPE, data, output=tmp_path_factory.mktemp("fused") / "run")


def test_no_row_is_lost_and_what_is_absent_is_noted_and_recorded(run):
    (note,) = run.notes
    assert note.startswith("voice is absent in 19 of 240 annotated frames")
    assert note.endswith("most in a0")
    coverage = json.loads((run.folder / "data.json").read_text())["coverage"]
    assert coverage["num_rows"] == 240
    assert coverage["num_lost"] == 0
    assert coverage["num_absent"] == {"geometry": 0, "voice": 19}


def test_training_stops_over_the_stated_share_and_names_set_and_video(data, tmp_path):
    strict = replace(RECIPE, max_lost_share=0.05)
    message = (
        r"voice does not reach 19 of 240 .* \(8%, limit 5%\), most in a0; .*lost_share"
    )
    with pytest.raises(FeatureError, match=message):
        wildaffect.train(strict, data, output=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_model_of_both_predicts_without_the_voice_and_says_so(
    run, data, tiny_data, tmp_path, capsys
):
    words = [str(run.folder), "--data", str(tiny_data), "--split", "val"]
    assert wildaffect.cli.main.main(["predict", *words, "-o", str(tmp_path / "one")]) == 0
    printed = capsys.readouterr().out
    assert "note: the store has no voice; every frame was predicted without it" in printed
    both = wildaffect.predict(run.folder, tmp_path / "both", data=data, split="val")
    assert both.absent_sets == ()
    tables = [csv.read_csv(tmp_path / kind / "v0.csv") for kind in ("one", "both")]
    values = [np.asarray(table["valence"], float) for table in tables]
    assert all(np.isfinite(each).all() for each in values)
    assert np.abs(values[0] - values[1]).max() > 1e-4


@pytest.mark.parametrize("fusion", [None, Concatenation(set_dropout=0.0)])
def test_a_model_that_never_did_without_a_set_refuses_a_store_that_lacks_it(
    fusion, data, tiny_data, tmp_path
):
    recipe = replace(RECIPE, model=replace(RECIPE.model, fusion=fusion))
    run = wildaffect.train(recipe, data, output=tmp_path / "run", score_split=None)
    with pytest.raises(FeatureError, match=r"got none of voice; .* late fusion"):
        wildaffect.predict(run.folder, tmp_path / "out", data=tiny_data, split="val")


def test_a_model_of_both_is_exported_for_faces_alone(run, tmp_path):
    with pytest.raises(UsageError, match=r"'voice' needs its backbone; .* without it"):
        wildaffect.export_model(run.folder, tmp_path / "face")
    with pytest.raises(UsageError, match="no member reads the feature set 'text'"):
        wildaffect.export_model(run.folder, tmp_path / "face", without=["text"])
    made = wildaffect.export_model(run.folder, tmp_path / "face", without=["voice"])
    assert made.notes == (
        "the artifact does without voice; scores of the run are not its own",
    )
    assert max(made.networks.values()) < 1e-4
    assert [each.key for each in made.artifact.manifest.inputs] == ["pose"]
    card = (tmp_path / "face" / "CARD.md").read_text()
    assert "trained with voice, which this artifact does without" in card


def test_what_the_export_computes_is_what_predict_does_without_the_voice(run):
    trained = wildaffect.load_run(run.folder)
    alone = without_sets(trained, ["voice"])
    rows = torch.randn(1, 9, 6, generator=torch.Generator().manual_seed(0))
    rows[..., 3:] = torch.nan
    lengths, times_s = torch.tensor([9]), torch.arange(9)[None] / 10
    with torch.no_grad():
        expected = trained.model.eval()(rows, lengths, times_s)
        found = alone.model.eval()(rows[..., :3], lengths, times_s)
    for task, values in expected.items():
        torch.testing.assert_close(found[task], values)


def test_late_fusion_predicts_and_exports_the_face_alone(
    run, data, tiny_data, tmp_path, capsys
):
    words = ["train", str(run.folder / "recipe.json"), "--data", str(data)]
    late = ["--model.fusion.kind", "late", "-o", str(tmp_path / "run")]
    assert wildaffect.cli.main.main([*words, *late]) == 0
    trained = wildaffect.load_run(tmp_path / "run")
    assert trained.recipe.model.fusion == Late()
    capsys.readouterr()
    made = wildaffect.predict(tmp_path / "run", tmp_path / "a", data=tiny_data, split="val")
    assert made.absent_sets == ("voice",)
    alone = without_sets(trained, ["voice"])
    assert alone.model.input_dim == 3
    exported = wildaffect.export_model(
        tmp_path / "run", tmp_path / "face", without=["voice"]
    )
    assert [each.key for each in exported.artifact.manifest.inputs] == ["pose"]
    assert max(exported.networks.values()) < 1e-4
