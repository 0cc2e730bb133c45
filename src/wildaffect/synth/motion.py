"""Movement of head and eyes: the ground truth of pose and gaze, by frame."""

import numpy as np
from numpy.typing import NDArray

from wildaffect.synth.noise import wander

FPS = 30.0
"""Rate of every generated video."""
MAX_GAZE = 0.40
"""Maximum rotation of the eyes in the head, in radians."""


def move_head(
    rng: np.random.Generator,
    valence: NDArray[np.float64],
    arousal: NDArray[np.float64],
    talking: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return yaw, pitch, roll in radians, livelier with arousal, shape (T, 3)."""
    num, step = len(valence), 1 / FPS
    lively = 0.75 + 0.5 * np.clip(arousal, 0, 1)
    yaw = rng.normal(0, 0.20) + lively * wander(rng, num, step, 1.8, 0.20)
    pitch = rng.normal(-0.02, 0.08) + lively * wander(rng, num, step, 1.6, 0.09)
    roll = rng.normal(0, 0.04) + lively * wander(rng, num, step, 2.2, 0.06)
    pitch = pitch + 0.05 * arousal + 0.07 * np.minimum(valence, 0)
    pitch = pitch + 0.03 * talking * wander(rng, num, step, 0.25)
    return np.stack([np.clip(yaw, -0.85, 0.85), np.clip(pitch, -0.5, 0.5), roll], 1)


def move_eyes(
    rng: np.random.Generator, times_s: NDArray[np.float64], pose: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the rotation of the eyes to the subject's left and up in radians, (T, 2)."""
    num = len(times_s)
    averted = rng.uniform(0.08, 0.22)
    fixations = np.cumsum(rng.exponential(0.9, int(times_s[-1] / 0.45) + 8) + 0.15)
    which = np.searchsorted(fixations, times_s)
    goals = rng.standard_normal((len(fixations) + 1, 2)) * [averted, 0.5 * averted]
    goals[rng.random(len(goals)) < 0.45] *= 0.15
    tremor = np.stack([wander(rng, num, 1 / FPS, 0.1, 0.008) for _ in range(2)], 1)
    gaze = goals[which] + tremor - 0.55 * pose[:, :2]
    return np.clip(gaze, -MAX_GAZE, MAX_GAZE)
