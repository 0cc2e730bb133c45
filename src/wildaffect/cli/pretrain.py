"""Train a masked autoencoder on face crops without labels; resumable.

Examples:
    wildaffect pretrain mae-micro --images worlds/stills/cropped_aligned -o runs/mae

    wildaffect pretrain mae-vit-b16 --images faces --probe s-Aff-Wild2

    torchrun --nproc-per-node 8 -m wildaffect pretrain mae-vit-b16 --images faces
"""

from typing import TYPE_CHECKING

import tyro

from wildaffect.cli.extras import Prepared, require_train
from wildaffect.core.errors import UsageError

if TYPE_CHECKING:
    from wildaffect.workflows.pretrain_flags import PretrainCommand


def prepare(args: list[str]) -> Prepared:
    """Return the flags of the recipe named by the first argument.

    Raises:
        UsageError: If no recipe is named, or there is none of that name.
        MissingExtra: If the extra `train` is not installed.
    """
    require_train("pretrain")
    from wildaffect.recipes.images import PRETRAIN_RECIPES, find_pretrain_recipe
    from wildaffect.workflows.pretrain_flags import PretrainCommand

    if args and args[0] in {"-h", "--help"}:
        args = ["mae-micro", *args]
    if not args or args[0].startswith("-"):
        raise UsageError(
            "pretrain: no recipe given; start with a recipe.json or one of "
            f"{', '.join(PRETRAIN_RECIPES)}"
        )
    default = PretrainCommand(images=tyro.MISSING, recipe=find_pretrain_recipe(args[0]))
    return Prepared(PretrainCommand, default, args[1:])


def run(command: "PretrainCommand") -> int:
    """Train and print where the results are."""
    from wildaffect.workflows.pretrain import pretrain

    return pretrain(command)
