"""Intensity and occurrence of action units from measures of one face in one frame.

A small network reads the measures and their mirror image: the former for the subject's left
side, the latter for the right. Mirrored measures therefore give the same action units with
sides swapped. Symbols: N faces, D measures, K action units, E classes.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

LIMIT = 5.0
"""Standardized measures are clipped to +-LIMIT: real faces exceed the generated range."""
NUM_AFFECT = 2
SMALLEST = 1e-30


class UnitOutputs(NamedTuple):
    """Outputs for action units; the stronger side counts."""

    logits: Tensor
    """Logits of occurrence, shape (N, K)."""
    intensity: Tensor
    """Intensity in [0, 1], shape (N, K)."""
    intensity_left: Tensor
    """Intensity on the subject's left side, shape (N, K)."""
    intensity_right: Tensor
    affect: Tensor
    """Valence and arousal in [-1, 1], shape (N, 2)."""


class FaceUnits(nn.Module):
    """A multilayer perceptron shared by both sides of the face.

    Args:
        mean: Mean of each measure of a face at rest, shape (D,).
        spread: Spread of each measure, positive, shape (D,).
        mirror: Index of the measure that replaces each measure in a mirrored face, (D,).
        num_units: Number of action units K.
        hidden: Units of the two hidden layers.
        dropout: Dropout after the first hidden layer, in [0, 1).
    """

    mean: Tensor
    spread: Tensor
    mirror: Tensor

    def __init__(
        self,
        mean: Tensor,
        spread: Tensor,
        mirror: Tensor,
        *,
        num_units: int,
        hidden: tuple[int, int] = (96, 64),
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("spread", spread)
        self.register_buffer("mirror", mirror)
        wide, narrow = hidden
        self.body = nn.Sequential(
            nn.Linear(len(mean), wide),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(wide, narrow),
            nn.GELU(),
            nn.Linear(narrow, 2 * num_units + NUM_AFFECT),
        )
        self.num_units = num_units

    def standardize(self, measures: Tensor) -> Tensor:
        """Standardize measures (N, D) relative to a face at rest."""
        return ((measures - self.mean) / self.spread).clamp(-LIMIT, LIMIT)

    def forward(self, measures: Tensor) -> UnitOutputs:
        """Return the outputs for measures (N, D)."""
        return self.of_standardized(self.standardize(measures))

    def of_standardized(self, standardized: Tensor) -> UnitOutputs:
        """Return the outputs for standardized measures (N, D)."""
        seen, mirrored = self.body(standardized), self.body(standardized[:, self.mirror])
        both = (seen + mirrored) / 2
        sides = slice(self.num_units, 2 * self.num_units)
        left, right = seen[:, sides].sigmoid(), mirrored[:, sides].sigmoid()
        return UnitOutputs(
            logits=both[:, : self.num_units],
            intensity=torch.maximum(left, right),
            intensity_left=left,
            intensity_right=right,
            affect=both[:, 2 * self.num_units :].tanh(),
        )


class Asymmetry(nn.Module):
    """Standardized measures -> difference between the left and the right side.

    Linear in the antisymmetric part of the measures, so that a mirrored face gives the
    opposite. The two sides that `FaceUnits` predicts are far too similar for this: it is
    trained on mostly symmetric faces.

    Args:
        weight: Shape (D, K).
        mirror: As for `FaceUnits`.
    """

    weight: Tensor
    mirror: Tensor

    def __init__(self, weight: Tensor, mirror: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("mirror", mirror)

    def forward(self, standardized: Tensor) -> Tensor:
        """Return left minus right in [-1, 1], shape (N, K)."""
        difference = (standardized - standardized[:, self.mirror]) / 2
        return (difference @ self.weight).clamp(-1, 1)


def between(ends: tuple[float, float], known: Tensor) -> Tensor:
    """Interpolate linearly per row, from the first end at `known` 0 to the second at 1."""
    first, second = ends
    return first + known * (second - first)


class Prototypes(nn.Module):
    """Expression from intensities of action units, by published prototypes.

    Naive Bayes over soft evidence: each form of an expression gives the probability of each
    action unit; units are independent, and forms of one expression are equally likely.

    Args:
        forms: Probabilities of each form in (0, 1), one row per form, K columns.
        expression_of: Class of each form.
        log_prior: Log prior of each class, length E.
        present_from: Intensity at which a unit is present with probability 0.5, without
            and with the person's own neutral face; intensities relative to the population's
            are biased towards their mean.
        slope: Slope of that probability.
        sharpness: Factor of the log-likelihood, without and with the person's own neutral
            face; below 1 to account for correlated errors of units.
    """

    forms: Tensor
    log_prior: Tensor
    of_class: Tensor
    """Share of each form in its class, shape (forms, E)."""

    def __init__(
        self,
        forms: Sequence[Sequence[float]],
        expression_of: Sequence[int],
        log_prior: Sequence[float],
        *,
        present_from: tuple[float, float],
        slope: float,
        sharpness: tuple[float, float],
    ) -> None:
        super().__init__()
        self.register_buffer("forms", torch.tensor(forms, dtype=torch.float32))
        self.register_buffer("log_prior", torch.tensor(log_prior, dtype=torch.float32))
        of_class = torch.zeros(len(forms), len(log_prior))
        of_class[torch.arange(len(forms)), torch.tensor(expression_of)] = 1.0
        self.register_buffer("of_class", of_class / of_class.sum(0))
        self.present_from, self.slope, self.sharpness = present_from, slope, sharpness

    def forward(self, intensity: Tensor, known: Tensor) -> Tensor:
        """Return logits (N, E) for intensities (N, K) in [0, 1].

        Args:
            intensity: Intensities of the units.
            known: Confidence of the person's own neutral face, in [0, 1], shape (N, 1).
        """
        present_from = between(self.present_from, known)
        sharpness = between(self.sharpness, known)
        present = (self.slope * (intensity - present_from)).sigmoid()[:, None]
        likelihood = present * self.forms + (1 - present) * (1 - self.forms)
        per_form = likelihood.log().sum(2)
        best = per_form.amax(1, keepdim=True)
        classes = ((per_form - best).exp() @ self.of_class).clamp_min(SMALLEST).log() + best
        return sharpness * classes + self.log_prior
