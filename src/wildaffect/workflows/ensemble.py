"""Combine runs into an ensemble, calibrated and scored on subjects new to it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wildaffect.calibration.ensemble_weights import (
    Combine,
    EnsembleWeights,
    Select,
    combine_members,
    cross_fit_weights,
    select_weights,
)
from wildaffect.calibration.ensembling import correlations
from wildaffect.calibration.expression_bias import BiasFit, CoordinateAscent
from wildaffect.calibration.fitting import CrossFit, cross_fit
from wildaffect.calibration.stored_outputs import StoredOutputs, save_outputs
from wildaffect.core.errors import OutputError, UsageError
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.tasks import Task
from wildaffect.core.windows import CausalWindow
from wildaffect.features.store import FeatureStore
from wildaffect.training.core.distributed import use_threads
from wildaffect.training.core.scores import write_scores
from wildaffect.training.temporal.calibrate_and_score import (
    calibration_fit,
    calibration_path,
    predict_stored,
    save_calibration,
    subject_folds,
)
from wildaffect.training.temporal.ensemble_pages import (
    Evaluated,
    evaluated_lines,
    write_diversity,
)
from wildaffect.training.temporal.ensembles import (
    EnsembleRecord,
    check_members,
    expand_runs,
    member_names,
    member_record,
    save_record,
    tasks_of,
)
from wildaffect.training.temporal.load import Split, load_split
from wildaffect.training.temporal.predict_ensemble import has_same_inputs
from wildaffect.training.temporal.runs import TrainedModel, load_run
from wildaffect.training.temporal.same_features import check_trained_features
from wildaffect.training.temporal.score import targets_of

MIN_VALIDATION_SUBJECTS = 2
"""Minimum number of subjects for cross-fitting the calibration of an ensemble."""


OnStage = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class EnsembleResult:
    """An ensemble on disk, and the scores of its members and of itself."""

    folder: Path
    tasks: tuple[Task, ...]
    weights: EnsembleWeights
    evaluated: tuple[Evaluated, ...]
    """One entry per member, and the ensemble last."""
    correlations: Mapping[Task, NDArray[np.float64]]
    """Correlation of the members' outputs by task, shape (members, members)."""

    @property
    def num_members(self) -> int:
        """Number of members with a weight above 0."""
        return sum(weight > 0 for weight in self.weights.weights)

    def __repr__(self) -> str:
        best = self.evaluated[-1].lines[-1].out_of_sample
        return (
            f"EnsembleResult({self.folder}: {self.num_members} of "
            f"{len(self.weights.weights)} members, {best.total} ({best.interval}), "
            "calibrated, out of sample)"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """Runs to combine, and the data that weights and calibration are fitted on."""

    output: Path
    data: Path
    split: str
    layout: str | None
    store: FeatureStore
    combine: Combine
    select: Select
    expression: BiasFit
    seed: int
    on_stage: OnStage


def ensemble(  # noqa: PLR0913 - each is an option of the command
    runs: Sequence[str | Path],
    data: str | Path,
    output: str | Path,
    *,
    split: str = "val",
    layout: str | None = None,
    features: str | Path | None = None,
    combine: Combine = "mean",
    select: Select = "all",
    expression: BiasFit | None = None,
    seed: int = 0,
    num_threads: int = 1,
    on_stage: OnStage = lambda stage: None,  # noqa: ARG005
) -> EnsembleResult:
    """Combine runs, calibrate the ensemble, score it out of sample and write it.

    Args:
        runs: Folders of finished runs, or of cross-validations.
        data: Folder of annotations.
        output: Folder of the ensemble.
        split: Split that weights and calibration are chosen on.
        layout: Layout of the annotations, if there are several.
        features: Feature store; `features` in the data's folder by default.
        combine: Plain mean, or valence and arousal brought to common mean and spread first.
        select: Equal weights, or greedy forward selection while the score improves.
        expression: How the bias of expressions is fitted; coordinate ascent by default.
        seed: Random seed of the folds and of the intervals.
        num_threads: CPU threads for tensor operations.
        on_stage: Called with the name of each stage as it begins.

    Raises:
        UsageError: If a run did not end, members have other label spaces, to which those
            of the split cannot be mapped, or the split was used to train a member or has
            fewer than two people.
        BadOutputs: If members have features of different frames.
        OutputError: If the folder cannot be written.
    """
    use_threads(num_threads)
    job = _Job(
        output=Path(output),
        data=Path(data),
        split=split,
        layout=layout,
        store=FeatureStore(Path(features or Path(data) / "features")),
        combine=combine,
        select=select,
        expression=expression or CoordinateAscent(),
        seed=seed,
        on_stage=on_stage,
    )
    members = [load_run(folder) for folder in expand_runs(tuple(map(Path, runs)))]
    if not members:
        raise UsageError("ensemble: runs must be at least one, got none")
    check_members(members)
    labeled, predicted = _outputs(job, members)
    folds = subject_folds(labeled.sequences, seed=job.seed)
    if len(folds) < MIN_VALIDATION_SUBJECTS:
        raise UsageError(
            f"ensemble: {job.split} must hold at least "
            f"{MIN_VALIDATION_SUBJECTS} subjects, got {len(folds)}; choose another split"
        )
    targets, spaces = targets_of(labeled.sequences), members[0].data.spaces
    selected = select_weights(
        predicted, targets, folds, combine=job.combine, select=job.select, spaces=spaces
    )
    fit = replace(
        calibration_fit(is_causal=_all_causal(members)), expression=job.expression
    )
    fitted = cross_fit_weights(predicted, selected, targets, folds, fit=fit, spaces=spaces)
    alone = [cross_fit(member, targets, folds, fit, spaces=spaces) for member in predicted]
    _write_members(job, members, selected, labeled, fitted)
    _write_outputs(
        job,
        members,
        combine_members(predicted, selected.weights, selected.rescaling),
    )
    return _result(job, members, [*alone, fitted], predicted, selected)


def _outputs(
    job: _Job, members: Sequence[TrainedModel]
) -> tuple[Split, list[tuple[SequenceOutputs, ...]]]:
    """Return the split with its labels, and the outputs of every member."""
    store = job.store
    check_trained_features(store, members)
    predicted = []
    read_by, spaces = members[0].recipe, members[0].data.spaces
    split = load_split(job.data, store, read_by, job.split, job.layout, spaces)
    for member in members:
        job.on_stage(f"predicting {job.split} with {member.run.folder.name}")
        if not has_same_inputs(read_by, member.recipe):
            read_by = member.recipe
            split = load_split(job.data, store, read_by, job.split, job.layout, spaces)
        _refuse_trained(job, member, split)
        predicted.append(predict_stored(member, split.sequences, job.split))
    return split, predicted


def _refuse_trained(job: _Job, member: TrainedModel, split: Split) -> None:
    data = member.data
    used = {*data.train_videos, *data.dev_videos, *data.unlabeled_videos}
    shared = [sequence.video for sequence in split.sequences if sequence.video in used]
    if shared:
        raise UsageError(
            f"{member.run.folder}: videos of {job.split} must not have trained a member, "
            f"got {len(shared)} that did, such as {shared[0]}; choose another split"
        )


def _all_causal(members: Sequence[TrainedModel]) -> bool:
    return all(isinstance(member.recipe.window, CausalWindow) for member in members)


def _write_members(
    job: _Job,
    members: Sequence[TrainedModel],
    selected: EnsembleWeights,
    split: Split,
    fitted: CrossFit,
) -> None:
    try:
        job.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{job.output}: must be a folder, got {error.strerror}") from None
    records = [
        member_record(job.output, member, weight, rescaled)
        for member, weight, rescaled in zip(
            members, selected.weights, selected.rescaling, strict=True
        )
        if weight > 0
    ]
    record = EnsembleRecord(
        members=tuple(records),
        combine=job.combine,
        select=job.select,
        split=job.split,
        annotations=split.annotations.source,
        annotations_sha256=split.annotated.input.sha256,
        videos=tuple(sequence.video for sequence in split.sequences),
    )
    save_record(record, job.output)
    save_calibration(fitted.calibration, calibration_path(job.output))


def _write_outputs(
    job: _Job, members: Sequence[TrainedModel], outputs: tuple[SequenceOutputs, ...]
) -> None:
    folder = job.output / "outputs"
    folder.mkdir(exist_ok=True)
    stored = StoredOutputs(
        outputs=outputs,
        spaces=members[0].data.spaces,
        provenance={"ensemble": job.output.name, "members": member_names(members)},
    )
    save_outputs(stored, folder / f"{job.split}.npz")


def _result(
    job: _Job,
    members: Sequence[TrainedModel],
    fits: Sequence[CrossFit],
    predicted: Sequence[tuple[SequenceOutputs, ...]],
    selected: EnsembleWeights,
) -> EnsembleResult:
    """Write the scores and the diversity of the members, and return them."""
    names, tasks = member_names(members), tasks_of(members)
    of_each = [*(member.recipe.model.tasks for member in members), tasks]
    evaluated = [
        Evaluated(name=name, lines=evaluated_lines(fit, own, seed=job.seed))
        for name, fit, own in zip([*names, "ensemble"], fits, of_each, strict=True)
    ]
    lines = [line for entry in evaluated for line in entry.named_lines()]
    write_scores(lines, job.output / f"scores-{job.split}.json")
    alike = correlations(predicted)
    write_diversity(names, alike, job.output / "diversity.json")
    return EnsembleResult(
        folder=job.output,
        tasks=tasks,
        weights=selected,
        evaluated=tuple(evaluated),
        correlations=alike,
    )
