"""What linear models reach on generated labels, from trivial inputs and from the truth.

    python benchmarks/ceilings.py --videos 300 --seeds 31 32 33
    python benchmarks/ceilings.py --videos 300 --seeds 31 --statistics wild

Two thirds of the videos (other people) train, one third tests, against annotators' labels.
Cells are means over the seeds, with the largest distance from the mean behind them.
Rows of a table: constant and trivial guesses, head pose, a color thumbnail of the drawn
crop, true action units of one frame, of a window, and the true state itself.
"""

import argparse
import sys
import warnings

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from wildaffect.core.annotations import Annotations
from wildaffect.metrics.agreement import concordance_correlation
from wildaffect.metrics.counts import ConfusionCounts, UnitCounts
from wildaffect.synth.clip import draw_crops
from wildaffect.synth.plan import PlannedVideo, annotations_of, plan_world
from wildaffect.synth.presets import Preset
from wildaffect.synth.render.renderer import Renderer
from wildaffect.synth.statistics import STATISTICS, StatisticsName
from wildaffect.synth.take import draw_take

WINDOWS_S = ((1.0, 1.0), (2.5, 0.0), (6.0, 6.0))
"""Reach before and after of the windows whose means join the frame itself."""
THUMBNAIL_PX, THUMBNAIL_FROM_PX = 4, 64
THUMBNAIL_EVERY = 5
"""Number of rows that are drawn for the thumbnail."""
CLASSES = 8
SCORES = ("CCC V", "CCC A", "EXPR F1", "AU F1", "P_MTL")


def main() -> None:
    """Print the table of one kind of statistics or of both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=int, default=300)
    parser.add_argument("--statistics", choices=sorted(STATISTICS), default=None)
    parser.add_argument("--seeds", type=int, nargs="+", default=[31, 32, 33])
    parser.add_argument(
        "--pictures", type=int, default=1, help="seeds for which thumbnails are drawn"
    )
    args = parser.parse_args()
    for name in [args.statistics] if args.statistics else ("balanced", "wild"):
        rows: dict[str, list[tuple[float, float, float, float]]] = {}
        for place, seed in enumerate(args.seeds):
            thumbnails = place < args.pictures
            for row, scores in ceilings(name, args.videos, seed, thumbnails=thumbnails):
                rows.setdefault(row, []).append(scores)
            print(f"seed {seed} done", file=sys.stderr)
        seeds = " ".join(map(str, args.seeds))
        print(f"\n{name}, {args.videos} videos of 100 rows, seeds {seeds}\n")
        print_scores(
            rows, gain_of="true action units, window", over="true action units, one frame"
        )


def print_scores(
    rows: dict[str, list[tuple[float, float, float, float]]], *, gain_of: str, over: str
) -> None:
    """Print a table of scores seed by seed, then how far one row lies above another.

    Args:
        rows: CCC of valence and arousal, EXPR F1 and AU F1 of every seed, by row.
        gain_of: The row that should be higher.
        over: The row that it is held against.
    """
    full = {
        row: np.array([(*s, (s[0] + s[1]) / 2 + s[2] + s[3]) for s in seeds])
        for row, seeds in rows.items()
    }
    print(f"| input | {' | '.join(SCORES)} |\n|---|---|---|---|---|---|")
    for row, values in full.items():
        print(f"| {row} | {' | '.join(map(_cell, values.T))} |")
    print(f"\nGain of '{gain_of}' over '{over}', seed by seed:")
    gains = full[gain_of] - full[over]
    for score, gain in zip(SCORES, gains.T, strict=True):
        print(f"  {score}: {gain.mean():+.2f} ({gain.min():+.2f} to {gain.max():+.2f})")


def _cell(values: NDArray[np.float64]) -> str:
    mean = float(np.mean(values))
    spread = max(abs(value - mean) for value in values)
    return f"{mean:.2f}" + (f" ±{spread:.2f}" if len(values) > 1 else "")


def ceilings(  # type: ignore[no-untyped-def]
    name: StatisticsName, num_videos: int, seed: int, *, thumbnails: bool
):
    """Yield each row's name with CCC of valence and arousal, EXPR F1 and AU F1."""
    preset = Preset(
        name="bench", people={"train": num_videos}, videos_per_person=1, rows_per_video=100,
        size_px=THUMBNAIL_FROM_PX, statistics=name,
    )  # fmt: skip
    videos = plan_world(preset, seed=seed, statistics=name, size_px=THUMBNAIL_FROM_PX)
    labels = annotations_of(videos, source=name, with_repeats=False)
    train = labels.video_index < 2 * num_videos // 3
    units, poses, states, windows = true_inputs(videos)
    yield "nothing: constant class, no unit", _constant(labels, train, units=0)
    yield "nothing: constant class, every unit", _constant(labels, train, units=1)
    yield "head pose", linear(poses, labels, train)
    if thumbnails:
        yield "4x4 color thumbnail", _thumbnails(videos, labels, train)
    yield "true action units, one frame", linear(units, labels, train)
    yield "true action units, window", linear(windows, labels, train)
    truth = np.column_stack([states, units])
    yield "true state and units, one frame", linear(truth, labels, train)


