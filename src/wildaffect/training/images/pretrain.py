"""Pre-training of a masked autoencoder on crops without labels.

Symbols: B crops of this process's share of a step, L patches of a crop.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wildaffect.core.files import write_whole
from wildaffect.losses.multitask import LossReport
from wildaffect.models.backbones.layer_decay import weight_decay_groups
from wildaffect.models.pretraining.augment import cut_boxes, draw_boxes
from wildaffect.models.pretraining.mae import MaskedAutoencoder, draw_noise
from wildaffect.models.pretraining.patches import picture_sheet, reconstruct
from wildaffect.training.core.distributed import processes_of
from wildaffect.training.core.runs import Run
from wildaffect.training.images.crops import CropReader, normalizer, unit_crops
from wildaffect.training.images.gradient_accumulation import (
    GradientAccumulator,
    check_micro_batch_size,
    crops_per_process,
    out_of_memory_message,
)
from wildaffect.training.images.recipe import PretrainRecipe
from wildaffect.training.images.sampling import StepRows

NUM_PICTURES = 8
_MASKS, _PARTS, _SHEET = 0x3A5, 0x9A7, 0x5EE

Probe = Callable[[Callable[[Tensor], Tensor]], dict[str, float]]
"""Encoder of crops to features -> scores."""


class MaskedBatch(NamedTuple):
    """Batch of crops with their random parameters, on the CPU."""

    pixels: NDArray[np.uint8]
    """Shape (B, S, S, C)."""
    boxes: Tensor
    """Random crop box of each image, shape (B, 4)."""
    noise: Tensor
    """Noise that determines the masked patches, shape (B, L)."""
    step: int


class Pretrain:
    """Objective of masked autoencoding on crops without labels.

    Args:
        recipe: Recipe to train.
        mae: Masked autoencoder.
        reader: Reader of the crops.
        run: Run folder to write pictures of reconstructions to.
        fabric: Fabric of this process.
        probe: Evaluates the features at regular intervals; None for never.
        micro_batch_size: Maximum number of this process's crops in memory; None for all.
    """

    ema_decay = 0.0
    patience_epochs: int | None = None

    def __init__(
        self,
        recipe: PretrainRecipe,
        mae: MaskedAutoencoder,
        reader: CropReader,
        run: Run,
        *,
        fabric: Any,
        probe: Probe | None = None,
        micro_batch_size: int | None = None,
    ) -> None:
        self._recipe, self._run, self._fabric = recipe, run, fabric
        self._probe = probe
        self._processes = processes_of(fabric)
        self._accumulator = GradientAccumulator(
            fabric, micro_batch_size=micro_batch_size, seed=recipe.seed
        )
        self._num_crops = crops_per_process(recipe.name, recipe.batch_size, self._processes)
        check_micro_batch_size(mae, self._num_crops, micro_batch_size)
        self._micro_batch_size = min(micro_batch_size or self._num_crops, self._num_crops)
        self.reader = reader
        self._rows = StepRows(len(reader.paths), recipe.batch_size, seed=recipe.seed)
        self.steps_per_epoch = self._rows.steps_per_epoch
        self.is_channels_last = recipe.channels_last
        self._mae = mae.to(fabric.device)
        self.model: nn.Module = self._mae
        self.loss: nn.Module = nn.Identity()
        self._to_input = normalizer(reader.preprocess, fabric.device)
        self._shown: Tensor | None = None

    def groups(self) -> list[dict[str, Any]]:
        """Return the parameter groups; weight decay applies to matrices only."""
        return weight_decay_groups(self._mae, self._recipe.optim.weight_decay)

    def batches(self, first_step: int) -> Iterator[MaskedBatch]:
        """Yield the batches of this step and all later steps, indefinitely."""
        for step, decoded in enumerate(
            self.reader.batches(self._share(first_step)), start=first_step
        ):
            yield MaskedBatch(
                decoded.pixels,
                self._mine(self._draw_boxes(step)),
                self._mine(self._draw_noise(_MASKS, step, self._recipe.batch_size)),
                step,
            )

    def forward_backward(self, forward: nn.Module, batch: MaskedBatch) -> LossReport:
        """Accumulate the gradient of a batch and return its loss over all processes.

        The loss is a mean over crops, because all have the same number of masked patches.
        """
        device = self._fabric.device

        def loss_of(cut: slice) -> Tensor:
            unit = unit_crops(batch.pixels[cut], device)
            crops = cut_boxes(unit, batch.boxes[cut].to(device)).clamp(0, 1)
            noise = batch.noise[cut].to(device)
            return forward(self._to_input(crops), noise).loss.float()

        num = len(batch.pixels)
        return LossReport(
            self._accumulator.mean_loss(forward, num, batch.step, loss_of), {}
        )

    def evaluate(self, model: nn.Module, epoch: int) -> dict[str, float]:
        """Draw reconstructions and probe the features, each at its interval."""
        if not isinstance(model, MaskedAutoencoder):
            raise TypeError(f"pretrain: model must be an autoencoder, got {type(model)}")
        model.eval()
        is_last = epoch == self._recipe.num_epochs
        if is_last or epoch % self._recipe.picture_every == 0:
            self._draw_sheet(model, epoch)
        if self._probe and (is_last or epoch % self._recipe.probe_every == 0):
            return self._probe(partial(_encode, model))
        return {}

    def out_of_memory_message(self) -> str:
        """Return the message for an out-of-memory error."""
        return out_of_memory_message(
            self._micro_batch_size,
            f"micro_batch_size {max(1, self._micro_batch_size // 2)}",
        )

    def _draw_sheet(self, mae: MaskedAutoencoder, epoch: int) -> None:
        device = self._fabric.device
        if self._shown is None:
            num = min(NUM_PICTURES, len(self.reader.paths))
            rows = np.linspace(0, len(self.reader.paths) - 1, num).astype(np.int64)
            pixels = next(self.reader.batches([rows])).pixels
            self._shown = self._to_input(unit_crops(pixels, device))
        noise = self._draw_noise(_SHEET, 0, len(self._shown)).to(device)
        with torch.inference_mode():
            _, pred, mask = mae(self._shown, noise)
        made = reconstruct(self._shown, pred, mask, patch_px=mae.patch_px)
        sheet = picture_sheet(self._shown, made, self.reader.preprocess)
        folder = self._run.folder / "pictures"
        folder.mkdir(exist_ok=True)
        bgr = np.ascontiguousarray(sheet[..., ::-1])
        encoded = cv2.imencode(".png", bgr)[1]
        write_whole(folder / f"epoch-{epoch:04d}.png", encoded.tobytes())

    def _share(self, first_step: int) -> Iterator[Any]:
        step = first_step
        while True:
            yield self._mine(self._rows(step))
            step += 1

    def _mine(self, drawn: Any) -> Any:
        """Return this process's share of the random parameters of a step."""
        return drawn[self._processes.rank :: self._processes.count]

    def _draw_noise(self, purpose: int, step: int, num: int) -> Tensor:
        return draw_noise(num, self._mae.num_patches, self._generator(purpose, step))

    def _draw_boxes(self, step: int) -> Tensor:
        """Return crop boxes; left and right are swapped for a flipped crop."""
        generator = self._generator(_PARTS, step)
        boxes = draw_boxes(
            self._recipe.batch_size,
            min_area=self._recipe.min_area,
            max_aspect_ratio=self._recipe.max_aspect_ratio,
            generator=generator,
        )
        mirrored = torch.rand(len(boxes), generator=generator) < 0.5
        left, top, width, height = boxes.unbind(1)
        return torch.stack(
            [
                torch.where(mirrored, left + width, left),
                top,
                torch.where(mirrored, -width, width),
                height,
            ],
            dim=1,
        )

    def _generator(self, purpose: int, step: int) -> torch.Generator:
        words = np.random.SeedSequence((self._recipe.seed, purpose, step))
        seed = int(words.generate_state(1, np.uint64)[0] >> np.uint64(1))
        return torch.Generator().manual_seed(seed)


def _encode(mae: MaskedAutoencoder, crops: Tensor) -> Tensor:
    tokens = mae.encode(mae.embed(crops))
    return mae.norm(tokens[:, 1:].mean(1))
