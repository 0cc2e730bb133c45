"""The calibration of a trained run is fitted again from Python."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

import wildaffect
from wildaffect.core.errors import SplitError, UsageError
from wildaffect.features.records import FeatureTable
from wildaffect.features.store import FeatureStore
from wildaffect.training.core.recipe import KeepLast
from wildaffect.training.temporal.calibrate_and_score import load_calibration


@pytest.fixture
def run(trained, tmp_path):
    return shutil.copytree(trained / "a", tmp_path / "a")


def test_the_dev_split_gives_the_calibration_that_training_fitted(run, tiny_data):
    files = run / "calibration.json", run / "calibration-scores.json"
    before = [path.read_bytes() for path in files]
    for path in files:
        path.unlink()
    result = wildaffect.calibrate(str(run), str(tiny_data))
    assert [path.read_bytes() for path in files] == before
    assert result.calibration == load_calibration(run)
    assert result.fitted_on.startswith("3 videos of ")
    assert repr(result).startswith(f"CalibrateResult({run}: score ")


def test_another_split_replaces_the_calibration(run, tiny_data):
    before = load_calibration(run)
    result = wildaffect.calibrate(run, tiny_data, split="val")
    assert result.fitted_on.startswith("4 videos of ")
    assert load_calibration(run) == result.calibration != before
    names = [
        row["name"] for row in json.loads((run / "calibration-scores.json").read_text())
    ]
    assert names == [line.name for line in result.scores]
    assert names[0] == "raw, in sample"
    assert names[-1] == "bias and thresholds, out of sample"


def test_other_features_are_predicted_again(run, tiny_data, tmp_path):
    before = wildaffect.calibrate(run, tiny_data)
    store, other = FeatureStore(tiny_data / "features"), FeatureStore(tmp_path / "other")
    for name in store.entries():
        stored = store.open(name)
        table = FeatureTable(
            feature_set=name.feature_set,
            video=name.video,
            track=name.track,
            columns=stored.sidecar.columns,
            frame_number=stored.frame_number,
            time_s=stored.time_s,
            values=stored.read()[::-1].astype(np.float32),
            provenance=stored.sidecar.provenance,
        )
        other.write(table)
    after = wildaffect.calibrate(run, tiny_data, features=other.root)
    assert after.scores[0].scores != before.scores[0].scores
    assert wildaffect.calibrate(run, tiny_data).scores == before.scores


def test_videos_that_trained_the_run_are_refused(run, tiny_data):
    before = (run / "calibration.json").read_bytes()
    with pytest.raises(UsageError, match=r"videos of train must not have trained the run"):
        wildaffect.calibrate(run, tiny_data, split="train")
    assert (run / "calibration.json").read_bytes() == before


def test_a_run_without_a_dev_split_needs_a_split(tiny_data, tmp_path):
    recipe = replace(wildaffect.find_recipe("modern-frame"), num_epochs=1)
    recipe = replace(recipe, selection=KeepLast())
    wildaffect.train(recipe, tiny_data, output=tmp_path / "last", score_split=None)
    with pytest.raises(UsageError, match="last: this run has no dev split; name a split"):
        wildaffect.calibrate(tmp_path / "last", tiny_data)
    result = wildaffect.calibrate(tmp_path / "last", tiny_data, split="val")
    assert load_calibration(tmp_path / "last") == result.calibration


def test_a_single_subject_cannot_be_cross_fitted(run, tiny_data):
    data = json.loads((run / "data.json").read_text())
    data["dev_videos"] = data["dev_videos"][:1]
    (run / "data.json").write_text(json.dumps(data))
    with pytest.raises(SplitError, match="its dev split must hold at least 2 subjects"):
        wildaffect.calibrate(run, tiny_data)


def test_the_data_must_be_those_of_the_run(run, tiny_data):
    with pytest.raises(UsageError, match=r"3 videos of the dev split of .* are not"):
        wildaffect.calibrate(run, tiny_data, train_split="val")
    with pytest.raises(UsageError, match="nowhere: not a run"):
        wildaffect.calibrate(run.parent / "nowhere", tiny_data)
