"""Train a temporal multi-task model on stored features; resumable.

Examples:
    wildaffect train abaw4-gru --data worlds/wild

    wildaffect train modern --data s-Aff-Wild2 --features features --seed 3 -o runs/m3

    wildaffect train modern --data worlds/wild --folds 5 --optim.peak-lr 1e-3

    torchrun --nproc-per-node 4 -m wildaffect train modern --data s-Aff-Wild2

    wildaffect train runs/m3/recipe.json --data s-Aff-Wild2 -o runs/again

    wildaffect train abaw4-system --feature-data FERPlus AffectNet --data s-Aff-Wild2
"""

from inspect import getdoc
from typing import TYPE_CHECKING

import tyro

from wildaffect.cli.extras import Prepared, require_train
from wildaffect.core.errors import UsageError

if TYPE_CHECKING:
    from wildaffect.cli.train_flags import TrainCommand
    from wildaffect.recipes.pixel_systems import PixelSystemCommand
    from wildaffect.recipes.systems import SystemCommand


def prepare(args: list[str]) -> Prepared:
    """Return the flags of the recipe named by the first argument.

    Raises:
        UsageError: If no recipe is named, or there is none of that name.
        MissingExtra: If the extra `train` is not installed.
    """
    require_train("train")
    from wildaffect.cli.train_flags import TrainCommand
    from wildaffect.recipes.catalog import RECIPES, find_recipe
    from wildaffect.recipes.pixel_systems import PIXEL_SYSTEMS, PixelSystemCommand
    from wildaffect.recipes.systems import SYSTEMS, SystemCommand

    if args and args[0] in {"-h", "--help"}:
        args = ["modern", *args]
    if not args or args[0].startswith("-"):
        raise UsageError(
            "train: no recipe given; start with a recipe.json or one of "
            f"{', '.join([*RECIPES, *SYSTEMS, *PIXEL_SYSTEMS])}"
        )
    if args[0] in SYSTEMS:
        system = SystemCommand(system=SYSTEMS[args[0]], data=tyro.MISSING)
        return Prepared(SystemCommand, system, args[1:], SystemCommand.__doc__)
    if args[0] in PIXEL_SYSTEMS:
        build_recipe = PIXEL_SYSTEMS[args[0]]
        from_pixels = PixelSystemCommand(
            recipe=build_recipe(), feature_data=tyro.MISSING, data=tyro.MISSING
        )
        description = f"{getdoc(PixelSystemCommand)}\n\n{args[0]}: {getdoc(build_recipe)}"
        return Prepared(PixelSystemCommand, from_pixels, args[1:], description)
    default = TrainCommand(data=tyro.MISSING, recipe=find_recipe(args[0]))
    return Prepared(TrainCommand, default, args[1:])


def run(command: "TrainCommand | SystemCommand | PixelSystemCommand") -> int:
    """Train, score, and print where the results are."""
    from wildaffect.cli.results import print_result
    from wildaffect.cli.train_flags import TrainCommand
    from wildaffect.recipes.pixel_systems import PixelSystemCommand
    from wildaffect.workflows.pixel_stages import train_from_pixels
    from wildaffect.workflows.systems import train_system

    match command:
        case TrainCommand():
            return _train(command)
        case PixelSystemCommand():
            return train_from_pixels(command, on_result=print_result)
        case _:
            return train_system(command, on_result=print_result)


def _train(command: "TrainCommand") -> int:
    from wildaffect.cli.results import print_note, print_result
    from wildaffect.workflows.cross_validate import cross_validate
    from wildaffect.workflows.epoch_bar import EpochBar
    from wildaffect.workflows.train import train

    with EpochBar(command.recipe.num_epochs) as bar:
        if command.folds:
            result = cross_validate(
                command.recipe,
                command.data,
                num_folds=command.folds,
                features=command.features,
                output=command.output,
                layout=command.format,
                train_split=command.train_split,
                data_license=command.data_license,
                device=command.device,
                num_threads=command.threads,
                trackers=command.track,
                on_epoch_end=bar.show_epoch,
                on_note=print_note,
            )
        else:
            result = train(
                command.recipe,
                command.data,
                features=command.features,
                output=command.output,
                layout=command.format,
                train_split=command.train_split,
                score_split=None if command.score_split == "none" else command.score_split,
                data_license=command.data_license,
                device=command.device,
                num_threads=command.threads,
                trackers=command.track,
                on_epoch_end=bar.show_epoch,
                on_note=print_note,
            )
    print_result(result)
    return 0
