"""Construction of temporal models."""

from collections.abc import Sequence

from wildaffect.core.tasks import LabelSpaces
from wildaffect.models.frameworks import ModelConfig
from wildaffect.models.fusion.build import build_fusion
from wildaffect.models.fusion.config import Late
from wildaffect.models.late_fusion import LateFusionModel
from wildaffect.models.multitask import MultitaskModel

TemporalModel = MultitaskModel | LateFusionModel


def build_model(
    config: ModelConfig,
    input_dim: int,
    spaces: LabelSpaces | None = None,
    set_widths: Sequence[int] = (),
) -> TemporalModel:
    """Build the model that `config` describes, untrained.

    Args:
        config: Model settings.
        input_dim: Width of the features, D.
        spaces: Labels and scales to predict; None takes those of ABAW.
        set_widths: Number of columns of each feature set, for fusion; empty for one set.

    Raises:
        UsageError: If a fusion has only one feature set.
    """
    widths = tuple(set_widths) or (input_dim,)
    spaces = spaces or LabelSpaces()
    if isinstance(config.fusion, Late):
        return LateFusionModel(config, widths, spaces)
    return MultitaskModel(config, build_fusion(config.fusion, widths), spaces)
