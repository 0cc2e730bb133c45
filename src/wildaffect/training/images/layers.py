"""How fast each layer of a backbone learns."""

from typing import Any

from torch import nn

from wildaffect.models.backbones.backbone import Stages
from wildaffect.training.recipe import OptimConfig


def parameter_groups(
    model: nn.Module,
    stages: Stages,
    config: OptimConfig,
    *,
    layer_decay: float = 1.0,
    prefix: str = "backbone.",
) -> list[dict[str, Any]]:
    """Return groups of what is trained: per stage, with and without weight decay.

    The last stage learns at the peak rate times the decay, each one before it at that much
    less; what belongs to no stage, such as heads, learns at the peak rate. Biases, gains
    and other vectors do not decay towards zero.

    Args:
        model: Whose parameters.
        stages: Of its backbone, in order.
        config: Peak rate and weight decay.
        layer_decay: In (0, 1].
        prefix: Of the backbone's parameters in the model.

    Source:
        Layer-wise decay as in the fine-tuning of arXiv 2111.06377, appendix A.1.
    """
    groups: dict[tuple[int, bool], dict[str, Any]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        stage = _stage_of(name.removeprefix(prefix), stages)
        decays = parameter.ndim >= 2
        group = groups.setdefault(
            (stage, decays),
            {
                "params": [],
                "lr": config.peak_lr * layer_decay ** (len(stages) - stage),
                "weight_decay": config.weight_decay if decays else 0.0,
            },
        )
        group["params"].append(parameter)
    return [groups[key] for key in sorted(groups)]


def _stage_of(name: str, stages: Stages) -> int:
    for index, prefixes in enumerate(stages):
        if any(name == one or name.startswith(f"{one}.") for one in prefixes):
            return index
    return len(stages)
