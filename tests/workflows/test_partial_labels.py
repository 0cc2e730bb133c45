"""A run of four tasks on labels of two is scored on these, and exported."""

import math

from wildaffect.cli.results import print_result
from wildaffect.inference.artifact import CARD_FILE
from wildaffect.training.core.scores import read_scores
from wildaffect.workflows.export_model import export_model


def test_the_sum_and_its_interval_are_of_the_tasks_with_labels(scales_run):
    last = scales_run.scores[-1]
    assert math.isnan(last.scores["expression"])
    mean = (last.scores["valence"] + last.scores["arousal"]) / 2
    assert last.scores["score"] == mean
    assert -1 <= last.low <= mean <= last.high <= 1
    assert f"({last.low:.3f} to {last.high:.3f}" in repr(scales_run)


def test_it_is_exported_with_its_scores(scales_run, tmp_path):
    (stored,) = scales_run.folder.glob("scores-*.json")
    assert repr(read_scores(stored)) == repr(list(scales_run.scores))
    export_model(scales_run.folder, tmp_path / "mine")
    score = f"{scales_run.scores[-1].scores['score']:.3f}"
    assert score in (tmp_path / "mine" / CARD_FILE).read_text()


def test_a_task_without_labels_is_named_and_no_number(scales_run, capsys):
    print_result(scales_run)
    printed = capsys.readouterr().out
    assert "nan" not in printed
    (raw, *_) = [line for line in printed.splitlines() if line.startswith("raw")]
    assert raw.count("no labels") == 2
    assert f"{scales_run.scores[0].scores['score']:.3f}" in raw
