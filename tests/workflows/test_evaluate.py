"""Scores of arrays and frames in memory are those of the same values on disk."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import wildaffect
from wildaffect.core.errors import BadAnnotation, UsageError
from wildaffect.core.tasks import ABAW_EXPRESSIONS
from wildaffect.workflows.evaluate import write_report

NUM_ROWS = 240


@pytest.fixture(scope="module")
def sides():
    rng = np.random.default_rng(0)

    def side(seed):
        own = np.random.default_rng(seed)
        return {
            "valence": np.clip(shared[0] + own.normal(0, 0.2, NUM_ROWS), -1, 1),
            "arousal": np.clip(shared[1] + own.normal(0, 0.2, NUM_ROWS), -1, 1),
            "expression": own.integers(0, 8, NUM_ROWS),
            "AU06": own.integers(0, 2, NUM_ROWS),
            "AU12": own.integers(0, 2, NUM_ROWS),
        }

    shared = rng.uniform(-0.6, 0.6, (2, NUM_ROWS))
    return side(1), side(2)


def lin_ccc(target, pred):
    """Lin 1989, with population moments."""
    covariance = np.mean((target - target.mean()) * (pred - pred.mean()))
    offset = (target.mean() - pred.mean()) ** 2
    return 2 * covariance / (target.var() + pred.var() + offset)


def test_arrays_are_scored_as_the_formulas_say(sklearn_metrics, sides):
    f1_score = sklearn_metrics.f1_score
    targets, predictions = sides
    report = wildaffect.evaluate(targets, predictions, num_resamples=10)
    assert report.values["valence.ccc"] == pytest.approx(
        lin_ccc(targets["valence"], predictions["valence"])
    )
    assert report.values["expression.macro_f1"] == pytest.approx(
        f1_score(targets["expression"], predictions["expression"], average="macro")
    )
    by_unit = {each.label: each.f1.value for each in report.action_unit_scores}
    for label in ("AU06", "AU12"):
        assert by_unit[label] == pytest.approx(f1_score(targets[label], predictions[label]))


def test_every_kind_of_columns_gives_the_same_scores(sides):
    targets, predictions = sides
    expected = wildaffect.evaluate(targets, predictions, num_resamples=10).values
    for make in (pd.DataFrame, pa.table):
        got = wildaffect.evaluate(make(targets), make(predictions), num_resamples=10)
        assert got.values == expected
    named = predictions | {
        "expression": [ABAW_EXPRESSIONS.labels[code] for code in predictions["expression"]]
    }
    assert wildaffect.evaluate(targets, named, num_resamples=10).values == expected
    one_hot = predictions | {"expression": np.eye(8)[predictions["expression"]]}
    assert wildaffect.evaluate(targets, one_hot, num_resamples=10).values == expected


def test_tables_on_disk_are_scored_as_the_same_columns_in_memory(tmp_path, sides):
    targets, predictions = (side | {"frame": np.arange(NUM_ROWS)} for side in sides)
    annotations = tmp_path / "annotations.csv"
    names = np.array(ABAW_EXPRESSIONS.labels)
    for path, side in ((annotations, targets), (tmp_path / "predicted.csv", predictions)):
        frame = pd.DataFrame(side | {"expression": names[side["expression"]]})
        frame.insert(0, "video", "clip")
        frame.insert(0, "image", [f"clip/{row:05d}.jpg" for row in range(NUM_ROWS)])
        frame.to_csv(path, index=False)
    on_disk = wildaffect.evaluate(
        str(annotations), tmp_path / "predicted.csv", num_resamples=10
    )
    in_memory = wildaffect.evaluate(targets, predictions, num_resamples=10)
    assert on_disk.values == pytest.approx(in_memory.values, rel=1e-6)


def own_sides():
    """Return targets that define labels of their own, and predictions of them."""
    rng = np.random.default_rng(5)
    pain = rng.uniform(0, 10, NUM_ROWS)
    levels = rng.integers(0, 6, NUM_ROWS)
    names = np.where(pain > 5, "angry", "calm")
    targets = {
        "pain[0..10]": pain,
        "AU06_intensity": levels,
        "smile[0|1]": (pain > 5).astype(int),
        "expression[calm|angry]": names,
    }
    predictions = {
        "pain": pain + 1,
        "AU06_intensity": levels,
        "smile": pain / 10,
        "expression": names,
    }
    return targets, predictions


def test_targets_define_labels_of_their_own_as_manifests_do(tmp_path):
    targets, predictions = own_sides()
    values = wildaffect.evaluate(targets, predictions, num_resamples=10).values
    assert values["dimensions.pain.mae"] == pytest.approx(1.0)
    assert values["intensities.mean_icc"] == pytest.approx(1.0)
    assert values["action_units.mean_f1"] == 1.0
    assert values["expression.macro_f1"] == 1.0
    keys = {"video": ["clip"] * NUM_ROWS, "frame": np.arange(NUM_ROWS)}
    images = {"image": [f"clip/{row:05d}.jpg" for row in range(NUM_ROWS)]}
    pd.DataFrame(images | keys | targets).to_csv(tmp_path / "manifest.csv", index=False)
    pd.DataFrame(keys | predictions).to_csv(tmp_path / "mine.csv", index=False)
    on_disk = wildaffect.evaluate(tmp_path, tmp_path / "mine.csv", num_resamples=10)
    assert on_disk.values == pytest.approx(values, rel=1e-5)


def test_blank_ratings_are_left_out_also_where_zero_is_not_on_their_scale():
    targets, predictions = {"x[1..9]": [1, None, 9, 4]}, {"x": [1.0, 9.0, 9.0, 4.0]}
    values = wildaffect.evaluate(targets, predictions, num_resamples=10).values
    assert values["dimensions.x.mae"] == 0


def test_own_labels_out_of_range_or_on_another_scale_are_refused():
    targets, predictions = own_sides()
    wrong = targets | {"pain[0..10]": np.where(targets["pain[0..10]"] > 9, 11, 1)}
    with pytest.raises(UsageError, match=r"pain of targets must lie in \[0, 10\].* got 11"):
        wildaffect.evaluate(wrong, predictions)
    percent = {"pain[0..100]": predictions.pop("pain") * 10}
    with pytest.raises(
        UsageError, match=r"pain must have the range of the targets, \[0, 10"
    ):
        wildaffect.evaluate(targets, predictions | percent)
    with pytest.raises(
        BadAnnotation, match=r"got pain; labels of your own .*pain\[0..10\]"
    ):
        wildaffect.evaluate({"pain": [1.0, 2.0]}, {"pain": [1.0, 2.0]})


def test_bare_arrays_need_their_task(sides):
    target, pred = sides[0]["valence"], sides[1]["valence"]
    report = wildaffect.evaluate(target, pred, task="valence", num_resamples=10)
    assert list(report.values) == ["valence.ccc", "valence.pcc", "valence.mse"]
    units = np.zeros((NUM_ROWS, 12))
    units[::2] = 1
    perfect = wildaffect.evaluate(units, units, task="action_units", num_resamples=10)
    assert perfect.values["action_units.mean_f1"] == 1.0


def test_rows_are_matched_by_frame_and_video_whatever_their_order(sides):
    targets, predictions = sides
    keys = {"frame": np.arange(NUM_ROWS) % 60, "video": np.arange(NUM_ROWS) // 60}
    expected = wildaffect.evaluate(targets, predictions, num_resamples=10)
    order = np.random.default_rng(3).permutation(NUM_ROWS)
    shuffled = pd.DataFrame(predictions | keys).iloc[order]
    got = wildaffect.evaluate(targets | keys, shuffled, num_resamples=10)
    assert got.values == pytest.approx(expected.values)
    assert got.num_videos == 4
    assert got.scores[0].low < got.scores[0].value < got.scores[0].high


def test_rows_without_a_value_are_left_out_where_the_rule_says_so(sides):
    targets, predictions = sides
    half = np.where(np.arange(NUM_ROWS) < 100, targets["valence"], np.nan)
    report = wildaffect.evaluate(
        {"valence": half}, {"valence": predictions["valence"]}, num_resamples=10
    )
    assert report.values["valence.ccc"] == pytest.approx(
        lin_ccc(targets["valence"][:100], predictions["valence"][:100])
    )


@pytest.mark.parametrize(
    ("targets", "predictions", "message"),
    [
        ("there.txt", {"valence": [0]}, "must both be paths, or neither"),
        ([0.1], [0.1], "or columns by name .* got list"),
        ({"valence": [0, 1]}, {"valence": [0]}, "got 2 targets and 1 predictions"),
        ({"valence": [0], "frame": [0]}, {"valence": [0]}, "both have a column frame"),
        ({"valence": [0], "arousal": [0, 1]}, {"valence": [0]}, "valence 1, arousal 2"),
        ({"valence": np.ones((2, 3))}, {"valence": [0]}, r"shape \(N,\), got \(2, 3\)"),
        ({"valence": [0, -5]}, {"valence": [0, 0]}, "NaN .* got -5 in row 1"),
        ({"expression": [-1]}, {"expression": [0]}, "codes from 0 to 7, .* got -1"),
        ({"expression": [object()]}, {"expression": [0]}, "expression of targets is no"),
    ],
)
def test_what_cannot_be_matched_is_refused_in_one_line(targets, predictions, message):
    with pytest.raises(UsageError, match=message) as caught:
        wildaffect.evaluate(targets, predictions)
    assert "\n" not in str(caught.value)


def test_a_misspelled_column_and_an_unknown_task_are_refused():
    with pytest.raises(BadAnnotation, match=r"targets:1: .* did you mean 'valence'"):
        wildaffect.evaluate({"valance": [0.0]}, {"valence": [0.0]})
    with pytest.raises(UsageError, match=r"task must be one of valence, .* got 'va'"):
        wildaffect.evaluate([0.0], [0.0], task="va")


def test_a_report_is_one_line_a_table_in_notebooks_and_a_file(tmp_path, sides):
    report = wildaffect.evaluate(*sides, num_resamples=10)
    assert repr(report).startswith("Report(own: valence.ccc ")
    assert repr(report).endswith("; 240 rows of 1 videos)")
    assert report._repr_html_().count("<tr>") == 1 + len(report.scores)
    path = write_report(report, str(tmp_path / "report.json"))
    assert json.loads(path.read_text())["num_rows"] == NUM_ROWS
    with pytest.raises(UsageError, match=r"must end in \.html, \.md or \.json"):
        write_report(report, tmp_path / "report.txt")
