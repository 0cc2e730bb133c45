"""Folds over several splits and the final fit on all of them."""

from dataclasses import replace

import pytest

import wildaffect
from wildaffect.core.errors import UsageError
from wildaffect.data.annotated import read_annotated
from wildaffect.data.joined_splits import read_splits
from wildaffect.inference.artifact import load_artifact
from wildaffect.training.core.recipe import BestOnDevSplit, KeepLast
from wildaffect.training.core.runs import Run, append_metrics, read_metrics
from wildaffect.training.core.schedule import lr_factor
from wildaffect.workflows.final_fit import best_epoch, median_epochs

SMALL = replace(
    wildaffect.find_recipe("modern-frame"),
    num_epochs=3,
    selection=BestOnDevSplit(share=0.4, patience_epochs=3),
)
BOTH = ("train", "val")


@pytest.fixture(scope="module")
def crossed(tiny_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("final") / "folds"
    return wildaffect.cross_validate(
        SMALL, tiny_data, num_folds=2, final=True, train_split=BOTH, output=folder
    )


def test_joined_splits_hold_the_rows_of_each(tiny_data):
    parts = [
        read_annotated(tiny_data, layout="affwild2-mtl", split=name).annotations
        for name in BOTH
    ]
    joined = read_splits(tiny_data, BOTH, layout="affwild2-mtl").annotations
    assert joined.videos == parts[0].videos + parts[1].videos
    assert len(joined) == len(parts[0]) + len(parts[1])
    last = joined.videos[joined.video_index[-1]]
    assert last == parts[1].videos[parts[1].video_index[-1]]
    expected = parts[1].valence.values[-1]
    assert joined.valence.values[-1] == expected


def test_every_video_of_both_splits_is_held_out_once_and_then_trained_on(crossed):
    final = crossed.trained.data
    assert len(final.train_videos) == 10
    assert final.dev_videos == ()
    folds = [wildaffect.load_run(crossed.folder / f"fold{k}").data for k in (0, 1)]
    for fold in folds:
        assert len({*fold.train_videos, *fold.dev_videos}) == 5
    assert crossed.scored_on.startswith("10 videos of ")


def test_the_final_fit_stops_at_the_median_of_the_folds_best_epochs(crossed):
    best = [best_epoch(Run(crossed.folder / f"fold{k}")) for k in (0, 1)]
    rows = list(read_metrics(crossed.trained.run))
    assert len(rows) == crossed.trained.recipe.stop_after == -(-sum(best) // 2)
    assert crossed.trained.recipe.selection == KeepLast()
    # The learning rate is that of the whole schedule at this step, not of a shorter one.
    steps_per_epoch = rows[0]["step"]
    optim = SMALL.optim
    expected = optim.peak_lr * lr_factor(rows[-1]["step"] - 1, optim, 3 * steps_per_epoch)
    assert rows[-1]["lr"] == pytest.approx(expected)
    (note,) = [note for note in crossed.notes if "trained on all 10 videos" in note]
    assert note.endswith("no video of these splits is left to score it")


def test_the_final_fit_is_calibrated_on_the_outputs_of_the_folds(crossed):
    assert (crossed.folder / "final/calibration.json").exists()
    assert crossed.trained.data.calibrated_on == "held-out videos of the folds"
    raw = crossed.calibration.steps[0].out_of_sample.pooled()
    scores = crossed.scores[-1].scores
    assert float(raw.ccc_valence) == pytest.approx(scores["valence"])
    assert not list((crossed.folder / "final").glob("scores-*.json"))


@pytest.mark.slow
def test_the_final_fit_ends_in_an_artifact(crossed, tmp_path):
    wildaffect.export_model(crossed.folder / "final", tmp_path / "artifact")
    assert load_artifact(tmp_path / "artifact").manifest.members
    card = (tmp_path / "artifact/CARD.md").read_text()
    assert "held-out videos of the folds, where the calibration was fitted" in card


def test_the_first_of_the_best_epochs_counts(tmp_path):
    run = Run(tmp_path)
    for epoch, score in enumerate([0.1, 0.7, 0.7, 0.3], start=1):
        # A higher score on a split that selects nothing changes nothing.
        append_metrics(run, {"epoch": epoch, "dev/score": score, "val/score": epoch})
    assert best_epoch(run) == 2


@pytest.mark.parametrize(
    ("best", "expected"),
    [((2, 3), 3), ((3, 4), 4), ((1, 9, 2), 2), ((5, 1, 4, 2), 3), ((7,), 7)],
)
def test_half_an_epoch_counts_as_one(best, expected):
    assert median_epochs(best) == expected


def test_an_epoch_whose_score_is_not_defined_is_never_the_best(tmp_path):
    run = Run(tmp_path)
    for epoch, score in enumerate([float("nan"), 0.1, 0.2], start=1):
        append_metrics(run, {"epoch": epoch, "dev/score": score})
    assert best_epoch(run) == 3


def test_a_split_that_is_trained_on_is_not_scored(tiny_data, tmp_path):
    with pytest.raises(UsageError, match="val is trained on and cannot be scored"):
        wildaffect.train(SMALL, tiny_data, train_split=BOTH, output=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_splits_that_cannot_be_joined_are_named(tiny_data):
    with pytest.raises(UsageError, match="each named once, got train, train"):
        read_splits(tiny_data, ("train", "train"), layout="affwild2-mtl")
    with pytest.raises(UsageError, match="split must be one of"):
        read_splits(tiny_data, ("train", "extra"), layout="affwild2-mtl")


def test_a_video_in_two_splits_is_refused(tiny_data, tmp_path):
    (path,) = tiny_data.rglob("training_set*.txt")
    for name in ("training_set_annotations.txt", "validation_set_annotations.txt"):
        (tmp_path / name).write_text(path.read_text())
    with pytest.raises(UsageError, match="no video may be in two of the splits train, val"):
        read_splits(tmp_path, BOTH, layout="affwild2-mtl")
