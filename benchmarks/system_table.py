"""Tables of `system.py`: every part over several seeds, and what differs from what."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wildaffect.calibration.ensembling import average
from wildaffect.calibration.stored_outputs import load_outputs
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import LabelSpaces
from wildaffect.features.store import FeatureStore
from wildaffect.inference.calibration import Calibration
from wildaffect.metrics.scores import TaskScores, VideoStatistics
from wildaffect.training.temporal.calibrate_and_score import (
    calibrate,
    load_calibration,
    predict_stored,
)
from wildaffect.training.temporal.comparison import STEPS
from wildaffect.training.temporal.load import load_split
from wildaffect.training.temporal.runs import load_run
from wildaffect.training.temporal.score import video_statistics

NUM_RESAMPLES = 2000
SPLIT = "val"
Steps = dict[str, VideoStatistics]
"""By how outputs are read: raw, smoothed, calibrated."""
Source = Callable[[Path, int], Steps]

ROWS: dict[str, Source] = {}
"""Name of a line -> what a seed's folder says of it."""


def _extra(name: str) -> Source:
    return lambda folder, _: _steps_of(folder / "extra" / name, folder)


def _member(recipe: str) -> Source:
    return lambda folder, seed: _steps_of(
        folder / "system" / "members" / f"{recipe}-{seed}", folder
    )


ROWS |= {
    "true head pose": _extra("true-pose"),
    "8x8 color thumbnail": _extra("thumbnail"),
    "geometry, blendshapes, pose as measured": _extra("geometry"),
    "MAE, no label seen": _extra("mae-micro"),
    "ViT, MAE fine-tuned": _extra("vit"),
    "IResNet": _extra("iresnet"),
    "DenseNet": _extra("densenet"),
    "mean of ViT, IResNet, DenseNet": lambda folder, _: _mean_of_singles(folder),
    "all three, one frame": _extra("all-one-frame"),
    "all three, GRU": _member("modern-gru"),
    "all three, LSTM": _member("modern-lstm"),
    "all three, transformer": _member("modern-transformer"),
    "all three, share bottom": _member("modern-share-bottom"),
    "all three, hidden feedback": _member("modern-hidden-feedback"),
    "all three, label feedback": _member("modern-label-feedback"),
    "ensemble of the six": lambda folder, _: _ensemble(folder),
    "all three and geometry": _extra("all-and-geometry"),
    "true action units": _extra("true-units"),
}
PAIRS = (
    ("MAE, no label seen", "8x8 color thumbnail", "raw"),
    ("ViT, MAE fine-tuned", "MAE, no label seen", "raw"),
    ("ViT, MAE fine-tuned", "8x8 color thumbnail", "raw"),
    ("IResNet", "8x8 color thumbnail", "raw"),
    ("DenseNet", "8x8 color thumbnail", "raw"),
    ("all three, GRU", "8x8 color thumbnail", "raw"),
    ("all three, GRU", "true head pose", "raw"),
    ("all three, GRU", "ViT, MAE fine-tuned", "raw"),
    ("all three, GRU", "IResNet", "raw"),
    ("all three, GRU", "DenseNet", "raw"),
    ("mean of ViT, IResNet, DenseNet", "all three, GRU", "raw"),
    ("all three, GRU", "all three, one frame", "raw"),
    ("all three, LSTM", "all three, GRU", "raw"),
    ("all three, transformer", "all three, GRU", "raw"),
    ("all three, share bottom", "all three, GRU", "raw"),
    ("all three, hidden feedback", "all three, GRU", "raw"),
    ("all three, label feedback", "all three, GRU", "raw"),
    ("ensemble of the six", "all three, GRU", "raw"),
    ("ensemble of the six", "all three, GRU", "calibrated"),
    ("geometry, blendshapes, pose as measured", "all three, GRU", "raw"),
    ("all three and geometry", "geometry, blendshapes, pose as measured", "raw"),
    ("true action units", "all three, GRU", "raw"),
)
"""What is held against what."""


