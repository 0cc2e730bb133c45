"""The numbers of a report against values worked out by hand; rules and refusals.

By hand, for the eight rows in conftest.py. Valence: targets 0 .5 1 1 -1 -.5 0 0, sum 1;
predictions 0 .5 .5 .5 -.5 -.5 0 0, sum .5; products 0 .25 .5 .5 .5 .25 0 0, sum 2;
squares of targets 0 .25 1 1 1 .25, sum 3.5, of predictions 5 * .25 = 1.25. Moments over 8:
cov = 2/8 - (1/8)(.5/8) = .2421875; var = 3.5/8 - 1/64 = .421875; var = 1.25/8 - 1/256 =
.15234375; difference of means 1/16, squared .00390625. CCC = .484375 / .578125 = 31/37.
Errors: (.5)^2 three times = .75 / 8 = .09375. Arousal is predicted constant: CCC 0, no
correlation, errors 1 in four of eight = .5.
Expressions (six rows): Neutral 1 right of 2, 1 predicted: 2/3; Anger 1 right, 1 false
alarm: 2/3; Happiness 3 of 3: 1; the other five 0 (Other is predicted on
unannotated rows only).
Mean (2/3 + 2/3 + 1) / 8 = 7/24. AU01: annotated 3, predicted 4 (the repeated row twice), 2
right: 4/7; the other eleven units neither: 0. Mean 4/84 = 1/21.
"""

import json

import numpy as np
import pytest

from wildaffect.core.errors import EvaluationError
from wildaffect.core.tasks import ABAW_TASKS, Task
from wildaffect.data.annotated import read_annotated
from wildaffect.evaluation.evaluate import Evaluation, evaluate
from wildaffect.evaluation.pages.wording import interval_sentence
from wildaffect.evaluation.protocols import PROTOCOLS, protocol_of_layout
from wildaffect.evaluation.report import read_report, report_to_json
from wildaffect.evaluation.rules import Absent, Missing, Rules
from wildaffect.evaluation.scoring import Settings
from wildaffect.evaluation.spaces import documented_map
from wildaffect.evaluation.tables import read_predictions

LABELS = (
    *("AU01", "AU02", "AU04", "AU06", "AU07", "AU10"),
    *("AU12", "AU15", "AU23", "AU24", "AU25", "AU26"),
)


def report_of(truth, prediction_file, against=None, **changed):
    annotated = read_annotated(truth)
    values = {
        "annotated": annotated,
        "protocol": protocol_of_layout(annotated.layout),
        "settings": Settings(num_resamples=200),
        **changed,
    }
    other = read_predictions(against) if against else None
    return evaluate(read_predictions(prediction_file), Evaluation(**values), other)


def value(report, name):
    (found,) = [score for score in report.scores if score.name == name]
    return found.value


def without_columns(path, labels):
    rows = [line.split(",") for line in path.read_text().splitlines()]
    kept = [index for index, name in enumerate(rows[0]) if name not in labels]
    fewer = path.with_name("fewer.csv")
    fewer.write_text("".join(",".join(row[i] for i in kept) + "\n" for row in rows))
    return fewer


def test_scores_are_those_worked_out_by_hand(truth, prediction_file):
    report = report_of(truth, prediction_file)
    assert value(report, "valence.ccc") == pytest.approx(31 / 37, abs=1e-9)
    assert value(report, "valence.mse") == pytest.approx(0.09375, abs=1e-9)
    assert value(report, "arousal.ccc") == 0
    assert value(report, "arousal.pcc") is None
    assert value(report, "arousal.mse") == pytest.approx(0.5, abs=1e-9)
    assert value(report, "expression.macro_f1") == pytest.approx(7 / 24, abs=1e-9)
    assert value(report, "action_units.mean_f1") == pytest.approx(1 / 21, abs=1e-9)
    total = 31 / 74 + 7 / 24 + 1 / 21
    assert report.overall.value == pytest.approx(total, abs=1e-9)


