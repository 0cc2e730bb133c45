import dataclasses

import numpy as np
import pytest

from wildaffect.core.errors import BadOutputs, OutputError
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.tasks import Task
from wildaffect.evaluation.submission_rows import read_submission_rows
from wildaffect.evaluation.tables import read_predictions
from wildaffect.inference.calibration import Calibration, apply_calibration
from wildaffect.outputs.columns import result_schema
from wildaffect.outputs.sidecar import read_sidecar
from wildaffect.outputs.table import read_table
from wildaffect.outputs.video_tables import write_video_tables

UNEVEN = Calibration(action_unit_thresholds=tuple(np.linspace(0.1, 0.9, 12).tolist()))


def outputs(video, frames, seed=0):
    rng = np.random.default_rng(seed)
    num_rows = len(frames)
    valence = rng.uniform(-1, 1, num_rows).astype(np.float32)
    return SequenceOutputs(
        video=video,
        frame_number=np.array(frames, np.int64),
        time_s=np.array(frames) / 30,
        probs={
            Task.VALENCE: valence,
            Task.AROUSAL: -valence,
            Task.EXPRESSION: rng.dirichlet(np.ones(8), num_rows).astype(np.float32),
            Task.ACTION_UNITS: rng.random((num_rows, 12)).astype(np.float32),
        },
        spread={Task.VALENCE: np.abs(valence) / 10},
    )


@pytest.fixture
def calibrated():
    return [
        apply_calibration(outputs("one", [1, 2, 7]), UNEVEN),
        apply_calibration(outputs("two", [4, 5], seed=1), UNEVEN),
    ]


def test_tables_hold_every_column_and_every_prediction(calibrated, tmp_path):
    paths = write_video_tables(
        calibrated, tmp_path / "out", first_frame=1, artifact={"name": "toy"}
    )
    assert [path.name for path in paths] == ["one.csv", "two.csv"]
    table = read_table(paths[0])
    assert table.column_names == [column.name for column in result_schema().columns]
    assert table["frame"].to_pylist() == [0, 1, 6]
    first = calibrated[0]
    np.testing.assert_array_equal(table["valence"], first.outputs.probs[Task.VALENCE])
    np.testing.assert_array_equal(table["valence_sd"], first.outputs.spread[Task.VALENCE])
    assert table["arousal_sd"].null_count == table["box_x0"].null_count == 3
    np.testing.assert_array_equal(
        table["AU26_present"].to_pylist(), first.action_units[:, 11].astype(bool)
    )
    np.testing.assert_array_equal(
        table["p_other"], first.outputs.probs[Task.EXPRESSION][:, 7]
    )
    assert read_sidecar(paths[0])["artifact"] == {"name": "toy"}


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_evaluate_and_submit_read_the_predictions(calibrated, tmp_path, suffix):
    write_video_tables(calibrated, tmp_path / "out", first_frame=1, suffix=suffix)
    evaluated = read_predictions(tmp_path / "out")
    assert evaluated.counts_from_zero
    rows = read_submission_rows(tmp_path / "out")
    for read, numbers in (
        (evaluated.predictions, evaluated.keys.frame_number + 1),
        (rows, rows.frame_number),
    ):
        assert numbers.tolist() == [1, 2, 7, 4, 5]
        for task in (Task.VALENCE, Task.AROUSAL):
            expected = np.concatenate([item.outputs.probs[task] for item in calibrated])
            np.testing.assert_array_equal(read[task].values.astype(np.float32), expected)
        expected = np.concatenate([item.expression for item in calibrated])
        np.testing.assert_array_equal(read.expression.values, expected)
        expected = np.concatenate([item.action_units for item in calibrated])
        np.testing.assert_array_equal(read.action_units.values, expected)


def test_tasks_that_are_not_predicted_are_empty(tmp_path):
    whole = outputs("one", [0, 1])
    bare = dataclasses.replace(
        whole, probs={Task.VALENCE: whole.probs[Task.VALENCE]}, spread={}
    )
    predicted = [apply_calibration(bare, Calibration())]
    (path,) = write_video_tables(predicted, tmp_path, first_frame=0)
    table = read_table(path)
    for name in ("arousal", "expression", "p_neutral", "AU01", "AU01_present"):
        assert table[name].null_count == 2


def test_what_cannot_be_written_is_named(calibrated, tmp_path):
    with pytest.raises(BadOutputs, match="two: frames must be numbered from 5, got 4"):
        write_video_tables(calibrated[1:], tmp_path, first_frame=5)
    units = calibrated[0].outputs.probs[Task.ACTION_UNITS][:, :5]
    few = dataclasses.replace(
        calibrated[0].outputs, probs={Task.ACTION_UNITS: units}, spread={}
    )
    predicted = [apply_calibration(few, Calibration())]
    with pytest.raises(BadOutputs, match="one: action_units must have a column for each"):
        write_video_tables(predicted, tmp_path, first_frame=1)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file: output folder must be writable"):
        write_video_tables(calibrated, tmp_path / "file", first_frame=1)


@pytest.mark.parametrize("video", ["../one", "/elsewhere/one", "a/../../one"])
def test_a_video_whose_name_leads_out_of_the_folder_gets_no_table(tmp_path, video):
    predicted = [apply_calibration(outputs(video, [1]), Calibration())]
    with pytest.raises(BadOutputs, match="name must stay inside the folder of its table"):
        write_video_tables(predicted, tmp_path / "out", first_frame=0)
    assert list((tmp_path / "out").iterdir()) == []
