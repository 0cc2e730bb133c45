"""Terminal tables of scores and fitted calibrations."""

from collections.abc import Sequence

from rich.table import Table

from wildaffect.calibration.fitting import CrossFit
from wildaffect.core.console import Console
from wildaffect.core.tasks import Task
from wildaffect.metrics.scores import TaskScores
from wildaffect.training.core.scores import (
    ScoreLine,
    score_text,
    task_scores,
    why_undefined,
)

MIN_WIDTH = 110
"""Width in characters if the output is not a terminal."""

TITLES = {
    Task.VALENCE: "CCC V",
    Task.AROUSAL: "CCC A",
    Task.EXPRESSION: "F1 EXPR",
    Task.ACTION_UNITS: "F1 AU",
    Task.DIMENSIONS: "CCC dimensions",
    Task.INTENSITIES: "ICC intensities",
}


def table_console() -> Console:
    """Return a console on standard output, with a fixed width if it is not a terminal."""
    console = Console(highlight=False, soft_wrap=True)
    return console if console.is_terminal else Console(highlight=False, width=MIN_WIDTH)


def score_table(lines: Sequence[ScoreLine], title: str) -> Table:
    """Return a table with a row per score line, with the interval of the sum."""
    tasks = [task for task in Task if task in lines[0].scores]
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("", *(TITLES[task] for task in tasks), "sum", "95 % over videos"):
        table.add_column(name, justify="left" if not name else "right", no_wrap=True)
    for line in lines:
        cells = [score_cell(line, task) for task in tasks]
        table.add_row(line.name, *cells, score_cell(line, "score"), line.interval)
    return table


def score_cell(line: ScoreLine, name: str) -> str:
    """Return the table cell of a score; a dash for a task that was not predicted."""
    return line.text(name) if name in line.scores else "-"


def fit_table(fitted: CrossFit, tasks: Sequence[Task], fitted_on: str) -> Table:
    """Return the scores of each step of a calibration, in sample and out of sample."""
    title = f"calibration on the {fitted_on}: in sample / out of sample"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("", *(TITLES[task] for task in tasks), "sum"):
        table.add_column(name, justify="left" if not name else "right", no_wrap=True)
    for step in fitted.steps:
        inside, outside = (
            _texts(statistics.pooled(), tasks)
            for statistics in (step.in_sample, step.out_of_sample)
        )
        cells = (f"{inside[name]} / {outside[name]}" for name in (*tasks, "score"))
        table.add_row(step.name, *cells)
    return table


def _texts(scores: TaskScores, tasks: Sequence[Task]) -> dict[str, str]:
    """Return the text of each score and of their sum."""
    reasons = why_undefined(scores, tasks)
    return {
        name: score_text(value, reasons.get(name, ""))
        for name, value in task_scores(scores, tasks).items()
    }