def print_table(folders: Sequence[Path]) -> None:
    """Print scores of every line that each seed has, then the differences."""
    found: dict[str, list[Steps]] = {}
    for name, source in ROWS.items():
        try:
            found[name] = [source(folder, seed_of(folder)) for folder in folders]
        except (FileNotFoundError, KeyError):
            print(f"<!-- {name}: not trained by every seed -->")
    print("| system | CCC V | CCC A | F1 EXPR | F1 AU | raw (sd) | smoothed | calibrated |")
    print("|---|---|---|---|---|---|---|---|")
    for name, seeds in found.items():
        raw = np.array([_values(seed["raw"].pooled()) for seed in seeds])
        sums = [
            np.array([_values(seed[step].pooled())[4] for seed in seeds]) for step in STEPS
        ]
        cells = " | ".join(f"{value:.3f}" for value in raw.mean(0)[:4])
        sd = f" ({sums[0].std(ddof=1):.3f})" if len(seeds) > 1 else ""
        print(
            f"| {name} | {cells} | {sums[0].mean():.3f}{sd} | {sums[1].mean():.3f} | "
            f"{sums[2].mean():.3f} |"
        )
    print("\n| difference | CCC V | CCC A | F1 EXPR | F1 AU | sum [95 %] |")
    print("|---|---|---|---|---|---|")
    for first, second, step in PAIRS:
        if first in found and second in found:
            pairs = zip(found[first], found[second], strict=True)
            difference, low, high = _paired_difference(
                [(first[step], second[step]) for first, second in pairs]
            )
            cells = " | ".join(
                f"{value:+.3f}{'' if a <= 0 <= b else ' *'}"
                for value, a, b in zip(difference[:4], low[:4], high[:4], strict=True)
            )
            predicted = "" if step == "raw" else f", {step}"
            print(
                f"| {first} over {second}{predicted} | {cells} | {difference[4]:+.3f} "
                f"[{low[4]:+.3f}, {high[4]:+.3f}] |"
            )


def seed_of(folder: Path) -> int:
    """Return the number at the end of a folder's name."""
    return int(folder.name.rpartition("-")[2].removeprefix("seed"))


def _paired_difference(
    pairs: Sequence[tuple[VideoStatistics, VideoStatistics]],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean difference over seeds and its interval, each of five scores.

    People of every seed are drawn by themselves, both systems on the same draw.
    """
    drawn = []
    for seed, (first, second) in enumerate(pairs):
        rng = np.random.default_rng(seed)
        weights = rng.multinomial(
            len(first), np.full(len(first), 1 / len(first)), NUM_RESAMPLES
        )
        drawn.append(_values(first.pooled(weights)) - _values(second.pooled(weights)))
    differences = np.mean(drawn, 0)  # (5, R)
    difference = np.mean(
        [_values(first.pooled()) - _values(second.pooled()) for first, second in pairs], 0
    )
    low, high = np.nanquantile(differences, [0.025, 0.975], axis=1)
    return difference, low, high


def _values(scores: TaskScores) -> NDArray[np.float64]:
    """Return valence, arousal, expression, units and the sum, shape (5, ...)."""
    return np.array(
        [
            scores.ccc_valence,
            scores.ccc_arousal,
            scores.macro_f1_expression,
            scores.mean_f1_action_units,
            scores.p_mtl,
        ]
    )


def _steps_of(run: Path, folder: Path) -> Steps:
    sequences, outputs = _said(run, folder)
    fitted = load_calibration(run)
    ways = (Calibration(), replace(Calibration(), smoothing=fitted.smoothing), fitted)
    return {
        step: video_statistics(sequences, outputs, way, LabelSpaces())
        for step, way in zip(STEPS, ways, strict=True)
    }


@cache
def _said(
    run: Path, folder: Path
) -> tuple[tuple[FrameSequence, ...], tuple[SequenceOutputs, ...]]:
    if not (run / "recipe.json").exists():
        raise FileNotFoundError(run)
    trained = load_run(run)
    store = FeatureStore(folder / "system" / "features")
    split = load_split(folder / "clips", store, trained.recipe, SPLIT)
    return split.sequences, predict_stored(trained, split.sequences, SPLIT)


def _mean_of_singles(folder: Path) -> Steps:
    predicted = [
        _said(folder / "extra" / name, folder) for name in ("vit", "iresnet", "densenet")
    ]
    return _crosswise(predicted[0][0], average([outputs for _, outputs in predicted]))


def _ensemble(folder: Path) -> Steps:
    sequences, _ = _said(next((folder / "system" / "members").iterdir()), folder)
    stored = load_outputs(folder / "system" / "ensemble" / "outputs" / f"{SPLIT}.npz")
    return _crosswise(sequences, stored.outputs)


def _crosswise(
    sequences: Sequence[FrameSequence], outputs: Sequence[SequenceOutputs]
) -> Steps:
    """Return scores with a cross-fitted calibration."""
    fitted = calibrate(outputs, sequences, is_causal=False, seed=0, spaces=LabelSpaces())
    if fitted is None:
        raise ValueError("system: at least two validation subjects are needed")
    named = zip(STEPS, fitted.steps, strict=True)
    return {step: item.out_of_sample for step, item in named}
