"""Ensembles: one or several finished runs that predict together.

An ensemble is a folder: `ensemble.json` lists its runs with weights and rescaling, and
`calibration.json` holds the post-processing of their mean.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from wildaffect.calibration.ensemble_weights import Combine, Select
from wildaffect.core.config import Config
from wildaffect.core.errors import UsageError
from wildaffect.core.hashes import file_sha256
from wildaffect.core.names import is_inside
from wildaffect.core.records import read_record, write_record
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.data.splits import load_splits
from wildaffect.inference.calibration import Calibration
from wildaffect.inference.manifest import Affine
from wildaffect.training.core.runs import Run
from wildaffect.training.temporal.calibrate_and_score import load_calibration
from wildaffect.training.temporal.runs import TrainedModel, load_run

ENSEMBLE_FILE = "ensemble.json"
FOLDS_FILE = "folds.json"
"""File of a cross-validation that defines its folds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRecord(Config):
    """Entry of a run in `ensemble.json`."""

    run: str
    """Folder of the run, relative to the folder of the ensemble."""
    weights_sha256: str
    """Hash of the run's weights; it changes if the run is trained again."""
    weight: float = 1.0
    rescaled: dict[Task, Affine] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not is_inside(self.run.replace("../", "")):
            raise ValueError(f"run must be a relative path, got {self.run!r}")
        if self.weight <= 0:
            raise ValueError(f"weight must be positive, got {self.weight:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleRecord(Config):
    """Content of `ensemble.json`."""

    members: tuple[MemberRecord, ...]
    combine: Combine
    """How members were combined: plain mean, or after rescaling valence and arousal."""
    select: Select
    split: str
    """Split that weights, rescaling and calibration were fitted on."""
    annotations: str
    annotations_sha256: str | None
    videos: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.members:
            raise ValueError("members must name at least one run")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleMember:
    """A trained model and its weight in the ensemble."""

    trained: TrainedModel
    weight: float = 1.0
    rescaled: Mapping[Task, Affine] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensemble:
    """One or more models and the calibration of their mean output."""

    folder: Path
    """Folder of the ensemble or of the single run."""
    members: tuple[EnsembleMember, ...]
    """Members with the same label spaces; tasks and windows may differ."""
    calibration: Calibration
    chosen_on: EnsembleRecord | None = None
    """Record of the ensemble; None for a single run."""

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Return the tasks that any member predicts, in the order of `Task`."""
        return tasks_of([member.trained for member in self.members])

    @property
    def spaces(self) -> LabelSpaces:
        """Return the label spaces."""
        return self.members[0].trained.data.spaces


_RECORD = TypeAdapter(EnsembleRecord)


def load_ensemble(folder: Path) -> Ensemble:
    """Load an ensemble, or a single run as an ensemble of one.

    Raises:
        UsageError: If it is neither, a run is unfinished or was trained again since, or the
            label spaces of its members differ.
        BadCheckpoint: If weights are damaged.
    """
    path = folder / ENSEMBLE_FILE
    if not path.exists():
        _refuse_folds(folder)
        single = EnsembleMember(trained=load_run(folder))
        return Ensemble(
            folder=folder, members=(single,), calibration=load_calibration(folder)
        )
    record = read_record(_RECORD, path, "ensemble")
    members = tuple(_load_member(path, member) for member in record.members)
    check_members([member.trained for member in members])
    return Ensemble(
        folder=folder,
        members=members,
        calibration=load_calibration(folder),
        chosen_on=record,
    )


def expand_runs(folders: Sequence[Path]) -> list[Path]:
    """Return the folders of runs, with each cross-validation replaced by its runs.

    Raises:
        UsageError: If a run is listed twice.
        SplitError: If the folds of a cross-validation were modified.
    """
    found: list[Path] = []
    for folder in folders:
        path = folder / FOLDS_FILE
        if path.exists() and not Run(folder).recipe.exists():
            found += [folder / fold.name for fold in load_splits(path).folds]
        else:
            found.append(folder)
    twice = [run for run in found if found.count(run) > 1]
    if twice:
        raise UsageError(f"{twice[0]}: this run is named twice")
    return found


def member_names(members: Sequence[TrainedModel]) -> list[str]:
    """Return a short name for each run: its folder, with the parent if ambiguous."""
    folders = [member.run.folder.absolute() for member in members]
    short = [folder.name for folder in folders]
    return [
        folder.name
        if short.count(folder.name) == 1
        else f"{folder.parent.name}/{folder.name}"
        for folder in folders
    ]


def save_record(record: EnsembleRecord, folder: Path) -> None:
    """Write `ensemble.json`."""
    write_record(_RECORD, record, folder / ENSEMBLE_FILE)


def member_record(
    folder: Path, trained: TrainedModel, weight: float, rescaled: Mapping[Task, Affine]
) -> MemberRecord:
    """Return the entry of a run in `ensemble.json`."""
    run = os.path.relpath(trained.run.folder.absolute(), folder.absolute())
    return MemberRecord(
        run=Path(run).as_posix(),
        weights_sha256=file_sha256(trained.run.weights),
        weight=weight,
        rescaled=dict(rescaled),
    )


def tasks_of(members: Sequence[TrainedModel]) -> tuple[Task, ...]:
    """Return the tasks that any of these models predicts, in the order of `Task`."""
    named = {task for member in members for task in member.recipe.model.tasks}
    return tuple(task for task in Task if task in named)


def check_members(members: Sequence[TrainedModel]) -> None:
    """Check that all models have the same label spaces.

    Raises:
        UsageError: Naming the first difference.
    """
    first = members[0]
    for member in members[1:]:
        mine, theirs = first.data.spaces, member.data.spaces
        if mine != theirs:
            raise UsageError(
                f"{member.run.folder}: label spaces differ from those of "
                f"{first.run.folder}: {theirs.words} instead of {mine.words}"
            )


def _load_member(path: Path, record: MemberRecord) -> EnsembleMember:
    trained = load_run(path.parent / record.run)
    found = file_sha256(trained.run.weights)
    if found != record.weights_sha256:
        raise UsageError(
            f"{path}: {record.run} was trained again since: its weights are {found[:12]} "
            f"instead of {record.weights_sha256[:12]}; make the ensemble again"
        )
    return EnsembleMember(trained=trained, weight=record.weight, rescaled=record.rescaled)


def _refuse_folds(folder: Path) -> None:
    if (folder / FOLDS_FILE).exists() and not Run(folder).recipe.exists():
        raise UsageError(
            f"{folder}: this is a cross-validation; make an ensemble of its runs first: "
            f"wildaffect ensemble {folder} -o ENSEMBLE --data DIR"
        )
