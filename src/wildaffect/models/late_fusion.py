"""Late fusion: a model per feature set, and a weighted mean of their outputs.

Symbols: B windows, T rows, S feature sets, D columns of all sets, K outputs.
"""

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn

from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.models.feedback import GroundTruth
from wildaffect.models.frameworks import ModelConfig
from wildaffect.models.fusion.build import check_several
from wildaffect.models.fusion.fusion import Plain
from wildaffect.models.heads import num_outputs
from wildaffect.models.multitask import MultitaskModel

SHARPNESS = 10.0
"""Factor of all parameters of the mean, which so move ten times as fast as others."""
SHRINKAGE = 0.2
"""What each weight loses after training, as a share of the largest, but not below 0: on the
training rows, which its model memorizes, even a set of noise earns about this."""
NOT_PRESENT = -1e4
"""Logit of an absent set, finite so that a row without any set stays finite."""


class LateFusionModel(nn.Module):
    """Models of single sets and, per task and output, the weights of their outputs.

    A row with several sets has the mean of their outputs, weighted by a softmax over those
    present, then scaled and shifted: a mean of imperfect predictions varies too little. No
    gradient of it reaches the models; they learn in rows that have, or that training shows,
    their set alone, and there their outputs stand as they are.

    Source:
        Decision-level fusion as in Kuncheva, "Combining Pattern Classifiers" (2004), ch. 5,
        with trained weights; the scale and the order of training are ours.
    """

    def __init__(
        self, config: ModelConfig, set_widths: Sequence[int], spaces: LabelSpaces
    ) -> None:
        super().__init__()
        check_several("late", set_widths)
        self.config = config
        self.spaces = spaces
        self.set_widths = tuple(set_widths)
        self.models = nn.ModuleList(
            MultitaskModel(config, Plain((width,)), spaces) for width in set_widths
        )
        self.means = nn.ModuleDict(
            {
                task: WeightedMean(len(set_widths), num_outputs(task, spaces))
                for task in config.tasks
            }
        )

    @property
    def of_sets(self) -> list[MultitaskModel]:
        """The model of each set, S."""
        return [model for model in self.models if isinstance(model, MultitaskModel)]

    @property
    def input_dim(self) -> int:
        """Number of columns of all sets, D."""
        return sum(self.set_widths)

    @property
    def feature_mean(self) -> Tensor:
        """Mean of each column, shape (D,)."""
        return torch.cat([model.feature_mean for model in self.of_sets])

    @property
    def feature_scale(self) -> Tensor:
        """Factor of each column, shape (D,)."""
        return torch.cat([model.feature_scale for model in self.of_sets])

    def standardize(self, mean: Tensor, std: Tensor) -> None:
        """Set the mean and standard deviation of features, as `MultitaskModel` does.

        Raises:
            ValueError: If a shape or value is invalid.
        """
        parts = (values.split(self.set_widths) for values in (mean, std))
        for model, *moments in zip(self.of_sets, *parts, strict=True):
            model.standardize(*moments)

    def forward(
        self,
        features: Tensor,
        lengths: Tensor,
        times_s: Tensor,
        labels: GroundTruth | None = None,
    ) -> dict[Task, Tensor]:
        """Return the raw outputs by task; arguments and shapes as of `MultitaskModel`."""
        parts = features.split(self.set_widths, dim=-1)
        present = torch.stack([~part[..., 0].isnan() for part in parts], dim=-1)
        has_gradient = self._has_gradient(present)
        outputs = []
        for model, part, on in zip(self.of_sets, parts, has_gradient, strict=True):
            filled = torch.where(part.isnan(), model.feature_mean, part)
            with torch.set_grad_enabled(on):
                outputs.append(model(filled, lengths, times_s, labels))
        idle = [
            model for model, on in zip(self.of_sets, has_gradient, strict=True) if not on
        ]
        return {
            task: self._fused(task, [each[task] for each in outputs], present)
            + _nothing_of(idle)
            for task in self.config.tasks
        }

    def without(self, is_left: Sequence[bool]) -> "MultitaskModel | LateFusionModel":
        """Return a copy of the model that reads the sets that are left.

        Args:
            is_left: For each set, True to read it.
        """
        copy = deepcopy(self)
        left = [place for place, kept in enumerate(is_left) if kept]
        models = [copy.of_sets[place] for place in left]
        if len(models) == 1:
            return models[0]
        copy.models = nn.ModuleList(models)
        copy.set_widths = tuple(self.set_widths[place] for place in left)
        for mean in copy.means.modules():
            if isinstance(mean, WeightedMean):
                mean.logits = nn.Parameter(mean.logits.detach()[left])
        return copy

    def _has_gradient(self, present: Tensor) -> list[bool]:
        """Return for each set whether its model learns from these rows.

        In training only rows with the set alone teach it; passes without are cheaper.
        """
        if not torch.is_grad_enabled() or not self.training:
            return [torch.is_grad_enabled()] * len(self.models)
        is_alone = present & (present.sum(-1, keepdim=True) == 1)  # (B, T, S)
        return is_alone.flatten(0, 1).any(0).tolist()

    def _fused(self, task: Task, per_set: list[Tensor], present: Tensor) -> Tensor:
        """Return the outputs of a task, shape (B, T) or (B, T, K), of those of each set."""
        is_scalar = per_set[0].dim() == 2
        outputs = torch.stack(per_set, dim=2)  # (B, T, S) or (B, T, S, K)
        if is_scalar:
            outputs = outputs[..., None]
        mask = present[..., None]  # (B, T, S, 1)
        alone = (outputs * mask).sum(2)
        several = self.means[task](outputs.detach(), mask)
        fused = torch.where(mask.sum(2) == 1, alone, several)
        return fused[..., 0] if is_scalar else fused


def _nothing_of(models: Sequence[nn.Module]) -> Tensor | float:
    """Return 0 with a gradient of 0 for each weight; several processes wait for all."""
    weights = [weight for model in models for weight in model.parameters()]
    return 0.0 * torch.stack([weight.sum() for weight in weights]).sum() if weights else 0.0


class WeightedMean(nn.Module):
    """Mean over the sets that are present, scaled and shifted; S weights per output.

    After training weights are shrunk, so that sets of little weight do not count.
    """

    def __init__(self, num_sets: int, num_outputs: int) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(num_sets, num_outputs))
        self.scale = nn.Parameter(torch.full((num_outputs,), 1 / SHARPNESS))
        self.shift = nn.Parameter(torch.zeros(num_outputs))

    def forward(self, outputs: Tensor, present: Tensor) -> Tensor:
        """Return the means, shape (B, T, K).

        Args:
            outputs: Shape (B, T, S, K).
            present: Mask of the sets, shape (B, T, S, 1), bool.
        """
        logits = torch.where(present, SHARPNESS * self.logits, NOT_PRESENT)
        weights = logits.softmax(2)
        if not self.training:
            shrunk = (weights - SHRINKAGE * weights.amax(2, keepdim=True)).relu()
            weights = shrunk / shrunk.sum(2, keepdim=True)
        mean = (weights * outputs).sum(2)
        return SHARPNESS * (self.scale * mean + self.shift)
