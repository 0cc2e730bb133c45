"""Train a backbone on labeled face crops; resumable.

Examples:
    wildaffect finetune finetune-iresnet-small --data worlds/stills

    wildaffect finetune finetune-densefer --data FERPlus AffectNet

    wildaffect finetune finetune-vit-b16 --data s-Aff-Wild2 --weights runs/mae

    torchrun --nproc-per-node 4 -m wildaffect finetune finetune-iresnet100 --data DIR
"""

from dataclasses import dataclass
from pathlib import Path

from wildaffect.cli.extras import require_train
from wildaffect.cli.parser.marks import Invocation
from wildaffect.cli.recipe_flags import recipe_invocation
from wildaffect.cli.training_flags import ImageTrainingFlags
from wildaffect.training.images.recipe import FinetuneRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneCommand(ImageTrainingFlags):
    """Train a backbone on labeled face crops; resumable."""

    data: tuple[Path, ...]
    """Folders of annotations, in any layouts that `wildaffect data check` knows; labels of
    the others are mapped to the label space of the first."""
    recipe: FinetuneRecipe
    images: tuple[Path, ...] = ()
    """Folder or pack of crops of each set, in the same order, as `wildaffect crop` writes;
    by default next to its annotations."""
    layout: tuple[str, ...] = ()
    """Layout of each set, if a folder has several."""
    weights: str | None = None
    """Initial weights of the backbone: folder of a run, name in `wildaffect weights list`,
    or weight file; untrained by default."""
    train_split: str = "train"
    """Split to train on."""
    score_split: str = "val"
    """Split of the first set to score afterwards; `none` for none. Nothing is selected on
    it."""


def invocation(words: list[str]) -> Invocation:
    """Return the flags of the recipe named by the first word.

    Raises:
        UsageError: If there is no recipe of that name.
        MissingExtra: If the extra `train` is not installed.
    """
    require_train("finetune")
    from wildaffect.recipes.images import FINETUNE_RECIPES, find_finetune_recipe

    return recipe_invocation(
        FinetuneCommand,
        words,
        __doc__ or "",
        find=find_finetune_recipe,
        recipes=tuple(FINETUNE_RECIPES),
    )


def run(command: FinetuneCommand) -> int:
    """Train, score, and print where the results are."""
    from wildaffect.cli.training_progress import TrainingProgress
    from wildaffect.workflows.finetune import finetune

    with TrainingProgress() as progress:
        result = finetune(
            command.recipe,
            command.data,
            images=command.images,
            layouts=command.layout,
            weights=command.weights,
            output=command.output,
            train_split=command.train_split,
            score_split=None if command.score_split == "none" else command.score_split,
            data_license=command.data_license,
            device=command.device,
            strategy=command.strategy,
            micro_batch_size=command.micro_batch_size,
            num_threads=command.threads,
            num_decoders=command.decoders,
            trackers=command.trackers,
            on_epoch_end=progress.show_epoch,
            on_step_end=progress.show_step,
            on_evaluate=progress.show_evaluation,
            on_note=progress.note,
        )
        progress.result(result)
    return 0
