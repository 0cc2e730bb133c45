"""Recipes of temporal models by name, including those of other packages."""

from collections.abc import Callable
from pathlib import Path

from wildaffect.core.errors import UsageError
from wildaffect.core.registry import Registry
from wildaffect.recipes import abaw4, default, modern
from wildaffect.training.temporal.recipe import TemporalRecipe, load_recipe

_SHIPPED: dict[str, Callable[[], TemporalRecipe]] = {
    "abaw4-transformer": abaw4.abaw4_transformer,
    "abaw4-gru": abaw4.abaw4_gru,
    "abaw4-lstm": abaw4.abaw4_lstm,
    "abaw4-share-encoder": abaw4.abaw4_share_encoder,
    "abaw4-share-bottom": abaw4.abaw4_share_bottom,
    "abaw4-hidden-feedback": abaw4.abaw4_hidden_feedback,
    "abaw4-label-feedback": abaw4.abaw4_label_feedback,
    "modern": modern.modern,
    "modern-frame": modern.modern_frame,
    "modern-gru": modern.modern_gru,
    "modern-lstm": modern.modern_lstm,
    "modern-tcn": modern.modern_tcn,
    "modern-transformer": modern.modern_transformer,
    "modern-rotary": modern.modern_rotary,
    "modern-single": modern.modern_single,
    "modern-share-bottom": modern.modern_share_bottom,
    "modern-hidden-feedback": modern.modern_hidden_feedback,
    "modern-label-feedback": modern.modern_label_feedback,
    "modern-va": modern.modern_va,
    "modern-expr": modern.modern_expr,
    "modern-au": modern.modern_au,
    "default": default.default,
}
RECIPES = Registry(
    "recipe",
    "wildaffect.recipes",
    _SHIPPED,
    listed_by="wildaffect recipes list",
)


def find_recipe(name: str | Path) -> TemporalRecipe:
    """Return a recipe by its name, or from the `recipe.json` of a run.

    Raises:
        UsageError: If there is no such recipe.
    """
    name = str(name)
    if name.endswith(".json"):
        return load_recipe(Path(name))
    try:
        recipe = RECIPES.find(name)()
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"recipe {name!r}: {type(error).__name__}: {error}") from error
    if not isinstance(recipe, TemporalRecipe):
        raise UsageError(
            f"recipe {name!r}: must be a function that returns a TemporalRecipe, got one "
            f"that returns {type(recipe).__name__}"
        )
    return recipe
