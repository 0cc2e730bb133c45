"""Votes of observers in a manifest. Values are invented."""

import json
import re

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import wildaffect
from wildaffect.cli.main import main
from wildaffect.core.errors import BadAnnotation, UsageError
from wildaffect.core.tasks import ABAW_EXPRESSIONS, LabelSpaces, Task
from wildaffect.data.annotated import read_annotated
from wildaffect.evaluation.evaluate import Evaluation, evaluate
from wildaffect.evaluation.protocols import find_protocol
from wildaffect.evaluation.tables import read_predictions
from wildaffect.formats.labels import AFFECTNET_EXPRESSIONS
from wildaffect.formats.manifest import read_manifest
from wildaffect.formats.mapping import map_spaces

HEADER = "video,split,votes:Happiness,votes:Neutral,votes:Surprise"
NEUTRAL, HAPPINESS, SURPRISE = map(
    ABAW_EXPRESSIONS.index, ("Neutral", "Happiness", "Surprise")
)


def put(folder, *lines):
    path = folder / "manifest.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def read(folder, *lines):
    return read_manifest(put(folder, *lines))


def test_counts_and_probabilities_become_shares_and_the_class_with_the_most(tmp_path):
    reading = read(tmp_path, HEADER, "a,train,6,3,1", "b,train,0.1,0.2,0.2001")
    a = reading.annotations
    assert reading.problems == ()
    assert a.spaces.expressions == ABAW_EXPRESSIONS
    columns = [HAPPINESS, NEUTRAL, SURPRISE]
    shares = a.expression_shares.values
    np.testing.assert_allclose(shares[0, columns], [0.6, 0.3, 0.1], rtol=1e-6)
    assert shares.sum(axis=1) == pytest.approx([1, 1])
    assert np.delete(shares, columns, axis=1).max() == 0
    assert a.expression_shares.valid.all()
    assert a.expression.values.tolist() == [HAPPINESS, SURPRISE]
    assert a.expression.valid.all()


def test_a_tie_has_shares_alone_and_rows_without_votes_have_no_label(tmp_path):
    reading = read(tmp_path, HEADER, "a,train,2,2,1", "b,train,0,0,0", "c,train,,,")
    a = reading.annotations
    assert reading.problems == ()
    assert a.expression_shares.valid_rows.tolist() == [True, False, False]
    assert not a.expression.valid.any()
    assert a.labeled(Task.EXPRESSION).tolist() == [True, False, False]


def test_votes_for_classes_of_ones_own(tmp_path):
    a = read(
        tmp_path,
        "image,votes:very happy,votes:calm,expression[calm|angry|very happy]",
        "1.jpg,3,1,",
        "2.jpg,1,1,calm",
    ).annotations
    assert a.expression_shares.values.tolist() == [[0.25, 0, 0.75], [0.5, 0, 0.5]]
    # Where votes tie, the class that is given decides.
    assert a.expression.values.tolist() == [2, 0]
    assert a.expression.valid.all()


def test_votes_in_parquet(tmp_path):
    table = {"image": ["1.jpg", "2.jpg"], "votes:Anger": [3, None], "votes:Fear": [1, None]}
    parquet.write_table(pa.table(table), tmp_path / "manifest.parquet")
    reading = read_manifest(tmp_path / "manifest.parquet")
    assert reading.problems == ()
    assert reading.annotations.expression_shares.valid_rows.tolist() == [True, False]


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("a,train,-1,3,0", r"votes:Happiness must lie in \[0, 1e\+09\], got '-1'"),
        ("a,train,1,many,0", r"votes:Neutral must lie in .*, got 'many'"),
        ("a,train,1e300,1,0", r"votes:Happiness must lie in .*, got '1e300'"),
        ("a,train,inf,1,0", r"votes:Happiness must lie in .*, got 'inf'"),
        ("a,train,1,,3", "every class or for none, got a blank votes:Neutral; write 0"),
    ],
)
def test_wrong_votes_are_named_and_the_row_has_none(tmp_path, row, text):
    reading = read(tmp_path, HEADER, "good,train,1,0,0", row)
    (problem,) = reading.problems
    assert problem.line == 3
    assert problem.kind.is_error
    assert re.search(text, problem.text)
    assert len(reading.annotations) == 2
    assert reading.annotations.labeled(Task.EXPRESSION).tolist() == [True, False]


