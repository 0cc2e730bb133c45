"""Predict videos with a run or an ensemble; write one result table per video.

`wildaffect evaluate` and `wildaffect submit` read these tables. The command is resumable.

Examples:
    wildaffect predict runs/modern-0 --data worlds/wild --split val -o predictions

    wildaffect predict ensembles/best --list MTL.txt --features features -o predictions

    wildaffect predict runs/modern-0 --features features -o predictions
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from wildaffect.cli.extras import require_train
from wildaffect.cli.parser.marks import Positional
from wildaffect.core.threads import TrainingThreads

if TYPE_CHECKING:
    from wildaffect.workflows.predict import PredictResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Flags of `wildaffect predict`."""

    source: Annotated[Path, Positional("RUN")]
    """Folder of a finished run or of an ensemble."""
    output: Path = Path("predictions")
    """Folder for the tables, one per video."""
    data: Path | None = None
    """Folder of annotations whose frames to predict; labels are not needed."""
    split: str | None = None
    """Split of the annotations, if there are several."""
    layout: str | None = None
    """Layout of the annotations, if there are several."""
    list: Path | None = None
    """Official test list whose frames to predict, instead of --data."""
    features: Path | None = None
    """Feature store; by default `features` in the data folder. Without --data and --list,
    every row of every video in it is predicted."""
    first_frame: Literal["0", "1"] = "1"
    """Number of the first frame in image folders, when an entire store is predicted; tables
    count from 0."""
    raw: bool = False
    """Skip the calibration."""
    threads: TrainingThreads = 1
    """CPU threads per process. auto is 1, because other numbers round differently."""


def run(command: Command) -> int:
    """Predict video by video and print where the tables are."""
    require_train("predict")
    from wildaffect.core.progress import ProgressDisplay
    from wildaffect.workflows.predict import predict

    with ProgressDisplay() as progress:
        result = predict(
            command.source,
            command.output,
            data=command.data,
            split=command.split,
            layout=command.layout,
            test_list=command.list,
            features=command.features,
            first_frame=0 if command.first_frame == "0" else 1,
            raw=command.raw,
            num_threads=command.threads,
            on_progress=partial(progress.show, "videos"),
        )
    _print(result)
    if command.data is not None:
        print(_next_step(command, command.data))
    return 0


def _next_step(command: Command, data: Path) -> str:
    """Return the command that scores the tables."""
    from wildaffect.data.annotated import fullest_layout

    layout = command.layout or (fullest_layout(data) if data.is_dir() else None)
    flags = {"--split": command.split, "--layout": layout}
    words = "".join(f" {flag} {value}" for flag, value in flags.items() if value)
    return f"score them: wildaffect evaluate {command.output} --annotations {data}{words}"


def _print(result: "PredictResult") -> None:
    from wildaffect.core.console import Console
    from wildaffect.core.printable import counted

    console = Console(highlight=False, soft_wrap=True)
    if result.num_missing:
        console.print(
            f"note: no table for {counted(result.num_missing, 'video')} without features"
        )
    if result.num_borrowed:
        console.print(
            f"note: {counted(result.num_borrowed, 'frame')} without features took "
            "another's values; their status is interpolated"
        )
    if result.num_trained:
        console.print(
            f"note: {counted(result.num_trained, 'name')} of videos that trained the "
            "model; scores on these would be optimistically biased"
        )
    for name in result.absent_sets:
        console.print(
            f"note: the store has no {name}; every frame was predicted without it",
            markup=False,
        )
    kept = f", {result.num_kept} left as they were" if result.num_kept else ""
    console.print(
        f"{result.folder}: {result.num_written} tables written{kept}", markup=False
    )
