"""A recipe is trained, loaded and evaluated from Python."""

import shutil
from dataclasses import replace

import pytest

import wildaffect
from wildaffect.core.errors import UsageError
from wildaffect.training.core.recipe import BestOnDevSplit

ONE_IN_DEV = replace(wildaffect.find_recipe("modern-frame"), num_epochs=1)
SMALL = replace(ONE_IN_DEV, selection=BestOnDevSplit(share=0.5))


def test_a_recipe_is_trained_scored_and_loaded_again(tiny_data, tmp_path):
    epochs = []
    result = wildaffect.train(
        SMALL,
        str(tiny_data),
        output=str(tmp_path / "run"),
        on_epoch_end=lambda run, epoch: epochs.append((run.folder.name, epoch.number)),
    )
    assert epochs == [("run", 1)]
    assert [line.name for line in result.scores] == ["raw", "calibrated"]
    assert repr(result).startswith(f"TrainResult({tmp_path / 'run'}: modern-frame, score ")
    assert repr(result).endswith("on 4 videos of s-Aff-Wild2 val)")
    model = wildaffect.load_run(str(tmp_path / "run"))
    assert model.recipe == SMALL
    assert len(repr(model)) < 250


def test_a_run_that_cannot_be_calibrated_has_raw_scores_and_a_note(tiny_data, tmp_path):
    notes = []
    result = wildaffect.train(ONE_IN_DEV, tiny_data, output=tmp_path, on_note=notes.append)
    assert result.calibration is None
    assert [line.name for line in result.scores] == ["raw"]
    assert list(result.notes) == notes
    (note,) = notes
    reason = "dev split has 1 subject, calibration needs 2; the run is not calibrated"
    assert note == f"{tmp_path}: {reason}"


def test_annotated_frames_without_features_are_counted(tiny_data, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(tiny_data, data)
    (labels,) = data.rglob("training_set*.txt")
    row = labels.read_text().splitlines()[1]
    image, _, rest = row.partition(",")
    with labels.open("a") as file:  # 16 s behind the last frame with features
        file.write(f"{image.split('/')[0]}/00600.jpg,{rest}\n")
    notes = []
    wildaffect.train(SMALL, data, output=tmp_path / "run", on_note=notes.append)
    (note,) = notes
    where = "1 of 241 annotated frames of s-Aff-Wild2 train"
    assert note == f"{where} have no features near in time and train nothing"


def test_a_video_without_features_is_named(tiny_data, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(tiny_data, data)
    (labels,) = data.rglob("training_set*.txt")
    row = labels.read_text().splitlines()[1]
    with labels.open("a") as file:
        file.write(f"lost/00001.jpg,{row.partition(',')[2]}\n")
    notes = []
    wildaffect.train(SMALL, data, output=tmp_path / "run", on_note=notes.append)
    assert (
        "1 video of s-Aff-Wild2 train without features, which train nothing: lost" in notes
    )


def test_a_run_is_predicted_evaluated_and_joined(tiny_data, trained, tmp_path):
    seen = []
    tables = wildaffect.predict(
        str(trained / "a"),
        str(tmp_path / "tables"),
        data=str(tiny_data),
        split="val",
        on_progress=lambda *counts: seen.append(counts),
    )
    assert (tables.num_written, tables.num_kept, tables.num_missing) == (4, 0, 0)
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    report = wildaffect.evaluate(tiny_data, tables.folder, split="val", num_resamples=10)
    assert report.values["overall"] is not None
    joined = wildaffect.ensemble(
        [trained / "a", str(trained / "b")], tiny_data, tmp_path / "both"
    )
    assert joined.num_members == 2
    assert repr(joined).startswith(f"EnsembleResult({tmp_path / 'both'}: 2 of 2 members")


def test_a_finished_run_is_not_trained_again_and_a_note_says_so(tiny_data, tmp_path):
    first = wildaffect.train(SMALL, tiny_data, output=tmp_path, score_split=None)
    assert first.scores == first.notes == ()
    assert repr(first) == f"TrainResult({tmp_path}: modern-frame, not scored)"
    notes = []
    again = wildaffect.train(
        SMALL, tiny_data, output=tmp_path, score_split=None, on_note=notes.append
    )
    assert list(again.notes) == notes
    assert notes == [f"{tmp_path}: already trained, training is skipped"]


def test_folds_are_scored_on_what_each_holds_out(tiny_data, tmp_path):
    result = wildaffect.cross_validate(
        SMALL, tiny_data, num_folds=2, output=tmp_path / "folds"
    )
    assert len(result.scores) == 3
    assert result.scores[-1].name == "all held out, raw"
    assert result.scored_on.startswith("6 videos of ")


def test_an_unknown_recipe_suggests_the_nearest(tiny_data):
    with pytest.raises(UsageError, match="did you mean modern-frame"):
        wildaffect.train("modern-fram", tiny_data)
