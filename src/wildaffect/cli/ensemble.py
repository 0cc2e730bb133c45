"""Make one of several trained runs, chosen, weighed and calibrated on videos new to them.

A folder of a cross-validation stands for the runs of its folds. Figures in sample are those
of the people that chose weights and calibration; out of sample, every person is judged by
what was chosen without them.

Examples:
    wildaffect ensemble runs/gru-0 runs/gru-1 runs/tcn-0 --data worlds/wild -o ensembles/e1

    wildaffect ensemble runs/cv --data s-Aff-Wild2 --select greedy -o ensembles/e2
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from wildaffect.cli.extras import require_train


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Flags of `wildaffect ensemble`."""

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Folders of finished runs, or of cross-validations."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """Folder of the ensemble."""
    data: Path
    """Folder of annotations."""
    split: str = "val"
    """Split that weights and calibration are chosen on."""
    format: str | None = None
    """Layout of the annotations, if several lie there."""
    features: Path | None = None
    """Feature store; `features` in the data's folder if not given."""
    combine: Literal["mean", "centred"] = "mean"
    """Plain mean, or valence and arousal brought to common mean and spread first."""
    select: Literal["all", "greedy"] = "all"
    """All members alike, or picked one by one while the score rises."""
    seed: int = 0
    """Of the folds of people, and of intervals."""
    threads: int = 1
    """Of tensor operations."""


def run(command: Command) -> int:
    """Predict, choose, calibrate, score, write, and print every figure."""
    require_train("ensemble")
    from wildaffect.recipes.ensemble_command import Job, make_ensemble

    return make_ensemble(
        Job(
            runs=command.runs,
            output=command.output,
            data=command.data,
            split=command.split,
            layout=command.format,
            features=command.features,
            combine=command.combine,
            select=command.select,
            seed=command.seed,
            threads=command.threads,
        )
    )
