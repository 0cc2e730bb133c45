"""Analyze many sources and write a table of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wildaffect.analysis.folder import STANDARD_OUTPUT, run_jobs
from wildaffect.analysis.inputs import NeutralChoices, plan_inputs
from wildaffect.analysis.job import FileJob, FileReport, is_live
from wildaffect.analysis.neutral import AUTO
from wildaffect.analysis.options import (
    ColumnOptions,
    OverlayOptions,
    ReadOptions,
    load_model,
)
from wildaffect.analysis.plan import AnalysisPlan
from wildaffect.core.errors import UsageError
from wildaffect.core.frames import VideoInfo
from wildaffect.core.printable import counted
from wildaffect.core.shards import Shard
from wildaffect.engines.choose import choose_engine
from wildaffect.engines.engine import Engine, OnFrame
from wildaffect.engines.processes import check_num_workers
from wildaffect.inference.analyzer import AnalysisOptions
from wildaffect.inference.artifact import DEFAULT, Artifact
from wildaffect.outputs.partition import DATASET
from wildaffect.runtime.network import Device
from wildaffect.storage.addresses import RemoteParts, is_remote
from wildaffect.video.expand import Skipped


def no_frame(_job: FileJob, _info: VideoInfo, _num_frames: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FilesAnalysis:
    """Sources to analyze; iterating analyzes them, and yields a report of each."""

    jobs: tuple[FileJob, ...]
    engine: Engine[FileJob, FileReport | None]
    failed: tuple[FileReport, ...]
    """Folders that cannot be listed or are empty, and broken links."""
    skipped: tuple[Skipped, ...]
    """Files found in folders that are neither videos nor images."""

    def run(self, on_frame: OnFrame[FileJob] = no_frame) -> Iterator[FileReport]:
        """Yield a report per source as it ends; a failure is a report with its error."""
        yield from self.failed
        yield from run_jobs(self.jobs, self.engine, on_frame)

    def __iter__(self) -> Iterator[FileReport]:
        return self.run()

    def __repr__(self) -> str:
        return (
            f"FilesAnalysis({counted(len(self.jobs), 'source')}, "
            f"{len(self.failed)} failed, {len(self.skipped)} skipped)"
        )


def analyze_files(  # noqa: PLR0913 - each is an option of the command
    inputs: str | Path | int | Sequence[str | Path | int],
    output: str | Path = "wildaffect-results",
    *,
    format: Literal["csv", "parquet", "jsonl", "dataset"] = "csv",  # noqa: A002 - as its flag
    model: str | Path | Artifact = DEFAULT,
    neutral: str | Path = AUTO,
    start_s: float | None = None,
    stop_s: float | None = None,
    every: int = 1,
    images_as: Literal["stills", "sequence"] = "stills",
    fps: float = 30.0,
    overlay: bool = False,
    blur_faces: bool = False,
    landmarks: bool = False,
    blendshapes: bool = False,
    measurements: bool = False,
    resume: bool = False,
    device: str = "cpu",
    num_threads: int = 1,
    num_workers: int = 1,
    cluster: str | None = None,
    shard: str | None = None,
) -> FilesAnalysis:
    """Analyze videos, images and folders, and write a table of each.

    Finds the sources and loads the model; the analysis runs as its reports are iterated:
    `for report in analyze_files("videos", "results")`.

    Args:
        inputs: Videos, images, folders of them, camera numbers, addresses, or lists of
            videos (`.csv`, see docs/cluster.md).
        output: Folder of the tables, or the name of the table of a single source; `-` for
            JSON Lines on standard output; address of a folder in remote storage.
        format: Format of the tables if the output is a folder; `dataset` for Parquet files
            that other programs read at once, `video=NAME/NAME.parquet`.
        model: Name, path or artifact.
        neutral: Neutral face, see `analyze`.
        start_s: First time to read, inclusive.
        stop_s: Time to stop at, exclusive; ends a camera or stream.
        every: Read every Nth frame.
        images_as: Content of an image folder: photographs, or frames of one video.
        fps: Rate of an image sequence.
        overlay: Also write videos and pictures with the predictions drawn on them.
        blur_faces: Blur the faces of overlays, which it implies.
        landmarks: Add the landmarks to the tables.
        blendshapes: Add the blendshape scores to the tables.
        measurements: Add the measured features to the tables.
        resume: Skip sources that already have a complete result of the same options.
        device: Name of the device that runs the networks.
        num_threads: Threads per network call.
        num_workers: Number of sources in parallel, each in a process.
        cluster: Address of a Ray cluster whose machines share inputs and output, `local` to
            start Ray on this machine; None to run without Ray.
        shard: Part of the sources, as `I/N` with I from 1 to N; all by default.

    Raises:
        UsageError: If an option is out of range, or several sources would share a table.
        UnreadableVideo: If there are no inputs, or the only one does not exist.
        OutputError: If the folder cannot be written.
        BadArtifact: If there is no such model.
        MissingExtra: If Ray is used and not installed.
    """
    if str(output) == STANDARD_OUTPUT:
        _check_lines(
            overlay=overlay or blur_faces,
            format=format not in {"csv", "jsonl"},
            resume=resume,
            workers=num_workers > 1 or cluster is not None,
        )
    paths = [inputs] if isinstance(inputs, str | Path | int) else inputs
    read = ReadOptions(
        start_s=start_s, stop_s=stop_s, every=every, images=images_as, fps=fps
    )
    suffix = DATASET if format == DATASET else f".{format}"
    found = plan_inputs(paths, output, suffix, read)
    options = AnalysisOptions(
        device=Device(name=device, threads=num_threads),
        live=any(is_live(named.source) for named in found.named),
        keep_features=measurements,
    )
    plan = AnalysisPlan(
        artifact=load_model(model, options),
        options=options,
        is_only_job=len(found.named) == 1,
    )
    part = Shard.parse(shard)
    planned, failed = part.of(found.named), part.of(found.failed)
    check_num_workers(num_workers)
    num_workers = max(min(num_workers, len(planned)), 1)
    worker = plan.worker() if num_workers == 1 and cluster is None else None
    neutrals = NeutralChoices(
        plan.artifact.manifest, lambda: (worker or plan.worker()).analyzer
    )
    jobs = [
        FileJob(
            source=named.source,
            label=named.name,
            results=named.results,
            read=found.read(named, read),
            columns=ColumnOptions(
                landmarks=landmarks, blendshapes=blendshapes, features=measurements
            ),
            overlay=OverlayOptions(blur_faces=blur_faces)
            if overlay or blur_faces
            else None,
            neutral=neutrals.of(found.neutral(named, neutral)),
            resume=resume,
            remote=_remote(named.address, output),
        )
        for named in planned
    ]
    return FilesAnalysis(
        jobs=tuple(jobs),
        engine=choose_engine(plan, num_workers, cluster, here=worker),
        failed=tuple(FileReport(source=error.source, error=str(error)) for error in failed),
        skipped=found.skipped,
    )


def _remote(address: str | None, output: str | Path) -> RemoteParts | None:
    folder = str(output) if is_remote(output) else None
    return RemoteParts(source=address, output=folder) if address or folder else None


def _check_lines(**given: bool) -> None:
    """Refuse options that standard output has no place for."""
    for name, is_given in given.items():
        if is_given:
            raise UsageError(
                f"{name}: must not be used where rows go to standard output (-); choose a "
                "folder as output"
            )
