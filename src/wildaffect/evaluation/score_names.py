"""Names, titles and limits of the scores of a report, and their values.

Symbols: M scores.
"""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.evaluation.label_scores import CLASSES, UNITS
from wildaffect.evaluation.protocols import Protocol
from wildaffect.metrics.bootstrap import Limits
from wildaffect.metrics.scores import TaskScores

_SCALES = (Task.VALENCE, Task.AROUSAL)
_TITLES = {
    "ccc": "CCC",
    "pcc": "correlation",
    "icc": "ICC(3,1)",
    "mae": "absolute error",
    "kappa": "quadratic kappa",
}
SCALE_SCORES = (
    (Task.DIMENSIONS, "ccc", ("ccc", "pcc", "mae")),
    (Task.INTENSITIES, "icc", ("icc", "ccc", "pcc", "mae", "kappa")),
)
"""Task, the score whose mean stands for it, and the scores of each of its scales."""

_TERM_TITLES = {
    "action_units.macro_f1": "F1, mean of presence and absence",
    "intensities.mean_pcc": "Correlation, mean of intensities",
}
"""Scores that are named only where they are the overall score's terms."""

_SCALE_WORDS = {Task.DIMENSIONS: "Dimension", Task.INTENSITIES: "Intensity"}


def score_names(
    tasks: Sequence[Task], protocol: Protocol, spaces: LabelSpaces
) -> dict[str, str]:
    """Return name -> title of every score of the tasks, the overall score first."""
    names: dict[str, str] = {}
    if protocol.needs_all:
        names["overall"] = protocol.title
    for task in _SCALES:
        if task in tasks:
            what = task.value.capitalize()
            names[f"{task}.ccc"] = f"{what} CCC"
            names[f"{task}.pcc"] = f"{what} correlation"
            names[f"{task}.mse"] = f"{what} squared error"
    if set(_SCALES) <= set(tasks):
        names["va.mean_ccc"] = "Mean CCC"
    if Task.EXPRESSION in tasks:
        labels = spaces.expressions.labels
        names["expression.macro_f1"] = f"Expression F1, mean of {len(labels)}"
        names |= {f"{CLASSES}{label}": label for label in labels}
    if Task.ACTION_UNITS in tasks:
        labels = spaces.action_units.labels
        names["action_units.mean_f1"] = f"Action-unit F1, mean of {len(labels)}"
        names |= {f"{UNITS}{label}": label for label in labels}
    for task, mean, of_label in SCALE_SCORES:
        if task not in tasks:
            continue
        labels = spaces.scales(task).labels
        title = f"{_SCALE_WORDS[task]} {_TITLES[mean]}, mean of {len(labels)}"
        names[f"{task}.mean_{mean}"] = title
        names |= {
            f"{task}.{label}.{name}": f"{label} {_TITLES[name]}"
            for label in labels
            for name in of_label
        }
    return names | {
        term: _TERM_TITLES[term]
        for term in protocol.terms
        if term not in names and term in _TERM_TITLES
    }


def limits_of(names: Collection[str], protocol: Protocol) -> Limits:
    """Return the lowest and the highest possible value of the named scores, shape (M,)."""
    terms = [_range(term) for term in protocol.terms if term in names]
    overall = tuple(map(sum, zip(*terms, strict=True)))
    low, high = np.transpose(
        [overall if name == "overall" else _range(name) for name in names]
    )
    return low, high


def _range(name: str) -> tuple[float, float]:
    if name.startswith((CLASSES, UNITS)) or name.endswith("_f1"):
        return 0.0, 1.0
    return (0.0, np.inf) if name.endswith((".mse", ".mae")) else (-1.0, 1.0)


def named_values(
    scores: TaskScores, names: dict[str, str], protocol: Protocol, spaces: LabelSpaces
) -> NDArray[np.float64]:
    """Return the named scores, shape (..., M)."""
    known: dict[str, NDArray[np.float64]] = {
        "valence.ccc": scores.ccc_valence,
        "valence.pcc": scores.pcc_valence,
        "valence.mse": scores.mse_valence,
        "arousal.ccc": scores.ccc_arousal,
        "arousal.pcc": scores.pcc_arousal,
        "arousal.mse": scores.mse_arousal,
        "va.mean_ccc": scores.mean_ccc,
        "expression.macro_f1": scores.macro_f1_expression,
        "action_units.mean_f1": scores.mean_f1_action_units,
        "action_units.macro_f1": scores.macro_f1_action_units,
        "intensities.mean_pcc": scores.intensities.mean("pcc"),
    }
    for index, label in enumerate(spaces.expressions.labels):
        known[f"{CLASSES}{label}"] = scores.f1_expression[..., index]
    for index, label in enumerate(spaces.action_units.labels):
        known[f"{UNITS}{label}"] = scores.f1_action_units[..., index]
    for task, mean, of_label in SCALE_SCORES:
        found = getattr(scores, task)
        known[f"{task}.mean_{mean}"] = found.mean(mean)
        for index, label in enumerate(spaces.scales(task).labels):
            for name in of_label:
                known[f"{task}.{label}.{name}"] = getattr(found, name)[..., index]
    overall = [known[term] for term in protocol.terms if term in names]
    known["overall"] = np.sum(overall, axis=0) if overall else scores.p_mtl
    return np.stack([np.asarray(known[name]) for name in names], axis=-1)
