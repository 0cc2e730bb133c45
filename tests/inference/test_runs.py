import numpy as np
import pytest

from wildaffect.core.tasks import Task
from wildaffect.core.windows import CausalWindow, WindowSpec
from wildaffect.inference.artifact import load_artifact
from wildaffect.inference.calibration import Calibration
from wildaffect.inference.model import Model
from wildaffect.inference.runs import build_stream, predict_rows
from wildaffect.runtime.network import Device

BARE = {
    "predicts_arousal": False,
    "expression": None,
    "action_units": None,
    "calibration": Calibration(),
}
WINDOWS = [
    WindowSpec(length_s=1.0, stride_s=0.5, max_gap_s=0.5),
    CausalWindow(length_s=0.6, delay_s=0.2, max_gap_s=0.5),
]


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("rate_hz", [None, 10.0])
def test_stored_features_get_what_a_stream_says_of_them_row_by_row(
    averaging, toy, window, rate_hz
):
    network = (averaging / "member0.onnx").read_bytes()
    folder = toy(network, **BARE, window=window, rate_hz=rate_hz)
    model = Model(load_artifact(folder), Device())
    times_s = np.concatenate([np.arange(50), 90 + np.arange(20)]) / 30
    rows = np.random.default_rng(0).uniform(-1, 1, (70, 3)).astype(np.float32)
    predicted = predict_rows(
        model, "clip", frame_number=np.arange(70), time_s=times_s, features=rows
    )
    stream = build_stream(model)
    parts = [stream.push(times_s[i : i + 1], rows[i : i + 1]) for i in range(70)]
    parts = [part.outputs for part in [*parts, stream.flush()] if len(part.times_s)]
    column = model.layout.columns["valence"].start
    np.testing.assert_array_equal(
        predicted.probs[Task.VALENCE], np.concatenate(parts)[:, column]
    )
    assert list(predicted.probs) == [Task.VALENCE]
    assert predicted.spread == {}


def test_every_task_and_the_spread_of_an_ensemble_are_there(toy, constant):
    folder = toy(constant(3, valence=0.2), constant(3, valence=0.6))
    predicted = predict_rows(
        Model(load_artifact(folder), Device()),
        "clip",
        frame_number=np.arange(1, 5),
        time_s=np.arange(4) / 30,
        features=np.zeros((4, 3), np.float32),
    )
    np.testing.assert_allclose(predicted.probs[Task.VALENCE], 0.4)
    np.testing.assert_allclose(predicted.spread[Task.VALENCE], 0.2, rtol=1e-6)
    assert predicted.probs[Task.EXPRESSION].shape == (4, 2)
    assert predicted.probs[Task.ACTION_UNITS].shape == (4, 2)
