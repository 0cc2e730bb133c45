"""Time what is done after the networks, and show what trusting few videos costs.

Run: python benchmarks/calibration.py [DRAWS [OFFSET]]

Outputs are made up: the truth is slow, each video shifts the model's logits, each row adds
noise, and each unit and class has an offset of its own, times OFFSET (1; 0 is a model that
is off nowhere). Prints Markdown.
"""

import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from wildaffect.calibration.expression_bias import (
    CoordinateAscent,
    LogitAdjustment,
    fit_bias,
)
from wildaffect.calibration.fitting import cross_fit, fit_calibration
from wildaffect.calibration.labeled import LabeledRows, label_rows
from wildaffect.calibration.selection import select_members
from wildaffect.calibration.thresholds import (
    ThresholdSweep,
    common_threshold,
    fit_thresholds,
)
from wildaffect.core.columns import TaskColumn, TaskColumns
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.tasks import Task
from wildaffect.inference.smoothing import Box, CausalExponential, Gaussian, smooth
from wildaffect.metrics.counts import ConfusionCounts, UnitCounts

Floats = NDArray[np.float64]
World = tuple[list[SequenceOutputs], dict[str, TaskColumns]]

UNIT_RATES = np.array([0.2, 0.1, 0.2, 0.33, 0.5, 0.42, 0.31, 0.03, 0.03, 0.03, 0.75, 0.11])
CLASS_LOGITS = np.log([0.15, 0.04, 0.035, 0.06, 0.25, 0.12, 0.07, 0.275])
OFFSET = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
OFFSETS = OFFSET * np.random.default_rng(7).normal(size=12)
PRIORS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
NUM_VIDEOS = (10, 25, 50)


def slow(rng: np.random.Generator, times_s: Floats, num_columns: int) -> Floats:
    """Return waves of unit spread, shape (T, K)."""
    rates = rng.uniform(0.01, 0.3, (8, num_columns))
    phases = rng.uniform(0, 2 * np.pi, (8, num_columns))
    return np.sin(2 * np.pi * rates * times_s[:, None, None] + phases).sum(1) / 2


def video(seed: tuple[int, int], num_rows: int) -> tuple[SequenceOutputs, TaskColumns]:
    """Return what a model says of one video, and what is true."""
    rng, name = np.random.default_rng(seed), f"video{seed[1]}"
    times_s = np.cumsum(rng.choice([1, 1, 1, 1, 2, 4, 8, 20], num_rows)) / 30
    affect = np.clip(slow(rng, times_s, 2) / 2 + 0.3 * rng.normal(size=2), -1, 1)
    felt = slow(rng, times_s, 12) + 0.6 * rng.normal(size=12)
    limits = np.quantile(np.random.default_rng(1).normal(size=99999) * 1.17, 1 - UNIT_RATES)
    unit_logits = 2 * (felt - limits) + OFFSETS - OFFSET + 1.2 * rng.normal(size=12)
    unit_logits += 1.5 * rng.normal(size=(num_rows, 12))
    faces = slow(rng, times_s, 8) + rng.normal(size=8) + CLASS_LOGITS
    class_logits = 1.2 * faces + CLASS_LOGITS / 2 + OFFSETS[:8] / 2
    class_logits += 0.6 * rng.normal(size=8) + 1.5 * rng.normal(size=(num_rows, 8))
    powers = np.exp(class_logits - class_logits.max(1, keepdims=True))
    predicted = np.clip(affect * 0.7 + 0.25 * rng.normal(size=affect.shape), -1, 1)
    probs = {
        Task.VALENCE: predicted[:, 0],
        Task.AROUSAL: predicted[:, 1],
        Task.EXPRESSION: powers / powers.sum(1, keepdims=True),
        Task.ACTION_UNITS: 1 / (1 + np.exp(-unit_logits)),
    }
    everywhere = np.ones(num_rows, bool)
    return SequenceOutputs(
        video=name,
        frame_number=np.arange(num_rows),
        time_s=times_s,
        probs={task: values.astype(np.float32) for task, values in probs.items()},
    ), TaskColumns(
        valence=TaskColumn(affect[:, 0].astype(np.float32), everywhere),
        arousal=TaskColumn(affect[:, 1].astype(np.float32), everywhere),
        expression=TaskColumn(faces.argmax(1), rng.random(num_rows) < 0.6),
        action_units=TaskColumn(
            (felt > limits).astype(np.int8), np.ones((num_rows, 12), bool)
        ),
    )


def world(seed: int, num_videos: int, num_rows: int) -> World:
    """Return videos of one model."""
    pairs = [video((seed, index), num_rows) for index in range(num_videos)]
    return [predicted for predicted, _ in pairs], {
        predicted.video: truth for predicted, truth in pairs
    }


