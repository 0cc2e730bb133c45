"""CPU seconds of an epoch of temporal training, and of scoring a validation set.

    python benchmarks/train_temporal.py
    python benchmarks/train_temporal.py --models full --rounds 3 --share 0.3
    python benchmarks/train_temporal.py --models transformer gru --compile

Made-up features of the size of a tenth of s-Aff-Wild2, one thread, every cost of a step
included: drawing windows, padding, forward, backward, clipping, the optimizer. Beside it
stands what the published code of the ABAW4 winner took for the same number of rows,
measured on a core of `PUBLISHED_GFLOPS` and brought to the rate of this one, which is
measured between the rounds.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np
import torch

from wildaffect.core.columns import TaskColumn, TaskColumns
from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import LabelSpaces
from wildaffect.core.windows import WindowSpec
from wildaffect.inference.calibration import Calibration
from wildaffect.recipes import abaw4
from wildaffect.training.core.distributed import launch
from wildaffect.training.core.recipe import KeepLast
from wildaffect.training.core.runs import Run
from wildaffect.training.core.scores import task_scores
from wildaffect.training.core.trainer import Trainer
from wildaffect.training.temporal.epoch_length import AllRows
from wildaffect.training.temporal.objective import TemporalObjective
from wildaffect.training.temporal.predict import predict_sequences
from wildaffect.training.temporal.recipe import TemporalRecipe
from wildaffect.training.temporal.score import video_statistics

TRAIN_VIDEOS, TRAIN_ROWS = 70, 14_500
VAL_VIDEOS, VAL_ROWS = 25, 2_700
NUM_FEATURES = 1622
SHORTEST, SPREAD = 12, 1.0
"""Rows of the shortest video, and how far lengths spread (log-normal, as annotated)."""
ROW_S, WINDOW = 0.25, WindowSpec(length_s=16.0, stride_s=16.0, max_gap_s=16.0)
"""Windows of 64 rows."""
NUM_WINDOWS = 8
"""Windows of a step. The recipes take fewer; see `epoch_length.PaddedVideos`."""
PUBLISHED_GFLOPS = 197.0
COLUMNS = (
    "model",
    "parameters",
    "precision",
    "compiled",
    "rows an epoch",
    "CPU s an epoch",
    "published CPU s at this rate",
    "ratio",
    "scoring, % of an epoch",
    "GFLOP/s",
)


@dataclass(frozen=True)
class Contender:
    """A recipe and the CPU seconds that the published code took for an epoch of it."""

    recipe: Callable[[], TemporalRecipe]
    published_s: float


CONTENDERS = {
    "transformer": Contender(abaw4.abaw4_transformer, 15.0),
    "gru": Contender(abaw4.abaw4_gru, 10.5),
    "lstm": Contender(abaw4.abaw4_lstm, 7.6),
    "full": Contender(abaw4.abaw4_hidden_feedback, 265.0),
}
"""`full`: 4 tasks with 3 of 4 wide layers of their own, hidden feedback to arousal."""


def main() -> None:
    """Print one row per model and precision."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=CONTENDERS, default=[*CONTENDERS])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--share",
        type=float,
        default=1.0,
        help="steps of an epoch that are run and scaled up",
    )
    parser.add_argument("--compile", action="store_true", help="compile the models too")
    args = parser.parse_args()
    torch.set_num_threads(1)
    train_part = videos(TRAIN_VIDEOS, TRAIN_ROWS, seed=0)
    val_part = videos(VAL_VIDEOS, VAL_ROWS, seed=1)
    print(f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|")
    for name in args.models:
        for precision in ("32-true", "bf16-mixed"):
            for is_compiled in (False, True) if args.compile else (False,):
                recipe = replace(
                    CONTENDERS[name].recipe(),
                    window=WINDOW,
                    batch_size=NUM_WINDOWS,
                    epoch_length=AllRows(),
                    selection=KeepLast(),
                    precision=precision,
                    compile=is_compiled,
                )
                print(row(name, recipe, (train_part, val_part), args), flush=True)


def row(
    name: str,
    recipe: TemporalRecipe,
    data: tuple[list[FrameSequence], list[FrameSequence]],
    args: argparse.Namespace,
) -> str:
    """Measure one contender; epochs, scoring and the core's rate take turns."""
    fabric = launch("cpu", recipe.precision)
    objective = TemporalObjective(recipe, data[0], fabric=fabric, spaces=LabelSpaces())
    trainer = Trainer(recipe, objective, Run(Path()), fabric=fabric)
    num_steps = max(1, round(args.share * objective.steps_per_epoch))
    steps = trainer.steps(objective.batches(0))
    cpu_s(lambda: next(steps))  # the first step also allocates, and compiles
    epochs, scores, rates = [], [], []
    for _ in range(args.rounds):
        epochs.append(cpu_s(lambda: list(islice(steps, num_steps))))
        with fabric.autocast():
            scores.append(cpu_s(lambda: score(trainer.model, data[1])))
        rates.append(matmul_gflops())
    per_epoch = median(epochs) * objective.steps_per_epoch / num_steps
    rate = median(rates)
    published = CONTENDERS[name].published_s * PUBLISHED_GFLOPS / rate
    cells = (
        name,
        f"{sum(p.numel() for p in trainer.model.parameters()) / 1e6:.1f} M",
        recipe.precision,
        "yes" if recipe.compile else "no",
        f"{objective.steps_per_epoch * objective.sampler.rows_per_step:.0f}",
        f"{per_epoch:.2f}",
        f"{published:.1f}",
        f"{per_epoch / published:.2f}",
        f"{100 * median(scores) / per_epoch:.1f}",
        f"{rate:.0f}",
    )
    return f"| {' | '.join(cells)} |"


def score(model: torch.nn.Module, sequences: list[FrameSequence]) -> dict[str, float]:
    """Return the scores of a model, as at the end of an epoch."""
    outputs = predict_sequences(model, sequences, WINDOW)
    found = video_statistics(sequences, outputs, Calibration(), LabelSpaces())
    return task_scores(found.pooled(), tuple(outputs[0].probs))


def cpu_s(work: Callable[[], object]) -> float:
    """Return the CPU seconds that something takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def matmul_gflops(size: int = 1536) -> float:
    """Return 10^9 operations a CPU second of one core in a float32 matrix product."""
    one = torch.rand(size, size)
    one @ one
    return 2 * size**3 / cpu_s(lambda: one @ one) / 1e9


def videos(num_videos: int, num_rows: int, *, seed: int) -> list[FrameSequence]:
    """Return made-up videos with this many rows together."""
    rng = np.random.default_rng(seed)
    drawn = np.exp(SPREAD * rng.normal(size=num_videos))
    left = num_rows - SHORTEST * num_videos
    ends = np.round(np.cumsum(drawn) / drawn.sum() * left).astype(int)
    lengths = SHORTEST + np.diff(ends, prepend=0)
    return [_video(rng, index, length) for index, length in enumerate(lengths)]


def _video(rng: np.random.Generator, index: int, length: int) -> FrameSequence:
    rows = np.arange(length)
    units = rng.random((length, 12)) < 0.3
    masks = {name: rng.random(length) < 0.6 for name in ("affect", "expression", "units")}
    return FrameSequence(
        video=f"video{index}",
        subject=f"person{index}",
        frame_number=rows,
        time_s=rows * ROW_S,
        time_is_guessed=False,
        features=rng.normal(size=(length, NUM_FEATURES)).astype(np.float32),
        has_feature=np.ones(length, bool),
        targets=TaskColumns(
            valence=TaskColumn(
                rng.uniform(-1, 1, length).astype(np.float32), masks["affect"]
            ),
            arousal=TaskColumn(
                rng.uniform(-1, 1, length).astype(np.float32), masks["affect"]
            ),
            expression=TaskColumn(rng.integers(0, 8, length), masks["expression"]),
            action_units=TaskColumn(
                units.astype(np.int8), np.repeat(masks["units"][:, None], 12, axis=1)
            ),
        ),
        annotation_rows=rows,
        sequence_row=rows,
    )


if __name__ == "__main__":
    main()
