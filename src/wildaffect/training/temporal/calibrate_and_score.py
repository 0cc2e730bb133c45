"""Calibrate a finished run on its dev split and score it on other subjects."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from wildaffect.calibration.fitting import CalibrationFit, CrossFit, Step, cross_fit
from wildaffect.calibration.smoothing_choice import CAUSAL_GRIDS
from wildaffect.calibration.stored_outputs import StoredOutputs, load_outputs, save_outputs
from wildaffect.core.hashes import file_sha256
from wildaffect.core.outputs import SequenceOutputs
from wildaffect.core.records import read_record, write_record
from wildaffect.core.sequences import FrameSequence
from wildaffect.core.tasks import LabelSpaces, Task
from wildaffect.core.windows import CausalWindow
from wildaffect.inference.calibration import Calibration
from wildaffect.training.core.scores import ScoreLine, score_line, write_scores
from wildaffect.training.temporal.predict import predict_sequences
from wildaffect.training.temporal.runs import TrainedModel
from wildaffect.training.temporal.score import targets_of, video_statistics

NUM_FOLDS = 5
"""Folds of the held-out subjects, for out-of-sample scores of a calibration."""

_CALIBRATION = TypeAdapter(Calibration)


def predict_stored(
    trained: TrainedModel, sequences: Sequence[FrameSequence], split: str
) -> tuple[SequenceOutputs, ...]:
    """Return the outputs of a run on sequences, computed once per split and then stored.

    Stored outputs of other weights, videos, frames or features are recomputed.

    Raises:
        BadOutputs: If the stored outputs are damaged.
    """
    path = trained.run.outputs(split)
    provenance = {
        "run": trained.run.folder.name,
        "recipe": trained.recipe.name,
        "weights_sha256": file_sha256(trained.run.weights),
        "inputs_sha256": _inputs_sha256(sequences),
    }
    if path.exists():
        stored = load_outputs(path)
        if stored.provenance == provenance:
            return stored.outputs
    outputs = tuple(
        predict_sequences(
            trained.model, sequences, trained.recipe.window, trained.data.spaces
        )
    )
    path.parent.mkdir(exist_ok=True)
    save_outputs(
        StoredOutputs(outputs=outputs, spaces=trained.data.spaces, provenance=provenance),
        path,
    )
    return outputs


def _inputs_sha256(sequences: Sequence[FrameSequence]) -> str:
    """Return the digest of what is predicted: videos, and their frames with features."""
    digest = hashlib.sha256()
    for sequence in sequences:
        rows = sequence.has_feature
        digest.update(f"{sequence.video} {rows.sum()}\n".encode())
        for values in (sequence.frame_number, sequence.time_s, sequence.features):
            digest.update(values[rows].tobytes())
    return digest.hexdigest()


def calibrate(
    outputs: Sequence[SequenceOutputs],
    sequences: Sequence[FrameSequence],
    *,
    is_causal: bool,
    seed: int,
    spaces: LabelSpaces,
) -> CrossFit | None:
    """Fit the post-processing of a network; return None for fewer than two subjects.

    Args:
        outputs: Raw outputs on subjects that were not trained on.
        sequences: Sequences of those outputs, in the same order.
        is_causal: Restrict smoothing to past frames.
        seed: Random seed of the folds.
        spaces: Label spaces.
    """
    folds = subject_folds(sequences, seed=seed)
    if len(folds) < 2:
        return None
    fit = calibration_fit(is_causal=is_causal)
    return cross_fit(outputs, targets_of(sequences), folds, fit, spaces=spaces)


def subject_folds(sequences: Sequence[FrameSequence], *, seed: int) -> list[list[str]]:
    """Return the videos of each fold; all videos of a subject are in one fold."""
    subjects = sorted({sequence.subject for sequence in sequences})
    num_folds = min(NUM_FOLDS, len(subjects))
    order = np.random.default_rng((seed, 0xCA1)).permutation(len(subjects))
    fold_of = {subjects[at]: place % num_folds for place, at in enumerate(order)}
    return [
        [sequence.video for sequence in sequences if fold_of[sequence.subject] == fold]
        for fold in range(num_folds)
    ]


def calibration_fit(*, is_causal: bool) -> CalibrationFit:
    """Return the search space of a calibration; a causal one smooths over the past only."""
    return CalibrationFit(grids=CAUSAL_GRIDS) if is_causal else CalibrationFit()


def calibrate_run(
    trained: TrainedModel, sequences: Sequence[FrameSequence]
) -> CrossFit | None:
    """Calibrate a run on its dev split, see `calibrate_on`; None without a dev split."""
    dev = set(trained.data.dev_videos)
    held_out = [sequence for sequence in sequences if sequence.video in dev]
    return calibrate_on(trained, held_out, "dev") if held_out else None


def calibrate_on(
    trained: TrainedModel, sequences: Sequence[FrameSequence], split: str
) -> CrossFit | None:
    """Calibrate a run and save the calibration in its folder.

    Args:
        trained: The run.
        sequences: Sequences of subjects that it was not trained on.
        split: Name of their split.

    Returns:
        The fit with its in-sample and out-of-sample scores; None for fewer than two
        subjects.
    """
    return calibrate_with(trained, predict_stored(trained, sequences, split), sequences)


def calibrate_with(
    trained: TrainedModel,
    outputs: Sequence[SequenceOutputs],
    sequences: Sequence[FrameSequence],
) -> CrossFit | None:
    """Fit the calibration of a run on outputs that it need not have made; see above."""
    fitted = calibrate(
        outputs,
        sequences,
        is_causal=isinstance(trained.recipe.window, CausalWindow),
        seed=trained.recipe.seed,
        spaces=trained.data.spaces,
    )
    if fitted:
        tasks, seed = trained.recipe.model.tasks, trained.recipe.seed
        save_calibration(fitted.calibration, calibration_path(trained.run.folder))
        lines = step_lines(fitted.steps, tasks, seed=seed)
        write_scores(lines, fit_path(trained.run.folder))
    return fitted


def calibration_path(folder: Path) -> Path:
    """Return the path of the calibration of a run or an ensemble."""
    return folder / "calibration.json"


def fit_path(folder: Path) -> Path:
    """Return the path of the scores of a fitted calibration."""
    return folder / "calibration-scores.json"


def step_lines(
    steps: Sequence[Step], tasks: Sequence[Task], *, seed: int
) -> list[ScoreLine]:
    """Return the scores of each step of a calibration, in sample and out of sample."""
    return [
        score_line(f"{step.name}, {where}", statistics, tasks, seed=seed)
        for step in steps
        for where, statistics in (
            ("in sample", step.in_sample),
            ("out of sample", step.out_of_sample),
        )
    ]


def save_calibration(calibration: Calibration, path: Path) -> None:
    """Write a calibration."""
    write_record(_CALIBRATION, calibration, path)


def load_calibration(folder: Path) -> Calibration:
    """Return the calibration of a run or an ensemble; the identity if there is none.

    Raises:
        UsageError: If the file is damaged.
    """
    path = calibration_path(folder)
    if not path.exists():
        return Calibration()
    return read_record(_CALIBRATION, path, "calibration")


def score_lines(
    outputs: Sequence[SequenceOutputs],
    sequences: Sequence[FrameSequence],
    calibration: Calibration | None,
    *,
    spaces: LabelSpaces,
    seed: int,
) -> list[ScoreLine]:
    """Return the scores of outputs before and after calibration, if there is one."""
    calibrations = {"raw": Calibration()}
    if calibration is not None:
        calibrations["calibrated"] = calibration
    tasks = tuple(outputs[0].probs)
    return [
        score_line(
            name, video_statistics(sequences, outputs, applied, spaces), tasks, seed=seed
        )
        for name, applied in calibrations.items()
    ]