def test_labels_confusion_and_coverage_are_those_worked_out_by_hand(truth, prediction_file):
    report = report_of(truth, prediction_file)
    neutral, unit = report.expression_scores[0], report.action_unit_scores[0]
    assert (neutral.label, neutral.precision, neutral.recall) == ("Neutral", 1.0, 0.5)
    assert (neutral.num_annotated, neutral.num_predicted, neutral.num_frames) == (2, 1, 6)
    assert (unit.label, unit.precision, unit.num_annotated) == ("AU01", 0.5, 3)
    assert unit.f1.value == pytest.approx(4 / 7)
    assert report.confusion.counts[0][:2] == (1, 1)
    assert report.confusion.counts[4][4] == 3
    by_task = {each.task: each for each in report.coverage}
    assert by_task[Task.VALENCE].num_scored == 8
    assert by_task[Task.EXPRESSION].num_annotated == 6
    assert {each.share for each in report.coverage} == {1.0}
    assert (report.num_rows, report.num_repeats, report.num_videos) == (8, 1, 2)
    assert report.num_subjects is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [("abaw-va", 31 / 74), ("abaw-expr", 7 / 24), ("abaw-au", 1 / 21)],
)
def test_each_single_track_takes_its_term_alone(truth, prediction_file, name, expected):
    report = report_of(truth, prediction_file, protocol=PROTOCOLS[name])
    assert report.overall.value == pytest.approx(expected, abs=1e-9)
    assert report.protocol == name


def test_a_score_that_is_not_defined_is_reported_and_not_guessed(truth, prediction_file):
    for path in (truth, prediction_file):
        lines = [line.split(",") for line in path.read_text().splitlines()]
        rows = [[row[0], row[1], "0.1", *row[3:]] for row in lines[1:]]
        path.write_text("".join(",".join(row) + "\n" for row in [lines[0], *rows]))
    report = report_of(truth, prediction_file)
    assert value(report, "arousal.ccc") is None
    assert report.overall.value is None
    assert any(note.startswith("Arousal CCC is not defined") for note in report.notes)


def test_own_data_have_no_overall_number(truth, prediction_file):
    report = report_of(truth, prediction_file, protocol=PROTOCOLS["own"])
    assert report.overall is None
    assert len(report.coverage) == 4


def test_the_order_of_predictions_does_not_matter(truth, prediction_file, tmp_path):
    shuffled = tmp_path / "said2.csv"
    head, *lines = prediction_file.read_text().splitlines()
    shuffled.write_text("\n".join([head, *lines[::-1]]) + "\n")
    first, second = report_of(truth, prediction_file), report_of(truth, shuffled)
    assert first.overall == second.overall
    assert first.videos == second.videos


def test_perfect_predictions_reach_the_ends_of_the_scales(truth):
    report = report_of(truth, truth)
    assert value(report, "valence.ccc") == pytest.approx(1)
    assert value(report, "expression.macro_f1") == pytest.approx(3 / 8)
    assert all(video.expression_accuracy == 1 for video in report.videos)


def test_a_frame_without_prediction_is_refused_by_name(truth, prediction_file, tmp_path):
    fewer = tmp_path / "fewer.csv"
    fewer.write_text("\n".join(prediction_file.read_text().splitlines()[:-2]) + "\n")
    with pytest.raises(EvaluationError, match=r"2 of 8 frames \(b/00010.jpg, b/00011.jpg"):
        report_of(truth, fewer)


def test_a_frame_without_prediction_is_left_out_or_neutral_by_option(
    truth, prediction_file, tmp_path
):
    fewer = tmp_path / "fewer.csv"
    fewer.write_text("\n".join(prediction_file.read_text().splitlines()[:-2]) + "\n")
    skip = report_of(truth, fewer, rules=Rules(missing=Missing.SKIP))
    neutral = report_of(truth, fewer, rules=Rules(missing=Missing.NEUTRAL))
    assert [each.num_scored for each in skip.coverage] == [6, 6, 6, 6]
    assert [each.num_scored for each in neutral.coverage] == [8, 8, 6, 8]
    assert skip.coverage[0].share == neutral.coverage[0].share == 0.75
    assert any("left out" in text for text in skip.departures)
    assert any("counted as neutral" in text for text in neutral.departures)
    # The two frames were predicted with valence 0 before, which is what neutral means.
    assert value(neutral, "valence.ccc") == pytest.approx(31 / 37, abs=1e-9)


