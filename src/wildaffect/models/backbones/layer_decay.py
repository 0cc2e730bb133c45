"""Parameter groups for fine-tuning with layer-wise learning rate decay."""

from collections import defaultdict
from typing import Any

from torch import nn

from wildaffect.models.backbones.backbone import Backbone

NO_DECAY = ("cls_token", "pos_embed", "mask_token")


def layer_decay_groups(
    backbone: Backbone, *, peak_lr: float, weight_decay: float, layer_decay: float
) -> list[dict[str, Any]]:
    """Return groups for a torch optimizer, from the input to the features.

    The last layer has the learning rate `peak_lr`, each earlier one `layer_decay` times
    that of the next; norms, biases, the class token and positions have no weight decay.
    Frozen parameters are excluded. The caller adds the group of the head.

    Args:
        backbone: Backbone to fine-tune; its `stages` are the layers.
        peak_lr: Learning rate of the last layer; a schedule multiplies it.
        weight_decay: Weight decay of matrices and kernels.
        layer_decay: Factor per layer, in (0, 1]; 1 gives all the same rate.

    Source:
        H. Bao et al., BEiT, arXiv 2106.08254, as used for fine-tuning in arXiv 2111.06377.
    """
    if not 0 < layer_decay <= 1:
        raise ValueError(f"layer decay: must be in (0, 1], got {layer_decay}")
    stages = backbone.stages()
    groups: dict[tuple[int, float], list[nn.Parameter]] = defaultdict(list)
    for name, parameter in backbone.named_parameters():
        if parameter.requires_grad:
            decay = 0.0 if _is_exempt(name, parameter) else weight_decay
            groups[_stage_of(name, stages), decay].append(parameter)
    return [
        {
            "params": parameters,
            "lr": peak_lr * layer_decay ** (len(stages) - 1 - stage),
            "weight_decay": decay,
        }
        for (stage, decay), parameters in sorted(groups.items(), key=lambda item: item[0])
    ]


def weight_decay_groups(module: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return two groups for a torch optimizer: with weight decay, and exempt from it."""
    exempt: list[nn.Parameter] = []
    decayed: list[nn.Parameter] = []
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            (exempt if _is_exempt(name, parameter) else decayed).append(parameter)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": exempt, "weight_decay": 0.0},
    ]


def _is_exempt(name: str, parameter: nn.Parameter) -> bool:
    return parameter.ndim <= 1 or name.endswith(NO_DECAY)


def _stage_of(name: str, stages: tuple[tuple[str, ...], ...]) -> int:
    for index, beginnings in enumerate(stages):
        if any(name == b or name.startswith(f"{b}.") for b in beginnings):
            return index
    raise ValueError(f"layer decay: each parameter must belong to a stage, got {name}")
