"""The ensemble command: outputs of all members, one mixture of them, and its worth."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from wildaffect.core.console import Console
from wildaffect.core.errors import OutputError, UsageError
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.windows import CausalWindow
from wildaffect.features.store import FeatureStore
from wildaffect.inference.ensemble_weights import (
    Combine,
    EnsembleWeights,
    Select,
    combine_members,
    cross_fit_weights,
    select_weights,
)
from wildaffect.inference.ensembling import correlations
from wildaffect.inference.expression_bias import BiasFit, CoordinateAscent
from wildaffect.inference.fitting import CrossFit, cross_fit
from wildaffect.inference.stored_outputs import StoredOutputs, save_outputs
from wildaffect.training.calibrate_and_score import (
    calibration_fit,
    calibration_path,
    predict_stored,
    save_calibration,
    subject_folds,
    write_scores,
)
from wildaffect.training.ensemble_pages import (
    Evaluated,
    diversity_table,
    evaluated_lines,
    evaluated_table,
    write_diversity,
)
from wildaffect.training.ensembles import (
    EnsembleRecord,
    check_members,
    expand_runs,
    member_names,
    member_record,
    save_record,
    tasks_of,
)
from wildaffect.training.load import Split, load_split
from wildaffect.training.pages import table_console
from wildaffect.training.predict_ensemble import has_same_inputs
from wildaffect.training.runs import TrainedModel, load_run
from wildaffect.training.score import targets_of

MIN_VALIDATION_SUBJECTS = 2
"""People that an ensemble is calibrated on crosswise: on some for the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Which runs become one, and on what that is decided."""

    runs: tuple[Path, ...]
    output: Path
    data: Path
    split: str = "val"
    layout: str | None = None
    features: Path | None = None
    combine: Combine = "mean"
    select: Select = "all"
    expression: BiasFit = field(default_factory=CoordinateAscent)
    seed: int = 0
    threads: int = 1


def make_ensemble(job: Job) -> int:
    """Choose, calibrate, score and write an ensemble, and print every figure.

    Raises:
        UsageError: If a run did not end, members have other label spaces, or the split
            trained a member or holds fewer than two people.
        BadOutputs: If members have features of different frames.
        OutputError: If the folder cannot be written.
    """
    torch.set_num_threads(job.threads)
    members = [load_run(folder) for folder in expand_runs(job.runs)]
    if not members:
        raise UsageError("ensemble: runs must be at least one, got none")
    check_members(members)
    split, said = _outputs(job, members)
    folds = subject_folds(split.sequences, seed=job.seed)
    if len(folds) < MIN_VALIDATION_SUBJECTS:
        raise UsageError(
            f"ensemble: {job.split} must hold at least "
            f"{MIN_VALIDATION_SUBJECTS} subjects, got {len(folds)}; choose another split "
            "with --split"
        )
    targets, spaces = targets_of(split.sequences), members[0].data.spaces
    selected = select_weights(
        said, targets, folds, combine=job.combine, select=job.select, spaces=spaces
    )
    fit = replace(
        calibration_fit(is_causal=_all_causal(members)), expression=job.expression
    )
    fitted = cross_fit_weights(said, selected, targets, folds, fit=fit, spaces=spaces)
    alone = [cross_fit(outputs, targets, folds, fit, spaces=spaces) for outputs in said]
    _write_members(job, members, selected, split, fitted)
    _write_outputs(
        job,
        members,
        combine_members(said, selected.weights, selected.rescaling),
    )
    _report(job, members, [*alone, fitted], said, selected)
    return 0


def _outputs(
    job: Job, members: Sequence[TrainedModel]
) -> tuple[Split, list[tuple[SequenceOutputs, ...]]]:
    """Return the split with its labels, and what every member says of it."""
    store = FeatureStore(job.features or job.data / "features")
    console = Console(stderr=True, highlight=False)
    said = []
    read_by = members[0].recipe
    split = load_split(job.data, store, read_by, job.split, job.layout)
    for member in members:
        with console.status(f"predicting {job.split} with {member.run.folder.name}"):
            if not has_same_inputs(read_by, member.recipe):
                read_by = member.recipe
                split = load_split(job.data, store, read_by, job.split, job.layout)
            _refuse_trained(job, member, split)
            said.append(predict_stored(member, split.sequences, job.split))
    return split, said


def _refuse_trained(job: Job, member: TrainedModel, split: Split) -> None:
    used = {*member.data.train_videos, *member.data.dev_videos}
    shared = [sequence.video for sequence in split.sequences if sequence.video in used]
    if shared:
        raise UsageError(
            f"{member.run.folder}: videos of {job.split} must not have trained a member, "
            f"got {len(shared)} that did, such as {shared[0]}; name another with --split"
        )


def _all_causal(members: Sequence[TrainedModel]) -> bool:
    return all(isinstance(member.recipe.window, CausalWindow) for member in members)


def _write_members(
    job: Job,
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
    job: Job, members: Sequence[TrainedModel], outputs: tuple[SequenceOutputs, ...]
) -> None:
    folder = job.output / "outputs"
    folder.mkdir(exist_ok=True)
    stored = StoredOutputs(
        outputs=outputs,
        spaces=members[0].data.spaces,
        provenance={"ensemble": job.output.name, "members": member_names(members)},
    )
    save_outputs(stored, folder / f"{job.split}.npz")


def _report(
    job: Job,
    members: Sequence[TrainedModel],
    fits: Sequence[CrossFit],
    said: Sequence[tuple[SequenceOutputs, ...]],
    selected: EnsembleWeights,
) -> None:
    names, tasks = member_names(members), tasks_of(members)
    of_each = [*(member.recipe.model.tasks for member in members), tasks]
    evaluated = [
        Evaluated(name=name, lines=evaluated_lines(fit, own, seed=job.seed))
        for name, fit, own in zip([*names, "ensemble"], fits, of_each, strict=True)
    ]
    lines = [line for entry in evaluated for line in entry.named_lines()]
    write_scores(lines, job.output / f"scores-{job.split}.json")
    alike = correlations(said)
    write_diversity(names, alike, job.output / "diversity.json")
    console = table_console()
    console.print("members and their ensemble; tasks are out of sample")
    console.print(evaluated_table(evaluated, tasks, selected))
    console.print("\nhow alike members are: correlation of outputs, mean over tasks")
    console.print(diversity_table(names, alike))
    best = evaluated[-1].lines[-1].out_of_sample
    console.print(
        f"{job.output}: {sum(w > 0 for w in selected.weights)} of {len(members)} members, "
        f"score {best.scores['score']:.3f} ({best.low:.3f} to {best.high:.3f}, 95 % over "
        "videos), calibrated, out of sample",
        markup=False,
        soft_wrap=True,
    )
