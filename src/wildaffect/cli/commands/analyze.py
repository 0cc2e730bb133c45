"""Read faces in videos, images, folders or cameras; write a table of each.

Example: wildaffect analyze clip.mp4 -o results --overlay
"""

import os
from dataclasses import dataclass
from typing import Annotated, Literal

from wildaffect.cli.parser.marks import Positional
from wildaffect.core.threads import AnalysisThreads


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `analyze`."""

    inputs: Annotated[tuple[str, ...], Positional("INPUT")]
    """Videos, images, folders of them, camera numbers, rtsp:// or http:// addresses, or
    lists of videos: .csv with a column path, and if wanted id, start, stop, every,
    neutral. s3://, gs://, hf://, sftp:// ... for remote files (extra `remote`)."""
    output: str = "wildaffect-results"
    """Folder for the results, or the table's name for a single input; - for JSON Lines on
    standard output; s3://, gs://, sftp:// ... for a remote folder (extra `remote`)."""
    format: Literal["csv", "parquet", "jsonl", "dataset"] = "csv"
    """Format of the tables when the output is a folder. dataset: Parquet files that DuckDB,
    Arrow, pandas and R read at once, video=NAME/NAME.parquet."""
    overlay: bool = False
    """Also write the video or picture with the predictions drawn on it."""
    blur_faces: bool = False
    """Blur faces in the overlay (implies --overlay)."""
    model: str = "default"
    """Name of a model that `wildaffect models list` prints, or folder or zip of one."""
    neutral: str = "auto"
    """Neutral face to measure changes against: a picture or video of the person (applied to
    everyone in the input), START-END for a range in seconds in which everyone is neutral,
    none for the population's average face at rest, or auto to estimate each person's own
    from calm moments."""
    start: float | None = None
    """First second to read."""
    stop: float | None = None
    """Second to stop at, exclusive; ends a camera or stream."""
    every: int = 1
    """Read only every Nth frame; frame numbers stay those of the video."""
    images_as: Literal["stills", "sequence"] = "stills"
    """Treat the images of a folder as separate photographs, or as frames of one video."""
    fps: float = 30.0
    """Frame rate of an image sequence; videos have their own timestamps."""
    landmarks: bool = False
    """Add the 478 landmarks to the table."""
    blendshapes: bool = False
    """Add the 52 blendshape scores to the table."""
    measurements: bool = False
    """Add the measured features, raw and relative to the person's neutral face."""
    device: str = "cpu"
    """Device that runs the networks; `wildaffect doctor` lists them."""
    threads: AnalysisThreads = 1
    """Threads per network call, without effect on results; decoding uses one more. auto: as
    many as the CPUs that this process may use."""
    workers: int = 1
    """Number of inputs to analyze in parallel, each in a process with its own networks and
    threads. The result does not depend on it."""
    engine: Literal["local", "ray"] = "local"
    """Run workers on this machine, or on a Ray cluster whose machines share the inputs and
    the output (needs the extra `cluster`)."""
    address: str = "local"
    """Address of the Ray cluster: auto for the cluster of this machine, or host:port;
    local starts Ray on this machine for the duration of the command."""
    shard: str | None = None
    """Analyze one of N equal parts of the inputs: I/N with I from 1 to N, as in
    $SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT of an array that starts at 1."""
    resume: bool = False
    """Skip inputs that already have complete results made with the same options."""
    json: bool = False
    """Print the report as JSON on standard output."""
    quiet: bool = False
    """Print neither progress nor the table."""


def prepare_process() -> None:
    """Set up a process that does nothing else."""
    from wildaffect.core.arrow import leave_pandas_out

    leave_pandas_out()


def run(command: Command) -> int:
    """Analyze every input; return 1 if any of them failed or ended early."""
    from wildaffect.faces.preload import preload_networks

    is_here = command.workers == 1 and command.engine == "local"
    if is_here and os.path.exists(command.inputs[0]):  # noqa: PTH110 - never raises
        preload_networks(command.device, command.threads)

    from wildaffect.analysis.terminal import Terminal
    from wildaffect.engines.choose import cluster_of
    from wildaffect.workflows.analyze_files import analyze_files

    files = analyze_files(
        command.inputs,
        command.output,
        format=command.format,
        model=command.model,
        neutral=command.neutral,
        start_s=command.start,
        stop_s=command.stop,
        every=command.every,
        images_as=command.images_as,
        fps=command.fps,
        overlay=command.overlay,
        blur_faces=command.blur_faces,
        landmarks=command.landmarks,
        blendshapes=command.blendshapes,
        measurements=command.measurements,
        resume=command.resume,
        device=command.device,
        num_threads=command.threads,
        num_workers=command.workers,
        cluster=cluster_of(command.engine, command.address),
        shard=command.shard,
    )
    terminal = Terminal(
        jobs=files.jobs,
        quiet=command.quiet,
        as_json=command.json,
        skipped=files.skipped,
        to_stderr=command.output == "-",
    )
    try:
        with terminal.progress:
            for report in files.run(terminal.on_frame):
                terminal.add(report)
    except KeyboardInterrupt:
        terminal.name_unfinished()
        raise
    terminal.close()
    return 1 if terminal.has_errors else 0
