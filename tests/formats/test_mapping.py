import numpy as np
import pytest

from wildaffect.core.columns import TaskColumn
from wildaffect.core.errors import UsageError
from wildaffect.core.tasks import ABAW_EXPRESSIONS, LabelSpace, LabelSpaces
from wildaffect.formats.columns import build_annotations
from wildaffect.formats.image_sets import image_rows
from wildaffect.formats.labels import (
    AFFECTNET_EXPRESSIONS,
    AFFWILD2_ACTION_UNITS_8,
    EXPRESSION_SPACES,
)
from wildaffect.formats.mapping import EXPRESSION_TABLES, map_spaces


def one_of_each(space, units=None):
    num = len(space)
    images = [f"{i}.jpg" for i in range(num)]
    spaces = LabelSpaces(expressions=space)
    fields = ()
    if units:
        spaces = LabelSpaces(expressions=space, action_units=units)
        fields = [
            TaskColumn(values=np.ones(num), valid=np.ones(num, bool)) for _ in units.labels
        ]
    return build_annotations(
        image_rows("invented", images, lines=np.arange(num), file="f"),
        spaces,
        expression=TaskColumn(values=np.arange(num, dtype=float), valid=np.ones(num, bool)),
        action_units=fields,
    )


@pytest.mark.parametrize(("old", "new"), EXPRESSION_TABLES)
def test_a_table_keeps_every_name_or_drops_it_openly(old, new):
    source, target = EXPRESSION_SPACES[old], EXPRESSION_SPACES[new]
    mapped = map_spaces(one_of_each(source), LabelSpaces(expressions=target))
    a = mapped.annotations
    for row, label in enumerate(source.labels):
        if a.expression.valid[row]:
            assert target.labels[a.expression.values[row]] == label
        else:
            assert mapped.unlabeled[label] == 1


def test_contempt_is_never_other():
    mapped = map_spaces(one_of_each(AFFECTNET_EXPRESSIONS), LabelSpaces())
    assert mapped.unlabeled == {"Contempt": 1}
    assert mapped.absent[0] == "Other"
    assert not mapped.annotations.expression.valid[7]


def test_a_label_space_without_table_is_refused():
    space = LabelSpace(name="mine", labels=("Joy", "Rage"))
    with pytest.raises(UsageError, match="'mine' must have a table"):
        map_spaces(one_of_each(space), LabelSpaces())


def test_units_go_by_number_and_absent_ones_are_valid_nowhere():
    mapped = map_spaces(
        one_of_each(ABAW_EXPRESSIONS, AFFWILD2_ACTION_UNITS_8), LabelSpaces()
    )
    a = mapped.annotations
    units = a.spaces.action_units
    assert a.action_units.valid[:, units.index("AU25")].all()
    assert not a.action_units.valid[:, units.index("AU07")].any()
    assert mapped.unlabeled["AU20"] == 8
    assert "AU07" in mapped.absent
