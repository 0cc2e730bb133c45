"""Systems that learn from open data of real people beside a generated world."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from wildaffect.core.config import Config
from wildaffect.losses.config import CrossEntropy
from wildaffect.recipes.default import ROWS_HZ, default
from wildaffect.synth.presets import PRESETS, PresetName
from wildaffect.training.temporal.recipe import TemporalRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRealRecipe(Config):
    """A generated world with all labels, and clips of real people with some of them."""

    name: str
    title: str
    """Summary: one sentence on what the artifact is and what it is not."""
    model: TemporalRecipe
    world: PresetName
    """Preset of the generated world."""
    people: int
    """Number of its people in the training split."""
    rows_hz: float
    """Frames per second of the clips to train on; a world's rows have about as many."""


def open_real() -> OpenRealRecipe:
    """Generated world and clips of real people (CREMA-D); not run to completion by us.

    Valence, arousal and action units are learned from the world, expressions from both:
    from the world's classes, and from the shares of observers of the real clips.
    """
    model = default()
    return OpenRealRecipe(
        name="open-real",
        title="Causal GRU on changes from the neutral face, trained on generated people "
        "and on expressions of acted clips of real people; accuracy not measured.",
        model=replace(
            model, name="open-real", loss=replace(model.loss, expression=CrossEntropy())
        ),
        world="everyday",
        people=max(PRESETS["everyday"].people.values()),
        rows_hz=ROWS_HZ,
    )


OPEN_REAL_SYSTEMS: dict[str, Callable[[], OpenRealRecipe]] = {"open-real": open_real}
"""Systems by name."""
