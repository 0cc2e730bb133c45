"""Supervised training of a backbone and heads on labeled crops.

Symbols: B crops of this process's share of a step, K action units.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from wildaffect.core.errors import UsageError
from wildaffect.core.tasks import SCALE_TASKS, SINGLE_TASKS, LabelSpaces, Task
from wildaffect.losses.multitask import LossReport, build_loss
from wildaffect.models.backbones.layer_decay import layer_decay_groups, weight_decay_groups
from wildaffect.models.backbones.vit import ViTTrunk
from wildaffect.models.face_net import FaceNet, recompute_stages
from wildaffect.models.low_rank import adapt
from wildaffect.training.core.callbacks import OnEvaluate, no_evaluate
from wildaffect.training.core.distributed import gather, processes_of
from wildaffect.training.core.label_counts import count_labels
from wildaffect.training.core.recipe import BestOnDevSplit
from wildaffect.training.core.sampling import (
    BalancedClasses,
    BalancedVideos,
    class_weights,
    video_weights,
)
from wildaffect.training.core.scores import task_scores
from wildaffect.training.core.sharding import is_sharded
from wildaffect.training.images.adaptation import LowRank
from wildaffect.training.images.augment import apply_changes, draw_changes
from wildaffect.training.images.crops import CropReader, normalizer, unit_crops
from wildaffect.training.images.evaluate import crop_statistics
from wildaffect.training.images.gradient_accumulation import (
    GradientAccumulator,
    Outputs,
    check_micro_batch_size,
    crops_per_process,
    has_batch_norm,
    out_of_memory_message,
)
from wildaffect.training.images.labeled import (
    LabeledCrops,
    crop_targets,
    join_labels,
    number_videos,
)
from wildaffect.training.images.recipe import FinetuneRecipe
from wildaffect.training.images.sampling import EveryImage, StepRows
from wildaffect.training.images.start import Start

_CHANGES, _MIX = 0xA06, 0x313


class CropBatch(NamedTuple):
    """Batch of labeled crops on one device."""

    crops: Tensor
    """Normalized, shape (B, C, S, S)."""
    targets: dict[Task, Tensor]
    """Targets per task; each crop is a window of one row."""
    valid: dict[Task, Tensor]
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LabeledParts:
    """Training crops and the dev split, which share no subject."""

    train: tuple[LabeledCrops, ...]
    dev: tuple[LabeledCrops, ...] = ()


class Finetune:
    """Objective of supervised training on labeled crops.

    Args:
        recipe: Recipe to train.
        parts: Crops with labels in the same label spaces.
        start: Initial backbone.
        reader: Reader of the training crops, in order.
        fabric: Fabric of this process.
        tasks: Tasks to predict.
        micro_batch_size: Maximum number of this process's crops in memory; None for all.
        on_evaluate: Called with the number of crops to evaluate.
    """

    def __init__(
        self,
        recipe: FinetuneRecipe,
        parts: LabeledParts,
        start: Start,
        *,
        reader: CropReader,
        fabric: Any,
        tasks: tuple[Task, ...],
        micro_batch_size: int | None = None,
        on_evaluate: OnEvaluate = no_evaluate,
    ) -> None:
        self._recipe, self._parts, self._fabric = recipe, parts, fabric
        self._preprocess, self._micro_batch_size = start.preprocess, micro_batch_size
        self._on_evaluate = on_evaluate
        self._processes = processes_of(fabric)
        self._accumulator = GradientAccumulator(
            fabric, micro_batch_size=micro_batch_size, seed=recipe.seed
        )
        self._num_crops = crops_per_process(recipe.name, recipe.batch_size, self._processes)
        self._labels = join_labels(parts.train)
        spaces = self._spaces = parts.train[0].annotations.spaces
        self.reader = reader
        self._rows = StepRows(
            len(reader.paths), recipe.batch_size, seed=recipe.seed, weights=self._weights()
        )
        self.steps_per_epoch = self._rows.steps_per_epoch
        self.is_channels_last = recipe.channels_last
        self.ema_decay = recipe.ema_decay
        self.patience_epochs = (
            recipe.selection.patience_epochs
            if isinstance(recipe.selection, BestOnDevSplit)
            else None
        )
        self.model: nn.Module = self._build(start, tasks, spaces)
        check_micro_batch_size(self.model, self._num_crops, micro_batch_size)
        loss = build_loss(recipe.loss, spaces, count_labels([self._labels], spaces))
        self.loss: nn.Module = loss.to(fabric.device)

    def groups(self) -> list[dict[str, Any]]:
        """Return the parameter groups of the backbone, per layer, and of the heads."""
        optim, net = self._recipe.optim, self._net
        groups = layer_decay_groups(
            net.backbone,
            peak_lr=optim.peak_lr * self._recipe.layer_decay,
            weight_decay=optim.weight_decay,
            layer_decay=self._recipe.layer_decay,
        )
        groups += weight_decay_groups(net.heads, optim.weight_decay)
        groups.append({"params": list(self.loss.parameters()), "weight_decay": 0.0})
        return [group for group in groups if group["params"]]

    def batches(self, first_step: int) -> Iterator[CropBatch]:
        """Yield the batches of this step and all later steps, indefinitely."""
        config, device = self._recipe.augment, self._fabric.device
        to_input = normalizer(self._preprocess, device)
        rank, count = self._processes.rank, self._processes.count
        for step, decoded in enumerate(
            self.reader.batches(self._share(first_step)), start=first_step
        ):
            rng = np.random.default_rng((self._recipe.seed, _CHANGES, step))
            changes = draw_changes(config, self._recipe.batch_size, rng).share(rank, count)
            crops = to_input(apply_changes(unit_crops(decoded.pixels, device), changes))
            if self._recipe.channels_last:
                crops = crops.contiguous(memory_format=torch.channels_last)
            targets, valid = crop_targets(self._labels, decoded.rows, device, self._spaces)
            yield CropBatch(crops, targets, valid, step)

    def forward_backward(self, forward: nn.Module, batch: CropBatch) -> LossReport:
        """Accumulate the gradient of a batch and return its loss over all processes."""
        crops, report_of = batch.crops, self._plain(batch)
        if self._recipe.mixup_alpha:
            crops, report_of = self._mixed(batch)
        return self._accumulator.joint_loss(
            forward, len(crops), batch.step, lambda cut: forward(crops[cut]), report_of
        )

    def evaluate(self, model: nn.Module, epoch: int) -> dict[str, float]:  # noqa: ARG002
        """Return scores on the dev split; empty without one."""
        if not self._parts.dev:
            return {}
        on_progress = self._on_evaluate(sum(len(crops) for crops in self._parts.dev))
        found = crop_statistics(model, self._parts.dev, self._preprocess, on_progress)
        return task_scores(found.pooled(), self._net.tasks)

    def out_of_memory_message(self) -> str:
        """Return the message for an out-of-memory error."""
        held = min(self._micro_batch_size or self._num_crops, self._num_crops)
        less = "recompute in another folder, or more processes"
        if not has_batch_norm(self.model):
            less = f"micro_batch_size {max(1, held // 2)}"
        return out_of_memory_message(held, less)

    @property
    def _net(self) -> FaceNet:
        if not isinstance(self.model, FaceNet):
            raise TypeError(f"finetune: model must be a FaceNet, got {type(self.model)}")
        return self.model

    def _build(
        self, start: Start, tasks: tuple[Task, ...], spaces: LabelSpaces
    ) -> nn.Module:
        recipe = self._recipe
        if recipe.drop_path:
            if not isinstance(start.backbone, ViTTrunk):
                raise UsageError(
                    f"{recipe.name}: drop_path must be 0 for {recipe.network}, which is "
                    f"not a vision transformer, got {recipe.drop_path}"
                )
            start.backbone.set_drop_path(recipe.drop_path)
        if isinstance(recipe.adaptation, LowRank):
            self._adapt(start.backbone, recipe.adaptation)
        net = FaceNet(start.backbone, recipe.head, tasks, spaces)
        if self._processes.count > 1 and self._fabric.device.type == "cuda":
            # Batch statistics over all processes; supported on GPUs only.
            nn.SyncBatchNorm.convert_sync_batchnorm(net)
        net.freeze(recipe.frozen_stages)
        if recipe.recompute:
            recompute_stages(net.backbone)
        return net.to(self._fabric.device)

    def _adapt(self, backbone: nn.Module, config: LowRank) -> None:
        if is_sharded(self._fabric):
            raise UsageError("strategy: fsdp does not support low-rank adaptation; use ddp")
        try:
            adapt(backbone, config.rank, config.scale)
        except ValueError as error:
            name = f"{self._recipe.name}: {self._recipe.network}"
            raise UsageError(f"{name}: {error}") from error

    def _weights(self) -> Any:
        match self._recipe.sampling:
            case EveryImage():
                return None
            case BalancedClasses(power=power):
                shares = self._labels.class_shares(len(self._spaces.expressions))
                return class_weights(shares, power)
            case BalancedVideos(power=power):
                return video_weights(number_videos(self._parts.train), power)

    def _share(self, first_step: int) -> Iterator[Any]:
        step = first_step
        while True:
            yield self._rows(step)[self._processes.rank :: self._processes.count]
            step += 1

    def _loss_of(
        self,
        outputs: dict[Task, Tensor],
        targets: dict[Task, Tensor],
        valid: dict[Task, Tensor],
    ) -> LossReport:
        joined = {task: value.float() for task, value in outputs.items()}
        return self.loss(
            gather(self._fabric, joined),
            gather(self._fabric, targets),
            gather(self._fabric, valid),
        )

    def _plain(self, batch: CropBatch) -> Callable[[Outputs], LossReport]:
        return lambda outputs: self._loss_of(outputs, batch.targets, batch.valid)

    def _mixed(self, batch: CropBatch) -> tuple[Tensor, Callable[[Outputs], LossReport]]:
        """Apply mixup to pairs of this process's crops; return them and their loss.

        Values are mixed if both crops have one. Classes and action units use the weighted
        loss of both labels, which equals the cross-entropy of mixed labels.
        """
        alpha = self._recipe.mixup_alpha
        rng = np.random.default_rng((self._recipe.seed, _MIX, batch.step))
        share = float(rng.beta(alpha, alpha))
        own, others = _with_partners(batch.targets)
        valid, others_valid = _with_partners(batch.valid)
        for task in own.keys() & {*SINGLE_TASKS, *SCALE_TASKS}:
            mixed = share * own[task] + (1 - share) * others[task]
            both = valid[task] & others_valid[task]
            own[task] = others[task] = mixed
            valid[task] = others_valid[task] = both

        def report_of(outputs: Outputs) -> LossReport:
            first = self._loss_of(outputs, own, valid)
            second = self._loss_of(outputs, others, others_valid)
            return LossReport(
                share * first.total + (1 - share) * second.total,
                {
                    task: share * value + (1 - share) * second.per_task[task]
                    for task, value in first.per_task.items()
                },
            )

        return share * batch.crops + (1 - share) * batch.crops.roll(1, 0), report_of


def _with_partners(
    values: dict[Task, Tensor],
) -> tuple[dict[Task, Tensor], dict[Task, Tensor]]:
    return dict(values), {task: value.roll(1, 0) for task, value in values.items()}
