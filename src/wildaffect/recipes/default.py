"""The temporal members of the embedded models.

They read what moved in the face, against the person's own face at rest as far as it is
known and the population's else, and how well it is known. Where the head is, what a face
looks like at rest, and blendshapes are left out: in these, drawn people differ from others.
Classes are not balanced: what is said is the most probable expression, not the one that
makes macro-F1 highest.
"""

from dataclasses import replace

from wildaffect.core.windows import CausalWindow
from wildaffect.losses.expression import CrossEntropy
from wildaffect.models.temporal.gated import GRUConfig
from wildaffect.recipes.modern import modern
from wildaffect.training.exact_rows import UNIT_INPUTS
from wildaffect.training.recipe import TemporalRecipe

ANNOTATION_DELAY_S = 1.8
"""How far valence and arousal of the generated world lag behind its faces, about: 1.6 s of
the person's state, and the annotators' own."""

ROWS_HZ = 7.5
"""Annotated frames a second of the generated clips, about."""

AFFECT_WINDOW = CausalWindow(
    length_s=8.0, delay_s=0.0, max_gap_s=4.0, lead_step_s=1 / ROWS_HZ
)
"""What temporal members see: the past alone. Looking ahead scores higher on generated
people, but on a filmed smile such a model raises valence before the face moves."""


def default() -> TemporalRecipe:
    """Return a GRU that looks back only and answers at once."""
    recipe = modern()
    encoder = GRUConfig(hidden_dim=96, num_layers=1, dropout=0.2, delay_s=0.0)
    return replace(
        recipe,
        name="default",
        inputs=UNIT_INPUTS,
        model=replace(recipe.model, encoder=encoder),
        loss=replace(recipe.loss, expression=CrossEntropy(label_smoothing=0.05)),
        window=AFFECT_WINDOW,
        input_noise=1.0,
        neutral_unknown=0.5,
        annotation_delay_s=ANNOTATION_DELAY_S,
    )
