"""Train recipes over several seeds, and compare them in pairs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from wildaffect.core.errors import UsageError
from wildaffect.core.files import write_whole
from wildaffect.recipes.catalog import find_recipe
from wildaffect.training.core.callbacks import SILENT, Callbacks, OnEpochEnd, OnNote
from wildaffect.training.core.config import TrainerConfig
from wildaffect.training.core.recipe import UNKNOWN_LICENSE
from wildaffect.training.core.runs import read_metrics
from wildaffect.training.temporal.calibrate_and_score import (
    load_calibration,
    predict_stored,
)
from wildaffect.training.temporal.comparison import (
    Comparison,
    Line,
    System,
    comparison_lines,
)
from wildaffect.training.temporal.comparison_pages import to_json, to_markdown, to_svg
from wildaffect.training.temporal.job import train_run
from wildaffect.training.temporal.load import Split, load_split
from wildaffect.training.temporal.recipe import TemporalRecipe
from wildaffect.workflows.training_setup import TrainSetup, calibrate_on_dev, set_up


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ComparisonResult:
    """A comparison of recipes, and the folder of its runs and pages."""

    folder: Path
    lines: tuple[Line, ...]
    """Scores and paired differences, a line per system and step."""
    note: str
    """Seeds, data, and how the numbers came about."""

    @property
    def markdown(self) -> str:
        """Return the table as Markdown."""
        return to_markdown(self.lines, self.note)

    def __repr__(self) -> str:
        best = max(self.lines, key=lambda line: line.scores["score"])
        return (
            f"ComparisonResult({self.folder}: {len(self.lines)} lines, best {best.name}, "
            f"{best.step}, score {best.scores['score']:.3f})"
        )


def compare(  # noqa: PLR0913 - each is an option of the command
    recipes: Sequence[str | Path | TemporalRecipe],
    data: str | Path,
    *,
    features: str | Path | None = None,
    output: str | Path = "comparison",
    num_seeds: int = 5,
    reference: str | None = None,
    score_split: str = "val",
    device: Literal["auto", "cpu", "cuda"] = "auto",
    num_threads: int = 1,
    on_epoch_end: OnEpochEnd = SILENT.on_epoch_end,
    on_note: OnNote = SILENT.on_note,
) -> ComparisonResult:
    """Train every recipe with every seed and compare them; resumable.

    Args:
        recipes: Names, recipe.json files, or recipes.
        data: Folder of annotations.
        features: Feature store; `features` in the data's folder by default.
        output: Folder for the runs and the comparison (Markdown, JSON and SVG).
        num_seeds: Number of runs per recipe, each with its own seed.
        reference: Name of the recipe to compare the others with; the first by default.
        score_split: Split to score on; nothing is selected on it.
        device: Where to train.
        num_threads: Threads of tensor operations on the CPU.
        on_epoch_end: Called after every epoch.
        on_note: Called with each note; training continues.

    Raises:
        UsageError: If a name is repeated, the reference is not among the recipes, or they
            predict other tasks.
        FeatureError: If the store lacks what a recipe reads.
        Diverged: If a loss is not finite.
    """
    folder = Path(output)
    found = _find(recipes)
    reference = reference or next(iter(found))
    _check(found, reference, num_seeds)
    systems = {}
    for name, recipe in found.items():
        setup = set_up(
            recipe,
            data,
            features=features,
            output=folder,
            layout=None,
            train_split="train",
            data_license=UNKNOWN_LICENSE,
            unlabeled_features=None,
            config=TrainerConfig(accelerator=device),
            num_threads=num_threads,
            callbacks=Callbacks(on_epoch_end=on_epoch_end, on_note=on_note),
        )
        evaluated = load_split(Path(data), setup.job.store, recipe, score_split)
        systems[name] = _train(name, setup, (evaluated, score_split), num_seeds)
    tasks = setup.job.recipe.model.tasks  # own labels of the data among them
    comparison = Comparison(evaluated, tasks, evaluated.annotations.spaces, seed=0)
    result = ComparisonResult(
        folder=folder,
        lines=tuple(comparison_lines(comparison, systems, reference)),
        note=_note(num_seeds, evaluated),
    )
    _write(result, num_seeds)
    return result


def _find(
    recipes: Sequence[str | Path | TemporalRecipe],
) -> dict[str, TemporalRecipe]:
    if not recipes:
        raise UsageError("recipes: must be at least one, got none")
    found: dict[str, TemporalRecipe] = {}
    for given in recipes:
        recipe = given if isinstance(given, TemporalRecipe) else find_recipe(given)
        if any(recipe.name == other.name for other in found.values()):
            raise UsageError(
                f"recipes: names must be distinct, got {recipe.name} twice; rename one "
                "with name="
            )
        found[recipe.name if recipe is given else str(given)] = recipe
    return found


def _check(recipes: dict[str, TemporalRecipe], reference: str, num_seeds: int) -> None:
    if reference not in recipes:
        raise UsageError(
            f"reference: must be one of {', '.join(recipes)}, got {reference!r}"
        )
    if num_seeds < 1:
        raise UsageError(f"seeds: must be at least 1, got {num_seeds}")
    tasks = {recipe.model.tasks for recipe in recipes.values()}
    if len(tasks) > 1:
        raise UsageError(
            f"recipes: must predict the same tasks, got {len(tasks)} sets of tasks"
        )


def _train(
    name: str, setup: TrainSetup, scored: tuple[Split, str], num_seeds: int
) -> System:
    """Train a recipe with every seed, calibrate the runs, and predict the scored videos."""
    evaluated, split = scored
    runs = []
    for seed in range(num_seeds):
        job = replace(setup.job, recipe=replace(setup.job.recipe, seed=seed))
        folder = setup.folder / "runs" / f"{setup.job.recipe.name}-{seed}"
        runs.append(train_run(job, setup.split, folder))
        calibrate_on_dev(runs[-1], setup.split.sequences, setup.notes)
    seconds = [sum(row["seconds"] for row in read_metrics(item.run)) for item in runs]
    return System(
        name=name,
        outputs=tuple(predict_stored(run, evaluated.sequences, split) for run in runs),
        calibrations=tuple(load_calibration(run.run.folder) for run in runs),
        num_parameters=sum(p.numel() for p in runs[0].model.parameters()),
        seconds=sum(seconds) / len(seconds),
    )


def _write(result: ComparisonResult, num_seeds: int) -> None:
    title = f"Lead in the sum of scores, {num_seeds} seeds"
    for suffix, text in (
        ("md", result.markdown),
        ("json", to_json(result.lines, result.note)),
        ("svg", to_svg(result.lines, title)),
    ):
        write_whole(result.folder / f"comparison.{suffix}", text.encode())


def _note(num_seeds: int, evaluated: Split) -> str:
    return (
        f"{num_seeds} seeds, scored on {len(evaluated.sequences)} videos of "
        f"{evaluated.annotations.source}; sum = mean CCC + macro-F1 + mean F1. "
        "Differences: means over seeds, intervals over resampled videos and seeds. "
        "Smoothing and calibration are fitted on held-out training subjects; those of "
        "ensembles are cross-fitted on the scored videos. Seconds: wall time of training."
    )
