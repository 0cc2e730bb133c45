"""The train command: flags of a recipe, one run or one per fold, and what is printed."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import tyro

from wildaffect.core.console import Console
from wildaffect.core.errors import UsageError
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.sequences import FrameSequence
from wildaffect.data.splits import k_folds, save_splits
from wildaffect.features.store import FeatureStore
from wildaffect.formats.generated import find_generated
from wildaffect.inference.stored_outputs import StoredOutputs, save_outputs
from wildaffect.training.calibrate_and_score import (
    ScoreLine,
    calibrate_run,
    load_calibration,
    predict_stored,
    score_line,
    score_lines,
    write_scores,
)
from wildaffect.training.distributed import is_first_process
from wildaffect.training.job import UNKNOWN_LICENSE, TrainerConfig, train_run
from wildaffect.training.load import Split, load_split
from wildaffect.training.pages import fit_table, score_table, table_console
from wildaffect.training.recipe import TemporalRecipe
from wildaffect.training.runs import Run, TrainedModel, read_metrics
from wildaffect.training.score import video_statistics
from wildaffect.workflows.epoch_bar import EpochBar


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainCommand:
    """Train a recipe on stored features; goes on where it was stopped."""

    data: Path
    """Folder of annotations, in any layout that `wildaffect data check` knows."""
    recipe: Annotated[TemporalRecipe, tyro.conf.arg(name="")]
    features: Path | None = None
    """Feature store; `features` in the data's folder if not given."""
    output: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """Folder of the run; runs/<recipe>-<seed> if not given."""
    format: str | None = None
    """Layout of the annotations, if several lie there."""
    train_split: str = "train"
    """Split that is trained on."""
    score_split: str = "val"
    """Split that is scored afterwards; `none` for none. It never chooses anything."""
    folds: int = 0
    """Cross-validate over so many folds of the training split, no person in two; 0 trains
    once."""
    data_license: str = UNKNOWN_LICENSE
    """License of the annotations; stated again in the artifact."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train."""
    threads: int = 1
    """Of tensor operations on the CPU, per process."""
    track: tuple[Literal["wandb", "mlflow"], ...] = ()
    """Report to these beside TensorBoard, which is always written."""


def train(command: TrainCommand) -> int:
    """Train, calibrate, score, and print where everything lies."""
    import torch  # noqa: PLC0415 - the command line is read before

    torch.set_num_threads(command.threads)
    recipe = command.recipe
    folder = command.output or Path("runs") / f"{recipe.name}-{recipe.seed}"
    store = FeatureStore(command.features or command.data / "features")
    split = load_split(command.data, store, recipe, command.train_split, command.format)
    console = table_console()
    _tell_missing(split, console)
    if command.folds:
        return _cross_validate(command, split, store, folder, console)
    evaluated = None  # read before training, so that what is wrong with it is said before
    if command.score_split != "none" and is_first_process():
        evaluated = load_split(
            command.data, store, recipe, command.score_split, command.format
        )
    trained = _train_one(command, split, store, folder)
    if is_first_process():
        _finish(command, trained, split.sequences, evaluated, console)
    return 0


def _train_one(
    command: TrainCommand, split: Split, store: FeatureStore, folder: Path
) -> TrainedModel:
    _tell_resumed(Run(folder))
    config = TrainerConfig(accelerator=command.device, trackers=command.track)
    with EpochBar(Run(folder), command.recipe.num_epochs) as bar:
        return train_run(
            command.recipe,
            split,
            store,
            folder,
            config=config,
            data_license=_data_license(command),
            on_epoch_end=bar.show_epoch,
        )


def _data_license(command: TrainCommand) -> str:
    """Return the stated license, or that of a generated world if none is stated."""
    world = find_generated(command.data)
    if command.data_license == UNKNOWN_LICENSE and world is not None:
        return world.license
    return command.data_license


