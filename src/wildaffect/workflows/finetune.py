"""The finetune command: flags of a recipe, one run, its scores on another split."""

from collections.abc import Sequence
from pathlib import Path

import torch

from wildaffect.core.console import Console
from wildaffect.core.errors import UsageError
from wildaffect.runtime.network import supports_bf16
from wildaffect.training.core.distributed import is_first_process
from wildaffect.training.core.scores import score_line, write_scores
from wildaffect.training.images.evaluate import crop_statistics
from wildaffect.training.images.job import ImageTrainerConfig, finetune_run, load_sets
from wildaffect.training.images.labeled import LabeledCrops, SetPlace
from wildaffect.training.images.recipe import AnyImageRecipe
from wildaffect.training.images.runs import TrainedFaceNet
from wildaffect.training.temporal.pages import score_table
from wildaffect.workflows.finetune_flags import FinetuneCommand
from wildaffect.workflows.image_progress import StepBar


def finetune(command: FinetuneCommand) -> int:
    """Train, score, and print where the results are."""
    torch.set_num_threads(command.threads)
    recipe = command.recipe
    folder = command.output or Path("runs") / f"{recipe.name}-{recipe.seed}"
    places = places_of(command.data, command.images, command.layout)
    console = Console(highlight=False, soft_wrap=True)
    sets = load_sets(places, command.train_split)
    if is_first_process():
        print_sets(sets, console)
        warn_about_precision(recipe, command.device, console)
    with StepBar(folder) as bar:
        trained = finetune_run(
            recipe,
            sets,
            folder,
            weights=command.weights,
            config=ImageTrainerConfig(
                accelerator=command.device,
                trackers=command.trackers,
                strategy=command.strategy,
                micro_batch_size=command.micro_batch_size,
                decoders=command.decoders,
            ),
            data_license=command.data_license,
            callbacks=bar.callbacks,
        )
    if is_first_process():
        _finish(command, trained, places, console)
    return 0


def places_of(
    data: Sequence[Path], images: Sequence[Path], layouts: Sequence[str]
) -> list[SetPlace]:
    """Return the location of each set.

    Raises:
        UsageError: If images or layouts are given for some sets only.
    """
    for name, given in (("images", images), ("format", layouts)):
        if given and len(given) != len(data):
            raise UsageError(
                f"--{name}: must be given once per set ({len(data)}), got {len(given)}"
            )
    return [
        SetPlace(
            data=folder,
            images=images[index] if images else None,
            layout=layouts[index] if layouts else None,
        )
        for index, folder in enumerate(data)
    ]


def print_sets(sets: Sequence[LabeledCrops], console: Console) -> None:
    """Print the numbers of usable and missing images of each set."""
    for image_set in sets:
        lacks = (
            f"; {image_set.num_missing} crops are not there"
            if image_set.num_missing
            else ""
        )
        lacks += (
            f"; {image_set.num_unlabeled} rows have no label"
            if image_set.num_unlabeled
            else ""
        )
        console.print(
            f"{image_set.annotations.source}: {len(image_set)} labeled crops of "
            f"{len(image_set.annotations.videos)} videos{lacks}",
            markup=False,
        )
        if not image_set.is_cut:
            console.print(
                "note: these crops are used as they are, while extraction and analysis cut "
                "their own; `wildaffect crop` cuts the same ones for --images",
                markup=False,
            )


def warn_about_precision(recipe: AnyImageRecipe, device: str, console: Console) -> None:
    """Warn if a recipe uses bfloat16 on a processor that does not support it."""
    is_on_cpu = device == "cpu" or (device == "auto" and not torch.cuda.is_available())
    if recipe.precision == "bf16-mixed" and is_on_cpu and not supports_bf16("CPU"):
        console.print(
            "note: this processor has no arithmetic for bfloat16; --precision 32-true is "
            "faster here"
        )


def _finish(
    command: FinetuneCommand,
    trained: TrainedFaceNet,
    places: Sequence[SetPlace],
    console: Console,
) -> None:
    folder = trained.run.folder
    if command.score_split == "none":
        console.print(f"{folder}: trained for {', '.join(trained.data.tasks)}")
        return
    evaluated = load_sets(places[:1], command.score_split)
    with StepBar(folder) as bar:
        on_progress = bar.show_evaluation(len(evaluated[0]))
        found = crop_statistics(
            trained.model, evaluated, trained.data.preprocess, on_progress
        )
    line = score_line("single crops", found, trained.data.tasks, seed=command.recipe.seed)
    write_scores([line], folder / f"scores-{command.score_split}.json")
    console.print(score_table([line], f"{len(evaluated[0])} crops, {command.score_split}"))
    console.print(
        f"{folder}: score {line.scores['score']:.3f} ({line.low:.3f} to {line.high:.3f}, "
        "95 % over videos)"
    )
