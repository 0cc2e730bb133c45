"""Lines of Markdown tables about runs that were evaluated on the same people."""

from collections.abc import Sequence

import numpy as np

from wildaffect.core.tasks import Task
from wildaffect.metrics.bootstrap import Measure, paired_bootstrap_over_runs
from wildaffect.metrics.scores import VideoStatistics
from wildaffect.training.core.scores import score_sum

AFFECT_TASKS = (Task.VALENCE, Task.AROUSAL, Task.EXPRESSION, Task.ACTION_UNITS)
"""Tasks of the multi-task score."""

MEASURES: dict[str, Measure] = {
    "CCC V": lambda scores: scores.ccc_valence,
    "CCC A": lambda scores: scores.ccc_arousal,
    "F1 EXPR": lambda scores: scores.macro_f1_expression,
    "F1 AU": lambda scores: scores.mean_f1_action_units,
    "sum": lambda scores: np.asarray(score_sum(scores, AFFECT_TASKS)),
}
Runs = Sequence[VideoStatistics]


def print_head() -> None:
    """Print the head of a table."""
    print(f"| | {' | '.join(MEASURES)} |\n|---|{'---|' * len(MEASURES)}")


def print_row(name: str, runs: Runs) -> None:
    """Print the mean scores of some runs; of the sum, their deviation too."""
    found = {
        column: np.array([float(measure(run.pooled())) for run in runs])
        for column, measure in MEASURES.items()
    }
    cells = [f"{values.mean():.3f}" for values in found.values()]
    if len(runs) > 1:
        cells[-1] += f" ({found['sum'].std(ddof=1):.3f})"
    print(f"| {name} | {' | '.join(cells)} |")


def print_difference(name: str, these: Runs, those: Runs) -> None:
    """Print how far the first runs are ahead, people and runs resampled."""
    cells = []
    for measure in MEASURES.values():
        found = paired_bootstrap_over_runs(these, those, measure, seed=0)
        cells.append(f"{found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}]")
    print(f"| {name} | {' | '.join(cells)} |")
