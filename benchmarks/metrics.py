"""Time the scores and their intervals on invented labels, as a Markdown table.

Run: python benchmarks/metrics.py [RUNS]
"""

import statistics
import sys
import time
from collections.abc import Callable
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.core.columns import TaskColumn
from wildaffect.core.predictions import Predictions
from wildaffect.metrics.bootstrap import Measure, bootstrap_interval, paired_bootstrap
from wildaffect.metrics.scores import TaskScores, VideoStatistics, score

Floats = NDArray[np.float64]

ALL_SCORES = (
    "p_mtl",
    "mean_ccc",
    "ccc_valence",
    "ccc_arousal",
    "mse_valence",
    "mse_arousal",
    "pcc_valence",
    "pcc_arousal",
    "macro_f1_expression",
    "mean_f1_action_units",
)


def invented(num_rows: int, num_videos: int) -> tuple[Annotations, Predictions]:
    """Return labels of every task in every frame, and predictions that err."""
    rng = np.random.default_rng(0)
    every, cells = np.ones(num_rows, bool), np.ones((num_rows, 12), bool)
    valence, arousal = rng.uniform(-1, 1, (2, num_rows)).astype(np.float32)
    videos = tuple(f"video{number}" for number in range(num_videos))
    annotations = Annotations(
        source="invented",
        videos=videos,
        subjects=videos,
        video_index=rng.integers(0, num_videos, num_rows),
        frame_number=np.arange(num_rows),
        images=("",) * num_rows,
        lines=np.arange(num_rows),
        valence=TaskColumn(valence, every),
        arousal=TaskColumn(arousal, every),
        expression=TaskColumn(rng.integers(0, 8, num_rows), every),
        action_units=TaskColumn(rng.integers(0, 2, (num_rows, 12)).astype(np.int8), cells),
    )
    predictions = Predictions(
        valence=TaskColumn(
            valence + rng.normal(0, 0.3, num_rows).astype(np.float32), every
        ),
        arousal=TaskColumn(
            arousal + rng.normal(0, 0.3, num_rows).astype(np.float32), every
        ),
        expression=TaskColumn(rng.integers(0, 8, num_rows), every),
        action_units=TaskColumn(rng.integers(0, 2, (num_rows, 12)), cells),
    )
    return annotations, predictions


def every_score(scores: TaskScores) -> Floats:
    """Return all ten scores and the F1 of each label, shape (..., 30)."""
    single = np.stack([getattr(scores, name) for name in ALL_SCORES], axis=-1)
    return np.concatenate([single, scores.f1_expression, scores.f1_action_units], axis=-1)


def row(what: str, runs: int, action: Callable[[], object]) -> None:
    """Print one line of the table: median, fastest and slowest of `runs`."""
    took_ms = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        took_ms.append((time.perf_counter() - start) * 1000)
    median = statistics.median(took_ms)
    print(f"| {what} | {median:.1f} | {min(took_ms):.1f} - {max(took_ms):.1f} |")


def main() -> None:
    """Print the table."""
    runs = max(5, int(sys.argv[1])) if len(sys.argv) > 1 else 7
    p_mtl: Measure = attrgetter("p_mtl")
    print(f"| what | median of {runs} (ms) | range (ms) |\n|---|---|---|")
    for num_rows, num_videos in ((27_000, 80), (1_000_000, 600)):
        annotations, predictions = invented(num_rows, num_videos)
        stats = VideoStatistics.of(annotations, predictions)
        size = f"{num_rows:,} frames, {num_videos} videos"
        row(
            f"all scores of {size}",
            runs,
            lambda a=annotations, p=predictions: score(a, p),
        )
        row(
            f"interval of P_MTL, 2,000 resamples, {size}",
            runs,
            lambda s=stats: bootstrap_interval(s, p_mtl),
        )
        row(
            f"intervals of all 30 scores, 2,000 resamples, {size}",
            runs,
            lambda s=stats: bootstrap_interval(s, every_score),
        )
        row(
            f"paired difference of P_MTL, 2,000 resamples, {size}",
            runs,
            lambda s=stats: paired_bootstrap(s, s, p_mtl),
        )


if __name__ == "__main__":
    main()