def linear(
    inputs: NDArray[np.floating], labels: Annotations, train: NDArray[np.bool_]
) -> tuple[float, float, float, float]:
    """Fit linear models on the training rows and return the four scores on the others."""
    x = StandardScaler().fit(inputs[train]).transform(inputs)
    test = ~train
    scores = []
    for target, valid in (
        (labels.valence.values, labels.valence.valid),
        (labels.arousal.values, labels.arousal.valid),
    ):
        fit = train & valid
        pred = Ridge(10.0).fit(x[fit], target[fit]).predict(x)
        pred = pred - pred[fit].mean()
        pred = pred * min(3.0, target[fit].std() / (pred[fit].std() + 1e-9))
        predicted = pred[test] + target[fit].mean()
        scores.append(concordance_correlation(target[test], predicted, valid=valid[test]))
    fit = train & labels.expression.valid
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LogisticRegression(class_weight="balanced", max_iter=150, C=0.02)
        model.fit(x[fit][::2], labels.expression.values[fit][::2])
    pred = model.predict(x[test])
    scores.append(_macro_f1(labels, test, pred))
    fit = train & labels.action_units.valid.all(1)
    raw = Ridge(10.0).fit(x[fit], labels.action_units.values[fit]).predict(x)
    cuts = [
        _best_cut(raw[fit][:, k], labels.action_units.values[fit][:, k]) for k in range(12)
    ]
    decided = (raw > np.array(cuts)).astype(int)
    scores.append(_unit_f1(labels, test, decided[test]))
    return tuple(float(score) for score in scores)  # type: ignore[return-value]


def _best_cut(raw: NDArray[np.floating], target: NDArray[np.int8]) -> float:
    cuts = np.quantile(raw, np.linspace(0.02, 0.98, 49))
    shown = raw[:, None] > cuts
    hits = (shown & (target[:, None] == 1)).sum(0)
    f1 = 2 * hits / np.maximum(1, shown.sum(0) + (target == 1).sum())
    return float(cuts[f1.argmax()])


def _constant(
    labels: Annotations, train: NDArray[np.bool_], *, units: int
) -> tuple[float, float, float, float]:
    test = ~train
    common = np.bincount(labels.expression.values[train & labels.expression.valid]).argmax()
    named = np.full(test.sum(), common)
    shown = np.full((test.sum(), 12), units)
    return 0.0, 0.0, _macro_f1(labels, test, named), _unit_f1(labels, test, shown)


def _macro_f1(labels: Annotations, test: NDArray[np.bool_], pred: NDArray) -> float:
    valid = labels.expression.valid[test]
    counts = ConfusionCounts.of(labels.expression.values[test], pred, CLASSES, valid=valid)
    return float(counts.macro_f1())


def _unit_f1(labels: Annotations, test: NDArray[np.bool_], pred: NDArray) -> float:
    valid = labels.action_units.valid[test]
    return float(
        UnitCounts.of(labels.action_units.values[test], pred, valid=valid).mean_f1()
    )


def true_inputs(
    videos: list[PlannedVideo],
) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Return action units, head pose, latent state and windows of every annotated row."""
    units, poses, states, windows = [], [], [], []
    for video in videos:
        rows = video.frame_numbers - 1
        truth = video.behavior()
        poses.append(truth.pose[rows])
        states.append(np.stack([truth.valence[rows], truth.arousal[rows]], 1))
        shown = truth.intensities[rows]
        times = rows / 30.0
        parts = [shown]
        for before, after in WINDOWS_S:
            low = np.searchsorted(times, times - before)
            high = np.searchsorted(times, times + after, side="right")
            sums = np.vstack([np.zeros(shown.shape[1]), np.cumsum(shown, axis=0)])
            parts.append((sums[high] - sums[low]) / (high - low)[:, None])
        units.append(shown)
        windows.append(np.concatenate(parts, 1))
    joined = (np.concatenate(part) for part in (units, poses, states, windows))
    return tuple(joined)  # type: ignore[return-value]


def _thumbnails(
    videos: list[PlannedVideo], labels: Annotations, train: NDArray[np.bool_]
) -> tuple[float, float, float, float]:
    renderer = Renderer(THUMBNAIL_FROM_PX, THUMBNAIL_FROM_PX)
    size = (THUMBNAIL_PX, THUMBNAIL_PX)
    rows = []
    for video in videos:
        take = draw_take(
            video.seed,
            identity=video.identity,
            num_frames=video.num_frames,
            statistics=STATISTICS[video.statistics],
        )
        frames = video.frame_numbers[::THUMBNAIL_EVERY] - 1
        small = [
            cv2.resize(crop.rgb, size, interpolation=cv2.INTER_AREA).reshape(-1)
            for crop in draw_crops(take, frames, renderer=renderer)
        ]
        every = np.repeat(np.array(small), THUMBNAIL_EVERY, axis=0)
        rows.append(every[: len(video.frame_numbers)])
    return linear(np.concatenate(rows).astype(np.float32), labels, train)


if __name__ == "__main__":
    main()
