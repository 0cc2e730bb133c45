"""Steps of an epoch."""

from dataclasses import replace

import numpy as np
import pytest

from wildaffect.core.tasks import LabelSpaces
from wildaffect.recipes.catalog import RECIPES
from wildaffect.training.core.distributed import launch
from wildaffect.training.core.recipe import BestOnDevSplit
from wildaffect.training.temporal.epoch_length import PaddedVideos, num_padded_steps
from wildaffect.training.temporal.objective import TemporalObjective


def counted_steps(rows, num_videos, num_rows):
    """Count the windows of padded batches, video by video."""
    steps = 0
    for start in range(0, len(rows), num_videos):
        longest = max(rows[start : start + num_videos])
        steps += len(range(0, longest, num_rows))
    return steps


def test_one_batch_has_a_step_for_each_window_of_its_longest_video():
    config = PaddedVideos(num_videos=3, num_rows=64)
    assert num_padded_steps(config, [10, 64, 129]) == 3
    assert num_padded_steps(config, [64]) == 1
    assert num_padded_steps(config, [65]) == 2


@pytest.mark.parametrize("num_videos", [19, 24, 5])
def test_steps_are_the_mean_over_the_orders_of_the_videos(num_videos):
    rng = np.random.default_rng(num_videos)
    rows = np.exp(rng.normal(5.5, 1.0, num_videos)).astype(int) + 1
    config = PaddedVideos(num_videos=8, num_rows=64)
    counted = [counted_steps(rng.permutation(rows), 8, 64) for _ in range(4000)]
    assert num_padded_steps(config, rows) == pytest.approx(np.mean(counted), abs=0.6)


def test_a_published_recipe_has_the_steps_of_the_published_loop(sequences):
    recipe = replace(
        RECIPES["abaw4-gru"](), epoch_length=PaddedVideos(num_videos=12, num_rows=10)
    )
    assert isinstance(recipe.selection, BestOnDevSplit)  # held-out videos count too
    objective = TemporalObjective(
        recipe, sequences, fabric=launch("cpu", "32-true"), spaces=LabelSpaces()
    )
    longest = max(len(sequence.computed_rows) for sequence in sequences)
    assert objective.steps_per_epoch == len(range(0, longest, 10))


def test_a_step_of_a_published_recipe_has_as_many_rows_as_on_data_like_s_aff_wild2():
    """257 videos of 142,382 rows in all, median 356: 8 padded windows hold 3 of rows."""
    rng = np.random.default_rng(0)
    drawn = np.exp(rng.normal(size=257))
    rows = (drawn / drawn.sum() * 142_382).astype(int).clip(11, 4218)
    for name, make in RECIPES.available().items():
        recipe = make()
        if name.startswith("abaw4-"):
            windows = rows.sum() / 64 / num_padded_steps(recipe.epoch_length, rows)
            assert recipe.batch_size == round(windows)


def test_sizes_below_one_are_refused():
    with pytest.raises(ValueError, match="epoch_length: num_rows must be at least 1"):
        PaddedVideos(num_rows=0)
