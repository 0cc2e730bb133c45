from dataclasses import replace
from itertools import islice

import pytest
import torch

from wildaffect.core.errors import UsageError
from wildaffect.core.tasks import ABAW_TASKS, LabelSpaces
from wildaffect.core.windows import CausalWindow
from wildaffect.training.core.distributed import Processes, launch
from wildaffect.training.temporal.batches import TrainingBatches
from wildaffect.training.temporal.objective import TemporalObjective

CPU = torch.device("cpu")
ALONE = Processes()

SPACES = LabelSpaces()


def take(batches, step, count=1):
    return list(islice(batches.from_step(step, CPU), count))


def test_the_batch_of_a_step_depends_on_the_step_alone(sequences, tiny):
    batches = TrainingBatches(sequences, tiny, ALONE, SPACES)
    in_order = take(batches, 0, 4)
    for step in (3, 1, 2, 0):
        (again,) = take(batches, step)
        assert torch.equal(again.features, in_order[step].features)
        assert torch.equal(again.times_s, in_order[step].times_s)
    assert not torch.equal(in_order[0].features, in_order[1].features)
    other = TrainingBatches(sequences, replace(tiny, seed=1), ALONE, SPACES)
    assert not torch.equal(take(other, 0)[0].features, in_order[0].features)


def test_processes_share_the_windows_of_a_step(sequences, tiny):
    (whole,) = take(TrainingBatches(sequences, tiny, ALONE, SPACES), 5)
    parts = [
        take(TrainingBatches(sequences, tiny, Processes(2, rank), SPACES), 5)[0]
        for rank in (0, 1)
    ]
    for rank, part in enumerate(parts):
        rows = part.features.shape[1]
        assert torch.equal(part.lengths, whole.lengths[rank::2])
        assert torch.equal(part.features, whole.features[rank::2, :rows])


def test_windows_that_cannot_be_shared_evenly_are_refused(sequences, tiny):
    with pytest.raises(UsageError, match="multiple of the 3 processes, got 8"):
        TrainingBatches(sequences, tiny, Processes(3, 0), SPACES)


def test_an_epoch_has_as_many_rows_as_there_are_and_reaches_nearly_all(sequences, tiny):
    recipe = replace(tiny, batch_size=2)
    fabric = launch("cpu", "32-true")
    objective = TemporalObjective(recipe, sequences, fabric=fabric, spaces=LabelSpaces())
    batches = objective.sampler
    num_rows = sum(len(sequence.computed_rows) for sequence in sequences)
    epoch = take(batches, 0, objective.steps_per_epoch)
    assert sum(int(item.lengths.sum()) for item in epoch) == pytest.approx(
        num_rows, rel=0.1
    )
    known = {
        tuple(row)
        for sequence in sequences
        for row in sequence.features[sequence.computed_rows].tolist()
    }
    seen = set()
    for batch in take(batches, 0, 8 * objective.steps_per_epoch):
        for features, length in zip(batch.features, batch.lengths, strict=True):
            seen |= {tuple(row) for row in features[:length].tolist()}
    assert seen <= known
    assert len(seen) > 0.98 * len(known)


def test_a_window_is_led_in_by_its_first_row_without_labels(sequences, tiny):
    causal = CausalWindow(length_s=1.0, delay_s=0.0, max_gap_s=1.0)
    led = replace(causal, lead_step_s=0.25)
    (plain,) = take(
        TrainingBatches(sequences, replace(tiny, window=causal), ALONE, SPACES), 2
    )
    (batch,) = take(TrainingBatches(sequences, replace(tiny, window=led), ALONE, SPACES), 2)
    assert torch.equal(batch.lengths, plain.lengths + 3)
    assert torch.equal(batch.features[:, 3:], plain.features)
    assert torch.equal(batch.features[:, :3], plain.features[:, :1].expand(-1, 3, -1))
    torch.testing.assert_close(batch.times_s[:, :4].diff(), torch.full((8, 3), 0.25))
    for task in ABAW_TASKS:
        assert not batch.valid[task][:, :3].any()
        assert torch.equal(batch.valid[task][:, 3:], plain.valid[task])


def test_padding_is_never_valid_and_times_start_at_zero(sequences, tiny):
    (batch,) = take(TrainingBatches(sequences, tiny, ALONE, SPACES), 0)
    rows = torch.arange(batch.features.shape[1])
    padding = rows >= batch.lengths[:, None]
    assert padding.any()
    for task in ABAW_TASKS:
        assert not batch.valid[task][padding].any()
        assert batch.valid[task][~padding].any()
    assert (batch.times_s[:, 0] == 0).all()
    assert (batch.times_s.diff(dim=1) >= 0).all()
    assert batch.times_s.dtype == torch.float32