def test_a_blank_cell_is_a_missing_prediction_of_that_task_alone(truth, prediction_file):
    prediction_file.write_text(
        prediction_file.read_text().replace("a/00001.jpg,0.0,", "a/00001.jpg,,")
    )
    with pytest.raises(EvaluationError, match="annotated for valence must have"):
        report_of(truth, prediction_file)
    report = report_of(truth, prediction_file, rules=Rules(missing=Missing.SKIP))
    assert [each.num_scored for each in report.coverage] == [7, 8, 6, 8]


def test_an_absent_unit_is_not_counted_as_zero_unless_requested(truth, prediction_file):
    fewer = without_columns(prediction_file, LABELS[6:])
    with pytest.raises(EvaluationError, match="must hold AU12, AU15, AU23, AU24"):
        report_of(truth, fewer)
    common = report_of(truth, fewer, rules=Rules(absent=Absent.COMMON))
    zero = report_of(truth, fewer, rules=Rules(absent=Absent.ZERO))
    assert common.action_units == LABELS[:6]
    assert value(common, "action_units.mean_f1") == pytest.approx(4 / 7 / 6)
    assert value(zero, "action_units.mean_f1") == pytest.approx(4 / 7 / 12)
    assert "only the 6 that both sides have" in common.departures[0]
    assert "count as never there" in zero.departures[0]


def test_a_unit_with_an_empty_column_is_absent(truth, prediction_file):
    lines = prediction_file.read_text().splitlines()
    blank = [lines[0], *(line.rsplit(",", 1)[0] + "," for line in lines[1:])]
    prediction_file.write_text("\n".join(blank) + "\n")
    with pytest.raises(EvaluationError, match="must hold AU26, which are annotated"):
        report_of(truth, prediction_file)


def test_predicted_units_that_are_not_annotated_are_noted(truth, prediction_file):
    prediction_file.write_text(prediction_file.read_text().replace("AU26", "AU45"))
    report = report_of(truth, prediction_file, rules=Rules(absent=Absent.COMMON))
    assert "AU26" not in report.action_units
    assert any("not annotated, not scored: AU45" in note for note in report.notes)


def test_label_spaces_that_differ_are_refused_with_their_names(truth, prediction_file):
    prediction_file.write_text(
        prediction_file.read_text()
        .replace(",expression,", ",expression[affectnet-expressions-8],")
        .replace("Other", "Contempt")
    )
    with pytest.raises(EvaluationError, match=r"abaw-expressions-8 .* affectnet-exp"):
        report_of(truth, prediction_file)


def test_a_documented_map_makes_label_spaces_comparable(truth, prediction_file):
    text = prediction_file.read_text().replace(
        ",expression,", ",expression[affectnet-expressions-8],"
    )
    prediction_file.write_text(text.replace("Other", "Contempt"))
    predicted = read_predictions(prediction_file).predictions.spaces.expressions
    annotated = read_annotated(truth).annotations.spaces.expressions
    class_map = documented_map(predicted, annotated)
    with pytest.raises(EvaluationError, match="must hold Other, which are annotated"):
        report_of(truth, prediction_file, rules=Rules(class_map=class_map))
    rules = Rules(class_map=class_map, absent=Absent.COMMON)
    report = report_of(truth, prediction_file, rules=rules)
    assert len(report.expressions) == 7
    assert value(report, "expression.macro_f1") == pytest.approx((7 / 3) / 7)
    assert any("2 predicted expressions have no counterpart" in n for n in report.notes)


def test_a_protocol_refuses_predictions_without_one_of_its_tasks(truth, prediction_file):
    fewer = without_columns(prediction_file, ("arousal",))
    with pytest.raises(EvaluationError, match="predictions must hold arousal"):
        report_of(truth, fewer)
    report = report_of(truth, fewer, protocol=PROTOCOLS["own"])
    assert {each.task for each in report.coverage} == set(ABAW_TASKS) - {Task.AROUSAL}


def test_tuning_on_evaluated_videos_is_flagged(truth, prediction_file):
    states = [
        report_of(truth, prediction_file, tuned_on=videos).in_sample
        for videos in (None, ("x",), ("x", "a_left"))
    ]
    assert [each.state for each in states] == ["not declared", "no", "yes"]
    assert states[2].examples == ("a",)


