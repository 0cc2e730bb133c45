from dataclasses import replace

import numpy as np
import pytest
import torch

from wildaffect.core.causal import run_causal
from wildaffect.core.stitching import stitch
from wildaffect.core.tasks import ABAW_TASKS, LabelSpaces, Task
from wildaffect.core.windows import FRAME_WISE, CausalWindow, WindowSpec, cut
from wildaffect.models.build import build_model
from wildaffect.training.core.probs import to_probs
from wildaffect.training.core.runs import Run
from wildaffect.training.temporal import predict
from wildaffect.training.temporal.calibrate_and_score import predict_stored
from wildaffect.training.temporal.predict import predict_sequences
from wildaffect.training.temporal.runs import TrainedModel

WINDOWS = {
    "overlapping": WindowSpec(length_s=2.0, stride_s=0.7, max_gap_s=0.12),
    "side by side": WindowSpec(length_s=1.0, stride_s=1.0, max_gap_s=1.0),
    "frame by frame": FRAME_WISE,
    "causal": CausalWindow(length_s=1.0, delay_s=0.2, max_gap_s=0.12),
    "causal, no delay": CausalWindow(length_s=1.0, delay_s=0.0, max_gap_s=1.0),
    "causal, left-padded": CausalWindow(
        length_s=1.0, delay_s=0.0, max_gap_s=0.12, lead_step_s=0.07
    ),
}


@pytest.fixture
def model(tiny, sequences):
    torch.manual_seed(0)
    built = build_model(tiny.model, sequences[0].features.shape[1])
    built.standardize(torch.full((10,), 5.0), torch.full((10,), 3.0))
    return built.eval()


def ask(model, rows, times_s):
    """One window by itself, as the analyzer runs its network: columns of all tasks."""
    since = torch.from_numpy((times_s - times_s[0]).astype(np.float32))[None]
    with torch.inference_mode():
        predicted = model(torch.from_numpy(rows)[None], torch.tensor([len(rows)]), since)
    return np.concatenate(
        [to_probs(task, raw, LabelSpaces())[0].numpy() for task, raw in predicted.items()],
        1,
    )


def one_by_one(model, sequence, window):
    rows = sequence.computed_rows
    features, times_s = sequence.features[rows], sequence.time_s[rows]
    if isinstance(window, CausalWindow):
        return run_causal(lambda seen, at: ask(model, seen, at), times_s, features, window)
    slices = cut(times_s, window)
    outputs = [ask(model, features[own], times_s[own]) for own in slices]
    return stitch(outputs, slices, times_s=times_s, spec=window)


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
@pytest.mark.parametrize("rows_per_batch", [1, 50, 4096])
def test_windows_in_batches_say_what_each_says_by_itself(
    model, sequences, monkeypatch, window, rows_per_batch
):
    monkeypatch.setattr(predict, "ROWS_PER_BATCH", rows_per_batch)
    some = sequences[:4]
    outputs = predict_sequences(model, some, window)
    for sequence, predicted in zip(some, outputs, strict=True):
        expected = one_by_one(model, sequence, window)
        found = np.column_stack([predicted.probs[task] for task in model.config.tasks])
        np.testing.assert_allclose(found, expected, atol=2e-6)
        assert predicted.video == sequence.video
        assert (
            predicted.frame_number.tolist()
            == sequence.frame_number[sequence.has_feature].tolist()
        )


def test_prediction_leaves_no_trace_of_other_sequences(model, sequences):
    window = WINDOWS["overlapping"]
    together = predict_sequences(model, sequences, window)
    alone = predict_sequences(model, sequences[3:4], window)[0]
    for task in ABAW_TASKS:
        np.testing.assert_allclose(together[3].probs[task], alone.probs[task], atol=2e-6)


def test_outputs_are_computed_once_and_again_for_other_inputs_or_weights(
    model, sequences, tiny, tmp_path
):
    calls = []

    class CountingModel(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, *args):
            calls.append(1)
            return self.model(*args)

    class Data:
        spaces = model.spaces

    trained = TrainedModel(run=Run(tmp_path), recipe=tiny, data=Data, model=CountingModel())
    trained.run.weights.write_bytes(b"first")
    first = predict_stored(trained, sequences[:3], "val")
    count = len(calls)
    assert count > 0
    again = predict_stored(trained, sequences[:3], "val")
    assert len(calls) == count
    for item, other in zip(first, again, strict=True):
        for task in ABAW_TASKS:
            np.testing.assert_array_equal(item.probs[task], other.probs[task])
    fewer = [
        replace(sequences[0], has_feature=sequences[0].has_feature & (np.arange(40) > 3))
    ]
    stored = predict_stored(trained, sequences[:1], "val")
    assert len(predict_stored(trained, fewer, "val")[0]) < len(stored[0])
    others = predict_stored(trained, sequences[3:5], "val")
    assert len(calls) > count
    assert [item.video for item in others] == [
        sequence.video for sequence in sequences[3:5]
    ]
    shifted = [replace(each, features=each.features + 1) for each in sequences[3:5]]
    fresh = predict_sequences(model, shifted, tiny.window)
    found = predict_stored(trained, shifted, "val")
    for item, other, old in zip(found, fresh, others, strict=True):
        np.testing.assert_array_equal(item.probs[Task.VALENCE], other.probs[Task.VALENCE])
        assert not np.array_equal(item.probs[Task.VALENCE], old.probs[Task.VALENCE])
    count = len(calls)
    trained.run.weights.write_bytes(b"second")
    predict_stored(trained, shifted, "val")
    assert len(calls) > count
