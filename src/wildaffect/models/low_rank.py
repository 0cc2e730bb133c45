"""Low-rank adaptation (LoRA) of linear layers, and its merge into plain weights.

Symbols: O outputs, I inputs of a layer, R rank.

Source:
    E. Hu et al., "LoRA: Low-rank adaptation of large language models", arXiv 2106.09685.
    Different here: no dropout of the inputs, and every linear layer is adapted.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.parametrize import register_parametrization

_ORIGINAL = ".parametrizations.weight.original"
_CHANGE = ".parametrizations.weight.0."


class LowRankChange(nn.Module):
    """Adds a product of two thin matrices to a weight; zero at first.

    Args:
        weight: Weight of the layer, shape (O, I).
        rank: R, at most the smaller of O and I.
        scale: Factor of the product.
    """

    scale: Tensor

    def __init__(self, weight: Tensor, rank: int, scale: float) -> None:
        super().__init__()
        num_out, num_in = weight.shape
        self.down = nn.Parameter(torch.empty(rank, num_in))
        self.up = nn.Parameter(torch.zeros(num_out, rank))
        self.register_buffer("scale", torch.tensor(float(scale)))
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))

    def forward(self, weight: Tensor) -> Tensor:
        """Return the changed weight, shape (O, I)."""
        return weight + self.scale * (self.up @ self.down)


def adapt(backbone: nn.Module, rank: int, scale: float) -> None:
    """Freeze a network and add a trainable low-rank change to each linear layer.

    Raises:
        ValueError: If it has no linear layers, has batch norms, whose statistics a frozen
            network would still change, or a layer is smaller than the rank.
    """
    layers = {
        name: module
        for name, module in backbone.named_modules()
        if isinstance(module, nn.Linear)
    }
    if not layers or any(isinstance(each, _BatchNorm) for each in backbone.modules()):
        raise ValueError(
            "low-rank adaptation needs a vision transformer, got a network "
            f"{'with batch norms' if layers else 'without linear layers'}; freeze stages "
            "instead"
        )
    for name, layer in layers.items():
        if rank > min(layer.weight.shape):
            raise ValueError(
                f"low-rank adaptation: rank must be at most {min(layer.weight.shape)}, the "
                f"smaller side of {name}, got {rank}"
            )
    backbone.requires_grad_(requires_grad=False)
    for layer in layers.values():
        change = LowRankChange(layer.weight, rank, scale)
        register_parametrization(layer, "weight", change)


def merge(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of a plain network, with every change added to its weight.

    Weights without changes are returned as they are.
    """
    merged: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name.endswith(_ORIGINAL):
            layer = name.removesuffix(_ORIGINAL)
            up, down, scale = (
                tensors[f"{layer}{_CHANGE}{part}"] for part in ("up", "down", "scale")
            )
            merged[f"{layer}.weight"] = tensor + scale * (up @ down)
        elif _CHANGE not in name:
            merged[name] = tensor
    return merged


def count_weights(module: nn.Module) -> tuple[int, int]:
    """Return the number of trainable weights and of all."""
    parameters = list(module.parameters())
    trained = sum(each.numel() for each in parameters if each.requires_grad)
    return trained, sum(each.numel() for each in parameters)
