"""Mapping between label spaces by explicit tables; there is no implicit mapping.

A class without a counterpart becomes unlabeled and is counted, never mapped to the nearest
class: "Contempt" has no counterpart in ABAW's classes and is not its "Other".
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.core.columns import TaskColumn
from wildaffect.core.errors import UsageError
from wildaffect.core.tasks import (
    ABAW_EXPRESSIONS,
    SCALE_TASKS,
    LabelSpace,
    LabelSpaces,
    Task,
)
from wildaffect.formats.labels import (
    AFFECTNET_EXPRESSIONS,
    AFFWILD2_EXPRESSIONS_7,
    CREMA_D_EXPRESSIONS,
    FERPLUS_EXPRESSIONS,
    RAFDB_EXPRESSIONS,
    RAVDESS_EXPRESSIONS,
)

_SEVEN = {name: name for name in AFFWILD2_EXPRESSIONS_7.labels}
_WITHOUT_CONTEMPT: dict[str, str | None] = {**_SEVEN, "Contempt": None}
_WITHOUT_OTHER: dict[str, str | None] = {**_SEVEN, "Other": None}

EXPRESSION_TABLES: dict[tuple[str, str], dict[str, str | None]] = {
    (AFFECTNET_EXPRESSIONS.name, ABAW_EXPRESSIONS.name): _WITHOUT_CONTEMPT,
    (FERPLUS_EXPRESSIONS.name, ABAW_EXPRESSIONS.name): _WITHOUT_CONTEMPT,
    (RAFDB_EXPRESSIONS.name, ABAW_EXPRESSIONS.name): dict(_SEVEN),
    (AFFWILD2_EXPRESSIONS_7.name, ABAW_EXPRESSIONS.name): dict(_SEVEN),
    (CREMA_D_EXPRESSIONS.name, ABAW_EXPRESSIONS.name): {
        name: name for name in CREMA_D_EXPRESSIONS.labels
    },
    (RAVDESS_EXPRESSIONS.name, ABAW_EXPRESSIONS.name): {**_SEVEN, "Calm": None},
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
    """Class or unit without a counterpart -> number of frames that lost this label, or a
    soft label with a share of it."""
    absent: tuple[str, ...]
    """Classes and units of the new space without a source."""


def map_spaces(annotations: Annotations, spaces: LabelSpaces) -> Mapped:
    """Return the annotations in `spaces`.

    Soft labels move with their classes; a row in which a class without a counterpart has a
    share loses its soft label. Action units are matched by FACS number; units that the old
    space lacks are masked; so are scales, which are matched by name.

    Raises:
        UsageError: If there is no table from the old expressions to the new ones, or the
            range of a scale differs.
    """
    classes, lost, absent = _map_expressions(annotations, spaces.expressions)
    shares = _map_shares(annotations, spaces.expressions)
    units, lost_units, absent_units = _map_units(annotations, spaces.action_units)
    scales = {task: _map_scales(annotations, spaces, task) for task in SCALE_TASKS}
    lost_scales = {
        label: int(annotations[task].valid[:, column].sum())
        for task in SCALE_TASKS
        for column, label in enumerate(annotations.spaces.scales(task).labels)
        if label not in spaces.scales(task).labels
    }
    return Mapped(
        annotations=replace(
            annotations,
            expression=classes,
            expression_shares=shares,
            action_units=units,
            dimensions=scales[Task.DIMENSIONS],
            intensities=scales[Task.INTENSITIES],
            spaces=spaces,
        ),
        unlabeled={**lost, **lost_units, **lost_scales},
        absent=(*absent, *absent_units),
    )


def _map_expressions(
    annotations: Annotations, target: LabelSpace
) -> tuple[TaskColumn, dict[str, int], tuple[str, ...]]:
    source, old = annotations.spaces.expressions, annotations.expression
    if source == target:
        return old, {}, ()
    table = _table(annotations, target)
    codes = _codes(table, source, target)
    mapped = codes[old.values]
    kept = old.valid & (mapped >= 0)
    shares = annotations.class_shares(len(source))
    lost = {
        label: int((shares.valid_rows & (shares.values[:, code] > 0)).sum())
        for code, label in enumerate(source.labels)
        if codes[code] < 0
    }
    absent = tuple(label for label in target.labels if label not in table.values())
    return TaskColumn(np.where(kept, mapped, 0), kept), lost, absent


def _map_shares(annotations: Annotations, target: LabelSpace) -> TaskColumn | None:
    source, old = annotations.spaces.expressions, annotations.expression_shares
    if source == target or old is None:
        return old
    codes = _codes(_table(annotations, target), source, target)
    has_target = codes >= 0
    shares = TaskColumn.empty((len(annotations), len(target)), np.float32)
    shares.values[:, codes[has_target]] = old.values[:, has_target]
    is_lost = (old.values[:, ~has_target] > 0).any(axis=1)
    shares.valid[old.valid_rows & ~is_lost] = True
    return shares


def _table(annotations: Annotations, target: LabelSpace) -> dict[str, str | None]:
    source = annotations.spaces.expressions
    if source.name == target.name and set(source.labels) == set(target.labels):
        return {label: label for label in source.labels}  # only their order differs
    table = EXPRESSION_TABLES.get((source.name, target.name))
    if table is None and source.name == target.name:
        raise UsageError(
            f"{annotations.source}: classes must be {', '.join(target.labels)} as in the "
            f"other data, got {', '.join(source.labels)}"
        )
    if table is None:
        known = sorted(new for old, new in EXPRESSION_TABLES if old == source.name)
        raise UsageError(
            f"{annotations.source}: expressions {source.name!r} must have a table to the "
            f"new label space, got {target.name!r}; known: {', '.join(known) or 'none'}"
        )
    return table


def _codes(
    table: dict[str, str | None], source: LabelSpace, target: LabelSpace
) -> NDArray[np.int64]:
    """Return the position of each source label in the target, -1 without a counterpart."""
    return np.array(
        [target.index(new) if (new := table[label]) else -1 for label in source.labels]
    )


def _map_units(
    annotations: Annotations, target: LabelSpace
) -> tuple[TaskColumn, dict[str, int], tuple[str, ...]]:
    source, old = annotations.spaces.action_units, annotations.action_units
    units = TaskColumn.empty((len(annotations), len(target)), np.int8)
    for column, label in enumerate(target.labels):
        if label in source.labels:
            position = source.index(label)
            units.values[:, column] = old.values[:, position]
            units.valid[:, column] = old.valid[:, position]
    lost = {
        label: int(old.valid[:, column].sum())
        for column, label in enumerate(source.labels)
        if label not in target.labels
    }
    absent = tuple(label for label in target.labels if label not in source.labels)
    return units, lost, absent


def _map_scales(annotations: Annotations, spaces: LabelSpaces, task: Task) -> TaskColumn:
    source, old = annotations.spaces.scales(task), annotations[task]
    target = spaces.scales(task)
    mapped = TaskColumn.empty((len(annotations), len(target)), np.float32)
    for column, scale in enumerate(target.scales):
        if scale.label not in source.labels:
            continue
        position = source.index(scale.label)
        theirs = source.scales[position]
        if theirs != scale:
            raise UsageError(
                f"{annotations.source}: {scale.label} must have the range {scale.ends} of "
                f"the other data, got {theirs.ends}; convert its values"
            )
        mapped.values[:, column] = old.values[:, position]
        mapped.valid[:, column] = old.valid[:, position]
    return mapped
