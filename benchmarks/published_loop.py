"""Training loop of the public scripts of arXiv:2207.09373, restated on this library's data.

Facts of the scripts: batches of 8 whole videos, padded to the longest and cut into
consecutive windows of 64 rows; an optimizer step for each window; Adam with betas 0.5 and
0.999; gradients cut at 5 for each part of the network; weights of linear layers redrawn
from a normal distribution, biases 0; errors of valence and arousal divided by all elements,
padding included; the rate set by epoch; recurrent states carried from window to window;
padding attended to. Networks with attention are this library's, with its positions in time;
recurrent ones are written here, because ours reset their state. Features are standardized
by the training set. Inference cuts as training does.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from torch.nn.utils.rnn import pad_sequence

from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.losses.config import PUBLISHED
from wildaffect.models.build import build_model
from wildaffect.models.frameworks import ModelConfig
from wildaffect.models.heads import Head, num_outputs
from wildaffect.models.temporal.config import GRUConfig, LSTMConfig
from wildaffect.training.core.probs import to_probs
from wildaffect.training.core.targets import to_targets
from wildaffect.training.temporal.recipe import TemporalRecipe
from wildaffect.training.temporal.tensors import feature_moments

NUM_VIDEOS, NUM_ROWS = 8, 64
INITIAL_SD = 0.06
"""Spread of redrawn weights: the published 0.02, times the root of how many times narrower
the layers are here, so that signals keep their size."""
_CPU = torch.device("cpu")
Memory = Tensor | tuple[Tensor, Tensor] | None


class Padded(NamedTuple):
    """A batch of whole videos, padded to the longest."""

    features: Tensor
    times_s: Tensor
    targets: dict[Task, Tensor]
    valid: dict[Task, Tensor]
    lengths: list[int]

    def windows(self) -> Iterator["Padded"]:
        """Yield consecutive windows, in order."""
        for first in range(0, max(self.lengths), NUM_ROWS):
            cut = slice(first, first + NUM_ROWS)
            yield Padded(
                self.features[:, cut],
                self.times_s[:, cut] - self.times_s[:, cut][:, :1],
                {task: values[:, cut] for task, values in self.targets.items()},
                {task: values[:, cut] for task, values in self.valid.items()},
                self.lengths,
            )


class Network(nn.Module):
    """This library's network, which attends to the padding too."""

    def __init__(self, config: ModelConfig, num_features: int) -> None:
        super().__init__()
        self.net = build_model(config, num_features)

    def forward(self, window: Padded, memory: Memory) -> tuple[dict[Task, Tensor], Memory]:
        """Return the outputs of a window; there is no memory."""
        size, rows = window.features.shape[:2]
        lengths = torch.full((size,), rows)
        return self.net(window.features, lengths, window.times_s), memory

    def parts(self) -> list[nn.Module]:
        """Return the parts whose gradients are cut by themselves."""
        return [self.net.trunk, *self.net.heads.values()]


class Recurrent(nn.Module):
    """Recurrent layers whose state is carried from window to window."""

    def __init__(self, config: ModelConfig, num_features: int) -> None:
        super().__init__()
        encoder = config.encoder
        if not isinstance(encoder, GRUConfig | LSTMConfig):
            raise TypeError(f"recurrent: must be a GRU or an LSTM, got {encoder.kind}")
        kind = nn.GRU if isinstance(encoder, GRUConfig) else nn.LSTM
        self.layers = kind(
            num_features,
            encoder.hidden_dim,
            encoder.num_layers,
            dropout=encoder.dropout,
            batch_first=True,
        )
        self.dropout = nn.Dropout(encoder.dropout)
        self.heads = nn.ModuleDict(
            {
                task: Head(
                    config.head, encoder.hidden_dim, num_outputs(task, LabelSpaces())
                )
                for task in config.tasks
            }
        )

    def forward(self, window: Padded, memory: Memory) -> tuple[dict[Task, Tensor], Memory]:
        """Return the outputs of a window and the state after it."""
        states, memory = self.layers(window.features, memory)
        states = self.dropout(states)
        outputs = {Task(name): head(states).raw for name, head in self.heads.items()}
        for task in (Task.VALENCE, Task.AROUSAL):
            outputs[task] = outputs[task][..., 0]
        return outputs, memory

    def parts(self) -> list[nn.Module]:
        """Return the parts whose gradients are cut by themselves."""
        return [self.layers, *self.heads.values()]


