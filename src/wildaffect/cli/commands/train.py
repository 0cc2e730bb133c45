"""Train a temporal multi-task model on stored features; resumable.

Examples:
    wildaffect train abaw4-gru --data worlds/wild

    wildaffect train modern --data s-Aff-Wild2 --features features --seed 3 -o runs/m3

    wildaffect train modern --data worlds/wild --folds 5 --optim.peak-lr 1e-3

    torchrun --nproc-per-node 4 -m wildaffect train modern --data s-Aff-Wild2

    wildaffect train runs/m3/recipe.json --data s-Aff-Wild2 -o runs/again

    wildaffect train abaw4-system --feature-data FERPlus AffectNet --data s-Aff-Wild2

    wildaffect train open-real --data crema-d --workers 4
"""

from dataclasses import dataclass
from functools import partial
from inspect import getdoc
from pathlib import Path
from typing import TYPE_CHECKING

from wildaffect.cli.extras import require_train
from wildaffect.cli.parser.marks import Invocation
from wildaffect.cli.recipe_flags import recipe_invocation
from wildaffect.cli.training_flags import TrainingFlags
from wildaffect.training.temporal.recipe import TemporalRecipe

if TYPE_CHECKING:
    from wildaffect.workflows.system_options import (
        OpenRealOptions,
        PixelSystemOptions,
        SystemOptions,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainCommand(TrainingFlags):
    """Train a recipe on stored features; resumable."""

    data: Path
    """Folder of annotations, in any layout that `wildaffect data check` knows."""
    recipe: TemporalRecipe
    features: Path | None = None
    """Feature store; by default `features` in the data folder."""
    unlabeled_features: Path | None = None
    """Feature store of videos to train on without labels, for recipes whose unlabeled.kind
    uses them. Videos that the annotations name, in any split, are left out."""
    layout: str | None = None
    """Layout of the annotations, if there are several."""
    train_split: tuple[str, ...] = ("train",)
    """Splits to train on; several are joined, as in `--train-split train val`."""
    score_split: str | None = None
    """Split to score after every epoch and at the end, by default val; `none` for none.
    Nothing is selected on it. Not with --folds, which score the videos that each fold
    leaves out."""
    folds: int = 0
    """Number of cross-validation folds over the training split, no subject in two folds; 0
    trains once."""
    final: bool = False
    """With --folds: train once more, on everything, for the median of the folds' best
    epochs, into the folder `final`, which export and predict take."""

    def __post_init__(self) -> None:
        if self.folds and self.score_split is not None:
            raise ValueError(
                "--score-split: must not be given with --folds, which score the videos "
                "that each fold leaves out"
            )
        if self.final and not self.folds:
            raise ValueError("--final: must be given with --folds, which choose its epochs")


def invocation(words: list[str]) -> Invocation:
    """Return the flags of the recipe or system named by the first word.

    Raises:
        UsageError: If there is none of that name.
        MissingExtra: If the extra `train` is not installed.
    """
    require_train("train")
    from wildaffect.recipes.catalog import RECIPES, find_recipe
    from wildaffect.recipes.open_real import OPEN_REAL_SYSTEMS
    from wildaffect.recipes.pixel_systems import PIXEL_SYSTEMS
    from wildaffect.recipes.systems import SYSTEMS
    from wildaffect.workflows.system_options import (
        OpenRealOptions,
        PixelSystemOptions,
        SystemOptions,
    )

    match words:
        case [name, *rest] if name in SYSTEMS:
            return Invocation(
                record=SystemOptions,
                args=rest,
                description=f"{getdoc(SystemOptions)}\n\n"
                f"Example: wildaffect train {name} --data s-Aff-Wild2",
                preset={"system": SYSTEMS[name]},
                first=name,
            )
        case [name, *rest] if name in PIXEL_SYSTEMS:
            build_recipe = PIXEL_SYSTEMS[name]
            about = (
                f"{getdoc(PixelSystemOptions)}\n\n{name}: {getdoc(build_recipe)}\n\n"
                f"Example: wildaffect train {name} --feature-data FERPlus AffectNet "
                "--data s-Aff-Wild2"
            )
            return Invocation(
                record=PixelSystemOptions,
                args=rest,
                description=about,
                preset={"recipe": build_recipe()},
                first=name,
            )
        case [name, *rest] if name in OPEN_REAL_SYSTEMS:
            make = OPEN_REAL_SYSTEMS[name]
            return Invocation(
                record=OpenRealOptions,
                args=rest,
                description=f"{getdoc(OpenRealOptions)}\n\n{name}: {getdoc(make)}\n\n"
                f"Example: wildaffect train {name} --data crema-d --workers 4",
                preset={"recipe": make()},
                first=name,
            )
    return recipe_invocation(
        TrainCommand,
        words,
        __doc__ or "",
        find=find_recipe,
        recipes=(*RECIPES, *SYSTEMS, *PIXEL_SYSTEMS, *OPEN_REAL_SYSTEMS),
    )


def run(
    command: "TrainCommand | SystemOptions | PixelSystemOptions | OpenRealOptions",
) -> int:
    """Train, score, and print where the results are."""
    from wildaffect.cli.training_progress import TrainingProgress
    from wildaffect.workflows.cross_validate import cross_validate
    from wildaffect.workflows.open_real import train_open_real
    from wildaffect.workflows.pixel_stages import train_from_pixels
    from wildaffect.workflows.system_options import OpenRealOptions, PixelSystemOptions
    from wildaffect.workflows.systems import SystemCallbacks, train_system
    from wildaffect.workflows.train import train

    with TrainingProgress() as progress:
        if isinstance(command, TrainCommand):
            progress.show_reading()
            split = command.score_split or "val"
            verb = partial(train, score_split=None if split == "none" else split)
            if command.folds:
                verb = partial(cross_validate, num_folds=command.folds, final=command.final)
            result = verb(
                command.recipe,
                command.data,
                features=command.features,
                output=command.output,
                layout=command.layout,
                train_split=command.train_split,
                data_license=command.data_license,
                unlabeled_features=command.unlabeled_features,
                device=command.device,
                num_threads=command.threads,
                trackers=command.trackers,
                on_start=progress.show_start,
                on_epoch_end=progress.show_epoch,
                on_note=progress.note,
            )
            progress.result(result)
            return 0
        callbacks = SystemCallbacks(
            on_result=progress.result,
            on_count=progress.show_count,
            on_start=progress.show_start,
            on_epoch_end=progress.show_epoch,
            on_step_end=progress.show_step,
            on_evaluate=progress.show_evaluation,
            on_note=progress.note,
        )
        if isinstance(command, PixelSystemOptions):
            train_from_pixels(command, callbacks)
        elif isinstance(command, OpenRealOptions):
            train_open_real(command, callbacks)
        else:
            train_system(command, callbacks)
    return 0
