"""Which windows each step trains on; the step's number alone decides, so runs resume.

Symbols: W windows of one step.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil

import numpy as np
import torch

from wildaffect.core.errors import UsageError
from wildaffect.core.sequences import FrameSequence
from wildaffect.core.windows import cut
from wildaffect.data.collate import collate
from wildaffect.data.samples import WindowSampler
from wildaffect.training.distributed import Processes
from wildaffect.training.recipe import TemporalRecipe
from wildaffect.training.tensors import TensorBatch, to_tensors

_DRAW = 0x7A1


class TrainingBatches:
    """Draws the windows of any step of a run, this process's share of them.

    Raises:
        UsageError: If the windows of a step cannot be shared evenly.
    """

    def __init__(
        self,
        sequences: Sequence[FrameSequence],
        recipe: TemporalRecipe,
        processes: Processes,
    ) -> None:
        if recipe.batch_size % processes.count:
            raise UsageError(
                f"{recipe.name}: batch_size must be a multiple of the {processes.count} "
                f"processes, got {recipe.batch_size}"
            )
        spec = recipe.training_window
        self._sampler = WindowSampler(sequences, spec)
        self._recipe, self._processes = recipe, processes
        apart = replace(spec, stride_s=spec.length_s)
        num_windows = sum(
            len(cut(one.time_s[one.computed_rows], apart)) for one in sequences
        )
        self.steps_per_epoch = ceil(num_windows / recipe.batch_size)

    def from_step(self, step: int, device: torch.device) -> Iterator[TensorBatch]:
        """Yield the batches of this step and all after it, without end."""
        while True:
            rng = np.random.default_rng((self._recipe.seed, _DRAW, step))
            drawn = list(self._sampler.draw(self._recipe.batch_size, rng))
            mine = drawn[self._processes.rank :: self._processes.count]
            yield to_tensors(collate(mine), device)
            step += 1
