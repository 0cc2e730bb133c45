"""Backbone with a head per task: predicts every task from one crop.

Symbols: B crops, C channels, S side of a crop, D features, K outputs.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from wildaffect.core.tasks import SINGLE_TASKS, LabelSpaces, Task
from wildaffect.models.backbones.backbone import Backbone
from wildaffect.models.frameworks import HeadConfig
from wildaffect.models.heads import Head, num_outputs


class FaceNet(nn.Module):
    """Backbone with a head per task; raw outputs are those of temporal models.

    Args:
        backbone: Backbone that maps crops to features.
        head: Settings of each head.
        tasks: Tasks to predict.
        spaces: Label spaces.
    """

    def __init__(
        self,
        backbone: Backbone,
        head: HeadConfig,
        tasks: Sequence[Task],
        spaces: LabelSpaces,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.heads = nn.ModuleDict(
            {
                task: Head(head, backbone.feature_dim, num_outputs(task, spaces))
                for task in tasks
            }
        )
        self._frozen: list[nn.Module] = []

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Return the predicted tasks."""
        return tuple(Task(name) for name in self.heads)

    def forward(self, crops: Tensor) -> dict[Task, Tensor]:
        """Return raw outputs of crops (B, C, S, S), each a window of one row.

        Returns:
            Unbounded valence and arousal, (B, 1); logits of expressions and action units,
            and unbounded positions on scales, (B, 1, K).
        """
        features = self.backbone(crops).unsqueeze(1)  # (B, 1, D)
        outputs = {Task(name): head(features).raw for name, head in self.heads.items()}
        return {
            task: raw[..., 0] if task in SINGLE_TASKS else raw
            for task, raw in outputs.items()
        }

    def freeze(self, num_stages: int) -> None:
        """Freeze the first stages of the backbone, including batch norm statistics.

        Raises:
            ValueError: If the backbone has fewer stages.
        """
        stages = self.backbone.stages()
        if not 0 <= num_stages <= len(stages):
            raise ValueError(f"frozen stages: must be 0 to {len(stages)}, got {num_stages}")
        prefixes = tuple(p for stage in stages[:num_stages] for p in stage)
        for name, parameter in self.backbone.named_parameters():
            if _belongs(name, prefixes):
                parameter.requires_grad = False
        self._frozen = [
            module
            for name, module in self.backbone.named_modules()
            if _belongs(name, prefixes)
        ]
        self.train(self.training)

    def train(self, mode: bool = True) -> "FaceNet":
        """Set the training mode; frozen stages stay in evaluation mode."""
        super().train(mode)
        for module in self._frozen:
            module.eval()
        return self

    if TYPE_CHECKING:  # nn.Module's own gives Any

        def __call__(self, crops: Tensor) -> dict[Task, Tensor]:
            """See `forward`."""


def recompute_stages(backbone: Backbone) -> None:
    """Enable activation checkpointing per stage.

    Saves memory for about one more forward pass. Batch norms update their statistics once.
    """
    for stage in backbone.stages():
        for name in stage:
            module = dict(backbone.named_modules()).get(name)
            if module is not None and any(True for _ in module.children()):
                plain = module.forward
                module.forward = partial(_recomputed, module, plain)


def _recomputed(module: nn.Module, plain: Any, *inputs: Tensor) -> Any:
    if not module.training:
        return plain(*inputs)
    return checkpoint(
        plain,
        *inputs,
        use_reentrant=False,
        context_fn=lambda: (nullcontext(), _statistics_kept(module)),
    )


@contextmanager
def _statistics_kept(module: nn.Module) -> Iterator[None]:
    """Keep the running statistics of batch norms unchanged."""
    norms = [norm for norm in module.modules() if isinstance(norm, _BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum


def _belongs(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)
