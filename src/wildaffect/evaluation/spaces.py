"""Common label space of annotations and predictions: mapped by a table, else rejected.

An action unit without an output is different from an action unit predicted as absent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.errors import EvaluationError
from wildaffect.core.tasks import LabelSpace
from wildaffect.evaluation.rules import Absent
from wildaffect.formats.mapping import EXPRESSION_TABLES

WITHOUT_COUNTERPART = -1
"""Code of a predicted class without an annotated counterpart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """The compared labels, and those that were excluded or counted as zero."""

    space: LabelSpace
    columns: NDArray[np.int64]
    """Position of each label among the annotated ones, shape (K,)."""
    absent: tuple[str, ...]
    """Annotated labels that the model cannot predict."""
    unused: tuple[str, ...]
    """Predicted labels that are not annotated; they are not scored."""


def share_labels(
    annotated: LabelSpace,
    predicted: Sequence[str],
    absent_rule: Absent,
    *,
    what: str,
    source: str,
) -> Shared:
    """Return which of the annotated labels are compared.

    Args:
        annotated: Label space of the annotations.
        predicted: Labels that the model can predict.
        absent_rule: Rule for the others.
        what: `action units` or `expressions`, for messages.
        source: Name of the predictions, for messages.

    Raises:
        EvaluationError: If some are absent and the rule forbids it, or no label is common.
    """
    absent = tuple(label for label in annotated.labels if label not in predicted)
    unused = tuple(label for label in predicted if label not in annotated.labels)
    if absent and absent_rule is Absent.REFUSE:
        raise EvaluationError(
            f"{source}: {what} must hold {', '.join(absent)}, which are annotated, got "
            f"none of {'it' if len(absent) == 1 else 'them'}; "
            '`absent="common"` compares what both have, `absent="zero"` counts the others '
            "as never predicted"
        )
    keep = [label for label in annotated.labels if label not in absent]
    if not keep:
        raise EvaluationError(
            f"{source}: at least one of the annotated {what} must be predicted "
            f"({', '.join(annotated.labels)}), got {', '.join(predicted) or 'none'}"
        )
    if not absent or absent_rule is Absent.ZERO:
        columns = np.arange(len(annotated))
        return Shared(space=annotated, columns=columns, absent=absent, unused=unused)
    name = f"{annotated.name}, {len(keep)} of {len(annotated)}"
    return Shared(
        space=LabelSpace(name=name, labels=tuple(keep)),
        columns=np.array([annotated.index(label) for label in keep]),
        absent=absent,
        unused=unused,
    )


def class_codes(
    predicted: LabelSpace,
    annotated: LabelSpace,
    class_map: Mapping[str, str | None] | None,
    *,
    source: str,
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return the annotated class of each predicted class, and the classes without any.

    A class without counterpart is `WITHOUT_COUNTERPART`.

    Raises:
        EvaluationError: If the spaces differ and there is no map, or the map does not fit
            them.
    """
    if class_map is None:
        if predicted.labels != annotated.labels:
            known = (predicted.name, annotated.name) in EXPRESSION_TABLES
            raise EvaluationError(
                f"{source}: predicted expressions must be those of the annotations, "
                f"{annotated.name} ({', '.join(annotated.labels)}), got {predicted.name} "
                f"({', '.join(predicted.labels)}); state how classes correspond: "
                + ('`class_map="documented"` or ' if known else "")
                + '`class_map="FILE.json"`'
            )
        return np.arange(len(annotated)), ()
    unmapped = [label for label in predicted.labels if label not in class_map]
    if unmapped:
        raise EvaluationError(
            f"class map: every class of {predicted.name} must be mapped to a class or to "
            f"null, got nothing for {', '.join(unmapped)}"
        )
    for new in class_map.values():
        if new is not None and new not in annotated.labels:
            near = get_close_matches(new, annotated.labels) or list(annotated.labels)
            raise EvaluationError(
                f"class map: classes must be mapped to those of {annotated.name}, got "
                f"{new!r}; did you mean {', '.join(near)}?"
            )
    mapped = [class_map[label] for label in predicted.labels]
    codes = [WITHOUT_COUNTERPART if new is None else annotated.index(new) for new in mapped]
    absent = tuple(label for label in annotated.labels if label not in mapped)
    return np.array(codes, np.int64), absent


def documented_map(predicted: LabelSpace, annotated: LabelSpace) -> dict[str, str | None]:
    """Return the built-in table for these two spaces.

    Raises:
        EvaluationError: If there is no such table.
    """
    table = EXPRESSION_TABLES.get((predicted.name, annotated.name))
    if table is None:
        pairs = ", ".join(f"{old} to {new}" for old, new in EXPRESSION_TABLES)
        raise EvaluationError(
            f"class map: there must be a table from {predicted.name} to "
            f"{annotated.name}, got none; there is {pairs}; write a JSON file instead"
        )
    return table
