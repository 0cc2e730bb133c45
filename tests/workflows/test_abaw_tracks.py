"""BAH and Hume-Vidmimic2 in miniature, from lists and measurements to scored tables."""

from dataclasses import replace

import numpy as np
import pytest
from pyarrow import csv
from tests.support.abaw_tracks import bah_video, write_bah, write_emi
from tests.support.waves import write_features

import wildaffect
from wildaffect.core.tasks import Task
from wildaffect.training.core.recipe import BestOnDevSplit

RECIPE = replace(
    wildaffect.find_recipe("modern-frame"),
    num_epochs=6,
    batch_size=2,
    selection=BestOnDevSplit(share=0.4),
)
AU_RECIPE = replace(RECIPE, model=replace(RECIPE.model, tasks=(Task.ACTION_UNITS,)))
NUM_VIDEOS = {"train": 8, "val": 6, "test": 6}


@pytest.fixture(scope="module")
def bah(tmp_path_factory):
    """Frames that are ambivalent where their measurements are high."""
    root = tmp_path_factory.mktemp("bah")
    labels, person = {}, 0
    for split, count in NUM_VIDEOS.items():
        labels[split] = []
        for index in range(count):
            bias = -1.0 if index % 2 else None
            wave = write_features(root, bah_video(person), 700 + person, bias)
            labels[split].append((wave > 0.5).astype(int).tolist())
            person += 1
    return write_bah(root, labels)


@pytest.mark.parametrize("layout", ["bah-frames", "bah-videos"])
def test_ambivalence_trains_and_its_tables_score_as_training_printed(bah, layout, tmp_path):
    result = wildaffect.train(AU_RECIPE, bah, layout=layout, output=tmp_path / "run")
    (source,) = result.trained.data.sources
    assert source.license == "research agreement (BAH)"
    assert any("terms of the data: BAH is given for research" in n for n in result.notes)
    raw = next(line for line in result.scores if line.name == "raw").scores
    wildaffect.predict(
        result.folder, tmp_path / "tables", data=bah, split="val", layout=layout, raw=True
    )
    report = wildaffect.evaluate(
        bah, tmp_path / "tables", layout=layout, split="val", num_resamples=10
    )
    assert report.values["action_units.mean_f1"] == pytest.approx(raw["action_units"])
    assert report.protocol == "abaw-ah"
    assert 0.4 < report.overall.value <= 1


def test_mimicry_trains_and_its_tables_correlate(tmp_path):
    rng = np.random.default_rng(5)
    rows = {"train": [], "val": []}
    for number in range(24):
        level = rng.uniform()
        write_features(tmp_path, f"{number:05d}", 800 + number, level)
        split = "train" if number < 14 else "val"
        rows[split].append((number, *np.round([level, 1 - level] * 3, 3)))
    write_emi(tmp_path, rows)
    result = wildaffect.train(RECIPE, tmp_path, output=tmp_path / "run")
    assert result.recipe.model.tasks == (Task.INTENSITIES,)
    wildaffect.predict(result.folder, tmp_path / "tables", data=tmp_path, split="val")
    report = wildaffect.evaluate(
        tmp_path, tmp_path / "tables", split="val", num_resamples=10
    )
    assert report.protocol == "abaw-emi"
    assert report.overall.value > 0.5
    joy = csv.read_csv(tmp_path / "tables" / "00014.csv")["joy_intensity"].to_pylist()
    assert 0 <= min(joy) <= max(joy) <= 1