def test_a_system_does_not_differ_from_itself(truth, prediction_file):
    report = report_of(truth, prediction_file, against=prediction_file)
    defined = [d for d in report.comparison.differences if d.this is not None]
    assert {d.score.value for d in defined} == {0.0}
    assert {d.share_above for d in defined} <= {0.5, None}


def test_a_comparison_is_on_the_frames_that_both_predict(truth, prediction_file, tmp_path):
    fewer = tmp_path / "fewer.csv"
    fewer.write_text("\n".join(prediction_file.read_text().splitlines()[:-2]) + "\n")
    rules = Rules(missing=Missing.SKIP)
    comparison = report_of(truth, prediction_file, against=fewer, rules=rules).comparison
    assert comparison.num_frames[Task.VALENCE] == 6
    assert any("2 of 8 frames" in text for text in comparison.departures)
    assert comparison.differences[0].score.value == 0


def copy_videos(path, names):
    """Repeat the rows of the videos a and b under other names."""
    head, *lines = path.read_text().splitlines()
    copies = [name + line[1:] for name in names for line in lines]
    path.write_text("\n".join([head, *lines, *copies]) + "\n")


def test_intervals_hold_the_value_and_repeat_with_the_seed(truth, prediction_file):
    for path in (truth, prediction_file):
        copy_videos(path, "cd")
    report = report_of(truth, prediction_file)
    assert report.num_videos == 4
    assert report.overall.low <= report.overall.value <= report.overall.high
    assert report == report_of(truth, prediction_file)


def test_few_videos_have_no_interval_and_the_report_says_so(truth, prediction_file):
    report = report_of(truth, prediction_file)
    assert report.num_videos == 2
    assert (report.overall.low, report.overall.high) == (None, None)
    assert interval_sentence(report) == "No intervals: they need at least 4 videos."


def test_videos_and_people_are_scored_by_themselves(tmp_path):
    head = "image,video,frame,subject,split,valence\n"
    rows = [
        f"{v}{f}.png,{v},{f},{s},val,{x}\n"
        for v, s in (("a", "p"), ("b", "p"), ("c", "q"))
        for f, x in ((0, -0.5), (1, 0.0), (2, 0.5))
    ]
    (tmp_path / "manifest.csv").write_text(head + "".join(rows))
    prediction_file = tmp_path / "predictions.csv"
    lines = [row.split(",") for row in rows]
    prediction_file.write_text(
        "video,frame,valence\n"
        + "".join(f"{c[1]},{c[2]},{0.0 if c[1] == 'c' else c[5].strip()}\n" for c in lines)
    )
    report = report_of(tmp_path / "manifest.csv", prediction_file)
    assert [video.ccc_valence for video in report.videos] == pytest.approx([1, 1, 0])
    people = {person.name: person for person in report.subjects}
    assert (people["p"].num_frames, people["q"].num_frames) == (6, 3)
    assert people["p"].ccc_valence == pytest.approx(1)
    assert report.num_subjects == 2


def test_a_report_comes_back_from_json_as_it_was(truth, prediction_file, tmp_path):
    report = report_of(truth, prediction_file, against=prediction_file)
    path = tmp_path / "report.json"
    path.write_text(report_to_json(report))
    assert read_report(path) == report
    assert "NaN" not in path.read_text()
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"surprise": 1}))
    with pytest.raises(EvaluationError, match="at surprise"):
        read_report(path)


def test_inputs_are_known_by_their_hash(truth, prediction_file):
    before = report_of(truth, prediction_file)
    prediction_file.write_text(
        prediction_file.read_text().replace("0.5,Neutral", "0.25,Neutral")
    )
    after = report_of(truth, prediction_file)
    assert before.annotations == after.annotations
    assert before.predictions.sha256 != after.predictions.sha256
    assert len(before.predictions.sha256) == 64


def test_densities_and_traces_hold_every_scored_frame(truth, prediction_file):
    report = report_of(truth, prediction_file)
    assert [np.sum(plot.counts) for plot in report.densities] == [8, 8, 8, 8]
    ranks = [(each.task, each.rank) for each in report.traces]
    assert (Task.VALENCE, "most") in ranks
    assert (Task.VALENCE, "least") in ranks
    (best,) = [e for e in report.traces if e.task is Task.VALENCE and e.rank == "most"]
    assert best.frame == ((1, 4, 9) if best.video == "a" else (2, 3, 10, 11))
