"""The compare command: train what is not trained yet, score, and write the table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from wildaffect.core.console import Console
from wildaffect.core.errors import UsageError
from wildaffect.core.files import write_whole
from wildaffect.features.store import FeatureStore
from wildaffect.recipes.catalog import find_recipe
from wildaffect.training.core.config import TrainerConfig
from wildaffect.training.core.recipe import UNKNOWN_LICENSE
from wildaffect.training.core.runs import Run, read_metrics
from wildaffect.training.temporal.calibrate_and_score import (
    calibrate_run,
    load_calibration,
    predict_stored,
)
from wildaffect.training.temporal.comparison import Comparison, System, comparison_lines
from wildaffect.training.temporal.comparison_pages import to_json, to_markdown, to_svg
from wildaffect.training.temporal.job import train_run
from wildaffect.training.temporal.load import Split, load_split
from wildaffect.training.temporal.recipe import TemporalRecipe
from wildaffect.training.temporal.runs import TrainedModel
from wildaffect.workflows.epoch_bar import EpochBar


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareOptions:
    """Recipes to compare, and the data to compare them on."""

    recipes: tuple[str, ...]
    data: Path
    features: Path
    output: Path
    num_seeds: int
    reference: str
    score_split: str
    device: str
    threads: int


def compare(options: CompareOptions) -> int:
    """Train every recipe with every seed, then write the comparison.

    Finished runs are not trained again, so an interrupted comparison resumes.

    Raises:
        UsageError: If the reference is not among the recipes, or they predict other tasks.
    """
    torch.set_num_threads(options.threads)
    recipes = {name: find_recipe(name) for name in dict.fromkeys(options.recipes)}
    _check(options, recipes)
    store = FeatureStore(options.features)
    console = Console(highlight=False, soft_wrap=True)
    systems, evaluated = {}, None
    for name, recipe in recipes.items():
        split = load_split(options.data, store, recipe, "train")
        evaluated = load_split(options.data, store, recipe, options.score_split)
        runs = [
            _train(options, replace(recipe, seed=seed), split, store)
            for seed in range(options.num_seeds)
        ]
        systems[name] = _system(name, runs, split, evaluated, options.score_split)
    if evaluated is None:
        raise UsageError("compare: at least one recipe must be named, got none")
    tasks = next(iter(recipes.values())).model.tasks
    comparison = Comparison(evaluated, tasks, evaluated.annotations.spaces, seed=0)
    lines = comparison_lines(comparison, systems, options.reference)
    note = _note(options, evaluated)
    options.output.mkdir(parents=True, exist_ok=True)
    for suffix, text in (
        ("md", to_markdown(lines, note)),
        ("json", to_json(lines, note)),
        ("svg", to_svg(lines, f"Lead in the sum of scores, {options.num_seeds} seeds")),
    ):
        path = options.output / f"comparison.{suffix}"
        write_whole(path, text.encode())
    console.print(to_markdown(lines, note), markup=False)
    console.print(f"{options.output}/comparison.md, .json, .svg", markup=False)
    return 0


def _check(options: CompareOptions, recipes: dict[str, TemporalRecipe]) -> None:
    if options.reference not in recipes:
        raise UsageError(
            f"compare: --reference must be one of {', '.join(recipes)}, "
            f"got {options.reference!r}"
        )
    tasks = {recipe.model.tasks for recipe in recipes.values()}
    if len(tasks) > 1 or options.num_seeds < 1:
        raise UsageError(
            "compare: recipes must predict the same tasks and --seeds be at least 1, got "
            f"{len(tasks)} sets of tasks and {options.num_seeds} seeds"
        )


def _train(
    options: CompareOptions, recipe: TemporalRecipe, split: Split, store: FeatureStore
) -> TrainedModel:
    folder = options.output / "runs" / f"{recipe.name}-{recipe.seed}"
    with EpochBar(recipe.num_epochs) as bar:
        return train_run(
            recipe,
            split,
            store,
            folder,
            config=TrainerConfig(accelerator=options.device),
            data_license=UNKNOWN_LICENSE,
            on_epoch_end=partial(bar.show_epoch, Run(folder)),
        )


def _system(
    name: str,
    runs: Sequence[TrainedModel],
    split: Split,
    evaluated: Split,
    score_split: str,
) -> System:
    for run in runs:
        calibrate_run(run, split.sequences)
    seconds = [sum(row["seconds"] for row in read_metrics(item.run)) for item in runs]
    return System(
        name=name,
        outputs=tuple(
            predict_stored(run, evaluated.sequences, score_split) for run in runs
        ),
        calibrations=tuple(load_calibration(run.run.folder) for run in runs),
        num_parameters=sum(p.numel() for p in runs[0].model.parameters()),
        seconds=sum(seconds) / len(seconds),
    )


def _note(options: CompareOptions, evaluated: Split) -> str:
    return (
        f"{options.num_seeds} seeds, scored on "
        f"{len(evaluated.sequences)} videos of "
        f"{evaluated.annotations.source}; sum = mean CCC + macro-F1 + mean F1. "
        "Differences: means over seeds, intervals over resampled videos and seeds. "
        "Smoothing and calibration are fitted on held-out training subjects; those of "
        "ensembles are cross-fitted on the scored videos. Seconds: wall time of training."
    )
