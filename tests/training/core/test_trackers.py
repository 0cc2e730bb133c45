import sys

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from wildaffect.core.errors import MissingExtra, UsageError
from wildaffect.training.core.trackers import open_trackers


def test_tensorboard_is_always_written(tmp_path):
    (board,) = open_trackers(tmp_path, ())
    board.log({"loss": 0.5, "dev/score": 1.25}, 10)
    board.log({"loss": 0.25, "dev/score": 1.5}, 20)
    board.close()
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [(e.step, e.value) for e in events.Scalars("loss")] == [(10, 0.5), (20, 0.25)]
    assert events.Scalars("dev/score")[1].value == 1.5


def test_a_tracker_that_is_none_is_refused(tmp_path):
    with pytest.raises(UsageError, match="among wandb, mlflow, got 'comet'"):
        open_trackers(tmp_path, ("comet",))


@pytest.mark.parametrize("name", ["wandb", "mlflow"])
def test_a_tracker_that_is_not_installed_names_its_extra(tmp_path, monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtra, match=r"wildaffect\[track\]"):
        open_trackers(tmp_path, (name,))
