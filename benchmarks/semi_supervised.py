"""What videos without labels add when few are labeled, on a generated world.

    wildaffect synth make everyday -o worlds/everyday --seed 20 --files features
    python benchmarks/semi_supervised.py worlds/everyday -o runs/semi

Of every seed, a tenth of the training people keep their labels; the others are videos
without labels. Each way of training takes the same number of steps with the same labeled
windows and is scored, raw, on the validation people, who select nothing. Intervals are over
resampled people and seeds.
"""

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from wildaffect.features.store import FeatureStore
from wildaffect.inference.calibration import Calibration
from wildaffect.metrics.bootstrap import paired_bootstrap_over_runs
from wildaffect.metrics.scores import VideoStatistics
from wildaffect.recipes.modern import modern
from wildaffect.training.core.recipe import KeepLast
from wildaffect.training.core.scores import score_sum, task_scores
from wildaffect.training.temporal.calibrate_and_score import predict_stored
from wildaffect.training.temporal.job import TemporalJob, train_run
from wildaffect.training.temporal.load import Split, load_split
from wildaffect.training.temporal.score import video_statistics
from wildaffect.training.temporal.unlabeled import LabeledOnly, MeanTeacher, PseudoLabels

LABELED_SHARE = 0.1
NUM_EPOCHS = 40
"""Epochs of the labeled tenth; the last one is kept, in every way of training."""
ALL_EPOCHS = 4
"""Epochs with all labels: as many steps."""
WAYS = {
    "labeled tenth alone": LabeledOnly(),
    "mean teacher": MeanTeacher(),
    "pseudo-labels": PseudoLabels(),
}
EVERY = "all labels"


@dataclass(frozen=True)
class Sets:
    """Sequences of one seed."""

    labeled: Split
    unlabeled: tuple


def divide(train: Split, seed: int) -> Sets:
    """Keep the labels of a tenth of the people."""
    people = sorted({sequence.subject for sequence in train.sequences})
    order = np.random.default_rng((seed, 10)).permutation(len(people))
    kept = {people[index] for index in order[: round(LABELED_SHARE * len(people))]}
    labeled = tuple(each for each in train.sequences if each.subject in kept)
    rest = tuple(each for each in train.sequences if each.subject not in kept)
    return Sets(replace(train, sequences=labeled), rest)


def main() -> None:
    """Train every way with every seed, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("world", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path("runs/semi"))
    parser.add_argument("--seeds", type=int, default=4)
    options = parser.parse_args()
    store = FeatureStore(options.world / "features")
    train = load_split(options.world, store, modern(), "train")
    scored = load_split(options.world, store, modern(), "val")
    found: dict[str, list[VideoStatistics]] = {name: [] for name in (*WAYS, EVERY)}
    for seed in range(options.seeds):
        sets = divide(train, seed)
        for name, runs in found.items():
            way = WAYS.get(name, LabeledOnly())
            recipe = replace(
                modern(),
                seed=seed,
                unlabeled=way,
                selection=KeepLast(),
                num_epochs=ALL_EPOCHS if name == EVERY else NUM_EPOCHS,
            )
            without = () if isinstance(way, LabeledOnly) else sets.unlabeled
            trained = train_run(  # or loads what was trained before
                TemporalJob(recipe=recipe, store=store, unlabeled=without),
                train if name == EVERY else sets.labeled,
                options.output / f"{name.replace(' ', '-')}-{seed}",
            )
            outputs = predict_stored(trained, scored.sequences, "val")
            runs.append(
                video_statistics(
                    scored.sequences, outputs, Calibration(), trained.data.spaces
                )
            )
            line = task_scores(runs[-1].pooled(), recipe.model.tasks)
            print(json.dumps({"way": name, "seed": seed} | line), flush=True)
    print_table(found)


def print_table(found: dict[str, list[VideoStatistics]]) -> None:
    """Print means over seeds, and differences from the labeled tenth alone."""
    tasks = modern().model.tasks
    base = found[next(iter(WAYS))]
    print("| trained on | CCC V | CCC A | F1 EXPR | F1 AU | sum | gain |")
    print("|---|---|---|---|---|---|---|")
    for name, runs in found.items():
        scores = [task_scores(run.pooled(), tasks) for run in runs]
        means = [np.mean([each[key] for each in scores]) for key in scores[0]]
        gain = ""
        if runs is not base:
            interval = paired_bootstrap_over_runs(
                runs, base, lambda each: np.asarray(score_sum(each, tasks))
            )
            gain = f"{interval.value:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]"
        cells = " | ".join(f"{mean:.3f}" for mean in means)
        print(f"| {name} | {cells} | {gain} |")


if __name__ == "__main__":
    main()
