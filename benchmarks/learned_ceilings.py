"""What learned models reach from the true action units: seconds against one frame.

    python benchmarks/learned_ceilings.py --seeds 41 42 43
    python benchmarks/learned_ceilings.py --statistics wild --people 300 100

A small GRU and a network without context, both as the modern recipes train them, on the
exact intensities of every annotated frame; the linear models of `ceilings.py` on the same
videos stand beside them. All are scored on other people against annotators' labels, with
nothing fitted afterwards: no smoothing, action units at one half.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from ceilings import linear, print_scores, true_inputs  # beside this file
from numpy.typing import NDArray

from wildaffect.core.annotations import Annotations
from wildaffect.core.feature_rows import FrameFeatures, JoinedSet
from wildaffect.core.joins import EarlierFirst
from wildaffect.core.sequences import FrameSequence, build_sequences
from wildaffect.core.tasks import LabelSpaces
from wildaffect.inference.calibration import Calibration
from wildaffect.models.temporal.config import FrameConfig, GRUConfig
from wildaffect.recipes.modern import modern, modern_frame
from wildaffect.synth.motion import FPS
from wildaffect.synth.plan import annotations_of, plan_world
from wildaffect.synth.presets import Preset
from wildaffect.synth.statistics import STATISTICS, StatisticsName
from wildaffect.training.core.checkpoint import load_weights
from wildaffect.training.core.distributed import launch
from wildaffect.training.core.runs import Run
from wildaffect.training.core.trainer import Trainer
from wildaffect.training.temporal.objective import TemporalObjective
from wildaffect.training.temporal.predict import predict_sequences
from wildaffect.training.temporal.recipe import TemporalRecipe
from wildaffect.training.temporal.score import video_statistics

ROWS_PER_VIDEO = 100
ONE_FRAME, SECONDS = "one frame, learned", "seconds around it, learned"
Scores = tuple[float, float, float, float]


def main() -> None:
    """Print the table of one kind of statistics or of both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, nargs=2, default=[300, 100])
    parser.add_argument("--statistics", choices=sorted(STATISTICS), default=None)
    parser.add_argument("--seeds", type=int, nargs="+", default=[41, 42, 43])
    args = parser.parse_args()
    torch.set_num_threads(1)
    num_train, num_test = args.people
    for name in [args.statistics] if args.statistics else ("balanced", "wild"):
        rows: dict[str, list[Scores]] = {}
        for seed in args.seeds:
            for row, scores in learned_ceilings(name, num_train, num_test, seed).items():
                rows.setdefault(row, []).append(scores)
                print(f"seed {seed}, {row}: {np.round(scores, 3)}", file=sys.stderr)
        seeds = " ".join(map(str, args.seeds))
        subjects = f"{num_train} training and {num_test} validation subjects"
        print(f"\n{name}, {subjects}, seeds {seeds}\n")
        print_scores(rows, gain_of=SECONDS, over=ONE_FRAME)


def learned_ceilings(
    name: StatisticsName, num_train: int, num_test: int, seed: int
) -> dict[str, Scores]:
    """Return each row's CCC of valence and arousal, EXPR F1 and AU F1."""
    preset = Preset(
        name="bench", people={"train": num_train + num_test}, videos_per_person=1,
        rows_per_video=ROWS_PER_VIDEO, size_px=64, statistics=name,
    )  # fmt: skip
    videos = plan_world(preset, seed=seed, statistics=name, size_px=64)
    labels = annotations_of(videos, source=name, with_repeats=False)
    units, _, _, windows = true_inputs(videos)
    is_train = labels.video_index < num_train
    sequences = sequences_of(labels, units)
    parts = sequences[:num_train], sequences[num_train:]
    return {
        "one frame, linear": linear(units, labels, is_train),
        ONE_FRAME: learned(small_frame(seed), *parts),
        "windows' means, linear": linear(windows, labels, is_train),
        SECONDS: learned(small_gru(seed), *parts),
    }


def small_gru(seed: int) -> TemporalRecipe:
    """Return the modern recipe with fewer units."""
    encoder = GRUConfig(hidden_dim=48, num_layers=1, dropout=0.3, bidirectional=True)
    recipe = modern()
    return replace(recipe, seed=seed, model=replace(recipe.model, encoder=encoder))


def small_frame(seed: int) -> TemporalRecipe:
    """Return the same without context, about as large."""
    encoder = FrameConfig(hidden_dim=96, num_layers=2, dropout=0.2)
    recipe = modern_frame()
    return replace(recipe, seed=seed, model=replace(recipe.model, encoder=encoder))


def sequences_of(labels: Annotations, units: NDArray[np.floating]) -> list[FrameSequence]:
    """Return one sequence per video whose features are the true intensities."""
    place_of = {video: place for place, video in enumerate(labels.videos)}

    own_frame = EarlierFirst(max_distance_s=0.0)

    def features_of(video: str) -> list[JoinedSet]:
        rows = labels.video_index == place_of[video]
        numbers = labels.frame_number[rows]
        frames = FrameFeatures(
            frame_number=numbers,
            time_s=(numbers - 1) / FPS,
            values=units[rows].astype(np.float32),
        )
        return [JoinedSet(frames, own_frame)]

    return list(build_sequences(labels, features_of))


def learned(
    recipe: TemporalRecipe, train: list[FrameSequence], test: list[FrameSequence]
) -> Scores:
    """Train a recipe and return its scores on other people."""
    spaces = LabelSpaces()
    with TemporaryDirectory(prefix="wildaffect-") as folder:
        run = Run(Path(folder))
        fabric = launch("cpu", recipe.precision)
        objective = TemporalObjective(recipe, train, fabric=fabric, spaces=spaces)
        trainer = Trainer(recipe, objective, run, fabric=fabric)
        trainer.run()
        trainer.model.load_state_dict(load_weights(run.weights))
    outputs = predict_sequences(trainer.model, test, recipe.window)
    predicted = video_statistics(test, outputs, Calibration(), spaces).pooled()
    return (
        float(predicted.ccc_valence),
        float(predicted.ccc_arousal),
        float(predicted.macro_f1_expression),
        float(predicted.mean_f1_action_units),
    )


if __name__ == "__main__":
    main()
