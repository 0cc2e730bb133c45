"""Scores of systems on sets of photographs as Markdown and as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from real_faces_groups import SCORE, GroupScore, group_json, group_rows
from real_faces_pairs import PAIRED_DIFFERENCE
from real_faces_sets import EXPRESSIONS

from wildaffect.core.errors import UsageError
from wildaffect.metrics.bootstrap import Interval

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
"""Where a page of the documentation holds the tables."""
COLUMNS = {
    "found": "found",
    "scored": "scored",
    "balanced accuracy": "balanced accuracy",
    "balanced accuracy, all": "of all images",
    PAIRED_DIFFERENCE: "first model ahead by",
    "macro F1": "macro F1",
    "ECE": "ECE",
    "valence AUC": "valence AUC",
    "arousal AUC": "arousal AUC",
    "valence CCC": "valence CCC",
    "arousal CCC": "arousal CCC",
    "AU F1": "AU F1",
    "AU AUC": "AU AUC",
}
"""Scores of the first table, and what their columns are called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One system on one set."""

    system: str
    crop: str
    scores: Mapping[str, Interval]
    confusion: NDArray[np.int64]
    """Rows are annotated classes, columns predictions, the last column any other; scored
    photographs alone."""
    units: tuple[str, ...]
    """Action units that are scored."""
    is_ours: bool
    """True for a model of this project, whose predictions are shown in detail."""
    groups: tuple[GroupScore, ...] = ()
    """Scores by groups of people, where the set tells them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPage:
    """All systems on one set."""

    name: str
    num_images: int
    num_people: int
    rows: tuple[Row, ...]
    what: str = "photographs"
    """Noun of what the set holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceFree:
    """Frames without a face, and those in which a system saw one."""

    system: str
    source: str
    num_frames: int
    num_with_face: int
    num_scored: int


def markdown(
    pages: Sequence[SetPage], face_free: Sequence[FaceFree], absent: Mapping[str, str]
) -> str:
    """Return the tables."""
    parts = [part for page in pages for part in _set_parts(page)]
    if face_free:
        rows = [
            [row.system, row.source, f"{row.num_frames}", f"{row.num_with_face}",
             f"{row.num_scored}"]
            for row in face_free
        ]  # fmt: skip
        header = ["system", "frames of", "frames", "with a face", "scored"]
        parts.append("## Frames without a face\n\n" + _table(header, rows))
    if absent:
        lines = [f"- {name}: {reason}" for name, reason in absent.items()]
        parts.append("Not run:\n\n" + "\n".join(lines))
    return "\n\n".join(parts) + "\n"


def between_marks(page: str, text: str) -> str:
    """Return a page with the text in place of what is between its marks.

    Raises:
        UsageError: If it does not hold both, once each and in order.
    """
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end) or BEGIN in tail or END in tail:
        raise UsageError(f"the page must hold {BEGIN} and then {END}, once each")
    return f"{head}{begin}\n\n{text}\n{end}{tail}"


def as_json(
    pages: Sequence[SetPage], face_free: Sequence[FaceFree], absent: Mapping[str, str]
) -> dict:
    """Return everything, with numbers in full."""
    return {
        "sets": [
            {
                "name": page.name,
                "images": page.num_images,
                "people": page.num_people,
                "systems": [
                    {
                        "name": row.system,
                        "crop": row.crop,
                        "scores": {
                            name: [
                                _number(score.value),
                                _number(score.low),
                                _number(score.high),
                            ]
                            for name, score in row.scores.items()
                        },
                        "classes": [*EXPRESSIONS, "other"],
                        "confusion": row.confusion.tolist(),
                        "groups": [group_json(group) for group in row.groups],
                    }
                    for row in page.rows
                ],
            }
            for page in pages
        ],
        "face_free": [
            {name: getattr(item, name) for name in item.__slots__} for item in face_free
        ],
        "not_run": dict(absent),
    }


def _set_parts(page: SetPage) -> Iterator[str]:
    shown = {
        score: column
        for score, column in COLUMNS.items()
        if any(_is_defined(row, score) for row in page.rows)
    }
    rows = [
        [
            row.system,
            row.crop,
            *(_cell(row.scores[s]) if _is_defined(row, s) else "-" for s in shown),
        ]
        for row in page.rows
    ]
    yield (
        f"## {page.name}: {page.num_images} {page.what} of {page.num_people} people\n\n"
        + _table(["system", "looks at", *shown.values()], rows)
    )
    with_units = [row for row in page.rows if row.units]
    for row in with_units:
        cells = [
            [unit, _cell(row.scores[f"{unit} F1"]), _cell(row.scores[f"{unit} AUC"])]
            for unit in row.units
        ]
        yield f"### {page.name}: action units of {row.system}\n\n" + _table(
            ["unit", "F1", "AUC"], cells
        )
    for row in page.rows:
        if row.groups:
            yield f"### {page.name}: groups of people, {row.system}\n\n" + _table(
                ["", "group", "people", page.what, SCORE], group_rows(row.groups)
            )
        if row.is_ours and row.confusion.sum():
            yield (
                f"### {page.name}: predictions of {row.system}\n\n"
                + _confusion(row.confusion)
            )


def _is_defined(row: Row, score: str) -> bool:
    return score in row.scores and bool(np.isfinite(row.scores[score].value))


def _confusion(counts: NDArray[np.int64]) -> str:
    header = ["labeled", *EXPRESSIONS, "other", "recall"]
    rows = []
    for code, name in enumerate(EXPRESSIONS):
        total = counts[code].sum()
        recall = f"{counts[code, code] / total:.2f}" if total else "-"
        rows.append([name, *map(str, counts[code]), recall])
    return _table(header, rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(score: Interval) -> str:
    if not np.isfinite(score.low):
        return f"{score.value:.2f}"
    return f"{score.value:.2f} [{score.low:.2f}, {score.high:.2f}]"


def _number(value: NDArray[np.float64]) -> float | None:
    return float(value) if np.isfinite(value) else None