def test_a_class_that_the_votes_contradict_is_named_and_masks_both(tmp_path):
    reading = read(
        tmp_path,
        f"{HEADER},expression",
        "a,train,1,5,0,Happiness",
        "b,train,1,5,0,Neutral",
        "c,train,1,5,0,Anger",
        "d,train,0,0,0,Anger",
    )
    assert [problem.line for problem in reading.problems] == [2, 4]
    text = reading.problems[0].text
    assert "the class with the most votes, Neutral, got 'Happiness'" in text
    a = reading.annotations
    assert a.expression.valid.tolist() == [False, True, False, True]
    assert a.expression_shares.valid_rows.tolist() == [False, True, False, False]


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("image,votes:Joy,votes:Anger", "Neutral, Anger, .* got 'votes:Joy'; a column"),
        ("image,votes:Anger", "at least two classes, got 'votes:Anger' alone"),
        ("image,votes:Anger,votes:Anger", "columns must be distinct"),
        ("image,votes:Anger,votes:calm,expression[calm|happy]", "for calm, happy, got"),
        ("image,votes:Anger,votes:pain[0..10]", r"got 'votes:pain\[0..10\]'"),
        ("image,votes:Anger,votes:AU06_intensity", "got 'votes:AU06_intensity'"),
    ],
)
def test_columns_of_votes_that_name_no_class_are_refused(tmp_path, header, text):
    row = ",".join(["1.jpg", *["1"] * header.count(",")])
    with pytest.raises(BadAnnotation, match=text):
        read(tmp_path, header, row)


def test_a_soft_label_lost_by_mapping_is_counted(tmp_path):
    a = read(
        tmp_path,
        "image,expression,votes:Other,votes:Anger",
        "1.jpg,,1,3",
        "2.jpg,,0,3",
        "3.jpg,Other,,",
    ).annotations
    spaces = LabelSpaces(expressions=AFFECTNET_EXPRESSIONS)
    mapped = map_spaces(a, spaces)
    assert mapped.unlabeled["Other"] == 2
    assert mapped.annotations.expression_shares.valid_rows.tolist() == [False, True, False]


ROWS = ("a,val,6,3,1", "b,val,2,2,0", "c,val,0,4,0", "d,val,0,0,4", "e,val,,,")


def test_data_check_shows_votes_and_rows_without_one_class(tmp_path, capsys):
    put(tmp_path, HEADER, *ROWS)
    assert main(["data", "check", str(tmp_path), "--json"]) == 0
    (report,) = json.loads(capsys.readouterr().out)
    tables = {table["title"]: dict(table["rows"]) for table in report["tables"]}
    assert tables["Contents"]["expression"] == "3 (60%)"
    assert tables["Contents"]["votes on expressions"] == "4 (80%)"
    assert tables["Contents"]["votes without one class"] == "1 (20%)"
    assert tables["Contents"]["no label"] == "1 (20%)"
    shares = tables["Votes on expressions"]
    assert shares["Happiness"] == f"{(0.6 + 0.5) / 4:.1%}"
    assert shares["Surprise"] == f"{1.1 / 4:.1%}"
    assert shares["Anger"] == "0.0%"


def test_rows_of_a_frame_with_other_votes_contradict_each_other(tmp_path, capsys):
    put(tmp_path, HEADER, "a,val,6,3,1", "a,val,6,2,1", "b,val,1,0,0", "b,val,2,0,0")
    assert main(["data", "check", str(tmp_path), "--json"]) == 1
    (report,) = json.loads(capsys.readouterr().out)
    (error,) = [each for each in report["findings"] if each["level"] == "error"]
    assert error["text"].endswith("contradict an earlier row of their frame: 1")


def test_evaluate_scores_the_class_with_the_most_votes_and_notes_ties(tmp_path):
    put(tmp_path, HEADER, *ROWS)
    made = tmp_path / "mine.csv"
    names = ("Happiness", "Surprise", "Neutral", "Neutral", "Neutral")
    rows = [f"{video},{name}" for video, name in zip("abcde", names, strict=True)]
    made.write_text("\n".join(["video,expression", *rows]) + "\n")
    annotated = read_annotated(tmp_path)
    report = evaluate(
        read_predictions(made, own=annotated.annotations.spaces),
        Evaluation(annotated=annotated, protocol=find_protocol("own")),
    )
    (coverage,) = report.coverage
    assert coverage.num_annotated == 3
    found = {each.label: each.f1.value for each in report.expression_scores}
    assert found["Happiness"] == 1
    assert found["Neutral"] == pytest.approx(2 / 3)
    (note,) = [note for note in report.notes if "tie of votes" in note]
    assert "1 row with a tie of votes on expressions" in note


def test_votes_in_memory_are_refused_and_not_left_out():
    targets = {"votes:Anger": [1, 0], "votes:Fear": [0, 1], "valence": [0.1, 0.2]}
    with pytest.raises(UsageError, match=r"one class per row .* got 'votes:Anger'"):
        wildaffect.evaluate(targets, {"valence": [0.1, 0.2]})
