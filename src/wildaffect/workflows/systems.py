"""Complete systems: train, combine, calibrate and export members in one command."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from wildaffect.core.errors import UsageError
from wildaffect.export.bundled_backbones import parse_backbones
from wildaffect.features.crops import OnCount
from wildaffect.inference.inputs import COLUMNS
from wildaffect.recipes.catalog import RECIPES
from wildaffect.training.core.callbacks import Callbacks
from wildaffect.training.core.distributed import is_first_process
from wildaffect.workflows.ensemble import EnsembleResult, ensemble
from wildaffect.workflows.export_model import ExportResult, export_model
from wildaffect.workflows.finetune import FinetuneResult
from wildaffect.workflows.pretrain import PretrainResult
from wildaffect.workflows.system_options import SystemOptions
from wildaffect.workflows.train import train
from wildaffect.workflows.training_setup import TrainResult

SystemResult = TrainResult | EnsembleResult | ExportResult | FinetuneResult | PretrainResult
ARTIFACT, ENSEMBLE = "artifact", "ensemble"


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemCallbacks(Callbacks):
    """Callbacks of the training of a system."""

    on_result: Callable[[SystemResult], None] = lambda result: None  # noqa: ARG005
    """Called with the result of each part, as it is finished."""
    on_count: OnCount = lambda name, done, total: None  # noqa: ARG005
    """Called with the progress of crops and extracted videos."""


SILENT = SystemCallbacks()


def train_system(command: SystemOptions, callbacks: SystemCallbacks = SILENT) -> Path:
    """Train the missing members, combine and export them; return the artifact."""
    system = command.system
    backbones = _backbones(command)
    ensemble = _train_ensemble(command, callbacks)
    artifact = ensemble.parent / ARTIFACT
    if not is_first_process():
        return artifact
    if artifact.exists():
        callbacks.on_note(f"{artifact}: exported before")
        return artifact
    exported = export_model(
        ensemble,
        artifact,
        name=system.name,
        license=command.license,
        summary=system.title,
        backbones=backbones,
    )
    callbacks.on_result(exported)
    return artifact


def _train_ensemble(command: SystemOptions, callbacks: SystemCallbacks) -> Path:
    """Train the missing members, combine all, and return the ensemble."""
    system = command.system
    folder = command.output or Path("runs") / system.name
    runs = []
    for name, seed in system.members:
        runs.append(folder / "members" / f"{name}-{seed}")
        callbacks.on_result(_train_member(command, name, seed, runs[-1], callbacks))
    output = folder / ENSEMBLE
    if is_first_process() and not (output / "ensemble.json").exists():
        joined = ensemble(
            runs,
            command.data,
            output,
            features=command.features,
            split=command.split,
            select=system.select,
            expression=system.expression,
            num_threads=command.threads,
        )
        callbacks.on_result(joined)
    return output


def _backbones(command: SystemOptions) -> dict[str, str]:
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
            f"{command.system.name}: backbones must be named for the inputs that a "
            f"backbone makes ({', '.join(sorted(needed))}), got "
            f"{', '.join(given) or 'none'}; add NAME=FOLDER for each"
        )
    return given


def _train_member(
    command: SystemOptions, name: str, seed: int, folder: Path, callbacks: SystemCallbacks
) -> TrainResult:
    recipe = replace(RECIPES[name](), seed=seed)
    if command.inputs:
        recipe = replace(recipe, inputs=command.inputs)
    if command.num_epochs:
        recipe = replace(recipe, num_epochs=command.num_epochs)
    return train(
        recipe,
        command.data,
        features=command.features,
        output=folder,
        score_split=command.split,
        data_license=command.data_license,
        device=command.device,
        num_threads=command.threads,
        on_start=callbacks.on_start,
        on_epoch_end=callbacks.on_epoch_end,
        on_note=callbacks.on_note,
    )
