"""Combine trained runs into an ensemble, weighted and calibrated on unseen videos.

The folder of a cross-validation stands for the runs of its folds. In-sample scores use the
subjects that the weights and the calibration were fitted on; out-of-sample scores use, for
each subject, weights and a calibration fitted without that subject.

Examples:
    wildaffect ensemble runs/gru-0 runs/gru-1 runs/tcn-0 --data worlds/wild -o ensembles/e1

    wildaffect ensemble runs/cv --data s-Aff-Wild2 --select greedy -o ensembles/e2
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from wildaffect.cli.extras import require_train
from wildaffect.cli.parser.marks import Positional
from wildaffect.core.threads import TrainingThreads


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Flags of `wildaffect ensemble`."""

    runs: Annotated[tuple[Path, ...], Positional("RUN")]
    """Folders of finished runs or of cross-validations."""
    output: Path
    """Folder for the ensemble."""
    data: Path
    """Folder of annotations."""
    split: str = "val"
    """Split to fit weights and calibration on."""
    layout: str | None = None
    """Layout of the annotations, if there are several."""
    features: Path | None = None
    """Feature store; by default `features` in the data folder."""
    combine: Literal["mean", "centered"] = "mean"
    """Plain mean, or mean after bringing valence and arousal to a common mean and
    spread."""
    select: Literal["all", "greedy"] = "all"
    """Equal weights, or greedy forward selection while the score improves."""
    seed: int = 0
    """Seed of the folds and of the bootstrap intervals."""
    threads: TrainingThreads = 1
    """CPU threads per process. auto is 1, because other numbers round differently."""


def run(command: Command) -> int:
    """Build the ensemble and print its scores."""
    require_train("ensemble")
    from wildaffect.cli.results import print_result
    from wildaffect.core.progress import ProgressDisplay
    from wildaffect.workflows.ensemble import ensemble

    with ProgressDisplay() as progress:
        progress.show("stage", text="loading runs")
        result = ensemble(
            command.runs,
            command.data,
            command.output,
            split=command.split,
            layout=command.layout,
            features=command.features,
            combine=command.combine,
            select=command.select,
            seed=command.seed,
            num_threads=command.threads,
            on_stage=lambda stage: progress.show("stage", text=stage),
        )
    print_result(result)
    return 0
