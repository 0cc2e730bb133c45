"""What predicts: one finished run, or several that answer together.

An ensemble is a folder beside its runs: `ensemble.json` names them with their weights and
how they are rescaled, `calibration.json` says what is done to their mean.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from wildaffect.core.config import Config
from wildaffect.core.errors import UsageError
from wildaffect.core.files import write_whole
from wildaffect.core.names import is_inside
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.data.splits import load_splits
from wildaffect.inference.calibration import Calibration
from wildaffect.inference.ensemble_weights import Combine, Select
from wildaffect.inference.manifest import Affine
from wildaffect.training.calibrate_and_score import load_calibration
from wildaffect.training.runs import Run, TrainedModel, load_run

ENSEMBLE_FILE = "ensemble.json"
FOLDS_FILE = "folds.json"
"""Of a cross-validation, beside the folders of its runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRecord(Config):
    """A run of an ensemble, as its folder writes it."""

    run: str
    """Folder of the run, from the ensemble's folder; runs may lie beside it."""
    weights_sha256: str
    """Of the run's weights; a run that was trained anew is another."""
    weight: float = 1.0
    rescaled: dict[Task, Affine] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not is_inside(self.run.replace("../", "")):
            raise ValueError(f"run must be a relative path, got {self.run!r}")
        if self.weight <= 0:
            raise ValueError(f"weight must be positive, got {self.weight:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleRecord(Config):
    """`ensemble.json`."""

    members: tuple[MemberRecord, ...]
    combine: Combine
    """Whether valence and arousal of the members were brought to common moments first."""
    select: Select
    split: str
    """On which weights, rescaling and calibration were chosen."""
    annotations: str
    annotations_sha256: str | None
    videos: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.members:
            raise ValueError("members must name a run at least, got none")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleMember:
    """A trained model and what it counts."""

    trained: TrainedModel
    weight: float = 1.0
    rescaled: Mapping[Task, Affine] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensemble:
    """One or more models with what is done to the mean of what they say."""

    folder: Path
    """Of the ensemble, or of the one run."""
    members: tuple[EnsembleMember, ...]
    """All with the same label spaces; tasks and windows may be each one's own."""
    calibration: Calibration
    chosen_on: EnsembleRecord | None = None
    """How an ensemble was made; None for a single run."""

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Return what any member predicts, in the order of `Task`."""
        return tasks_of([member.trained for member in self.members])

    @property
    def spaces(self) -> LabelSpaces:
        """Return the names of expressions and action units."""
        return self.members[0].trained.data.spaces


_RECORD = TypeAdapter(EnsembleRecord)


def load_ensemble(folder: Path) -> Ensemble:
    """Return what predicts in a folder: an ensemble, or a single run.

    Raises:
        UsageError: If it is neither, a run of it did not end or was trained anew since, or
            its members have other label spaces.
        BadCheckpoint: If weights are damaged.
    """
    path = folder / ENSEMBLE_FILE
    if not path.exists():
        _refuse_folds(folder)
        single = EnsembleMember(trained=load_run(folder))
        return Ensemble(
            folder=folder, members=(single,), calibration=load_calibration(folder)
        )
    record = _read_record(path)
    members = tuple(_load_member(path, member) for member in record.members)
    check_members([member.trained for member in members])
    return Ensemble(
        folder=folder,
        members=members,
        calibration=load_calibration(folder),
        chosen_on=record,
    )


def expand_runs(folders: Sequence[Path]) -> list[Path]:
    """Return the folders of runs; a cross-validation stands for the runs of its folds.

    Raises:
        UsageError: If one is named twice.
        SplitError: If the folds of a cross-validation were altered.
    """
    found: list[Path] = []
    for folder in folders:
        path = folder / FOLDS_FILE
        if path.exists() and not Run(folder).recipe.exists():
            found += [folder / fold.name for fold in load_splits(path).folds]
        else:
            found.append(folder)
    twice = [one for one in found if found.count(one) > 1]
    if twice:
        raise UsageError(f"{twice[0]}: members must be named once each, got it twice")
    return found


def member_names(members: Sequence[TrainedModel]) -> list[str]:
    """Return a short name for each run: of its folder, with its parent's if need be."""
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
    write_whole(folder / ENSEMBLE_FILE, _RECORD.dump_json(record, indent=1) + b"\n")


def member_record(
    folder: Path, trained: TrainedModel, weight: float, rescaled: Mapping[Task, Affine]
) -> MemberRecord:
    """Return how an ensemble's folder names a run."""
    run = os.path.relpath(trained.run.folder.absolute(), folder.absolute())
    return MemberRecord(
        run=Path(run).as_posix(),
        weights_sha256=weights_sha256(trained.run),
        weight=weight,
        rescaled=dict(rescaled),
    )


def weights_sha256(run: Run) -> str:
    """Return the hash of a run's weights."""
    return hashlib.sha256(run.weights.read_bytes()).hexdigest()


def tasks_of(members: Sequence[TrainedModel]) -> tuple[Task, ...]:
    """Return what any of these predicts, in the order of `Task`."""
    named = {task for member in members for task in member.recipe.model.tasks}
    return tuple(task for task in Task if task in named)


def check_members(members: Sequence[TrainedModel]) -> None:
    """Refuse models whose classes or units are not the same.

    Raises:
        UsageError: Naming the first difference.
    """
    first = members[0]
    for member in members[1:]:
        mine, theirs = first.data.spaces, member.data.spaces
        if mine != theirs:
            raise UsageError(
                f"{member.run.folder}: label spaces must be those of {first.run.folder}, "
                f"got {_worded(theirs)} for {_worded(mine)}"
            )


def _load_member(path: Path, record: MemberRecord) -> EnsembleMember:
    trained = load_run(path.parent / record.run)
    found = weights_sha256(trained.run)
    if found != record.weights_sha256:
        raise UsageError(
            f"{path}: weights of {record.run} must be those that the ensemble was made of "
            f"({record.weights_sha256[:12]}), got {found[:12]}; make the ensemble again"
        )
    return EnsembleMember(trained=trained, weight=record.weight, rescaled=record.rescaled)


def _read_record(path: Path) -> EnsembleRecord:
    try:
        return _RECORD.validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "file"
        raise UsageError(f"{path}: {where}: {first['msg']}") from None


def _refuse_folds(folder: Path) -> None:
    if (folder / FOLDS_FILE).exists() and not Run(folder).recipe.exists():
        raise UsageError(
            f"{folder}: must be a run or an ensemble, got the runs of a cross-validation; "
            f"make one of them first: wildaffect ensemble {folder} -o ENSEMBLE --data DIR"
        )


def _worded(spaces: LabelSpaces) -> str:
    return f"{spaces.expressions.name} and {spaces.action_units.name}"
