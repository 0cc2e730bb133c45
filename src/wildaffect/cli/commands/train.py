"""Train a temporal multi-task model on stored features; resumable.

Examples:
    wildaffect train abaw4-gru --data worlds/wild

    wildaffect train modern --data s-Aff-Wild2 --features features --seed 3 -o runs/m3

    wildaffect train modern --data worlds/wild --folds 5 --optim.peak-lr 1e-3

    torchrun --nproc-per-node 4 -m wildaffect train modern --data s-Aff-Wild2

    wildaffect train runs/m3/recipe.json --data s-Aff-Wild2 -o runs/again

    wildaffect train abaw4-system --feature-data FERPlus AffectNet --data s-Aff-Wild2
"""

from collections.abc import Callable
from functools import partial
from inspect import getdoc
from typing import TYPE_CHECKING

from wildaffect.cli.extras import require_train
from wildaffect.cli.parser.marks import Invocation
from wildaffect.cli.recipe_flags import recipe_invocation

if TYPE_CHECKING:
    from wildaffect.cli.train_flags import TrainCommand
    from wildaffect.workflows.system_options import PixelSystemOptions, SystemOptions
    from wildaffect.workflows.training_setup import TrainResult


def invocation(words: list[str]) -> Invocation:
    """Return the flags of the recipe or system named by the first word.

    Raises:
        UsageError: If there is none of that name.
        MissingExtra: If the extra `train` is not installed.
    """
    require_train("train")
    from wildaffect.cli.train_flags import TrainCommand
    from wildaffect.recipes.catalog import RECIPES, find_recipe
    from wildaffect.recipes.pixel_systems import PIXEL_SYSTEMS
    from wildaffect.recipes.systems import SYSTEMS
    from wildaffect.workflows.system_options import PixelSystemOptions, SystemOptions

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
    return recipe_invocation(
        TrainCommand,
        words,
        __doc__ or "",
        find=find_recipe,
        recipes=(*RECIPES, *SYSTEMS, *PIXEL_SYSTEMS),
    )


def run(command: "TrainCommand | SystemOptions | PixelSystemOptions") -> int:
    """Train, score, and print where the results are."""
    from wildaffect.cli.train_flags import TrainCommand
    from wildaffect.cli.training_progress import TrainingProgress
    from wildaffect.workflows.pixel_stages import train_from_pixels
    from wildaffect.workflows.system_options import PixelSystemOptions
    from wildaffect.workflows.systems import SystemCallbacks, train_system

    with TrainingProgress() as progress:
        if isinstance(command, TrainCommand):
            train = _verb(command)
            result = train(
                command.recipe,
                command.data,
                features=command.features,
                output=command.output,
                layout=command.layout,
                train_split=command.train_split,
                data_license=command.data_license,
                device=command.device,
                num_threads=command.threads,
                trackers=command.trackers,
                on_epoch_end=progress.show_epoch,
                on_note=progress.note,
            )
            progress.result(result)
            return 0
        callbacks = SystemCallbacks(
            on_result=progress.result,
            on_count=progress.show_count,
            on_epoch_end=progress.show_epoch,
            on_step_end=progress.show_step,
            on_evaluate=progress.show_evaluation,
            on_note=progress.note,
        )
        if isinstance(command, PixelSystemOptions):
            train_from_pixels(command, callbacks)
        else:
            train_system(command, callbacks)
    return 0


def _verb(command: "TrainCommand") -> "Callable[..., TrainResult]":
    """Return the function that trains once, or once per fold."""
    from wildaffect.workflows.cross_validate import cross_validate
    from wildaffect.workflows.train import train

    if command.folds:
        return partial(cross_validate, num_folds=command.folds)
    split = command.score_split or "val"
    return partial(train, score_split=None if split == "none" else split)
