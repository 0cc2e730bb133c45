"""The `abaw4` recipes beside the training loop of the public scripts, on invented videos.

    python benchmarks/published_training.py
    python benchmarks/published_training.py --recipes gru lstm --seeds 5 --epochs 20

Both train on the same videos for as many optimizer steps, at one rate, with networks made
narrower by the same factor and a rate raised accordingly, so that minutes of one core are
enough. The published loop trains on every training video and is scored on the validation
videos twice: after the last epoch, and with the best epoch of each task on those same
videos, as its script selects it. The recipes hold out training people, keep the best epoch
on these, and fit their calibration there. Intervals are over validation videos and seeds.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from feature_world import invented_videos
from published_loop import PublishedTraining
from run_tables import AFFECT_TASKS, MEASURES, Runs

from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.inference.calibration import Calibration
from wildaffect.metrics.bootstrap import paired_bootstrap_over_runs
from wildaffect.metrics.scores import VideoStatistics
from wildaffect.models.frameworks import HeadConfig
from wildaffect.models.temporal.config import TransformerConfig
from wildaffect.recipes.catalog import find_recipe
from wildaffect.training.core.checkpoint import load_weights
from wildaffect.training.core.distributed import launch
from wildaffect.training.core.runs import Run
from wildaffect.training.core.trainer import Trainer
from wildaffect.training.temporal.calibrate_and_score import calibrate
from wildaffect.training.temporal.objective import TemporalObjective
from wildaffect.training.temporal.predict import predict_sequences
from wildaffect.training.temporal.recipe import TemporalRecipe
from wildaffect.training.temporal.score import video_statistics

NAMES = (
    "transformer",
    "gru",
    "lstm",
    "share-encoder",
    "share-bottom",
    "hidden-feedback",
)
"""All but label feedback, which fails in the public scripts before its first step."""
TRAIN_VIDEOS, TRAIN_ROWS = 40, 6_000
VAL_VIDEOS, VAL_ROWS = 24, 3_600
HIDDEN, FFN, HEAD, LAYERS = 64, 128, (64, 32), 2
RATE = 16.0
"""Factor of the rate, for the narrower networks and the fewer steps."""
SPACES = LabelSpaces()
SUM = MEASURES["sum"]
_WINNERS = {
    Task.VALENCE: "valence",
    Task.AROUSAL: "arousal",
    Task.EXPRESSION: "expression",
    Task.ACTION_UNITS: "action_units",
}


@dataclass(slots=True)
class Contest:
    """Validation statistics of both trainings, a run for each seed."""

    last: list[VideoStatistics]
    """Published loop, last epoch."""
    best: list[VideoStatistics]
    """Published loop, best epoch of each task on the validation videos."""
    raw: list[VideoStatistics]
    calibrated: list[VideoStatistics]
    steps: list[tuple[int, int]]
    """Steps of the published loop and of the recipe."""


def main() -> None:
    """Print a row per recipe."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipes", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    train_part = invented_videos("t", TRAIN_VIDEOS, TRAIN_ROWS, seed=0)
    val_part = invented_videos("v", VAL_VIDEOS, VAL_ROWS, seed=1)
    print(
        "| recipe | steps, published and here | published, last epoch | published, best "
        "epochs on val | here, raw | here, calibrated | raw - published last | "
        "calibrated - published best | CPU s, published and here |\n|---" + "|---" * 8 + "|"
    )
    for name in args.recipes:
        print(contest_row(name, train_part, val_part, args), flush=True)


def contest_row(
    name: str,
    train_part: list[FrameSequence],
    val_part: list[FrameSequence],
    args: argparse.Namespace,
) -> str:
    """Train both for every seed and return a row of the table."""
    found = Contest([], [], [], [], [])
    seconds = np.zeros(2)
    for seed in range(args.seeds):
        recipe = narrow(name, args.epochs, seed)
        began = time.process_time()
        published = train_published(recipe, train_part, val_part, found)
        middle = time.process_time()
        ours = train_ours(recipe, train_part, val_part, found)
        found.steps.append((published, ours))
        seconds += middle - began, time.process_time() - middle
    theirs, ours = np.mean(found.steps, 0)
    cells = [
        f"`abaw4-{name}`",
        f"{theirs:,.0f}, {ours:,.0f}",
        *(mean_sum(runs) for runs in (found.last, found.best, found.raw, found.calibrated)),
        difference(found.raw, found.last),
        difference(found.calibrated, found.best),
        "{:.0f}, {:.0f}".format(*seconds / args.seeds),
    ]
    return f"| {' | '.join(cells)} |"


