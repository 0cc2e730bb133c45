"""Train `FaceUnits` on generated faces with exact action units.

Every frame is used twice: relative to the person's own neutral face as the analyzer
estimates it, and relative to the population's, as for a photograph. Symbols: N rows, D
measures, K units.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wildaffect.core.config import Config
from wildaffect.models.face_units import Asymmetry, FaceUnits, UnitOutputs

SMALLEST_SPREAD = 1e-3
RIDGE = 1e3
ONE_SIDED = 0.1
"""Difference between the sides from which a row counts as one-sided."""
ONE_SIDED_WEIGHT = 50.0
"""Weight of one-sided rows in the regression; other rows have weight 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTargets:
    """Ground truth of N rows with K action units."""

    left: NDArray[np.float32]
    """Intensity in [0, 1] on the subject's left side, shape (N, K)."""
    right: NDArray[np.float32]

    affect: NDArray[np.float32]
    """Currently displayed valence and arousal, in [-1, 1], shape (N, 2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceUnitsRecipe(Config):
    """Training settings of `FaceUnits`."""

    hidden: tuple[int, int] = (96, 64)
    dropout: float = 0.2
    noise: tuple[float, float] = (0.5, 1.5)
    """Standard deviation of the noise on measures, relative to their spread over generated
    faces: with the person's own neutral face, and without it. Real faces at rest vary more
    than generated ones."""
    present_from: float = 0.3
    """Minimum intensity of a present action unit: between FACS grades A and B."""
    peak_lr: float = 4e-3
    weight_decay: float = 0.05
    batch_size: int = 256
    num_epochs: int = 10
    seed: int = 0


def train_face_units(
    rows: NDArray[np.float32],
    targets: UnitTargets,
    mirror: NDArray[np.int64],
    recipe: FaceUnitsRecipe,
) -> Iterator[tuple[float, FaceUnits]]:
    """Yield the mean loss and the network after each epoch; the last network is the result.

    Args:
        rows: Measures of `UNIT_INPUTS`, the last of them the confidence of the neutral,
            shape (N, D).
        targets: Ground truth of the same rows.
        mirror: Index of the measure that replaces each measure in a mirrored face, shape
            (D,).
        recipe: Training settings.
    """
    torch.manual_seed(recipe.seed)
    network = FaceUnits(
        torch.tensor(_for_both_sides(np.median(rows, axis=0), mirror)),
        torch.tensor(np.maximum(_for_both_sides(rows.std(0), mirror), SMALLEST_SPREAD)),
        torch.tensor(mirror),
        num_units=targets.left.shape[1],
        hidden=recipe.hidden,
        dropout=recipe.dropout,
    )
    standardized = network.standardize(torch.tensor(rows))
    known = torch.tensor(rows[:, -1:])
    own, population = recipe.noise
    noise = (known * own + (1 - known) * population).repeat(1, rows.shape[1])
    noise[:, -1] = 0.0
    truth = [torch.tensor(part) for part in (targets.left, targets.right, targets.affect)]
    optimizer = torch.optim.AdamW(
        network.parameters(), recipe.peak_lr, weight_decay=recipe.weight_decay
    )
    num_steps = -(-len(rows) // recipe.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.peak_lr, total_steps=num_steps * recipe.num_epochs
    )
    for _ in range(recipe.num_epochs):
        network.train()
        total = 0.0
        for batch in torch.randperm(len(rows)).split(recipe.batch_size):
            noisy = standardized[batch]
            noisy = noisy + noise[batch] * torch.randn_like(noisy)
            outputs = network.of_standardized(noisy)
            loss = unit_loss(
                outputs,
                *(target[batch] for target in truth),
                present_from=recipe.present_from,
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(batch)
        yield total / len(rows), network


def _for_both_sides(
    statistic: NDArray[np.floating], mirror: NDArray[np.int64]
) -> NDArray[np.floating]:
    """Return the mean of a measure and its mirror image, which a mirror does not change."""
    return (statistic + statistic[mirror]) / 2


def fit_asymmetry(
    rows: NDArray[np.float32], targets: UnitTargets, units: FaceUnits
) -> Asymmetry:
    """Return the weighted ridge regression of left minus right on the measures.

    Rows that show a unit on one side alone have a larger weight: they are so rare that the
    unweighted regression hardly distinguishes the sides.

    Args:
        rows: Rows as for `train_face_units`.
        targets: Ground truth of the same rows.
        units: Standardizes the rows.
    """
    standardized = units.standardize(torch.tensor(rows)).double()
    measured = ((standardized - standardized[:, units.mirror]) / 2).numpy()
    difference = (targets.left - targets.right).astype(np.float64)
    penalty = RIDGE * np.eye(measured.shape[1])
    weights = []
    for wanted in difference.T:
        weighted = (
            measured * np.where(np.abs(wanted) > ONE_SIDED, ONE_SIDED_WEIGHT, 1.0)[:, None]
        )
        weights.append(
            np.linalg.solve(weighted.T @ measured + penalty, weighted.T @ wanted)
        )
    weight = torch.tensor(np.stack(weights, axis=1), dtype=torch.float32)
    return Asymmetry(weight, units.mirror)


def unit_loss(
    outputs: UnitOutputs,
    left: Tensor,
    right: Tensor,
    affect: Tensor,
    *,
    present_from: float,
) -> Tensor:
    """Return squared errors of intensities and affect, plus cross-entropy of occurrence.

    The cross-entropy has weight 0.1, because its values are about ten times as large.
    """
    sides = (outputs.intensity_left - left) ** 2 + (outputs.intensity_right - right) ** 2
    is_present = (torch.maximum(left, right) >= present_from).float()
    occurrence = nn.functional.binary_cross_entropy_with_logits(outputs.logits, is_present)
    affect_error = ((outputs.affect - affect) ** 2).mean()
    return sides.mean() + 0.1 * occurrence + affect_error
