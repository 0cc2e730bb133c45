"""Frequencies of events: three settings for generated data sets.

`EVERYDAY` is for models that must handle any face: every expression and action unit at
    every
intensity, affect that shows on the face while it lasts, and annotators who label
    everything. `WILD`
follows the counts of the s-Aff-Wild2 training annotations (expressions of 90,645
rows, action units of 103,316 rows); `BALANCED` gives each class and unit enough examples.
Source: counts printed in the public notebook `abaw4_mtl_train.ipynb` of sb-ai-lab's
EmotiEffLib; sampling gaps are aggregates over its validation rows.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wildaffect.synth.bursts import Bursts

StatisticsName = Literal["balanced", "wild", "everyday"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Frequencies of events and annotation errors of a data set."""

    name: StatisticsName
    episode_prior: tuple[float, ...]
    """Probabilities of the eight expressions in an episode."""
    mood_concentration: float
    """Dirichlet weight of the prior: for small values, videos differ much in mood."""
    free_per_minute: dict[int, float]
    """Bursts of an action unit without affect."""
    threshold: dict[int, float]
    """Intensity from which an annotator labels an action unit as present."""
    talking: float
    """Median share of time spent talking."""
    confusion: float
    """Share of expression segments that the annotator confuses with a similar class."""
    median_gap: float
    """Video frames from one annotated frame to the next."""
    gap_sigma: float
    """Spread of the logarithm of the gap; 0 is regular."""
    repeated_rows: float
    """Share of repeated rows."""
    patterns: dict[str, float]
    """Probability of each set of labels of a segment (v: valence and arousal, e, a)."""
    broken_videos: float
    """Share of videos whose pattern changes midway."""
    episode_intensity: tuple[float, float, float] = (0.25, 2.0, 1.8)
    """Minimum strength of an episode, and parameters of the beta distribution above."""
    typical: float = 0.0
    """Minimum share of an expression's typical action units in an episode, weighted by
    their probability; with 0, an episode may have none."""
    has_variants: bool = False
    """True if an expression uses one of its `prototypes.VARIANTS` per episode."""
    masked: float = 0.15
    """Share of negative episodes that are masked with a smile."""
    pauses: bool = True
    """True if the face goes blank for moments during an episode."""
    bursts: Bursts | None = None
    """Two-sided and one-sided movements without affect; if set, anatomy is respected."""


EVERY = 0.30
BALANCED = Statistics(
    name="balanced",
    episode_prior=(0.16, 0.12, 0.12, 0.12, 0.13, 0.13, 0.11, 0.11),
    mood_concentration=6.0,
    free_per_minute={1: 1.2, 2: 1.6, 6: 1.5, 10: 1.2, 12: 1.0, 15: 1.2, 23: 3.0, 24: 1.8},
    threshold={
        1: EVERY, 2: EVERY, 4: EVERY, 6: EVERY, 7: EVERY, 10: EVERY, 12: EVERY, 15: EVERY,
        23: EVERY, 24: EVERY, 25: EVERY, 26: EVERY,
    },
    talking=0.30,
    confusion=0.08,
    median_gap=3.0,
    gap_sigma=0.0,
    repeated_rows=0.0,
    patterns={"vea": 0.88, "va": 0.04, "ve": 0.04, "ea": 0.04},
    broken_videos=0.6,
)  # fmt: skip
WILD = Statistics(
    name="wild",
    episode_prior=(0.258, 0.060, 0.031, 0.030, 0.224, 0.082, 0.060, 0.255),
    mood_concentration=7.0,
    free_per_minute={1: 2.0, 4: 1.5, 6: 6.5, 7: 8.0, 10: 11.0, 12: 2.0, 25: 6.0},
    threshold={
        1: 0.25, 2: 0.39, 4: 0.22, 6: 0.20, 7: 0.13, 10: 0.12, 12: 0.20, 15: 0.60,
        23: 0.48, 24: 0.42, 25: 0.14, 26: 0.54,
    },
    talking=0.68,
    confusion=0.18,
    median_gap=4.0,
    gap_sigma=1.22,
    repeated_rows=0.0067,
    patterns={
        "vea": 0.37, "va": 0.16, "ve": 0.09, "ea": 0.09, "v": 0.11, "a": 0.11, "e": 0.07,
    },
    broken_videos=0.25,
)  # fmt: skip
EVERYDAY = Statistics(
    name="everyday",
    episode_prior=(0.32, 0.100, 0.105, 0.100, 0.100, 0.100, 0.100, 0.075),
    mood_concentration=8.0,
    free_per_minute={},
    threshold=BALANCED.threshold,
    talking=0.40,
    confusion=0.0,
    median_gap=4.0,
    gap_sigma=0.5,
    repeated_rows=0.0,
    patterns={"vea": 1.0},
    broken_videos=0.0,
    episode_intensity=(0.15, 1.0, 1.0),
    typical=0.35,
    has_variants=True,
    masked=0.0,
    pauses=False,
    bursts=Bursts(
        per_minute={
            1: 1.2, 2: 1.8, 4: 1.5, 5: 1.8, 6: 0.8, 7: 1.5, 9: 1.8, 10: 1.8, 12: 0.8,
            14: 1.8, 15: 1.8, 16: 0.6, 17: 1.8, 18: 1.2, 20: 1.8, 22: 0.8, 23: 1.8,
            24: 1.5, 25: 0.8, 26: 0.8, 28: 1.8, 43: 1.5,
        },
        one_sided={
            2: 0.5, 4: 0.25, 7: 0.15, 9: 0.5, 10: 0.5, 12: 0.65, 14: 0.65, 15: 0.5,
            16: 0.2, 43: 0.4,
        },
    ),
)  # fmt: skip
STATISTICS = {"balanced": BALANCED, "wild": WILD, "everyday": EVERYDAY}

MAX_GAP = 543
"""Longest gap between annotated frames of the s-Aff-Wild2 validation rows."""
WILD_EXPRESSION_SHARES = (
    np.array([23976, 4555, 3168, 3122, 18135, 7609, 5228, 24852]) / 90645
)
"""Shares of the eight expressions among labeled rows, in ABAW order."""
WILD_ACTION_UNIT_SHARES = (
    np.array(
        [18713, 8745, 20342, 30605, 41337, 38286, 26783, 2460, 2980, 5003, 70584, 10756]
    )
    / 103316
)
"""Shares of the twelve action units among labeled rows."""
WILD_VALID_SHARES = {"v": 0.73, "e": 0.637, "a": 0.726, "vea": 0.37}
EXPRESSION_BAND = 0.04
"""Tolerance of the share of a class in a set of 300 videos."""
ACTION_UNIT_BAND = 0.045
"""The same for an action unit's share of positives."""
VALID_BAND = 0.06


def draw_frame_numbers(
    rng: np.random.Generator, statistics: Statistics, num_rows: int, *, stretch: float = 1.0
) -> NDArray[np.int64]:
    """Return the labeled frames of a video, from 1, strictly ascending."""
    median = statistics.median_gap * stretch
    gaps = median * np.exp(statistics.gap_sigma * rng.standard_normal(num_rows))
    steps = np.clip(np.round(gaps), 1, MAX_GAP).astype(np.int64)
    return 1 + np.cumsum(steps) - steps[0]