def narrow(name: str, num_epochs: int, seed: int) -> TemporalRecipe:
    """Return a recipe with narrow layers, for a few epochs."""
    recipe = find_recipe(f"abaw4-{name}")
    encoder = replace(recipe.model.encoder, hidden_dim=HIDDEN)
    if isinstance(encoder, TransformerConfig):
        encoder = replace(encoder, num_layers=LAYERS, ffn_dim=FFN, head_dim=16)
    head = HeadConfig(hidden_dims=HEAD, dropout=recipe.model.head.dropout)
    model = replace(recipe.model, encoder=encoder, head=head)
    optim = replace(recipe.optim, peak_lr=RATE * recipe.optim.peak_lr)
    selection = replace(recipe.selection, patience_epochs=num_epochs)
    return replace(
        recipe,
        model=model,
        optim=optim,
        selection=selection,
        num_epochs=num_epochs,
        seed=seed,
    )


def train_published(
    recipe: TemporalRecipe,
    train_part: list[FrameSequence],
    val_part: list[FrameSequence],
    found: Contest,
) -> int:
    """Run the published loop and add its scores; return its number of steps."""
    share = recipe.optim
    training = PublishedTraining(
        recipe,
        train_part,
        num_constant=round(share.constant_ratio * recipe.num_epochs),
        num_warm=round(share.warmup_ratio * recipe.num_epochs),
    )
    epochs = []
    for _ in range(recipe.num_epochs):
        training.train_epoch()
        epochs.append(statistics(training.predict(val_part), val_part, Calibration()))
    found.last.append(epochs[-1])
    found.best.append(best_of_each_task(epochs))
    return training.num_steps


def best_of_each_task(epochs: Sequence[VideoStatistics]) -> VideoStatistics:
    """Return the statistics of the best epoch of each task."""
    measures = dict(zip(AFFECT_TASKS, MEASURES.values(), strict=False))
    parts = {}
    for task, name in _WINNERS.items():
        best = max(epochs, key=lambda epoch: float(measures[task](epoch.pooled())))
        parts[name] = getattr(best, name)
    return replace(epochs[-1], **parts)


def train_ours(
    recipe: TemporalRecipe,
    train_part: list[FrameSequence],
    val_part: list[FrameSequence],
    found: Contest,
) -> int:
    """Train the recipe as `train` does and add its scores; return its number of steps."""
    fabric = launch("cpu", recipe.precision)
    objective = TemporalObjective(recipe, train_part, fabric=fabric, spaces=SPACES)
    with TemporaryDirectory() as folder:
        trainer = Trainer(recipe, objective, Run(Path(folder)), fabric=fabric)
        trainer.run()
        trainer.model.load_state_dict(load_weights(Run(Path(folder)).weights))
    outputs = predict_sequences(trainer.model, val_part, recipe.window)
    held_out = predict_sequences(trainer.model, objective.dev, recipe.window)
    fitted = calibrate(
        held_out, objective.dev, is_causal=False, seed=recipe.seed, spaces=SPACES
    )
    if fitted is None:
        raise SystemExit("the dev split has too few people to calibrate on")
    found.raw.append(statistics(outputs, val_part, Calibration()))
    found.calibrated.append(statistics(outputs, val_part, fitted.calibration))
    return objective.steps_per_epoch * recipe.num_epochs


def statistics(outputs, videos, calibration) -> VideoStatistics:  # type: ignore[no-untyped-def]
    """Return the statistics of outputs on the validation videos."""
    return video_statistics(videos, outputs, calibration, SPACES)


def mean_sum(runs: Runs) -> str:
    """Return the mean P_MTL over seeds with its standard deviation."""
    sums = [float(SUM(run.pooled())) for run in runs]
    sd = f" ({np.std(sums, ddof=1):.3f})" if len(sums) > 1 else ""
    return f"{np.mean(sums):.3f}{sd}"


def difference(these: Runs, those: Runs) -> str:
    """Return how far the first runs are ahead, videos and seeds resampled."""
    found = paired_bootstrap_over_runs(these, those, SUM, seed=0)
    return f"{found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"


if __name__ == "__main__":
    main()
