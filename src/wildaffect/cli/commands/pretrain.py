"""Train a masked autoencoder on face crops without labels; resumable.

Examples:
    wildaffect pretrain mae-micro --images worlds/stills/cropped_aligned

    wildaffect pretrain mae-vit-b16 --images faces --probe s-Aff-Wild2

    torchrun --nproc-per-node 8 -m wildaffect pretrain mae-vit-b16 --images faces
"""

from dataclasses import dataclass
from pathlib import Path

from wildaffect.cli.extras import require_train
from wildaffect.cli.parser.marks import Invocation
from wildaffect.cli.recipe_flags import recipe_invocation
from wildaffect.cli.training_flags import ImageTrainingFlags
from wildaffect.training.images.recipe import PretrainRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainCommand(ImageTrainingFlags):
    """Train a masked autoencoder on face crops without labels; resumable."""

    images: tuple[Path, ...]
    """Folders (at any depth) or packs of face crops; all images are used."""
    recipe: PretrainRecipe
    probe: tuple[Path, ...] = ()
    """Folders of annotations with crops on which the features are probed during training:
    fitted on some subjects, tested on others. It is not used for selection."""
    probe_split: str = "train"
    """Split of the probing sets."""


def invocation(words: list[str]) -> Invocation:
    """Return the flags of the recipe named by the first word.

    Raises:
        UsageError: If there is no recipe of that name.
        MissingExtra: If the extra `train` is not installed.
    """
    require_train("pretrain")
    from wildaffect.recipes.images import PRETRAIN_RECIPES, find_pretrain_recipe

    return recipe_invocation(
        PretrainCommand,
        words,
        __doc__ or "",
        find=find_pretrain_recipe,
        recipes=tuple(PRETRAIN_RECIPES),
    )


def run(command: PretrainCommand) -> int:
    """Train and print where the results are."""
    from wildaffect.cli.training_progress import TrainingProgress
    from wildaffect.workflows.pretrain import pretrain

    with TrainingProgress() as progress:
        result = pretrain(
            command.recipe,
            command.images,
            probe=command.probe,
            probe_split=command.probe_split,
            output=command.output,
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
