"""Whole systems: members are trained, joined, calibrated and exported in one command."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

import tyro

from wildaffect.calibration.expression_bias import BiasFit, CoordinateAscent
from wildaffect.core.config import Config
from wildaffect.core.console import Console
from wildaffect.core.errors import UsageError
from wildaffect.export.bundled_backbones import parse_backbones
from wildaffect.inference.inputs import COLUMNS
from wildaffect.recipes.catalog import RECIPES
from wildaffect.training.distributed import is_first_process
from wildaffect.training.job import UNKNOWN_LICENSE
from wildaffect.workflows.ensemble import EnsembleResult
from wildaffect.workflows.ensemble import ensemble as join
from wildaffect.workflows.epoch_bar import EpochBar
from wildaffect.workflows.export_model import ExportResult, export_model
from wildaffect.workflows.train import train
from wildaffect.workflows.training_setup import TrainResult

OnResult = Callable[[TrainResult | EnsembleResult | ExportResult], None]
"""Called with the result of each part, as it is finished."""
ARTIFACT, ENSEMBLE = "artifact", "ensemble"


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemRecipe(Config):
    """Runs that become one artifact."""

    name: str
    title: str
    """One sentence on what the artifact is and what it is not."""
    members: tuple[tuple[str, int], ...]
    """Recipe and seed of each."""
    select: Literal["all", "greedy"] = "all"
    """Member weights: all equal, or from greedy selection."""
    expression: BiasFit = field(default_factory=CoordinateAscent)
    """Method for the expression bias."""


SYSTEMS = {
    system.name: system
    for system in (
        SystemRecipe(
            name="abaw4-ensemble",
            title="Transformer, LSTM, GRU and three multi-task frameworks after "
            "arXiv:2207.09373, averaged; accuracy on people not measured.",
            members=tuple(
                (name, RECIPES[name]().seed)
                for name in (
                    "abaw4-transformer",
                    "abaw4-lstm",
                    "abaw4-gru",
                    "abaw4-share-encoder",
                    "abaw4-share-bottom",
                    "abaw4-hidden-feedback",
                    "abaw4-label-feedback",
                )
            ),
        ),
    )
}
"""The systems that ship, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemCommand:
    """Train a whole system: members, ensemble, calibration, artifact; resumable."""

    system: tyro.conf.Suppress[SystemRecipe]
    data: Path
    """Folder of annotations."""
    features: Path | None = None
    """Feature store; `features` in the data's folder if not given."""
    output: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """Folder of members, ensemble and artifact; runs/<system> if not given."""
    inputs: tuple[str, ...] = ()
    """Inputs of every member in place of the recipes': measurements or feature sets."""
    backbone: tuple[str, ...] = ()
    """NAME=FOLDER for each input that a backbone makes, as for `wildaffect export`."""
    epochs: int | None = None
    """Epochs of every member in place of the recipes'."""
    split: str = "val"
    """Split on which the ensemble is calibrated (cross-fitted) and evaluated."""
    data_license: str = UNKNOWN_LICENSE
    """License of the annotations; stated again in the artifact."""
    license: str = "not stated"
    """License of the artifact."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int = 1


def train_system(
    command: SystemCommand,
    *,
    on_result: OnResult = lambda result: None,  # noqa: ARG005
) -> int:
    """Train what is not trained yet, then join and export it."""
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
    """Train the members that are not trained yet, join them, and return the ensemble."""
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
    """Return the given backbones; a missing one is reported before hours of work."""
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
    if command.epochs:
        recipe = replace(recipe, num_epochs=command.epochs)
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
