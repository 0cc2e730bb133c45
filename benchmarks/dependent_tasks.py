"""Multi-task frameworks where arousal depends on valence and action units by construction.

    python benchmarks/dependent_tasks.py
    python benchmarks/dependent_tasks.py --seeds 10

Arousal is a function of valence and of the action units alone, and few training videos have
labels of it, all of the sources: the case for which feedback from valence and action units
to arousal is made. Invented features (`feature_world.py`); the `modern` recipes of the
frameworks, narrower. Printed: mean scores over seeds, and differences from the shared
encoder with intervals over validation videos and seeds.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from feature_world import NUM_UNITS, Floats, Labels, independent_labels, invented_videos
from run_tables import print_difference, print_head, print_row

from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import LabelSpaces
from wildaffect.inference.calibration import Calibration
from wildaffect.metrics.scores import VideoStatistics
from wildaffect.recipes.catalog import find_recipe
from wildaffect.training.core.distributed import launch
from wildaffect.training.core.recipe import KeepLast
from wildaffect.training.core.runs import Run
from wildaffect.training.core.trainer import Trainer
from wildaffect.training.temporal.objective import TemporalObjective
from wildaffect.training.temporal.predict import predict_sequences
from wildaffect.training.temporal.score import video_statistics

SYSTEMS = {
    "shared encoder": "modern-gru",
    "shared bottom": "modern-share-bottom",
    "hidden feedback": "modern-hidden-feedback",
    "label feedback": "modern-label-feedback",
}
TRAIN_VIDEOS, TRAIN_ROWS = 60, 6_000
VAL_VIDEOS, VAL_ROWS = 80, 6_000
AROUSAL_SHARE = 0.2
HIDDEN = 48
SPACES = LabelSpaces()


def main() -> None:
    """Print scores and differences."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=20)
    args = parser.parse_args()
    torch.set_num_threads(1)
    train_part = invented_videos(
        "t",
        TRAIN_VIDEOS,
        TRAIN_ROWS,
        seed=2,
        labels_of=dependent_labels,
        arousal_share=AROUSAL_SHARE,
    )
    val_part = invented_videos(
        "v", VAL_VIDEOS, VAL_ROWS, seed=3, labels_of=dependent_labels
    )
    began = time.process_time()
    found = {
        system: [
            trained(name, seed, args.epochs, train_part, val_part)
            for seed in range(args.seeds)
        ]
        for system, name in SYSTEMS.items()
    }
    print_head()
    for system, runs in found.items():
        print_row(system, runs)
    reference, *others = found
    for system in others:
        print_difference(f"{system} over {reference}", found[system], found[reference])
    print(f"\n{time.process_time() - began:.0f} CPU s")


def dependent_labels(states: Floats, rng: np.random.Generator) -> Labels:
    """Return labels whose arousal depends on valence and action units alone."""
    labels = independent_labels(states, rng)
    weights = np.random.default_rng(79).normal(size=NUM_UNITS)
    drive = labels.valence**2 + labels.units @ weights / 2
    return replace(labels, arousal=np.tanh(drive - 0.3))


def trained(
    name: str,
    seed: int,
    num_epochs: int,
    train_part: list[FrameSequence],
    val_part: list[FrameSequence],
) -> VideoStatistics:
    """Train a recipe and return its statistics on the validation videos, raw."""
    recipe = find_recipe(name)
    encoder = replace(recipe.model.encoder, hidden_dim=HIDDEN)
    recipe = replace(
        recipe,
        model=replace(recipe.model, encoder=encoder),
        num_epochs=num_epochs,
        selection=KeepLast(),
        seed=seed,
    )
    fabric = launch("cpu", recipe.precision)
    objective = TemporalObjective(recipe, train_part, fabric=fabric, spaces=SPACES)
    with TemporaryDirectory() as folder:
        trainer = Trainer(recipe, objective, Run(Path(folder)), fabric=fabric)
        trainer.run()
    outputs = predict_sequences(trainer.model, val_part, recipe.window)
    return video_statistics(val_part, outputs, Calibration(), SPACES)


if __name__ == "__main__":
    main()
