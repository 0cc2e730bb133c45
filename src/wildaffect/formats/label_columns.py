"""Labels that the header of a manifest defines: own classes, attributes and scales.

| header | labels |
|---|---|
| `expression[calm|angry|happy]` | classes of your own, in this order |
| `votes:Happiness`, `votes:Anger` | votes for classes of the label space: see `votes` |
| `AU06`, `smile[0|1]` | present or not |
| `AU06_intensity`, `laughter_intensity[0..100]` | strength from 0; to 5 by default |
| `pain[0..10]` | a continuous rating and its range |
"""

import re
from pathlib import Path

from wildaffect.core.errors import BadAnnotation
from wildaffect.core.scales import NO_SCALES, Scale, ScaleSpace
from wildaffect.core.tasks import (
    ABAW_ACTION_UNITS,
    ABAW_EXPRESSIONS,
    LabelSpace,
    LabelSpaces,
    expression_column,
)
from wildaffect.formats.labels import EXPRESSION_SPACES

_EXPRESSION = re.compile(r"expression(?:\[(?P<space>[^\]]*)\])?")
_OCCURRENCE = re.compile(
    r"(?P<label>AU[0-9]{2}|[A-Za-z][A-Za-z0-9_]*(?=\[0\|1\]))(\[0\|1\])?"
)
_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
_SCALE = re.compile(rf"(?P<label>[^\[\]]+)\[(?P<low>{_NUMBER})\.\.(?P<high>{_NUMBER})\]")
_INTENSITY = re.compile(r"[^\[\]]+_intensity")
MAX_INTENSITY = 5.0
"""Upper end of an intensity whose header does not state it: E of FACS."""
ADVICE = (
    "a rating of your own states its range, such as pain[0..10]; an attribute that is "
    "present or not is named smile[0|1]"
)


def is_expression(name: str) -> bool:
    """Return whether a column holds classes."""
    return _EXPRESSION.fullmatch(name) is not None


def occurrence_label(name: str) -> str | None:
    """Return the action unit or attribute of a column; None for other columns."""
    match = _OCCURRENCE.fullmatch(name)
    return match["label"] if match else None


def scale_of(path: Path, name: str) -> Scale | None:
    """Return the scale of a column; None for other columns.

    Raises:
        BadAnnotation: If the name or the range of the scale is not valid.
    """
    match = _SCALE.fullmatch(name)
    label, low, high = name, 0.0, MAX_INTENSITY
    if match:
        label, low, high = match["label"], float(match["low"]), float(match["high"])
    elif not _INTENSITY.fullmatch(name):
        return None
    if is_intensity(label) and low != 0:
        raise BadAnnotation(path, 1, f"an intensity must start at 0, got {name!r}")
    try:
        return Scale(label=label, low=low, high=high)
    except ValueError as error:
        raise BadAnnotation(path, 1, f"{error}, in {name!r}") from None


def is_intensity(label: str) -> bool:
    """Return whether a scale is that of an intensity, by its name."""
    return _INTENSITY.fullmatch(label) is not None


def spaces_of(path: Path, names: list[str]) -> LabelSpaces:
    """Return the label spaces that a header defines; those of ABAW where it has none.

    Raises:
        BadAnnotation: If a label space is unknown, or names are not valid.
    """
    units = tuple(label for label in map(occurrence_label, names) if label)
    scales = [scale for name in names if (scale := scale_of(path, name))]
    own = LabelSpace(name="manifest-action-units", labels=units) if units else None
    return LabelSpaces(
        expressions=_expressions(path, next(filter(is_expression, names), "expression")),
        action_units=own
        if own and units != ABAW_ACTION_UNITS.labels
        else ABAW_ACTION_UNITS,
        dimensions=_space(
            "manifest-dimensions", [s for s in scales if not is_intensity(s.label)]
        ),
        intensities=_space(
            "manifest-intensities", [s for s in scales if is_intensity(s.label)]
        ),
    )


def _space(name: str, scales: list[Scale]) -> ScaleSpace:
    return ScaleSpace(name=name, scales=tuple(scales)) if scales else NO_SCALES


def _expressions(path: Path, name: str) -> LabelSpace:
    match = _EXPRESSION.fullmatch(name)
    stated = match["space"] if match else None
    if stated is None:
        return ABAW_EXPRESSIONS
    if stated in EXPRESSION_SPACES:
        return EXPRESSION_SPACES[stated]
    labels = tuple(label.strip() for label in stated.split("|"))
    columns = {expression_column(label) for label in labels if label}
    if len(labels) > 1 and len(columns) == len(labels):
        return LabelSpace(name="manifest-expressions", labels=labels)
    raise BadAnnotation(
        path,
        1,
        f"label space must be one of {', '.join(EXPRESSION_SPACES)}, or your classes, at "
        f"least two and distinct, such as expression[calm|angry|happy], got {name!r}",
    )
