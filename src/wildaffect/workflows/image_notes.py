"""Notes on the data and the machine of a run on crops."""

from collections.abc import Callable, Sequence

import torch

from wildaffect.runtime.network import supports_bf16
from wildaffect.training.images.labeled import LabeledCrops
from wildaffect.training.images.recipe import AnyImageRecipe
from wildaffect.workflows.notes import Notes


def note_sets(sets: Sequence[LabeledCrops], notes: Notes) -> None:
    """Note the numbers of usable and missing images of each set."""
    for image_set in sets:
        source = image_set.annotations.source
        text = f"{source}: {len(image_set)} labeled crops of "
        text += f"{len(image_set.annotations.videos)} videos"
        if image_set.num_missing:
            text += f"; {image_set.num_missing} crops are not there"
        if image_set.num_unlabeled:
            text += f"; {image_set.num_unlabeled} rows have no label"
        notes.add(text)
        if not image_set.is_cut:
            notes.add(
                f"{source}: these crops are used as they are, while extraction and "
                "analysis cut their own; `wildaffect crop` cuts the same ones"
            )


def note_precision(
    recipe: AnyImageRecipe,
    device: str,
    notes: Notes,
    *,
    has_bf16: Callable[[str], bool] = supports_bf16,
) -> None:
    """Note if a recipe uses bfloat16 on a processor that does not support it."""
    is_on_cpu = device == "cpu" or (device == "auto" and not torch.cuda.is_available())
    if recipe.precision == "bf16-mixed" and is_on_cpu and not has_bf16("CPU"):
        notes.add(
            "this processor has no arithmetic for bfloat16; precision 32-true is faster "
            "here"
        )
