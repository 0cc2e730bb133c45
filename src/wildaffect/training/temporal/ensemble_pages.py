"""Tables and files about the members of an ensemble: scores and diversity.

Symbols: M members.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from wildaffect.calibration.ensemble_weights import EnsembleWeights
from wildaffect.calibration.fitting import CrossFit
from wildaffect.core.files import write_whole
from wildaffect.core.tasks import Task
from wildaffect.training.core.scores import ScoreLine, score_line
from wildaffect.training.temporal.pages import TITLES, score_cell

SHORT_STEPS = {"raw": "raw", "smoothing": "smoothed", "bias and thresholds": "calibrated"}
"""Calibration step -> name of the outputs after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLines:
    """Scores after one step of a calibration, in sample and out of sample."""

    name: str
    in_sample: ScoreLine
    out_of_sample: ScoreLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """Scores of a member or of the ensemble after each step."""

    name: str
    lines: tuple[StepLines, ...]

    def named_lines(self) -> Iterator[ScoreLine]:
        """Yield every line with a unique name, for a file."""
        for step in self.lines:
            name = f"{self.name}, {step.name}"
            yield replace(step.in_sample, name=f"{name}, in sample")
            yield replace(step.out_of_sample, name=f"{name}, out of sample")


def evaluated_lines(
    fitted: CrossFit, tasks: Sequence[Task], *, seed: int
) -> tuple[StepLines, ...]:
    """Return the scores of each step with their intervals."""
    return tuple(
        StepLines(
            name=SHORT_STEPS[step.name],
            in_sample=score_line(step.name, step.in_sample, tasks, seed=seed),
            out_of_sample=score_line(step.name, step.out_of_sample, tasks, seed=seed),
        )
        for step in fitted.steps
    )


def evaluated_table(
    evaluated: Sequence[Evaluated], tasks: Sequence[Task], selected: EnsembleWeights
) -> Table:
    """Return a row for each member and step, the ensemble last.

    Task scores are out of sample; the sum is shown out of sample and in sample. A member's
    sum is over its own tasks.
    """
    shown = [task for task in Task if task in tasks]
    table = Table(box=None, pad_edge=False)
    titles = [TITLES[task] for task in shown]
    for name in ("", "weight", "", *titles, "sum out", "sum in", "95 % of sum out"):
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    weights = [f"{weight:.2f}" for weight in selected.weights] + [""]
    for entry, weight in zip(evaluated, weights, strict=True):
        for index, step in enumerate(entry.lines):
            out, inside = step.out_of_sample, step.in_sample
            head = (entry.name, weight) if index == 0 else ("", "")
            table.add_row(
                *head,
                step.name,
                *(score_cell(out, task) for task in shown),
                score_cell(out, "score"),
                score_cell(inside, "score"),
                out.interval,
            )
    return table


def diversity_table(
    names: Sequence[str], correlations: Mapping[Task, NDArray[np.float64]]
) -> Table:
    """Return the correlation of each pair of members, averaged over their common tasks.

    Args:
        names: Names of the M members.
        correlations: Shape (M, M) for each task.
    """
    table = Table(box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    for index in range(len(names)):
        table.add_column(str(index), justify="right", no_wrap=True)
    for index, name in enumerate(names):
        rows = np.stack([matrix[index] for matrix in correlations.values()], axis=1)
        known = [row[~np.isnan(row)] for row in rows]
        cells = (f"{row.mean():.2f}" if len(row) else "-" for row in known)
        table.add_row(f"{index} {name}", *cells)
    return table


def write_diversity(
    names: Sequence[str], correlations: Mapping[Task, NDArray[np.float64]], path: Path
) -> None:
    """Write the correlations of every task as JSON.

    Null where the outputs of a member are constant, or it does not predict the task.
    """
    document = {
        "members": list(names),
        "correlation": {
            str(task): [[None if np.isnan(v) else float(v) for v in row] for row in matrix]
            for task, matrix in correlations.items()
        },
    }
    write_whole(path, (json.dumps(document, indent=1) + "\n").encode())
