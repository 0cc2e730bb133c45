"""Predict videos with a run or an ensemble, and write a result table for each."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wildaffect.calibration.answering import fill_frames
from wildaffect.core.errors import UsageError
from wildaffect.core.files import make_folder
from wildaffect.core.hashes import file_sha256
from wildaffect.core.printable import counted
from wildaffect.core.sequences import FrameSequence
from wildaffect.features.store import EntryName, FeatureStore
from wildaffect.inference.calibration import Calibration, apply_calibration
from wildaffect.outputs.columns import result_schema
from wildaffect.outputs.resume import is_finished
from wildaffect.outputs.sidecar import AS_ANNOTATED, Provenance
from wildaffect.outputs.video_tables import video_table_path, write_video_table
from wildaffect.training.core.distributed import use_threads
from wildaffect.training.temporal.ensembles import Ensemble, load_ensemble
from wildaffect.training.temporal.frame_requests import (
    FirstFrame,
    FrameRequest,
    request_list,
    request_split,
    request_store,
    sequences_of,
)
from wildaffect.training.temporal.load import absent_sets
from wildaffect.training.temporal.predict_ensemble import distinct_inputs, predict_ensemble
from wildaffect.training.temporal.same_features import check_trained_features
from wildaffect.training.temporal.sequence_inputs import feature_sets


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PredictResult:
    """Tables of predictions, one per video."""

    folder: Path
    num_written: int
    num_kept: int
    """Complete tables of an earlier call, which are kept."""
    num_missing: int
    """Videos without features, which got no table."""
    num_borrowed: int
    """Frames without features that use another frame's values; they are `interpolated`."""
    absent_sets: tuple[str, ...] = ()
    """Feature sets that the store lacks; the tables are predicted without them."""
    num_trained: int = 0
    """Videos that trained the model; scores on them are optimistically biased."""

    def __repr__(self) -> str:
        return (
            f"PredictResult({self.folder}: {counted(self.num_written, 'table')} written, "
            f"{self.num_kept} kept, {counted(self.num_missing, 'video')} without features"
            f"{''.join(f', without {name}' for name in self.absent_sets)})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """Model, frames to predict, and output folder."""

    output: Path
    store: FeatureStore
    data: Path | None
    split: str | None
    layout: str | None
    test_list: Path | None
    first_frame: FirstFrame
    raw: bool


def predict(  # noqa: PLR0913 - each is an option of the command
    source: str | Path,
    output: str | Path,
    *,
    data: str | Path | None = None,
    split: str | None = None,
    layout: str | None = None,
    test_list: str | Path | None = None,
    features: str | Path | None = None,
    first_frame: FirstFrame = 1,
    raw: bool = False,
    num_threads: int = 1,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> PredictResult:
    """Write a table of predictions for each video; complete tables are kept.

    Args:
        source: Folder of a finished run or of an ensemble.
        output: Folder of the tables.
        data: Folder of annotations whose frames to predict; labels are not needed.
        split: Split of the annotations, if there are several.
        layout: Layout of the annotations, if there are several.
        test_list: Official list whose frames to predict, instead of `data`.
        features: Feature store; `features` in the data's folder by default. Without `data`
            and `test_list`, every row of every video in the store is predicted.
        first_frame: Number of the first frame in image folders, if an entire store is
            predicted.
        raw: Leave out the calibration.
        num_threads: CPU threads for tensor operations.
        on_progress: Called with the number of videos done and their total, if known.

    Raises:
        UsageError: If the source is no finished run and no ensemble, or a split must be
            named.
        FeatureError: If the store lacks what the source reads, or has it of other weights.
        OutputError: If a table cannot be written.
    """
    if data is not None and test_list is not None:
        raise UsageError("predict: give either data or a list of frames, not both")
    if data is None and features is None:
        raise UsageError("predict: no frames given; name data or a store of features")
    if data is None and (split or layout):
        raise UsageError("predict: split and layout are only valid with data")
    use_threads(num_threads)
    ensemble = load_ensemble(Path(source))
    job = _Job(
        output=Path(output),
        store=FeatureStore(Path(features or Path(data or "") / "features")),
        data=Path(data) if data is not None else None,
        split=split,
        layout=layout,
        test_list=Path(test_list) if test_list is not None else None,
        first_frame=first_frame,
        raw=raw,
    )
    absent = [absent_sets(job.store, reader) for reader in distinct_inputs(ensemble)]
    check_trained_features(job.store, (each.trained for each in ensemble.members))
    trained = _trained_videos(ensemble)
    make_folder(job.output)
    writer = _Writer(job, ensemble)
    num_done = num_missing = num_trained = 0
    for request, num_videos in _requests(job, ensemble):
        found = 0
        for sequences in sequences_of(request, job.store, distinct_inputs(ensemble)):
            writer.write(request, sequences)
            found += 1
            num_done += 1
            num_trained += sequences[0].video in trained
            if on_progress is not None:
                on_progress(num_done, num_videos)
        num_missing += len(request.annotations.videos) - found
    return PredictResult(
        folder=job.output,
        num_written=writer.num_written,
        num_kept=writer.num_kept,
        num_missing=num_missing,
        num_borrowed=writer.num_borrowed,
        absent_sets=tuple(dict.fromkeys(name for sets in absent for name in sets)),
        num_trained=num_trained,
    )


def _trained_videos(ensemble: Ensemble) -> set[str]:
    """Return the videos that a member was trained on or selected by."""
    data = [member.trained.data for member in ensemble.members]
    return {
        video
        for each in data
        for video in (*each.train_videos, *each.dev_videos, *each.unlabeled_videos)
    }


class _Writer:
    """Writes missing tables and counts the outcome of each video."""

    def __init__(self, job: _Job, ensemble: Ensemble) -> None:
        self.num_written = self.num_kept = self.num_borrowed = 0
        self._ensemble = ensemble
        self._folder = job.output
        self._store = job.store
        self._calibration = Calibration() if job.raw else ensemble.calibration
        self._artifact = _describe(ensemble)
        readers = distinct_inputs(ensemble)
        self._sets = {name for each in readers for name in feature_sets(each.recipe.inputs)}

    def write(self, request: FrameRequest, sequences: tuple[FrameSequence, ...]) -> None:
        """Write the table of a video, unless a complete table exists."""
        first = sequences[0]
        path = video_table_path(self._folder, first.video)
        provenance = self._provenance(first, request)
        if is_finished(path, provenance):
            self.num_kept += 1
            return
        predicted = predict_ensemble(self._ensemble, sequences)
        calibrated = apply_calibration(predicted, self._calibration)
        is_borrowed = ~first.has_feature
        write_video_table(
            fill_frames(calibrated, first.frame_number, first.time_s),
            path,
            schema=result_schema(self._ensemble.spaces),
            provenance=provenance,
            first_frame=request.first_frame or 0,
            is_borrowed=is_borrowed,
        )
        self.num_written += 1
        self.num_borrowed += int(is_borrowed.sum())

    def _provenance(self, sequence: FrameSequence, request: FrameRequest) -> Provenance:
        """Return the provenance of a table; any change causes it to be written again."""
        named = {} if request.first_frame is not None else {"frames": AS_ANNOTATED}
        video, numbers = sequence.video, sequence.frame_number
        keys = [
            self._store.key_of(EntryName(name, video, track))
            for name in sorted(self._sets)
            for track in self._store.tracks(name, video)
        ]
        frames = hashlib.sha256(numbers.tobytes()).hexdigest()
        return Provenance(
            source={"name": video, "features": keys, "frames_sha256": frames, **named},
            artifact=self._artifact,
            options={"calibration": asdict(self._calibration)},
        )


def _describe(ensemble: Ensemble) -> dict[str, Any]:
    """Return what makes the predictions, for sidecars."""
    members = [
        {
            "run": member.trained.run.folder.name,
            "weights_sha256": file_sha256(member.trained.run.weights),
            "weight": member.weight,
            "rescaled": {
                str(task): asdict(rescaling) for task, rescaling in member.rescaled.items()
            },
        }
        for member in ensemble.members
    ]
    return {"name": ensemble.folder.name, "members": members}


def _requests(job: _Job, ensemble: Ensemble) -> Iterator[tuple[FrameRequest, int | None]]:
    """Yield the requested frames, with the number of videos if it is known."""
    if job.test_list is not None:
        request = request_list(job.test_list)
        yield request, len(request.annotations.videos)
    elif job.data is not None:
        request = request_split(job.data, job.split, job.layout)
        yield request, len(request.annotations.videos)
    else:
        for rescaling in request_store(
            job.store, distinct_inputs(ensemble), job.first_frame
        ):
            yield rescaling, None
