"""The finetune command: flags of a recipe, one run, its scores on another split."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import torch
import tyro

from wildaffect.core.console import Console
from wildaffect.core.errors import UsageError
from wildaffect.runtime.network import supports_bf16
from wildaffect.training.calibrate_and_score import score_line, write_scores
from wildaffect.training.distributed import is_first_process
from wildaffect.training.images.evaluate import crop_statistics
from wildaffect.training.images.job import ImageTrainerConfig, finetune_run, load_sets
from wildaffect.training.images.labeled import LabeledCrops, SetPlace
from wildaffect.training.images.recipe import AnyImageRecipe, FinetuneRecipe
from wildaffect.training.images.runs import TrainedFaceNet
from wildaffect.training.job import UNKNOWN_LICENSE
from wildaffect.training.pages import score_table
from wildaffect.workflows.image_progress import StepBar


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneCommand:
    """Train a backbone on labeled face crops; resumable."""

    data: tuple[Path, ...]
    """Folders of annotations, in any layouts that `wildaffect data check` knows; labels of
    the others are mapped to the label space of the first."""
    recipe: Annotated[FinetuneRecipe, tyro.conf.arg(name="")]
    images: tuple[Path, ...] = ()
    """Folder or pack of crops of each set, in the same order, as `wildaffect crop` writes;
    by default next to its annotations."""
    format: tuple[str, ...] = ()
    """Layout of each set, if several lie in a folder."""
    weights: str | None = None
    """What the backbone begins with: a run's folder, a name of `wildaffect weights list`,
    or a weight file; untrained if not given."""
    output: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """Folder of the run; runs/<recipe>-<seed> if not given."""
    train_split: str = "train"
    """Split that is trained on."""
    score_split: str = "val"
    """Split of the first set that is scored afterwards; `none` for none. It never chooses
    anything."""
    data_license: str = UNKNOWN_LICENSE
    """License of the data; stated again with the weights."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train."""
    strategy: Literal["ddp", "fsdp"] = "ddp"
    """What each of several processes holds: a replica of the network, or a shard of it, for
    vision transformers that do not fit into one GPU."""
    micro_batch_size: int | None = None
    """Crops of a step that a process holds in memory at once, for batches that do not fit;
    changes nothing of what is learned, but for rounding. All if not given."""
    threads: int = 1
    """CPU threads of tensor operations, per process."""
    decoders: int = 2
    """Threads of a process that decode crops; more where a GPU waits for them."""
    track: tuple[Literal["wandb", "mlflow"], ...] = ()
    """Experiment trackers in addition to TensorBoard, which is always written."""


def finetune(command: FinetuneCommand) -> int:
    """Train, score, and print where everything lies."""
    torch.set_num_threads(command.threads)
    recipe = command.recipe
    folder = command.output or Path("runs") / f"{recipe.name}-{recipe.seed}"
    places = places_of(command.data, command.images, command.format)
    console = Console(highlight=False, soft_wrap=True)
    sets = load_sets(places, command.train_split)
    if is_first_process():
        tell_sets(sets, console)
        tell_precision(recipe, command.device, console)
    with StepBar(folder) as bar:
        trained = finetune_run(
            recipe,
            sets,
            folder,
            weights=command.weights,
            config=ImageTrainerConfig(
                accelerator=command.device,
                trackers=command.track,
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
    """Return where each set lies.

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


def tell_sets(sets: Sequence[LabeledCrops], console: Console) -> None:
    """Print what each set gives, and what it lacks."""
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


def tell_precision(recipe: AnyImageRecipe, device: str, console: Console) -> None:
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