class PublishedTraining:
    """The published loop over training videos; `train_epoch` advances it.

    Attributes:
        num_steps: Number of optimizer steps so far.

    Args:
        recipe: Network, rate, number of epochs and seed.
        videos: Training videos.
        num_constant: Number of epochs at the peak rate, for schedules without a rise.
        num_warm: Number of epochs in which the rate rises.
    """

    def __init__(
        self,
        recipe: TemporalRecipe,
        videos: Sequence[FrameSequence],
        *,
        num_constant: int,
        num_warm: int,
    ) -> None:
        self.num_steps = 0
        self._recipe, self._videos = recipe, videos
        self._num_constant, self._num_warm = num_constant, num_warm
        self._epoch = 0
        self._rng = np.random.default_rng(recipe.seed)
        torch.manual_seed(recipe.seed)
        moments = feature_moments(videos)
        self._mean, self._scale = moments.mean, 1 / moments.std
        is_recurrent = isinstance(recipe.model.encoder, GRUConfig | LSTMConfig)
        kind = Recurrent if is_recurrent else Network
        self._network = kind(recipe.model, len(moments.mean))
        self._network.apply(_redraw)
        self._optimizer = torch.optim.Adam(
            self._network.parameters(), lr=recipe.optim.peak_lr, betas=(0.5, 0.999)
        )

    def train_epoch(self) -> None:
        """Take a step for each window of each batch, the videos in random order."""
        self._network.train()
        for group in self._optimizer.param_groups:
            group["lr"] = self._recipe.optim.peak_lr * self._rate()
        order = self._rng.permutation(len(self._videos))
        for first in range(0, len(order), NUM_VIDEOS):
            memory: Memory = None
            batch = self._padded([self._videos[at] for at in order[first:][:NUM_VIDEOS]])
            for window in batch.windows():
                self._optimizer.zero_grad()
                outputs, memory = self._network(window, memory)
                memory = _detached(memory)
                published_loss(outputs, window).backward()
                for part in self._network.parts():
                    nn.utils.clip_grad_norm_(part.parameters(), 5.0)
                self._optimizer.step()
                self.num_steps += 1
        self._epoch += 1

    def predict(self, videos: Sequence[FrameSequence]) -> list[SequenceOutputs]:
        """Return the outputs of videos, cut as in training."""
        self._network.eval()
        found: list[SequenceOutputs] = []
        for first in range(0, len(videos), NUM_VIDEOS):
            some, memory = videos[first:][:NUM_VIDEOS], None
            parts: list[dict[Task, Tensor]] = []
            with torch.inference_mode():
                for window in self._padded(some).windows():
                    outputs, memory = self._network(window, memory)
                    parts.append(
                        {
                            task: to_probs(task, raw, LabelSpaces())
                            for task, raw in outputs.items()
                        }
                    )
            joined = {
                task: torch.cat([part[task] for part in parts], 1).numpy()
                for task in parts[0]
            }
            for row, video in enumerate(some):
                probs = {
                    task: values[row, : len(video)].reshape(len(video), -1)
                    for task, values in joined.items()
                }
                for task in (Task.VALENCE, Task.AROUSAL):
                    probs[task] = probs[task][:, 0]
                found.append(
                    SequenceOutputs(
                        video=video.video,
                        frame_number=video.frame_number,
                        time_s=video.time_s,
                        probs=probs,
                    )
                )
        return found

    def _rate(self) -> float:
        """Return the share of the peak rate in this epoch."""
        last = self._recipe.num_epochs
        if self._num_warm:
            if self._epoch < self._num_warm:
                return self._epoch / self._num_warm
            return (last - self._epoch) / (last - self._num_warm)
        num_falling = last - self._num_constant
        return 1.0 - max(0, self._epoch + 1 - self._num_constant) / (num_falling + 1)

    def _padded(self, videos: Sequence[FrameSequence]) -> Padded:
        labels = [to_targets(video.targets, _CPU, LabelSpaces()) for video in videos]
        features = [
            torch.from_numpy(
                ((video.features - self._mean) * self._scale).astype(np.float32)
            )
            for video in videos
        ]
        times = [torch.from_numpy(video.time_s.astype(np.float32)) for video in videos]
        longest = max(len(video) for video in videos)
        grid = times[int(np.argmax([len(video) for video in videos]))]
        return Padded(
            pad_sequence(features, batch_first=True),
            grid.expand(len(videos), longest),
            {task: _padded([each[0][task] for each in labels]) for task in labels[0][0]},
            {task: _padded([each[1][task] for each in labels]) for task in labels[0][1]},
            [len(video) for video in videos],
        )


def published_loss(outputs: dict[Task, Tensor], window: Padded) -> Tensor:
    """Return the weighted loss of a window; a task without labels has none."""
    total = torch.zeros(())
    for task, raw in outputs.items():
        target, valid = window.targets[task], window.valid[task]
        if task in {Task.VALENCE, Task.AROUSAL}:
            loss = ((raw - target) * valid).square().mean()
        elif not valid.any():
            continue
        elif task is Task.EXPRESSION:
            loss = cross_entropy(raw[valid], target[valid])
        else:
            loss = binary_cross_entropy_with_logits(raw[valid], target[valid])
        total = total + PUBLISHED[task] * loss
    return total


def _redraw(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0.0, INITIAL_SD)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def _detached(memory: Memory) -> Memory:
    if isinstance(memory, tuple):
        return memory[0].detach(), memory[1].detach()
    return None if memory is None else memory.detach()


def _padded(values: list[Tensor]) -> Tensor:
    return pad_sequence(values, batch_first=True)
