import pytest

from wildaffect.core.tasks import (
    ABAW_ACTION_UNITS,
    ABAW_EXPRESSIONS,
    EXTENDED_ACTION_UNITS,
    LabelSpace,
)


def test_an_unknown_label_gets_the_nearest_one():
    with pytest.raises(KeyError, match="did you mean Happiness"):
        ABAW_EXPRESSIONS.index("Happyness")


def test_a_label_space_refuses_repeated_labels():
    with pytest.raises(ValueError, match="must be distinct"):
        LabelSpace(name="twice", labels=("a", "a"))


def test_the_abaw_order_is_that_of_the_published_codes():
    # Codes of the s-Aff-Wild2 annotation files: 0 Neutral ... 7 Other.
    assert ABAW_EXPRESSIONS.index("Neutral") == 0
    assert ABAW_EXPRESSIONS.index("Fear") == 3
    assert ABAW_EXPRESSIONS.index("Other") == 7
    assert ABAW_ACTION_UNITS.labels[0] == "AU01"
    assert ABAW_ACTION_UNITS.labels[-1] == "AU26"
    assert len(ABAW_ACTION_UNITS) == 12


def test_the_extended_action_units_ascend_and_hold_the_official_twelve():
    labels = EXTENDED_ACTION_UNITS.labels
    assert len(labels) == 20
    assert list(labels) == sorted(labels)
    assert set(ABAW_ACTION_UNITS.labels) < set(labels)
    assert {"AU05", "AU09", "AU14", "AU17", "AU20", "AU28", "AU43"} < set(labels)
