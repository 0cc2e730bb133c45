"""Annotations and predictions are invented; the layout is that of the multi-task track."""

import pytest

UNITS = (1, 2, 4, 6, 7, 10, 12, 15, 23, 24, 25, 26)
LABELS = tuple(f"AU{number:02d}" for number in UNITS)
HEAD = "image,valence,arousal,expression,aus"
TABLE = "image,valence,arousal,expression," + ",".join(LABELS)
NAMES = "Neutral Anger Disgust Fear Happiness Sadness Surprise Other".split()

# Eight frames of two videos; the scores of SAID against TRUTH are worked out by hand in
# test_evaluate.py.
TRUTH = (
    ("a/00001.jpg", 0.0, 0.5, 0, "1"),
    ("a/00004.jpg", 0.5, 0.5, 0, "1"),
    ("a/00009.jpg", 1.0, -0.5, 4, "0"),
    ("a/00009.jpg", 1.0, -0.5, 4, "0"),
    ("b/00002.jpg", -1.0, -0.5, 4, "1"),
    ("b/00003.jpg", -0.5, 0.5, 1, "0"),
    ("b/00010.jpg", 0.0, 0.5, -1, "0"),
    ("b/00011.jpg", 0.0, -0.5, -1, "0"),
)
SAID = (
    ("a/00001.jpg", 0.0, 0.5, "Neutral", "1"),
    ("a/00004.jpg", 0.5, 0.5, "Anger", "0"),
    ("a/00009.jpg", 0.5, 0.5, "Happiness", "1"),
    ("b/00002.jpg", -0.5, 0.5, "Happiness", "1"),
    ("b/00003.jpg", -0.5, 0.5, "Anger", "0"),
    ("b/00010.jpg", 0.0, 0.5, "Other", "0"),
    ("b/00011.jpg", 0.0, 0.5, "Other", "0"),
)


def truth_line(row):
    image, valence, arousal, code, unit = row
    return f"{image},{valence},{arousal},{code},{unit}" + ",0" * 11


def said_line(row):
    image, valence, arousal, name, unit = row
    return f"{image},{valence},{arousal},{name},{unit}" + ",0" * 11


@pytest.fixture
def truth(tmp_path):
    path = tmp_path / "validation_set_annotations.txt"
    path.write_text("\n".join([HEAD, *map(truth_line, TRUTH)]) + "\n")
    return path


@pytest.fixture
def prediction_file(tmp_path):
    path = tmp_path / "predictions.csv"
    path.write_text("\n".join([TABLE, *map(said_line, SAID)]) + "\n")
    return path
