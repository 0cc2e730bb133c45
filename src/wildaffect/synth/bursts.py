"""Movements without affect, on one or both sides of the face, and mutual exclusion.

Symbols: T video frames, U action units in the order of `facs.DRAWN`. Arrays with sides have
shape (2, T, U), the subject's left first.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wildaffect.synth.facs import COLUMN
from wildaffect.synth.noise import smoothstep

Sided = NDArray[np.float64]
MAX_TOGETHER = 0.15
"""Intensity from which an action unit fully suppresses those that it excludes."""
EXCLUDES: dict[int, tuple[int, ...]] = {
    28: (24, 23, 25, 26, 16, 18, 22),
    24: (25, 26, 16, 22),
    20: (18, 22),
    43: (5,),
}
"""Action units that are anatomically incompatible; the first takes precedence.

Lips that are sucked in (28) or pressed (24) are closed, and lips that are sucked in cannot
be pressed; stretched lips (20) are neither puckered nor funneled; a closed eye (43) has no
raised upper lid (5). Earlier entries are applied first.
"""
PARTS_LIPS: dict[int, float] = {9: 0.35, 10: 0.5, 16: 0.6, 26: 0.7}
"""Intensity of parted lips (25) with an action unit that pulls them apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bursts:
    """Rates of spontaneous action units."""

    per_minute: dict[int, float]
    """Bursts of each action unit."""
    one_sided: dict[int, float]
    """Share of one-sided bursts of an action unit."""
    weakest: float = 0.15
    strongest: float = 1.0


def add_bursts(
    rng: np.random.Generator, times_s: NDArray[np.float64], shown: Sided, bursts: Bursts
) -> None:
    """Write bursts into `shown` where they are stronger than the current values."""
    for number, per_minute in bursts.per_minute.items():
        for _ in range(rng.poisson(per_minute * (times_s[-1] + 2) / 60)):
            start = rng.uniform(-2, times_s[-1])
            onset, apex, offset = rng.uniform(0.1, 0.5), rng.exponential(1.2), 0.4
            level = rng.uniform(bursts.weakest, bursts.strongest)
            sides = np.ones(2)
            if rng.random() < bursts.one_sided.get(number, 0.0):
                sides[rng.integers(2)] = max(0.0, rng.uniform(-1.0, 0.4))
            rise = smoothstep(start, start + onset, times_s)
            fall = start + onset + apex
            burst = level * rise * (1 - smoothstep(fall, fall + offset, times_s))
            part = shown[:, :, COLUMN[number]]
            np.maximum(part, sides[:, None] * burst, out=part)


def keep_to_anatomy(shown: Sided) -> NDArray[np.float64]:
    """Part lips that are pulled apart and suppress incompatible action units in `shown`.

    Returns: Share by which the mouth is free to speak, in [0, 1], shape (T,).
    """
    lips = shown[:, :, COLUMN[25]]
    for number, share in PARTS_LIPS.items():
        np.maximum(lips, share * shown[:, :, COLUMN[number]].max(0), out=lips)
    for number, others in EXCLUDES.items():
        left_over = 1 - shown[:, :, COLUMN[number]] / MAX_TOGETHER
        columns = [COLUMN[other] for other in others]
        shown[:, :, columns] *= np.clip(left_over, 0, 1)[:, :, None]
    closed = shown[:, :, [COLUMN[24], COLUMN[28]]].max((0, 2))
    return np.clip(1 - closed / MAX_TOGETHER, 0, 1)
