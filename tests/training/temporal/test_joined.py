"""Two sets as one: what must be alike, and what must not be shared."""

from dataclasses import replace

import pytest

from wildaffect.core.errors import FeatureError, UsageError
from wildaffect.core.tasks import LabelSpace, LabelSpaces
from wildaffect.data.coverage import Coverage
from wildaffect.inference.manifest import DataSource
from wildaffect.training.temporal.joined import join_data
from wildaffect.training.temporal.runs import RunData

WORLD = RunData(
    annotations="a world",
    annotations_sha256="1" * 64,
    train_videos=("w1", "w2"),
    dev_videos=("w3",),
    input_dim=3,
    input_widths={"pose": 3},
    feature_digests={"geometry": "d"},
    crop_digests={"geometry": "none"},
    rate_hz=7.5,
    times_are_guessed=False,
    coverage=Coverage(
        num_rows=9, num_lost=1, num_absent={"geometry": 2}, least={"geometry": ("w1",)}
    ),
    sources=(DataSource(name="a world", license="Apache-2.0"),),
)
CLIPS = replace(
    WORLD,
    annotations="clips",
    annotations_sha256="2" * 64,
    train_videos=("c1",),
    dev_videos=(),
    times_are_guessed=True,
    sources=(DataSource(name="clips", license="ODbL-1.0"),),
)


def test_the_record_of_a_run_names_all_videos_and_licenses():
    joined = join_data([WORLD, CLIPS])
    assert joined.annotations == "a world; clips"
    assert joined.train_videos == ("w1", "w2", "c1")
    assert joined.dev_videos == ("w3",)
    assert [source.license for source in joined.sources] == ["Apache-2.0", "ODbL-1.0"]
    assert joined.times_are_guessed
    assert joined.coverage.num_rows == 18
    assert joined.coverage.num_absent == {"geometry": 4}
    assert joined.coverage.least == {"geometry": ("w1", "w1")}
    other = join_data([WORLD, replace(CLIPS, annotations_sha256="3" * 64)])
    assert other.annotations_sha256 != joined.annotations_sha256


def test_sets_of_other_labels_or_features_are_refused():
    spaces = LabelSpaces(expressions=LabelSpace(name="mine", labels=("Joy",)))
    with pytest.raises(UsageError, match="clips: label spaces must be those of a world"):
        join_data([WORLD, replace(CLIPS, spaces=spaces)])
    with pytest.raises(FeatureError, match="clips: features must be computed as those of"):
        join_data([WORLD, replace(CLIPS, feature_digests={"geometry": "e"})])
