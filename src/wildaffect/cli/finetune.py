"""Train a backbone on labeled face crops; resumable.

Examples:
    wildaffect finetune finetune-iresnet-small --data worlds/stills -o runs/iresnet

    wildaffect finetune finetune-densefer --data FERPlus AffectNet

    wildaffect finetune finetune-vit-b16 --data s-Aff-Wild2 --weights runs/mae

    torchrun --nproc-per-node 4 -m wildaffect finetune finetune-iresnet100 --data DIR
"""

from typing import TYPE_CHECKING

import tyro

from wildaffect.cli.extras import Prepared, require_train
from wildaffect.core.errors import UsageError

if TYPE_CHECKING:
    from wildaffect.workflows.finetune_flags import FinetuneCommand


def prepare(args: list[str]) -> Prepared:
    """Return the flags of the recipe named by the first argument.

    Raises:
        UsageError: If no recipe is named, or there is none of that name.
        MissingExtra: If the extra `train` is not installed.
    """
    require_train("finetune")
    from wildaffect.recipes.images import FINETUNE_RECIPES, find_finetune_recipe
    from wildaffect.workflows.finetune_flags import FinetuneCommand

    if args and args[0] in {"-h", "--help"}:
        args = ["finetune-iresnet-small", *args]
    if not args or args[0].startswith("-"):
        raise UsageError(
            "finetune: no recipe given; start with a recipe.json or one of "
            f"{', '.join(FINETUNE_RECIPES)}"
        )
    default = FinetuneCommand(data=tyro.MISSING, recipe=find_finetune_recipe(args[0]))
    return Prepared(FinetuneCommand, default, args[1:])


def run(command: "FinetuneCommand") -> int:
    """Train, score, and print where the results are."""
    from wildaffect.workflows.finetune import finetune

    return finetune(command)
