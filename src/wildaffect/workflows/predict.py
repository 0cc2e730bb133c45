"""The predict command: video by video to tables; whole tables of before are left alone."""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from wildaffect.core.console import Console
from wildaffect.core.sequences import FrameSequence
from wildaffect.features.store import EntryName, FeatureStore
from wildaffect.inference.answering import fill_frames
from wildaffect.inference.calibration import Calibration, apply_calibration
from wildaffect.inference.sequence_inputs import feature_sets
from wildaffect.outputs.columns import result_schema
from wildaffect.outputs.resume import is_finished
from wildaffect.outputs.sidecar import Provenance
from wildaffect.outputs.video_tables import (
    make_folder,
    video_table_path,
    write_video_table,
)
from wildaffect.training.ensembles import Ensemble, load_ensemble, weights_sha256
from wildaffect.training.frame_requests import (
    FirstFrame,
    FrameRequest,
    request_list,
    request_split,
    request_store,
    sequences_of,
)
from wildaffect.training.load import fullest_layout
from wildaffect.training.predict_ensemble import distinct_inputs, predict_ensemble


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is predicted by what, and where it goes."""

    source: Path
    """Run or ensemble."""
    output: Path
    """Folder of tables."""
    data: Path | None = None
    split: str | None = None
    layout: str | None = None
    listed: Path | None = None
    """Official list; with `data` None too, the whole store is predicted."""
    features: Path | None = None
    """Store; that in the data's folder if None."""
    named_from: FirstFrame = 1
    """Number of the first frame in folders of named images, for whole stores."""
    is_raw: bool = False
    threads: int = 1


def predict(job: Job) -> int:
    """Write a table for each video and print where they lie.

    Raises:
        UsageError: If the source is no finished run and no ensemble, or a split must be
            named.
        FeatureError: If the store lacks what the source reads.
        OutputError: If a table cannot be written.
    """
    torch.set_num_threads(job.threads)
    ensemble = load_ensemble(job.source)
    make_folder(job.output)
    writer = _Writer(job, ensemble)
    with _bar() as bar:
        task = bar.add_task("videos", total=None)
        for request, num_videos in _requests(job, ensemble):
            bar.update(task, total=num_videos)
            found = 0
            for sequences in sequences_of(request, _store(job), distinct_inputs(ensemble)):
                writer.write(request, sequences)
                bar.advance(task)
                found += 1
            writer.num_missing += len(request.annotations.videos) - found
    _tell(job, writer)
    return 0


class _Writer:
    """Writes tables that are not there yet, and counts what became of videos."""

    def __init__(self, job: Job, ensemble: Ensemble) -> None:
        self.num_written = self.num_kept = self.num_missing = self.num_borrowed = 0
        self._ensemble = ensemble
        self._folder = job.output
        self._store = _store(job)
        self._calibration = Calibration() if job.is_raw else ensemble.calibration
        self._artifact = _describe(ensemble)
        recipes = distinct_inputs(ensemble)
        self._sets = {name for recipe in recipes for name in feature_sets(recipe.inputs)}

    def write(self, request: FrameRequest, sequences: tuple[FrameSequence, ...]) -> None:
        """Write the table of a video, unless it stands there whole."""
        first = sequences[0]
        path = video_table_path(self._folder, first.video)
        provenance = self._provenance(first)
        if is_finished(path, provenance):
            self.num_kept += 1
            return
        said = predict_ensemble(self._ensemble, sequences)
        calibrated = apply_calibration(said, self._calibration)
        is_borrowed = ~first.has_feature
        write_video_table(
            fill_frames(calibrated, first.frame_number, first.time_s),
            path,
            schema=result_schema(self._ensemble.spaces),
            provenance=provenance,
            first_frame=request.first_frame,
            is_borrowed=is_borrowed,
        )
        self.num_written += 1
        self.num_borrowed += int(is_borrowed.sum())

    def _provenance(self, sequence: FrameSequence) -> Provenance:
        """Return what a table is made from; another of any makes it anew."""
        video, numbers = sequence.video, sequence.frame_number
        keys = [
            self._store.key_of(EntryName(name, video, track))
            for name in sorted(self._sets)
            for track in self._store.tracks(name, video)
        ]
        frames = hashlib.sha256(numbers.tobytes()).hexdigest()
        return Provenance(
            source={"name": video, "features": keys, "frames_sha256": frames},
            artifact=self._artifact,
            options={"calibration": asdict(self._calibration)},
        )


def _describe(ensemble: Ensemble) -> dict[str, Any]:
    """Return what makes the predictions, for sidecars."""
    members = [
        {
            "run": member.trained.run.folder.name,
            "weights_sha256": weights_sha256(member.trained.run),
            "weight": member.weight,
            "rescaled": {str(task): asdict(one) for task, one in member.rescaled.items()},
        }
        for member in ensemble.members
    ]
    return {"name": ensemble.folder.name, "members": members}


def _store(job: Job) -> FeatureStore:
    return FeatureStore(job.features or (job.data or Path()) / "features")


def _requests(job: Job, ensemble: Ensemble) -> Iterator[tuple[FrameRequest, int | None]]:
    """Yield the requested frames, with the number of videos if it is known."""
    if job.listed is not None:
        request = request_list(job.listed)
        yield request, len(request.annotations.videos)
    elif job.data is not None:
        request = request_split(job.data, job.split, job.layout)
        yield request, len(request.annotations.videos)
    else:
        for one in request_store(_store(job), distinct_inputs(ensemble), job.named_from):
            yield one, None


def _bar() -> Progress:
    console = Console(stderr=True, soft_wrap=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _tell(job: Job, writer: _Writer) -> None:
    console = Console(highlight=False, soft_wrap=True)
    if writer.num_missing:
        told = f"note: {writer.num_missing} videos have no features and got no table"
        console.print(told)
    if writer.num_borrowed:
        console.print(
            f"note: {writer.num_borrowed:,} frames without features took another frame's "
            "values; their status is interpolated"
        )
    kept = f", {writer.num_kept} left as they were" if writer.num_kept else ""
    told = f"{job.output}: {writer.num_written} tables written{kept}"
    console.print(told, markup=False)
    if job.data is not None:
        layout = job.layout or (fullest_layout(job.data) if job.data.is_dir() else None)
        flags = {"--split": job.split, "--format": layout}
        words = [f" {flag} {value}" for flag, value in flags.items() if value]
        console.print(
            f"score them: wildaffect evaluate {job.output} --annotations {job.data}"
            f"{''.join(words)}",
            markup=False,
        )
