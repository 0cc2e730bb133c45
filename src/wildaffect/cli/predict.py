"""Write what a run or an ensemble says of videos, a result table for each.

Tables are read by `wildaffect evaluate` and `wildaffect submit` as they are. A command that
was stopped goes on where it was.

Examples:
    wildaffect predict runs/modern-0 --data worlds/wild --split val -o predictions

    wildaffect predict ensembles/best --list MTL.txt --features features -o answers

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
    """Folder of annotations whose frames are predicted; labels are not needed."""
    split: str | None = None
    """Of the annotations, if there are several."""
    format: str | None = None
    """Layout of the annotations, if several lie there."""
    list: Path | None = None
    """Official test list whose frames are predicted, in place of --data."""
    features: Path | None = None
    """Feature store; `features` in the data's folder if not given. With neither --data nor
    --list, all its videos are predicted, every row."""
    first_frame: Literal["0", "1"] = "1"
    """Number that folders of images give their first frame, where a whole store is
    predicted; tables count from 0."""
    raw: bool = False
    """Leave the calibration out."""
    threads: int = 1
    """Of tensor operations."""


def run(command: Command) -> int:
    """Predict video by video and say where the tables lie."""
    _check(command)
    require_train("predict")
    from wildaffect.recipes.predict_command import Job, predict

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
        raise UsageError("predict: --data or --list must be given, got both")
    if command.data is None and command.features is None:
        raise UsageError("predict: --data DIR or --features STORE must be given, got none")
    if command.data is None and (command.split or command.format):
        raise UsageError("predict: --split and --format must stand with --data")
