"""Export of temporal models to ONNX, with a parity check.

Symbols: T rows, D features, K outputs.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from wildaffect.core.errors import BadArtifact
from wildaffect.core.tasks import Task
from wildaffect.models.build import TemporalModel
from wildaffect.runtime.network import Device, Network

INPUTS = ("features", "lengths", "times_s")
OPSET = 17
PARITY_ROWS = (1, 2, 37, 300)
"""Window lengths of the parity check."""
LARGEST_DIFFERENCE = 1e-4
"""Maximum difference between outputs of file and model, for rounding."""
_EXPECTED_WARNINGS = (
    # The tracing exporter supports dynamic T in recurrent layers; the newer one does not.
    (DeprecationWarning, "You are using the legacy TorchScript-based ONNX export", ""),
    (DeprecationWarning, "The feature will be removed", "torch.onnx"),
    # Raised for any recurrent layer; the batch size is always 1.
    (UserWarning, "Exporting a model to ONNX with a batch_size other than 1", ""),
    # Torch's own checks of widths, which are constant.
    (Warning, "Converting a tensor to a Python boolean", r"torch\.nn\.modules\.rnn"),
    # The exporter does not fold a slice; the runtime does.
    (UserWarning, "Constant folding - Only steps=1 can be constant folded", ""),
)
"""Category, start of the message and module of warnings that are harmless here."""


def to_onnx(model: TemporalModel) -> bytes:
    """Export the model to ONNX for one window of any length.

    Inputs are `features` (1, T, D), `lengths` (1,) and `times_s` (1, T), if the model reads
    them; outputs are named after tasks, (1, T) or (1, T, K), and raw. The model, on the
    CPU, is not modified.
    """
    was_training = model.training
    wrapped = _InOrder(model).eval()
    example = _window(model, num_rows=7, seed=0)
    file: Any = BytesIO()  # accepted by the recording exporter, though not in its types
    try:
        with expected_warnings_ignored(), torch.no_grad():
            torch.onnx.export(
                wrapped,
                example,
                file,
                input_names=list(INPUTS),
                output_names=[str(task) for task in model.config.tasks],
                dynamic_axes={"features": {1: "T"}, "times_s": {1: "T"}}
                | {str(task): {1: "T"} for task in model.config.tasks},
                opset_version=OPSET,
                dynamo=False,
            )
    finally:
        model.train(was_training)
    return file.getvalue()


def check_parity(
    model: TemporalModel,
    onnx: bytes,
    *,
    rows: Sequence[int] = PARITY_ROWS,
    seed: int = 0,
    absent: Sequence[int] = (),
) -> dict[Task, float]:
    """Return the largest difference between file and model per task, after checking them.

    Features are sampled from the model's standardization; the file runs in float32, as in
    `analyze`.

    Args:
        model: Exported model, on the CPU.
        onnx: Output of `to_onnx`.
        rows: Lengths of the windows, at least 1 each.
        seed: Random seed of the features.
        absent: Positions of feature sets that are absent in every second row.

    Raises:
        BadArtifact: If a task differs by more than `LARGEST_DIFFERENCE`.
    """
    network = Network(onnx, device=Device())
    worst = dict.fromkeys(model.config.tasks, 0.0)
    was_training = model.training
    model.eval()
    for num_rows in rows:
        window = _window(model, num_rows, seed)
        parts = window[0].split(model.set_widths, dim=-1)
        for place in absent:
            parts[place][:, ::2] = torch.nan  # a view of the window's features
        with torch.no_grad():
            expected = model(*window)
        arrays = dict(zip(INPUTS, (part.numpy() for part in window), strict=True))
        outputs = network(*(arrays[name] for name in network.input_names))
        for name, output in zip(network.output_names, outputs, strict=True):
            difference = float(np.abs(output - expected[Task(name)].numpy()).max())
            if not difference <= LARGEST_DIFFERENCE:
                raise BadArtifact(
                    f"export: {name} of the exported network must be within "
                    f"{LARGEST_DIFFERENCE:g} of the model's, got {difference:g}"
                )
            worst[Task(name)] = max(worst[Task(name)], difference)
    model.train(was_training)
    return worst


class _InOrder(nn.Module):
    """Returns outputs by position, for the exporter."""

    def __init__(self, model: TemporalModel) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, features: Tensor, lengths: Tensor, times_s: Tensor
    ) -> tuple[Tensor, ...]:
        return tuple(self.model(features, lengths, times_s).values())


def _window(
    model: TemporalModel, num_rows: int, seed: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return features, lengths and irregular times of a random window."""
    random = torch.Generator().manual_seed(seed)
    drawn = torch.randn(1, num_rows, model.input_dim, generator=random)
    scale = model.feature_scale.cpu()
    spread = torch.where(scale > 0, 1.0 / torch.where(scale > 0, scale, 1.0), 0.0)
    features = model.feature_mean.cpu() + drawn * spread
    gaps_s = torch.rand(1, num_rows, generator=random) * 0.3 + 0.03
    times_s = gaps_s.cumsum(1) - gaps_s[:, :1]
    return features, torch.tensor([num_rows]), times_s


@contextmanager
def expected_warnings_ignored() -> Iterator[None]:
    """Ignore the exporter's harmless warnings."""
    with warnings.catch_warnings():
        for category, message, module in _EXPECTED_WARNINGS:
            warnings.filterwarnings("ignore", message, category, module)
        yield
