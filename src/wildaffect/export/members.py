"""Frame-wise networks as members of an artifact.

Each maps `features` (1, T, D) to outputs named after tasks, as `manifest.Member` requires.
Symbols: T rows, D features, K action units, E classes.
"""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from wildaffect.core.errors import BadArtifact
from wildaffect.core.tasks import Task
from wildaffect.export.onnx import LARGEST_DIFFERENCE, OPSET, expected_warnings_ignored
from wildaffect.inference.model import INTENSITIES, MAX_INTENSITY
from wildaffect.models.face_units import Asymmetry, FaceUnits, Prototypes, between
from wildaffect.runtime.network import Device, Network

PARITY_ROWS = (1, 64)


class FaceMember(nn.Module):
    """Predictions of all tasks from the measures of one frame.

    Valence and arousal are the mean of the output of the action unit network and of the
    expected affect of the expression.

    Args:
        units: Action unit network on the first columns of a row, the last of which is the
            confidence of the person's own neutral face.
        asymmetry: Distinguishes the sides of units; the stronger side has the intensity.
        prototypes: Predicts the expression.
        read: Indices of the units that `prototypes` reads.
        places: Valence and arousal of each class, shape (E, 2).
        smile: Columns of the smile scores, each in [0, 1], after those of the units.
        smile_weight: Weight of their mean, added to the valence.
    """

    outputs = (
        Task.ACTION_UNITS,
        *INTENSITIES,
        Task.EXPRESSION,
        Task.VALENCE,
        Task.AROUSAL,
    )
    places: Tensor

    def __init__(
        self,
        units: FaceUnits,
        asymmetry: Asymmetry,
        prototypes: Prototypes,
        *,
        read: Sequence[int],
        places: Tensor,
        smile: Sequence[int],
        smile_weight: float,
    ) -> None:
        super().__init__()
        self.units, self.asymmetry, self.prototypes = units, asymmetry, prototypes
        self.read = list(read)
        self.smile, self.smile_weight = list(smile), smile_weight
        self.num_measures = int(units.mean.numel())
        self.register_buffer("places", places)

    def forward(self, features: Tensor) -> tuple[Tensor, ...]:
        """Return the predictions for rows (1, T, D), in the order of `outputs`."""
        rows = features[0]
        measures = rows[:, : self.num_measures]
        predicted = self.units(measures)
        smile = self.smile_weight * rows[:, self.smile].mean(1)
        expression = self.prototypes(
            predicted.intensity[:, self.read], known=measures[:, -1:]
        )
        place = expression.softmax(1) @ self.places
        valence = ((predicted.affect[:, 0] + smile).clamp(-1, 1) + place[:, 0]) / 2
        arousal = (predicted.affect[:, 1] + place[:, 1]) / 2
        left_leads = self.asymmetry(self.units.standardize(measures))
        left = (predicted.intensity + left_leads.clamp(max=0)).clamp_min(0)
        right = (predicted.intensity - left_leads.clamp(min=0)).clamp_min(0)
        return (
            predicted.logits[None],
            *(MAX_INTENSITY * level[None] for level in (predicted.intensity, left, right)),
            expression[None],
            valence[None],
            arousal[None],
        )


class AppearanceMember(nn.Module):
    """Expressions and affect from the logits of an image network.

    Each row averages its logits with the earlier ones in the window. The last column is the
    confidence of the person's own neutral face: the higher, the lower the weight of the
    image network, which is independent of the person.

    Args:
        columns: Index of the logit of each class, None if the network has none.
        places: Valence and arousal of each class, shape (E, 2).
        temperature: Temperature of the logits, without and with the person's own neutral
            face.
        absent: Probability of a class that the network does not have.
    """

    outputs = (Task.EXPRESSION, Task.VALENCE, Task.AROUSAL)
    places: Tensor

    def __init__(
        self,
        columns: Sequence[int | None],
        places: Tensor,
        *,
        temperature: tuple[float, float],
        absent: float,
    ) -> None:
        super().__init__()
        self.columns, self.temperature, self.absent = tuple(columns), temperature, absent
        self.register_buffer("places", places)

    def forward(self, features: Tensor) -> tuple[Tensor, ...]:
        """Return the predictions for rows (1, T, D), in the order of `outputs`."""
        looks, known = features[0, :, :-1], features[0, :, -1:]
        mean = looks.cumsum(0) / torch.ones_like(known).cumsum(0)
        temperature = between(self.temperature, known)
        shares = (mean / temperature).softmax(1)
        none = torch.full_like(shares[:, 0], self.absent)
        picked = [none if column is None else shares[:, column] for column in self.columns]
        probs = torch.stack(picked, 1)
        probs = probs / probs.sum(1, keepdim=True)
        affect = probs @ self.places
        logits = probs.clamp_min(1e-6).log()
        return logits[None], affect[None, :, 0], affect[None, :, 1]


def member_onnx(member: nn.Module, input_dim: int) -> bytes:
    """Export a member to ONNX, with a parity check.

    Args:
        member: Member defined in this module.
        input_dim: Width of the features, D.

    Raises:
        BadArtifact: If the parity check fails.
    """
    names = [str(name) for name in member.outputs]  # type: ignore[union-attr]
    member = member.eval()
    file: Any = BytesIO()
    with expected_warnings_ignored(), torch.no_grad():
        torch.onnx.export(
            member,
            (torch.zeros(1, 7, input_dim),),
            file,
            input_names=["features"],
            output_names=names,
            dynamic_axes={name: {1: "T"} for name in ("features", *names)},
            opset_version=OPSET,
            dynamo=False,
        )
    content: bytes = file.getvalue()
    _check(member, content, names, input_dim)
    return content


def _check(member: nn.Module, content: bytes, names: Sequence[str], input_dim: int) -> None:
    network = Network(content, device=Device())
    for num_rows in PARITY_ROWS:
        rows = torch.randn(
            1, num_rows, input_dim, generator=torch.Generator().manual_seed(num_rows)
        )
        with torch.no_grad():
            wanted: Mapping[str, Tensor] = dict(zip(names, member(rows), strict=True))
        for name, output in zip(network.output_names, network(rows.numpy()), strict=True):
            difference = float(np.abs(output - wanted[name].numpy()).max())
            if not difference <= LARGEST_DIFFERENCE:
                raise BadArtifact(
                    f"export: {name} of the exported network must be within "
                    f"{LARGEST_DIFFERENCE:g} of the model's, got {difference:g}"
                )
