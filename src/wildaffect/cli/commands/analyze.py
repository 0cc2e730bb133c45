"""Read faces in videos, images, folders or cameras; write a table of each.

Example: wildaffect analyze clip.mp4 -o results --overlay
"""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from wildaffect.cli.parser.marks import Positional
from wildaffect.core.threads import AnalysisThreads


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Options of `analyze`."""

    inputs: Annotated[tuple[str, ...], Positional("INPUT")]
    """Videos, images, folders of them, camera numbers, rtsp:// or http:// addresses."""
    output: Path = Path("wildaffect-results")
    """Folder for the results, or the table's name for a single input."""
    format: Literal["csv", "parquet", "jsonl"] = "csv"
    """Format of the tables when the output is a folder."""
    overlay: bool = False
    """Also write the video or picture with the predictions drawn on it."""
    blur_faces: bool = False
    """Blur faces in the overlay (implies --overlay)."""
    model: str = "default"
    """Name of an embedded artifact, or folder or zip of an artifact."""
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
    resume: bool = False
    """Skip inputs that already have complete results made with the same options."""
    json: bool = False
    """Print the report as JSON on standard output."""
    quiet: bool = False
    """Print neither progress nor the table."""


def run(command: Command) -> int:
    """Analyze every input; return 1 if any of them failed or ended early."""
    from wildaffect.analysis.folder import plan_results, run_jobs
    from wildaffect.analysis.job import FileJob, FileReport, is_live
    from wildaffect.analysis.neutral import choose_neutral
    from wildaffect.analysis.options import ColumnOptions, ReadOptions, build_analyzer
    from wildaffect.analysis.overlays import OverlayOptions
    from wildaffect.analysis.terminal import Terminal
    from wildaffect.runtime.network import Device
    from wildaffect.video.expand import expand_inputs
    from wildaffect.video.picture import DamagedVideoWarning

    warnings.simplefilter("ignore", DamagedVideoWarning)  # reports say it in one line
    inputs = expand_inputs(
        command.inputs, images=command.images_as, leave_out=command.output
    )
    wants_overlay = command.overlay or command.blur_faces
    planned = plan_results(inputs.sources, command.output, f".{command.format}")
    analyzer = build_analyzer(
        command.model,
        device=Device(name=command.device, threads=command.threads),
        live=any(is_live(source) for source, _ in planned),
        keep_features=command.measurements,
    )
    neutral = choose_neutral(command.neutral, analyzer)
    jobs = [
        FileJob(
            source=source,
            results=results,
            read=ReadOptions(
                start_s=command.start,
                stop_s=command.stop,
                every=command.every,
                images=command.images_as,
                fps=command.fps,
            ),
            columns=ColumnOptions(
                landmarks=command.landmarks,
                blendshapes=command.blendshapes,
                features=command.measurements,
            ),
            overlay=OverlayOptions(blur_faces=command.blur_faces)
            if wants_overlay
            else None,
            neutral=neutral,
            resume=command.resume,
        )
        for source, results in planned
    ]
    terminal = Terminal(
        num_jobs=len(jobs),
        quiet=command.quiet,
        as_json=command.json,
        skipped=inputs.skipped,
    )
    with terminal.progress:
        for error in inputs.failed:
            terminal.add(FileReport(source=error.source, error=str(error)))
        for report in run_jobs(jobs, analyzer, terminal.on_frame_of):
            terminal.add(report)
    terminal.close()
    return 1 if terminal.has_errors else 0