def seconds(call: Callable[[], object], runs: int = 3) -> float:
    """Return the median time of a call."""
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return float(np.median(taken))


def print_times() -> None:
    """Print how long each part takes on 27,000 rows of 50 videos."""
    outputs, targets = world(0, 50, 540)
    names = [output.video for output in outputs]
    folds = [names[start::5] for start in range(5)]
    times_s, values = np.arange(27000) / 30, np.random.default_rng(0).random((27000, 22))
    rows = values.astype(np.float32)
    print("| on 27,000 rows | s |\n|---|---|")
    kinds = (Gaussian(sd_s=0.2), Gaussian(sd_s=3.0), Box(width_s=3.0))
    for kind in (*kinds, CausalExponential(time_constant_s=0.4)):
        taken = seconds(partial(smooth, rows, times_s, kind))
        print(f"| smooth 22 columns, 30 rows a second, {kind} | {taken:.3f} |")
    print(f"| fit_calibration | {seconds(lambda: fit_calibration(outputs, targets)):.2f} |")
    taken = seconds(lambda: cross_fit(outputs, targets, folds))
    print(f"| cross_fit, 5 folds | {taken:.2f} |")
    members = [world(seed, 50, 540)[0] for seed in range(5)]
    members = [align(member, outputs) for member in members]
    taken = seconds(lambda: select_members(members, targets, folds, max_picks=10), 1)
    print(f"| select_members, 5 members, 10 picks, 5 folds | {taken:.2f} |\n")


def align(
    member: list[SequenceOutputs], like: list[SequenceOutputs]
) -> list[SequenceOutputs]:
    """Return outputs as if they were of the other videos' rows."""
    return [
        SequenceOutputs(
            video=other.video,
            frame_number=other.frame_number,
            time_s=other.time_s,
            probs=item.probs,
        )
        for item, other in zip(member, like, strict=True)
    ]


def print_trust(draws: int) -> None:
    """Print the F1 on 200 new videos by how much a single unit or class is believed."""
    new = label_rows(*world(999, 200, 200))
    columns = [str(prior) for prior in PRIORS]
    print(f"| new videos: mean F1 | fitted on | plain | other | {' | '.join(columns)} |")
    print("|---|---|---|---|" + "---|" * len(PRIORS))
    for task, measure in (
        (Task.ACTION_UNITS, unit_scores),
        (Task.EXPRESSION, class_scores),
    ):
        for num_videos in NUM_VIDEOS:
            found = [
                measure(label_rows(*world(seed, num_videos, 200)), new)
                for seed in range(draws)
            ]
            cells = " | ".join(f"{score:.3f}" for score in np.mean(found, axis=0))
            print(f"| {task} | {num_videos} videos | {cells} |")


def unit_scores(rows: LabeledRows, new: LabeledRows) -> list[float]:
    """Return F1 at 0.5, at the common threshold, and at drawn ones of each prior."""
    kind, task = Gaussian(sd_s=0.8), Task.ACTION_UNITS
    probs, fresh = rows.smoothed(task, kind), new.smoothed(task, kind)
    target, valid = rows.labels[task].values, rows.labels[task].valid
    tried = [
        fit_thresholds(
            probs, target, valid, rows.video_index, sweep=ThresholdSweep(prior_videos=prior)
        )
        for prior in PRIORS
    ]
    tried = [(0.5,) * 12, (common_threshold(probs, target == 1, valid),) * 12, *tried]
    return [
        float(
            UnitCounts.of(
                new.labels[task].values, (fresh >= np.float32(t)).astype(int)
            ).mean_f1()
        )
        for t in tried
    ]


def class_scores(rows: LabeledRows, new: LabeledRows) -> list[float]:
    """Return macro-F1 without bias, by logit adjustment, and by ascent of each prior."""
    kind, task = Gaussian(sd_s=0.8), Task.EXPRESSION
    valid, scored = rows.labels[task].valid, new.labels[task].valid
    probs, target = rows.smoothed(task, kind)[valid], rows.labels[task].values[valid]
    logs = np.log(new.smoothed(task, kind)[scored])
    fits = [LogitAdjustment(), *(CoordinateAscent(prior_videos=p) for p in PRIORS)]
    found = [fit_bias(probs, target, rows.video_index[valid], fit=fit) for fit in fits]
    return [
        float(
            ConfusionCounts.of(
                new.labels[task].values[scored], predicted.argmax(1), 8
            ).macro_f1()
        )
        for predicted in (logs, *(logs + np.array(bias) for bias in found))
    ]


if __name__ == "__main__":
    print_times()
    print_trust(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
