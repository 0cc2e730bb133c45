"""Complete systems: train, combine, calibrate and export members in one command."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from wildaffect.core.console import Console
from wildaffect.core.errors import UsageError
from wildaffect.export.bundled_backbones import parse_backbones
from wildaffect.inference.inputs import COLUMNS
from wildaffect.recipes.catalog import RECIPES
from wildaffect.recipes.systems import SystemCommand
from wildaffect.training.core.distributed import is_first_process
from wildaffect.workflows.ensemble import EnsembleResult
from wildaffect.workflows.ensemble import ensemble as join
from wildaffect.workflows.epoch_bar import EpochBar
from wildaffect.workflows.export_model import ExportResult, export_model
from wildaffect.workflows.train import train
from wildaffect.workflows.training_setup import TrainResult

OnResult = Callable[[TrainResult | EnsembleResult | ExportResult], None]
"""Called with the result of each part, as it is finished."""
ARTIFACT, ENSEMBLE = "artifact", "ensemble"


def train_system(
    command: SystemCommand,
    *,
    on_result: OnResult = lambda result: None,  # noqa: ARG005
) -> int:
    """Train the missing members, then combine and export them."""
    system = command.system
    backbones = _backbones(command)
    ensemble = _train_ensemble(command, on_result)
    if not is_first_process():
        return 0
    artifact = ensemble.parent / ARTIFACT
    if artifact.exists():
        Console().print(f"{artifact}: exported before", markup=False)
        return 0
    on_result(
        export_model(
            ensemble,
            artifact,
            name=system.name,
            license=command.license,
            summary=system.title,
            backbones=backbones,
        )
    )
    return 0


def _train_ensemble(command: SystemCommand, on_result: OnResult) -> Path:
    """Train the missing members, combine all, and return the ensemble."""
    system = command.system
    folder = command.output or Path("runs") / system.name
    runs = []
    for name, seed in system.members:
        runs.append(folder / "members" / f"{name}-{seed}")
        on_result(_train_member(command, name, seed, runs[-1]))
    ensemble = folder / ENSEMBLE
    if is_first_process() and not (ensemble / "ensemble.json").exists():
        on_result(
            join(
                runs,
                command.data,
                ensemble,
                features=command.features,
                split=command.split,
                select=system.select,
                expression=system.expression,
                num_threads=command.threads,
            )
        )
    return ensemble


def _backbones(command: SystemCommand) -> dict[str, str]:
    """Return the given backbones; a missing backbone is reported before training starts."""
    given = parse_backbones(command.backbone)
    read = {
        name
        for recipe, _ in command.system.members
        for name in command.inputs or RECIPES[recipe]().inputs
    }
    needed = {name for name in read if name not in COLUMNS}
    if not needed <= given.keys():
        raise UsageError(
            f"--backbone: must name the inputs that a backbone makes "
            f"({', '.join(sorted(needed))}), got {', '.join(given) or 'none'}; add "
            "NAME=FOLDER for each"
        )
    return given


def _train_member(
    command: SystemCommand, name: str, seed: int, folder: Path
) -> TrainResult:
    recipe = replace(RECIPES[name](), seed=seed)
    if command.inputs:
        recipe = replace(recipe, inputs=command.inputs)
    if command.num_epochs:
        recipe = replace(recipe, num_epochs=command.num_epochs)
    with EpochBar(recipe.num_epochs) as bar:
        return train(
            recipe,
            command.data,
            features=command.features,
            output=folder,
            score_split=command.split,
            data_license=command.data_license,
            device=command.device,
            num_threads=command.threads,
            on_epoch_end=bar.show_epoch,
        )
