"""Any image model of timm as a backbone.

Source: R. Wightman, PyTorch Image Models. Different here: crops are made by `faces.crop`,
with its interpolation and without a margin, whatever the model's own card states.
"""

from difflib import get_close_matches
from typing import Any

import timm
import torch
from timm.models import get_pretrained_cfg, group_parameters, is_model
from torch import Tensor, nn

from wildaffect.core.errors import UsageError
from wildaffect.core.preprocess import Preprocess
from wildaffect.models.backbones.backbone import Backbone, Stages, check_crops


class TimmBackbone(Backbone):
    """A timm model without its classifier; the model itself is `net`.

    Args:
        model: timm's name, with or without a tag. Nothing is downloaded.
    """

    def __init__(self, model: str) -> None:
        super().__init__()
        preprocess = timm_preprocess(model)
        self.channels = len(preprocess.mean)
        self.size_px = preprocess.size_px
        self.net: nn.Module = timm.create_model(model, pretrained=False, num_classes=0)
        self.feature_dim = int(_feature_dim(self.net))

    def forward(self, crops: Tensor) -> Tensor:
        """Return features, shape (B, feature_dim)."""
        check_crops(self, crops)
        return self.net(crops)

    def stages(self) -> Stages:
        """Return the layers in timm's order, by the full names of their parameters."""
        net: Any = self.net
        groups = group_parameters(net, net.group_matcher(coarse=False))
        return tuple(
            tuple(f"net.{name}" for name in names) for _, names in sorted(groups.items())
        )


def timm_preprocess(model: str) -> Preprocess:
    """Return the crop that a model's weights were trained on.

    Raises:
        UsageError: If timm has no such model or tag, or the model reads no square picture.
    """
    config = _pretrained_config(model)
    if config is None:
        near = get_close_matches(model, [*timm.list_models(), *timm.list_pretrained()])
        hint = f"did you mean {', '.join(near)}?" if near else "see timm.list_models()"
        raise UsageError(f"backbone: timm has no model {model!r}; {hint}")
    _, height, width = config.input_size
    if height != width:
        raise UsageError(
            f"backbone: {model} must read square crops, got {width} x {height} pixels; "
            "choose another"
        )
    return Preprocess(size_px=height, mean=tuple(config.mean), std=tuple(config.std))


def timm_feature_dim(model: str) -> int:
    """Return the number of features of a model, without initializing weights."""
    with torch.device("meta"):
        return int(_feature_dim(timm.create_model(model, pretrained=False, num_classes=0)))


def timm_head(model: str) -> str:
    """Return the name of the classifier in a model's weights."""
    config = _pretrained_config(model)
    return config.classifier if config and isinstance(config.classifier, str) else ""


def _pretrained_config(model: str) -> Any:
    """Return timm's configuration of a model; None if model or tag is unknown."""
    if not is_model(model.partition(".")[0]):
        return None
    try:
        return get_pretrained_cfg(model)
    except RuntimeError:  # raised by timm for an unknown tag
        return None


def _feature_dim(net: Any) -> int:
    """Return the input width of the classifier, after a widening layer in some models."""
    return getattr(net, "head_hidden_size", None) or net.num_features
