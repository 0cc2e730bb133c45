"""Predict videos with a run or an ensemble; write one result table per video.

`wildaffect evaluate` and `wildaffect submit` read these tables. The command is resumable.

Examples:
    wildaffect predict runs/modern-0 --data worlds/wild --split val -o predictions

    wildaffect predict ensembles/best --list MTL.txt --features features -o predictions

    wildaffect predict runs/modern-0 --features features -o predictions
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from wildaffect.cli.extras import require_train
from wildaffect.core.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Flags of `wildaffect predict`."""

    source: tyro.conf.Positional[Path]
    """Folder of a finished run or of an ensemble."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("predictions")
    """Folder for the tables, one per video."""
    data: Path | None = None
    """Folder of annotations whose frames to predict; labels are not needed."""
    split: str | None = None
    """Split of the annotations, if there are several."""
    format: str | None = None
    """Layout of the annotations, if there are several."""
    list: Path | None = None
    """Official test list whose frames to predict, instead of --data."""
    features: Path | None = None
    """Feature store; by default `features` in the data folder. Without --data and --list,
    every row of every video in it is predicted."""
    first_frame: Literal["0", "1"] = "1"
    """Number of the first frame in image folders, when a whole store is predicted; tables
    count from 0."""
    raw: bool = False
    """Skip the calibration."""
    threads: int = 1
    """CPU threads for tensor operations."""


def run(command: Command) -> int:
    """Predict video by video and print where the tables are."""
    _check(command)
    require_train("predict")
    from wildaffect.workflows.predict import Job, predict

    return predict(
        Job(
            source=command.source,
            output=command.output,
            data=command.data,
            split=command.split,
            layout=command.format,
            listed=command.list,
            features=command.features,
            named_from=0 if command.first_frame == "0" else 1,
            is_raw=command.raw,
            threads=command.threads,
        )
    )


def _check(command: Command) -> None:
    if command.data is not None and command.list is not None:
        raise UsageError("predict: give either --data or --list, not both")
    if command.data is None and command.features is None:
        raise UsageError("predict: give --data DIR or --features STORE")
    if command.data is None and (command.split or command.format):
        raise UsageError("predict: --split and --format are only valid with --data")
