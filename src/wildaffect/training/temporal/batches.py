"""Training batches; the step number alone determines the windows, for exact resuming.

Symbols: W windows of one step.
"""

from collections.abc import Iterator, Sequence
from statistics import fmean

import numpy as np
import torch

from wildaffect.core.errors import UsageError
from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import LabelSpaces
from wildaffect.core.windows import LeftPaddedWindow
from wildaffect.data.collate import collate
from wildaffect.data.samples import Sample, WindowSampler, pad_left, without_labels
from wildaffect.training.core.distributed import Processes
from wildaffect.training.temporal.recipe import TemporalRecipe
from wildaffect.training.temporal.sampling import row_weights
from wildaffect.training.temporal.tensors import TensorBatch, to_tensors

_DRAW, _DRAW_UNLABELED = 0x7A1, 0x7A2
_NUM_TRIALS = 256
"""Number of windows to sample when estimating the mean number of rows per window."""


class TrainingBatches:
    """Draws this process's share of the windows of any training step.

    Attributes:
        num_rows: Number of rows of the training data.
        rows_per_step: Expected number of rows in the windows of a step.

    Args:
        sequences: Annotated sequences.
        recipe: Recipe of the run.
        processes: Processes that share the windows of a step.
        unlabeled: Further sequences; their windows follow the others, without labels.
        num_unlabeled: Number of those windows per step, over all processes together.

    Raises:
        UsageError: If the batch size is not a multiple of the number of processes.
    """

    def __init__(
        self,
        sequences: Sequence[FrameSequence],
        recipe: TemporalRecipe,
        processes: Processes,
        spaces: LabelSpaces,
        *,
        unlabeled: Sequence[FrameSequence] = (),
        num_unlabeled: int = 0,
    ) -> None:
        if recipe.batch_size % processes.count:
            raise UsageError(
                f"{recipe.name}: batch_size must be a multiple of the {processes.count} "
                f"processes, got {recipe.batch_size}"
            )
        self._spec = recipe.training_window
        weights = row_weights(sequences, recipe.sampling, spaces)
        self._sampler = WindowSampler(sequences, self._spec, weights)
        self._unlabeled = WindowSampler(unlabeled, self._spec) if unlabeled else None
        self._num_unlabeled = -(-num_unlabeled // processes.count) * processes.count
        self._recipe, self._processes, self._spaces = recipe, processes, spaces
        self.num_rows = sum(len(sequence.computed_rows) for sequence in sequences)
        drawn = self._sampler.draw(_NUM_TRIALS, np.random.default_rng(_DRAW))
        self.rows_per_step = recipe.batch_size * fmean(len(window) for window in drawn)

    def from_step(self, step: int, device: torch.device) -> Iterator[TensorBatch]:
        """Yield the batches of this step and all later steps, indefinitely."""
        while True:
            rng = np.random.default_rng((self._recipe.seed, _DRAW, step))
            drawn = list(self._sampler.draw(self._recipe.batch_size, rng))
            own = drawn[self._processes.rank :: self._processes.count]
            own += self._share_of_unlabeled(step)
            if isinstance(self._spec, LeftPaddedWindow):
                own = [pad_left(window, self._spec) for window in own]
            yield to_tensors(collate(own), device, self._spaces)
            step += 1

    def _share_of_unlabeled(self, step: int) -> list[Sample]:
        if self._unlabeled is None:
            return []
        rng = np.random.default_rng((self._recipe.seed, _DRAW_UNLABELED, step))
        drawn = list(self._unlabeled.draw(self._num_unlabeled, rng))
        own = drawn[self._processes.rank :: self._processes.count]
        return [without_labels(window, self._spaces) for window in own]