def _finish(
    command: TrainCommand,
    trained: TrainedModel,
    sequences: tuple[FrameSequence, ...],
    evaluated: Split | None,
    console: Console,
) -> None:
    folder = trained.run.folder
    fitted = calibrate_run(trained, sequences)
    if fitted:
        console.print(fit_table(fitted, trained.recipe.model.tasks))
    if evaluated is None:
        console.print(f"{folder}: trained on {len(trained.data.train_videos)} videos")
        return
    lines = score_lines(
        predict_stored(trained, evaluated.sequences, command.score_split),
        evaluated.sequences,
        load_calibration(folder),
        spaces=trained.data.spaces,
        seed=trained.recipe.seed,
    )
    write_scores(lines, folder / f"scores-{command.score_split}.json")
    console.print(
        score_table(
            lines, f"{len(evaluated.sequences)} videos of {evaluated.annotations.source}"
        )
    )
    console.print(_last_line(folder, lines))


def _cross_validate(
    command: TrainCommand,
    split: Split,
    store: FeatureStore,
    folder: Path,
    console: Console,
) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    known = {sequence.video for sequence in split.sequences}
    splits = k_folds(
        split.annotations, command.folds, seed=command.recipe.seed, kind="subject-disjoint"
    )
    save_splits(splits, folder / "folds.json")
    held: dict[str, SequenceOutputs] = {}
    lines = []
    for fold in splits.folds:
        part = replace(split, sequences=_of(split, set(fold.train) & known))
        rest = _of(split, set(fold.val) & known)
        trained = _train_one(command, part, store, folder / fold.name)
        if not is_first_process():
            continue
        calibrate_run(trained, part.sequences)
        outputs = predict_stored(trained, rest, "held-out")
        held |= {output.video: output for output in outputs}
        found = video_statistics(
            rest, outputs, load_calibration(trained.run.folder), trained.data.spaces
        )
        tasks = command.recipe.model.tasks
        lines.append(score_line(fold.name, found, tasks, seed=command.recipe.seed))
    if is_first_process():
        _pool(command, split, held, folder, lines, console)
    return 0


def _pool(
    command: TrainCommand,
    split: Split,
    held: dict[str, SequenceOutputs],
    folder: Path,
    lines: list[ScoreLine],
    console: Console,
) -> None:
    outputs = tuple(held[sequence.video] for sequence in split.sequences)
    spaces = split.annotations.spaces
    (folder / "outputs").mkdir(exist_ok=True)
    save_outputs(
        StoredOutputs(outputs=outputs, spaces=spaces), folder / "outputs" / "held-out.npz"
    )
    raw = score_lines(
        outputs,
        split.sequences,
        load_calibration(folder),
        spaces=spaces,
        seed=command.recipe.seed,
    )[0]
    lines = [*lines, replace(raw, name="all held out, raw")]
    write_scores(lines, folder / "scores-held-out.json")
    title = f"{len(outputs)} videos of {split.annotations.source}, each held out once"
    console.print(score_table(lines, title))
    console.print(_last_line(folder, lines))


def _of(split: Split, videos: set[str]) -> tuple[FrameSequence, ...]:
    chosen = tuple(sequence for sequence in split.sequences if sequence.video in videos)
    if not chosen:
        raise UsageError(
            "train: every fold must have videos with features, got one without; lower "
            "--folds"
        )
    return chosen


def _tell_missing(split: Split, console: Console) -> None:
    if split.without_features and is_first_process():
        some = ", ".join(split.without_features[:5])
        console.print(
            f"note: {len(split.without_features)} videos of {split.annotations.source} "
            f"have no features and train nothing: {some}",
            markup=False,
        )


def _tell_resumed(run: Run) -> None:
    """Say on standard error that a run goes on, and from where."""
    if not is_first_process():
        return
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if run.is_finished:
        console.print(f"{run.folder}: was trained before", markup=False)
    elif run.checkpoint.exists():
        done = max((row["epoch"] for row in read_metrics(run)), default=0)
        console.print(f"{run.folder}: goes on after epoch {done}", markup=False)


def _last_line(folder: Path, lines: list[ScoreLine]) -> str:
    last = lines[-1]
    return (
        f"{folder}: score {last.scores['score']:.3f} ({last.low:.3f} to {last.high:.3f}, "
        f"95 % over videos), {last.name}"
    )
