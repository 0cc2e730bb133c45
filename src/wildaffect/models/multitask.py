"""Temporal multi-task model: maps features of a window to the outputs of every task.

Symbols: B windows, T rows, D features, H state, F feedback, K outputs.
"""

import torch
from torch import Tensor, nn

from wildaffect.core.tasks import SINGLE_TASKS, LabelSpaces, Task
from wildaffect.models.feedback import GroundTruth, HiddenFeedbackLayer, LabelFeedbackLayer
from wildaffect.models.frameworks import (
    HiddenFeedback,
    LabelFeedback,
    ModelConfig,
    sources_of,
    tasks_in_order,
)
from wildaffect.models.fusion.fusion import Fusion
from wildaffect.models.heads import Head, HeadOutput, num_outputs
from wildaffect.models.trunks import build_trunk

CONSTANT_RATIO = 1e-6
"""Columns whose spread is below this share of their mean vary by rounding alone."""


class MultitaskModel(nn.Module):
    """Standardization, fusion, trunk, and a head per task, conditioned on its sources.

    Args:
        config: Model settings; those of the fusion are not read.
        fusion: Fusion of the columns to one vector per row.
        spaces: Labels and scales to predict.
    """

    feature_mean: Tensor
    feature_scale: Tensor

    def __init__(self, config: ModelConfig, fusion: Fusion, spaces: LabelSpaces) -> None:
        super().__init__()
        self.config = config
        self.spaces = spaces
        self.input_dim = input_dim = sum(fusion.widths)
        self.order = tasks_in_order(config)
        self.register_buffer("feature_mean", torch.zeros(input_dim))
        self.register_buffer("feature_scale", torch.ones(input_dim))
        self.fusion = fusion
        self.trunk = build_trunk(config, self.fusion.output_dim)
        self.heads = nn.ModuleDict(
            {
                task: Head(config.head, self.trunk.dims[task], num_outputs(task, spaces))
                for task in config.tasks
            }
        )
        self.feedback_layers = _build_feedback_layers(config, spaces)

    @property
    def set_widths(self) -> tuple[int, ...]:
        """Number of columns of each feature set."""
        return tuple(self.fusion.widths)

    def forward(
        self,
        features: Tensor,
        lengths: Tensor,
        times_s: Tensor,
        labels: GroundTruth | None = None,
    ) -> dict[Task, Tensor]:
        """Return the raw outputs by task, in the order of the configuration.

        Args:
            features: Extracted features, shape (B, T, D), float32; NaN in the columns of an
                absent feature set; padding is ignored.
            lengths: Number of real rows of each window, shape (B,), int64.
            times_s: Seconds from the window's first row, ascending, shape (B, T), float32.
            labels: Ground truth for label feedback in training; else ignored.

        Returns:
            Unbounded valence and arousal, (B, T); logits of expressions and action units,
            and unbounded positions on scales, (B, T, K). Those of padding are undefined.
        """
        fused = self.fusion((features - self.feature_mean) * self.feature_scale)
        states = self.trunk.begin(fused, lengths, times_s)
        outputs: dict[Task, Tensor] = {}
        feedback: dict[Task, Tensor] = {}
        for task in self.order:
            received = [feedback[source] for source in sources_of(self.config, task)]
            joined = (
                torch.cat([states[task], *received], dim=-1) if received else states[task]
            )
            finished = self.trunk.finish(task, joined, lengths, times_s)
            head_output: HeadOutput = self.heads[task](finished)
            if task in self.feedback_layers:
                feedback[task] = self.feedback_layers[task](head_output, labels)
            is_scalar = task in SINGLE_TASKS
            outputs[task] = head_output.raw[..., 0] if is_scalar else head_output.raw
        return {task: outputs[task] for task in self.config.tasks}

    def standardize(self, mean: Tensor, std: Tensor) -> None:
        """Set the mean and standard deviation of features, which are saved and exported.

        A constant column is scaled by 0, because nothing was learned from it.

        Args:
            mean: Shape (D,), finite.
            std: Shape (D,), finite, at least 0.

        Raises:
            ValueError: If a shape or value is invalid.
        """
        for name, values in (("mean", mean), ("std", std)):
            if values.shape != (self.input_dim,) or not bool(values.isfinite().all()):
                raise ValueError(
                    f"standardize: {name} must be finite, shape ({self.input_dim},), "
                    f"got shape {tuple(values.shape)} with "
                    f"{int((~values.isfinite()).sum())} not finite"
                )
        if bool((std < 0).any()):
            raise ValueError(
                f"standardize: std must be at least 0, got {float(std.min()):g}"
            )
        varies = std > CONSTANT_RATIO * mean.abs()
        scale = torch.where(varies, 1.0 / torch.where(varies, std, 1.0), 0.0)
        self.feature_mean.copy_(mean)
        self.feature_scale.copy_(scale)


def _build_feedback_layers(config: ModelConfig, spaces: LabelSpaces) -> nn.ModuleDict:
    sources = [
        task
        for task in config.tasks
        if any(task in sources_of(config, target) for target in config.tasks)
    ]
    match config.framework.feedback:
        case None:
            return nn.ModuleDict()
        case HiddenFeedback(detach=detach):
            return nn.ModuleDict(
                {task: HiddenFeedbackLayer(detach=detach) for task in sources}
            )
        case LabelFeedback() as feedback:
            return nn.ModuleDict(
                {
                    task: LabelFeedbackLayer(task, num_outputs(task, spaces), feedback)
                    for task in sources
                }
            )
