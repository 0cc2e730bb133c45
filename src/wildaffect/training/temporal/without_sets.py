"""A trained model without some of its feature sets, as where analysis has only a face."""

from collections.abc import Collection, Iterable, Sequence
from copy import deepcopy
from dataclasses import replace

import torch

from wildaffect.core.errors import UsageError
from wildaffect.models.build import TemporalModel
from wildaffect.models.fusion.config import FusionConfig
from wildaffect.models.fusion.without_sets import WithoutSets
from wildaffect.models.late_fusion import LateFusionModel
from wildaffect.training.temporal.runs import TrainedModel
from wildaffect.training.temporal.sequence_inputs import feature_sets, set_widths


def without_sets(trained: TrainedModel, names: Sequence[str]) -> TrainedModel:
    """Return the model with these feature sets always absent; its inputs are the others.

    Raises:
        UsageError: If the model has none or nothing but these sets, or did not learn to do
            without one.
    """
    widths, recipe = set_widths(trained.data.input_widths), trained.recipe
    dropped = [name for name in widths if name in names]
    if not dropped:
        return trained
    where, fusion = trained.run.folder, recipe.model.fusion
    if len(dropped) == len(widths):
        raise UsageError(
            f"{where}: cannot do without {', '.join(dropped)}: it reads no more"
        )
    if not learns_without(fusion, widths, dropped):
        raise UsageError(
            f"{where}: cannot do without {', '.join(dropped)}; train with late fusion, or "
            "another with alone or set_dropout, which learns to do without them"
        )
    inputs = {
        name: width
        for name, width in trained.data.input_widths.items()
        if feature_sets((name,))[0] not in dropped
    }
    return replace(
        trained,
        recipe=replace(
            recipe,
            inputs=tuple(name for name in recipe.inputs if name in inputs),
            joins={
                name: rule for name, rule in recipe.joins.items() if name not in dropped
            },
        ),
        data=replace(trained.data, input_widths=inputs, input_dim=sum(inputs.values())),
        model=_reduced(trained.model, [name not in dropped for name in widths]),
        without=tuple(dropped),
    )


def learns_without(
    fusion: FusionConfig | None, sets: Iterable[str], absent: Collection[str]
) -> bool:
    """Return whether training shows a model what to do without these of its sets."""
    return fusion is not None and all(
        fusion.learns_without(place) for place, name in enumerate(sets) if name in absent
    )


def _reduced(model: TemporalModel, is_left: Sequence[bool]) -> TemporalModel:
    """Return a copy of a model that reads the columns of the sets that are left."""
    if isinstance(model, LateFusionModel):
        return model.without(is_left)
    reduced = deepcopy(model)
    widths = zip(model.set_widths, is_left, strict=True)
    columns = torch.cat([torch.full((width,), left) for width, left in widths])
    reduced.fusion = WithoutSets(reduced.fusion, is_left)
    reduced.input_dim = sum(reduced.set_widths)
    reduced.feature_mean = model.feature_mean[columns]
    reduced.feature_scale = model.feature_scale[columns]
    return reduced
