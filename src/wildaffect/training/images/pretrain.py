"""Pre-training of a masked autoencoder on crops without labels.

Symbols: B crops of this process's share of a step, L patches of a crop.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from wildaffect.core.preprocess import Preprocess
from wildaffect.losses.multitask import LossReport
from wildaffect.models.backbones.layer_decay import weight_decay_groups
from wildaffect.models.pretraining.augment import cut_boxes, draw_boxes
from wildaffect.models.pretraining.mae import MaskedAutoencoder, draw_noise
from wildaffect.models.pretraining.patches import picture_sheet, reconstruct
from wildaffect.training.distributed import processes_of
from wildaffect.training.images.crops import CropReader, normaliser, unit_crops
from wildaffect.training.images.finetune import check_shares
from wildaffect.training.images.recipe import PretrainRecipe
from wildaffect.training.images.sampling import StepRows
from wildaffect.training.runs import Run

NUM_PICTURES = 8
_MASKS, _PARTS, _SHEET = 0x3A5, 0x9A7, 0x5EE

Probe = Callable[[Callable[[Tensor], Tensor]], dict[str, float]]
"""Encoder of crops to features -> scores."""


class MaskedBatch(NamedTuple):
    """Crops on one device, and what decides which patches are hidden."""

    crops: Tensor
    """Normalised, shape (B, C, S, S)."""
    noise: Tensor
    """Shape (B, L)."""


class Pretrain:
    """What `ImageFit` trains on crops without labels.

    Args:
        recipe: How it is trained.
        mae: The autoencoder, untrained or not.
        paths: Crops.
        run: Where pictures of reconstructions are written.
        preprocess: What the network reads.
        fabric: Of this process.
        probe: Asked now and then what the features know; None for never.
    """

    ema_decay = 0.0
    patience_epochs: int | None = None

    def __init__(
        self,
        recipe: PretrainRecipe,
        mae: MaskedAutoencoder,
        paths: Sequence[Path],
        run: Run,
        *,
        preprocess: Preprocess,
        fabric: Any,
        probe: Probe | None = None,
    ) -> None:
        self._recipe, self._run, self._fabric = recipe, run, fabric
        self._preprocess, self._probe = preprocess, probe
        self._processes = processes_of(fabric)
        check_shares(recipe.name, recipe.batch_size, self._processes)
        self.reader = CropReader(paths, preprocess)
        self._rows = StepRows(len(paths), recipe.batch_size, seed=recipe.seed)
        self.steps_per_epoch = self._rows.steps_per_epoch
        self._mae = mae.to(fabric.device)
        self.model: nn.Module = self._mae
        self.loss: nn.Module = nn.Identity()
        self._shown: Tensor | None = None

    def groups(self) -> list[dict[str, Any]]:
        """Return matrices with weight decay, and everything else without."""
        return weight_decay_groups(self._mae, self._recipe.optim.weight_decay)

    def batches(self, first_step: int) -> Iterator[MaskedBatch]:
        """Yield the batches of this step and all after it, without end."""
        device = self._fabric.device
        to_input = normaliser(self._preprocess, device)
        for step, decoded in enumerate(
            self.reader.batches(self._share(first_step)), start=first_step
        ):
            boxes = self._mine(self._draw_boxes(step))
            noise = self._mine(self._draw_noise(_MASKS, step, self._recipe.batch_size))
            crops = cut_boxes(unit_crops(decoded.pixels, device), boxes.to(device))
            yield MaskedBatch(to_input(crops.clamp(0, 1)), noise.to(device))

    def report(self, forward: nn.Module, batch: MaskedBatch) -> LossReport:
        """Return the loss of a batch; every crop hides as many patches, so means agree."""
        return LossReport(forward(batch.crops, batch.noise).loss.float(), {})

    def judge(self, model: nn.Module, epoch: int) -> dict[str, float]:
        """Draw reconstructions and probe the features, when it is time for either."""
        model.eval()
        is_last = epoch == self._recipe.num_epochs
        if is_last or epoch % self._recipe.picture_every == 0:
            self._draw_sheet(epoch)
        if self._probe and (is_last or epoch % self._recipe.probe_every == 0):
            return self._probe(self._encode)
        return {}

    def _encode(self, crops: Tensor) -> Tensor:
        tokens = self._mae.encode(self._mae.embed(crops))
        return self._mae.norm(tokens[:, 1:].mean(1))

    def _draw_sheet(self, epoch: int) -> None:
        device = self._fabric.device
        if self._shown is None:
            num = min(NUM_PICTURES, len(self.reader.paths))
            rows = np.linspace(0, len(self.reader.paths) - 1, num).astype(np.int64)
            pixels = next(self.reader.batches([rows])).pixels
            self._shown = normaliser(self._preprocess, device)(unit_crops(pixels, device))
        noise = self._draw_noise(_SHEET, 0, len(self._shown)).to(device)
        with torch.inference_mode():
            _, pred, mask = self._mae(self._shown, noise)
        made = reconstruct(self._shown, pred, mask, patch_px=self._mae.patch_px)
        sheet = picture_sheet(self._shown, made, self._preprocess)
        folder = self._run.folder / "pictures"
        folder.mkdir(exist_ok=True)
        bgr = np.ascontiguousarray(sheet[..., ::-1])
        encoded = cv2.imencode(".png", bgr)[1]
        (folder / f"epoch-{epoch:04d}.png").write_bytes(encoded.tobytes())

    def _share(self, first_step: int) -> Iterator[Any]:
        step = first_step
        while True:
            yield self._mine(self._rows(step))
            step += 1

    def _mine(self, drawn: Any) -> Any:
        """Return this process's part of what was drawn for the whole step."""
        return drawn[self._processes.rank :: self._processes.count]

    def _draw_noise(self, purpose: int, step: int, num: int) -> Tensor:
        return draw_noise(num, self._mae.num_patches, self._generator(purpose, step))

    def _draw_boxes(self, step: int) -> Tensor:
        """Return parts of the image; a mirrored one has its width counted backwards."""
        generator = self._generator(_PARTS, step)
        boxes = draw_boxes(
            self._recipe.batch_size,
            min_area=self._recipe.min_area,
            max_stretch=self._recipe.max_stretch,
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
