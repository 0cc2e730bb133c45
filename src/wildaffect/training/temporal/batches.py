"""Training batches; the step number alone determines the windows, for exact resuming.

Symbols: W windows of one step.
"""

from collections.abc import Iterator, Sequence
from statistics import fmean

import numpy as np
import torch

from wildaffect.core.errors import UsageError
from wildaffect.core.sequences import FrameSequence
from wildaffect.core.windows import LeftPaddedWindow
from wildaffect.data.collate import collate
from wildaffect.data.samples import WindowSampler, pad_left
from wildaffect.training.core.distributed import Processes
from wildaffect.training.temporal.recipe import TemporalRecipe
from wildaffect.training.temporal.tensors import TensorBatch, to_tensors

_DRAW = 0x7A1
_NUM_TRIALS = 256
"""Number of windows to sample when estimating the mean number of rows per window."""


class TrainingBatches:
    """Draws this process's share of the windows of any training step.

    Attributes:
        num_rows: Number of rows of the training data.
        rows_per_step: Expected number of rows in the windows of a step.

    Raises:
        UsageError: If the batch size is not a multiple of the number of processes.
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
        self._spec = recipe.training_window
        self._sampler = WindowSampler(sequences, self._spec)
        self._recipe, self._processes = recipe, processes
        self.num_rows = sum(len(sequence.computed_rows) for sequence in sequences)
        drawn = self._sampler.draw(_NUM_TRIALS, np.random.default_rng(_DRAW))
        self.rows_per_step = recipe.batch_size * fmean(len(window) for window in drawn)

    def from_step(self, step: int, device: torch.device) -> Iterator[TensorBatch]:
        """Yield the batches of this step and all later steps, indefinitely."""
        while True:
            rng = np.random.default_rng((self._recipe.seed, _DRAW, step))
            drawn = list(self._sampler.draw(self._recipe.batch_size, rng))
            own = drawn[self._processes.rank :: self._processes.count]
            if isinstance(self._spec, LeftPaddedWindow):
                own = [pad_left(window, self._spec) for window in own]
            yield to_tensors(collate(own), device)
            step += 1
