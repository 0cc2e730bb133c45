from dataclasses import replace

import numpy as np
import pytest
from tests.training.conftest import made_up_sequence

from wildaffect.core.columns import TaskColumn
from wildaffect.core.errors import FeatureError
from wildaffect.core.tasks import LabelSpaces
from wildaffect.data.samples import WindowSampler
from wildaffect.training.core.distributed import Processes
from wildaffect.training.core.sampling import BalancedClasses, BalancedVideos
from wildaffect.training.temporal.batches import TrainingBatches
from wildaffect.training.temporal.sampling import EveryRow, row_weights

NUM_DRAWS = 3000


def shares_of_videos(sequences, recipe):
    """Share of windows of each video, drawn as in training."""
    sampler = WindowSampler(
        sequences,
        recipe.training_window,
        row_weights(sequences, recipe.sampling, LabelSpaces()),
    )
    drawn = sampler.draw(NUM_DRAWS, np.random.default_rng(0))
    videos = [sample.video for sample in drawn]
    return [videos.count(each.video) / NUM_DRAWS for each in sequences]


def test_videos_are_drawn_by_their_length_or_alike(tiny):
    sequences = [made_up_sequence(0, num_rows=180), made_up_sequence(1, num_rows=20)]
    by_row = shares_of_videos(sequences, tiny)
    alike = shares_of_videos(sequences, replace(tiny, sampling=BalancedVideos()))
    assert by_row[0] == pytest.approx(0.9, abs=0.03)
    assert alike == pytest.approx([0.5, 0.5], abs=0.03)


def test_windows_are_drawn_around_rare_classes_more_often(sequences):
    weights = row_weights(sequences, BalancedClasses(power=1.0), LabelSpaces())
    rows = [each.targets.expression.take(each.computed_rows) for each in sequences]
    classes = np.concatenate([column.values for column in rows])
    valid = np.concatenate([column.valid for column in rows])
    mass = np.bincount(classes[valid], weights[valid])
    np.testing.assert_allclose(mass, mass[0])


def test_rows_with_soft_labels_alone_are_balanced_too(sequences):
    first = sequences[0]
    num_rows = len(first)
    shares = TaskColumn.empty((num_rows, 8), np.float32)
    shares.values[:, :2], shares.valid[:] = [0.5, 0.5], True
    shares.values[0, :2] = [0.0, 1.0]
    soft_only = replace(
        first.targets,
        expression=TaskColumn.empty(num_rows, np.int64),
        expression_shares=shares,
    )
    voted = replace(first, targets=soft_only)
    weights = row_weights([voted], BalancedClasses(power=1.0), LabelSpaces())
    is_first, others = voted.computed_rows == 0, len(voted.computed_rows) - 1
    assert is_first[0]
    # Classes with masses others / 2 and others / 2 + 1: the second is the more frequent.
    ratio = weights[0] / weights[1]
    rarity = np.array([2 / others, 1 / (others / 2 + 1)])
    assert ratio == pytest.approx(rarity[1] / rarity.mean())


def test_equal_rows_need_no_weights(sequences):
    assert row_weights(sequences, EveryRow(), LabelSpaces()) is None


def test_sampling_is_a_setting_of_the_recipe(sequences, tiny):
    def first(sampling):
        recipe = replace(tiny, sampling=sampling)
        batches = TrainingBatches(sequences, recipe, Processes(), LabelSpaces())
        return next(batches.from_step(0, "cpu")).features.shape, batches

    shape, plain = first(EveryRow())
    other, balanced = first(BalancedVideos())
    assert shape[0] == other[0] == tiny.batch_size
    assert plain.num_rows == balanced.num_rows


def test_sequences_without_features_are_refused_with_weights_too(tiny):
    empty = made_up_sequence(0)
    empty = replace(empty, has_feature=np.zeros(len(empty), bool))
    with pytest.raises(FeatureError, match="at least one frame must have features"):
        WindowSampler([empty], tiny.training_window, np.zeros(0))
