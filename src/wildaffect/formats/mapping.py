"""Mapping between label spaces by explicit tables; there is no implicit mapping.

A class without a counterpart becomes unlabeled and is counted, never mapped to the nearest
class: "Contempt" has no counterpart in ABAW's classes and is not its "Other".
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.core.errors import UsageError
from wildaffect.core.tasks import ABAW_EXPRESSIONS, LabelSpace, LabelSpaces
from wildaffect.formats.labels import (
    AFFECTNET_EXPRESSIONS,
    AFFWILD2_EXPRESSIONS_7,
    FERPLUS_EXPRESSIONS,
    RAFDB_EXPRESSIONS,
)

_SEVEN = {name: name for name in AFFWILD2_EXPRESSIONS_7.labels}
_WITHOUT_CONTEMPT: dict[str, str | None] = {**_SEVEN, "Contempt": None}
_WITHOUT_OTHER: dict[str, str | None] = {**_SEVEN, "Other": None}

EXPRESSION_TABLES: dict[tuple[str, str], dict[str, str | None]] = {
    (AFFECTNET_EXPRESSIONS.name, ABAW_EXPRESSIONS.name): _WITHOUT_CONTEMPT,
    (FERPLUS_EXPRESSIONS.name, ABAW_EXPRESSIONS.name): _WITHOUT_CONTEMPT,
    (RAFDB_EXPRESSIONS.name, ABAW_EXPRESSIONS.name): dict(_SEVEN),
    (AFFWILD2_EXPRESSIONS_7.name, ABAW_EXPRESSIONS.name): dict(_SEVEN),
    (ABAW_EXPRESSIONS.name, AFFWILD2_EXPRESSIONS_7.name): _WITHOUT_OTHER,
    (ABAW_EXPRESSIONS.name, AFFECTNET_EXPRESSIONS.name): _WITHOUT_OTHER,
    (FERPLUS_EXPRESSIONS.name, AFFECTNET_EXPRESSIONS.name): {
        **_SEVEN,
        "Contempt": "Contempt",
    },
    (AFFECTNET_EXPRESSIONS.name, FERPLUS_EXPRESSIONS.name): {
        **_SEVEN,
        "Contempt": "Contempt",
    },
    (RAFDB_EXPRESSIONS.name, AFFECTNET_EXPRESSIONS.name): dict(_SEVEN),
}
"""(from, to) -> class -> class, None without a counterpart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """Annotations in another label space, and the labels lost."""

    annotations: Annotations
    unlabeled: dict[str, int]
    """Class or unit without a counterpart -> number of frames that lost this label."""
    absent: tuple[str, ...]
    """Classes and units of the new space without a source."""


def map_spaces(annotations: Annotations, spaces: LabelSpaces) -> Mapped:
    """Return the annotations in `spaces`.

    Action units are matched by FACS number; units that the old space lacks are masked.

    Raises:
        UsageError: If there is no table from the old expressions to the new ones.
    """
    classes, positives, lost, absent = _map_expressions(annotations, spaces.expressions)
    units, units_valid, lost_units, absent_units = _map_units(
        annotations, spaces.action_units
    )
    return Mapped(
        annotations=replace(
            annotations,
            expression=classes,
            expression_valid=positives,
            action_units=units,
            action_units_valid=units_valid,
            spaces=spaces,
        ),
        unlabeled={**lost, **lost_units},
        absent=(*absent, *absent_units),
    )


def _map_expressions(
    annotations: Annotations, target: LabelSpace
) -> tuple[NDArray[np.int64], NDArray[np.bool_], dict[str, int], tuple[str, ...]]:
    source = annotations.spaces.expressions
    valid = annotations.expression_valid
    if source == target:
        return annotations.expression, valid, {}, ()
    table = EXPRESSION_TABLES.get((source.name, target.name))
    if table is None:
        known = sorted(new for old, new in EXPRESSION_TABLES if old == source.name)
        raise UsageError(
            f"{annotations.source}: expressions {source.name!r} must have a table to the "
            f"new label space, got {target.name!r}; known: {', '.join(known) or 'none'}"
        )
    codes = np.array(
        [target.index(new) if (new := table[old]) else -1 for old in source.labels]
    )
    mapped = codes[annotations.expression]
    kept = valid & (mapped >= 0)
    lost = {
        label: int((valid & (annotations.expression == code)).sum())
        for code, label in enumerate(source.labels)
        if codes[code] < 0
    }
    absent = tuple(label for label in target.labels if label not in table.values())
    return np.where(kept, mapped, 0), kept, lost, absent


def _map_units(
    annotations: Annotations, target: LabelSpace
) -> tuple[NDArray[np.int8], NDArray[np.bool_], dict[str, int], tuple[str, ...]]:
    source = annotations.spaces.action_units
    units = np.zeros((len(annotations), len(target)), np.int8)
    valid = np.zeros(units.shape, bool)
    for column, label in enumerate(target.labels):
        if label in source.labels:
            old = source.index(label)
            units[:, column] = annotations.action_units[:, old]
            valid[:, column] = annotations.action_units_valid[:, old]
    lost = {
        label: int(annotations.action_units_valid[:, column].sum())
        for column, label in enumerate(source.labels)
        if label not in target.labels
    }
    absent = tuple(label for label in target.labels if label not in source.labels)
    return units, valid, lost, absent
