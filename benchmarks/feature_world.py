"""Invented videos as features and labels, laid out like s-Aff-Wild2; no pictures.

A video follows a smooth hidden state of its person. Features are nonlinear mixtures of the
state, shifted by the person and noisy, so that context and many people help. Labels are
functions of the state. Lengths spread as in s-Aff-Wild2, and whole videos lack the labels
of a task as often as rows do there. Symbols: T rows, S states.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.columns import TaskColumn, TaskColumns
from wildaffect.core.sequences import FrameSequence

Floats = NDArray[np.float64]

ROW_S = 0.28
"""Seconds between rows: 8.45 frames at 30 a second."""
NUM_STATES, NUM_FEATURES, NUM_CLASSES, NUM_UNITS = 8, 48, 8, 12
NOISE = 1.5
"""Spread of the noise on a feature, whose own is about 1.2."""
MEMORY = 0.94
"""Correlation of the state from row to row: it changes over some 5 s."""
LABELED = {"affect": 0.73, "expression": 0.64, "units": 0.73}
"""Share of videos with labels of a task, as of rows in s-Aff-Wild2."""
SHORTEST, LONGEST, SPREAD = 11, 4218, 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Labels of one video before rows are masked."""

    valence: Floats
    arousal: Floats
    expression: NDArray[np.int64]
    units: NDArray[np.bool_]


LabelRule = Callable[[Floats, np.random.Generator], Labels]
"""Labels from the states of a video, shape (T, S)."""


def independent_labels(states: Floats, rng: np.random.Generator) -> Labels:
    """Return labels that each depend on the state directly."""
    fixed = np.random.default_rng(77)
    to_class = fixed.normal(size=(NUM_STATES, NUM_CLASSES))
    priors = np.linspace(0.9, -0.9, NUM_CLASSES)
    to_units = fixed.normal(size=(NUM_STATES, NUM_UNITS)) / np.sqrt(NUM_STATES)
    limits = np.linspace(0.0, 1.3, NUM_UNITS)
    noise = 0.4 * rng.normal(size=(len(states), NUM_UNITS))
    return Labels(
        valence=np.tanh(0.6 * states[:, 0] + 0.3 * states[:, 2]),
        arousal=np.tanh(0.5 * states[:, 1] - 0.3 * states[:, 3]),
        expression=(states @ to_class / 1.5 + priors).argmax(1),
        units=states @ to_units + noise > limits,
    )


def invented_videos(
    prefix: str,
    num_videos: int,
    num_rows: int,
    *,
    seed: int,
    labels_of: LabelRule = independent_labels,
    arousal_share: float = 1.0,
) -> list[FrameSequence]:
    """Return videos of as many people with about this many rows in all.

    Args:
        prefix: Beginning of the names of the videos.
        num_videos: Number of videos.
        num_rows: Number of rows of all videos, about.
        seed: Random seed; the mixtures are the same for all seeds.
        labels_of: Labels of a video from its states.
        arousal_share: Share of the videos with valence labels that have arousal labels.
    """
    rng = np.random.default_rng((seed, num_videos))
    drawn = np.exp(SPREAD * rng.normal(size=num_videos))
    lengths = (drawn / drawn.sum() * num_rows).astype(int).clip(SHORTEST, LONGEST)
    return [
        _video(f"{prefix}{index:03d}", int(length), rng, labels_of, arousal_share)
        for index, length in enumerate(lengths)
    ]


def _video(
    name: str,
    length: int,
    rng: np.random.Generator,
    labels_of: LabelRule,
    arousal_share: float,
) -> FrameSequence:
    states = _states(length, rng)
    labels = labels_of(states, rng)
    fixed = np.random.default_rng(78)
    into = fixed.normal(size=(NUM_STATES, NUM_FEATURES)) / np.sqrt(NUM_STATES)
    bends = fixed.normal(size=(NUM_STATES, NUM_FEATURES)) / np.sqrt(NUM_STATES)
    seen = states @ into + np.sin(2 * states @ bends)
    seen += 0.8 * rng.normal(size=NUM_FEATURES)  # the person
    seen += NOISE * rng.normal(size=seen.shape)
    rows = np.arange(length)
    valid = {task: np.full(length, rng.random() < share) for task, share in LABELED.items()}
    has_arousal = valid["affect"] & (arousal_share == 1 or rng.random() < arousal_share)
    return FrameSequence(
        video=name,
        subject=name,
        frame_number=rows,
        time_s=rows * ROW_S,
        time_is_guessed=False,
        features=seen.astype(np.float32),
        has_feature=np.ones(length, bool),
        targets=TaskColumns(
            valence=TaskColumn(labels.valence.astype(np.float32), valid["affect"]),
            arousal=TaskColumn(labels.arousal.astype(np.float32), has_arousal),
            expression=TaskColumn(labels.expression, valid["expression"]),
            action_units=TaskColumn(
                labels.units.astype(np.int8),
                np.repeat(valid["units"][:, None], NUM_UNITS, axis=1),
            ),
        ),
        annotation_rows=rows,
        sequence_row=rows,
    )


def _states(length: int, rng: np.random.Generator) -> Floats:
    """Return a stationary process of variance 1, with a mean of the person."""
    steps = rng.normal(size=(length, NUM_STATES)) * np.sqrt(1 - MEMORY**2)
    states = np.empty_like(steps)
    state = rng.normal(size=NUM_STATES)
    for row, step in enumerate(steps):
        state = MEMORY * state + step
        states[row] = state
    return states + 0.5 * rng.normal(size=NUM_STATES)
